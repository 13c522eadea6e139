"""`talon-async demo`: shows calls of the client against the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async.cli import _values

if TYPE_CHECKING:
    import argparse

MOST = 10_000_000
HELP: str = "show a day in a shop, as calls against the sandbox"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to a parser."""
    parser.add_argument(
        "--events", type=_values.whole(0, MOST), default=10_000, help="how many events to send (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the demo. The exit code is 0 if every event was recorded once."""
    from talon_async.cli import _day
    from talon_async.cli._output import forgiving

    with forgiving("stdout"):
        return _day.show(arguments.events)
