"""Walks through the examples of a document, and finds the names in them that no model has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_origin

import attrs

from talon_async.models import CATALOG_ACTIONS, EFFECT_PROPS
from talon_async.models._base import ALSO
from talon_async.webhooks import NOTIFICATIONS
from tools.contract.findings import Finding, Group
from tools.contract.known_gaps import STAND_INS
from tools.contract.package import classes, fields, hints, home
from tools.contract.types import LISTS, parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.contract.document import Document, Published, Schema


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
    """List the examples of requests, of successful answers, of notifications, of schemas and of their properties."""
    for operation in document.published.values():
        for media in _bodies(operation, document):
            hint = _holder(document.resolve(media["schema"])[0] or operation.page)
            yield from (Example(operation.id, hint, value) for value in _written(media))
    for name, message in document.messages.items():
        for value in _written(message):
            yield Example(name, NOTIFICATIONS.get(value.get("NotificationType"), Any), value)
    for name, shape in document.schemas.items() if document.published else ():
        cls = _holder(name)
        if not attrs.has(cls):
            continue
        yield from (Example(name, cls, value) for value in _written(document.named(name)))
        for property_, schema in shape.properties.items():
            for value in _written(schema):
                if property_ in fields(cls):
                    yield Example(f"{name}.{property_}", hints(cls)[property_], value)


def _holder(name: str) -> Any:
    """Return the class that holds a schema, or Any if there is none."""
    return classes().get(name) or classes().get(STAND_INS.get(name, ""), Any)


def _bodies(operation: Published, document: Document) -> Iterator[dict[str, Any]]:
    """List the contents of the request and of the successful answers, which have a schema."""
    _, body = document.follow(operation.operation.get("requestBody", {}))
    answers = [
        document.follow(answer)[1]
        for status, answer in operation.operation.get("responses", {}).items()
        if status.startswith("2")
    ]
    for content in (body, *answers):
        yield from (media for media in content.get("content", {}).values() if "schema" in media)


def _written(holder: Schema) -> Iterator[Any]:
    """List the examples that stand beside a part of the document."""
    if "example" in holder:
        yield holder["example"]
    values = holder.get("examples") or ()
    yield from (example["value"] for example in values.values()) if isinstance(values, dict) else values


def unknown(value: Any, hint: Any) -> Iterator[tuple[type[Any], str]]:
    """List the names in a value that no field has, each with the class that lacks it."""
    held = list(parts(hint))
    if isinstance(value, list):
        inner = [get_args(part)[0] for part in held if get_origin(part) in LISTS]
        for item in value if inner else ():
            yield from unknown(item, inner[0])
    elif isinstance(value, dict):
        if known := [part for part in held if attrs.has(part)]:
            # of several classes, that which knows most
            yield from min((list(_lacking(value, cls)) for cls in known), key=len)
        elif maps := [part for part in held if get_origin(part) is Mapping]:
            for item in value.values():
                yield from unknown(item, get_args(maps[0])[1])


def _lacking(value: dict[str, Any], cls: type[Any]) -> Iterator[tuple[type[Any], str]]:
    """List the names in an object that its class lacks, and those further down."""
    held = hints(cls)
    spelled = {field.metadata[ALSO]: wire for wire, field in fields(cls).items() if ALSO in field.metadata}
    for given, item in value.items():
        name = given if given in held else spelled.get(given, given)
        hint = held.get(name)
        if name not in held:
            yield cls, name
        elif (cls.__name__, name) == ("Effect", "props"):
            yield from unknown(item, EFFECT_PROPS.get(value.get("effectType", ""), hint))
        elif (cls.__name__, name) == ("CatalogAction", "payload"):
            yield from unknown(item, CATALOG_ACTIONS.get(value.get("type", ""), hint))
        else:
            yield from unknown(item, hint)


def compare_examples(document: Document) -> Iterator[Finding]:
    """Find the names that stand in examples, and that no model knows."""
    missing: dict[tuple[type[Any], str], str] = {}
    for example in examples(document):
        for cls, name in unknown(example.value, example.hint):
            missing.setdefault((cls, name), example.where)
    for (cls, name), where in missing.items():
        todo = f"look whether {cls.__name__} in {home(cls)} lacks it"
        yield Finding(Group.EXAMPLE, f"{cls.__name__}.{name}", f"in the example of {where}", todo, home(cls))
