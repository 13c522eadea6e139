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

from talon_async._messages import Failure, Idempotency

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from talon_async.config import RetryPolicy

KEY_LIFETIME = 23 * 3600.0
"""Seconds for which a repeated Idempotency-Key is sure to be remembered: the server keeps it for 24 hours."""


def may_repeat(policy: RetryPolicy, idempotency: Idempotency, method: str, failure: Failure) -> bool:
    """Tell whether sending the request again does no harm, whatever became of the attempt."""
    if failure is Failure.FINAL:
        return False
    if failure in (Failure.NOT_SENT, Failure.REFUSED):
        return True
    if idempotency is Idempotency.KEYED and not policy.trust_keys:
        idempotency = Idempotency.NAMED if method == "PUT" else Idempotency.NEVER
    if idempotency is Idempotency.NAMED:
        return policy.repeat_named and failure is Failure.UNKNOWN
    if idempotency is Idempotency.UNIQUE:
        return failure is Failure.UNKNOWN
    return idempotency is not Idempotency.NEVER


def retry_delay(  # noqa: PLR0913
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


_SECONDS = re.compile(r"[0-9]+", re.ASCII)
_LONGEST = 1e9
"""Seconds, thirty years: what a server asks for beyond that, such as the time of day since 1970, is told as this."""


def retry_after(text: str | None, now: datetime) -> float | None:
    """Read a Retry-After header, as seconds or as an HTTP date; anything else is ignored."""
    if text is None:
        return None
    if _SECONDS.fullmatch(text):
        return min(float(text), _LONGEST)
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
