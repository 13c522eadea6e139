"""Loads and compiles what the first calls would have to wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import attrs

from talon_async._codec.hooks import writer
from talon_async._codec.shape import branches, hints
from talon_async._codec.support import props_readers
from talon_async.models._base import prepare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


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
    """Make ready the readers of all effects, and the making and writing of these models and all they hold."""
    from talon_async.models.effects import EFFECT_PROPS  # noqa: PLC0415  # models load on first use

    for kind in EFFECT_PROPS:
        _ = props_readers[kind]
    todo, done = list(bodies), set[type]()
    while todo:
        cls = todo.pop()
        if cls not in done:
            done.add(cls)
            prepare(cls)
            writer(cls)
            todo += [inner for annotation in hints(cls).values() for inner in _models(annotation)]


def _models(annotation: Any) -> Iterator[type]:
    """Find the models that a value of a type may be or hold."""
    for kind in branches(annotation):
        if isinstance(kind, type) and attrs.has(kind):
            yield kind
        for inner in get_args(kind):
            yield from _models(inner)
