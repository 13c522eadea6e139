"""Takes calls from the intake and sends them, as many at once and as often as the limits allow.

1. There is a worker for each call that may be under way. A worker takes a call and sends it. Calls that share an
   ordering key are sent one after the other, in the order of the source. A worker never waits while it has a call.
2. At most `buffer` calls are taken ahead. They wait for a key, for the gate, for another attempt, or for the reader of
   the results. Memory is therefore bounded, also during an outage.
3. The gate decides how many calls are sent. A failure counts against a call's attempts only if the gate is open, or if
   another call has succeeded since its last failure. Waiting counts neither against the deadline of a call nor against
   the client's retry budget.
4. A probe is a call that is safe to repeat, if there is one. Otherwise it is a dry run of a waiting call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from talon_async._core.limits import KeyedOrder
from talon_async._core.retry import retry_delay
from talon_async._messages import Idempotency
from talon_async.bulk.calls import dry_request
from talon_async.bulk.limits import Sign, sign_of
from talon_async.bulk.results import Report
from talon_async.bulk.runner.account import Account, Interruption
from talon_async.bulk.runner.failures import Failures
from talon_async.bulk.runner.gatekeeper import Gatekeeper
from talon_async.bulk.runner.intake import Intake, unexpected
from talon_async.bulk.runner.jobs import Job
from talon_async.bulk.runner.recorder import Recorder
from talon_async.errors import ConflictError, ParallelUpdateError, TalonOneError

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_async._core.call import SingleAttempts
    from talon_async._core.core import Core
    from talon_async.bulk.runner.account import Results
    from talon_async.bulk.runner.intake import Build
    from talon_async.bulk.runner.plan import Plan
    from talon_async.bulk.sources import Source
    from talon_async.config import Options


class Runner:
    """One run, from its source to its report."""

    def __init__(  # noqa: PLR0913  # the parts of a run
        self,
        core: Core,
        options: Options,
        client: type,
        *,
        source: Source,
        build: Build,
        plan: Plan,
        report: Report[Any] | None = None,
        results: Results | None = None,
        settled: Callable[[Job, Any], None] | None = None,
    ) -> None:
        self._core, self._options, self._client, self._clock = core, options, client, core.clock
        self.source: Source = source
        self._plan, self._settled, self._retry = plan, settled, plan.retry(options.retry)
        capacity = plan.width + plan.buffer
        self.account: Account = Account(report or Report(), core.clock, capacity, plan.progress, results)
        self.account.report.late_items = source.late_items
        self.account.ended = self._wake_all
        self._in_journal = Interruption(self.account, "the journal")
        self._intake = Intake(source, build, self.account, self._retry, client)
        self._failures = Failures(self.account, plan)
        self._keeper = Gatekeeper(plan, core.clock, self.account, self._wake)
        self._order: KeyedOrder[Job] = KeyedOrder()
        self._ready: deque[Job] = deque()
        self._idle: deque[asyncio.Future[None]] = deque()
        self._recorder = None if plan.journal is None else Recorder(plan.journal, self._intake, self._add, plan)
        self._marking: asyncio.Task[None] | None = None
        self._last_probe = -1
        self._task: asyncio.Task[Any] | None = None
        if results is not None:
            results.read = self._arrived

    async def run(self) -> Report[Any]:
        """Run until the source has ended and every call is settled, or until something ends the run."""
        self._task = asyncio.current_task()
        try:
            if self._recorder is not None:
                await self._open(self._recorder)
            self.source.start(self._arrived, self.account.has_room)
            async with asyncio.TaskGroup() as tasks:
                for _ in range(self._plan.width):
                    tasks.create_task(self._work())
                if self._recorder is not None:
                    tasks.create_task(self._keep_journal(self._recorder))
        finally:
            await self._end()
        return self.account.report

    @property
    def paused_until(self) -> float | None:
        """The time of the next probe, on the monotonic clock; None while there is no outage."""
        return self._keeper.paused_until

    def cancel(self) -> None:
        """End the run at once, and give up the calls under way. Call this on the event loop of the run."""
        if self._task is not None:
            self._task.cancel()

    def stop(self) -> None:
        """End the run in order: take and send no more calls, and wait for the calls under way."""
        self.account.finish()

    async def _end(self) -> None:
        """Settle all calls that were taken and are not settled."""
        account = self.account
        account.is_over = True
        self._keeper.close()
        if self._marking is not None:
            self._marking.cancel()
        for item in await self.source.close():
            self._intake.enroll(item)
        if (exit_by := self.source.exit_by) is not None:
            account.source_failed(exit_by)
        left = list(account.jobs.values())
        if self._recorder is not None:
            with Interruption(account, "the journal"):
                await self._recorder.close([job for job in left if not job.may_have_acted])
        for job in left:
            account.leave_over(job)
        self._tell(self._clock.monotonic(), at_last=True)

    # -- the journal

    async def _open(self, recorder: Recorder) -> None:
        journal = recorder.journal
        await journal.open(destination=self._plan.destination, trust_keys=self._options.retry.trust_keys)
        self._intake.next_index = journal.recorded
        if self._plan.after_failure == "hold":
            self.account.report.held_keys.update(await journal.failed_keys())

    async def _keep_journal(self, recorder: Recorder) -> None:
        """Resume, skip and record; then wake the workers, since no more calls come."""
        self._marking = asyncio.ensure_future(self._mark(recorder))
        with Interruption(self.account, "the journal"):
            await recorder.resume()
            await recorder.skip()
            await recorder.record(lambda: self.account.is_over or self._intake.ended)
        self._wake_all()

    async def _mark(self, recorder: Recorder) -> None:
        with Interruption(self.account, "the journal"):
            await recorder.mark(self._set_ready)

    async def _settle(self, recorder: Recorder, job: Job) -> None:
        with self._in_journal:
            await recorder.settle(job)

    def _add(self, job: Job) -> None:
        """Release a stored call for sending, behind the calls with its keys."""
        if job.problem is not None:
            if not self._failures.are_enough:  # otherwise the journal keeps it for the next run
                self._fail(job, job.problem)
        elif self._order.add(job):
            self._set_ready(job)

    # -- workers

    async def _work(self) -> None:
        """Take calls and send them, until the run is done."""
        account, keeper, monotonic = self.account, self._keeper, self._clock.monotonic
        gate, limiter = keeper.gate, keeper.limiter
        while not self._is_done():
            job = self._take()
            if job is None:
                if not self._is_done():  # it may have found the end of the source
                    await self._rest()
                continue
            call = job.call or job.make_call(self._core, self._options)
            begun = monotonic()
            call.started = begun - job.seconds
            job.generation, before = gate.generation, call.attempts
            try:
                await call.run()
            except asyncio.CancelledError:
                job.was_cut_off = call.attempts > before and call.may_have_acted
                raise
            except Exception as problem:  # noqa: BLE001  # an exception in one call must not affect the others
                limiter.release()
                self._failed(job, call, problem)
            else:
                now = monotonic()
                gate.succeeded(now, job.generation, now - begun, limiter.active)
                limiter.release()
                keeper.follow()
                if not job.is_dry:
                    account.succeeded(job, call.data, now)
                    self._free(job, call.data)
            if account.progress is not None:
                self._tell(monotonic())
            if self._recorder is not None and job.outcome is not None:
                await self._settle(self._recorder, job)
        self._wake_all()

    def _is_done(self) -> bool:
        account = self.account
        return account.is_over or (self._intake.ended and not account.jobs)

    async def _rest(self) -> None:
        """Wait until there is something to do."""
        waiter = asyncio.get_running_loop().create_future()
        self._idle.append(waiter)
        await waiter

    def _wake(self) -> None:
        while self._idle:
            waiter = self._idle.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def _wake_all(self) -> None:
        for _ in range(len(self._idle)):
            self._wake()
        if self._recorder is not None:
            self._recorder.wake()

    def _arrived(self) -> None:
        """Wake a worker, because the source has items or the reader of the results has made room."""
        self._intake.has_more = True
        if self._recorder is not None:
            self._recorder.wake()
        self._wake()

    # -- taking

    def _take(self) -> Job | None:
        """Return a call to send now; None if there is none."""
        keeper = self._keeper
        limiter = keeper.limiter
        if limiter.active >= limiter.limit:
            return self._take_probe() if keeper.probe_due else None
        if keeper.pacer is not None:
            if (
                not self._ready and (ahead := self._read()) is not None
            ):  # this also notices the end of the source at once
                self._ready.append(ahead)
            if self._ready and keeper.must_wait_for_pace():
                return None
        job = self._next()
        if job is None:
            return None
        limiter.take()
        if keeper.pacer is not None:
            keeper.plan_next()
        if job.may_leave and self._recorder is not None:
            self._recorder.left(job)
        if self._idle and limiter.active < limiter.limit and (self._ready or self._intake.has_more):
            self._wake()
        return job

    def _next(self) -> Job | None:
        """Return the next call that waits for no other call and whose keys are not held."""
        held = self.account.report.held_keys
        while (job := self._ready.popleft() if self._ready else self._read()) is not None:
            if not (held and self._failures.holds(job)):
                return job
            self._free(job, None)
        return None

    def _read(self) -> Job | None:
        """Take calls from the source until one is the first of its keys."""
        if self._recorder is not None:
            return None  # the recorder reads the source, and adds stored calls
        while self.account.has_room() and (job := self._intake.read_one()) is not None:
            if job.problem is not None:
                self._fail(job, job.problem)
                self._tell(self._clock.monotonic())
                asyncio.get_running_loop().call_soon(self._wake)  # other tasks run in between, even if every item fails
                return None
            if self._order.add(job):
                return job
        return None

    def _set_ready(self, job: Job) -> None:
        if self._recorder is not None and job.must_be_marked and not job.may_leave:
            self._recorder.mark_soon(job)
            return
        self._ready.append(job)
        self._wake()

    # -- failures

    def _failed(self, job: Job, call: SingleAttempts, problem: Exception) -> None:
        """Handle a failed attempt: settle the call, or have it sent again."""
        now = self._clock.monotonic()
        error = problem if isinstance(problem, TalonOneError) else call.describe(unexpected(problem, "unknown"))
        job.seconds = now - call.started
        sign = sign_of(error)
        self._keeper.refused(job, sign, error, now)
        if sign is Sign.FATAL:
            self.account.stop(error)
        if job.is_dry:
            return
        sent_before = job.may_be_known or self._plan.sent_before
        if sign is Sign.FATAL:
            if self._failures.give_back(job, error):
                self._free(job, None)
        elif self._was_recorded_before(call, error, sent_before=sent_before):
            self.account.succeeded(job, None, now)
            self._free(job, None)
        elif error is not problem or not call.may_repeat(error, sent_before=sent_before) or self._is_spent(job, sign):
            self._fail(job, error)
        elif not self.account.is_over:
            self._again(job, sign, error)

    @staticmethod
    def _was_recorded_before(call: SingleAttempts, error: TalonOneError, *, sent_before: bool) -> bool:
        """Tell whether a 409 means that an earlier attempt, whose answer was lost, has created the thing."""
        is_second = sent_before or call.may_have_acted
        is_taken = isinstance(error, ConflictError) and not isinstance(error, ParallelUpdateError)
        return is_second and is_taken and call.request.idempotency is Idempotency.UNIQUE

    def _is_spent(self, job: Job, sign: Sign) -> bool:
        """Count a failure if the call itself caused it; tell whether the call has no attempts left."""
        gate = self._keeper.gate
        if sign is not Sign.DESCRIPTORS and (gate.is_open or 0 <= job.successes < gate.successes):
            job.spent += 1
        job.successes = gate.successes
        return job.spent >= self._options.retry.attempts

    def _again(self, job: Job, sign: Sign, error: TalonOneError) -> None:
        """Have a call sent again, when the gate opens or after a pause."""
        keeper = self._keeper
        if keeper.waits_too_long(error):
            return
        if not keeper.gate.is_open or sign is Sign.DESCRIPTORS:
            self._ready.appendleft(job)
            self._wake()
            return
        pause = retry_delay(
            self._retry,
            max(1, job.spent),
            status=error.status,
            retry_after=error.retry_after,
            remaining=float("inf"),
            uniform=self._clock.uniform,
        )
        keeper.later(pause or 0.0, lambda: self._come_back(job))

    def _come_back(self, job: Job) -> None:
        self._ready.append(job)
        self._wake()

    def _fail(self, job: Job, error: TalonOneError) -> None:
        """Settle a call that failed, or may have."""
        self._failures.add(job, error)
        if job.problem is None:
            self._free(job, None)

    def _free(self, job: Job, data: Any) -> None:
        """Release the calls that waited for this one."""
        if self._recorder is not None:
            self._recorder.freed(job)
        for following in self._order.remove(job):
            self._set_ready(following)
        if self._settled is not None:
            self._settled(job, data)

    # -- probes

    def _take_probe(self) -> Job | None:
        """Return the call that checks whether the server works again; not the same as the last time, if possible."""
        job = self._choose_probe()
        if job is None:
            return None
        self._keeper.probe_due, self._last_probe = False, job.sequence
        self._keeper.limiter.take()
        if not job.repeatable and (request := dry_request(job.request, self._client)) is not None:
            probe = Job(job.index, None, request, (), self._retry)
            probe.is_dry = True
            return probe
        self._ready.remove(job)
        if self._recorder is not None:
            self._recorder.left(job)
        return job

    def _choose_probe(self) -> Job | None:
        candidates = sorted(self._ready, key=lambda job: (job.sequence == self._last_probe, not job.repeatable))
        if candidates and candidates[0].sequence != self._last_probe:
            return candidates[0]
        if (another := self._read()) is not None:
            self._ready.append(another)
            return another
        return candidates[0] if candidates else None

    def _tell(self, now: float, *, at_last: bool = False) -> None:
        keeper = self._keeper
        paused, limit = keeper.paused(now), keeper.gate.limit()
        self.account.tell(now, under_way=keeper.limiter.active, limit=limit, paused=paused, at_last=at_last)
