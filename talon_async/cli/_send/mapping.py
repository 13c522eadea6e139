"""Turns rows into calls, according to `--map FIELD=COLUMN`, `--attribute NAME=COLUMN:TYPE` and `--set FIELD=VALUE`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from talon_async._codec import read
from talon_async.cli._send.convert import as_it_is, converters
from talon_async.cli._send.problems import InputError, UsageError
from talon_async.cli._send.rows import holds_bytes
from talon_async.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import tzinfo

    from talon_async.bulk import PreparedCall
    from talon_async.cli._send.convert import Converter
    from talon_async.cli._send.operations import Field, Shape
    from talon_async.cli._send.rows import Row

TYPES = ("str", "int", "float", "bool", "datetime", "json")


@attrs.frozen
class MappingOptions:
    """The options about columns, as they are typed on the command line."""

    maps: Sequence[str] = ()
    attributes: Sequence[str] = ()
    constants: Sequence[str] = ()
    zone: tzinfo | None = None


@attrs.frozen
class Step:
    """How the value of one column is converted, and where it is put."""

    column: str
    place: str
    name: str
    convert: Converter


@attrs.define
class Values:
    """The values of a row, by their place in the call."""

    parameters: dict[str, Any]
    body: dict[str, Any]
    attributes: dict[str, Any]

    def put(self, place: str, name: str, value: Any) -> None:
        """Put a value in its place."""
        target = {"parameter": self.parameters, "body": self.body, "attribute": self.attributes}[place]
        target[name] = value


class Mapper:
    """Turns rows into calls.

    Attributes:
        ignored: the columns that are not sent.
        columns: the columns that are needed; None means all.
    """

    def __init__(
        self,
        shape: Shape,
        prepare: Callable[..., PreparedCall[Any]],
        options: MappingOptions,
        columns: Sequence[str] | None,
        fixed: Mapping[str, Any],
    ) -> None:
        self._shape, self._prepare, self._fixed = shape, prepare, dict(fixed)
        self._converters = converters(options.zone)
        self._is_explicit = bool(options.maps or options.attributes)
        self._has_header = columns is not None
        self._steps = [*self._mapped(options.maps), *self._attributes(options.attributes)]
        _refuse_double((step.place, step.name) for step in self._steps)
        self._rivals: list[tuple[str, str]] = []
        self._by_column: dict[str, list[Step]] = {}
        for step in self._steps:
            self._by_column.setdefault(step.column, []).append(step)
        self._constants = self._constant(options.constants)
        _refuse_double((field.place, field.name) for field, _ in self._constants)
        self.ignored: list[str] = []
        if columns is not None:
            self._check(columns)
        self._identity = self._named_like(columns or [])
        if self._rivals:
            first, second = self._rivals[0]
            raise UsageError(
                f"the columns {first!r} and {second!r} are the same field: remove one, or choose one with --map"
            )
        self.columns = None if columns is None else [*dict.fromkeys([*self._by_column, *self._identity])]

    # -- the options

    def _mapped(self, maps: Iterable[str]) -> Iterator[Step]:
        for text in maps:
            name, _, column = text.partition("=")
            field = self._field(name, text)
            column, kind = _typed(column or name)
            yield Step(column, field.place, field.name, self._converters[kind or field.kind])

    def _attributes(self, attributes: Iterable[str]) -> Iterator[Step]:
        for text in attributes:
            if not self._shape.takes_attributes:
                raise UsageError(f"--attribute {text}: {self._shape.endpoint.name} has no attributes")
            name, equals, column = text.partition("=")
            column, kind = _typed(column if equals else name)
            name = name if equals else column
            if not name or not column:
                raise UsageError(f"--attribute {text}: must be NAME, NAME:TYPE or NAME=COLUMN:TYPE")
            yield Step(column, "attribute", name, self._converters[kind or ""])

    def _constant(self, constants: Iterable[str]) -> list[tuple[Field, Any]]:
        values: list[tuple[Field, Any]] = []
        for text in constants:
            name, equals, value = text.partition("=")
            field = self._field(name, text)
            if not equals:
                raise UsageError(f"--set {text}: must be FIELD=VALUE")
            try:
                values.append((field, self._converters[field.kind](value)))
            except ValueError as problem:
                raise UsageError(f"--set {text}: {problem}") from None
        return values

    def _field(self, name: str, text: str) -> Field:
        try:
            return self._shape.fields[name]
        except KeyError:
            names = ", ".join(sorted(name for name in self._shape.fields if name.islower()))
            raise UsageError(f"{text}: {self._shape.endpoint.name} has no {name!r}; it has {names}") from None

    def _check(self, columns: Sequence[str]) -> None:
        """Compare the options with the columns of the input."""
        for column in self._by_column:
            if column not in columns:
                raise UsageError(f"there is no column {column!r}; there are {', '.join(columns)}")
        taken = {field.name for field, _ in self._constants} | {step.name for step in self._steps}
        fields = self._shape.fields
        rest = [column for column in columns if column not in self._by_column]
        self.ignored = [column for column in rest if column not in fields or fields[column].name in taken]
        if self.ignored and not self._is_explicit:
            raise UsageError(
                f"{self._shape.endpoint.name} has no field for the column {self.ignored[0]!r}: name the columns to "
                f"send, for example with --attribute {self.ignored[0]}:str; other columns are then left out"
            )
        mapped = taken | {fields[column].name for column in rest if column in fields}
        for name, field in self._shape.required.items():
            if field.name not in mapped and not (name == "attributes" and self._is_explicit):
                raise UsageError(
                    f"there is no column for {name}: use --map {name}=COLUMN, or --set {name}=VALUE for all rows"
                )

    def _named_like(self, columns: Iterable[str]) -> dict[str, Step]:
        """Return the steps for columns that have the name of a field."""
        taken = {step.name for step in self._steps}
        steps: dict[str, Step] = {}
        for column in columns:
            field = self._shape.fields.get(column)
            if field is not None and column not in self._by_column and field.name not in taken:
                self._compare(column, field, steps)
                steps[column] = Step(column, field.place, field.name, self._converters[field.kind])
        return steps

    def _compare(self, column: str, field: Field, steps: Mapping[str, Step]) -> None:
        """Record two columns that are the same field, in its two spellings."""
        for step in steps.values():
            if (step.place, step.name) == (field.place, field.name):
                self._rivals.append((step.column, column))

    # -- rows

    def call(self, row: Row, place: str) -> PreparedCall[Any]:
        """Return the call for a row.

        Raises:
            InputError: the row cannot be sent; the error names the place, the column and the reason.
        """
        values = Values(dict(self._fixed), {}, {})
        for field, value in self._constants:
            values.put(field.place, field.name, value)
        self._fill(values, row.values, place)
        body = values.body
        if values.attributes:
            body["attributes"] = {**(body.get("attributes") or {}), **values.attributes}
        elif self._is_explicit and "attributes" in self._shape.required:
            body.setdefault("attributes", {})
        for pointer, reason in self._shape.refusals(body):
            raise InputError(place, self._column_of(pointer, row.values), reason)
        self._need(values, row, place)
        try:
            return self._prepare(**values.parameters, body=read(body, self._shape.body))
        except InvalidArgumentError as problem:
            pointer, reason = self._blamed(problem.message)
            column = self._column_of(pointer, row.values)
            if holds_bytes(row.values.get(column)):
                reason = "holds bytes that are not valid in this encoding: see --encoding"
            raise InputError(place, column, reason) from None

    def _blamed(self, message: str) -> tuple[str, str]:
        """Split an error message of the client into field and reason, and leave the value out."""
        pointer, _, reason = message.partition(": ")
        if message.startswith("/"):
            pointer = pointer[1:].replace("/", ".")
        else:  # "type must be 1 or more characters, not 0", "customer_session.state must be ..."
            name = re.split(r"\W", message, maxsplit=1)[0]
            field = self._shape.fields.get(name)
            pointer = field.name if field else ""
            reason = message.removeprefix(f"{name} ") if field else message
        return pointer, reason.partition(", not ")[0]

    def _fill(self, values: Values, row: Mapping[str, Any], place: str) -> None:
        """Put the values of a row where they belong."""
        for column, value in row.items():
            for step in self._by_column.get(column) or self._named(column, place):
                try:
                    values.put(step.place, step.name, None if value is None else step.convert(value))
                except ValueError as problem:
                    raise InputError(place, column, str(problem)) from None
        for first, second in self._rivals:
            if first in row and second in row:
                raise InputError(place, second, f"is the same field as {first}: keep only one of them")

    def _named(self, column: str, place: str) -> tuple[Step, ...]:
        """Return the step for a column that no option names, if it has the name of a field."""
        step = self._identity.get(column)
        if step is None and not self._has_header:
            step = self._by_name(column, place)
        return () if step is None else (step,)

    def _by_name(self, column: str, place: str) -> Step | None:
        """Return the step for a JSON key that no option names; None if the key is not sent."""
        field = self._shape.fields.get(column)
        if field is None:
            if self._is_explicit:
                return None
            raise InputError(place, column, f"{self._shape.endpoint.name} has no such field: see --map, --attribute")
        if any(step.name == field.name for step in self._steps):
            return None
        self._compare(column, field, self._identity)
        step = self._identity[column] = Step(column, field.place, field.name, as_it_is)
        return step

    def _need(self, values: Values, row: Row, place: str) -> None:
        for name, field in self._shape.required.items():
            target = values.parameters if field.place == "parameter" else values.body
            if target.get(field.name) is None:
                raise InputError(place, self._column_of(field.name, row.values), f"{name} is required")

    def _column_of(self, pointer: str, row: Mapping[str, Any]) -> str:
        """Return the column of a field of the body."""
        steps = [*self._steps, *self._identity.values()]
        names = {f"attributes.{step.name}" if step.place == "attribute" else step.name: step.column for step in steps}
        names |= {step.name: step.column for step in steps if step.column in row and step.place != "attribute"}
        return names.get(pointer, pointer)


def _typed(text: str) -> tuple[str, str | None]:
    """Split a column from the type behind it."""
    column, _, kind = text.rpartition(":")
    if column and kind in TYPES:
        return column, kind
    if column and kind.isidentifier() and kind == kind.lower():
        raise UsageError(f"{text}: {kind!r} is not a type; the types are {', '.join(TYPES)}")
    return text, None


def _refuse_double(places: Iterable[tuple[str, str]]) -> None:
    """Raise UsageError if the options name a field or attribute twice, as only the last one would be sent."""
    seen = set[tuple[str, str]]()
    for place, name in places:
        if (place, name) in seen:
            raise UsageError(f"{'--attribute' if place == 'attribute' else 'an option'} names {name} twice")
        seen.add((place, name))
