"""Loads and compiles what the first calls would have to wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async import models
from talon_async._codec.hooks import reader, writer

if TYPE_CHECKING:
    from collections.abc import Iterable


ANSWER = b"""{
"customerSession": {"created": "2026-03-01T12:30:45.1Z", "profileId": "p", "total": 9.5, "cartItems": [
    {"sku": "a", "quantity": 1, "price": 9.5, "attributes": {}}, {"sku": "b", "quantity": 2, "price": 4.5}]},
"customerProfile": {"created": "2026-03-01T12:30:45.1Z", "integrationId": "p", "attributes": {}},
"effects": [
    {"campaignId": 1, "effectType": "setDiscount", "props": {"name": "a", "value": 1.5}},
    {"campaignId": 1, "effectType": "setDiscountPerItem", "props": {"name": "a", "value": 1.5, "position": 0}},
    {"campaignId": 1, "effectType": "acceptCoupon", "props": {"value": "A"}},
    {"campaignId": 1, "effectType": "rejectCoupon", "props": {"value": "A", "rejectionReason": "CouponNotFound"}}]
}"""
"""What the server may say to a session; for a rehearsal."""


def warm_up(bodies: Iterable[type]) -> None:
    """Load the readers of all effects, and the writers of these models and of all they hold."""
    reader(models.Effect)
    for cls in bodies:
        writer(cls)
