"""The notation of the tables for types: writes a schema as a few words, and reads it again.

    string  integer  number  boolean  datetime  date  uuid  any      plain types
    "open"|"closed"                                                 one of some words
    Name   A|B   string|null                                        a schema, a choice, a value that may be null
    [string]   {number}   (id! integer, name string)                a list, a map by text, an object without a name
    string 1..1000   [string ..20] 1..   number >0 ..5              bounds of a length, a count or a number
    string /^[a-z]+$/   [integer] unique                            a pattern; no value twice

What a table does not say of a type is the precision of its numbers, and bounds that mean nothing: beside words, or of
another type, such as a length of a list.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from tools.contract.document import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.contract.document import Document, Schema

TEXTS = {"date-time": "datetime", "date": "date", "uuid": "uuid"}
PLAIN: dict[str, Schema] = {
    **{kind: {"type": kind} for kind in ("string", "integer", "number", "boolean", "null")},
    **{word: {"type": "string", "format": form} for form, word in TEXTS.items()},
    "any": {},
}
BOUNDS = {"array": "Items", "string": "Length", "integer": "imum", "number": "imum"}
FLAGS = {"readOnly": "read-only", "deprecated": "deprecated"}
"""What a field may be besides: the key in a document, and the word in a table."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<word>"[^"]*")|(?P<pattern>/\S+/(?=[\s\]\})|,]|$))|(?P<bound>-?[\d.]*\.\.-?[\d.]*|>-?[\d.]+)"""
    r"|(?P<name>\w[\w.-]*)|(?P<mark>[\[\]{}()|,!]))"
)


# -- writing


def write_type(schema: Schema, document: Document, meet: Callable[[str], None]) -> str:
    """Write a schema; `meet` is called with every name in it."""
    if "$ref" in schema:
        name, _ = document.follow(schema)
        meet(name)
        return name + _bounds(schema, "Items")
    if not schema.keys() & {"properties", "allOf"} and (options := schema.get("oneOf") or schema.get("anyOf")):
        return "|".join(dict.fromkeys(write_type(option, document, meet) for option in options))
    name, schema = document.resolve(schema)
    if name:
        meet(name)
        return name
    kinds: list[str] = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type") or [""]
    return "|".join(_write_kind(kind, schema, document, meet) for kind in kinds)


def _write_kind(kind: str, schema: Schema, document: Document, meet: Callable[[str], None]) -> str:
    """Write a schema of one type; the text is empty where the schema gives none."""
    if words := [schema["const"]] if "const" in schema else schema.get("enum") or _words_in_prose(schema):
        return "|".join(json.dumps(word) for word in words)
    shape = document.shape(schema)
    if shape.properties:
        parts = [write_field(name, below, document, meet, required=name in shape.required)
                 for name, below in shape.properties.items()]  # fmt: skip
        return f"({', '.join(parts)})"
    if kind == "array":
        unique = " unique" if schema.get("uniqueItems") else ""
        return f"[{write_type(schema.get('items', {}), document, meet)}]{_bounds(schema, 'Items')}{unique}"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"{{{write_type(cast('Schema', values) if isinstance(values, dict) else {}, document, meet)}}}"
    if kind == "string":
        pattern = f" /{schema['pattern']}/" if "pattern" in schema else ""
        return TEXTS.get(schema.get("format", ""), kind) + _bounds(schema, "Length") + pattern
    return (kind or "any") + _bounds(schema, "imum")


def _words_in_prose(schema: Schema) -> list[str]:
    """Return the words that only the sentence beside a schema lists."""
    listed = re.search(r"one of the following: \[(.*?)\]", schema.get("description") or "")
    return re.findall(r"'(\w+)'", listed[1]) if listed else []


def _bounds(schema: Schema, what: str) -> str:
    """Write the bounds of a length, a count or a number."""
    above = f" >{schema['exclusiveMinimum']}" if "exclusiveMinimum" in schema else ""
    least, most = (schema.get(f"{side}{what}", "") for side in ("min", "max"))
    return above if (least, most) == ("", "") else f"{above} {least}..{most}"


def write_field(
    name: str, schema: Schema, document: Document, meet: Callable[[str], None], *, required: bool, **also: Any
) -> str:
    """Write the line of a field or a parameter; `also` are its flags besides those of the schema."""
    flags = [word for key, word in FLAGS.items() if schema.get(key)] + [word for word, there in also.items() if there]
    written = f"{name}{'!' * required} {write_type(schema, document, meet)}"
    default = f" = {json.dumps(schema['default'])}" if "default" in schema else ""
    return written + "".join(f" {flag}" for flag in flags) + default


# -- reading


def cut(line: str, mark: str) -> tuple[str, str]:
    """Split a line at the first mark that stands outside quotes; the second part is empty if there is none."""
    before = re.match(rf'((?:[^"]|"[^"]*")*?){re.escape(mark)}', line)
    return (before[1], line[before.end() :]) if before else (line, "")


class Reader:
    """Reads the notation, token by token.

    Attributes:
        tokens: what is still to be read: what kind of token it is, and its text.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        end = 0
        while end < len(text.rstrip()):
            match = _TOKEN.match(text, end)
            if match is None:
                raise DocumentError(f"it has what is no type: {text[end:].strip()!r} in {text!r}")
            kind = cast("str", match.lastgroup)
            self.tokens.append((kind, match[kind]))
            end = match.end()

    def next(self) -> tuple[str, str]:
        """Return the next token without reading it."""
        return self.tokens[0] if self.tokens else ("", "")

    def take(self, *expected: str) -> str:
        """Read the next token, which must be one of the given texts if there are any."""
        _, text = self.next()
        if not text or (expected and text not in expected):
            raise DocumentError(f"it lacks {' or '.join(expected) or 'a type'} before {text!r} in {self.text!r}")
        del self.tokens[0]
        return text

    def type(self) -> Schema:
        """Read a type, which may be a choice."""
        options = [self._option()]
        while self.next()[1] == "|":
            self.take()
            options.append(self._option())
        words = [word for option in options for word in option.get("enum", ())]
        rest = [option for option in options if "enum" not in option and option != PLAIN["null"]]
        listed = [*rest, *([{"type": "string", "enum": words}] if words else [])]
        schema = listed[0] if len(listed) == 1 else {"anyOf": listed}
        if PLAIN["null"] not in options:
            return schema
        if "type" in schema:
            return schema | {"type": [schema["type"], "null"]}
        return {"anyOf": [*schema.get("anyOf", [schema]), PLAIN["null"]]}

    def _option(self) -> Schema:
        kind, text = self.next()
        self.take()
        if kind == "word":
            return {"type": "string", "enum": [json.loads(text)]}
        if text == "[":
            schema: Schema = {"type": "array", "items": self.type()}
            self.take("]")
        elif text == "{":
            schema = {"type": "object", "additionalProperties": self.type()}
            self.take("}")
        elif text == "(":
            schema = self._object()
        elif kind == "name":
            schema = dict(PLAIN.get(text) or ({} if text == "any" else {"$ref": f"#/components/schemas/{text}"}))
        else:
            raise DocumentError(f"it has {text!r} in the place of a type in {self.text!r}")
        return schema | self._limits(BOUNDS.get(schema.get("type", "array"), ""))

    def _object(self) -> Schema:
        """Read the fields of an object without a name, up to its end."""
        schema: Schema = {"type": "object", "properties": {}}
        while not schema["properties"] or self.take(",", ")") == ",":
            name, required, below = self.field()
            schema["properties"][name] = below
            if required:
                schema.setdefault("required", []).append(name)
        return schema

    def _limits(self, what: str) -> Schema:
        """Read what follows a type: bounds, a pattern, `unique`."""
        schema: Schema = {}
        while self.next()[0] in {"bound", "pattern"} or self.next()[1] == "unique":
            kind, text = self.next()
            self.take()
            if text == "unique":
                schema["uniqueItems"] = True
            elif kind == "pattern":
                schema["pattern"] = text[1:-1]
            elif text.startswith(">"):
                schema["exclusiveMinimum"] = json.loads(text[1:])
            else:
                sides = zip(("min", "max"), text.split(".."), strict=True)
                schema |= {f"{side}{what}": json.loads(bound) for side, bound in sides if bound}
        return schema

    def field(self) -> tuple[str, bool, Schema]:
        """Read a field: its name, whether it must be given, and its type with flags."""
        name = self.take()
        required = self.next()[1] == "!"
        if required:
            self.take()
        schema = self.type()
        while (flag := self.next()[1]) in FLAGS.values():
            self.take()
            schema[next(key for key, word in FLAGS.items() if word == flag)] = True
        return name, required, schema

    def end(self) -> None:
        """Check that every token is read."""
        if self.tokens:
            raise DocumentError(f"it has {self.next()[1]!r} too much in {self.text!r}")
