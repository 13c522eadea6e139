"""How much at once: `Limiter` counts, `KeyedLock` keeps calls of one profile or session apart, `KeyedOrder` in order.

1. The server runs one update of a profile or session, queues two and refuses the next one: a lock for each avoids that.
2. A call that needs several locks names their keys in one fixed order, that of `Endpoint.ordering`, so that two calls
   never wait for each other.
3. Waiters are served first come, first served. A waiter that is woken already holds its place, so no other can take it.
4. A waiter that is cancelled passes on what it was given.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    Waiters = OrderedDict[asyncio.Future[None], None]
    """Those that wait, first come first; a cancelled one is taken out at once."""


class Limiter:
    """Lets so many through at once; the limit can change at any time, also to 0, which stops everyone.

    Attributes:
        limit: how many may be active; `change` changes it.
        active: how many are through.
        waiters: those that wait, first come first.
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
        """How many wait."""
        return len(self.waiters or ())

    def is_idle(self) -> bool:
        """Tell whether nothing is active and nothing waits."""
        return not self.active and not self.waiters

    def try_acquire(self) -> bool:
        """Take a place if one is free and no one waits for it."""
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
        """Take a place whatever the limit; for the one request that finds out whether a server works again."""
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
    """A lock for each key, which exists while it is in use; `width` calls may hold it at the same time."""

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
        """Let the first waiter have a lock that its holder gives back; False if none waits any more."""
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
    """What can be put in order: it has keys, and counts the things before it that it waits for."""

    keys: tuple[str, ...]
    blocked_by: int


Thing = TypeVar("Thing", bound=Ordered)


class KeyedOrder(Generic[Thing]):
    """Keeps things that have a key in common in the order in which they were added; nothing waits in a task.

    Unlike `KeyedLock` it takes the place behind every key at once, so that one that waits for one of its keys is not
    overtaken at another.
    """

    def __init__(self) -> None:
        self._by_key: dict[str, deque[Thing] | None] = {}  # most keys never see anything wait

    def __len__(self) -> int:
        return len(self._by_key)

    def add(self, thing: Thing) -> bool:
        """Put a thing behind all others with one of its keys; tell whether it is the first."""
        by_key = self._by_key
        for key in thing.keys:
            if key not in by_key:
                by_key[key] = None
                continue
            waiting = by_key[key] = by_key[key] or deque()
            waiting.append(thing)
            thing.blocked_by += 1
        return not thing.blocked_by

    def remove(self, thing: Thing) -> list[Thing]:
        """Take out a thing that is the first; return those that are the first now."""
        free: list[Thing] = []
        by_key = self._by_key
        for key in thing.keys:
            if waiting := by_key[key]:
                following = waiting.popleft()
                following.blocked_by -= 1
                if not following.blocked_by:
                    free.append(following)
            else:
                del by_key[key]
        return free
