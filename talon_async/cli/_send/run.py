"""Runs `talon-async send`: checks the command, then sends or checks one input after the other, and sums up.

Exit codes: 0 all sent, 1 some failed, 2 the command or the input is wrong, 3 stopped before the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any

import attrs

from talon_async.bulk import Journal
from talon_async.bulk.journal.beside import problem_of_kind, refuse_foreign
from talon_async.bulk.sources import Caught
from talon_async.cli._paths import problem_of_failed, refuse_clashes
from talon_async.cli._send.calls import Calls
from talon_async.cli._send.files import Input, check_readable, is_stream
from talon_async.cli._send.one import ALL, BAD_USE, STOPPED, OneInput, complain
from talon_async.cli._send.problems import InputError, UsageError, plain
from talon_async.cli._send.sending import Interrupt, SendingClient, handled
from talon_async.config import Limits, Settings
from talon_async.errors import ConfigurationError, InvalidArgumentError, JournalError

if TYPE_CHECKING:
    from pathlib import Path

    from talon_async.cli._send.one import SendOptions


def main(options: SendOptions) -> int:
    """Run the command and return its exit code."""
    try:
        refuse_clashes(options.paths, map(options.places, options.paths))
        if options.check:
            return check(options)
        refuse_places(options)
        return asyncio.run(send(options))
    except (UsageError, InputError, ConfigurationError, InvalidArgumentError) as problem:
        complain(str(problem))
        return BAD_USE


def refuse_places(options: SendOptions) -> None:
    """Raise UsageError if the path of a journal or of a file for failed calls cannot be used."""
    for path in options.paths:
        journal, failed = options.places(path)
        if journal is not None:
            refuse_journal(journal)
        if failed is not None and (problem := problem_of_failed(failed)) is not None:
            raise UsageError(f"{failed} {problem}: name another file with --failed")


def refuse_journal(path: Path) -> None:
    """Raise UsageError if the path holds anything but a journal, or a file beside it does not belong to the journal."""
    if (problem := problem_of_kind(path)) is not None:
        raise UsageError(f"the journal {path} {problem}: name another with --journal")
    try:
        refuse_foreign(path)
        if path.exists() and path.stat().st_size:
            Journal(path).count()
    except JournalError as error:
        raise UsageError(str(error)) from None


def opened(path: str, options: SendOptions) -> Input:
    """Open one input."""
    return Input(path, format_=options.format, encoding=options.encoding, delimiter=options.delimiter)


# -- --check


def check(options: SendOptions) -> int:
    """Check all rows, print the problems, and return the exit code."""
    talon = SendingClient("https://check.invalid", "check")  # it prepares calls and sends none
    worst = ALL
    for path in options.paths:
        try:
            with opened(path, options) as file:
                problems = _check_one(Calls(talon, file, options.calls))
            print(f"{file.name}: {file.taken:,} rows, {problems or 'no'} {'problem' if problems == 1 else 'problems'}")
        except (UsageError, InputError) as problem:
            print(plain(str(problem)))
            problems = 1
        worst = BAD_USE if problems else worst
    return worst


def _check_one(calls: Calls) -> int:
    count = 0
    for call in calls:
        if isinstance(call, InputError):
            print(plain(str(call)))
            count += 1
    return count


# -- sending


async def send(options: SendOptions) -> int:
    """Send one input after the other, and return the exit code."""
    for path in options.paths:
        # report a mistyped second name before the first file is sent
        if is_stream(path):
            check_readable(path)
        else:
            opened(path, options).close()
    interrupt, worst = Interrupt(), ALL
    async with client(options) as talon:
        with handled(interrupt):
            for path in options.paths:
                file = await _opened_in_time(path, options, interrupt)
                if file is None:
                    return STOPPED
                with file:
                    code = await OneInput(talon, file, path, options).send(interrupt)
                worst = max(worst, code)
                if code >= BAD_USE:
                    break
    return worst


async def _opened_in_time(path: str, options: SendOptions, interrupt: Interrupt) -> Input | None:
    """Open one input; return None after Ctrl-C. A stream is opened in a thread, because opening it may block."""
    if not is_stream(path):
        return opened(path, options)
    loop = asyncio.get_running_loop()
    waiting: asyncio.Future[Input] = loop.create_future()

    def settle(file: Input | None, problem: Exception | None) -> None:
        if waiting.done():
            return
        if file is not None:
            waiting.set_result(file)
        elif problem is not None:
            waiting.set_exception(problem)

    def work() -> None:
        file = None
        with Caught() as caught:
            file = opened(path, options)
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, file, caught.error)

    interrupt.stop = interrupt.cancel = waiting.cancel
    threading.Thread(target=work, name="talon-async send", daemon=True).start()
    try:
        return await waiting
    except asyncio.CancelledError:
        if not interrupt.happened:
            raise
        return None
    finally:
        interrupt.stop = interrupt.cancel = lambda: None


def client(options: SendOptions) -> SendingClient:
    """Make the client from environment variables, with the direct transport if possible."""
    settings = Settings.from_env()
    merged: dict[str, Any] = dict(settings.options)
    width = options.bulk.get("concurrency")
    limits = merged.get("limits", Limits())
    if isinstance(width, int) and width > limits.connections:
        merged["limits"] = attrs.evolve(limits, connections=width)
    if "transport" not in merged and "proxy" not in merged:
        with contextlib.suppress(ConfigurationError):  # otherwise aiohttp's session is used
            return SendingClient(settings.base_url, settings.auth, **merged, transport="direct")
    return SendingClient(settings.base_url, settings.auth, **merged)
