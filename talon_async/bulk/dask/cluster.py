"""What is needed of a Dask client. Its types are loose, and end here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import distributed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from talon_async.bulk.dask.worker import BlockResult


class Future(Protocol):
    """A block at a worker."""

    def exception(self) -> BaseException | None:
        """Return why no worker could finish it; None if one has."""
        ...

    def result(self) -> BlockResult:
        """Return what became of it, or raise."""
        ...

    def release(self) -> None:
        """Forget it."""
        ...


class Cluster:
    """A Dask client."""

    def __init__(self, client: distributed.Client) -> None:
        self._client: Any = client
        self._distributed: Any = distributed

    @property
    def is_asynchronous(self) -> bool:
        """Whether its methods are coroutine functions."""
        return bool(self._client.asynchronous)

    def size(self) -> int:
        """Return how many workers there are."""
        return len(self._client.nthreads())

    def submit(self, name: str, function: Callable[..., BlockResult], *args: Any) -> Future:
        """Have a worker call a function."""
        future: Future = self._client.submit(function, *args, key=name, pure=False)
        return future

    def wait_for_one(self, futures: Iterable[Future]) -> Iterable[Future]:
        """Wait until one is done, and return all that are."""
        done: Iterable[Future] = self._distributed.wait(list(futures), return_when="FIRST_COMPLETED").done
        return done

    def cancel(self, futures: Iterable[Future]) -> None:
        """Want some no more. A worker that is at one does not learn of it."""
        self._client.cancel(list(futures))

    def on_every_worker(self, function: Callable[..., object], *args: Any) -> None:
        """Call a function on every worker that can be reached."""
        self._client.run(function, *args, on_error="ignore")
