"""When to try again, and after how long. Pure: no clock, no sleep, no randomness of its own.

1. Never sent, or refused for now (429, too many parallel updates): repeat any operation.
2. Unknown (lost, timed out, 5xx): repeat what is safe, carries a trusted key, or is refused the second time; what is
   named by the client only on request, because rules may run twice; never anything else.
3. Accepted with the answer lost: the same, but never what is only named by the client or refused the second time.
4. Wait a random time below an exponential bound; at least as long as the server asks; never past the deadline.
5. Every repetition takes from a budget that successes refill, so that a failing server is not stormed.
6. A key is not used again when the server may have forgotten it.
"""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import attrs

from talon_async._messages import Failure, Repeat
from talon_async.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

KEY_LIFETIME = 23 * 3600.0
"""Seconds for which a repeated Idempotency-Key is sure to be remembered: the server keeps it for 24 hours."""


def _not_negative(_: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not 0 <= value < float("inf"):
        raise ConfigurationError(f"RetryPolicy.{attribute.name} must be a number of 0 or more, not {value!r}")


def _at_least_one(_: object, attribute: attrs.Attribute[int], value: int) -> None:
    if value < 1:
        raise ConfigurationError(f"RetryPolicy.{attribute.name} must be 1 or more, not {value!r}")


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """When a failed call is repeated.

    Attributes:
        attempts: how often a request goes out at most, the first time included. 1 turns repetition off.
        base: seconds; the n-th wait is random below `base * 2**n`.
        parallel_base: the same after a refusal because of parallel updates.
        throttle_base: the same after a 429 that names no time.
        cap: no wait is longer, unless the server asks for it.
        retry_after_cap: seconds; a server that asks for a longer wait gets an error instead.
        trust_keys: whether a repeated Idempotency-Key is known not to act twice. Deployments older than 26.15 ignore
            the header: with `False` it is still sent, but a write is then repeated as if it had none.
        repeat_named: also repeat writes under an ID of the client's choice after an unknown outcome, although rules
            may then run twice.
    """

    attempts: int = attrs.field(default=4, validator=_at_least_one)
    base: float = attrs.field(default=0.25, validator=_not_negative)
    parallel_base: float = attrs.field(default=0.1, validator=_not_negative)
    throttle_base: float = attrs.field(default=1.0, validator=_not_negative)
    cap: float = attrs.field(default=10.0, validator=_not_negative)
    retry_after_cap: float = attrs.field(default=60.0, validator=_not_negative)
    trust_keys: bool = True
    repeat_named: bool = False

    @classmethod
    def off(cls) -> RetryPolicy:
        """Never repeat anything."""
        return cls(attempts=1)


def may_repeat(policy: RetryPolicy, repeat: Repeat, method: str, failure: Failure) -> bool:
    """Tell whether repeating can do no harm, whatever became of the attempt."""
    if failure is Failure.FINAL:
        return False
    if failure in (Failure.NOT_SENT, Failure.REFUSED):
        return True
    if repeat is Repeat.KEYED and not policy.trust_keys:
        repeat = Repeat.NAMED if method == "PUT" else Repeat.NEVER
    if repeat is Repeat.NAMED:
        return policy.repeat_named and failure is Failure.UNKNOWN
    if repeat is Repeat.UNIQUE:
        return failure is Failure.UNKNOWN
    return repeat is not Repeat.NEVER


def wait_before(  # noqa: PLR0913
    policy: RetryPolicy,
    attempt: int,
    *,
    status: int | None,
    retry_after: float | None,
    remaining: float,
    uniform: Callable[[float, float], float],
) -> float | None:
    """Return the seconds to wait after the given attempt (counted from 1), or None when there is no time left."""
    base = {409: policy.parallel_base, 429: policy.throttle_base}.get(status or 0, policy.base)
    wait = uniform(0, min(policy.cap, base * 2.0 ** min(attempt - 1, 60)))
    if retry_after is not None:
        if retry_after > policy.retry_after_cap:
            return None
        wait = max(wait, retry_after + uniform(0, retry_after / 10))
    return wait if wait < remaining else None


_SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)


def retry_after(text: str | None, now: datetime) -> float | None:
    """Read a Retry-After header: seconds or an HTTP date; anything else says nothing."""
    if text is None:
        return None
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        date = parsedate_to_datetime(text)
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0.0, (date - now).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


@attrs.define
class Budget:
    """Tokens that repetitions take and successes give back; shared by all clones of a client."""

    capacity: float = 500.0
    cost: float = 5.0
    refund: float = 1.0
    tokens: float = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.tokens = self.capacity

    def take(self) -> bool:
        """Take one repetition's worth, if there is enough."""
        if self.tokens < self.cost:
            return False
        self.tokens -= self.cost
        return True

    def give(self) -> None:
        """Give back after a success."""
        if self.tokens < self.capacity:
            self.tokens = min(self.capacity, self.tokens + self.refund)
