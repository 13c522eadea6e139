"""Turns the items of a source into jobs, counted and in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_async.bulk.calls import PreparedCall, WrongItemError, request_of
from talon_async.bulk.runner.jobs import NO_REQUEST, Job
from talon_async.bulk.sources import END, WAIT
from talon_async.errors import InvalidArgumentError, JournalError, TalonOneError

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_async._messages import Request
    from talon_async.bulk.journal_base import Entry, Journal
    from talon_async.bulk.runner.account import Account
    from talon_async.bulk.sources import Source
    from talon_async.config import RetryPolicy

    Build = Callable[[Any], tuple[Request, tuple[str, ...]]]


class Intake:
    """Reads a source. `build` returns the request of an item and its ordering keys.

    Attributes:
        ended: whether the source has ended.
        has_more: whether the last read of the source returned an item.
        next_index: the place of the next item in the source.
    """

    ended: bool
    has_more: bool
    next_index: int

    def __init__(self, source: Source, build: Build, account: Account, policy: RetryPolicy, client: type) -> None:
        self._source, self._build, self._account = source, build, account
        self._policy, self._client = policy, client
        self.ended = self.has_more = False
        self.next_index = 0

    def has_room(self, waiting: int = 0) -> bool:
        """Tell whether one more call may be taken, besides `waiting` calls that are read already."""
        return self._account.has_room(waiting)

    def is_over(self) -> bool:
        """Tell whether the run takes no more calls."""
        return self._account.is_over

    def next_item(self) -> Any:
        """Return the next item of the source; WAIT if there is none now, END if the source has ended."""
        if self.ended:
            return END
        try:
            item = self._source.take()
        except BaseException as problem:  # noqa: BLE001  # the run raises the exception of the user's source
            item = END
            self._account.source_failed(problem)
        self.has_more = item is not WAIT and item is not END
        self.ended = item is END
        return item

    def read_one(self) -> Job | None:
        """Take the next call from the source; None if there is none now."""
        item = self.next_item()
        return None if item is WAIT or item is END else self.enroll(item)

    def enroll(self, item: Any) -> Job:
        """Count an item as taken."""
        job = self._job(item, self.next_index)
        self._account.report.taken += job.size
        self.next_index += 1
        return self._account.register(job)

    def interrupt(self, who: str, problem: Exception) -> None:
        """End the run because a function of the user raised."""
        self._account.interrupt(who, problem)

    def skip_one(self, index: int, journal: Journal) -> Job | None:
        """Read an item that was recorded before; None if there is none now."""
        item = self.next_item()
        if self.ended:
            raise JournalError(
                f"{getattr(journal, 'path', journal.id)}: the journal has recorded more than the {index} items of this "
                "source: use the same source as before, or another journal"
            )
        if item is WAIT:
            return None
        self._account.report.skipped += 1
        return self._job(item, index)

    def resume(self, entry: Entry) -> Job:
        """Take a call that an earlier run left unsettled."""
        self._account.report.resumed += 1
        if entry.record:
            call = PreparedCall.from_bytes(entry.record)
            request = request_of(call, self._client)
            job = Job(entry.index, call, request, call.ordering_keys, self._policy)
            job.is_protected = entry.repeatable
        else:
            job = Job(entry.index, None, NO_REQUEST, (), self._policy)
            job.problem = InvalidArgumentError("an earlier run found that this item cannot be sent")
        job.may_be_known = entry.maybe_sent
        return self._account.register(job)

    def _job(self, item: Any, index: int) -> Job:
        try:
            request, keys = self._build(item)
        except Exception as problem:  # noqa: BLE001  # an exception for one item must not affect the others
            job = Job(index, item, NO_REQUEST, (), self._policy)
            job.problem = problem if isinstance(problem, TalonOneError) else unexpected(problem, "not_sent")
            if isinstance(problem, WrongItemError):
                self._account.stop(problem)
            return job
        return Job(index, item, request, keys, self._policy)


def unexpected(problem: Exception, outcome: Any) -> TalonOneError:
    """Return an unexpected exception, such as one of the user's own classes, as an error of this package."""
    error = TalonOneError(f"{type(problem).__name__}: {problem}")
    error.outcome, error.__cause__ = outcome, problem
    return error
