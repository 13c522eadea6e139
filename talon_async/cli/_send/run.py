"""Runs `talon-async send`: checks the command, then sends or checks one input after the other, and sums up.

Exit codes: 0 all sent, 1 some failed, 2 the command or the input is wrong, 3 stopped before the end.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import attrs

from talon_async.cli._send.calls import Calls
from talon_async.cli._send.files import STANDARD_INPUT, Input
from talon_async.cli._send.one import ALL, BAD_USE, OneInput, complain
from talon_async.cli._send.problems import InputError, UsageError
from talon_async.cli._send.sending import Interrupt, SendingClient, handled
from talon_async.config import Limits, Settings
from talon_async.errors import ConfigurationError, InvalidArgumentError

if TYPE_CHECKING:
    from talon_async.cli._send.one import SendOptions


def main(options: SendOptions) -> int:
    """Run the command and return its exit code."""
    try:
        if options.check:
            return check(options)
        return asyncio.run(send(options))
    except (UsageError, InputError, ConfigurationError, InvalidArgumentError) as problem:
        complain(str(problem))
        return BAD_USE


def opened(path: str, options: SendOptions) -> Input:
    """Open one input."""
    return Input(path, format_=options.format, encoding=options.encoding, delimiter=options.delimiter)


# -- --check


def check(options: SendOptions) -> int:
    """Read everything, and list what is wrong."""
    talon = SendingClient("https://check.invalid", "check")  # it makes the calls and sends none
    worst = ALL
    for path in options.paths:
        try:
            with opened(path, options) as file:
                problems = _check_one(Calls(talon, file, options.calls))
            print(f"{file.name}: {file.taken:,} rows, {problems or 'no'} {'problem' if problems == 1 else 'problems'}")
        except (UsageError, InputError) as problem:
            print(problem)
            problems = 1
        worst = BAD_USE if problems else worst
    return worst


def _check_one(calls: Calls) -> int:
    count = 0
    for call in calls:
        if isinstance(call, InputError):
            print(call)
            count += 1
    return count


# -- sending


async def send(options: SendOptions) -> int:
    """Send one input after the other, and return the exit code."""
    for path in options.paths:
        if path != STANDARD_INPUT:
            opened(path, options).close()  # a mistyped second name is told before the first is sent
    interrupt, worst = Interrupt(), ALL
    async with client(options) as talon:
        with handled(interrupt):
            for path in options.paths:
                with opened(path, options) as file:
                    code = await OneInput(talon, file, path, options).send(interrupt)
                worst = max(worst, code)
                if code >= BAD_USE:
                    break
    return worst


def client(options: SendOptions) -> SendingClient:
    """Return the client that the environment describes, on the direct transport where that is possible."""
    settings = Settings.from_env()
    merged: dict[str, Any] = dict(settings.options)
    width = options.bulk.get("concurrency")
    limits = merged.get("limits", Limits())
    if isinstance(width, int) and width > limits.connections:
        merged["limits"] = attrs.evolve(limits, connections=width)
    if "transport" not in merged and "proxy" not in merged:
        with contextlib.suppress(ConfigurationError):  # where it cannot be, aiohttp's session serves
            return SendingClient(settings.base_url, settings.auth, **merged, transport="direct")
    return SendingClient(settings.base_url, settings.auth, **merged)
