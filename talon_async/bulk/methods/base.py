"""Runs many calls, and returns the report or raises the error that ended the run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from talon_async._endpoint import valid_key
from talon_async.config import new_key
from talon_async.errors import BulkInterruptedError, TalonOneError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from talon_async._core.core import Core
    from talon_async.bulk.results import Report
    from talon_async.bulk.runner import Results, Runner
    from talon_async.config import Options


class ExitError(Exception):
    """Carries an exit, such as SystemExit, to the caller's thread. Raised in a task, it would end the event loop.

    Attributes:
        problem: the exit to raise on the caller's thread.
    """

    def __init__(self, problem: BaseException) -> None:
        super().__init__(problem)
        self.problem = problem


class Runs:
    """The common part of the methods that make many calls."""

    _core: Core
    _options: Options
    _exits_elsewhere = False
    """Whether this client works for a blocking client, on whose calling thread an exit must be raised."""

    async def _ended(self, runner: Runner) -> Report[Any]:
        """Run all calls, and return the report or raise the error that ended the run."""
        self._core.state()  # raises where asyncio does not run
        report = runner.account.report
        try:
            await runner.run()
        except BaseException as problem:
            problem.__dict__["report"] = report
            raise
        self._raise_interruption(runner)
        return report

    def _raise_interruption(self, runner: Runner) -> None:
        """Raise the exception of the source, `progress` or the journal, if there was one."""
        report, interrupted_by = runner.account.report, runner.account.interrupted_by
        if interrupted_by is None:
            return
        who, problem = interrupted_by
        problem.__dict__["report"] = report
        if not isinstance(problem, Exception):
            raise ExitError(problem) if self._exits_elsewhere else problem
        if who == "the journal" and isinstance(problem, TalonOneError):
            raise problem
        error = BulkInterruptedError(f"{who} raised {type(problem).__name__}")
        error.report = report
        raise error from problem

    async def _read(self, runner: Runner, results: Results) -> AsyncGenerator[None, None]:
        """Run all calls, and yield whenever there are results for the caller to take."""
        self._core.state()  # raises where asyncio does not run
        task = asyncio.ensure_future(runner.run())
        try:
            while results.unread or not task.done():
                await results.wait(task)
                yield
            await task
        except BaseException as problem:
            problem.__dict__["report"] = runner.account.report  # completed when the run ends, below
            raise
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
        self._raise_interruption(runner)
        report = runner.account.report
        if report.stopped_by is not None:
            error = BulkInterruptedError(f"the run stopped: {report.stopped_by}")
            error.report = report
            raise error from report.stopped_by


def key_maker(options: Options) -> Callable[[], str]:
    """Return the function that makes idempotency keys; it checks keys of a user's function."""
    make = options.idempotency_keys
    return make if make is new_key else lambda: valid_key(make())
