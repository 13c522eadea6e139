"""Sends one block of calls in a worker, with a client that the worker keeps for the job."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

import attrs
from distributed import Reschedule, Status, get_worker

from talon_async.bulk.calls import PreparedCall
from talon_async.errors import BulkInterruptedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Unpack

    from talon_async.bulk.results import FailureOutcome, Report, Snapshot
    from talon_async.bulk.runner import BulkOptions
    from talon_async.errors import TalonOneError


class BlockingTalon(Protocol):
    """The methods of `TalonOneSync` that a worker uses."""

    def bulk(self, calls: Iterable[PreparedCall[Any]], **options: Unpack[BulkOptions]) -> Report[Any]:
        """Send many calls."""
        ...

    def close(self) -> None:
        """Close the client."""
        ...


LEAVING = {Status.closing, Status.closing_gracefully, Status.closed, Status.stopping, Status.stopped}


@attrs.frozen
class BlockFailure:
    """A call of a block that did not succeed; `index` is its place in the block."""

    index: int
    error: TalonOneError
    outcome: FailureOutcome
    attempts: int
    idempotency_key: str | None
    seconds: float


@attrs.frozen
class BlockResult:
    """The result of a block."""

    succeeded: int
    failures: list[BlockFailure]
    paused: float
    stopped_by: TalonOneError | None


class _LeavingError(Exception):
    """The worker is leaving the cluster, so another worker gets the block."""


_clients: dict[str, BlockingTalon] = {}
"""The clients of this process, by job."""
_lock = threading.Lock()


def send_block(
    records: list[bytes], connect: Callable[[], BlockingTalon], run: str, options: dict[str, Any]
) -> BlockResult:
    """Send the calls of a block, in order for each profile.

    Raises:
        Reschedule: the worker is leaving the cluster. Another worker sends all calls again; each acts once.
    """
    talon = _client(connect, run)
    worker = get_worker()

    def watch(_: Snapshot) -> None:
        if worker.status in LEAVING:
            raise _LeavingError

    calls = [PreparedCall.from_bytes(record) for record in records]
    try:
        report = talon.bulk(calls, **options, sent_before=True, progress=watch)
    except BulkInterruptedError as problem:
        if isinstance(problem.__cause__, _LeavingError):
            raise Reschedule from None
        raise
    failures = [
        BlockFailure(f.index, f.error, f.outcome, f.attempts, f.idempotency_key, f.seconds) for f in report.failures
    ]
    return BlockResult(report.succeeded, failures, report.paused, report.stopped_by)


def _client(connect: Callable[[], BlockingTalon], run: str) -> BlockingTalon:
    with _lock:
        if run not in _clients:
            _clients[run] = connect()
        return _clients[run]


def close_client(run: str) -> None:
    """Close the client of a run, if this worker has one."""
    with _lock:
        talon = _clients.pop(run, None)
    if talon is not None:
        talon.close()
