"""Sends the calls of one input in a run with a journal and a progress display. Ctrl-C stops the run in order."""

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
"""Seconds that calls under way get to end after Ctrl-C. A second Ctrl-C ends them at once."""


class SendingClient(TalonOne):
    """A client whose runs can be stopped in order."""

    def runner(self, calls: Iterator[PreparedCall[Any]], *, in_thread: bool, options: BulkOptions) -> Runner:
        """Return a run that has not begun. `in_thread` is for a source that may block for long."""
        source = ThreadSource(calls) if in_thread else as_source(calls, "calls", self._core.clock.monotonic)
        return self._run_of(source, self._sending, options)

    async def ended(self, runner: Runner) -> Report[PreparedCall[Any]]:
        """Run to the end, and return the report or raise the error that ended the run."""
        return await self._ended(runner)


@attrs.define
class Interrupt:
    """Handles Ctrl-C: the first one stops the run in order, the second one at once.

    Attributes:
        happened: whether Ctrl-C was pressed.
        stop: stops the run in order.
        cancel: ends the run at once.
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
    """Pass Ctrl-C (SIGINT), a closed terminal (SIGHUP) and SIGTERM to `interrupt`.

    A signal that is ignored stays ignored, as `nohup` and shells require.
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
    """The run of one input.

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
        """Return the present state."""
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
            display.say("stopping: waiting for the calls under way (press Ctrl-C again to stop at once)")
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
