"""The requests and answers, in the sizes that a shop sees. This module imports only the standard library."""

from __future__ import annotations

import json
from typing import Any

KEY = "0123456789abcdef0123456789abcdef"
EVENT_ATTRIBUTES = {"page": "/shoes/running/42", "seconds": 31, "referrer": "newsletter", "device": "phone"}
TIME = "2026-03-01T12:30:45.123456Z"

Json = dict[str, Any]

HEADERS = {
    "Strict-Transport-Security": "max-age=31536000",
    "X-Request-Id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
}
"""Headers of an answer beside Server, Date, Connection, Content-Type and Content-Length: seven headers in all."""

MANY_HEADERS = {
    **HEADERS,
    "Cache-Control": "no-store, max-age=0",
    "Vary": "Origin, Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Envoy-Upstream-Service-Time": "12",
    "Via": "1.1 google",
    "Alt-Svc": 'h3=":443"; ma=2592000',
}
"""Headers of an answer that passed a load balancer of a cloud: fifteen headers in all."""


def items(count: int) -> list[Json]:
    """Return the items of a cart, with the category and the custom attributes that promotions use."""
    return [
        {"sku": f"shoe-{n:04}", "quantity": 1 + n % 3, "name": f"Running shoe {n}", "price": 9.5 + n,
         "category": "shoes/running", "weight": 350,
         "attributes": {"Brand": "Fleet", "Colour": "blue", "Size": 36 + n % 12, "Sale": n % 4 == 0, "Shelf": "B-17"}}
        for n in range(count)
    ]  # fmt: skip


ITEMS = {"session": items(5), "large": items(200)}

_PROPS: list[tuple[str, Json]] = [
    ("setDiscountPerItem", {"name": "10% off shoes", "value": 1.25, "position": 3}),
    ("setDiscount", {"name": "summer", "value": 7.5}),
    ("showNotification", {"notificationType": "Offer", "title": "Free socks", "body": "with two pairs"}),
    ("addLoyaltyPoints", {"name": "Points", "programId": 7, "subLedgerId": "", "value": 12.5,
                          "recipientIntegrationId": "jane", "transactionUUID": "5f0f2cc6-a6fd-4f6b-9c5e-3f9d6f4f4f5d"}),
    ("acceptCoupon", {"value": "SUMMER-2026"}),
    ("triggerWebhook", {"webhookId": 12, "webhookName": "warehouse"}),
]  # fmt: skip


def effects(count: int) -> list[Json]:
    """Return effects of several types."""
    return [
        {"campaignId": 244, "rulesetId": 128, "ruleIndex": n % 7, "ruleName": "Shoes",
         "effectType": _PROPS[n % 6][0], "props": _PROPS[n % 6][1]}
        for n in range(count)
    ]  # fmt: skip


def _state(kind: str, effect_count: int) -> Json:
    """Return the answer of version 2 to a session."""
    cart = ITEMS[kind]
    total = sum(item["price"] * item["quantity"] for item in cart)
    session = {
        "id": 6, "created": TIME, "integrationId": f"{kind}-1", "applicationId": 1, "profileId": "profile-1",
        "couponCodes": ["SUMMER-2026"], "referralCode": "", "loyaltyCards": [], "state": "open",
        "cartItems": [{**item, "position": n} for n, item in enumerate(cart)],
        "additionalCosts": {"shipping": {"price": 4.9}}, "identifiers": [], "firstSession": False, "updateCount": 3,
        "attributes": {"ShippingCity": "Berlin", "PaymentMethod": "invoice", "Vip": True}, "total": total,
        "cartItemTotal": total, "additionalCostTotal": 4.9, "updated": TIME,
    }  # fmt: skip
    profile = {
        "id": 9, "created": TIME, "integrationId": "profile-1", "accountId": 31, "closedSessions": 3,
        "totalSales": 299.9, "lastActivity": TIME, "attributes": {"Language": "de", "Newsletter": True},
    }  # fmt: skip
    return {"customerSession": session, "customerProfile": profile, "effects": effects(effect_count),
            "createdCoupons": [], "createdReferrals": [], "awardedGiveaways": []}  # fmt: skip


def _v1_event() -> Json:
    """Return the answer of version 1 to an event; its effects are lists."""
    event = {
        "id": 3, "created": TIME, "applicationId": 1, "profileId": "profile-1", "type": "viewed",
        "attributes": EVENT_ATTRIBUTES, "sessionId": "session-1",
        "effects": [[244, 128, 0, ["setDiscount", "summer", 7.5]]],
    }  # fmt: skip
    return {"event": event}


def _bytes(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


ANSWERS: dict[str, bytes] = {
    "event": _bytes({"effects": effects(1), "createdCoupons": [], "createdReferrals": [], "awardedGiveaways": []}),
    "session": _bytes(_state("session", 6)),
    "large": _bytes(_state("large", 300)),
    "silent": b"",
    "v1": _bytes(_v1_event()),
}

REQUESTS: dict[str, tuple[str, str]] = {
    # answer: method and path; a session has an ID of its own for each request
    "event": ("POST", "/v2/events?silent=no"),
    "session": ("PUT", "/v2/customer_sessions/session-{n}"),
    "large": ("PUT", "/v2/customer_sessions/large-{n}"),
    "silent": ("POST", "/v2/events?silent=yes"),
    "v1": ("POST", "/v1/events"),
}


def body(answer: str, n: int) -> Json:
    """Return the body of the n-th request. The items of the cart are made once, as in a shop."""
    if answer in ITEMS:
        session = {"profileId": f"profile-{n}", "couponCodes": ["SUMMER-2026"], "state": "open"}
        return {"customerSession": {**session, "cartItems": ITEMS[answer]}}
    event = {"profileId": f"profile-{n}", "type": "viewed", "attributes": EVENT_ATTRIBUTES}
    return {**event, "sessionId": f"session-{n}"} if answer == "v1" else event
