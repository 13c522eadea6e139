"""Checks the files at and beside the path of a journal, so that no file of another program is written to.

Beside a journal X lie X.lock and X.reserve, which this package makes, and X-wal, X-shm and for moments X-journal, which
SQLite makes. SQLite overwrites files with those names, so they are checked before SQLite opens the journal.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from talon_async.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

LOCK, RESERVE = ".lock", ".reserve"
RESERVED = b"room that talon_async keeps for the moment when the disk is full\n"
"""The first bytes of a reserve file."""
_WAL = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
_ROLLBACK = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
_SHARED = ((3_007_000).to_bytes(4, "little"), (3_007_000).to_bytes(4, "big"))
_LONGEST_PID = 20


def _is_zero(head: bytes) -> bool:
    return not any(head)


BESIDE: dict[str, Callable[[bytes], bool]] = {
    LOCK: lambda head: len(head) <= _LONGEST_PID and (not head or head.isdigit()),
    RESERVE: lambda head: RESERVED.startswith(head[: len(RESERVED)]),
    "-wal": lambda head: _is_zero(head) or head.startswith(_WAL),
    "-shm": lambda head: _is_zero(head) or head.startswith(_SHARED),
    "-journal": lambda head: _is_zero(head[:1]) or head.startswith(_ROLLBACK),
}
"""For each file beside a journal: the end of its name, and a check of its first bytes."""
SQLITE = ("-wal", "-shm", "-journal")
"""The ends of the names of the files that SQLite makes."""


def problem_of_kind(path: Path) -> str | None:
    """Return why a path does not name an ordinary file; None if it does, or if nothing is there."""
    try:
        mode = path.stat().st_mode
    except ValueError:
        return "is not a valid path"
    except OSError:
        return None
    if stat.S_ISREG(mode):
        return None
    return "is a folder" if stat.S_ISDIR(mode) else "is not an ordinary file"


def refuse_kind(path: Path) -> None:
    """Raise JournalError if the path names anything but an ordinary file."""
    if (problem := problem_of_kind(path)) is not None:
        raise JournalError(f"{path} {problem}, so it is not a journal")


def refuse_foreign(path: Path, ends: Iterable[str] = BESIDE) -> None:
    """Raise JournalError if a file beside a journal does not belong to it. Call this before any file is made."""
    is_new = not path.exists() or not path.stat().st_size
    for end in ends:
        beside = path.with_name(path.name + end)
        if end == "-shm" and not is_new:
            continue  # closing a descriptor of this file would end the locks that SQLite holds on it in this process
        try:
            head = _head(beside)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise JournalError(f"{beside}: the journal {path.name} cannot use this file: {error.strerror}") from error
        if head is None or not BESIDE[end](head):
            raise JournalError(
                f"{beside}: this file does not belong to the journal {path.name}, which needs that name: move the "
                "file away, or choose another path for the journal"
            )


def _head(path: Path) -> bytes | None:
    """Return the first bytes of a file; None if it is not an ordinary file."""
    if not stat.S_ISREG(path.stat().st_mode):
        return None
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, len(RESERVED))
    finally:
        os.close(descriptor)
