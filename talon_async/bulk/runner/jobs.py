"""A call on its way through a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs

from talon_async._core.call import SingleAttempts
from talon_async._core.retry import may_repeat
from talon_async._messages import Failure, Idempotency, Operation, Request

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from talon_async._core.core import Core
    from talon_async.bulk.results import FailureOutcome
    from talon_async.config import Options, RetryPolicy
    from talon_async.errors import TalonOneError

NO_REQUEST = Request(
    Operation("", "", "", Idempotency.NEVER), "", None, Idempotency.NEVER, None, (), decode=lambda *_, **__: None
)
"""The request of an item that cannot be sent."""


@attrs.frozen(eq=False)
class Chunk:
    """The items of one request, and their places in the source. `error` says why they cannot be sent.

    Chunks of different kinds never run at the same time, nor do chunks with a name in common.
    """

    kind: Hashable
    places: list[int] = attrs.field(factory=list[int])
    items: list[Any] = attrs.field(factory=list[Any])
    names: set[str] = attrs.field(factory=set[str])
    error: TalonOneError | None = None


class Job:
    """A call on its way through a run.

    Attributes:
        index: the place of the item in the source.
        sequence: the place among all calls of the run, with resumed calls first.
        item: the item of the source.
        request: the request that is sent.
        size: the number of items of the source in the request.
        keys: the ordering keys. Calls that share a key are sent one after the other.
        blocked_by: the number of keys at which earlier calls are before this one.
        call: the call, from its first attempt on.
        generation: the generation of the gate in which it was sent last.
        spent: the number of attempts that failed for reasons of this call.
        successes: how many calls had succeeded when it failed last.
        seconds: the total duration of its attempts, in seconds.
        must_be_marked: whether the journal must mark it before it is sent.
        may_leave: whether the journal has marked it.
        problem: the error because of which it cannot be sent at all.
        is_dry: whether it is a dry run that probes the server, instead of a call of the source.
        outcome: the outcome; None until it is settled.
        error: the error; None if it succeeded or is not settled.
        was_cut_off: whether the run ended while it was under way.
        may_be_known: whether an earlier run may have sent it.
        is_protected: False if the journal says that it must not be sent twice.
    """

    index: int
    item: Any
    request: Request
    keys: tuple[str, ...]
    size: int

    sequence = 0
    blocked_by = generation = spent = 0
    successes = -1
    seconds: float = 0.0
    call: SingleAttempts | None = None
    problem: TalonOneError | None = None
    outcome: FailureOutcome | Literal["succeeded"] | None = None
    error: TalonOneError | None = None
    must_be_marked = may_leave = is_dry = was_cut_off = may_be_known = False
    is_protected = True

    def __init__(self, index: int, item: Any, request: Request, keys: tuple[str, ...], policy: RetryPolicy) -> None:
        self.index, self.item, self.request, self.keys = index, item, request, keys
        self._policy = policy
        self.size = len(item.items) if isinstance(item, Chunk) else 1

    def make_call(self, core: Core, options: Options) -> SingleAttempts:
        """Make the call that sends the request."""
        call = self.call = SingleAttempts(core, options, self.request)
        return call

    @property
    def repeatable(self) -> bool:
        """Whether the request may be sent twice."""
        request = self.request
        return self.is_protected and may_repeat(
            self._policy, request.idempotency, request.operation.method, Failure.UNKNOWN
        )

    def items(self) -> Iterable[tuple[int, Any]]:
        """Return the items with their places in the source."""
        chunk: Any = self.item
        return zip(chunk.places, chunk.items, strict=True) if isinstance(chunk, Chunk) else ((self.index, chunk),)

    @property
    def may_have_acted(self) -> bool:
        """Whether the server may have acted on the request."""
        return self.was_cut_off or (self.call is not None and self.call.may_have_acted)

    @property
    def trouble_key(self) -> str:
        """The key under which the gate counts failures: the first ordering key, or one of the call alone."""
        return self.keys[0] if self.keys else f"#{self.index}"
