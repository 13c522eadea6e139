"""`talon-async demo`: shows what the client does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

HELP: str = "a shop's day against that stand-in"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say how much there is to show."""
    parser.add_argument("--events", type=int, default=10_000, help="how many events to send (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Show the day; the exit code is 0 if every event was recorded once."""
    from talon_async.cli import _day
    from talon_async.cli._output import forgiving

    with forgiving("stdout"):
        return _day.show(arguments.events)
