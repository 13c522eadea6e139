"""Runs one call: it takes the locks and a place in the limiter, and makes attempts until one deadline."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, cast

from multidict import CIMultiDict

from talon_async._core.retry import KEY_LIFETIME, may_repeat, retry_after, retry_delay
from talon_async._messages import Failure, Idempotency, Response
from talon_async.errors import (
    ClientClosedError,
    ConflictError,
    NotFoundError,
    RequestTimeoutError,
    TalonOneError,
    UnreadableAnswerError,
    error_for,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from talon_async._core.core import Core, LoopState
    from talon_async._core.limits import KeyedLock
    from talon_async._messages import Answer, Outcome, Request
    from talon_async._transport.deadlines import Attempt
    from talon_async.config import Options

logger = logging.getLogger("talon_async")

OK, MULTIPLE_CHOICES = 200, 300
"""A status means success if it is at least the first and less than the second."""

RANKS: tuple[Outcome, ...] = ("not_sent", "rejected", "unknown", "accepted")
"""The outcomes of attempts, in rising order. The outcome of a call is the highest outcome of its attempts."""

UPDATES = "other updates of the same profile or session"
CONNECTION = "a connection (Limits.connections)"


class Call:
    """One call under way. It holds the answer when it has ended.

    Attributes:
        data: the answer, as the type that the operation returns.
        attempt: the attempt under way.
        worst_outcome: the highest outcome, by `RANKS`, of the attempts so far.
    """

    core: Core
    options: Options
    request: Request
    started: float
    attempts: int
    first_sent: float

    __slots__ = (
        "answer", "attempt", "attempts", "core", "data", "first_sent", "options", "request", "started", "worst_outcome",
    )  # fmt: skip

    def __init__(self, core: Core, options: Options, request: Request) -> None:
        self.core, self.options, self.request = core, options, request
        self.started = core.clock.monotonic()
        self.attempts, self.first_sent = 0, 0.0
        self.attempt: Attempt | None = None
        self.worst_outcome: Outcome = "not_sent"
        self.answer: Answer | None = None
        self.data: Any = None

    async def run(self) -> Call:
        """Take the locks, then make attempts until one succeeds or the call must not be repeated."""
        locks: KeyedLock | None = None
        try:
            state = self.core.state() or await self.core.open()
            if self.request.ordering_keys and state.locks.width:
                if not state.locks.try_acquire(self.request.ordering_keys):
                    await self._wait_for(state.locks.acquire(self.request.ordering_keys), UPDATES)
                locks = state.locks
            while self.answer is None:
                if not state.limiter.try_acquire():
                    await self._wait_for(state.limiter.acquire(), CONNECTION)
                delay = 0.0
                try:
                    self.attempt = self._begin(state)
                    self._accept(await state.transport.send(self.request, self.attempt))
                except BaseException as problem:  # noqa: BLE001  # raised again, unless another attempt follows
                    delay = self._failed(problem, state)
                finally:
                    state.end(self.attempt)
                    self.attempt = None
                if delay:
                    await self._sleep(state, delay)
        except TalonOneError as error:
            raise self.describe(error).with_traceback(None) from None  # where in here it was found is of no use
        finally:
            if locks is not None:
                locks.release(self.request.ordering_keys)
        return self

    def _begin(self, state: LoopState) -> Attempt:
        """Begin an attempt, if the client is open and there is time for it."""
        if self.core.closed or state.is_closed:
            raise self._closed("not_sent")
        timeout, now = self.options.timeout, self.core.clock.monotonic()
        seconds = timeout.attempt
        if timeout.total is not None:
            seconds = min(seconds, self.started + timeout.total - now)
        if seconds <= 0:
            raise self._too_late("before it could be sent")
        self.attempts += 1
        self.first_sent = self.first_sent or now
        return state.deadlines.start(seconds, min(timeout.connect, seconds))

    def _failed(self, problem: BaseException, state: LoopState) -> float:
        """Return the seconds until the next attempt, or raise the error of the call."""
        error = self._error_of(problem)
        try:
            if not isinstance(error, TalonOneError):
                if self.attempt is not None and not self.attempt.connecting:
                    self.worst_outcome = worse(self.worst_outcome, "unknown")
                raise error
            if self._is_deleted(error):
                self.answer = self.attempt.answer if self.attempt else None
                return 0.0
            self._note(error, state)
            if (delay := self._delay_after(error)) is None:
                raise error from None
            return delay
        finally:
            del error, problem  # otherwise each failure leaves a reference cycle that holds the request

    def _error_of(self, problem: BaseException) -> BaseException:
        """Return the exception that ended an attempt, as an error of this package if it has one for it."""
        attempt = self.attempt
        if attempt is None:
            return problem
        if isinstance(problem, asyncio.CancelledError) and attempt.take_back_cancellation():
            problem = attempt.timeout_error()
        if attempt.answer is not None and isinstance(problem, TalonOneError):
            if isinstance(problem, UnreadableAnswerError) and not OK <= attempt.answer.status < MULTIPLE_CHOICES:
                problem = self._refused(attempt.answer)  # the status tells what happened
            problem.status = attempt.answer.status
        return problem

    @property
    def may_have_acted(self) -> bool:
        """Whether the server may have acted on an attempt."""
        return self.worst_outcome in {"unknown", "accepted"}

    def _is_deleted(self, error: TalonOneError) -> bool:
        """Tell whether a DELETE met 404 because an earlier attempt may have deleted the thing: it succeeded."""
        deletes = self.request.operation.method == "DELETE"
        return deletes and isinstance(error, NotFoundError) and self.may_have_acted

    def _accept(self, answer: Answer) -> None:
        """Decode a successful answer. Raise for any other status, and for a body that cannot be read."""
        if not OK <= answer.status < MULTIPLE_CHOICES:
            raise self._refused(answer)
        options = self.options
        try:
            self.data = self.request.decode(answer.body, strict=options.strict, lazy=options.lazy_effects)
        except TalonOneError as error:
            error.body = answer.body
            raise
        self.answer = answer
        budget = self.core.budget
        if budget.tokens < budget.capacity:
            budget.give()

    def _refused(self, answer: Answer) -> TalonOneError:
        error = error_for(answer)
        error.retry_after = retry_after(answer.headers.get("Retry-After"), self.core.clock.now())
        return error

    def _remaining(self) -> float:
        """Return the seconds left until the deadline."""
        total = self.options.timeout.total
        return float("inf") if total is None else self.started + total - self.core.clock.monotonic()

    async def _wait_for(self, place: Coroutine[Any, Any, None], what: str) -> None:
        """Wait for a lock or a place in the limiter, until the deadline."""
        left = self._remaining()
        try:
            async with asyncio.timeout(None if left == float("inf") else left):
                await place
        except TimeoutError:
            raise self._too_late(f"spent waiting for {what}") from None

    async def _sleep(self, state: LoopState, seconds: float) -> None:
        """Wait before the next attempt. Closing the client ends the wait."""
        ends = {asyncio.ensure_future(self.core.clock.sleep(seconds)), asyncio.ensure_future(state.closed.wait())}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()

    def _note(self, error: TalonOneError, state: LoopState) -> None:
        """Raise the worst outcome if this error's is higher. Raise ClientClosedError if the client is closed."""
        self.worst_outcome = worse(self.worst_outcome, error.outcome)
        if self.core.closed or state.is_closed:
            raise self._closed(error.outcome) from None

    def _delay_after(self, error: TalonOneError) -> float | None:
        """Return the seconds until the next attempt; None if there is no further attempt."""
        options, delay = self.options, None
        if self.attempts < options.retry.attempts and self.may_repeat(error):
            delay = retry_delay(
                options.retry,
                self.attempts,
                status=error.status,
                retry_after=error.retry_after,
                remaining=self._remaining(),
                uniform=self.core.clock.uniform,
            )
        if delay is not None and not self.core.budget.take():
            delay = None
        logger.debug(
            "%s: attempt %d ended in %s (status %s), %s",
            self.request.operation.name,
            self.attempts,
            type(error).__name__,
            error.status,
            "giving up" if delay is None else f"again in {delay:.3f} s",
        )
        return delay

    def may_repeat(self, error: TalonOneError, *, sent_before: bool = False) -> bool:
        """Tell whether the request may be sent again after an attempt that failed with this error.

        A 409 may mean that the server is still processing an earlier request with the same key. That request was an
        earlier attempt of this call or, with `sent_before`, came from an earlier run.
        """
        request, failure = self.request, error.failure
        if isinstance(error, ConflictError) and (sent_before or self.may_have_acted) and self._has_trusted_key():
            failure = Failure.REFUSED
        if not may_repeat(self.options.retry, request.idempotency, request.operation.method, failure):
            return False
        since_first = self.core.clock.monotonic() - self.first_sent
        return request.idempotency is not Idempotency.KEYED or since_first <= KEY_LIFETIME

    def _has_trusted_key(self) -> bool:
        return self.request.idempotency is Idempotency.KEYED and self.options.retry.trust_keys

    def _too_late(self, why: str) -> RequestTimeoutError:
        error = RequestTimeoutError(f"no answer within {self.options.timeout.total} s, {why}")
        error.outcome, error.failure = "not_sent", Failure.FINAL
        return error

    def _closed(self, outcome: Outcome) -> ClientClosedError:
        error = ClientClosedError("the client was closed during the call")
        error.outcome = worse(self.worst_outcome, outcome)
        return error

    def describe(self, error: TalonOneError) -> TalonOneError:
        """Add to an error what the call knows: the operation, the attempts, the key and the worst outcome."""
        error.about(self.request.operation)
        error.attempts = self.attempts
        error.idempotency_key = self.request.idempotency_key
        error.outcome = worse(self.worst_outcome, error.outcome)
        error.__context__ = None  # an error of aiohttp, or a cancellation, whose frames hold the key
        return error

    def response(self) -> Response[Any]:
        """Return the answer with its status, headers and body."""
        answer = cast("Answer", self.answer)
        return Response(
            data=self.data,
            status=answer.status,
            headers=CIMultiDict(answer.headers),  # unlike aiohttp's own, it can be pickled
            body=answer.body,
            attempts=self.attempts,
            elapsed=self.core.clock.monotonic() - self.started,
            idempotency_key=self.request.idempotency_key,
        )


def worse(first: Outcome, second: Outcome) -> Outcome:
    """Return the higher of two outcomes."""
    return first if RANKS.index(first) >= RANKS.index(second) else second


class SingleAttempts(Call):
    """A call that makes one attempt in each `run`. Its owner decides whether to run it again.

    `attempts`, `first_sent` and `worst_outcome` cover all runs. The owner moves `started` forward by the time between
    two runs that does not count against the deadline.
    """

    __slots__ = ()

    def _delay_after(self, error: TalonOneError) -> None:
        """Leave the decision to the owner."""
