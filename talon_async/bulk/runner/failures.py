"""Handles calls that do not succeed, with the effects on calls that share their ordering keys and on the run.

1. A failure is a call that the server refused, that may have acted, or that could not be encoded. Only failures count
   for `max_failures`, and only failures hold a key. A call that was never sent is not a failure.
2. An error that stops all calls alike, such as a wrong API key, is not a failure of the call that met it first. That
   call is unsent, or unknown if an earlier attempt may have acted. A journal keeps it for the next run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async.errors import TalonOneError

if TYPE_CHECKING:
    from talon_async.bulk.runner.account import Account
    from talon_async.bulk.runner.jobs import Job
    from talon_async.bulk.runner.plan import Plan

MOST_HELD = 10_000
"""The run stops after so many calls of held keys (or `max_failures`, if higher), which bounds the report's memory."""


class Failures:
    """Settles the calls of a run that do not succeed."""

    def __init__(self, account: Account, plan: Plan) -> None:
        self._account, self._plan = account, plan

    @property
    def are_enough(self) -> bool:
        """Whether `max_failures` calls have failed."""
        return self._account.report.failed >= self._plan.max_failures

    def add(self, job: Job, error: TalonOneError) -> None:
        """Settle a call that has failed."""
        account, plan = self._account, self._plan
        account.failed(job, error, "unknown" if _may_have_acted(error) else "rejected")
        if plan.after_failure == "hold":
            account.report.held_keys.update(job.keys)
        elif plan.after_failure == "stop":
            account.stop(error)
        if self.are_enough:
            account.stop(TalonOneError(f"{plan.max_failures} calls have failed (max_failures)"))

    def holds(self, job: Job) -> bool:
        """Tell whether a key of the call is held, and settle the call as unsent if so."""
        report = self._account.report
        if report.held_keys.isdisjoint(job.keys):
            return False
        report.held_keys.update(job.keys)  # later calls with its other keys would overtake it
        error = TalonOneError("an earlier call with the same ordering key failed, and the key is held")
        error.outcome = "not_sent"
        self._account.failed(job, error, "unsent")
        most = max(MOST_HELD, self._plan.max_failures)
        if report.unsent >= most:
            self._account.stop(TalonOneError(f"{most} calls are held because of earlier failures (after_failure)"))
        return True

    def give_back(self, job: Job, error: TalonOneError) -> bool:
        """Settle a call that cannot be sent now. Return False if it stays unsettled, so that the journal keeps it."""
        acted = _may_have_acted(error)
        if acted and self._plan.journal is not None:
            return False
        self._account.failed(job, error, "unknown" if acted else "unsent")
        return True


def _may_have_acted(error: TalonOneError) -> bool:
    return error.outcome in ("unknown", "accepted")
