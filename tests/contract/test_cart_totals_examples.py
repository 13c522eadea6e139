"""The totals of the API's documents: those of a session, and what its item and its costs make together."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talon_async import from_json
from talon_async.effects import cart_totals
from talon_async.models import EFFECT_PROPS, AdditionalCost, CartItem, CustomerSessionV2
from tools.contract.tables import NEWEST

if TYPE_CHECKING:
    from collections.abc import Mapping

TOTALS = {
    "gross": "total",
    "cart_item_total": "cartItemTotal",
    "cart_item_additional_cost_total": "cartItemAdditionalCostTotal",
    "additional_cost_total": "additionalCostTotal",
}
"""Totals of this package, without discounts, and what the API calls them."""


def examples(originals: Mapping[str, Any], schema: str) -> dict[str, Any]:
    """Return the examples of a schema's properties."""
    newest = originals["26.16"]
    properties = newest.shape(newest.components[schema]).properties
    return {name: prop["example"] for name, prop in properties.items() if "example" in prop}


def test_the_totals_are_those_of_the_document_when_nothing_is_discounted(originals: Mapping[str, Any]) -> None:
    """The document's example has 99.99 for goods, 15 for item costs and 20 for session costs, in total 134.99."""
    session_examples = examples(originals, "CustomerSessionV2")
    item = CartItem(
        sku="a",
        quantity=1,
        price=examples(originals, "CartItem")["price"],
        additional_costs={"wrap": AdditionalCost(price=session_examples["cartItemAdditionalCostTotal"])},
    )
    costs = {"shipping": AdditionalCost(price=session_examples["additionalCostTotal"])}
    totals = cart_totals(CustomerSessionV2(cart_items=[item], additional_costs=costs), [])
    expected = {ours: Decimal(str(session_examples[theirs])) for ours, theirs in TOTALS.items()}
    assert expected == {ours: getattr(totals, ours) for ours in TOTALS}


def test_the_lines_are_found_when_the_documents_cart_is_read(originals: Mapping[str, Any]) -> None:
    """The document's cart is charged with its item, the item's cost and the session's cost: 99.99 + 9 + 9."""
    item = {key: examples(originals, "CartItem")[key] for key in ("sku", "quantity", "price", "additionalCosts")}
    costs = examples(originals, "CustomerSessionV2")["additionalCosts"]
    session = from_json(json.dumps({"cartItems": [item], "additionalCosts": costs}), CustomerSessionV2)
    totals = cart_totals(session, [])
    assert [(0, None), (0, "shipping"), (None, "shipping")] == list(totals.lines)
    assert Decimal("117.99") == totals.total


def test_every_discount_is_known_when_the_document_lists_the_effects(documents: Mapping[str, Any]) -> None:
    """Every effect type about discounts that the document lists is known to the cart totals."""
    named = {name for name in documents[NEWEST].effects if "discount" in name.lower()}
    counted = {"setDiscount", "setDiscountPerItem", "setDiscountPerAdditionalCost"}
    counted |= {"setDiscountPerAdditionalCostPerItem", "rollbackDiscount"}
    assert counted == named
    assert named <= EFFECT_PROPS.keys()
