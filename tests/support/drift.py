"""Documents that differ from the package, for the tests of the tool that compares them with it."""

from __future__ import annotations

import json
from typing import Any

from tools.contract.findings import Group

MODELS, OPERATIONS = "talon_async/models", "talon_async/operations"
TEXT = {"type": "string"}


def refer(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def at(name: str, place: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": schema}


DATA = "/v1/customer_data/{integrationId}"
COUPON = "/v1/coupon_reservations/{couponValue}"
INVENTORY = "/v1/customer_profiles/{integrationId}/inventory"
PROFILE = "/v2/customer_profiles/{integrationId}"
MINIMAL: dict[str, Any] = {
    "openapi": "3.1.0",
    "security": [{"api_key_v1": []}],
    "paths": {
        DATA: {
            "parameters": [at("integrationId", "path", TEXT)],
            "delete": {"operationId": "deleteCustomerData", "responses": {"204": {}}},
        },
        COUPON: {
            "post": {
                "operationId": "createCouponReservation",
                "tags": ["Coupons"],
                "parameters": [at("couponValue", "path", TEXT)],
                "requestBody": {"$ref": "#/components/requestBodies/Reservations"},
                "responses": {"201": content(refer("Coupon")), "400": content(refer("ErrorResponse"))},
            },
        },
        INVENTORY: {
            "get": {
                "operationId": "getCustomerInventory",
                "parameters": [at("integrationId", "path", TEXT), at("profile", "query", {"type": "boolean"})],
                "responses": {"200": content(refer("CustomerInventory"))},
            },
        },
        PROFILE: {
            "put": {
                "operationId": "updateCustomerProfileV2",
                "parameters": [at("integrationId", "path", TEXT)],
                "requestBody": content(refer("NewCustomerProfile")),
                "responses": {"200": content(refer("CustomerProfileIntegrationResponseV2"))},
            },
        },
    },
    "components": {
        "requestBodies": {"Reservations": content(refer("CouponReservations"))},
        "schemas": {
            "CouponReservations": {"properties": {"integrationIDs": {"type": "array", "items": TEXT}}, "required": ["integrationIDs"]},
            "Coupon": {"allOf": [refer("Numbered"), {"properties": {"limits": {"type": "array", "items": refer("LimitConfig")}}}]},
            "Numbered": {"properties": {"id": {"type": "integer"}}},
            "LimitConfig": {"properties": {"period": {"type": "string", "enum": ["daily"]}, "limit": {"type": ["number", "null"]}}},
            "CustomerInventory": {"properties": {"profile": {"oneOf": [refer("CustomerProfile"), {"type": "null"}]}}},
            "CustomerProfile": {"properties": {"integrationId": TEXT}},
            "CustomerProfileIntegrationResponseV2": {"properties": {"customerProfile": {"allOf": [refer("CustomerProfile")]}}},
            "NewCustomerProfile": {"properties": {"attributes": {"type": "object"}}},
            "Effect": {"properties": {"props": {"oneOf": [refer("AddFreeItemEffectProps")]}}},
            "ErrorResponse": {"properties": {"message": TEXT}},
            "AddFreeItemEffectProps": {"title": "addFreeItem", "properties": {"sku": TEXT, "name": TEXT}, "required": ["sku", "name"]},
        },
    },
}  # fmt: skip
"""Four operations and what they reach, as the package has them."""

PATHS, SCHEMAS = ("paths",), ("components", "schemas")
UNLOCK = {
    "operationId": "unlockPrize",
    "tags": ["Coupons"],
    "parameters": [at("prizeId", "path", {"type": "integer"}), at("dry", "query", {"type": "boolean"})],
    "requestBody": content(refer("CouponReservations")),
    "responses": {"200": content(refer("Coupon"))},
}
PRIZE = {"title": "winPrize", "properties": {"prizeID": {"type": "integer"}}, "required": ["prizeID"]}
CASES: dict[str, tuple[dict[tuple[Any, ...], Any], Group, str, *tuple[str, ...]]] = {
    "operation": (
        {(*PATHS, "/v1/prizes/{prizeId}/unlock"): {"post": UNLOCK}}, Group.OPERATION,
        ("unlockPrize (POST /v1/prizes/{prizeId}/unlock): write a stub unlock_prize(prize_id: int, body: CouponReservations, "
        f"*, dry) -> Coupon in {OPERATIONS}/coupons.py"),
    ),
    "operation of a new tag": (
        {(*PATHS, "/v1/prizes"): {"get": {"operationId": "getPrizes", "tags": ["Prize draws"], "responses": {"204": {}}}}}, Group.OPERATION,
        f"getPrizes (GET /v1/prizes): write a stub get_prizes() -> None in {OPERATIONS}/prize_draws.py",
    ),
    "method": (
        {(*PATHS, DATA): {"put": {"operationId": "deleteCustomerData", "responses": {"204": {}}}}}, Group.ROUTE,
        ("deleteCustomerData (was DELETE /v1/customer_data/{integration_id}): decorate it with "
        f'@put("/v1/customer_data/{{integration_id}}") in {OPERATIONS}/profiles.py'),
    ),
    "path": (
        {PATHS: {"/v3/data/{integrationId}": MINIMAL["paths"][DATA]}}, Group.ROUTE,
        ("deleteCustomerData (was DELETE /v1/customer_data/{integration_id}): decorate it with "
        f'@delete("/v3/data/{{integration_id}}") in {OPERATIONS}/profiles.py'),
    ),
    "query value": (
        {(*PATHS, INVENTORY, "get", "parameters", 1): at("since", "query", {"type": "string", "format": "date-time"})}, Group.PARAMETER,
        f"getCustomerInventory.since (date-time, query): add since: datetime | None = None, keyword-only, in {OPERATIONS}/profiles.py",
    ),
    "query value with an odd name": (
        {(*PATHS, INVENTORY, "get", "parameters", 1): at("prizeIDs", "query", {"type": "array", "items": TEXT})}, Group.PARAMETER,
        ('getCustomerInventory.prizeIDs (array, query): add prize_ids: Annotated[Sequence[str], Wire("prizeIDs")] | None = None, '
        f"keyword-only, in {OPERATIONS}/profiles.py"),
    ),
    "type of a query value": (
        {(*PATHS, INVENTORY, "get", "parameters", 1, "schema"): {"type": "array", "items": TEXT}}, Group.PARAMETER,
        f"getCustomerInventory.profile (array, query): change its type to Sequence[str] in {OPERATIONS}/profiles.py",
    ),
    "query value that must be given": (
        {(*PATHS, INVENTORY, "get", "parameters", 1, "required"): True}, Group.PARAMETER,
        ("getCustomerInventory.profile (boolean, query): it must be given now: say so in the docstring, and take the default away "
        f"in {OPERATIONS}/profiles.py"),
    ),
    "type of a path value": (
        {(*PATHS, INVENTORY, "get", "parameters", 0, "schema"): {"type": "integer"}}, Group.PARAMETER,
        f"getCustomerInventory.integrationId (integer, path): change its type to int in {OPERATIONS}/profiles.py",
    ),
    "header": (
        {(*PATHS, INVENTORY, "get", "parameters", 1): at("X-Region", "header", TEXT)}, Group.PARAMETER,
        "getCustomerInventory.X-Region (string, header): stubs send no header values: let the client do it",
    ),
    "idempotency key": (
        {(*PATHS, COUPON, "post", "description"): "Takes an Idempotency-Key."}, Group.PARAMETER,
        ("createCouponReservation.Idempotency-Key (header, in the description): add idempotency_key: str | None = None, keyword-only, "
        f"in {OPERATIONS}/coupons.py"),
    ),
    "body": (
        {(*PATHS, DATA, "delete", "requestBody"): content(refer("CustomerProfile"))}, Group.BODY,
        f"deleteCustomerData (CustomerProfile): let body be CustomerProfile in {OPERATIONS}/profiles.py",
    ),
    "no body": (
        {(*PATHS, COUPON, "post", "requestBody"): {}}, Group.BODY,
        f"createCouponReservation (has none now): take body away in {OPERATIONS}/coupons.py",
    ),
    "answer": (
        {(*PATHS, DATA, "delete", "responses"): {"200": content(refer("Coupon"))}}, Group.ANSWER,
        f"deleteCustomerData (Coupon): let it return Coupon in {OPERATIONS}/profiles.py",
    ),
    "no answer": (
        {(*PATHS, INVENTORY, "get", "responses"): {"204": {}}}, Group.ANSWER,
        f"getCustomerInventory (has none now): let it return None in {OPERATIONS}/profiles.py",
    ),
    "property of an answer": (
        {(*SCHEMAS, "CustomerProfile", "properties", "lastActivityDate"): {"type": "string", "format": "date-time"}}, Group.PROPERTY,
        f"CustomerProfile.lastActivityDate (date-time, answer): add last_activity_date: datetime | None = None to {MODELS}/profile.py",
    ),
    "list in an answer": (
        {(*SCHEMAS, "CustomerProfile", "properties", "moods"): {"type": "array", "items": {"enum": ["good", "bad"]}}}, Group.PROPERTY,
        ('CustomerProfile.moods (array, answer): add moods: Sequence[Literal["bad", "good"] | str] = wire(factory=list) '
        f"to {MODELS}/profile.py"),
    ),
    "map in an answer with an odd name": (
        {(*SCHEMAS, "CustomerProfile", "properties", "prizesByID"): {"type": "object", "additionalProperties": {"type": "number"}}}, Group.PROPERTY,
        ('CustomerProfile.prizesByID (object, answer): add prizes_by_id: Mapping[str, float] = wire("prizesByID", factory=dict) '
        f"to {MODELS}/profile.py"),
    ),
    "property of a request": (
        {(*SCHEMAS, "CouponReservations", "properties", "from"): TEXT}, Group.PROPERTY,
        f"CouponReservations.from (string, request): add from_: str | None = None to {MODELS}/codes.py",
    ),
    "property that a request needs": (
        {(*SCHEMAS, "CouponReservations", "allOf"): [{"properties": {"prizeID": {"type": "integer"}}, "required": ["prizeID"]}]}, Group.PROPERTY,
        f'CouponReservations.prizeID (integer, request): add prize_id: int = wire("prizeID") to {MODELS}/codes.py',
    ),
    "type": (
        {(*SCHEMAS, "CustomerProfile", "properties", "integrationId", "type"): "integer"}, Group.TYPE,
        f"CustomerProfile.integrationId (integer, answer): change CustomerProfile.integration_id to int in {MODELS}/profile.py",
    ),
    "one of two types": (
        {(*SCHEMAS, "CustomerProfile", "properties", "integrationId"): {"oneOf": [TEXT, {"type": "integer"}]}}, Group.TYPE,
        f"CustomerProfile.integrationId (choice, answer): change CustomerProfile.integration_id to str | int in {MODELS}/profile.py",
    ),
    "required": (
        {(*SCHEMAS, "NewCustomerProfile", "required"): ["attributes"]}, Group.REQUIRED,
        f"NewCustomerProfile.attributes (required now): take the default of NewCustomerProfile.attributes away in {MODELS}/profile.py",
    ),
    "no longer required": (
        {(*SCHEMAS, "CouponReservations", "required"): []}, Group.REQUIRED,
        ("CouponReservations.integrationIDs (no longer required): give CouponReservations.integration_ids the default None "
        f"in {MODELS}/codes.py"),
    ),
    "no longer required in an effect": (
        {(*SCHEMAS, "AddFreeItemEffectProps", "required"): ["sku"]}, Group.REQUIRED,
        ("AddFreeItemEffectProps.name (no longer required): give AddFreeItemEffectProps.name the default None "
        f"in {MODELS}/effects/discounts.py"),
    ),
    "word": (
        {(*SCHEMAS, "LimitConfig", "properties", "period", "enum"): ["daily", "hourly"]}, Group.WORD,
        f"LimitConfig.period (string, answer): add hourly to the Literal of LimitConfig.period in {MODELS}/campaign.py",
    ),
    "constant": (
        {(*SCHEMAS, "LimitConfig", "properties", "period"): {"const": "hourly"}}, Group.WORD,
        f"LimitConfig.period (string, answer): add hourly to the Literal of LimitConfig.period in {MODELS}/campaign.py",
    ),
    "limit of a property": (
        {(*SCHEMAS, "NewCustomerProfile", "properties", "attributes"): {"type": "object", "minItems": 1}}, Group.LIMIT,
        f"NewCustomerProfile.attributes: let its limit be Limit(1) in {MODELS}/profile.py",
    ),
    "limit of a path value": (
        {(*PATHS, INVENTORY, "get", "parameters", 0, "schema", "pattern"): "^[a-z]+$"}, Group.LIMIT,
        ("getCustomerInventory.integrationId (Limit(1, 1000) until now): let its limit be Limit(0, pattern='[a-z]+') "
        f"in {OPERATIONS}/profiles.py"),
    ),
    "status": (
        {(*PATHS, DATA, "delete", "responses", "422"): {}}, Group.STATUS,
        f"deleteCustomerData.422: add UnprocessableError to what it raises in {OPERATIONS}/profiles.py",
    ),
    "status without an error of its own": (
        {(*PATHS, COUPON, "post", "responses", "410"): {}}, Group.STATUS,
        f"createCouponReservation.410: add APIError with 410 to what it raises in {OPERATIONS}/coupons.py",
    ),
    "status of the server": (
        {(*PATHS, COUPON, "post", "responses", "503"): {}}, Group.STATUS,
        f"createCouponReservation.503: add ServerError to what it raises in {OPERATIONS}/coupons.py",
    ),
    "range of statuses": (
        {(*PATHS, COUPON, "post", "responses", "4XX"): {}}, Group.STATUS,
        f"createCouponReservation.4XX (not a single status): look what it stands for in {OPERATIONS}/coupons.py",
    ),
    "experimental": (
        {(*PATHS, DATA, "delete", "x-scalar-stability"): "experimental"}, Group.STABILITY,
        f'deleteCustomerData: let its docstring say "The operation is experimental" in {OPERATIONS}/profiles.py',
    ),
    "deprecated": (
        {(*PATHS, DATA, "delete", "deprecated"): True}, Group.STABILITY,
        f'deleteCustomerData: let its docstring say "deprecated" in {OPERATIONS}/profiles.py',
    ),
    "default that is true": (
        {(*PATHS, INVENTORY, "get", "parameters", 1, "schema", "default"): True}, Group.DEFAULT,
        f"getCustomerInventory.profile (true by default): let its docstring say False in {OPERATIONS}/profiles.py",
    ),
    "default that is a number": (
        {(*PATHS, INVENTORY, "get", "parameters", 1): at("profile", "query", {"type": "boolean", "default": 7})}, Group.DEFAULT,
        f"getCustomerInventory.profile (7 by default): let its docstring say 7 by default in {OPERATIONS}/profiles.py",
    ),
    "object in an example where a text is held": (
        {(*SCHEMAS, "CustomerProfile", "properties", "integrationId", "example"): {"mood": "good"}}, Group.EXAMPLE,
        "CustomerProfile.integrationId (in the example of CustomerProfile.integrationId): look whether it holds objects",
    ),
    "name in an example of an error": (
        {(*PATHS, COUPON, "post", "responses", "400", "content", "application/json", "example"): {"errors": [{"mood": "bad"}]}}, Group.EXAMPLE,
        ("ErrorDetail.mood (in the example of createCouponReservation): look whether ErrorDetail in tools/contract/examples.py "
        "lacks it"),
    ),
    "name in an example": (
        {(*PATHS, PROFILE, "put", "responses", "200", "content", "application/json", "example"): {"customerProfile": {"mood": "good"}}}, Group.EXAMPLE,
        (f"CustomerProfile.mood (in the example of updateCustomerProfileV2): look whether CustomerProfile in {MODELS}/profile.py "
        "lacks it"),
    ),
    "class": (
        {(*SCHEMAS, "Mood"): {"properties": {"id": {"type": "integer"}}}, (*SCHEMAS, "CustomerProfile", "properties", "mood"): refer("Mood")}, Group.CLASS,
        f"Mood (answer): write class Mood with id: int | None = None in {MODELS}/",
        f"CustomerProfile.mood (Mood, answer): add mood: Mood | None = None to {MODELS}/profile.py",
    ),
    "effect": (
        {(*SCHEMAS, "WinPrizeEffectProps"): PRIZE, (*SCHEMAS, "Effect", "properties", "props", "oneOf"): [refer("WinPrizeEffectProps")]}, Group.EFFECT,
        ('winPrize (WinPrizeEffectProps): write class WinPrizeEffectProps with prize_id: int = wire("prizeID") '
        f"in {MODELS}/effects/, and register it"),
    ),
    "class of an effect": (
        {(*SCHEMAS, "AddFreeItemEffectProps", "title"): "acceptCoupon"}, Group.EFFECT,
        f"acceptCoupon (AddFreeItemEffectProps): register AddFreeItemEffectProps for it in {MODELS}/effects/, not AcceptCouponEffectProps",
    ),
}  # fmt: skip
"""What a document has otherwise than `MINIMAL`, the kind of what is found, and the lines."""


def changed(base: dict[str, Any], changes: dict[tuple[Any, ...], Any]) -> dict[str, Any]:
    """Copy a document, with other values in some places; the step after the end of a list appends to it."""
    document: dict[str, Any] = json.loads(json.dumps(base))  # no two places share a part, as they do in a deep copy
    for (*steps, last), value in changes.items():
        node: Any = document
        for step in steps:
            node = node[step]
        if isinstance(node, list) and last == len(node):
            node.append(value)
        else:
            node[last] = value
    return document
