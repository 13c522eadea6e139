"""Compares JSON with a schema of a document: what does not fit, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.contract.document import Document, Schema

KINDS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
}


def misfits(value: Any, schema: Schema, document: Document, at: str = "") -> Iterator[str]:
    """Yield each field that the schema does not know, or that is missing or of another type. Null fits everywhere."""
    _, schema = document.resolve(schema)
    kind = document.kind(schema)
    if value is None:
        return
    if document.shape(schema).properties:
        yield from _fields(value, schema, document, at) if isinstance(value, dict) else [f"{at} is no object"]
    elif not isinstance(value, KINDS.get(kind or "", object)):
        yield f"{at} is no {kind}"
    elif kind == "array":
        for index, item in enumerate(value):
            yield from misfits(item, schema["items"], document, f"{at}/{index}")
    elif kind == "object" and isinstance(below := schema.get("additionalProperties"), dict):
        for name, item in value.items():
            yield from misfits(item, below, document, f"{at}/{name}")


def _fields(value: dict[str, Any], schema: Schema, document: Document, at: str) -> Iterator[str]:
    properties, required = document.shape(schema)
    yield from (f"{at}/{name} is unknown" for name in value.keys() - properties.keys())
    yield from (f"{at}/{name} is missing" for name in required - value.keys())
    for name in value.keys() & properties.keys():
        yield from misfits(value[name], properties[name], document, f"{at}/{name}")
    if "effectType" in properties and (props := document.effects.get(value["effectType"])):
        yield from misfits(value["props"], {"$ref": props}, document, f"{at}/props")
