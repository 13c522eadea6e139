"""`talon-async journal`: shows and changes the journals that `send` and the bulk methods keep."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from talon_async.cli._values import some_text, whole

if TYPE_CHECKING:
    import argparse

    from talon_async.bulk import Journal, JournaledCall

HELP: str = "list, export, requeue or erase the calls in a journal"
DONE, BAD_USE = 0, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions and their arguments to a parser."""
    actions: Any = parser.add_subparsers(required=True, metavar="ACTION")
    described = {
        "list": (_list, "list the unsettled and failed calls, without customers' data"),
        "export": (
            _export,
            "write the unsettled and failed calls as NDJSON, with customers' data; `talon-async send` reads it",
        ),
        "requeue": (_requeue, "have the next run send failed calls again"),
        "erase": (_erase, "remove all calls of one customer or session"),
    }
    for name, (action, text) in described.items():
        added = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        add = added.add_argument
        add("path", type=some_text, metavar="JOURNAL", help="the journal, such as events.csv.journal")
        added.set_defaults(action=action)
        if name in ("list", "export"):
            add("--state", choices=("unsettled", "failed"), help="only calls in this state (default: both)")
            add("--key", type=some_text, metavar="KEY", help="only calls with this ordering key, such as profile:jane")
        if name == "export":
            add("--output", type=some_text, metavar="FILE", help="a new file (default: standard output)")
        if name == "requeue":
            add("indices", nargs="*", type=whole(0), metavar="INDEX",
                help="the calls, by the number in `list` (default: all)")  # fmt: skip
            add("--unknown", action="store_true", help="also requeue calls of unknown outcome, which keep their keys")
        if name == "erase":
            add("key", type=some_text, metavar="KEY",
                help="the ordering key, such as profile:jane or session:cart-1")  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Run the action, and return the exit code: 0, or 2 if the journal cannot be used."""
    from talon_async.bulk import Journal
    from talon_async.cli._output import discard, forgiving
    from talon_async.errors import JournalError

    try:
        arguments.action(Journal(arguments.path), arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # such as a pager that was closed
        discard(sys.stdout)
    except (JournalError, OSError) as problem:
        with forgiving("stdout"):
            sys.stdout.flush()
        print(f"talon-async journal: {problem}", file=sys.stderr)
        return BAD_USE
    return DONE


def _list(journal: Journal, arguments: argparse.Namespace) -> None:
    for call in journal.list(arguments.state, ordering_key=arguments.key):
        print(_line(call))
    counts = journal.count()
    print(f"{counts.recorded:,} calls recorded, {counts.unsettled:,} unsettled, {counts.failed:,} failed")


def _line(call: JournaledCall) -> str:
    """Return a line about a call, without customers' data."""
    when = f"{call.settled or call.accepted:%Y-%m-%d %H:%M:%S}"
    failure = call.failure or {}
    parts = [str(failure[name]) for name in ("outcome", "error", "status") if failure.get(name) is not None]
    operation = "(not encoded)" if call.call is None else call.call.operation
    return f"{call.index:>10}  {call.state:<9}  {when}  {operation}  {' '.join(parts)}".rstrip()


def _export(journal: Journal, arguments: argparse.Namespace) -> None:
    if arguments.output is None:
        journal.export(sys.stdout.buffer, arguments.state, ordering_key=arguments.key)
        return
    with os.fdopen(os.open(arguments.output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        count = journal.export(file, arguments.state, ordering_key=arguments.key)
    print(f"{count:,} calls were written to {arguments.output}")


def _requeue(journal: Journal, arguments: argparse.Namespace) -> None:
    count = journal.requeue(arguments.indices or None, unknown=arguments.unknown)
    print(f"{count:,} calls will be sent again by the next run")


def _erase(journal: Journal, arguments: argparse.Namespace) -> None:
    print(f"{journal.erase(arguments.key):,} calls were removed")
