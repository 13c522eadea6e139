"""Opens what the command names: files, compressed or not, and standard input; and tells how far it was read."""

from __future__ import annotations

import gzip
import os
from io import BufferedReader, FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from talon_async.cli._send.parquet import ParquetFile
from talon_async.cli._send.problems import UsageError
from talon_async.cli._send.rows import CsvFile, ndjson

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from talon_async.cli._send.problems import InputError
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


class Input:
    """One file, or standard input.

    Attributes:
        name: as it is shown.
        format: what it holds.
        columns: the columns of CSV and Parquet, None for NDJSON.
        taken: rows that were read so far.
    """

    def __init__(
        self, path: str, *, format_: Format | None = None, encoding: str = "utf-8", delimiter: str | None = None
    ) -> None:
        self.is_standard = path == STANDARD_INPUT
        self.name = "standard input" if self.is_standard else path
        self.format = format_ or _format_of(path)
        self.taken = 0
        self.columns: list[str] | None = None
        if self.format == "parquet" and self.is_standard:
            raise UsageError("Parquet cannot be read from standard input: name the file")
        # a buffer of its own: the interpreter must not wait at its end for a thread that reads sys.stdin
        self._raw = _opened(path)
        self._size = 0 if self.is_standard else os.fstat(self._raw.fileno()).st_size
        try:
            self._table = self._opened_table(path, encoding, delimiter)
        except BaseException:
            self._raw.close()
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
        """Close the file; standard input stays open."""
        if not self.is_standard:
            self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _opened(path: str) -> BufferedReader[Any]:
    try:
        return BufferedReader(FileIO(0, closefd=False) if path == STANDARD_INPUT else FileIO(path))
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}") from None


def _format_of(path: str) -> Format:
    if path == STANDARD_INPUT:
        return "ndjson"
    name = Path(path.removesuffix(".gz"))
    try:
        return ENDINGS[name.suffix.lower()]
    except KeyError:
        known = ", ".join(ENDINGS)
        raise UsageError(f"{path}: say with --format what it holds; its name ends in none of {known}") from None
