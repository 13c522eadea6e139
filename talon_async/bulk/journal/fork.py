"""What a fork makes of journals that are open.

1. A fork waits until the transaction that is under way has ended: so a child finds SQLite's own locks free.
2. A child leaves the connections and the threads of its parent alone. It only closes the descriptors of the lock files,
   which would otherwise keep the journals locked after the parent has gone.
3. SQLite keeps its book of locks by process and file, and a child inherits that book: it cannot open a file safely that
   was open in its parent at the fork. So it is refused; a fresh process can.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from typing import TYPE_CHECKING, Protocol

from talon_async.errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path
    from threading import RLock


class OpenFile(Protocol):
    """A journal's file that is open; `lock` is held while SQLite works on it."""

    path: Path
    lock: RLock


class HeldLock(Protocol):
    """A lock on a file beside a journal."""

    def forget(self) -> None:
        """Close the descriptor without unlocking."""
        ...


PATIENCE = 10.0
"""Seconds for which a fork waits."""

stores: weakref.WeakSet[OpenFile] = weakref.WeakSet()
"""The files that are open in this process."""
locks: weakref.WeakSet[HeldLock] = weakref.WeakSet()
"""The locks that this process holds."""
_waiting: list[OpenFile] = []
_parents: list[OpenFile] = []
"""What a forked child inherited, kept so that nothing finalises it."""
_inherited: set[tuple[int, int]] = set()
"""The files of those, by device and inode."""


def refuse_inherited(path: Path) -> None:
    """Raise JournalError if the file was open in the parent of this process when it forked."""
    if _inherited and _identity(path) in _inherited:
        raise JournalError(
            f"{path}: the journal was open in the process that this one was forked from: use it in a fresh process"
        )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _before() -> None:
    _waiting.extend(store for store in list(stores) if store.lock.acquire(timeout=PATIENCE))


def _after() -> None:
    while _waiting:
        _waiting.pop().lock.release()


def _after_in_child() -> None:
    _after()
    for store in list(stores):
        _parents.append(store)
        if identity := _identity(store.path):
            _inherited.add(identity)
    stores.clear()
    for lock in list(locks):
        with contextlib.suppress(OSError):
            lock.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after_in_child)
