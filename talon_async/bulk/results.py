"""The results of many calls: a result for each call, snapshots during the run, and a report that counts the results.

At every moment, and however a run ends: taken + resumed = succeeded + rejected + unknown + unsent + pending.
"""

from __future__ import annotations

from bisect import insort
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import attrs

if TYPE_CHECKING:
    from talon_async.errors import TalonOneError

I_co = TypeVar("I_co", covariant=True)
D_co = TypeVar("D_co", covariant=True)
Item = TypeVar("Item")
D = TypeVar("D")

SHOWN = 3
"""How many failures the `repr` of a report shows."""

FailureOutcome = Literal["rejected", "unknown", "unsent"]


@attrs.frozen(eq=False, kw_only=True)
class Success(Generic[I_co, D_co]):
    """A call that succeeded.

    Attributes:
        index: the place of the item in the source, counted from 0.
        item: the item of the source. For a call that was resumed from a journal, the `PreparedCall`.
        data: the answer, as the operation returns it; None if an earlier attempt succeeded and its answer was lost.
        attempts: the number of attempts.
        idempotency_key: the idempotency key of the call; None if it had none.
        seconds: seconds from the first attempt to the answer.
        outcome: always `succeeded`.
    """

    index: int
    item: I_co = attrs.field(repr=False)
    data: D_co = attrs.field(repr=False)
    attempts: int
    idempotency_key: str | None
    seconds: float
    outcome: Literal["succeeded"] = "succeeded"


@attrs.frozen(eq=False, kw_only=True)
class Failure(Generic[I_co]):
    """A call that did not succeed, or may not have.

    Attributes:
        index: the place of the item in the source, counted from 0.
        item: the item of the source. For a call that was resumed from a journal, the `PreparedCall`.
        error: the error of the call.
        outcome: `rejected` if the server refused the call or it could not be encoded. `unknown` if the server may have
            acted; it has acted if `error.outcome` is `accepted`. `unsent` if the run ended, or an ordering key was
            held, before the call was sent, or if the server refused the API key and did nothing.
        attempts: the number of attempts.
        idempotency_key: the idempotency key of the call; None if it had none. An `unknown` call that is sent again with
            its key acts once.
        seconds: seconds from the first attempt to the end of the last one.
    """

    index: int
    item: I_co = attrs.field(repr=False)
    error: TalonOneError
    outcome: FailureOutcome
    attempts: int = 0
    idempotency_key: str | None = None
    seconds: float = 0.0


Result = Success[Item, D] | Failure[Item]


class Failures(list[Failure[Item]]):
    """Failures whose `repr` shows the first few, and no customer's data."""

    def __repr__(self) -> str:
        shown = [f"{failure.index}: {failure.outcome} {summary(failure.error)}" for failure in self[:SHOWN]]
        shown += [f"and {len(self) - SHOWN} more"] if len(self) > SHOWN else []
        return f"[{', '.join(shown)}]"


def summary(error: TalonOneError | None) -> str:
    """Return what an error is about: its class, operation, status and pointers, and none of the server's words."""
    if error is None:
        return "None"
    pointers = [detail.pointer for detail in error.errors if detail.pointer][:SHOWN]
    words = [type(error).__name__, error.operation, str(error.status or ""), *pointers]
    return " ".join(word for word in words if word)


@attrs.frozen(kw_only=True)
class Snapshot:
    """The state of a run at one moment.

    Attributes:
        taken: the number of items read from the source.
        resumed: the number of calls of earlier runs that were resumed from the journal.
        skipped: the number of items of the source that the journal had recorded before.
        succeeded: the number of calls that succeeded.
        rejected: the number of calls that failed without an effect.
        unknown: the number of calls that may have had an effect.
        unsent: the number of calls that were taken but not sent.
        under_way: the number of calls under way.
        limit: how many calls may be under way now; 0 during an outage of the server.
        paused: seconds for which the run has waited because of outages of the server.
        elapsed: seconds since the beginning of the run.
    """

    taken: int
    resumed: int
    skipped: int
    succeeded: int
    rejected: int
    unknown: int
    unsent: int
    under_way: int
    limit: int
    paused: float
    elapsed: float

    @property
    def pending(self) -> int:
        """The number of calls that were taken and are not settled yet."""
        return self.taken + self.resumed - self.done

    @property
    def done(self) -> int:
        """The number of settled calls, with any outcome."""
        return self.succeeded + self.rejected + self.unknown + self.unsent

    @property
    def failed(self) -> int:
        """The number of failed calls: rejected or unknown."""
        return self.rejected + self.unknown

    @property
    def rate(self) -> float:
        """Settled calls a second."""
        return self.done / self.elapsed if self.elapsed else 0.0

    @property
    def is_paused(self) -> bool:
        """Whether the run waits because of an outage of the server."""
        return self.limit == 0


@attrs.define(eq=False)
class Report(Generic[Item]):
    """The report of a run. Its `repr` has the counts and the first few failures, without customers' data.

    Attributes:
        taken: the number of items read from the source.
        resumed: the number of calls of earlier runs that were resumed from the journal.
        skipped: the number of items of the source that the journal had recorded before.
        succeeded: the number of calls that succeeded.
        rejected: the number of calls that failed without an effect.
        unknown: the number of calls that may have had an effect; each is in `failures`.
        unsent: the number of calls that were taken but not sent; each is in `failures`.
        pending: the number of calls that are not settled yet; 0 when the run has ended.
        failures: every call that did not succeed, with its item and error, in the order of the source.
        held_keys: with `after_failure="hold"`, the ordering keys whose calls are held.
        paused: seconds for which the run waited because of outages of the server.
        elapsed: seconds from the beginning of the run to its end.
        stopped_by: the error that ended the run before the source ended; None if there was none.
        late_items: items that the source gave after the end of the run. They are not counted and were not sent. A
            source that is read in a thread cannot be interrupted, so its last item may be added after the report was
            returned.
    """

    taken: int = 0
    resumed: int = 0
    skipped: int = 0
    succeeded: int = 0
    rejected: int = 0
    unknown: int = 0
    unsent: int = 0
    pending: int = 0
    failures: list[Failure[Item]] = attrs.field(factory=Failures[Any])
    held_keys: set[str] = attrs.field(factory=set[str], repr=False)
    paused: float = 0.0
    elapsed: float = 0.0
    late_items: list[Item] = attrs.field(factory=list[Any], repr=False)
    stopped_by: TalonOneError | None = attrs.field(default=None, repr=summary)

    @property
    def done(self) -> int:
        """The number of settled calls, with any outcome."""
        return self.succeeded + self.rejected + self.unknown + self.unsent

    @property
    def failed(self) -> int:
        """The number of failed calls: rejected or unknown."""
        return self.rejected + self.unknown

    @property
    def rate(self) -> float:
        """Settled calls a second."""
        return self.done / self.elapsed if self.elapsed else 0.0

    def add(self, result: Result[Item, Any]) -> None:
        """Count a result, and keep it if it is a failure."""
        self.pending -= 1
        match result:
            case Success():
                self.succeeded += 1
            case Failure(outcome=outcome):
                setattr(self, outcome, getattr(self, outcome) + 1)
                if self.failures and self.failures[-1].index > result.index:
                    insort(self.failures, result, key=attrgetter("index"))
                else:
                    self.failures.append(result)

    def raise_for_failures(self) -> None:
        """Raise the errors as one ExceptionGroup, if there are any."""
        if self.failures:
            summary = f"{len(self.failures)} of {self.taken + self.resumed} did not succeed"
            raise ExceptionGroup(summary, [failure.error for failure in self.failures])

    def snapshot(self, *, under_way: int, limit: int) -> Snapshot:
        """Return the present state as a snapshot."""
        return Snapshot(
            taken=self.taken,
            resumed=self.resumed,
            skipped=self.skipped,
            succeeded=self.succeeded,
            rejected=self.rejected,
            unknown=self.unknown,
            unsent=self.unsent,
            under_way=under_way,
            limit=limit,
            paused=self.paused,
            elapsed=self.elapsed,
        )

    def __str__(self) -> str:
        counts = [f"{self.succeeded} succeeded", f"{self.failed} failed"]
        counts += [f"{self.unsent} unsent"] if self.unsent else []
        counts += [f"{self.skipped} skipped"] if self.skipped else []
        return f"{', '.join(counts)}, {self.elapsed:.1f} s ({self.rate:.0f}/s)"


@attrs.define(eq=False)
class ChunksReport(Report[Item], Generic[Item, D]):
    """The report of a run that sends items in chunks. It counts items, not requests.

    Attributes:
        answers: the answers to the requests, in the order of the source; requests without an answer are left out.
    """

    answers: list[D] = attrs.field(factory=list[Any], init=False, repr=False)
