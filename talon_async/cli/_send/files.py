"""Opens the inputs: files, compressed or not, pipes and standard input. It also tells how far they were read."""

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
"""The beginnings of paths that name a file which the process has already open."""


class Input:
    """One file, or standard input.

    Attributes:
        name: the name in messages.
        is_stream: whether it is standard input, a pipe or the like, which can be read only once, and may block.
        format: the format of the rows.
        columns: the columns of CSV and Parquet; None for NDJSON.
        taken: the number of rows that were read so far.
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
            raise UsageError(f"Parquet cannot be read from {self.name}, which is not a file")
        # a separate buffer: at exit the interpreter would wait for a thread that reads sys.stdin
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
        """Return the reader of a file with columns; None for NDJSON."""
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
        """Read the rows. `columns` limits the columns that are read from Parquet."""
        for row in self._iterator(columns):
            self.taken += 1
            yield row
        if self._size and os.fstat(self._raw.fileno()).st_size < self._size:
            reason = "the file became shorter while it was read, so its last row may be cut off"
            yield InputError(self.name, "", reason, is_last=True)

    def _iterator(self, columns: Sequence[str] | None) -> Iterator[Row | InputError]:
        if isinstance(self._table, ParquetFile):
            return self._table.rows(columns)
        return self._table.rows() if self._table is not None else ndjson(self._file, self.name)

    def place(self, line: int) -> str:
        """Return the name of a line in messages."""
        return f"{self.name}, {'row' if self.format == 'parquet' else 'line'} {line}"

    def fraction(self) -> float | None:
        """Return the part of the input that was read, from 0 to 1; None if its size is unknown."""
        if isinstance(self._table, ParquetFile):
            return self.taken / self._table.count if self._table.count else 1.0
        if not self._size:
            return None
        try:
            return min(1.0, self._raw.tell() / self._size)
        except ValueError:  # the file is closed
            return 1.0

    def close(self) -> None:
        """Close the file. A stream stays open, because a thread may still be reading it."""
        if not self.is_stream:
            self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _opened(path: str) -> BufferedReader[Any]:
    stdin: Any = sys.stdin
    if path == STANDARD_INPUT and stdin is None:  # descriptor 0 may be another file by now
        raise UsageError("standard input is closed")
    try:
        if not is_stream(path):
            return BufferedReader(FileIO(path))
        number = 0 if path == STANDARD_INPUT else os.open(path, os.O_RDONLY)
        return BufferedReader(FileIO(number, closefd=False))
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}") from None


def is_stream(path: str) -> bool:
    """Tell whether a path names standard input, a pipe or the like. No file is written beside those."""
    if path == STANDARD_INPUT or str(Path(path).absolute()).startswith(DEVICES):
        return True
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def check_readable(path: str) -> None:
    """Raise UsageError if a stream does not exist or must not be read. It is not opened, which could consume data."""
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
        endings = ", ".join(ENDINGS)
        raise UsageError(
            f"{path}: the format is not known; use --format, or a name that ends in one of {endings}"
        ) from None
