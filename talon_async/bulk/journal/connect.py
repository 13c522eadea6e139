"""Opens the file of a journal with SQLite, and explains the errors of SQLite."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING

from talon_async.bulk.journal.beside import SQLITE, refuse_foreign, refuse_kind
from talon_async.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Generator

PATIENCE = 10.0
"""Seconds to wait for another program that holds the database."""
SMALLEST = 512
"""Bytes of the smallest database. SQLite treats a file of one byte as empty, and would overwrite it."""
_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full: free some space and run again",
    sqlite3.SQLITE_NOTADB: "this file is not a journal",
    sqlite3.SQLITE_CORRUPT: "the journal is damaged: restore it, or move it away and start a new one",
    sqlite3.SQLITE_BUSY: "another program holds the database",
    sqlite3.SQLITE_READONLY: "the journal cannot be written: the file or its folder is read-only",
    sqlite3.SQLITE_CANTOPEN: "the journal cannot be opened or written: look at the folder and its permissions",
    sqlite3.SQLITE_IOERR: "the disk failed, or has no room left for this file",
}


@contextlib.contextmanager
def explained(path: Path) -> Generator[None]:
    """Turn errors of SQLite and of the operating system into a JournalError that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        raise JournalError(f"{path}: {_REASONS.get(code, 'the journal cannot be used')} ({error})") from error
    except OSError as error:
        raise JournalError(f"{path}: the journal cannot be used: {error.strerror}") from error


def create(path: Path) -> None:
    """Create an empty file that only its owner can read, unless the file exists."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if 0 < path.stat().st_size < SMALLEST:
            raise JournalError(f"{path}: {_REASONS[sqlite3.SQLITE_NOTADB]}") from None
        return
    if hasattr(os, "O_DIRECTORY"):  # other systems cannot sync a folder
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def connect(uri: str) -> sqlite3.Connection:
    """Open a database. Transactions are begun explicitly only."""
    return sqlite3.connect(
        uri, uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False, cached_statements=64
    )


def connect_readonly(path: Path) -> sqlite3.Connection:
    """Open a database for reading, also while a process writes. On a read-only or full disk it takes no locks."""
    refuse_kind(path)
    if not path.exists():
        raise JournalError(f"{path}: there is no such journal")
    refuse_foreign(path, SQLITE)
    if 0 < path.stat().st_size < SMALLEST:
        raise JournalError(f"{path}: {_REASONS[sqlite3.SQLITE_NOTADB]}")
    connection = connect(uri_of(path, "mode=ro"))
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    except sqlite3.Error as error:
        connection.close()
        wal = Path(f"{path}-wal")
        code = error.sqlite_errorcode & 0xFF
        is_fixed = code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY)
        if not is_fixed or (wal.exists() and wal.stat().st_size):
            raise
        connection = connect(uri_of(path, "mode=ro&immutable=1"))
    return connection


def uri_of(path: Path, parameters: str) -> str:
    """Return the URI by which SQLite opens a file. The name may hold any bytes."""
    return f"file://{urllib.parse.quote(os.fsencode(path.absolute()))}?{parameters}"
