"""The lock that lets one process at a time use a journal. It is on a file that holds the ID of that process.

The operating system releases the lock when the process ends, in whatever way; the file stays. The lock is not on the
database itself, because it would lock out readers there, and because SQLite has locks of its own on it.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from talon_async.bulk.journal import fork
from talon_async.errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30
    """The offset of the locked byte. It is far behind the process ID, because Windows prevents reading locked bytes."""

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


class FileLock:
    """A lock that at most one object in at most one process holds.

    Attributes:
        is_new: whether the file did not exist when the lock was acquired.
    """

    def __init__(self, path: Path) -> None:
        self.path: Path = path
        self.is_new: bool = False
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock, or raise JournalError with the process ID of its owner."""
        while not is_at(self.path, descriptor := self._locked()):
            os.close(descriptor)  # its last owner has just removed the file
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor = descriptor
        fork.locks.add(self)

    def _locked(self) -> int:
        self.is_new = not self.path.exists()
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(descriptor)
        except OSError as error:
            owner = _owner(descriptor)
            os.close(descriptor)
            raise JournalError(f"{self.path.with_suffix('')}: the journal is in use by {owner}") from error
        return descriptor

    def is_in_place(self) -> bool:
        """Tell whether the path still names the locked file. If not, another process could lock a new file there."""
        return self._descriptor is not None and is_at(self.path, self._descriptor)

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            _unlock(self._descriptor)
            self.forget()

    def forget(self) -> None:
        """Close the descriptor without unlocking, as in a forked child, whose parent holds the lock."""
        descriptor, self._descriptor = self._descriptor, None
        fork.locks.discard(self)
        if descriptor is not None:
            os.close(descriptor)


def is_at(path: Path, descriptor: int) -> bool:
    """Tell whether a path names the file that is open."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _owner(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    pid = os.read(descriptor, 32).decode("ascii", "replace").strip()
    if pid == str(os.getpid()):
        return f"this process ({pid})"
    return f"process {pid}" if pid else "another process"
