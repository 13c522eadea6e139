"""Walks through the examples of a document, and finds the names in them that no model has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast, get_args, get_origin

import attrs

from talon_async.models import CATALOG_ACTIONS, EFFECT_PROPS
from talon_async.models._base import ALSO, wire
from talon_async.webhooks import NOTIFICATIONS
from tools.contract.document import ERRORS
from tools.contract.findings import Finding, Group
from tools.contract.known_gaps import STAND_INS
from tools.contract.package import classes, fields, hints, home
from tools.contract.types import LISTS, parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.contract.document import Document, Published, Schema


@attrs.frozen
class ErrorSource:
    """Where an error is; see `talon_async.errors.ErrorDetail`."""

    pointer: str | None = None
    parameter: str | None = None
    line: str | None = None
    resource: str | None = None


@attrs.frozen
class ErrorDetail:
    """One error of many; see `talon_async.errors.ErrorDetail`."""

    title: str = ""
    details: str | None = None
    source: ErrorSource | None = None


@attrs.frozen
class ErrorAnswer:
    """What `talon_async.errors` reads of an answer with an error status, and the status, which it has from the head."""

    message: str | None = None
    errors: Sequence[ErrorDetail] = ()
    status_code: int | None = wire("StatusCode", default=None)


class Example(NamedTuple):
    """One example.

    Attributes:
        where: what it is an example of.
        hint: the type that holds it.
        value: the example.
    """

    where: str
    hint: Any
    value: Any


def examples(document: Document) -> Iterator[Example]:
    """List all examples: of requests, answers, errors, notifications and schemas, and of all that is in them."""
    walk = _Walk(document)
    for operation in document.published.values():
        for media in _bodies(operation, document):
            hint = _holder(document.resolve(media["schema"])[0] or operation.page)
            yield from walk.beside(media, hint, operation.id)
            yield from walk.schema(media["schema"], hint, operation.id)
    for name, message in document.messages.items():
        for value in walk.written(message):
            yield Example(name, NOTIFICATIONS.get(value.get("NotificationType"), Any), value)
        kinds = document.shape(message["schema"]).properties.get("NotificationType", {})
        for kind in (*kinds.get("enum", ()), kinds.get("const")):
            yield from walk.schema(message["schema"], NOTIFICATIONS.get(kind, Any), name)
    for name in document.components if document.published else ():
        yield from walk.schema({"$ref": f"#/components/schemas/{name}"}, _holder(name), name)


def _holder(name: str) -> Any:
    """Return the class that holds a schema, or Any if there is none."""
    errors = ErrorAnswer if name in ERRORS - {"ErrorSource", "APIError"} else Any
    return classes().get(name) or classes().get(STAND_INS.get(name, ""), errors)


def _bodies(operation: Published, document: Document) -> Iterator[dict[str, Any]]:
    """List the contents of the request and of the answers, which have a schema."""
    nodes = [operation.operation.get("requestBody", {}), *operation.operation.get("responses", {}).values()]
    for _, body in map(document.follow, nodes):
        yield from (media for media in body.get("content", {}).values() if "schema" in media)


class _Walk:
    """Walks down the schemas of a document, each once for each type that holds it."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._seen: set[tuple[str, str]] = set()

    def written(self, holder: Schema) -> Iterator[Any]:
        """List the examples that stand beside a part of the document, but for those that are somewhere else."""
        if "example" in holder:
            yield holder["example"]
        values = holder.get("examples") or ()
        for example in values.values() if isinstance(values, dict) else ({"value": value} for value in values):
            _, found = self._document.follow(example)
            yield from [found["value"]] if "value" in found else []

    def beside(self, holder: Schema, hint: Any, where: str) -> Iterator[Example]:
        """List the examples that stand beside a part of the document, with the type that holds them."""
        yield from (Example(where, hint, value) for value in self.written(holder))

    def schema(self, schema: Schema, hint: Any, where: str) -> Iterator[Example]:
        """List the examples of a schema and of everything below it."""
        yield from self.beside(schema, hint, where)
        if "$ref" in schema:
            name, target = self._document.follow(schema)
            hint = own if (own := _holder(name)) in parts(hint) or hint is Any else hint
            if (name, str(hint)) not in self._seen:
                self._seen.add((name, str(hint)))
                yield from self.schema(target, hint, name)
        for part in (*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ())):
            yield from self.schema(part, hint, where)
        for name, below in schema.get("properties", {}).items():
            yield from self.schema(below, _held(hint, name), f"{where}.{name}")
        for key, kinds in (("items", LISTS), ("additionalProperties", (Mapping,))):
            if isinstance(below := schema.get(key), dict):
                yield from self.schema(cast("Schema", below), _inner(hint, kinds), where)


def _held(hint: Any, name: str) -> Any:
    """Return the type that holds a property, or Any if no class has it."""
    return next((hints(part)[name] for part in parts(hint) if attrs.has(part) and name in hints(part)), Any)


def _inner(hint: Any, kinds: tuple[Any, ...]) -> Any:
    """Return the type of what a list or a map holds, or Any if there is none."""
    return next((get_args(part)[-1] for part in parts(hint) if get_origin(part) in kinds), Any)


def unknown(value: Any, hint: Any, where: str) -> Iterator[tuple[str, str]]:
    """List the names in a value that no field has, and the objects where none is held: its key, and the file."""
    held = list(parts(hint))
    known = [part for part in held if attrs.has(part)]
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from unknown(item, _inner(hint, LISTS), where)
    elif isinstance(value, dict):
        if known:  # of several classes, that which knows most
            yield from min((list(_lacking(cast("dict[str, Any]", value), cls)) for cls in known), key=len)
        elif Any not in held:
            inner = [get_args(part)[1] for part in held if get_origin(part) is Mapping]
            for item in cast("dict[str, Any]", value).values() if inner else ():
                yield from unknown(item, inner[0], where)
            yield from [] if inner else [(where, "")]


def _lacking(value: dict[str, Any], cls: type[Any]) -> Iterator[tuple[str, str]]:
    """List the names in an object that its class lacks, and those further down."""
    held = hints(cls)
    spelled = {field.metadata[ALSO]: wire for wire, field in fields(cls).items() if ALSO in field.metadata}
    for given, item in value.items():
        name = given if given in held else spelled.get(given, given)
        hint, key = held.get(name), f"{cls.__name__}.{name}"
        if name not in held:
            yield key, home(cls)
        elif key == "Effect.props":
            yield from unknown(item, EFFECT_PROPS.get(value.get("effectType", ""), hint), key)
        elif key == "CatalogAction.payload":
            yield from unknown(item, CATALOG_ACTIONS.get(value.get("type", ""), hint), key)
        else:
            yield from unknown(item, hint, key)


def compare_examples(document: Document) -> Iterator[Finding]:
    """Find the names that stand in examples, and that no model knows."""
    missing: dict[tuple[str, str], str] = {}
    for example in examples(document):
        for found in unknown(example.value, example.hint, example.where):
            missing.setdefault(found, example.where)
    for (key, place), where in missing.items():
        todo = f"look whether {key.partition('.')[0]} in {place} lacks it" if place else "look whether it holds objects"
        yield Finding(Group.EXAMPLE, key, f"in the example of {where}", todo, place)
