"""Reads rows of text: NDJSON and CSV, one at a time, each with its line.

A row that cannot be read is given as an InputError in its place, so that `--check` can go on behind it.
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
"""Bytes of a line of JSON, or characters of a cell of CSV, so that a file without lines does not fill the memory."""
BOM = b"\xef\xbb\xbf"
CUT_OFF = (EOFError, zlib.error, OSError, UnicodeError)
"""What files raise that are damaged or incomplete, or not of their encoding."""


@attrs.define
class Row:
    """One row.

    Attributes:
        line: the line it begins on, counted from 1; of Parquet, the number of the row.
        values: by column.
    """

    line: int
    values: dict[str, Any]


def ndjson(file: BufferedReader[Any], name: str) -> Iterator[Row | InputError]:
    """Read an object from each line; empty lines are passed over."""
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
        return InputError(f"{name}, line {number}", "", f"is no JSON, at character {problem.colno}: {problem.msg}")
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
        # bytes that are no text are found where a cell is used, with line and column
        text = io.TextIOWrapper(file, encoding, errors="surrogateescape", newline="")
        self._reader = csv.reader(text, delimiter=delimiter, strict=True)
        try:
            self.columns: list[str] = next(self._reader, list[str]())
        except csv.Error as problem:
            raise InputError(f"{name}, line 1", "", f"is no CSV: {problem}") from None
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
                raise InputError(place, column, "is there twice")

    def rows(self) -> Iterator[Row | InputError]:
        """Read the rows. A cell without text is left out."""
        reader, columns, count = self._reader, self.columns, len(self.columns)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader, None)
            except csv.Error as problem:
                yield InputError(f"{self._name}, line {line}", "", f"is no CSV: {problem}", is_last=True)
                return
            except CUT_OFF as problem:
                yield damaged(self._name, line, problem)
                return
            if cells is None:
                return
            if len(cells) == count:
                yield Row(line, {column: cell for column, cell in zip(columns, cells, strict=True) if cell})
            elif cells:
                reason = f"has {len(cells)} cells, and the header {count}"
                yield InputError(f"{self._name}, line {line}", "", reason)


def holds_bytes(value: Any) -> bool:
    """Tell whether a cell holds bytes that its encoding does not have."""
    return isinstance(value, str) and any("\udc80" <= character <= "\udcff" for character in value)


def damaged(name: str, line: int, problem: BaseException) -> InputError:
    """Return what to say of a file that cannot be read to its end."""
    return InputError(f"{name}, line {line}", "", f"cannot be read further: {problem}", is_last=True)
