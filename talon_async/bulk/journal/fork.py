"""Handles forks of a process that has open journals.

1. A fork waits for the end of the transaction that is under way, so the child finds SQLite's own locks free.
2. A child leaves the connections and threads of its parent alone. It only closes the descriptors of the lock files,
   which would otherwise keep the journals locked after the parent has ended.
3. SQLite keeps its table of locks by process and file, and a child inherits that table. A child therefore cannot safely
   open a file that was open in its parent at the fork, and is refused. A process that was not forked can open it.
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
    """The open file of a journal. `lock` is held while SQLite works on it."""

    path: Path
    lock: RLock


class HeldLock(Protocol):
    """A lock on a file beside a journal."""

    def forget(self) -> None:
        """Close the descriptor without unlocking."""
        ...


PATIENCE = 10.0
"""Seconds that a fork waits for each open journal at most."""

stores: weakref.WeakSet[OpenFile] = weakref.WeakSet()
"""The files that are open in this process."""
locks: weakref.WeakSet[HeldLock] = weakref.WeakSet()
"""The locks that this process holds."""
_waiting: list[OpenFile] = []
_parents: list[OpenFile] = []
"""The files that a forked child inherited, kept so that nothing finalises them."""
_inherited: set[tuple[int, int]] = set()
"""The device and inode of each inherited file."""


def refuse_inherited(path: Path) -> None:
    """Raise JournalError if the file was open in the parent of this process when it forked."""
    if _inherited and _identity(path) in _inherited:
        raise JournalError(
            f"{path}: the journal was open in the parent when this process was forked: use it in a fresh process"
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
