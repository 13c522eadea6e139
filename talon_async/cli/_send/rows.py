"""Reads the rows of NDJSON and CSV, one at a time, each with its line number.

A row that cannot be read is yielded as an InputError, so that `--check` can continue with the next row.
"""

from __future__ import annotations

import csv
import io
import zlib
from typing import TYPE_CHECKING, Any

import attrs
import orjson

from talon_async.cli._send.problems import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

LONGEST_LINE = 16 * 1024 * 1024
"""The limit for a line of JSON (bytes) and a cell of CSV (characters), which bounds the memory."""
BOM = b"\xef\xbb\xbf"
CUT_OFF = (EOFError, zlib.error, OSError, UnicodeError)
"""The exceptions of reading a file that is damaged, incomplete, or of another encoding."""


@attrs.define
class Row:
    """One row.

    Attributes:
        line: the line on which the row begins, counted from 1; for Parquet, the number of the row.
        values: the values by column.
    """

    line: int
    values: dict[str, Any]


def ndjson(file: BufferedReader[Any], name: str) -> Iterator[Row | InputError]:
    """Read an object from each line; empty lines are skipped."""
    number = 0
    while True:
        try:
            line = file.readline(LONGEST_LINE)
        except CUT_OFF as problem:
            yield damaged(name, number + 1, problem)
            return
        if not line:
            return
        number += 1
        if number == 1:
            line = line.removeprefix(BOM)
        if len(line) == LONGEST_LINE:
            yield InputError(f"{name}, line {number}", "", f"is longer than {LONGEST_LINE:,} bytes", is_last=True)
            return
        if line.isspace() or not line:
            continue
        yield _object(line, name, number)


def _object(line: bytes, name: str, number: int) -> Row | InputError:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as problem:
        return InputError(
            f"{name}, line {number}", "", f"is not valid JSON, at character {problem.colno}: {problem.msg}"
        )
    if value.__class__ is not dict:
        return InputError(f"{name}, line {number}", "", "must be a JSON object")
    return Row(number, value)


class CsvFile:
    """A CSV file with a header line.

    Attributes:
        columns: the names in the header.
    """

    def __init__(self, file: BufferedReader[Any], name: str, *, encoding: str, delimiter: str) -> None:
        self._name = name
        csv.field_size_limit(LONGEST_LINE)
        # invalid bytes are reported with line and column where a cell is used
        text = io.TextIOWrapper(file, encoding, errors="surrogateescape", newline="")
        self._reader = csv.reader(text, delimiter=delimiter, strict=True)
        try:
            self.columns: list[str] = next(self._reader, list[str]())
        except csv.Error as problem:
            raise InputError(f"{name}, line 1", "", f"is not valid CSV: {problem}") from None
        except CUT_OFF as problem:
            raise damaged(name, 1, problem) from None
        self._check()

    def _check(self) -> None:
        place = f"{self._name}, line 1"
        if self.columns:
            self.columns[0] = self.columns[0].removeprefix("\ufeff")
        if not any(self.columns):
            raise InputError(place, "", "there is no header: the first line must name the columns")
        for index, column in enumerate(self.columns):
            if column in self.columns[:index]:
                raise InputError(place, column, "appears twice in the header")

    def rows(self) -> Iterator[Row | InputError]:
        """Read the rows. Empty cells are left out."""
        reader, columns, count = self._reader, self.columns, len(self.columns)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader, None)
            except csv.Error as problem:
                yield InputError(f"{self._name}, line {line}", "", f"is not valid CSV: {problem}", is_last=True)
                return
            except CUT_OFF as problem:
                yield damaged(self._name, line, problem)
                return
            if cells is None:
                return
            if len(cells) == count:
                yield Row(line, {column: cell for column, cell in zip(columns, cells, strict=True) if cell})
            elif cells:
                reason = f"has {len(cells)} cells, but the header has {count}"
                yield InputError(f"{self._name}, line {line}", "", reason)


def holds_bytes(value: Any) -> bool:
    """Tell whether a cell holds bytes that are not valid in its encoding."""
    return isinstance(value, str) and any("\udc80" <= character <= "\udcff" for character in value)


def damaged(name: str, line: int, problem: BaseException) -> InputError:
    """Return the error for a file that cannot be read to its end."""
    return InputError(f"{name}, line {line}", "", f"cannot be read further: {problem}", is_last=True)
