"""How fast many calls may go: the gate, the concurrency, the pace. Pure: times are told, nothing waits here.

What a refusal says decides what follows:

1. A 429 while others get through means "too much at once": the limit becomes what is under way.
2. The gate closes at once when no connection can be made; when nothing has succeeded for max(50 ms, 3 round trips) of
   429, or after as many 429 in a row as the limit was; after three 503 in a row with `Retry-After` or five without;
   after 500, timeouts and lost connections of five ordering keys in a row. Any answer that the server means resets it.
3. Too few descriptors: the limit becomes what is under way.
4. A closed gate pauses 50 ms, doubling to 1 s, or the server's `Retry-After` once for all. Then one probe goes. Answers
   to what was sent before the closing do not open it. After a success the limit begins with a sixteenth.
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
"""So many 503 in a row close the gate; fewer when they say how long it will take."""
KEYS_IN_TROUBLE = 5
"""So many ordering keys, none with a success in between, mean that the trouble is not that of one profile."""
HOLD = 1.0
"""Seconds for which a limit that the server has taught is kept before more is tried."""
RAMP = 16


class Sign(Enum):
    """What a failed attempt says about the server."""

    WORKS = "it answered, and meant this call"
    THROTTLED = "too much at once"
    UNAVAILABLE = "away for a while"
    TROUBLE = "failed, timed out or lost: of this call or of all"
    UNREACHABLE = "no connection"
    DESCRIPTORS = "this process, or this machine, has no descriptors left"
    FATAL = "no other call can succeed"
    NONE = "nothing"


def sign_of(error: TalonOneError) -> Sign:  # noqa: PLR0911  # one line for each
    """Return what an error says about the server."""
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
    """How many calls may be under way: at most `most`; as few as the server has taught for a while.

    A refusal makes the limit what is under way. That is held for a second; then 1, 2, 4 more are tried, each for one
    round of calls, until the next refusal. More is tried only while all of the limit is used. After a closing the limit
    is a sixteenth, and one more after each success.
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
        """Count a success that took so long, while so many calls were under way, it included."""
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
        """Make the limit what is under way besides the refused call."""
        self.limit = self.ceiling = max(1, min(self.limit, active))
        self._hold_until, self._step, self._round, self._ramping = now + HOLD, 1, 0, False

    def was_not_too_much(self, limit: int) -> None:
        """Take back what refusals have taught, down from this limit: the server took nothing at all."""
        self.ceiling = max(self.ceiling, limit)

    def ramp(self) -> None:
        """Begin with a sixteenth."""
        self.limit = max(1, min(self.ceiling, self.most // RAMP))
        self._ramping = self.limit < self.ceiling


class AdaptiveConcurrency(Concurrency):
    """Finds the limit by round trips, with the algorithm of TCP Vegas.

    As in Netflix' concurrency-limits (`VegasLimit`): of `limit` calls under way, those that wait in the server's queue
    are estimated from the shortest round trip and the present one; fewer than three of them let the limit grow, more
    than six let it shrink, both counted by the logarithm of the limit. A limit that is not used does not grow.
    See L. Brakmo, L. Peterson: TCP Vegas, IEEE JSAC 13(8), 1995, and https://github.com/Netflix/concurrency-limits.
    """

    limit: int

    ALPHA, BETA = 3, 6
    FORGET = 30
    """Rounds after which the shortest round trip is measured anew: the way to the server may have changed."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.limit = min(most, RAMP)
        self._shortest = math.inf
        self._sum, self._count, self._busiest, self._rounds = 0.0, 0, 0, 0

    def succeeded(self, now: float, seconds: float, active: int, /) -> None:
        """Learn from a round trip, too."""
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
    """Open while the server takes calls; closed when all would only be refused.

    Attributes:
        concurrency: how many may be under way while it is open.
        generation: counts the closings; a call is sent in one, and its end is reported with it.
        successes: answers so far that show that the server works.
        closed_at: when it was closed; the first refusal counts.
        until: when the next probe may go.
        paused: seconds for which it was closed, without the present closing.
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
        """How many calls may be under way now, probes apart."""
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

    def refused(  # noqa: PLR0913  # what is known of a refusal
        self, now: float, generation: int, sign: Sign, *, key: str, retry_after: float | None, active: int
    ) -> None:
        """Count a refusal by sign, ordering key and what the server asks for; `active` others are under way."""
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
    """Spaces calls evenly: a given number a second, without bursts.

    At most 50 ms of debt is caught up, and no gap is below three quarters of the interval, so a pause is not followed
    by a burst. Intervals below 2 ms are finer than timers are; there calls that are due together go together.
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
        """Plan the next call after one that goes now."""
        begun = now if self._ideal == -math.inf else max(self._ideal, now - self.DEBT)
        self._ideal = begun + self.interval
        self.due = max(self._ideal, now + self._least)
