"""The `talon-async` command.

Each command is a module of this folder that implements `Command`, and one line in `COMMANDS`. A command imports other
modules inside `run`, so that `--help` stays quick.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Protocol

from talon_async._version import __version__
from talon_async.cli import demo, journal, sandbox, send
from talon_async.cli._output import forgiving, replace_missing

if TYPE_CHECKING:
    from collections.abc import Sequence


STOPPED = 130
"""The exit code of a command that Ctrl-C ended, as shells have it."""


class Command(Protocol):
    """The interface of the module of a command.

    Attributes:
        HELP: one line for `talon-async --help`.
    """

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments of the command to a parser."""
        ...

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the command and return its exit code."""
        ...


COMMANDS: dict[str, Command] = {
    "sandbox": sandbox,
    "demo": demo,
    "send": send,
    "journal": journal,
}
"""The commands by name, in the order of the help text."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command of these arguments, by default those of the process, and return its exit code."""
    replace_missing()
    with forgiving("stderr"):
        with forgiving("stdout"):
            options = _parser().parse_args(arguments)
        command: Command = options.command
        try:
            return command.run(options)
        except KeyboardInterrupt:  # before the command deals with it: while it imports what it needs
            print("talon-async: stopped", file=sys.stderr)
            return STOPPED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("talon-async", description="Tools for the Talon.One Integration API.")
    parser.add_argument("--version", action="version", version=f"talon-async {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(name, help=command.HELP)
        command.add_arguments(subparser)
        subparser.set_defaults(command=command)
    return parser
