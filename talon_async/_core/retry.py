"""Decides whether and when a failed call is repeated. Pure: it has no clock, no sleep and no randomness of its own.

1. The request was never sent, or was refused for now (429, too many parallel updates): any operation is repeated.
2. The outcome is unknown (connection lost, timeout, 5xx): SAFE and UNIQUE operations are repeated, and KEYED ones
   whose key is trusted. NAMED operations are repeated only on request, because rules may run twice. NEVER is not.
3. The server accepted the request and its answer is lost: as 2, but NAMED and UNIQUE operations are not repeated.
4. The wait is random below an exponential bound, at least as long as the server asks, and never past the deadline.
5. Every repetition takes from a budget that successes refill. This bounds the load on a failing server.
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
"""Seconds for which an Idempotency-Key is reused. The server remembers it for 24 hours; an hour is left as margin."""


def may_repeat(policy: RetryPolicy, idempotency: Idempotency, method: str, failure: Failure) -> bool:
    """Tell whether a request may be sent again after this failure."""
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
    """Return the seconds to wait after the given attempt (counted from 1), or None if there is no time left."""
    base = {409: policy.parallel_base, 429: policy.throttle_base}.get(status or 0, policy.base)
    wait = uniform(0, min(policy.cap, base * 2.0 ** min(attempt - 1, 60)))
    if retry_after is not None:
        if retry_after > policy.retry_after_cap:
            return None
        wait = max(wait, retry_after + uniform(0, retry_after / 10))
    return wait if wait < remaining else None


_SECONDS = re.compile(r"[0-9]+", re.ASCII)
_LONGEST = 1e9
"""Seconds (about 32 years). A longer Retry-After, such as a time in milliseconds, is read as this."""


def retry_after(text: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for, as a number or an HTTP date; None for any other text."""
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
    """Tokens that repetitions take and successes give back. All copies of a client share one budget."""

    capacity: float = 500.0
    cost: float = 5.0
    refund: float = 1.0
    tokens: float = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.tokens = self.capacity

    def take(self) -> bool:
        """Take the cost of one repetition; return False if the budget does not cover it."""
        if self.tokens < self.cost:
            return False
        self.tokens -= self.cost
        return True

    def give(self) -> None:
        """Refund tokens after a success."""
        if self.tokens < self.capacity:
            self.tokens = min(self.capacity, self.tokens + self.refund)
