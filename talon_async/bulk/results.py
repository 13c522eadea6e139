"""What becomes of many calls: a result for each, a snapshot while they run, and a report, which is a fold over results.

At every moment, and after every way to end: taken + resumed = succeeded + rejected + unknown + unsent + pending.
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
    """A call that the server has settled.

    Attributes:
        index: its place in the source, counted from 0.
        item: what the source gave; of a call that a journal resumes, the `PreparedCall`.
        data: the answer, as the operation returns it. None where an earlier attempt was recorded and its answer lost.
        attempts: how often the request went out.
        idempotency_key: the key it carried, if it had one.
        seconds: from when it first went out until its answer.
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
    """A call that was not settled for sure.

    Attributes:
        index: its place in the source, counted from 0.
        item: what the source gave; of a call that a journal resumes, the `PreparedCall`.
        error: why.
        outcome: `rejected`: the server did not act, for a reason of this call. `unknown`: it may have acted, or it has,
            if `error.outcome` is `accepted`. `unsent`: the run ended, or the key was held, before the call was sent;
            or the server refused the API key, and so did nothing.
        attempts: how often the request went out.
        idempotency_key: the key it carried, if it had one; sent again with it, an `unknown` call acts once.
        seconds: from when it first went out until it was given up.
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
    """How a run goes, at one moment.

    Attributes:
        taken: items taken from the source.
        resumed: calls that earlier runs left in the journal, taken from it.
        skipped: items of the source that the journal had recorded before.
        succeeded: calls that the server settled.
        rejected: calls that failed without an effect.
        unknown: calls that may have had an effect.
        unsent: calls that were taken and given up before they were sent.
        under_way: calls on the wire.
        limit: how many may be there; 0 while the gate is closed.
        paused: seconds for which the gate was closed, the server taking nothing.
        elapsed: seconds.
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
        """Calls that were taken and are not settled yet."""
        return self.taken + self.resumed - self.done

    @property
    def done(self) -> int:
        """Calls whose fate is settled."""
        return self.succeeded + self.rejected + self.unknown + self.unsent

    @property
    def failed(self) -> int:
        """Calls that were sent, or could not be, and did not succeed for sure."""
        return self.rejected + self.unknown

    @property
    def rate(self) -> float:
        """Calls settled for each second."""
        return self.done / self.elapsed if self.elapsed else 0.0

    @property
    def is_paused(self) -> bool:
        """Whether the gate is closed."""
        return self.limit == 0


@attrs.define(eq=False)
class Report(Generic[Item]):
    """How a run went. Its `repr` has the counts and the first few failures, without customers' data.

    Attributes:
        taken: items taken from the source.
        resumed: calls that earlier runs left in the journal, taken from it.
        skipped: items of the source that the journal had recorded before.
        succeeded: calls that the server settled.
        rejected: calls that failed without an effect.
        unknown: calls that may have had an effect; each is in `failures`.
        unsent: calls that were taken and given up before they were sent; each is in `failures`.
        pending: calls that are not settled; none when the run has ended.
        failures: every call that did not succeed, with its item and error, in the order of the source.
        held_keys: with `after_failure="hold"`, the ordering keys whose calls are held.
        paused: seconds for which the server took nothing and the run waited.
        elapsed: seconds.
        stopped_by: the error that ended the run before its source did.
        late_items: items that the source gave after the run had ended. They are in no count and were not sent. A source
            that is read in a thread cannot be interrupted, so its last item may come here after the report was made.
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
        """Calls whose fate is settled."""
        return self.succeeded + self.rejected + self.unknown + self.unsent

    @property
    def failed(self) -> int:
        """Calls that were sent, or could not be, and did not succeed for sure."""
        return self.rejected + self.unknown

    @property
    def rate(self) -> float:
        """Calls settled for each second."""
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
        """Return how it stands."""
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
        told = [f"{self.succeeded} succeeded", f"{self.failed} failed"]
        told += [f"{self.unsent} unsent"] if self.unsent else []
        told += [f"{self.skipped} skipped"] if self.skipped else []
        return f"{', '.join(told)}, {self.elapsed:.1f} s ({self.rate:.0f}/s)"


@attrs.define(eq=False)
class ChunksReport(Report[Item], Generic[Item, D]):
    """How a run of large requests went; the counts and failures are those of the items inside them.

    Attributes:
        answers: what the server answered to the requests, in the order of the source, without those that have none.
    """

    answers: list[D] = attrs.field(factory=list[Any], init=False, repr=False)
