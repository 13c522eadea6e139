"""Reads the API's two published documents, so that the tests can hold the package against them."""

from __future__ import annotations

import json
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILES = {"26.16": "openapi-26.16.json", "2020-05": "openapi-2020-05.json"}
OPERATIONS = {
    "createCouponReservation",
    "createReferral",
    "deleteCouponReservation",
    "deleteCustomerData",
    "getCustomerInventory",
    "getReservedCustomers",
    "trackEvent",
    "updateCustomerProfile",
    "updateCustomerProfileV2",
    "updateCustomerSession",
    "updateCustomerSessionV2",
}
ERRORS = {"ErrorResponse", "ErrorResponseWithStatus", "APIError", "ErrorSource"}
RENAMED = {"inline_response_200": "GetReservedCustomersResponse"}
"""The document of 2020 gave this schema a number; the newer one does not name it at all."""


class Shape(NamedTuple):
    """An object schema after its mix-ins are flattened into it."""

    properties: dict[str, dict[str, Any]]
    required: set[str]


class Document:
    """One published OpenAPI document, as far as the package's operations reach into it."""

    def __init__(self, text: str) -> None:
        self.text = text
        content = json.loads(text)
        self.paths: Mapping[str, Any] = content["paths"]
        self.components: Mapping[str, dict[str, Any]] = content["components"]["schemas"]

    def resolve(self, schema: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Follow a reference; the name is empty where there is none."""
        if "$ref" not in schema:
            return "", schema
        name = schema["$ref"].rpartition("/")[2]
        return RENAMED.get(name, name), self.components[name]

    def shape(self, schema: dict[str, Any]) -> Shape:
        """Flatten `allOf` into one list of properties."""
        _, schema = self.resolve(schema)
        properties: dict[str, dict[str, Any]] = {}
        required: set[str] = set()
        for part in schema.get("allOf", []):
            mixed = self.shape(part)
            properties |= mixed.properties
            required |= mixed.required
        properties |= schema.get("properties", {})
        required |= set(schema.get("required", []))
        return Shape(properties, required & properties.keys())  # 26.16 requires one that it no longer has

    def operations(self) -> Iterator[dict[str, Any]]:
        """List the operations that the package has."""
        for item in self.paths.values():
            for operation in item.values():
                if isinstance(operation, dict) and operation.get("operationId") in OPERATIONS:
                    yield operation

    def reach(self, schema: dict[str, Any], found: dict[str, Shape], name: str = "") -> None:
        """Collect every object schema below one, by name; `name` is for an object that has none."""
        reference, target = self.resolve(schema)
        name = reference or name
        if name in ERRORS or name in found:
            return
        shape = self.shape(target)
        if name and shape.properties:
            found[name] = shape
        below = [*shape.properties.values(), *target.get("oneOf", []), target.get("items")]
        for child in [*below, target.get("additionalProperties")]:
            if isinstance(child, dict):
                self.reach(child, found)

    @cached_property
    def requests(self) -> dict[str, Shape]:
        """The schemas of request bodies."""
        found: dict[str, Shape] = {}
        for operation in self.operations():
            for media in operation.get("requestBody", {}).get("content", {}).values():
                self.reach(media["schema"], found)
        return found

    @cached_property
    def answers(self) -> dict[str, Shape]:
        """The schemas of successful answers, and all effect props: in 2020 nothing referred to them."""
        found: dict[str, Shape] = {}
        for operation in self.operations():
            page = operation["operationId"][0].upper() + operation["operationId"][1:] + "Response"
            for status, response in operation["responses"].items():
                for media in response.get("content", {}).values() if status.startswith("2") else ():
                    self.reach(media["schema"], found, page)
        for name in self.components:
            if name.endswith("EffectProps"):
                self.reach({"$ref": name}, found)
        return found

    @cached_property
    def schemas(self) -> dict[str, Shape]:
        """All schemas that the package's operations reach."""
        return self.answers | self.requests

    @cached_property
    def effects(self) -> dict[str, str]:
        """The name of the props' schema by effect type; empty in 2020, when props were a plain object."""
        options = self.shape(self.components["Effect"]).properties["props"].get("oneOf", [])
        return {target["title"]: name for name, target in map(self.resolve, options)}


@pytest.fixture(scope="session")
def documents() -> dict[str, Document]:
    """Both documents by era, from the folder that `TALON_ONE_SPEC` names, or from beside the repository."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "api"
    folder = Path(os.environ.get("TALON_ONE_SPEC", beside))
    missing = [name for name in FILES.values() if not (folder / name).is_file()]
    if missing:
        pytest.skip(f"{folder} lacks {' and '.join(missing)}: let TALON_ONE_SPEC name the folder that has them")
    return {era: Document((folder / name).read_text(encoding="utf-8")) for era, name in FILES.items()}


@pytest.fixture(params=FILES)
def document(request: pytest.FixtureRequest, documents: dict[str, Document]) -> Document:
    """Each of the two documents in turn."""
    return documents[request.param]
