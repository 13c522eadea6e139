"""The table of an API: what its OpenAPI document states as facts, a line each, and none of its sentences.

    PUT /v2/customer_profiles/{integrationId} updateCustomerProfileV2 (Customer profiles)
      path integrationId! string                 a parameter; ! is behind what must be given
      query campaignIds [integer] joined         a list that is joined by commas, not repeated
      query skip integer = 0                     a default
      query subledgerId string empty             a text that may be empty
      body! CustomerProfileIntegrationRequestV2
      200 CustomerProfileIntegrationResponseV2   a status, and what is in the answer
      200 headers (Idempotency-Key string)       the headers of the answer
      204
    WEBHOOK tierUpgradeNotification! TierUpgradeNotification
      header X-UUID string
    effect addFreeItem AddFreeItemEffectProps    no name where it has no props
    CustomerProfile closed                       a schema, its fields below; `closed` where no other may be
                                                 there; `deprecated` besides
      integrationId! string 1..1000 read-only
    LoyaltyCardIdentifier = string 4..108        a schema that is no object with fields
    words loyaltyV2                              words that stand in the sentences of the document only

`write` makes a table of a document, `read` makes a document of a table. One that begins with the version of another
(`... 26.20 from 26.16`) adds to it: a parameter, a status or a field of the same name is replaced. `- name` takes a
field, a path or a webhook away. `Name from Other` begins with the fields of another schema.

What a document states and no line can say is refused: see keywords.py.
"""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING, Any

from tools.contract.document import DocumentError
from tools.contract.keywords import refuse_operation, refuse_paths, refuse_schema, refuse_webhook
from tools.contract.notation import Reader, cut, write_field, write_type

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from tools.contract.document import Document, Published, Schema

TITLE = re.compile(r"# Talon\.One (?P<api>[\w ]+?) (?P<version>[\d.-]+)(?: from (?P<base>[\d.-]+))?: ")
OPERATION = re.compile(r"(?P<method>[A-Z]+) (?P<path>/\S+) (?P<id>\w+)(?: \((?P<tag>[^)]+)\))?(?P<flags>[ \w]*)")
SCHEMA = re.compile(r"(?P<name>\w+)(?: from (?P<base>\w+))?(?P<flags>(?: closed| deprecated)*)")
KEY = "Idempotency-Key"
PLACES = ("path", "query", "header")
PARAMETER_FLAGS = ("joined", "empty")
HEADERS = "headers "
COMMENT = "  # "
"""What is behind it is for people."""


# -- writing


def write(document: Document, api: str, version: str) -> str:
    """Write the table of a document."""
    refuse_paths(document)
    met: dict[str, None] = {}  # in the order in which they are met

    def meet(name: str) -> None:
        met[name] = None

    lines = [f"# Talon.One {api} {version}: facts only; written by python -m tools.contract.tables"]
    for operation in document.published.values():
        lines += ["", *_write_operation(operation, document, meet)]
    for name in document.webhooks:
        lines += ["", *_write_webhook(name, document, meet)]
    met |= dict.fromkeys(name for name in document.effects.values() if name)
    met |= dict.fromkeys(name for name in document.components if name.endswith("EffectProps") and document.published)
    written: dict[str, list[str]] = {}
    while new := [name for name in met if name not in written]:
        for name in new:
            written[name] = list(_write_schema(name, document, meet))
    for name in sorted(written):
        lines += ["", *written[name]]
    lines += ["", *(f"effect {effect} {name}".rstrip() for effect, name in document.effects.items())]
    lines += ["", *(f"words {words}" for words in _write_words(document, "\n".join(lines)))]
    text = "\n".join(lines).replace("\n\n\n", "\n\n").rstrip() + "\n"
    read(text)  # raises for a name or a word that no line can hold
    return text


def _write_webhook(name: str, document: Document, meet: Callable[[str], None]) -> Iterator[str]:
    hook = document.hooks[name]
    refuse_webhook(name, hook, document)
    _, body = document.follow(hook["requestBody"])
    needed = "!" * bool(body.get("required"))
    yield f"WEBHOOK {name}{needed} {write_type(document.webhooks[name], document, meet)}"
    for entry in (document.follow(node)[1] for node in hook.get("parameters", ())):
        field = write_field(entry["name"], entry["schema"], document, meet, required=bool(entry.get("required")))
        yield f"  {entry['in']} {field}"


def _write_operation(operation: Published, document: Document, meet: Callable[[str], None]) -> Iterator[str]:
    refuse_operation(operation, document)
    content = operation.operation
    tag = next(iter(content.get("tags", ())), "")
    states = {"deprecated" if content.get("deprecated") else "", content.get("x-scalar-stability", "")}
    flags = sorted(states & {"deprecated", "experimental"})
    yield " ".join([operation.method, operation.path, operation.id, *([f"({tag})"] if tag else ()), *flags])
    for entry in operation.parameters:
        joined = document.kind(document.resolve(entry["schema"])[1]) == "array" and not entry.get("explode", True)
        flags = {"required": bool(entry.get("required")), "deprecated": entry.get("deprecated"),
                 "joined": joined, "empty": entry.get("allowEmptyValue")}  # fmt: skip
        field = write_field(entry["name"], entry["schema"], document, meet, **flags)
        yield f"  {entry['in']} {field}"
    if KEY in content.get("description", "") and KEY not in {entry["name"] for entry in operation.parameters}:
        yield f"  header {KEY} string"
    if operation.body is not None:
        _, body = document.follow(content["requestBody"])
        yield f"  body{'!' * bool(body.get('required'))} {write_type(operation.body, document, meet)}"
    for status, node in content.get("responses", {}).items():
        _, answer = document.follow(node)
        media = next(iter(answer.get("content", {}).values()), None)
        if media is None or "schema" not in media or status == "204":  # which has content on paper only
            yield f"  {status}"
        elif status.startswith("2") and _has_no_name(media["schema"], document):
            meet(operation.page)
            yield f"  {status} {operation.page}"
        else:
            yield f"  {status} {write_type(media['schema'], document, meet)}"
        if headers := {
            name: document.follow(header)[1]["schema"] for name, header in answer.get("headers", {}).items()
        }:
            yield f"  {status} {HEADERS}{write_type({'type': 'object', 'properties': headers}, document, meet)}"


def _has_no_name(schema: Schema, document: Document) -> bool:
    """Tell whether an answer is an object that has no name of its own."""
    name, target = document.resolve(schema)
    return not name and bool(document.shape(target).properties)


def _write_schema(name: str, document: Document, meet: Callable[[str], None]) -> Iterator[str]:
    schema = document.named(name)
    refuse_schema(name, schema, document)
    shape = document.shape(schema)
    if not shape.properties:
        yield f"{name} = {write_type(schema, document, lambda below: meet(below) if below != name else None)}"
        return
    closed, deprecated = schema.get("additionalProperties") is False, schema.get("deprecated", False)
    yield name + " closed" * closed + " deprecated" * deprecated
    for field, below in shape.properties.items():
        in_effects = (name, field) == ("Effect", "props") and document.effects  # by the lines of the effects
        yield f"  {write_field(field, {} if in_effects else below, document, meet, required=field in shape.required)}"


def _write_words(document: Document, table: str) -> Iterator[str]:
    """List the words that the sentences set apart as code and that no other line has."""
    there = set(re.findall(r"[\w-]+", table))
    yield from textwrap.wrap(" ".join(sorted(document.words_in_prose - there)), 100, break_on_hyphens=False)


# -- reading


def read(text: str, bases: Callable[[str], Schema] | None = None) -> dict[str, Any]:
    """Make an OpenAPI document of a table; `bases` finds the document that it adds to, by version."""
    title = TITLE.match(text)
    if title is None:
        raise DocumentError("it is no table: it does not begin with what it is a table of")
    content: dict[str, Any] = {
        "openapi": "3.1.0",
        "security": [{"api_key_v1": []}],
        "paths": {},
        "webhooks": {},
        "components": {
            "schemas": {},
            "securitySchemes": {"api_key_v1": {"type": "apiKey", "name": "Authorization", "in": "header"}},
        },
        "x-words": [],
    }
    if title["base"] and bases:
        content = json.loads(json.dumps(bases(title["base"])))  # a copy
    content["info"] = {"title": title["api"], "version": title["version"]}
    _Table(content).read(text)
    return content


class _Table:
    """Adds the lines of a table to an OpenAPI document."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        self.schemas: dict[str, Any] = content["components"]["schemas"]

    def read(self, text: str) -> None:
        """Add all lines."""
        add: Callable[[str], None] = self._stray
        for number, written in enumerate(text.splitlines(), 1):
            line = cut(written, COMMENT)[0].rstrip()
            try:
                if line.startswith("  "):
                    add(line.strip())
                elif line and not line.startswith("#"):
                    add = self._head(line)
            except DocumentError as error:
                raise DocumentError(f"line {number}: {error}") from error

    @staticmethod
    def _stray(line: str) -> None:
        raise DocumentError(f"{line!r} is below nothing")

    def _head(self, line: str) -> Callable[[str], None]:
        """Read a line at the margin; return the function that reads the lines below it."""
        first, _, rest = line.partition(" ")
        if first == "words":
            self.content["x-words"] = sorted({*self.content["x-words"], *rest.split()})
        elif first == "effect":
            self._effect(*rest.split(" "))
        elif first == "WEBHOOK":
            return self._webhook(*rest.partition(" ")[::2])
        elif first == "-":
            self._remove(self.content["webhooks" if rest in self.content["webhooks"] else "paths"], rest)
        elif match := OPERATION.fullmatch(line):
            return self._operation(match)
        elif rest.startswith("= "):
            self.schemas[first] = _type(rest.removeprefix("= "))
        elif match := SCHEMA.fullmatch(line):
            return self._schema(match)
        else:
            raise DocumentError(f"{line!r} is no line of a table")
        return self._stray

    def _webhook(self, head: str, schema: str) -> Callable[[str], None]:
        body = {"required": head.endswith("!")} | _content(_type(schema))
        hook: dict[str, Any] = {"requestBody": body, "parameters": []}
        self.content["webhooks"][head.removesuffix("!")] = {"post": hook}

        def add(line: str) -> None:
            place, _, rest = line.partition(" ")
            hook["parameters"].append(_parameter(place, rest))

        return add

    @staticmethod
    def _remove(things: dict[str, Any], name: str) -> None:
        if name not in things:
            raise DocumentError(f"there is no {name} to take away")
        del things[name]

    def _effect(self, word: str, name: str = "") -> None:
        effect = self.schemas.setdefault("Effect", {"type": "object", "properties": {"props": {}}})
        mapping = effect.setdefault("discriminator", {"propertyName": "effectType", "mapping": {}})["mapping"]
        mapping[word] = f"#/components/schemas/{name}" if name else ""
        named = [{"$ref": reference} for reference in dict.fromkeys(mapping.values()) if reference]
        effect["properties"]["props"] = {"anyOf": named}

    def _operation(self, head: re.Match[str]) -> Callable[[str], None]:
        item = self.content["paths"].setdefault(head["path"], {})
        operation = item.setdefault(head["method"].lower(), {"operationId": head["id"], "responses": {}})
        operation |= {"tags": [head["tag"]]} if head["tag"] else {}
        operation |= {"x-scalar-stability": "experimental"} if "experimental" in head["flags"] else {}
        operation |= {"deprecated": True} if "deprecated" in head["flags"] else {}
        parameters = {(entry["in"], entry["name"]): entry for entry in operation.get("parameters", ())}

        def add(line: str) -> None:
            first, _, rest = line.partition(" ")
            if first in PLACES:
                entry = _parameter(first, rest)
                parameters[first, entry["name"]] = entry
                operation["parameters"] = list(parameters.values())
            elif first in {"body", "body!"}:
                operation["requestBody"] = {"required": first == "body!"} | _content(_type(rest))
            elif re.fullmatch(r"\d{3}", first):
                _answer(operation["responses"], first, rest)
            else:
                raise DocumentError(f"{line!r} is no line of an operation")

        return add

    def _schema(self, head: re.Match[str]) -> Callable[[str], None]:
        if head["base"]:
            if head["base"] not in self.schemas:
                raise DocumentError(f"there is no schema {head['base']}")
            self.schemas[head["name"]] = json.loads(json.dumps(self.schemas[head["base"]]))
        schema = self.schemas.setdefault(head["name"], {"type": "object", "properties": {}})
        schema |= {"additionalProperties": False} if "closed" in head["flags"] else {}
        schema |= {"deprecated": True} if "deprecated" in head["flags"] else {}

        def add(line: str) -> None:
            required: list[str] = schema.get("required", [])
            if line.startswith("- "):
                name, needed = line.removeprefix("- "), False
                self._remove(schema["properties"], name)
            else:
                name, needed, schema["properties"][name] = _field(line)
            schema["required"] = [*(other for other in required if other != name), *([name] if needed else ())]

        return add


def _content(schema: Schema) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _type(text: str) -> Schema:
    reader = Reader(text)
    schema = reader.type()
    reader.end()
    return schema


def _field(line: str, flags: Collection[str] = (), found: list[str] | None = None) -> tuple[str, bool, Schema]:
    """Read the line of a field, with its default; `found` collects those of some more flags that are there."""
    written, default = cut(line, " = ")
    reader = Reader(written)
    name, required, schema = reader.field()
    while found is not None and reader.next()[1] in flags:
        found.append(reader.take())
    reader.end()
    try:
        return name, required, schema | ({"default": json.loads(default)} if default else {})
    except ValueError:
        raise DocumentError(f"it has a default that is no JSON: {default!r}") from None


def _answer(answers: dict[str, Any], status: str, line: str) -> None:
    """Read the line of a status: what is in the answer, or the headers of the answer, which come after it."""
    if line.startswith(HEADERS):
        headers = _type(line.removeprefix(HEADERS))["properties"]
        answer = answers.setdefault(status, {"description": ""})
        answer["headers"] = {name: {"schema": schema} for name, schema in headers.items()}
    else:
        answers.setdefault(status, {"description": ""}).pop("content", None)
        answers[status] |= _content(_type(line)) if line else {}


def _parameter(place: str, line: str) -> dict[str, Any]:
    flags: list[str] = []
    name, required, schema = _field(line, PARAMETER_FLAGS, flags)
    entry: dict[str, Any] = {"name": name, "in": place, "required": required, "schema": schema}
    if place == "query" and (schema.get("type") == "array" or "joined" in flags):
        entry |= {"style": "form", "explode": "joined" not in flags}
    if "empty" in flags:
        entry["allowEmptyValue"] = True
    return entry
