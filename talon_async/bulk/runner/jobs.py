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
    """Items that go in one request, and their places in the source; `error` says why they cannot be sent.

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
        index: its place in the source.
        sequence: its place among all calls of the run, resumed ones first.
        item: what the source gave.
        request: what is sent.
        size: how many items of the source it holds.
        keys: what it has in common with the calls that it must not overtake.
        blocked_by: how many of its keys others hold before it.
        call: the call under way, once it has been sent.
        generation: the closing of the gate after which it was sent last.
        spent: its attempts that failed for reasons of its own.
        successes: how many calls had succeeded when it failed last.
        seconds: how long its attempts took.
        must_be_marked: whether the journal must know that it is sent before that happens.
        may_leave: whether the journal knows.
        problem: why it cannot be sent at all.
        is_dry: whether it is a dry run that finds out whether the server works, and no call of the source.
        outcome: how it ended, once it has.
        error: the error it ended with.
        was_cut_off: whether the run ended while it was on the wire.
        may_be_known: whether an earlier run may have sent it.
        is_protected: False if an earlier run found that sending it twice does harm.
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
        """Return the call with which it is sent."""
        call = self.call = SingleAttempts(core, options, self.request)
        return call

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no harm."""
        request = self.request
        return self.is_protected and may_repeat(
            self._policy, request.idempotency, request.operation.method, Failure.UNKNOWN
        )

    def items(self) -> Iterable[tuple[int, Any]]:
        """Return its items with their places in the source."""
        chunk: Any = self.item
        return zip(chunk.places, chunk.items, strict=True) if isinstance(chunk, Chunk) else ((self.index, chunk),)

    @property
    def may_have_acted(self) -> bool:
        """Whether the server may have acted on it."""
        return self.was_cut_off or (self.call is not None and self.call.may_have_acted)

    @property
    def trouble_key(self) -> str:
        """What a failure may be the trouble of: the call's first ordering key, or the call alone."""
        return self.keys[0] if self.keys else f"#{self.index}"
