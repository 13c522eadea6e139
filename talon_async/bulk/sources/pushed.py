"""Sources that another thread fills, and what all sources have in common.

No lock is held: a signal handler may come at every moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from talon_async._transport.threads import Flag, start_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

logger: logging.Logger = logging.getLogger("talon_async")

LINGER = 0.25
"""Seconds that a run waits in the end for the item that a thread is about to read. A later item is not taken."""


class Nothing:
    """There is nothing to give now, or not any more."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


WAIT, END = Nothing("WAIT"), Nothing("END")


def add_late(late_items: list[Any], item: Any) -> None:
    """Keep an item that came after the end of the run."""
    late_items.append(item)
    logger.warning("the source gave an item after the run had ended: it is in `late_items` of the report")


class Buffer:
    """What was read ahead, and how the reading ended."""

    def __init__(self) -> None:
        self.items: deque[Any] = deque()
        self.ended = False
        self.problem: BaseException | None = None

    def take(self) -> Any:
        """Return the next item; WAIT while there is none, END after the last, or raise what ended the reading."""
        if self.items:
            return self.items.popleft()
        if not self.ended:
            return WAIT
        if self.problem is not None:
            problem, self.problem = self.problem, None
            raise problem
        return END

    def rest(self) -> list[Any]:
        """Take out what is there. Two threads may do so at once: each item goes to one of them."""
        rest: list[Any] = []
        with contextlib.suppress(IndexError):
            while True:
                rest.append(self.items.popleft())
        return rest


class Closing:
    """Keeps an exit that a source's clean-up raises. Other errors of it are dropped: they must not hide the report."""

    def __init__(self) -> None:
        self.exit_by: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if isinstance(error, SystemExit | KeyboardInterrupt):
            self.exit_by = error
        return True


def close_iterator(iterator: Iterator[Any]) -> BaseException | None:
    """Close an iterator, if it is a generator; return the exit that it raises."""
    with Closing() as closing:
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
        self.changed: Flag = Flag()
        self.is_closed: bool = False
        self.late_items: list[Any] = []
        self._buffer = Buffer()
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

    def rest(self) -> list[Any]:
        """Return what the other thread pushed after the run had ended; on that thread."""
        return self._buffer.rest()


class ThreadSource(PushedSource):
    """Reads an ordinary iterable in a thread of its own.

    The thread cannot be interrupted. When the run has ended, the item that it is about to read is waited for, but not
    longer than `LINGER`. An item that the iterable gives after that goes to `late_items`.
    """

    def __init__(self, iterator: Iterator[Any], late_items: list[Any] | None = None) -> None:
        super().__init__()
        self._iterator, self._is_left = iterator, False
        if late_items is not None:
            self.late_items = late_items
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

    def push_from(self, at_hand: deque[Any]) -> None:
        """Move an item here, from the thread, or to those that are late."""
        super().push_from(at_hand)
        if self._is_left:
            for item in self._buffer.rest():
                add_late(self.late_items, item)

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
                else:
                    self.changed.wait()
        except StopIteration:
            pass
        except BaseException as raised:  # noqa: BLE001  # whatever the user's source raises is told by the run
            problem = raised
        if self.is_closed:
            self.exit_by: BaseException | None = close_iterator(self._iterator)
        self.end(problem)
