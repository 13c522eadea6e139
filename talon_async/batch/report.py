"""How a batch went: the counts, and every item that failed, with its error."""

from __future__ import annotations

import copy
from bisect import insort
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

if TYPE_CHECKING:
    from talon_async.errors import TalonOneError

T = TypeVar("T")
A = TypeVar("A")


@attrs.frozen
class BatchFailure(Generic[T]):
    """An item that was not settled for sure: `error.outcome` tells what may have become of it."""

    index: int
    item: T
    error: TalonOneError


@attrs.define(eq=False)
class BatchReport(Generic[T]):
    """How a batch went; while it runs, how it goes.

    Every item taken from the source is either among the `succeeded` or in `failures` once the batch has ended.

    Attributes:
        taken: items taken from the source.
        succeeded: items the server settled.
        failures: the others, each with its place in the source, the item, and the error.
        elapsed: seconds.
        stopped_by: the error after which nothing more was taken from the source, such as a key that is not valid.
    """

    taken: int = 0
    succeeded: int = 0
    failures: list[BatchFailure[T]] = attrs.field(factory=list[BatchFailure[T]])
    elapsed: float = 0.0
    stopped_by: TalonOneError | None = None

    @property
    def done(self) -> int:
        """Items whose fate is settled."""
        return self.succeeded + len(self.failures)

    @property
    def failed(self) -> int:
        """Items that were not settled for sure."""
        return len(self.failures)

    @property
    def rate(self) -> float:
        """Items settled for each second."""
        return self.done / self.elapsed if self.elapsed else 0.0

    def raise_for_failures(self) -> None:
        """Raise the errors as one ExceptionGroup, if there are any."""
        if self.failures:
            summary = f"{self.failed} of {self.taken} failed"
            raise ExceptionGroup(summary, [failure.error for failure in self.failures])

    def __str__(self) -> str:
        return f"{self.succeeded} succeeded, {self.failed} failed, {self.elapsed:.1f} s ({self.rate:.0f}/s)"


@attrs.define(eq=False)
class PartsReport(BatchReport[T], Generic[T, A]):
    """How a batch of large requests went; the counts and failures are those of the items inside them."""

    _answers: list[tuple[int, A]] = attrs.field(factory=list[tuple[int, A]], init=False, repr=False)

    @property
    def answers(self) -> list[A]:
        """What the server answered to the requests, in the order of the source, without those that have no answer."""
        return [answer for _, answer in self._answers]

    def answered(self, index: int, answer: A | None) -> None:
        """Keep the answer to the request whose first item has this index."""
        if answer is not None:
            insort(self._answers, (index, answer), key=lambda found: found[0])


def not_sent(error: TalonOneError) -> TalonOneError:
    """Return an error like another, for what was not sent because of it."""
    again = copy.copy(error)
    again.outcome, again.attempts = "not_sent", 0
    return again
