"""Divides calls among the workers of a Dask cluster, and counts the results.

1. Calls of one profile are in one partition, and a partition has one block under way at a time, so the calls keep their
   order. The next block goes when the result of the block before it has arrived. Counted calls are never sent again.
2. When a worker dies, Dask sends all calls of its blocks again. Each call has a key that is derived from the job and
   the item, so the server acts once. The same holds if the whole job is run again within 23 hours.
3. At most `parallel` blocks are under way. Each block sends `rate / parallel` calls a second at most.
4. At most two blocks of calls for each partition wait in the caller's process.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any, TypedDict

from talon_async.bulk.calls import PreparedCall, WrongItemError, is_safe_to_send_again
from talon_async.bulk.dask.cluster import Cluster
from talon_async.bulk.dask.partitions import Partitions, keyed
from talon_async.bulk.dask.worker import close_client, send_block
from talon_async.bulk.results import Failure, Report
from talon_async.bulk.runner import values
from talon_async.bulk.sources import END, Caught, checked_iterable
from talon_async.errors import BulkInterruptedError, InvalidArgumentError, TalonOneError, check_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Unpack

    from distributed import Client

    from talon_async.bulk.dask.cluster import Future
    from talon_async.bulk.dask.partitions import Numbered
    from talon_async.bulk.dask.worker import BlockingTalon, BlockResult
    from talon_async.bulk.results import FailureOutcome, Snapshot
    from talon_async.bulk.runner import PacingOptions


class DistributeOptions(TypedDict, total=False):
    """The options of `distribute`.

    Attributes:
        parallel: the number of blocks under way at once. The default is the number of workers at the beginning.
        partitions: the number of partitions that the profiles are divided into; four times `parallel` by default.
        block: the number of calls in a block, which a worker gets at a time; 1,000 by default. All calls of a block are
            sent again if its worker dies.
        allow_unrepeatable: accept calls that act twice if they are sent twice, such as events of V1. They are refused
            by default.
        concurrency: the number of calls under way in one block, 64 by default, or `"auto"`.
        rate: the highest number of calls a second of all workers together. Each worker spaces its calls evenly.
        patience: seconds without any success after which a block, and with it the whole run, stops; 300 by default.
        max_failures: the number of failed calls after which the run stops; 10,000 by default.
        progress: called with a `Snapshot` after each block, on the caller's thread. An exception in it ends the run.
    """

    parallel: int
    partitions: int
    block: int
    allow_unrepeatable: bool
    concurrency: Any
    rate: float | None
    patience: float | None
    max_failures: int
    progress: Callable[[Snapshot], object] | None


def distribute(
    cluster: Client,
    calls: Iterable[PreparedCall[Any]],
    connect: Callable[[], BlockingTalon],
    job: str,
    **options: Unpack[DistributeOptions],
) -> Report[PreparedCall[Any]]:
    """Send many prepared calls from the workers of a Dask cluster.

    Each worker sends its calls as `bulk` does, and waits through outages of the server. Calls of one profile are sent
    in the order of `calls`; so are calls of one session that name no profile.

    Args:
        cluster: a Dask client, not an asynchronous one.
        calls: the calls, from any iterable. The iterable is read in the caller's process, no faster than calls are
            sent.
        connect: a function that makes the client of a worker, such as `TalonOneSync.from_env` or a
            `functools.partial`. The function is pickled together with any API key that it holds; `from_env` reads the
            worker's own environment instead.
        job: a name for this job. The idempotency key of a call is derived from the name, the place and the content of
            the call, unless its caller chose a key. Each call therefore acts once, even if the same job is run again
            with the same calls within 23 hours.
        **options: see `DistributeOptions`.

    Returns:
        The counts, and every call that did not succeed. `stopped_by` says why the run stopped before the last call, or
        is None.

    Raises:
        InvalidArgumentError: an option is invalid. Nothing was sent.
        BulkInterruptedError: `calls` raised, or a worker could not send at all. Its `report` is the report. An
            exception of `progress` is raised as it is, with the same attribute. The calls of blocks under way are
            `unknown`.
    """
    check_words("DistributeOptions", options, DistributeOptions.__annotations__)
    workers = Cluster(cluster)
    if workers.is_asynchronous:
        raise InvalidArgumentError("cluster must be an ordinary Dask client, not an asynchronous one")
    if not job:
        raise InvalidArgumentError("job must not be empty, as idempotency keys are derived from it")
    return Driver(workers, connect, job, options).run(iter(checked_iterable(calls, "calls")))


class Driver:
    """Sends the calls of one job."""

    def __init__(
        self, cluster: Cluster, connect: Callable[[], BlockingTalon], job: str, options: DistributeOptions
    ) -> None:
        self._cluster, self._connect, self._job = cluster, connect, job
        self._run_id = uuid.uuid4().hex
        values.check_pacing(options)
        values.function("connect", connect)
        self._parallel = values.whole("parallel", options.get("parallel"), 1, max(1, cluster.size()))
        count = values.whole("partitions", options.get("partitions"), 1, 4 * self._parallel)
        self._block = values.whole("block", options.get("block"), 1, 1000)
        self._max_failures = values.whole("max_failures", options.get("max_failures"), 1, 10_000)
        self._allow = options.get("allow_unrepeatable", False)
        self._progress = options.get("progress")
        self._options = self._of_a_block(options)
        self._partitions = Partitions(count, self._block)
        self._ahead = 2 * self._block * count
        self._under_way: dict[Future, tuple[int, list[Numbered]]] = {}
        self._blocks = 0
        self._has_ended = False
        self._problem: BaseException | None = None
        self.report: Report[PreparedCall[Any]] = Report()

    def _of_a_block(self, options: DistributeOptions) -> PacingOptions:
        of_a_block: PacingOptions = {"max_failures": self._max_failures}
        if "concurrency" in options:
            of_a_block["concurrency"] = options["concurrency"]
        if "patience" in options:
            of_a_block["patience"] = options["patience"]
        if (rate := options.get("rate")) is not None:
            of_a_block["rate"] = rate / self._parallel
        return of_a_block

    def run(self, items: Iterator[Any]) -> Report[PreparedCall[Any]]:
        """Send everything."""
        started = time.monotonic()
        try:
            while True:
                self._read(items)
                self._submit()
                if not self._under_way:
                    break
                self._collect()
                self._tell(started)
        except BaseException as interruption:
            self._cluster.cancel(self._under_way)
            error = TalonOneError("the run was interrupted while this call may have been under way")
            for _, block in self._under_way.values():
                self._fail(block, error, "unknown")
            interruption.__dict__["report"] = self.report
            raise
        finally:
            self._leave_over()
            self.report.elapsed = time.monotonic() - started
            self._cluster.on_every_worker(close_client, self._run_id)  # this also ends blocks that are still under way
        if self._problem is not None:
            error = BulkInterruptedError(f"the run ended: {type(self._problem).__name__}: {self._problem}")
            error.report = self.report
            raise error from self._problem
        return self.report

    # -- reading

    def _is_over(self) -> bool:
        return self._has_ended or self.report.stopped_by is not None

    def _read(self, items: Iterator[Any]) -> None:
        """Read calls until a block can be submitted or enough calls wait."""
        partitions = self._partitions
        while not self._is_over() and partitions.waiting < self._ahead:
            if len(self._under_way) < self._parallel and partitions.has_block():
                return
            call: Any = END
            with Caught() as caught:
                call = next(items, END)
            self._problem = self._problem or caught.error
            if call is END:
                self._has_ended = True
                return
            self._take(call)

    def _take(self, call: PreparedCall[Any]) -> None:
        report = self.report
        index = report.taken
        report.taken += 1
        report.pending += 1
        if call.__class__ is not PreparedCall:
            error = WrongItemError(
                f"every item of calls must be a PreparedCall, not {type(call).__name__}: see `prepare`"
            )
        elif not (self._allow or is_safe_to_send_again(call)):
            error = WrongItemError(
                f"{call.operation} acts twice if it is sent twice, and Dask sends the calls of a dead worker again: "
                "use an operation with a key, such as track_event_v2, or pass allow_unrepeatable=True"
            )
        else:
            self._partitions.add(index, keyed(call, self._job, index))
            return
        self._fail([(index, call)], error, "rejected")
        report.stopped_by = error

    # -- sending

    def _submit(self) -> None:
        """Give blocks to the workers."""
        while len(self._under_way) < self._parallel and self.report.stopped_by is None:
            taken = self._partitions.take()
            if taken is None:
                return
            partition, block = taken
            self._blocks += 1
            name = f"talon-async-{self._run_id}-{self._blocks}"
            records = [bytes(call) for _, call in block]
            future = self._cluster.submit(name, send_block, records, self._connect, self._run_id, dict(self._options))
            self._under_way[future] = partition, block

    def _collect(self) -> None:
        """Wait for a block, and count its results."""
        for future in self._cluster.wait_for_one(self._under_way):
            partition, block = self._under_way.pop(future)
            self._partitions.done(partition)
            if (problem := future.exception()) is not None:
                self._lost(block, problem)
            else:
                self._count(block, future.result())
            future.release()
        if self.report.failed >= self._max_failures and self.report.stopped_by is None:
            self.report.stopped_by = TalonOneError(f"{self._max_failures} calls have failed (max_failures)")

    def _count(self, block: list[Numbered], result: BlockResult) -> None:
        report = self.report
        report.succeeded += result.succeeded
        report.pending -= result.succeeded
        report.paused = max(report.paused, result.paused)
        for failure in result.failures:
            index, call = block[failure.index]
            report.add(
                Failure(
                    index=index,
                    item=call,
                    error=failure.error,
                    outcome=failure.outcome,
                    attempts=failure.attempts,
                    idempotency_key=failure.idempotency_key,
                    seconds=failure.seconds,
                )
            )
        report.stopped_by = report.stopped_by or result.stopped_by

    def _lost(self, block: list[Numbered], problem: BaseException) -> None:
        """Count a block that no worker could finish, because its workers died repeatedly or it could not begin."""
        error = TalonOneError(f"no worker could finish the block of this call: {type(problem).__name__}")
        error.outcome, error.__cause__ = "unknown", problem
        self._fail(block, error, "unknown")
        self.report.stopped_by = self.report.stopped_by or error
        self._problem = self._problem or problem

    def _fail(self, block: list[Numbered], error: TalonOneError, outcome: FailureOutcome) -> None:
        for index, call in block:
            key = getattr(call, "idempotency_key", None)
            self.report.add(Failure(index=index, item=call, error=error, outcome=outcome, idempotency_key=key))

    def _leave_over(self) -> None:
        """Count the calls that were read but not given to a worker."""
        stopped = self.report.stopped_by
        error = TalonOneError(stopped.message if stopped else "the run ended before this call was sent")
        self._fail(self._partitions.rest(), error, "unsent")

    def _tell(self, started: float) -> None:
        if self._progress is not None:
            self.report.elapsed = time.monotonic() - started
            under_way = sum(len(block) for _, block in self._under_way.values())
            self._progress(self.report.snapshot(under_way=under_way, limit=self._parallel * self._block))
