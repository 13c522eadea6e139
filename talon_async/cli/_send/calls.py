"""Makes the calls of one input, in the order of its rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs

from talon_async.cli._send.mapping import Mapper
from talon_async.cli._send.operations import Shape
from talon_async.cli._send.problems import InputError, UsageError
from talon_async.cli._send.records import call_of, is_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from talon_async.bulk import PreparedCall
    from talon_async.cli._send.files import Input
    from talon_async.cli._send.mapping import MappingOptions
    from talon_async.cli._send.records import InDoubt
    from talon_async.cli._send.rows import Row
    from talon_async.client import TalonOne


@attrs.frozen(kw_only=True)
class CallOptions:
    """How rows become calls.

    Attributes:
        operation: the name of the operation.
        mapping: the options about columns.
        dry: whether the server only evaluates the calls and stores nothing.
        in_doubt: what to do with failed calls of an earlier run that the server may have recorded.
    """

    operation: str
    mapping: MappingOptions
    dry: bool
    in_doubt: InDoubt


class Calls:
    """Reads an input and makes its calls.

    Attributes:
        ignored: columns of the input that are not sent.
        skipped: the number of failed calls of an earlier run that are skipped, as the server may have recorded them.
    """

    def __init__(self, talon: TalonOne, file: Input, options: CallOptions) -> None:
        shape = Shape(type(talon), options.operation)
        self._file, self._client, self._options = file, type(talon), options
        fixed: dict[str, Any] = {"silent": True} if "silent" in shape.parameters else {}
        if options.dry:
            if "dry" not in shape.parameters:
                raise UsageError(f"--dry: {options.operation} has no dry run; use --check to send nothing at all")
            fixed["dry"] = True
        prepare: Callable[..., PreparedCall[Any]] = talon.prepare(getattr(talon, options.operation))
        try:
            self._mapper = Mapper(shape, prepare, options.mapping, file.columns, fixed)
        except UsageError as problem:
            raise UsageError(f"{file.name}: {problem}") from None
        self.ignored, self.skipped = self._mapper.ignored, 0

    def __iter__(self) -> Iterator[PreparedCall[Any] | InputError]:
        for row in self._file.rows(self._mapper.columns):
            if isinstance(row, InputError):
                yield row
                continue
            try:
                call = self._call(row)
            except InputError as problem:
                yield problem
                continue
            if call is None:
                self.skipped += 1
            else:
                yield call

    def or_raise(self) -> Iterator[PreparedCall[Any]]:
        """Yield the calls; raise the first problem."""
        for call in self:
            if isinstance(call, InputError):
                raise call
            yield call

    def _call(self, row: Row) -> PreparedCall[Any] | None:
        place = self._file.place(row.line)
        if self._file.format == "ndjson" and is_record(row.values):
            if self._options.dry:
                raise InputError(place, "", "--dry is not possible for a call that an earlier run wrote")
            return call_of(row.values, place, self._client, self._options.in_doubt, lambda: datetime.now(UTC))
        return self._mapper.call(row, place)
