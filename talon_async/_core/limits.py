"""Limits what runs at once: `Limiter` all calls, `KeyedLock` the calls of one profile or session; `KeyedOrder` orders.

1. The server runs one update of a profile or session, queues two and refuses the next one. A lock for each
   profile and session avoids the refusal.
2. A call that needs several locks names their keys in one fixed order, that of `Endpoint.ordering`, so that two calls
   never wait for each other.
3. Waiters are served first come, first served. A waiter that is woken already holds its place, so no other can take it.
4. A waiter that is cancelled after it got its place passes the place on.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    Waiters = OrderedDict[asyncio.Future[None], None]
    """The waiters, in the order in which they came. A cancelled waiter is removed at once."""


class Limiter:
    """Limits how many holders are active at once. The limit can change at any time; at 0 all wait.

    Attributes:
        limit: how many holders may be active; `change` changes it.
        active: how many holders are active.
        waiters: the waiters, in the order in which they came.
    """

    limit: int
    active: int

    __slots__ = ("active", "limit", "waiters")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.waiters: Waiters | None = None  # made when the first one waits
        self.active = 0

    def change(self, limit: int) -> None:
        """Change the limit. A smaller one takes effect as places are released."""
        self.limit = limit
        self._wake()

    @property
    def waiting(self) -> int:
        """The number of waiters."""
        return len(self.waiters or ())

    def is_idle(self) -> bool:
        """Tell whether nothing is active and nothing waits."""
        return not self.active and not self.waiters

    def try_acquire(self) -> bool:
        """Take a place if one is free and there are no waiters; tell whether it was taken."""
        if self.active < self.limit and not self.waiters:
            self.active += 1
            return True
        return False

    async def acquire(self) -> None:
        """Wait for a place and take it. A cancelled waiter holds none."""
        if self.try_acquire():
            return
        waiter = asyncio.get_running_loop().create_future()
        if self.waiters is None:
            self.waiters = OrderedDict()
        self.waiters[waiter] = None
        try:
            await waiter
        except BaseException:
            if waiter in self.waiters:
                del self.waiters[waiter]
            elif not waiter.cancelled():
                self.release()
            raise

    def take(self) -> None:
        """Take a place regardless of the limit, for the one request that checks whether the server works again."""
        self.active += 1

    def release(self) -> None:
        """Give a place back; the first waiter gets it."""
        self.active -= 1
        if self.waiters:
            self._wake()

    def _wake(self) -> None:
        waiters = self.waiters
        while waiters and self.active < self.limit:
            waiter, _ = waiters.popitem(last=False)
            if not waiter.done():
                self.active += 1
                waiter.set_result(None)


class KeyedLock:
    """A lock for each key. `width` calls may hold a lock at the same time. An unused lock takes no memory."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._active: dict[str, int] = {}
        self._waiters: dict[str, Waiters] = {}

    def __len__(self) -> int:
        return len(self._active)

    def try_acquire(self, keys: tuple[str, ...]) -> bool:
        """Take the locks of all keys if every one is free; otherwise take none."""
        active = self._active
        for key in keys:
            if key in active and (active[key] >= self.width or key in self._waiters):
                return False
        for key in keys:
            active[key] = active.get(key, 0) + 1
        return True

    async def acquire(self, keys: tuple[str, ...]) -> None:
        """Wait for the locks of all keys and take them. A cancelled waiter holds none."""
        held: list[str] = []
        try:
            for key in keys:
                if not self.try_acquire((key,)):
                    await self._wait_for(key)
                held.append(key)
        except BaseException:
            self.release(held)
            raise

    async def _wait_for(self, key: str) -> None:
        waiter = asyncio.get_running_loop().create_future()
        waiters = self._waiters.setdefault(key, OrderedDict())
        waiters[waiter] = None
        try:
            await waiter
        except BaseException:
            if waiter in waiters:
                del waiters[waiter]
                if not waiters:
                    del self._waiters[key]
            elif not waiter.cancelled():
                self.release((key,))
            raise

    def release(self, keys: Iterable[str]) -> None:
        """Give the locks back; the first waiter of each gets it."""
        active = self._active
        for key in keys:
            if key in self._waiters and self._pass_on(key):
                continue
            if active[key] > 1:
                active[key] -= 1
            else:
                del active[key]

    def _pass_on(self, key: str) -> bool:
        """Pass a lock on to its first waiter; return False if there are no waiters any more."""
        waiters = self._waiters[key]
        while waiters:
            waiter, _ = waiters.popitem(last=False)
            if not waiters:
                del self._waiters[key]
            if not waiter.done():
                waiter.set_result(None)
                return True
        return False


class Ordered(Protocol):
    """An item that can be ordered: it has keys, and counts the earlier items that it waits for."""

    keys: tuple[str, ...]
    blocked_by: int


Item = TypeVar("Item", bound=Ordered)


class KeyedOrder(Generic[Item]):
    """Keeps items that share a key in the order in which they were added, without a waiting task for each.

    Unlike `KeyedLock`, it queues an item at all of its keys at once. An item that waits at one key is therefore not
    overtaken at another.
    """

    def __init__(self) -> None:
        self._by_key: dict[str, deque[Item] | None] = {}  # None while no item waits, as at most keys

    def __len__(self) -> int:
        return len(self._by_key)

    def add(self, item: Item) -> bool:
        """Add an item behind all items that share a key with it; tell whether it may start at once."""
        by_key = self._by_key
        for key in item.keys:
            if key not in by_key:
                by_key[key] = None
                continue
            waiting = by_key[key] = by_key[key] or deque()
            waiting.append(item)
            item.blocked_by += 1
        return not item.blocked_by

    def remove(self, item: Item) -> list[Item]:
        """Remove an item that had started; return the items that may start now."""
        free: list[Item] = []
        by_key = self._by_key
        for key in item.keys:
            if waiting := by_key[key]:
                following = waiting.popleft()
                following.blocked_by -= 1
                if not following.blocked_by:
                    free.append(following)
            else:
                del by_key[key]
        return free
