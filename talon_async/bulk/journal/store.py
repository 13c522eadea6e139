"""The file of a journal: an SQLite database, with one connection that one thread at a time uses.

1. A transaction is durable when it returns. It survives a power loss, not only a killed process.
2. Deleted rows are overwritten at once (`secure_delete`, whose cost cannot be measured), so a settled call leaves no
   customer's data behind.
3. A statement carries up to 256 rows. Python releases the GIL for each statement, and a busy event loop delays getting
   it back.
4. While a connection is open, the database file is opened only through SQLite. Closing any other descriptor of the
   file would end SQLite's own locks in this process.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any, Literal

import attrs

from talon_async._transport.threads import RLock
from talon_async.bulk.journal import fork
from talon_async.bulk.journal.connect import connect, connect_readonly, create, explained, uri_of
from talon_async.bulk.journal.format import BLOCK, DIGEST, UNKNOWN, WITHOUT_RECORD, pack_numbers, unpack_numbers
from talon_async.errors import JournalError

if TYPE_CHECKING:
    import sqlite3
    import threading
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path

Table = Literal["calls", "failures"]

APPLICATION = 0x54614A6C
"""SQLite's `application_id` of a journal; `file` shows it."""
FORMAT = 1
"""SQLite's `user_version` of the files that this release reads and writes."""
GROUP = 256
"""The number of calls in a transaction, and of rows that are read at once."""

QUICK = 4096
"""The number of pages (16 MiB) up to which rewriting the file is quick."""

_TABLES = (
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE calls (number INTEGER PRIMARY KEY, entry BLOB NOT NULL) WITHOUT ROWID",
    (
        "CREATE TABLE failures (number INTEGER PRIMARY KEY, entry BLOB NOT NULL, failure TEXT NOT NULL,"
        " settled INTEGER NOT NULL) WITHOUT ROWID"
    ),
    "CREATE TABLE late (batch INTEGER PRIMARY KEY, settlements TEXT NOT NULL)",
    "CREATE TABLE marks (batch INTEGER PRIMARY KEY, leaving INTEGER NOT NULL, numbers BLOB NOT NULL)",
    "CREATE TABLE digests (block INTEGER PRIMARY KEY, digests BLOB NOT NULL)",
)
_SIZES = (GROUP, 32, 4, 1)
_INSERT = {n: "INSERT INTO calls VALUES (?,?)".replace("(?,?)", ",".join(["(?,?)"] * n)) for n in _SIZES}
_DELETE = {n: "DELETE FROM calls WHERE number IN (?)".replace("?", ",".join("?" * n)) for n in _SIZES}
_CHUNK = {
    "calls": "SELECT number, entry FROM calls WHERE number > ? AND number < ? ORDER BY number LIMIT ?",
    "failures": "SELECT number, entry, failure, settled FROM failures WHERE number > ? AND number < ?"
    " ORDER BY number LIMIT ?",
}
_FORGET = {
    "calls": "DELETE FROM calls WHERE number = ?",
    "failures": "DELETE FROM failures WHERE number = ?",
}
_FAIL = "INSERT OR REPLACE INTO failures SELECT number, entry, ?, ? FROM calls WHERE number = ?"


@attrs.define
class Batch:
    """The changes that one transaction writes."""

    accepted: list[tuple[int, bytes]] = attrs.field(factory=list[tuple[int, bytes]])
    digests: list[tuple[int, bytes]] = attrs.field(factory=list[tuple[int, bytes]])
    marks: list[tuple[bool, list[int]]] = attrs.field(factory=list[tuple[bool, list[int]]])
    settled: list[int] = attrs.field(factory=list[int])
    failures: list[tuple[str, int, int]] = attrs.field(factory=list[tuple[str, int, int]])

    def __len__(self) -> int:
        return len(self.accepted) + len(self.marks) + len(self.settled) + len(self.failures)

    def gone(self) -> list[int]:
        """Return the calls that are settled, with a failure or without."""
        return self.settled + [index for _, _, index in self.failures]

    def settlements(self) -> Batch:
        """Return the settlements and the marks that are taken back, without the changes that need new room."""
        taken_back = [mark for mark in self.marks if not mark[0]]
        return Batch(settled=self.settled, failures=self.failures, marks=taken_back)


class Store:
    """The open file of a journal.

    Attributes:
        id: the name of this journal.
        recorded: one more than the highest index accepted.
        lock: held while SQLite works. A fork waits for it, so that no child starts in the middle of a transaction.
    """

    id: str
    recorded: int

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        self.path = path
        self.lock: threading.RLock = RLock()
        self.id = ""
        self.recorded = 0
        self._block = 0
        self._tail: bytearray = bytearray()
        self._has_new_destination = False
        self._mark_of: dict[int, int] = {}  # the row of marks of each call
        self._left: dict[int, int] = {}  # the number of unsettled calls of each row of marks
        self._finished: list[tuple[int]] = []  # rows of marks to delete
        fork.refuse_inherited(path)
        with explained(path):
            if readonly:
                self._connection = connect_readonly(path)
            else:
                create(path)
                self._connection = connect(uri_of(path, "mode=rw"))
            try:
                self._check(readonly=readonly)
            except BaseException:
                self._connection.close()
                raise
        fork.stores.add(self)

    def _check(self, *, readonly: bool) -> None:
        """Refuse a file that is not a journal, before anything is written; create the tables of a new journal."""
        application, version = self.value("PRAGMA application_id"), self.value("PRAGMA user_version")
        empty = application == 0 and not self.value("SELECT count(*) FROM sqlite_master")
        if application != APPLICATION and not (empty and version == 0):
            raise JournalError(f"{self.path}: this is not a journal, but the database of another program")
        if not empty and version != FORMAT:
            age = "a newer release of talon_async: update this one" if version > FORMAT else "an older release"
            raise JournalError(
                f"{self.path}: the journal has format {version}, made by {age}; this release knows format {FORMAT}"
            )
        if readonly:
            if empty:
                raise JournalError(f"{self.path}: the journal is empty: no run has used it yet")
        else:
            self._configure()
            if empty:
                self._make()
        self.id = self.about("id")
        self._find_end()

    def _configure(self) -> None:
        mode = self.value("PRAGMA journal_mode=WAL")
        if mode != "wal":
            raise JournalError(f"{self.path}: a journal needs a local disk; SQLite cannot keep a WAL here ({mode})")
        for pragma in ("synchronous=FULL", "fullfsync=ON", "checkpoint_fullfsync=ON", "secure_delete=ON"):
            self._connection.execute(f"PRAGMA {pragma}")  # the two on fsync work on macOS only
        self._connection.execute("PRAGMA wal_autocheckpoint=500")
        self._connection.execute("PRAGMA cache_size=-1000")  # KiB; the calls of a group need half of it

    def _make(self) -> None:
        with self.transaction():
            for table in _TABLES:
                self._connection.execute(table)
            self._connection.execute("INSERT INTO about VALUES ('id', ?)", (os.urandom(16).hex(),))
            self._connection.execute(f"PRAGMA application_id={APPLICATION}")
            self._connection.execute(f"PRAGMA user_version={FORMAT}")

    def _find_end(self) -> None:
        last = self.rows("SELECT block, digests FROM digests ORDER BY block DESC LIMIT 1")
        for block, digests in last:
            self._block, self._tail = int(block), bytearray(bytes(digests))
        self.recorded = self._block * BLOCK + len(self._tail) // DIGEST

    @contextlib.contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """Commit the changes of the block, or none of them if it raises."""
        with self.lock, explained(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self.lock, explained(self.path):
            return self._connection.execute(sql, values).fetchall()

    def value(self, sql: str, *values: Any) -> Any:
        """Return the first value of a query; None if it has no rows."""
        rows = self.rows(sql, *values)
        return rows[0][0] if rows else None

    def about(self, name: str) -> str:
        """Return a value of the table about the journal itself; an empty text if there is none."""
        return str(self.value("SELECT value FROM about WHERE name = ?", name) or "")

    def belong_to(self, destination: str) -> None:
        """Record the destination of the calls; raise JournalError for a journal of another destination."""
        noted = self.about("destination")
        if not noted:
            with self.transaction() as connection:
                connection.execute("INSERT INTO about VALUES ('destination', ?)", (destination,))
            self._has_new_destination = True
        elif noted != destination:
            raise JournalError(
                f"{self.path}: the calls of this journal belong to another base URL or API key than this client"
            )

    def forget_unused_destination(self) -> None:
        """Remove the destination if this was the first run and it sent nothing, as with a wrong API key."""
        if not self._has_new_destination:
            return
        _, taken_back = self.marks()
        numbers = [number for (number,) in self.rows("SELECT number FROM calls")]
        odd = self.value("SELECT count(*) FROM failures WHERE length(entry) = ?", WITHOUT_RECORD)
        if taken_back.issuperset(numbers) and self.recorded == len(numbers) + odd:
            with self.transaction() as connection:
                connection.execute("DELETE FROM about WHERE name = 'destination'")

    def chunk(self, table: Table, after: int, end: int) -> list[tuple[Any, ...]]:
        """Return the next rows of `calls` or `failures`, with indices above `after` and below `end`."""
        return self.rows(_CHUNK[table], after, end, GROUP)

    def digests(self, block: int) -> bytes:
        """Return the hashes of 1,024 items."""
        return bytes(self.value("SELECT digests FROM digests WHERE block = ?", block) or b"")

    def write(self, batch: Batch) -> None:
        """Write a batch in one transaction."""
        before = self.recorded, self._block, self._tail[:]
        gone = batch.gone()
        try:
            with self.transaction() as connection:
                _in_groups(connection, _INSERT, [value for row in batch.accepted for value in row], 2)
                self._record(batch.digests)
                marks = [(self._mark(numbers, leaving=leaving), numbers) for leaving, numbers in batch.marks]
                if batch.failures:
                    connection.executemany(_FAIL, batch.failures)
                _in_groups(connection, _DELETE, gone, 1)
                if self._finished:
                    connection.executemany("DELETE FROM marks WHERE batch = ?", self._finished)
        except BaseException:
            self.recorded, self._block, self._tail = before
            raise
        self._finished.clear()
        for number, marked in marks:
            self._left[number] = len(marked)
            self._mark_of.update(dict.fromkeys(marked, number))
        if self._mark_of:
            self._count_down(gone)

    def write_late(self, batch: Batch) -> None:
        """Write settlements as one short row, which takes little room. `catch_up` applies them later."""
        with self.transaction() as connection:
            for leaving, numbers in batch.marks:
                self._mark(numbers, leaving=leaving)
            if batch.gone():
                text = json.dumps([batch.settled, batch.failures])
                connection.execute("INSERT INTO late (settlements) VALUES (?)", (text,))

    def late(self) -> Batch:
        """Return the settlements that `write_late` wrote and `catch_up` has not applied yet."""
        late = Batch()
        for (text,) in self.rows("SELECT settlements FROM late ORDER BY batch"):
            settled, failures = json.loads(text)
            late.settled += settled
            late.failures += [tuple(failure) for failure in failures]
        return late

    def catch_up(self) -> None:
        """Apply the settlements that `write_late` wrote."""
        if late := self.late():
            self.write(late)
            with self.transaction() as connection:
                connection.execute("DELETE FROM late")

    def save_room(self) -> None:
        """Stop automatic checkpoints, so that the WAL gets all remaining room on the disk."""
        self._connection.execute("PRAGMA wal_autocheckpoint=0")

    def entry(self, index: int) -> bytes:
        """Return the BLOB of an unsettled call."""
        return bytes(self.value("SELECT entry FROM calls WHERE number = ?", index) or b"")

    def _record(self, digests: Sequence[tuple[int, bytes]]) -> None:
        """Append the hashes of items, and a placeholder for each index that was skipped."""
        for index, digest in digests:
            while self.recorded <= index:
                if len(self._tail) == BLOCK * DIGEST:
                    self._keep_tail()
                    self._block, self._tail = self._block + 1, bytearray()
                self._tail += digest if self.recorded == index else UNKNOWN
                self.recorded += 1
        if digests:
            self._keep_tail()

    def _keep_tail(self) -> None:
        self._connection.execute("INSERT OR REPLACE INTO digests VALUES (?, ?)", (self._block, self._tail))

    def _mark(self, numbers: list[int], *, leaving: bool) -> int:
        sql = "INSERT INTO marks (leaving, numbers) VALUES (?, ?)"
        return self._connection.execute(sql, (leaving, pack_numbers(numbers))).lastrowid or 0

    def _count_down(self, gone: list[int]) -> None:
        """Have the next transaction delete the marks whose calls are all settled."""
        for index in gone:
            mark = self._mark_of.pop(index, None)
            if mark is not None:
                self._left[mark] -= 1
                if not self._left[mark]:
                    del self._left[mark]
                    self._finished.append((mark,))

    def take_marks(self) -> tuple[set[int], set[int]]:
        """Return the unsettled calls that are marked as leaving, and the calls whose marks were taken back.

        The latter marks are deleted from the file, because the run that begins may send any of those calls.
        """
        leaving, taken_back = self.marks()
        with self.transaction() as connection:
            connection.execute("DELETE FROM marks")
            exists = "SELECT 1 FROM calls WHERE number = ?"
            leaving = {number for number in leaving if connection.execute(exists, (number,)).fetchone()}
            if leaving:
                self._mark(sorted(leaving), leaving=True)
        return leaving, taken_back

    def marks(self) -> tuple[set[int], set[int]]:
        """Return the calls that are marked as leaving, and the calls whose marks were taken back."""
        leaving, taken_back = set[int](), set[int]()
        for is_leaving, packed in self.rows("SELECT leaving, numbers FROM marks ORDER BY batch"):
            numbers = unpack_numbers(packed)
            (leaving if is_leaving else taken_back).update(numbers)
            (taken_back if is_leaving else leaving).difference_update(numbers)
        return leaving, taken_back

    def checkpoint(self) -> None:
        """Move the content of the WAL into the database, as far as readers allow, and truncate the WAL."""
        with self.lock, explained(self.path):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def shrink(self) -> None:
        """Return unused pages to the disk if there are many or it is quick, and empty the WAL."""
        with self.lock, explained(self.path):
            unused = self.value("PRAGMA freelist_count")
            used = self.value("PRAGMA page_count") - unused
            if unused > used or (unused and used < QUICK):
                self._connection.execute("VACUUM")
            self.checkpoint()

    def rewrite(self) -> None:
        """Rewrite the whole file, so that no byte of deleted rows is left."""
        with self.lock, explained(self.path):
            self._connection.execute("VACUUM")
            self.checkpoint()

    def forget(self, table: Table, indices: Sequence[int]) -> None:
        """Delete calls, and overwrite the hashes of their items."""
        with self.transaction() as connection:
            connection.executemany(_FORGET[table], [(index,) for index in indices])
            for index in indices:
                self._forget_digest(connection, index)
        self._find_end()

    @staticmethod
    def _forget_digest(connection: sqlite3.Connection, index: int) -> None:
        block, place = divmod(index, BLOCK)
        for (digests,) in connection.execute("SELECT digests FROM digests WHERE block = ?", (block,)).fetchall():
            changed = bytearray(digests)
            changed[place * DIGEST : (place + 1) * DIGEST] = UNKNOWN
            connection.execute("UPDATE digests SET digests = ? WHERE block = ?", (changed, block))

    def close(self) -> None:
        """Close the connection."""
        with self.lock:
            fork.stores.discard(self)
            self._connection.close()


def _in_groups(connection: sqlite3.Connection, statements: Mapping[int, str], values: list[Any], width: int) -> None:
    """Execute a statement for many rows at once. `values` holds the values of all rows, row after row."""
    start = 0
    for rows, sql in statements.items():
        step = rows * width
        while len(values) - start >= step:
            connection.execute(sql, values[start : start + step])
            start += step
