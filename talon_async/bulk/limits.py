"""Decides how fast many calls are sent: the gate, the concurrency, the pace. Pure: callers pass the time.

1. A 429 while other calls succeed means that too many calls are under way. The limit becomes their present number.
2. The gate closes
   - if no connection can be made,
   - after max(50 ms, 3 round trips) with 429 and no success, or after as many 429 in a row as the limit was,
   - after three 503 in a row with `Retry-After`, or five without,
   - after 500s, timeouts and lost connections for five ordering keys in a row.
   Any other answer of the server resets these counts.
3. If the process has no file descriptors left, the limit becomes the number of calls under way.
4. A closed gate pauses for 50 ms, doubling up to 1 s, or for the server's `Retry-After`. Then one probe is sent.
   Answers to calls that were sent before the closing do not open the gate. It opens with a sixteenth of the limit.
"""

from __future__ import annotations

import errno
import math
from enum import Enum
from typing import TYPE_CHECKING

import attrs

from talon_async._messages import Failure
from talon_async.errors import (
    AuthenticationError,
    ClientClosedError,
    ConnectError,
    NoAnswerError,
    RateLimitError,
    ServerError,
)

if TYPE_CHECKING:
    from talon_async.errors import TalonOneError

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
UNAVAILABLE = 503
IN_A_ROW, IN_A_ROW_WITH_TIME = 5, 3
"""The number of 503 in a row that closes the gate, without and with `Retry-After`."""
KEYS_IN_TROUBLE = 5
"""The number of ordering keys with failures, without a success in between, that closes the gate."""
HOLD = 1.0
"""Seconds for which a limit is kept after a refusal before a higher one is tried."""
RAMP = 16


class Sign(Enum):
    """The meaning of a failed attempt for the server's state."""

    WORKS = "works: the answer concerns this call"
    THROTTLED = "too many calls at once"
    UNAVAILABLE = "temporarily unavailable"
    TROUBLE = "failed, timed out or connection lost, for this call or for all"
    UNREACHABLE = "no connection"
    DESCRIPTORS = "this process or machine has no file descriptors left"
    FATAL = "no other call can succeed"
    NONE = "unknown"


def sign_of(error: TalonOneError) -> Sign:  # noqa: PLR0911  # one line for each
    """Return the meaning of an error for the server's state."""
    match error:
        case AuthenticationError() | ClientClosedError():
            return Sign.FATAL
        case RateLimitError():
            return Sign.THROTTLED
        case ServerError():
            return Sign.UNAVAILABLE if error.status == UNAVAILABLE else Sign.TROUBLE
        case ConnectError():
            if error.failure is Failure.FINAL:  # such as a certificate that is not valid
                return Sign.FATAL
            return Sign.DESCRIPTORS if error.errno in (errno.EMFILE, errno.ENFILE) else Sign.UNREACHABLE
        case NoAnswerError():
            return Sign.TROUBLE if error.failure is Failure.UNKNOWN else Sign.NONE
        case _:
            return Sign.WORKS if error.status is not None else Sign.NONE


class Concurrency:
    """Limits the number of calls under way, to at most `most`.

    A refusal sets the limit to the number of calls under way. The limit is kept for a second, then raised by 1, 2, 4
    and so on, each for one round of calls, until the next refusal. It is raised only while it is fully used. After the
    gate was closed, the limit starts at a sixteenth and grows by one with each success.
    """

    limit: int
    ceiling: int
    round_trip: float

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = self.ceiling = most
        self.round_trip = 0.0
        self._hold_until, self._step, self._round = 0.0, 1, 0
        self._ramping = False

    def succeeded(self, now: float, seconds: float, _active: int, /) -> None:
        """Count a success that took `seconds`, with the number of calls under way, including this one."""
        trip = self.round_trip
        self.round_trip = seconds if not trip else trip + (seconds - trip) / 8
        if self._ramping:
            self.limit += 1
            if self.limit >= self.ceiling:
                self._ramping, self.limit = False, self.ceiling
        elif self.limit >= self.ceiling < self.most and now >= self._hold_until:
            self._grow()

    def _grow(self) -> None:
        self._round += 1
        if self._round >= self.ceiling:
            self.limit = self.ceiling = min(self.most, self.ceiling + self._step)
            self._step, self._round = 2 * self._step, 0

    def refused(self, now: float, active: int) -> None:
        """Set the limit to the number of other calls under way."""
        self.limit = self.ceiling = max(1, min(self.limit, active))
        self._hold_until, self._step, self._round, self._ramping = now + HOLD, 1, 0, False

    def was_not_too_much(self, limit: int) -> None:
        """Restore the limit that held before the refusals, since the server refused every call."""
        self.ceiling = max(self.ceiling, limit)

    def ramp(self) -> None:
        """Start again with a sixteenth of `most`."""
        self.limit = max(1, min(self.ceiling, self.most // RAMP))
        self._ramping = self.limit < self.ceiling


class AdaptiveConcurrency(Concurrency):
    """Finds the limit from round-trip times, with the algorithm of TCP Vegas.

    It follows `VegasLimit` of Netflix' concurrency-limits. From the shortest and the present round trip it estimates
    how many of the `limit` calls under way wait in the server's queue. The limit grows if fewer than three wait, and
    shrinks if more than six wait; both numbers are multiplied by the decimal logarithm of the limit. A limit that is
    not used does not grow.
    See L. Brakmo, L. Peterson: TCP Vegas, IEEE JSAC 13(8), 1995, and https://github.com/Netflix/concurrency-limits.
    """

    limit: int

    ALPHA, BETA = 3, 6
    FORGET = 30
    """Rounds after which the shortest round trip is measured again, since the route to the server may have changed."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.limit = min(most, RAMP)
        self._shortest = math.inf
        self._sum, self._count, self._busiest, self._rounds = 0.0, 0, 0, 0

    def succeeded(self, now: float, seconds: float, active: int, /) -> None:
        """Count a success, and adapt the limit to its round trip."""
        super().succeeded(now, seconds, active)
        self._sum += seconds
        self._count += 1
        self._busiest = max(self._busiest, active)
        self._shortest = min(self._shortest, seconds)
        if self._count < self.limit:
            return
        mean, busiest = self._sum / self._count, self._busiest
        self._sum, self._count, self._busiest = 0.0, 0, 0
        self._rounds += 1
        if not self._ramping and 2 * busiest >= self.limit:
            queued = self.limit * (1 - self._shortest / mean) if mean else 0.0
            self.limit = max(1, min(self.ceiling, self.limit + self._change(queued)))
        if self._rounds >= self.FORGET:
            self._rounds, self._shortest = 0, math.inf

    def _change(self, queued: float) -> int:
        scale = max(1, round(math.log10(self.limit)))
        if queued <= scale:
            return self.BETA * scale
        if queued < self.ALPHA * scale:
            return scale
        return -scale if queued > self.BETA * scale else 0


@attrs.define(eq=False)
class Gate:
    """Open while the server accepts calls; closed during an outage.

    Attributes:
        concurrency: the limit of calls under way while the gate is open.
        generation: the number of closings so far. Each call reports its end with the generation in which it was sent.
        successes: the number of answers that show that the server works.
        closed_at: the time of the first refusal that led to the closing.
        until: the time at which the next probe may be sent.
        paused: the seconds for which the gate was closed, without the present closing.
    """

    concurrency: Concurrency
    is_open: bool = True
    generation: int = 0
    successes: int = 0
    closed_at: float = 0.0
    until: float = 0.0
    paused: float = 0.0
    _pause: float = FIRST_PAUSE
    _refused_since: float | None = None
    _throttled: int = 0
    _throttled_limit: int = 0
    _unavailable: int = 0
    _unavailable_with_time: int = 0
    _troubled: set[str] = attrs.field(factory=set[str])

    def limit(self) -> int:
        """Return how many calls may be under way now, without probes."""
        return self.concurrency.limit if self.is_open else 0

    def succeeded(self, now: float, generation: int, seconds: float, active: int) -> None:
        """Count a success, or an answer that shows that the server works."""
        self.successes += 1
        if self.is_open:
            self.concurrency.succeeded(now, seconds, active)
            if self._refused_since is not None:
                self._reset()
        elif generation == self.generation:
            self.is_open = True
            self.paused += now - self.closed_at
            self._reset()
            self.concurrency.ramp()

    def refused(  # noqa: PLR0913  # all parts of a refusal
        self, now: float, generation: int, sign: Sign, *, key: str, retry_after: float | None, active: int
    ) -> None:
        """Count a refusal. `retry_after` is in seconds; `active` is the number of other calls under way."""
        if self.is_open:
            if self._refused_since is None:
                self._refused_since = now
                self._throttled_limit = self.concurrency.limit
            if self._closes(now, sign, key, retry_after, active):
                self.is_open, self.generation, self.closed_at = False, self.generation + 1, self._refused_since
                self._pause = FIRST_PAUSE
                self.until = now + (self._pause if retry_after is None else retry_after)
        elif generation == self.generation:  # a probe
            self._pause = min(LONGEST_PAUSE, 2 * self._pause)
            self.until = now + (self._pause if retry_after is None else retry_after)

    def _closes(self, now: float, sign: Sign, key: str, retry_after: float | None, active: int) -> bool:
        match sign:
            case Sign.THROTTLED:
                self._throttled += 1
                long = now - (self._refused_since or now) >= max(FIRST_PAUSE, 3 * self.concurrency.round_trip)
                if self._throttled >= self._throttled_limit or long:
                    self.concurrency.was_not_too_much(self._throttled_limit)
                    return True
                self.concurrency.refused(now, active)
            case Sign.UNAVAILABLE:
                self._unavailable += 1
                self._unavailable_with_time += retry_after is not None
                return self._unavailable >= IN_A_ROW or self._unavailable_with_time >= IN_A_ROW_WITH_TIME
            case Sign.TROUBLE:
                self._troubled.add(key)
                return len(self._troubled) >= KEYS_IN_TROUBLE
            case Sign.DESCRIPTORS:
                if not active:
                    return True
                self.concurrency.refused(now, active)
            case _:
                return sign is Sign.UNREACHABLE
        return False

    def _reset(self) -> None:
        self._refused_since = None
        self._throttled = self._unavailable = self._unavailable_with_time = 0
        self._troubled.clear()


class Pacer:
    """Spaces calls evenly: `rate` calls a second, without bursts.

    After a delay at most 50 ms of calls are caught up, and no gap is shorter than three quarters of the interval, so a
    pause is not followed by a burst. Timers are too coarse for intervals below 2 ms: there the calls that are due at
    the same time are sent together.
    """

    interval: float
    due: float

    DEBT = 0.05
    FINEST = 0.002

    def __init__(self, rate: float) -> None:
        self.interval = 1 / rate
        self._least = 0.75 * self.interval if self.interval >= self.FINEST else 0.0
        self._ideal = -math.inf
        self.due = -math.inf

    def sent(self, now: float) -> None:
        """Note a call that is sent now, and set `due` for the next call."""
        begun = now if self._ideal == -math.inf else max(self._ideal, now - self.DEBT)
        self._ideal = begun + self.interval
        self.due = max(self._ideal, now + self._least)
