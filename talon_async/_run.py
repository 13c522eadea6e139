"""Runs one request to its end: its turn, a slot, the attempts, the deadline over all of them."""

from __future__ import annotations

import asyncio
import logging
import warnings
from typing import TYPE_CHECKING, Any, cast

import attrs

from talon_async._messages import Failure, Repeat, Response
from talon_async._retry import KEY_LIFETIME, Budget, may_repeat, retry_after, wait_before
from talon_async._transport import Attempt, Pool, Pools
from talon_async.errors import ClientClosedError, RequestTimeoutError, TalonOneError, error_for

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from talon_async._messages import Answer, Outcome, Request
    from talon_async._transport import Connection
    from talon_async.config import Options

logger = logging.getLogger("talon_async")

TURN = "its turn after other updates of the same profile or session"
SLOT = ("slot",)
"""What requests take turns for when there are as many as `Limits.connections`: a lane as wide as that."""


@attrs.define(eq=False)
class Shared:
    """What a client and its copies have in common."""

    pools: Pools
    run: type[Run]
    budget: Budget = attrs.field(factory=Budget)
    closed: bool = False

    @classmethod
    def of(cls, connection: Connection) -> Shared:
        """Start with no pool: they are opened on first use."""
        return cls(Pools(connection), Run)

    async def pool(self) -> Pool:
        """Return the running loop's pool, opened if need be."""
        if self.closed:
            raise ClientClosedError("the client is closed")
        return self.pools.get() or await self.pools.open()

    async def close(self) -> None:
        """Close everything; calls under way end with ClientClosedError."""
        self.closed = True
        await self.pools.close()

    def __del__(self) -> None:
        if not self.closed and self.pools:
            warnings.warn(
                f"the client of {self.pools.connection.base_url} was not closed: use `async with`, or await aclose()",
                ResourceWarning,
                source=self,
                stacklevel=1,
            )


class Run(Attempt):
    """One call under way, and in the end its answer.

    Attributes:
        data: what the answer says, as the type that the operation returns.
        doubt: `unknown` or `accepted` once an attempt may have, or has, made the server act.
    """

    __slots__ = ("answer", "attempts", "data", "doubt", "first_sent", "options", "request", "shared", "started")

    def __init__(self, shared: Shared, options: Options, request: Request) -> None:
        self.shared, self.options, self.request = shared, options, request
        self.started = options.clock.monotonic()
        self.attempts, self.first_sent = 0, 0.0
        self.doubt: Outcome | None = None
        self.answer: Answer | None = None
        self.data: Any = None

    async def to_end(self) -> Run:
        """Take the turns, then try until there is an answer or no more sense in trying."""
        held: tuple[str, ...] = ()
        shared, request = self.shared, self.request
        try:
            pool = shared.pools.get() or await shared.pool()
            if request.turns and pool.lanes.width:
                if not pool.lanes.try_enter(request.turns):
                    await self._wait(pool.lanes.enter(request.turns), TURN)
                held = request.turns
            try:
                while self.answer is None:
                    await self._attempt(pool)
            finally:
                pool.lanes.leave(held)
        except TalonOneError as error:
            raise self.describe(error) from None
        return self

    async def _attempt(self, pool: Pool) -> None:
        """Send the request once; keep the answer, or wait until it can be sent again."""
        if not pool.slots.try_enter(SLOT):
            await self._wait(pool.slots.enter(SLOT), "a connection (Limits.connections)")
        try:
            total = self._next_attempt()
            answer = await pool.send(self.request, self, total, min(self.options.timeout.connect, total))
            self._accept(answer)
        except TalonOneError as error:
            if (wait := self._again_after(error)) is None:
                raise
        else:
            self.answer = answer
            self.shared.budget.give()
            return
        finally:
            pool.slots.leave(SLOT)
        await self._rest(pool, wait)

    def remaining(self) -> float:
        """Return the seconds left until the deadline."""
        total = self.options.timeout.total
        return float("inf") if total is None else self.started + total - self.options.clock.monotonic()

    async def _wait(self, coming: Coroutine[Any, Any, Any], what: str) -> None:
        """Wait in a queue, until the deadline."""
        left = self.remaining()
        try:
            async with asyncio.timeout(None if left == float("inf") else left):
                await coming
        except TimeoutError:
            raise self._too_late(f"spent waiting for {what}") from None

    def _too_late(self, why: str) -> RequestTimeoutError:
        error = RequestTimeoutError(f"no answer within {self.options.timeout.total} s, {why}")
        error.outcome, error.failure = "not_sent", Failure.FINAL
        return error

    def _next_attempt(self) -> float:
        """Count an attempt; returns the seconds it may take."""
        if self.shared.closed:
            raise self._closed("not_sent")
        timeout, now = self.options.timeout, self.options.clock.monotonic()
        left = timeout.attempt
        if timeout.total is not None:
            left = min(left, self.started + timeout.total - now)
        if left <= 0:
            raise self._too_late("before it could be sent")
        self.attempts += 1
        self.first_sent = self.first_sent or now
        return left

    async def _rest(self, pool: Pool, wait: float) -> None:
        """Wait before the next attempt, but not on behalf of a closed client."""
        ends = {asyncio.ensure_future(self.options.clock.sleep(wait)), asyncio.ensure_future(pool.closed.wait())}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()

    def _accept(self, answer: Answer) -> None:
        """Take an answer that says yes; raise for one that says no or cannot be read."""
        if not 200 <= answer.status < 300:  # noqa: PLR2004
            if answer.status == 404 and self.request.operation.method == "DELETE" and self.doubt is not None:  # noqa: PLR2004
                return  # an earlier attempt has deleted it
            error = error_for(answer)
            error.retry_after = retry_after(answer.headers.get("Retry-After"), self.options.clock.now())
            try:
                raise error
            finally:
                del error  # or each error would leave a cycle for the collector, with the request in it
        try:
            options = self.options
            self.data = self.request.decode(answer.body, strict=options.strict, lazy=options.lazy_effects)
        except TalonOneError as error:
            error.status, error.body = answer.status, answer.body
            raise

    def response(self) -> Response[Any]:
        """Return the answer with everything around it."""
        answer = cast("Answer", self.answer)
        return Response(
            data=self.data,
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            attempts=self.attempts,
            elapsed=self.options.clock.monotonic() - self.started,
            idempotency_key=self.request.idempotency_key,
        )

    def _again_after(self, error: TalonOneError) -> float | None:
        """Return the pause before the next attempt; None, with the error completed, when this was the last."""
        if error.outcome == "accepted" or (error.outcome == "unknown" and self.doubt is None):
            self.doubt = error.outcome
        wait = self._pause(error)
        logger.debug(
            "%s: attempt %d ended in %s (status %s), %s",
            self.request.operation.name,
            self.attempts,
            type(error).__name__,
            error.status,
            "giving up" if wait is None else f"again in {wait:.3f} s",
        )
        if wait is None:
            self.describe(error)
        return wait

    def _pause(self, error: TalonOneError) -> float | None:
        request, options = self.request, self.options
        if self.shared.closed:
            raise self.describe(self._closed(error.outcome)) from None
        if self.attempts >= options.retry.attempts:
            return None
        if not may_repeat(options.retry, request.repeat, request.operation.method, error.failure):
            return None
        if request.repeat is Repeat.KEYED and options.clock.monotonic() - self.first_sent > KEY_LIFETIME:
            return None
        wait = wait_before(
            options.retry,
            self.attempts,
            status=error.status,
            retry_after=error.retry_after,
            remaining=self.remaining(),
            uniform=options.clock.uniform,
        )
        return wait if wait is not None and self.shared.budget.take() else None

    def _closed(self, outcome: Outcome) -> ClientClosedError:
        error = ClientClosedError("the client was closed during the call")
        error.outcome = self.doubt or outcome
        return error

    def describe(self, error: TalonOneError) -> TalonOneError:
        """Say of an error what the call knows: the operation, the attempts, and the worst that may have happened."""
        error.about(self.request.operation)
        error.attempts = self.attempts
        error.idempotency_key = self.request.idempotency_key
        error.outcome = self.doubt or error.outcome
        return error
