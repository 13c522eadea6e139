"""Where calls come from: any iterable, an asynchronous one, one that is read on the caller's thread.

1. A source is asked for one item at a time, and never waits: it gives an item, WAIT, or END, or raises what the user's
   source raised. When it has something again it calls `notify`.
2. It reads no further than `has_room` allows. What it has read and not given is handed back by `close`.
3. An ordinary iterable is read in the loop as long as it is quick. One that gave nothing for 10 ms is read in a thread
   from then on, so that the loop goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from talon_async._transport.threads import Flag, start_thread
from talon_async.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Self

logger = logging.getLogger("talon_async")

SLOW = 0.01
"""Seconds without an item, after which an ordinary iterable is read in a thread."""


PATIENCE = 5.0
"""Seconds that a run waits in the end for an asynchronous source that does not stop when it is cancelled."""
LINGER = 0.25
"""Seconds that a run waits in the end for the item that a thread is about to read; a later one is not taken."""


class Caught:
    """Keeps the exception that the user's own code raises in a block, for whoever tells it later.

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


class Nothing:
    """There is nothing to give now, or not any more."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


WAIT, END = Nothing("WAIT"), Nothing("END")


class Source(Protocol):
    """Gives items to a runner."""

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


class _Buffer:
    """What was read ahead, and how the reading ended."""

    def __init__(self) -> None:
        self.items: deque[Any] = deque()
        self.ended = False
        self.problem: BaseException | None = None

    def take(self) -> Any:
        if self.items:
            return self.items.popleft()
        if not self.ended:
            return WAIT
        if self.problem is not None:
            problem, self.problem = self.problem, None
            raise problem
        return END

    def rest(self) -> list[Any]:
        rest = list(self.items)
        self.items.clear()
        return rest


class AsyncSource:
    """Reads an asynchronous iterable in a task of its own."""

    def __init__(self, source: AsyncIterable[Any]) -> None:
        self._iterator: AsyncIterator[Any] = aiter(source)
        self._buffer = _Buffer()
        self._wanted = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._is_closed = False
        self._exit_by: BaseException | None = None

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
                buffer.items.append(await anext(self._iterator))
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
        return self._buffer.rest()

    async def _close(self, close: Callable[[], Awaitable[None]]) -> None:
        with _Closing() as closing:
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


class _Closing:
    """Keeps an exit that a source's own clean-up raises; what else it raises must not hide the report."""

    def __init__(self) -> None:
        self.exit_by: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if isinstance(error, SystemExit | KeyboardInterrupt):
            self.exit_by = error
        return True


class IterableSource:
    """Reads an ordinary iterable in the loop, and in a thread once it turns out slow."""

    def __init__(self, source: Iterable[Any], monotonic: Callable[[], float]) -> None:
        self._iterator = iter(source)
        self._monotonic = monotonic
        self._at_hand = isinstance(source, list | tuple | range)
        self._thread: ThreadSource | None = None
        self._exit_by: BaseException | None = None

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
            self._thread = ThreadSource(self._iterator)
            self._thread.start(*self._told)
        return item

    async def close(self) -> list[Any]:
        """Close the iterator, if it is a generator."""
        if self._thread is not None:
            return await self._thread.close()
        self._exit_by = _close(self._iterator)
        return []


def _close(iterator: Iterator[Any]) -> BaseException | None:
    """Close an iterator, if it is a generator; return the exit that it raises."""
    with _Closing() as closing:
        if close := getattr(iterator, "close", None):
            close()
    return closing.exit_by


class PushedSource:
    """Is filled from another thread, and read in the loop.

    Attributes:
        changed: is set when there may be room again, or the run is over; the other thread waits for it.
        is_closed: whether the run wants no more.
        report: the report of the run, where it has a single one; for the other thread, if it is interrupted.
    """

    exit_by: BaseException | None = None

    def __init__(self) -> None:
        self.changed = Flag()
        self.is_closed = False
        self._buffer = _Buffer()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starved = True
        self.report: Any = None

    def start(self, notify: Callable[[], None], has_room: Callable[[int], bool]) -> None:
        """Let the other thread begin."""
        self._notify, self._has_room = notify, has_room
        self._loop = asyncio.get_running_loop()
        self.changed.set()

    def has_room(self) -> bool:
        """Tell the other thread whether it may push."""
        return self._loop is not None and self._has_room(len(self._buffer.items))

    def push(self, item: Any) -> None:
        """Add an item, from the other thread."""
        self.push_from(deque([item]))

    def push_from(self, at_hand: deque[Any]) -> None:
        """Move an item here, from the other thread; an interruption finds it here or there."""
        self._buffer.items.extend(map(deque[Any].popleft, [at_hand]))
        if self._starved:
            self._starved = False
            self._wake()

    def end(self, problem: BaseException | None = None) -> None:
        """Say from the other thread that there is no more, and why."""
        self._buffer.problem, self._buffer.ended = problem, True
        self._wake()

    def _wake(self) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the run is over
                self._loop.call_soon_threadsafe(self._notify)

    def take(self) -> Any:
        """Return the next item, WAIT or END."""
        item = self._buffer.take()
        if item is WAIT:
            self._starved = True
            item = self._buffer.take()  # what was pushed before that would not wake anyone
        self.changed.set()
        return item

    async def close(self) -> list[Any]:
        """Want no more; return what was pushed and not given."""
        self.is_closed = True
        self.changed.set()
        return self._buffer.rest()

    def late(self) -> list[Any]:
        """Return what the other thread pushed after the run had ended; on that thread."""
        return self._buffer.rest()


class ThreadSource(PushedSource):
    """Reads an ordinary iterable in a thread of its own.

    When the run has ended, the item that the thread is about to read is waited for, but not longer than `LINGER`. One
    that the iterable gives after that is in no account: it was taken from the iterable, and not from the run's source.
    """

    def __init__(self, iterator: Iterator[Any]) -> None:
        super().__init__()
        self._iterator, self._is_left = iterator, False
        self._has_ended = asyncio.Event()

    def start(self, notify: Callable[[], None], has_room: Callable[[int], bool]) -> None:
        """Begin to read."""
        super().start(notify, has_room)
        start_thread(self._run, "talon-async-source")

    async def close(self) -> list[Any]:
        """Want no more; return what was pushed and not given."""
        rest = await super().close()
        if self._loop is None:
            return rest  # it was never started
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                await self._has_ended.wait()
        self._is_left = True
        return [*rest, *self._buffer.rest()]

    def _run(self) -> None:
        self._read()
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the run is over
                self._loop.call_soon_threadsafe(self._has_ended.set)

    def _read(self) -> None:
        problem: BaseException | None = None
        try:
            while True:
                self.changed.clear()
                if self.is_closed:
                    break
                if self.has_room():
                    self.push(next(self._iterator))
                    if self._is_left:
                        logger.warning("the source gave an item after the run had ended: it is in no report")
                else:
                    self.changed.wait()
        except StopIteration:
            pass
        except BaseException as raised:  # noqa: BLE001  # whatever the user's source raises is told by the run
            problem = raised
        if self.is_closed:
            self.exit_by = _close(self._iterator)
        self.end(problem)
