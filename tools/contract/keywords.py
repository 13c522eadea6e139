"""What a table can say of a document. Whatever else a document states as a fact is refused, so that none is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.contract.document import METHODS, DocumentError

if TYPE_CHECKING:
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

STYLES = {"path": "simple", "header": "simple", "query": "form"}
"""How a value is written in each place unless the document says otherwise, which no table can."""


def refuse_operation(operation: Published, document: Document) -> None:
    """Check that a table can say everything about an operation, but for the schemas that have names.

    Raises:
        DocumentError: it cannot.
    """
    about, content = operation.id, operation.operation
    _refuse(content, OPERATION, about)
    for entry in operation.parameters:
        name = f"{about}, parameter {entry['name']}"
        _refuse(entry, PARAMETER, name)
        if entry.get("style", usual := STYLES.get(entry["in"], "")) != usual:
            raise DocumentError(f"it has `style: {entry['style']}` in {name}, which a table cannot say")
        _refuse_type(entry["schema"], name, FIELD)
    answers = content.get("responses", {})
    for name, node in {"the request": content.get("requestBody", {}), **answers}.items():
        _, body = document.follow(node)
        _refuse(body, BODY, f"{about}, {name}")
        for media in body.get("content", {}).values():
            _refuse(media, {"schema"}, f"{about}, {name}")
            _refuse_type(media.get("schema", {}), f"{about}, {name}")


def refuse_paths(document: Document) -> None:
    """Check that every operation of a document has a method that tables know.

    Raises:
        DocumentError: one has another.
    """
    for path, item in document.paths.items():
        _refuse(item, {*METHODS, "parameters"}, path)


def refuse_schema(name: str, schema: Schema) -> None:
    """Check that a table can say everything about a schema with a name.

    Raises:
        DocumentError: it cannot.
    """
    _refuse_type(schema, name, NAMED)


def _refuse_type(schema: Schema, about: str, known: AbstractSet[str] = TYPE) -> None:
    _refuse(schema, known & REFERENCE if "$ref" in schema else known, about)
    if schema.get("format", "string") not in FORMATS:
        raise DocumentError(f"it has `format: {schema['format']}` in {about}, which a table cannot say")
    if isinstance(schema.get("exclusiveMinimum", 0), bool):
        raise DocumentError(f"it has `exclusiveMinimum` that is no number in {about}, which a table cannot say")
    if schema.get("additionalProperties") is False and known is not NAMED:
        raise DocumentError(
            f"it has `additionalProperties: false` in {about}, which a table says of named schemas only"
        )
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            _refuse_type(schema[key], about)
    for part in (*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ())):
        _refuse_type(part, about)
    for name, below in schema.get("properties", {}).items():
        _refuse_type(below, f"{about}.{name}", FIELD)


def _refuse(node: dict[str, Any], known: AbstractSet[str], about: str) -> None:
    for key in sorted(node.keys() - known - NO_FACTS):
        if not key.startswith("x-"):
            raise DocumentError(f"it has `{key}` in {about}, which a table cannot say")
