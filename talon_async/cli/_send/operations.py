"""The inputs of an operation: the parameters of the method and the fields of the body, by both of their names."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, get_origin

import attrs

from talon_async._codec.shape import branches, hints, is_required
from talon_async._codec.strict import problems
from talon_async._endpoint.marks import kind_and_marks
from talon_async.bulk.calls import endpoint_for
from talon_async.models._base import camel, wire_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from talon_async._endpoint import Endpoint

OWN_OPTIONS = ("body", "dry", "silent")
"""Parameters that are not columns, as the command sets them itself."""
SCALARS: dict[Any, str] = {str: "str", int: "int", float: "float", bool: "bool", datetime: "datetime"}


@attrs.frozen
class Field:
    """A parameter of the method or a field of the body, for which a row can have a value.

    Attributes:
        place: whether this is a parameter or a field.
        name: the name of the parameter, or the name of the field in JSON.
        kind: the TYPE of its column, as in `--attribute price:float`.
        annotation: the type in the model or the method.
        is_required: whether every row must have a value.
    """

    place: Literal["parameter", "body"]
    name: str
    kind: str
    annotation: Any
    is_required: bool


class Shape:
    """The inputs of an operation.

    Attributes:
        endpoint: the operation.
        body: the class of its body.
        fields: the parameters and fields, by their names in Python and in JSON.
        required: the parameters and fields that every row must have, by their names in Python.
        takes_attributes: whether the body has free attributes.
        parameters: the names of the method's parameters.
    """

    def __init__(self, client: type, operation: str) -> None:
        self.endpoint: Endpoint = endpoint_for(client, operation)
        self.body: type = self.endpoint.body_classes[0]
        self.fields = {name: field for names, field in self._fields() for name in names}
        self.required = {name: field for name, field in self.fields.items() if field.is_required and name.islower()}
        self.takes_attributes = "attributes" in self.fields
        self.parameters = self.endpoint.signature.parameters.keys()
        self._plain = {
            field.name: _plain_types(field.annotation) for field in self.fields.values() if field.place == "body"
        }

    def _fields(self) -> Iterator[tuple[set[str], Field]]:
        types = hints(self.body)
        for attribute in attrs.fields(self.body):
            name, annotation = wire_name(attribute), types[attribute.name]
            field = Field("body", name, _kind(annotation), annotation, is_required(attribute))
            yield {attribute.name, name}, field
        signature = self.endpoint.signature
        for name, annotation in self.endpoint.types.items():
            if name in OWN_OPTIONS or name == "return":
                continue
            parameter = signature.parameters[name]
            is_needed = parameter.default is parameter.empty
            yield {name, camel(name)}, Field("parameter", name, _kind(annotation), annotation, is_needed)

    def refusals(self, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield the invalid fields of a body, each with its expected form."""
        plain = self._plain
        for name, value in body.items():
            if value.__class__ not in plain[name]:
                break
        else:
            return  # nearly every body
        for problem in problems(body, self.body):
            yield problem.pointer[1:].replace("/", "."), problem.details.partition(", not ")[0]
        for pointer in unknown_fields(body, self.body):
            yield pointer, "is not a field of the API"


def _kind(annotation: Any) -> str:
    kinds = branches(annotation)
    kind = kind_and_marks(annotation)[0]
    if get_origin(kind) is Literal:
        return "str"
    return SCALARS.get(kind, "json") if len(kinds) == 1 else "json"


def _plain_types(annotation: Any) -> tuple[type, ...]:
    """Return the types of values that need no further check."""
    kind = branches(annotation)[0]
    if kind in (str, bool, int):
        return (kind,)
    if kind is float:
        return (int, float)
    return (dict,) if "Mapping" in str(kind) else ()


def unknown_fields(value: Any, annotation: Any, pointer: str = "") -> Iterator[str]:
    """Yield pointers to fields that the models of a body do not have, which the client would silently leave out."""
    classes = [kind for kind in branches(annotation) if attrs.has(kind)]
    if classes and value.__class__ is dict:
        yield from _fields_of(value, classes, pointer)
    elif value.__class__ is list:
        inner = [arguments for kind in branches(annotation) if (arguments := getattr(kind, "__args__", ()))]
        for index, item in enumerate(value):
            for arguments in inner:
                yield from unknown_fields(item, arguments[0], f"{pointer}{index}.")


def _fields_of(value: Mapping[str, Any], classes: list[Any], pointer: str) -> Iterator[str]:
    types = {wire_name(field): hints(cls)[field.name] for cls in classes for field in attrs.fields(cls)}
    for name, item in value.items():
        if name in types:
            yield from unknown_fields(item, types[name], f"{pointer}{name}.")
        else:
            yield f"{pointer}{name}"
