"""The part of a Dask client that is used, with complete types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import distributed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from talon_async.bulk.dask.worker import BlockResult


class Future(Protocol):
    """A block of calls at a worker."""

    def exception(self) -> BaseException | None:
        """Return the error if no worker could finish the block; None if a worker has."""
        ...

    def result(self) -> BlockResult:
        """Return the result of the block, or raise its error."""
        ...

    def release(self) -> None:
        """Let the cluster forget the block."""
        ...


class Cluster:
    """Wraps a Dask client."""

    def __init__(self, client: distributed.Client) -> None:
        self._client: Any = client
        self._distributed: Any = distributed

    @property
    def is_asynchronous(self) -> bool:
        """Whether its methods are coroutine functions."""
        return bool(self._client.asynchronous)

    def size(self) -> int:
        """Return the number of workers."""
        return len(self._client.nthreads())

    def submit(self, name: str, function: Callable[..., BlockResult], *args: Any) -> Future:
        """Have a worker call a function."""
        future: Future = self._client.submit(function, *args, key=name, pure=False)
        return future

    def wait_for_one(self, futures: Iterable[Future]) -> Iterable[Future]:
        """Wait until at least one block is done; return all blocks that are done."""
        done: Iterable[Future] = self._distributed.wait(list(futures), return_when="FIRST_COMPLETED").done
        return done

    def cancel(self, futures: Iterable[Future]) -> None:
        """Cancel blocks. A worker that is already sending a block goes on with it."""
        self._client.cancel(list(futures))

    def on_every_worker(self, function: Callable[..., object], *args: Any) -> None:
        """Call a function on every worker that can be reached."""
        self._client.run(function, *args, on_error="ignore")
