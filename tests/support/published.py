"""The operations of the API's documents, beside the package's stubs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, get_args, get_origin

import attrs

from talon_async import TalonOne, models
from talon_async._endpoint import Endpoint, Query, endpoints_of

BARE = {"AttributeQuery": Mapping[str, Any], "BestPriorPriceResponse": list[models.BestPriorPrice]}
"""Schemas that are no object with fields of its own, and what stands for them."""

MORE_WORDS = {"sort": {"-startDate", "-expiryDate"}}
"""Words of a query value that stand in its description only."""

FEWER_WORDS = {"awaitsActivation": {True}}
"""Query values of which the API takes less than their type: the description says that false is refused."""

EMPTY_AFTER_ALL = {"trackEventV3": "its description lists no 204, that of `silent` does"}
"""Operations that may answer with nothing although no such answer is listed, and why."""

RENAMED_PARAMETERS = {("updateCustomerProfileV2", "customerProfileId"): "integrationId"}
"""The document of 2020 had another word for the same place in the same path."""

READ_BY = {
    ("createCouponReservation", "Coupon"): "CouponWithReservations",
    ("updateCustomerProfileV2", "CustomerProfileUpdate"): "CustomerProfileIntegrationResponseV2",
}
"""Answers of older releases that a newer class reads, because it has all their fields."""

LISTS_BY_NOW = {("getLoyaltyProgramProfileTransactions", "subledgerId"): "26.18"}
"""Query values that were single ones, and since when they are lists: a list of one looks the same on the wire."""

KINDS = {"string": str, "boolean": bool, "integer": int, "number": float}
STUBS = endpoints_of(TalonOne)


def snake(name: str) -> str:
    """Return the Python name of an operation or parameter."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@attrs.frozen
class Published:
    """One operation as a document has it."""

    document: Any
    method: str
    path: str
    operation: dict[str, Any]

    @property
    def id(self) -> str:
        """Return the operation's name."""
        name: str = self.operation["operationId"]
        return name

    def parameters(self, place: str) -> list[dict[str, Any]]:
        """List the parameters of the path or of the query."""
        components = json.loads(self.document.text)["components"].get("parameters", {})
        listed = [
            components[p["$ref"].rpartition("/")[2]] if "$ref" in p else p for p in self.operation.get("parameters", [])
        ]
        return [parameter for parameter in listed if parameter["in"] == place]

    def stub_path(self) -> str:
        """Return the path as a stub must have it."""

        def named(match: re.Match[str]) -> str:
            return f"{{{snake(RENAMED_PARAMETERS.get((self.id, match[1]), match[1]))}}}"

        return re.sub(r"{(\w+)}", named, self.path)

    def body(self) -> dict[str, Any]:
        """Return the request body, empty if there is none; a reference to it is followed."""
        body: dict[str, Any] = self.operation.get("requestBody", {})
        if "$ref" in body:
            name = body["$ref"].rpartition("/")[2]
            body = json.loads(self.document.text)["components"]["requestBodies"][name]
        return body

    def answer(self) -> dict[str, Any]:
        """Return the body of a successful answer, empty if there is none."""
        answers = [answer for status, answer in self.operation["responses"].items() if status in ("200", "201")]
        return dict(answers[0]) if answers else {}

    def may_be_empty(self) -> bool:
        """Tell whether some successful answers have no body although others have one."""
        return "204" in self.operation["responses"] or self.id in EMPTY_AFTER_ALL

    def schema_name(self, content: dict[str, Any]) -> str | None:
        """Return the name of a body's schema; a schema without a name is named after its operation."""
        for media in content.get("content", {}).values():
            page = f"{self.id[0].upper()}{self.id[1:]}Response"
            if media["schema"].get("type") == "string":
                return None  # said of answers that are empty
            return self.document.resolve(media["schema"])[0] or page
        return None


def published(document: Any) -> dict[str, Published]:
    """Return all operations of a document, also those the package lacks."""
    return {
        operation["operationId"]: Published(document, method.upper(), path, operation)
        for path, item in document.paths.items()
        for method, operation in item.items()
        if isinstance(operation, dict) and "operationId" in operation
    }


def both(document: Any) -> Iterator[tuple[Published, Endpoint]]:
    """Pair the operations of a document with the package's stubs."""
    for name, operation in published(document).items():
        if snake(name) in STUBS:
            yield operation, STUBS[snake(name)]


def versions(documents: dict[str, Any], stub: Endpoint) -> dict[str, Published]:
    """Return what each document says about a stub's operation."""
    by_era = {era: published(document) for era, document in documents.items()}
    return {
        era: operation
        for era, operations in by_era.items()
        for name, operation in operations.items()
        if snake(name) == stub.name
    }


def names(stub: Endpoint, *kinds: Any) -> list[str]:
    """List the parameters of some kinds in their order."""
    parameters = list(stub.signature.parameters.values())[1:]
    return [parameter.name for parameter in parameters if parameter.kind in kinds]


def query_kind(schema: dict[str, Any]) -> Any:
    """Return the type that a query value must have."""
    if schema["type"] == "array":
        return Sequence[query_kind(schema["items"])]
    return datetime if schema.get("format") == "date-time" else KINDS[schema["type"]]


def plain(kind: Any) -> Any:
    """Return the type of a query value, with texts in place of words."""
    if get_origin(kind) is Sequence:
        return Sequence[plain(get_args(kind)[0])]
    return type(get_args(kind)[0]) if get_origin(kind) is Literal else kind


def words(query: Query) -> set[Any]:
    """Return the words that a query value, or each value of its list, must be one of; empty if any text is allowed."""
    kind = get_args(query.kind)[0] if get_origin(query.kind) is Sequence else query.kind
    return set(get_args(kind)) if get_origin(kind) is Literal else set()


def model(name: str | None) -> Any:
    """Return the model of a schema."""
    return BARE.get(name or "") or (getattr(models, name) if name else None)
