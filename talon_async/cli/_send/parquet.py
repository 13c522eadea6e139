"""Reads rows of Parquet files with pyarrow (extra `parquet`), in groups."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from talon_async.cli._send.problems import InputError, UsageError
from talon_async.cli._send.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedReader

GROUP = 1024
"""The number of rows in memory at once, in addition to the pages that pyarrow reads."""


class ParquetFile:
    """A Parquet file.

    Attributes:
        columns: the names of the columns.
        count: the number of rows.
    """

    def __init__(self, file: BufferedReader[Any], name: str) -> None:
        try:
            parquet: Any = import_module("pyarrow.parquet")
        except ImportError:
            raise UsageError(f"{name}: reading Parquet needs pyarrow: pip install 'talon-async[parquet]'") from None
        self._name, self._error = name, import_module("pyarrow").ArrowException
        try:
            self._file: Any = parquet.ParquetFile(file, buffer_size=1 << 16, pre_buffer=False)
        except (self._error, OSError) as problem:
            raise InputError(name, "", f"cannot be read as Parquet: {_first_line(problem)}") from None
        self.columns: list[str] = list(self._file.schema_arrow.names)
        self.count: int = self._file.metadata.num_rows

    def rows(self, columns: Sequence[str] | None = None) -> Iterator[Row | InputError]:
        """Read the rows, with all or some columns. Null values are left out."""
        number = 0
        try:
            for batch in self._file.iter_batches(GROUP, columns=columns, use_threads=False):
                for values in batch.to_pylist():
                    number += 1
                    yield Row(number, {column: value for column, value in values.items() if value is not None})
        except (self._error, OSError) as problem:
            place = f"{self._name}, row {number + 1}"
            yield InputError(place, "", f"cannot be read further: {_first_line(problem)}", is_last=True)


def _first_line(problem: Exception) -> str:
    return str(problem).partition("\n")[0]
