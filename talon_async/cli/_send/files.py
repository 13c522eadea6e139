"""Opens what the command names: files, compressed or not, and standard input; and tells how far it was read."""

from __future__ import annotations

import errno
import gzip
import os
import stat
import sys
from io import BufferedReader, FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from talon_async.cli._send.parquet import ParquetFile
from talon_async.cli._send.problems import InputError, UsageError
from talon_async.cli._send.rows import CsvFile, ndjson

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from talon_async.cli._send.rows import Row

Format = Literal["ndjson", "csv", "parquet"]
ENDINGS: dict[str, Format] = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}
GZIP = b"\x1f\x8b"
STANDARD_INPUT = "-"
DEVICES = ("/dev/stdin", "/dev/fd/", "/proc/")
"""Names of what the process has open already, whatever that is."""


class Input:
    """One file, or standard input.

    Attributes:
        name: as it is shown.
        is_stream: whether it is standard input, or a pipe or the like: it can be read once, and may have to wait.
        format: what it holds.
        columns: the columns of CSV and Parquet, None for NDJSON.
        taken: rows that were read so far.
    """

    def __init__(
        self, path: str, *, format_: Format | None = None, encoding: str = "utf-8", delimiter: str | None = None
    ) -> None:
        self.is_stream = is_stream(path)
        self.name = "standard input" if path == STANDARD_INPUT else path
        self.format = format_ or _format_of(path)
        self.taken = 0
        self.columns: list[str] | None = None
        if self.format == "parquet" and self.is_stream:
            raise UsageError(f"Parquet cannot be read from {self.name}, which is no file")
        # a buffer of its own: the interpreter must not wait at its end for a thread that reads sys.stdin
        self._raw = _opened(path)
        self._size = 0 if self.is_stream else os.fstat(self._raw.fileno()).st_size
        try:
            self._table = self._opened_table(path, encoding, delimiter)
        except OSError as problem:
            self.close()
            raise UsageError(f"{self.name}: {problem.strerror or problem}") from None
        except BaseException:
            self.close()
            raise

    def _opened_table(self, path: str, encoding: str, delimiter: str | None) -> CsvFile | ParquetFile | None:
        """Return what reads the rows of a file with columns."""
        table: CsvFile | ParquetFile | None = None
        if self.format == "parquet":
            table = ParquetFile(self._raw, self.name)
        else:
            is_gzip = self._raw.peek(2)[:2] == GZIP
            self._file: BufferedReader[Any] = BufferedReader(gzip.GzipFile(fileobj=self._raw)) if is_gzip else self._raw
        if self.format == "csv":
            has_tabs = Path(path.removesuffix(".gz")).suffix == ".tsv"
            table = CsvFile(
                self._file, self.name, encoding=encoding, delimiter=delimiter or ("\t" if has_tabs else ",")
            )
        self.columns = None if table is None else table.columns
        return table

    def rows(self, columns: Sequence[str] | None = None) -> Iterator[Row | InputError]:
        """Read the rows; of Parquet only some columns, if they are given."""
        for row in self._iterator(columns):
            self.taken += 1
            yield row
        if self._size and os.fstat(self._raw.fileno()).st_size < self._size:
            reason = "the file has become shorter while it was read: its last row may be cut off"
            yield InputError(self.name, "", reason, is_last=True)

    def _iterator(self, columns: Sequence[str] | None) -> Iterator[Row | InputError]:
        if isinstance(self._table, ParquetFile):
            return self._table.rows(columns)
        return self._table.rows() if self._table is not None else ndjson(self._file, self.name)

    def place(self, line: int) -> str:
        """Return how a line is named."""
        return f"{self.name}, {'row' if self.format == 'parquet' else 'line'} {line}"

    def fraction(self) -> float | None:
        """Return how much was read, 0 to 1; None if it is not known how much there is."""
        if isinstance(self._table, ParquetFile):
            return self.taken / self._table.count if self._table.count else 1.0
        if not self._size:
            return None
        try:
            return min(1.0, self._raw.tell() / self._size)
        except ValueError:  # it was closed meanwhile
            return 1.0

    def close(self) -> None:
        """Close the file; a stream stays open, as a thread may still wait for what it gives."""
        if not self.is_stream:
            self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _opened(path: str) -> BufferedReader[Any]:
    given: Any = sys.stdin
    if path == STANDARD_INPUT and given is None:  # number 0 may be another file by now
        raise UsageError("standard input is closed")
    try:
        if not is_stream(path):
            return BufferedReader(FileIO(path))
        number = 0 if path == STANDARD_INPUT else os.open(path, os.O_RDONLY)
        return BufferedReader(FileIO(number, closefd=False))
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}") from None


def is_stream(path: str) -> bool:
    """Tell whether a name is that of standard input, a pipe or the like. Nothing is written beside those."""
    if path == STANDARD_INPUT or str(Path(path).absolute()).startswith(DEVICES):
        return True
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def check_readable(path: str) -> None:
    """Raise UsageError if a stream is not there or may not be read. It is not opened: that could take what it has."""
    if path != STANDARD_INPUT and not os.access(path, os.R_OK):
        raise UsageError(f"{path}: {os.strerror(errno.EACCES if Path(path).exists() else errno.ENOENT)}")


def _format_of(path: str) -> Format:
    if path == STANDARD_INPUT:
        return "ndjson"
    name = Path(path.removesuffix(".gz"))
    try:
        return ENDINGS[name.suffix.lower()]
    except KeyError:
        if is_stream(path):
            return "ndjson"
        known = ", ".join(ENDINGS)
        raise UsageError(f"{path}: say with --format what it holds; its name ends in none of {known}") from None
