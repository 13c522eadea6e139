"""Lets calls through, as many as the gate allows and at the requested rate, and plans probes during an outage."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from talon_async._core.limits import Limiter
from talon_async.bulk.limits import Gate, Pacer, Sign
from talon_async.errors import TalonOneError

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_async._clock import Clock
    from talon_async.bulk.runner.account import Account
    from talon_async.bulk.runner.jobs import Job
    from talon_async.bulk.runner.plan import Plan


TIMERS_ARE_LATE = 0.0004
"""Seconds by which a call may be sent early, because timers round up to whole milliseconds."""


class Gatekeeper:
    """Holds the gate, the limiter and the pacer of a run, and the timers that they need.

    Attributes:
        gate: decides whether calls are sent at all.
        limiter: counts the calls under way. Its limit is the one of the gate, which is 0 while the gate is closed.
        probe_due: whether a probe may be sent now.
    """

    gate: Gate
    limiter: Limiter
    pacer: Pacer | None
    probe_due: bool

    def __init__(self, plan: Plan, clock: Clock, account: Account, wake: Callable[[], None]) -> None:
        self._plan, self._clock, self._account, self._wake = plan, clock, account, wake
        self.gate = Gate(plan.new_concurrency())
        self.limiter = Limiter(self.gate.limit())
        self.pacer = None if plan.rate is None else Pacer(plan.rate)
        self.probe_due = False
        self._pace_planned = False
        self._timers: set[asyncio.Future[None]] = set()
        self._last_refusal: TalonOneError | None = None

    def later(self, seconds: float, do: Callable[[], object]) -> None:
        """Call a function after so many seconds, unless the run ends before."""

        async def wait() -> None:
            await self._clock.sleep(seconds)
            do()

        timer = asyncio.ensure_future(wait())
        self._timers.add(timer)
        timer.add_done_callback(self._timers.discard)

    def close(self) -> None:
        """Cancel all timers."""
        for timer in self._timers:
            timer.cancel()

    # -- the pace

    def must_wait_for_pace(self) -> bool:
        """Tell whether the next call must wait. If so, a worker is woken when the call may be sent."""
        pacer = self.pacer
        if pacer is None or (seconds := pacer.due - TIMERS_ARE_LATE - self._clock.monotonic()) <= 0:
            return False
        if not self._pace_planned:
            self._pace_planned = True
            self.later(seconds, self._pace)
        return True

    def _pace(self) -> None:
        self._pace_planned = False
        self._wake()

    def plan_next(self) -> None:
        """Note that a call is sent now, which sets the time of the next call."""
        if self.pacer is not None:
            self.pacer.sent(self._clock.monotonic())

    # -- the gate

    @property
    def patience(self) -> float:
        """Seconds without success after which the run stops."""
        return self._plan.patience_after_success if self.gate.successes else self._plan.patience

    def follow(self) -> None:
        """Give the limiter the limit of the gate."""
        limiter, limit = self.limiter, self.gate.limit()
        if limiter.limit != limit:
            limiter.change(limit)
            if limiter.active < limit:
                self._wake()

    def refused(self, job: Job, sign: Sign, error: TalonOneError, now: float) -> None:
        """Tell the gate of a failed attempt."""
        gate, active = self.gate, self.limiter.active
        was_open, is_of_now = gate.is_open, job.generation == gate.generation
        if sign is Sign.WORKS:
            gate.succeeded(now, job.generation, gate.concurrency.round_trip, active + 1)
        elif sign not in (Sign.NONE, Sign.FATAL):
            self._last_refusal = error
            gate.refused(now, job.generation, sign, key=job.trouble_key, retry_after=error.retry_after, active=active)
        if not gate.is_open and (was_open or is_of_now):
            self._plan_probe(now)
        self.follow()

    def _plan_probe(self, now: float) -> None:
        """Plan the next probe, or stop the run when its patience ends before."""
        gate = self.gate
        if (last := self._last_refusal) is not None and self.waits_too_long(last):
            return
        if gate.until - now > self.patience:
            self._give_up()
            return
        self.later(max(0.0, min(gate.until, gate.closed_at + self.patience) - now), self._probe)

    def waits_too_long(self, error: TalonOneError) -> bool:
        """Tell whether the server asks for a longer wait than `patience`; stop the run if so."""
        retry_after = error.retry_after
        if retry_after is None or retry_after <= self.patience:
            return False
        self._stop(f"the server asks to wait {retry_after:,.0f} s, more than patience={self.patience:,.0f}", error)
        return True

    def _stop(self, message: str, last: TalonOneError | None) -> None:
        error = TalonOneError(message)
        if last is not None:
            error.status, error.retry_after = last.status, last.retry_after
        self._account.stop(error)

    def _probe(self) -> None:
        gate, now = self.gate, self._clock.monotonic()
        if gate.is_open or self._account.is_over:
            return
        if now - gate.closed_at >= self.patience:
            self._give_up()
            return
        self.probe_due = True
        self._wake()

    def _give_up(self) -> None:
        last = self._last_refusal
        self._stop(f"the server accepts no calls, and the run waits no longer (patience); last error: {last}", last)

    @property
    def paused_until(self) -> float | None:
        """The time of the next probe; None while the gate is open."""
        return None if self.gate.is_open else self.gate.until

    def paused(self, now: float) -> float:
        """Return the seconds for which the gate was closed so far."""
        gate = self.gate
        return gate.paused if gate.is_open else gate.paused + now - gate.closed_at
