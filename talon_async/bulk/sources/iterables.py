"""Where calls come from: any iterable, an asynchronous one, one that is read on the caller's thread.

1. A source is asked for one item at a time, and never waits: it gives an item, WAIT, or END, or raises what the user's
   source raised. When it has something again it calls `notify`.
2. It reads no further than `has_room` allows. What it has read and not given is handed back by `close`.
3. An ordinary iterable is read in the loop as long as it is quick. One that gave nothing for 10 ms is read in a thread
   from then on, so that the loop goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from talon_async.bulk.sources.pushed import END, Buffer, Closing, PushedSource, ThreadSource, add_late, close_iterator
from talon_async.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Self

logger: logging.Logger = logging.getLogger("talon_async")

SLOW = 0.01
"""Seconds without an item, after which an ordinary iterable is read in a thread."""
PATIENCE = 5.0
"""Seconds that a run waits in the end for an asynchronous source that does not stop when it is cancelled."""


class Caught:
    """Catches an exception that the user's own code raises inside this block, so that it can be reported later.

    Attributes:
        error: what was raised, an ordinary exception.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if not isinstance(error, Exception):
            return False
        self.error = error
        return True


class Source(Protocol):
    """Gives items to a runner."""

    @property
    def late_items(self) -> list[Any]:
        """What the user's source gave after it was closed, when the report was made; the list may still grow."""
        ...

    @property
    def exit_by(self) -> BaseException | None:
        """What its closing raised to end the process; other errors of closing are ignored."""
        ...

    def start(self, notify: Callable[[], None], has_room: Callable[[int], bool]) -> None:
        """Begin to read. `has_room(waiting)` tells whether one more may be read when so many wait to be given."""
        ...

    def take(self) -> Any:
        """Return the next item, WAIT or END, or raise what the user's source raised."""
        ...

    async def close(self) -> list[Any]:
        """Read no further; return what was read and not given."""
        ...


def as_source(source: Any, what: str, monotonic: Callable[[], float]) -> Source:
    """Return the source over an iterable of either kind; `what` is the parameter it came in."""
    if isinstance(source, PushedSource):
        return source  # the blocking twin's
    if isinstance(source, AsyncIterable):
        return AsyncSource(cast("AsyncIterable[Any]", source))
    return IterableSource(checked_iterable(source, what), monotonic)


def checked_iterable(source: Any, what: str) -> Iterable[Any]:
    """Return an ordinary iterable, if it is one."""
    if isinstance(source, str | bytes | Mapping) or not isinstance(source, Iterable):
        raise InvalidArgumentError(f"{what} must be an iterable, not {type(cast('Any', source)).__name__}")
    return cast("Iterable[Any]", source)


class AsyncSource:
    """Reads an asynchronous iterable in a task of its own."""

    def __init__(self, source: AsyncIterable[Any]) -> None:
        self._iterator: AsyncIterator[Any] = aiter(source)
        self._buffer = Buffer()
        self._wanted = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._is_closed = self._is_left = False
        self._exit_by: BaseException | None = None
        self.late_items: list[Any] = []

    def start(self, notify: Callable[[], None], has_room: Callable[[int], bool]) -> None:
        """Begin to read."""
        self._reader = asyncio.ensure_future(self._read(notify, has_room))

    async def _read(self, notify: Callable[[], None], has_room: Callable[[int], bool]) -> None:
        buffer = self._buffer
        try:
            while not self._is_closed:
                while not has_room(len(buffer.items)):
                    self._wanted.clear()
                    await self._wanted.wait()
                item = await anext(self._iterator)
                if self._is_left:
                    add_late(self.late_items, item)
                else:
                    buffer.items.append(item)
                    notify()
        except StopAsyncIteration:
            pass
        except asyncio.CancelledError as problem:
            if self._is_closed:
                raise
            buffer.problem = RuntimeError("the source was cancelled")
            buffer.problem.__cause__ = problem
        except BaseException as problem:  # noqa: BLE001  # whatever the user's source raises is told by the run
            buffer.problem = problem
        buffer.ended = True
        notify()

    def take(self) -> Any:
        """Return the next item, WAIT or END."""
        self._wanted.set()
        return self._buffer.take()

    async def close(self) -> list[Any]:
        """Stop reading and close the iterator; one that does not end in time is left alone."""
        self._is_closed = True
        if self._reader is not None:
            self._reader.cancel()
            await _ended(self._reader)
        if close := getattr(self._iterator, "aclose", None):  # asynchronous generators have it
            await _ended(asyncio.ensure_future(self._close(close)))
        self._is_left = True
        return self._buffer.rest()

    async def _close(self, close: Callable[[], Awaitable[None]]) -> None:
        with Closing() as closing:
            await close()
        self._exit_by = closing.exit_by

    @property
    def exit_by(self) -> BaseException | None:
        """What its closing raised that wants to end the process."""
        problem = self._buffer.problem
        return self._exit_by if problem is None or isinstance(problem, Exception) else problem


async def _ended(task: asyncio.Future[None]) -> None:
    """Wait until a task of the user's source has ended, but not without end."""
    await asyncio.wait([task], timeout=PATIENCE)
    task.cancel()


class IterableSource:
    """Reads an ordinary iterable in the loop, and in a thread once it turns out slow."""

    def __init__(self, source: Iterable[Any], monotonic: Callable[[], float]) -> None:
        self._iterator = iter(source)
        self._monotonic = monotonic
        self._at_hand = isinstance(source, list | tuple | range)
        self._thread: ThreadSource | None = None
        self._exit_by: BaseException | None = None
        self.late_items: list[Any] = []

    @property
    def exit_by(self) -> BaseException | None:
        """What its closing raised that wants to end the process."""
        return self._exit_by if self._thread is None else self._thread.exit_by

    def start(self, notify: Callable[[], None], has_room: Callable[[int], bool]) -> None:
        """Remember whom to tell."""
        self._told = notify, has_room

    def take(self) -> Any:
        """Return the next item or END; from a slow source also WAIT."""
        if self._thread is not None:
            return self._thread.take()
        if self._at_hand:
            return next(self._iterator, END)
        began = self._monotonic()
        item = next(self._iterator, END)
        if item is not END and self._monotonic() - began >= SLOW:
            self._thread = ThreadSource(self._iterator, self.late_items)
            self._thread.start(*self._told)
        return item

    async def close(self) -> list[Any]:
        """Close the iterator, if it is a generator."""
        if self._thread is not None:
            return await self._thread.close()
        self._exit_by = close_iterator(self._iterator)
        return []
