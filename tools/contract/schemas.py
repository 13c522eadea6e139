"""Compares schemas with classes: properties, types, words, required fields, and effects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from talon_async.models import EFFECT_PROPS
from tools.contract.findings import Finding, Group
from tools.contract.known_gaps import STAND_INS
from tools.contract.package import classes, fields, hints, home
from tools.contract.types import declaration, described, fits, listed_words, notation, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.contract.document import Document, Shape

MODELS = "talon_async/models"
NO_PROPS = "UnknownEffectProps"
"""The class that keeps what comes as it came, for effects whose props no document describes."""

CHOICE = ("Effect", "props")
"""Where a document lists its effects, which are compared one by one."""


def compare_schemas(document: Document) -> Iterator[Finding]:
    """Find what the package lacks of a document's schemas and effects."""
    new = {name for effect, name in document.effects.items() if effect not in EFFECT_PROPS}
    for name, shape in document.schemas.items():
        cls = classes().get(name) or classes().get(STAND_INS.get(name, ""))
        if cls is not None:
            yield from (finding._replace(place=home(cls)) for finding in _compare_class(name, shape, cls, document))
        elif name not in new:
            yield Finding(Group.CLASS, name, role(name, document), f"write {_class(name, document)} in {MODELS}/")
    yield from _compare_effects(document)


def role(name: str, document: Document) -> str:
    """Describe where a schema is used."""
    roles = {"request": document.requests, "answer": document.answers}
    return " and ".join(word for word, schemas in roles.items() if name in schemas)


def _class(name: str, document: Document) -> str:
    """Write a class in one line."""
    written = [_declaration(name, property_, document) for property_ in document.schemas[name].properties]
    return f"class {name} with {'; '.join(written)}"


def _declaration(name: str, property_: str, document: Document) -> str:
    """Write the field for a property of a schema."""
    shape, sent = document.schemas[name], name in document.requests
    kind = notation(shape.properties[property_], document)
    if not sent:  # answers take words that no document knows yet
        kind = re.sub(r"(Literal\[.*?\])", r"\1 | str", kind)
    strict = sent or name.endswith("EffectProps")
    return declaration(property_, kind, required=property_ in shape.required, strict=strict)


def _compare_class(name: str, shape: Shape, cls: type[Any], document: Document) -> Iterator[Finding]:
    """Find what a class lacks of its schema."""
    held = hints(cls)
    for property_, schema in shape.properties.items():
        key, about = f"{name}.{property_}", f"{described(schema, document)}, {role(name, document)}"
        kind = held.get(property_)
        if kind is None:
            new = _declaration(name, property_, document)
            yield Finding(Group.PROPERTY, key, about, f"add {new} to {home(cls)}")
        elif (name, property_) != CHOICE:
            if not fits(kind, schema, document):
                todo = f"change {_field(cls, property_)} to {notation(schema, document)} in {home(cls)}"
                yield Finding(Group.TYPE, key, about, todo)
            elif lacking := listed_words(schema, document) - words(kind):
                todo = f"add {', '.join(sorted(lacking))} to the Literal of {_field(cls, property_)} in {home(cls)}"
                yield Finding(Group.WORD, key, about, todo)
    yield from _compare_required(name, shape, cls, document)


def _field(cls: type[Any], property_: str) -> str:
    """Name the field of a property."""
    return f"{cls.__name__}.{fields(cls)[property_].name}"


def _compare_required(name: str, shape: Shape, cls: type[Any], document: Document) -> Iterator[Finding]:
    """Find fields that are required from now on, and fields of answers that may now be missing."""
    held = fields(cls)
    needed = {wire for wire, field in held.items() if field.default is attrs.NOTHING}
    if name in document.requests:
        for property_ in sorted((shape.required & held.keys()) - needed):
            todo = f"take the default of {_field(cls, property_)} away in {home(cls)}"
            yield Finding(Group.REQUIRED, f"{name}.{property_}", "required now", todo)
    choice = {property_ for schema, property_ in (CHOICE,) if schema == name}
    for property_ in sorted(needed - shape.required - choice):
        todo = f"give {_field(cls, property_)} the default None in {home(cls)}"
        yield Finding(Group.REQUIRED, f"{name}.{property_}", "no longer required", todo)


def _compare_effects(document: Document) -> Iterator[Finding]:
    """Find the effects whose props have no class, or one of another name."""
    for effect, name in document.effects.items():
        cls = EFFECT_PROPS.get(effect)
        if cls is None and not name:
            yield Finding(Group.EFFECT, effect, "without props", f"register {NO_PROPS} for it in {MODELS}/effects/")
        elif cls is None:
            todo = f"write {_class(name, document)} in {MODELS}/effects/, and register it"
            yield Finding(Group.EFFECT, effect, name, todo)
        elif cls.__name__ != (name or NO_PROPS):
            todo = f"register {name or NO_PROPS} for it in {MODELS}/effects/, not {cls.__name__}"
            yield Finding(Group.EFFECT, effect, name, todo)
