"""Python types beside schemas: whether a type can hold a schema's values, and how it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, cast, get_args, get_origin
from uuid import UUID

import attrs

from talon_async.models._base import camel
from tools.contract.package import fields, python_name

if TYPE_CHECKING:
    from tools.contract.document import Document, Schema

LISTS = (Sequence, list)
PLAIN = {"string": str, "integer": int, "number": float, "boolean": bool}


def parts(hint: Any) -> Iterator[Any]:
    """Split a union, however deep, into what it is made of; `Literal` counts as one part."""
    if get_origin(hint) in (None, Literal, Mapping, *LISTS):
        yield hint
    else:
        for part in get_args(hint):
            yield from parts(part)


def words(hint: Any) -> set[str]:
    """Return the words of all `Literal` in a type, also inside a sequence."""
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    return {word for part in get_args(hint) for word in words(part)}


def kinds(schema: Schema) -> list[str]:
    """Return the types that a schema gives, without null; empty if it allows any."""
    type_name: str | list[str] = schema.get("type", [])
    listed = [type_name] if isinstance(type_name, str) else type_name
    if not listed and (values := [schema["const"]] if "const" in schema else schema.get("enum")):
        listed = [kind for kind, plain in PLAIN.items() if type(values[0]) is plain]
    return [kind for kind in listed if kind != "null"]


def choices(schema: Schema) -> list[Schema]:
    """Return the alternatives of a schema, without null."""
    listed: list[Schema] = schema.get("oneOf") or schema.get("anyOf") or []
    return [option for option in listed if option.get("type") != "null"]


def listed_words(schema: Schema, document: Document) -> set[str]:
    """Return the words of a schema's enumeration, or of that of its items."""
    _, schema = document.resolve(schema)
    listed = {schema["const"]} if "const" in schema else set(schema.get("enum", []))
    below = [*choices(schema), schema.get("items", {})]
    listed.update(*(listed_words(part, document) for part in below if part))
    return {word for word in listed if isinstance(word, str)}


def fits(hint: Any, schema: Schema, document: Document, name: str = "") -> bool:
    """Tell whether a type can hold what a schema describes; `name` is for a schema that has none."""
    reference, schema = document.resolve(schema)
    held = list(parts(hint))
    if Any in held:
        return True
    if document.shape(schema).properties:
        return _fits_object(held, schema, document, reference or name)
    if options := choices(schema):
        return all(fits(hint, option, document) for option in options)
    named = kinds(schema)
    return bool(named) and all(_fits_kind(held, kind, schema, document, reference or name) for kind in named)


def _fits_kind(held: list[Any], kind: str, schema: Schema, document: Document, name: str) -> bool:
    """Tell whether one of some types holds one kind of a schema's values."""
    if kind == "array":
        inner = [get_args(part)[0] for part in held if get_origin(part) in LISTS]
        return any(fits(part, schema.get("items", {}), document) for part in inner)
    if kind == "object":
        return _fits_object(held, schema, document, name)
    if kind == "string":
        texts = {"date-time": datetime, "uuid": UUID}
        python_type = texts.get(schema.get("format", ""), str)
        return python_type in held or (python_type is not datetime and (str in held or any(map(words, held))))
    return PLAIN.get(kind) in held


def _fits_object(held: list[Any], schema: Schema, document: Document, name: str) -> bool:
    """Tell whether one of some types is a class with all properties, or a map of the right values."""
    properties = document.shape(schema).properties
    if properties:
        models = [part for part in held if attrs.has(part)]
        return any(cls.__name__ == name or fields(cls).keys() >= properties.keys() for cls in models)
    inner = _values(schema)
    values = [get_args(part)[1] for part in held if get_origin(part) is Mapping]
    return any(fits(value, inner, document) if inner else value is Any for value in values)


def _values(schema: Schema) -> Schema:
    """Return the schema of a map's values; an empty one allows any value."""
    values = schema.get("additionalProperties")
    return cast("Schema", values) if isinstance(values, dict) else {}


def notation(schema: Schema, document: Document, name: str = "") -> str:
    """Write the type that holds a schema."""
    reference, schema = document.resolve(schema)
    if document.shape(schema).properties:
        return reference or name or "a new class"
    if options := choices(schema):
        return " | ".join(dict.fromkeys(notation(option, document) for option in options))
    return " | ".join(_kind_notation(kind, schema, document) for kind in kinds(schema)) or "Any"


def _kind_notation(kind: str, schema: Schema, document: Document) -> str:
    if kind == "array":
        return f"Sequence[{notation(schema.get('items', {}), document)}]"
    if kind == "object":
        return f"Mapping[str, {notation(_values(schema), document)}]"
    if kind == "string" and (listed := listed_words(schema, document)):
        return "Literal[" + ", ".join(f'"{word}"' for word in sorted(listed)) + "]"
    return "datetime" if schema.get("format") == "date-time" else PLAIN[kind].__name__


def declaration(wire: str, kind: str, *, required: bool, strict: bool) -> str:
    """Write the field for a property; lists and maps of answers, which are not strict, are empty by default."""
    name = python_name(wire)
    arguments = [] if camel(name) == wire else [f'"{wire}"']
    factory = {"Sequence": "list", "Mapping": "dict"}.get(kind.partition("[")[0])
    if strict and required:
        return f"{name}: {kind}" + (f" = wire({arguments[0]})" if arguments else "")
    if factory and not strict:
        return f"{name}: {kind} = wire({', '.join([*arguments, f'factory={factory}'])})"
    optional = kind if kind == "Any" else f"{kind} | None"
    return f"{name}: {optional} = " + (f"wire({arguments[0]}, default=None)" if arguments else "None")


def described(schema: Schema, document: Document) -> str:
    """Describe a schema in a few words of the document."""
    name, schema = document.resolve(schema)
    description = schema.get("format") or " or ".join(kinds(schema))
    return (
        name or description or ("choice" if choices(schema) else "object" if schema.get("properties") else "anything")
    )
