"""What a table can say of a document. Whatever else a document states as a fact is refused, so that none is lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tools.contract.document import METHODS, DocumentError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from tools.contract.document import Document, Published, Schema

NO_FACTS = {"description", "summary", "example", "examples", "title", "externalDocs", "xml", "$comment"}
"""What people read; the titles of effect props, which are types of effects, are read elsewhere. `x-` is for tools."""

TYPE = {
    *("type", "format", "enum", "const", "pattern", "$ref"),
    *("properties", "required", "additionalProperties", "items", "uniqueItems", "minItems", "maxItems"),
    *("minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "allOf", "oneOf", "anyOf", "discriminator"),
}
FIELD = TYPE | {"default", "readOnly", "deprecated"}
NAMED = TYPE | {"deprecated"}
REFERENCE = {"$ref", "type", "default", "readOnly", "deprecated", "minItems", "maxItems"}
"""What may stand beside a reference. Its type is that of what it refers to."""

PARAMETER = {"name", "in", "required", "deprecated", "schema", "style", "explode", "allowEmptyValue"}
OPERATION = {"operationId", "tags", "security", "parameters", "requestBody", "responses", "deprecated"}
BODY = {"required", "content", "headers"}
FORMATS = {"date-time", "date", "uuid", "string", "int64", "float"}
"""The formats of the API. Those of numbers say what numbers of Python can hold anyway."""

SINGLE = {
    *("enum", "const", "format", "pattern", "items", "minLength", "maxLength", "minItems", "maxItems"),
    *("minimum", "maximum", "exclusiveMinimum", "uniqueItems"),
}
"""What is said of a value beside no choice and no mix-in."""

JSON = "application/json"
TYPES = {"string", "integer", "number", "boolean", "array", "object", "null"}

STYLES = {"path": "simple", "header": "simple", "query": "form"}
"""How a value is written in each place unless the document says otherwise, which no table can."""


def refuse_operation(operation: Published, document: Document) -> None:
    """Check that a table can say everything about an operation, but for the schemas that have names.

    Raises:
        DocumentError: it cannot.
    """
    about, content = operation.id, operation.operation
    _refuse(content, OPERATION, about)
    if len(content.get("tags", ())) > 1:
        raise DocumentError(f"it has several tags of {about}, which a table cannot say")
    _refuse_parameters(operation.parameters, document, about)
    answers = content.get("responses", {})
    if odd := [status for status in answers if not re.fullmatch(r"\d{3}", status)]:
        raise DocumentError(f"it has the status `{odd[0]}` in {about}, which a table cannot say")
    for name, node in {"the request": content.get("requestBody", {}), **answers}.items():
        _refuse_body(node, document, f"{about}, {name}")


def refuse_webhook(name: str, hook: Schema, document: Document) -> None:
    """Check that a table can say everything about a webhook, but for the schemas that have names.

    Raises:
        DocumentError: it cannot.
    """
    _refuse(hook, OPERATION, name)
    _refuse_parameters([document.follow(entry)[1] for entry in hook.get("parameters", ())], document, name)
    _refuse_body(hook["requestBody"], document, f"{name}, the request")


def _refuse_parameters(parameters: Sequence[Schema], document: Document, about: str) -> None:
    for entry in parameters:
        name = f"{about}, parameter {entry['name']}"
        _refuse(entry, PARAMETER, name)
        if entry.get("style", usual := STYLES.get(entry["in"], "")) != usual:
            raise DocumentError(f"it has `style: {entry['style']}` in {name}, which a table cannot say")
        if entry["in"] not in STYLES:
            raise DocumentError(f"it has `in: {entry['in']}` in {name}, which a table cannot say")
        _refuse_type(entry["schema"], document, name, FIELD)


def _refuse_body(node: Schema, document: Document, about: str) -> None:
    _, body = document.follow(node)
    _refuse(body, BODY, about)
    if (media := body.get("content", {})) and [*media] != [JSON]:
        raise DocumentError(f"it has other content than {JSON} in {about}, which a table cannot say")
    for kind in media.values():
        _refuse(kind, {"schema"}, about)
        _refuse_type(kind.get("schema", {}), document, about)
    for name, written in body.get("headers", {}).items():
        _, header = document.follow(written)
        _refuse(header, {"schema"}, f"{about}, header {name}")
        _refuse_type(header["schema"], document, f"{about}, header {name}")


def refuse_paths(document: Document) -> None:
    """Check that every operation of a document has a method that tables know.

    Raises:
        DocumentError: one has another.
    """
    for path, item in document.paths.items():
        _refuse(item, {*METHODS, "parameters"}, path)


def refuse_schema(name: str, schema: Schema, document: Document) -> None:
    """Check that a table can say everything about a schema with a name.

    Raises:
        DocumentError: it cannot.
    """
    _refuse_type(schema, document, name, NAMED)


def _refuse_type(schema: Schema, document: Document, about: str, known: AbstractSet[str] = TYPE) -> None:
    _refuse(schema, known & REFERENCE if "$ref" in schema else known, about)
    if schema.get("format", "string") not in FORMATS:
        raise DocumentError(f"it has `format: {schema['format']}` in {about}, which a table cannot say")
    kinds: Any = schema.get("type", [])
    if odd := {kinds} - TYPES if isinstance(kinds, str) else {*kinds} - TYPES:
        raise DocumentError(f"it has `type: {min(odd)}` in {about}, which a table cannot say")
    words = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())]
    if any(not isinstance(word, str) or '"' in word for word in words):
        raise DocumentError(f"it has words that are no plain text in {about}, which a table cannot say")
    if isinstance(schema.get("exclusiveMinimum", 0), bool):
        raise DocumentError(f"it has `exclusiveMinimum` that is no number in {about}, which a table cannot say")
    if "$ref" in schema and not isinstance(schema.get("type", ""), str):
        raise DocumentError(f"it has a reference that may be null in {about}, which a table cannot say")
    _refuse_together(schema, document, about, is_named=known is NAMED)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            _refuse_type(schema[key], document, about)
    for part in (*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ())):
        _refuse_type(part, document, about)
    for name, below in schema.get("properties", {}).items():
        _refuse_type(below, document, f"{about}.{name}", FIELD)


def _refuse_together(schema: Schema, document: Document, about: str, *, is_named: bool) -> None:
    """Check that a schema has no keywords beside each other of which a table says one only."""
    has_fields = bool(document.shape(schema).properties) if "$ref" not in schema else True
    values = schema.get("additionalProperties")
    for word in ("allOf", "oneOf", "anyOf"):
        if word in schema and (beside := sorted(schema.keys() & SINGLE)):
            raise DocumentError(f"it has `{beside[0]}` beside `{word}` in {about}, which a table cannot say")
    if len(schema.get("allOf", ())) > 1 and not has_fields:
        raise DocumentError(f"it has several schemas without fields in `allOf` in {about}, which a table cannot say")
    choices = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
    if any("required" in part and "properties" not in part for part in choices):
        raise DocumentError(f"it has a choice between required fields in {about}, which a table cannot say")
    if isinstance(schema.get("type"), list) and has_fields and "$ref" not in schema:
        raise DocumentError(f"it has fields of what may be null in {about}, which a table cannot say")
    if values is False and not (is_named and has_fields):
        raise DocumentError(f"it has `additionalProperties: false` in {about}, which a table cannot say")
    if isinstance(values, dict) and has_fields:
        raise DocumentError(f"it has `additionalProperties` beside `properties` in {about}, which a table cannot say")
    if is_named and schema.get("deprecated") and not has_fields:
        raise DocumentError(f"it has `deprecated` in {about}, which a table says of schemas with fields only")


def _refuse(node: dict[str, Any], known: AbstractSet[str], about: str) -> None:
    for key in sorted(node.keys() - known - NO_FACTS):
        if not key.startswith("x-"):
            raise DocumentError(f"it has `{key}` in {about}, which a table cannot say")
