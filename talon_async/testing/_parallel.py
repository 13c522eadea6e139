"""The server's rule for parallel updates: of each profile and session one runs, two wait, and the next is refused."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING

from talon_async._core.limits import KeyedLock
from talon_async.testing._refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from talon_async._endpoint import Endpoint

AT_ONCE = 3
"""One that runs and two that wait."""


class ParallelUpdates:
    """The updates under way and waiting, of each profile and session."""

    def __init__(self) -> None:
        self._locks = KeyedLock(1)
        self._present: Counter[str] = Counter()

    @contextlib.asynccontextmanager
    async def hold(self, names: tuple[str, ...]) -> AsyncGenerator[None]:
        """Wait for the lock of each name, or be refused."""
        for name in names:
            if self._present[name] >= AT_ONCE:
                kind = name.partition(":")[0]
                raise Refusal(409, f"Too many requests are updating this {kind} at the same time")
        self._present.update(names)
        try:
            await self._locks.acquire(names)
            try:
                yield
            finally:
                self._locks.release(names)
        finally:
            self._present.subtract(names)
            for name in names:
                if not self._present[name]:
                    del self._present[name]


def updated_ids(endpoint: Endpoint, arguments: dict[str, object]) -> dict[str, str]:
    """Return the ID of each profile and session that a request updates, by kind. An empty ID means none."""
    ids: dict[str, str] = {}
    for kind, source in endpoint.ordering.items():
        parameter, *fields = source.split(".")
        value = arguments[parameter]
        for field in fields:
            value = getattr(value, field, None)
        if value:
            ids[kind] = str(value)
    return ids
