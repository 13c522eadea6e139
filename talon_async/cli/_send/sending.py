"""Sends the calls of one input: a run with its journal, shown while it goes, which Ctrl-C stops in an orderly way."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from typing import TYPE_CHECKING, Any

import attrs

from talon_async.bulk.sources import ThreadSource, as_source
from talon_async.cli._send.progress import State
from talon_async.client import TalonOne

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from talon_async.bulk import BulkOptions, PreparedCall, Report
    from talon_async.bulk.runner import Runner
    from talon_async.cli._send.files import Input
    from talon_async.cli._send.progress import Display

GRACE = 10.0
"""Seconds that calls under way have to end after Ctrl-C; a second Ctrl-C waits no longer."""


class SendingClient(TalonOne):
    """A client whose runs can be stopped in an orderly way."""

    def runner(self, calls: Iterator[PreparedCall[Any]], *, in_thread: bool, options: BulkOptions) -> Runner:
        """Return a run that has not begun. A source that may block for long is read in a thread."""
        source = ThreadSource(calls) if in_thread else as_source(calls, "calls", self._core.clock.monotonic)
        return self._run_of(source, self._sending, options)

    async def ended(self, runner: Runner) -> Report[PreparedCall[Any]]:
        """Run to the end, and return the report or raise what ended it."""
        return await self._ended(runner)


@attrs.define
class Interrupt:
    """What Ctrl-C does: the first one stops the run in an orderly way, the second at once.

    Attributes:
        happened: whether there was one.
        stop: ends the run in an orderly way.
        cancel: ends it at once.
    """

    happened: bool = False
    stop: Callable[[], object] = lambda: None
    cancel: Callable[[], object] = lambda: None

    def __call__(self) -> None:
        if self.happened:
            self.cancel()
            return
        self.happened = True
        self.stop()
        asyncio.get_running_loop().call_later(GRACE, self.cancel)


@contextlib.contextmanager
def handled(interrupt: Interrupt) -> Generator[None]:
    """Have Ctrl-C, a closed terminal and the signal that asks a process to end go to `interrupt`.

    A signal that is ignored stays so: `nohup` and shells ask for that.
    """
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        before = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(interrupt))
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
        return
    signals = [
        number
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    ]
    for number in signals:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


class Sending:
    """One input's run.

    Attributes:
        runner: the run.
    """

    def __init__(
        self, talon: SendingClient, file: Input, calls: Iterator[PreparedCall[Any]], options: BulkOptions
    ) -> None:
        self._talon, self._file = talon, file
        self._paused, self._is_paused = 0.0, False
        options["progress"] = self._note
        self.runner = talon.runner(calls, in_thread=file.is_stream, options=options)

    def _note(self, snapshot: Any) -> None:
        self._paused, self._is_paused = snapshot.paused, snapshot.is_paused

    def state(self) -> State:
        """Return how it stands."""
        report = self.runner.account.report
        return State(
            read=self._file.taken,
            before=max(0, report.skipped - report.resumed),
            succeeded=report.succeeded,
            failed=report.failed,
            pending=report.pending + report.unsent,
            paused=self._paused,
            is_paused=self._is_paused,
            fraction=self._file.fraction(),
        )

    async def run(self, display: Display, interrupt: Interrupt) -> Report[PreparedCall[Any]]:
        """Run to the end, or to Ctrl-C."""
        task = asyncio.ensure_future(self._talon.ended(self.runner))

        def stop() -> None:
            display.say("stopping: waiting for the calls under way (Ctrl-C again: at once)")
            self.runner.stop()

        interrupt.stop, interrupt.cancel = stop, task.cancel
        showing = asyncio.ensure_future(self._show(display))
        try:
            return await task
        finally:
            showing.cancel()
            await asyncio.wait([showing])
            display.show(self.state(), at_last=True)
            interrupt.stop = interrupt.cancel = lambda: None

    async def _show(self, display: Display) -> None:
        while True:
            await asyncio.sleep(display.every)
            display.show(self.state())
