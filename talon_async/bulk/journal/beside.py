"""What is where a journal is to be, and beside it: no file is opened for writing that is of another program.

Beside a journal X lie X.lock and X.reserve, which are this package's, and X-wal, X-shm and for moments X-journal, which
are SQLite's. SQLite overwrites what it finds under those names, so they are looked at before it is asked.
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
"""A reserve begins with this."""
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
"""What the names of files beside a journal end in, and whether one that begins with some bytes is the journal's."""
SQLITE = ("-wal", "-shm", "-journal")
"""Those that SQLite makes."""


def problem_of_kind(path: Path) -> str | None:
    """Return why something that is there is no ordinary file."""
    try:
        mode = path.stat().st_mode
    except ValueError:
        return "is no path of a file"
    except OSError:
        return None
    if stat.S_ISREG(mode):
        return None
    return "is a folder" if stat.S_ISDIR(mode) else "is no ordinary file"


def refuse_kind(path: Path) -> None:
    """Raise JournalError if something is there that is no ordinary file."""
    if (problem := problem_of_kind(path)) is not None:
        raise JournalError(f"{path} {problem}, and no journal")


def refuse_foreign(path: Path, ends: Iterable[str] = BESIDE) -> None:
    """Raise JournalError if a file beside a journal is not the journal's, before anything is made."""
    is_new = not path.exists() or not path.stat().st_size
    for end in ends:
        beside = path.with_name(path.name + end)
        if end == "-shm" and not is_new:
            continue  # closing a descriptor of it would end the locks that SQLite holds on it in this process
        try:
            head = _head(beside)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise JournalError(f"{beside}: the journal {path.name} cannot use it: {error.strerror}") from error
        if head is None or not BESIDE[end](head):
            raise JournalError(
                f"{beside}: this file is no part of the journal {path.name}, which needs that name: move the file "
                "away, or keep the journal elsewhere"
            )


def _head(path: Path) -> bytes | None:
    """Return how a file begins; None if it is no ordinary one."""
    if not stat.S_ISREG(path.stat().st_mode):
        return None
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, len(RESERVED))
    finally:
        os.close(descriptor)
