"""Reads an OpenAPI document, 3.0 or 3.1, as far as the Integration API goes."""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Schema = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "patch")
KEYS = {"api_key_v1", "integration_auth"}
"""The security schemes of the Integration API. Some documents hold the Management API, too, which has others."""

ERRORS = {"ErrorResponse", "ErrorResponseWithStatus", "APIError", "ErrorSource"}
RENAMED = {"inline_response_200": "GetReservedCustomersResponse"}
"""The document of 2020 gave this schema a number; newer ones do not name it at all."""

_QUOTED = re.compile(r"`([A-Za-z][\w-]*)`")


class DocumentError(Exception):
    """A text that is no OpenAPI document with which the package can be compared."""


class Shape(NamedTuple):
    """An object schema after its mix-ins are flattened into it."""

    properties: dict[str, Schema]
    required: set[str]


class Published(NamedTuple):
    """One operation as a document has it, its references followed."""

    method: str
    path: str
    operation: dict[str, Any]
    parameters: list[dict[str, Any]]
    body: Schema | None
    answers: list[Schema]

    @property
    def id(self) -> str:
        """Return the operation's name."""
        return str(self.operation["operationId"])

    @property
    def page(self) -> str:
        """Return the name of an answer's schema that has no name of its own."""
        return f"{self.id[0].upper()}{self.id[1:]}Response"


class Document:
    """One OpenAPI document.

    Attributes:
        text: the document as it was read.
        paths: its paths.
        components: its named schemas, whether an operation reaches them or not.
        hooks: its webhooks, as operations.
        messages: what its webhooks send: schemas and examples.

    Raises:
        DocumentError: the text is no JSON, no OpenAPI 3, or has no operation of the Integration API.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            content: Any = json.loads(text)
        except ValueError as error:
            raise DocumentError(f"it is not JSON: {error}") from error
        version = cast("Schema", content).get("openapi") if isinstance(content, dict) else None
        if not str(version).startswith("3."):
            raise DocumentError("it is no OpenAPI 3 document: it does not say so under `openapi`")
        self._content: dict[str, Any] = content
        self.paths: Mapping[str, Any] = self._content.get("paths") or {}
        components: Schema = self._content.get("components") or {}
        self.components: Mapping[str, Schema] = components.get("schemas") or {}
        self.hooks: Mapping[str, Schema] = {
            name: item["post"] for name, item in (self._content.get("webhooks") or {}).items()
        }
        self.messages: Mapping[str, Schema] = {
            name: next(iter(self.follow(hook["requestBody"])[1]["content"].values()))
            for name, hook in self.hooks.items()
        }
        if not (self.published or self.webhooks):
            raise DocumentError(f"it has no operation of the Integration API: none takes {' or '.join(sorted(KEYS))}")

    @classmethod
    def read(cls, path: Path) -> Document:
        """Read a file; a missing one raises DocumentError, too."""
        try:
            return cls(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise DocumentError(f"it cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise DocumentError(f"it is not JSON: {error}") from error

    def follow(self, node: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Follow references to any part of the document; the name is empty where there is no reference."""
        name, followed = "", set[str]()
        while "$ref" in node:
            reference = node["$ref"]
            if reference in followed:
                raise DocumentError(f"it has {reference}, which refers to itself")
            followed.add(reference)
            name, node = reference.rpartition("/")[2], self._content
            try:
                for step in reference.removeprefix("#/").split("/"):
                    node = node[step]
            except (KeyError, TypeError):
                raise DocumentError(f"it refers to {reference}, which it does not have") from None
        return RENAMED.get(name, name), node

    def resolve(self, schema: Schema) -> tuple[str, Schema]:
        """Follow a reference to a schema, also a bare name or one that is wrapped; nulls are left out.

        A wrapped reference is the only thing that `allOf` lists, or the only one of a choice that is not null.
        """
        if schema.get("$ref") in self.components:
            schema = {"$ref": f"#/components/schemas/{schema['$ref']}"}
        name, schema = self.follow(schema)
        for word in ("allOf", "oneOf", "anyOf"):
            real = [part for part in schema.get(word, ()) if part.get("type") != "null"]
            if len(real) == 1 and not name and not schema.keys() & {"properties", "required"}:
                return self.resolve(real[0])
        return name, schema

    @staticmethod
    def kind(schema: Schema) -> str | None:
        """Return the type of a schema without null; a single allowed value counts as one."""
        kinds = schema.get("type", "const" if "const" in schema else None)
        return next(kind for kind in kinds if kind != "null") if isinstance(kinds, list) else kinds

    def shape(self, schema: Schema) -> Shape:
        """Flatten `allOf` into one list of properties, and a choice of objects without names or told by type."""
        flat = self._flat(schema)
        # 26.16 requires one that it no longer has
        return Shape(flat.properties, flat.required & flat.properties.keys())

    def _flat(self, schema: Schema) -> Shape:
        _, schema = self.resolve(schema)
        properties: dict[str, Schema] = {}
        required: set[str] = set()
        for part in schema.get("allOf", []):
            mixed = self._flat(part)
            properties |= mixed.properties
            required |= mixed.required
        properties |= schema.get("properties", {})
        required |= set(schema.get("required", []))
        options: list[Schema] = schema.get("oneOf") or schema.get("anyOf") or []
        # where a type or fields of its own tell the options apart, their names are of no use to a client
        told_apart = not schema.keys().isdisjoint(("discriminator", "properties"))
        variants = [self._flat(option) for option in options if told_apart or "properties" in option]
        forms: dict[str, list[Schema]] = {}
        for variant in variants:
            for key, form in variant.properties.items():
                if form not in forms.setdefault(key, []):
                    forms[key].append(form)
        properties |= {key: {"oneOf": listed} if len(listed) > 1 else listed[0] for key, listed in forms.items()}
        required |= {key for key in forms if all(key in variant.required for variant in variants)}
        return Shape(properties, required)

    @property
    def webhooks(self) -> Mapping[str, Schema]:
        """Return the schemas of the document's webhooks by name."""
        return {name: media["schema"] for name, media in self.messages.items()}

    @cached_property
    def published(self) -> dict[str, Published]:
        """Return the operations of the Integration API by name."""
        operations = [self._publish(method, path, item) for path, item in self.paths.items() for method in METHODS
                 if self._is_ours(item.get(method, {}))]  # fmt: skip
        named = [operation.id for operation in operations]
        if len(named) != len(set(named)):
            raise DocumentError(f"it has two operations {max(named, key=named.count)}")
        return dict(zip(named, operations, strict=True))

    def operations(self) -> Iterator[dict[str, Any]]:
        """List the operations of the Integration API as they are written."""
        return (published.operation for published in self.published.values())

    def _is_ours(self, operation: dict[str, Any]) -> bool:
        """Tell whether a key of the Integration API opens an operation."""
        secured: list[dict[str, Any]] = operation.get("security", self._content.get("security")) or []
        return "operationId" in operation and any(KEYS & scheme.keys() for scheme in secured)

    def _publish(self, method: str, path: str, item: dict[str, Any]) -> Published:
        operation = item[method]
        bare: Schema = {"schema": {}}  # some have a media type in its place
        listed = [
            bare | self.follow(entry)[1] for entry in (*item.get("parameters", ()), *operation.get("parameters", ()))
        ]
        parameters = {(entry["in"], entry["name"]): entry for entry in listed}  # the operation's own go last, and win
        _, body = self.follow(operation.get("requestBody", {}))
        answers = [
            schema
            for status, response in operation.get("responses", {}).items()
            if status.startswith("2") and status != "204"  # which has content on paper only
            for schema in _schemas(self.follow(response)[1])
        ]
        return Published(
            method.upper(), path, operation, list(parameters.values()), next(_schemas(body), None), answers
        )

    def reach(self, schema: Schema, found: dict[str, Shape], name: str = "", *, seen: set[str] | None = None) -> None:
        """Collect every object schema below one, by name; `name` is that of an object without a name of its own."""
        seen = set() if seen is None else seen
        reference, target = self.resolve(schema)
        name = reference or name
        if name in ERRORS or name in found or name in seen:
            return
        seen |= {name} - {""}
        shape = self.shape(target)
        if name and shape.properties:
            found[name] = shape
        choices = () if "discriminator" in target else (*target.get("oneOf", ()), *target.get("anyOf", ()))
        below = [*shape.properties.values(), *choices, target.get("items"), target.get("additionalProperties")]
        for child in below:
            if isinstance(child, dict):
                self.reach(cast("Schema", child), found, seen=seen)

    @cached_property
    def requests(self) -> dict[str, Shape]:
        """Return the schemas of request bodies."""
        shapes: dict[str, Shape] = {}
        for operation in self.published.values():
            if operation.body is not None:
                self.reach(operation.body, shapes)
        return shapes

    @cached_property
    def answers(self) -> dict[str, Shape]:
        """Return the schemas of successful answers, and of all effect props, to which nothing refers in 2020."""
        shapes: dict[str, Shape] = {}
        for operation in self.published.values():
            for answer in operation.answers:
                self.reach(answer, shapes, operation.page)
        for name in self.components:
            if name.endswith("EffectProps"):
                self.reach({"$ref": name}, shapes)
        return shapes

    @cached_property
    def schemas(self) -> dict[str, Shape]:
        """Return all schemas that operations reach."""
        return self.answers | self.requests

    @cached_property
    def effects(self) -> dict[str, str]:
        """Return the name of the props' schema by effect type; empty in 2020, when props were a plain object.

        A document says so in one of two ways: each effect is a schema of its own, found by the type, or the schemas of
        the props have the types as titles. A table says which type has which props.
        """
        effect = self.components.get("Effect", {})
        if mapping := effect.get("discriminator", {}).get("mapping"):
            return {word: self._props({"$ref": reference}) if reference else "" for word, reference in mapping.items()}
        props = self.shape(effect).properties.get("props", {})
        named = [self.resolve(option) for option in props.get("oneOf", [])]
        return {target.get("title") or _effect(name): name for name, target in named}

    def _props(self, schema: Schema) -> str:
        """Name the props of an effect, whose schema holds or is them; empty if it has none."""
        name, target = self.resolve(schema)
        if "effectType" not in (properties := self.shape(target).properties):
            return name
        return self.resolve(properties["props"])[0] if "props" in properties else ""

    def named(self, name: str) -> Schema:
        """Return the schema that has a name, in the document or, for an answer without one, after its operation."""
        old = {new: numbered for numbered, new in RENAMED.items()}.get(name, name)
        pages = {operation.page: answer for operation in self.published.values() for answer in operation.answers}
        schema = self.components.get(name) or self.components.get(old) or pages.get(name)
        if schema is None:
            raise DocumentError(f"it has no schema {name}")
        return schema

    @cached_property
    def words_in_prose(self) -> set[str]:
        """Return the words that the document's sentences set apart as code."""
        texts = re.findall(r'"(?:description|summary)": ?"((?:[^"\\]|\\.)*)"', self.text)
        return {word for text in texts for word in _QUOTED.findall(text)} | set(self._content.get("x-words", ()))


def _schemas(content: dict[str, Any]) -> Iterator[Schema]:
    """List the schemas of a body or an answer, one for each media type."""
    return (media["schema"] for media in content.get("content", {}).values() if "schema" in media)


def _effect(name: str) -> str:
    """Return the effect type that a schema of props is named after."""
    stem = name.removesuffix("EffectProps")
    return stem[:1].lower() + stem[1:]
