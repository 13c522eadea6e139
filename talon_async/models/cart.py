"""Carts: their items, additional costs and returns."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from talon_async.models._base import Limit, model, wire


@model
class AdditionalCost:
    """A cost beside the price of the goods, such as shipping.

    Its name is the key in the map that holds it; the Campaign Manager must know that name first.
    """

    price: float


@model
class Product:
    """The product that the article of a cart item belongs to."""

    name: str


@model
class PriceDetail:
    """One price type of a cart item, with the price adjustment behind it.

    The API's examples call the two times `effectiveFrom` and `effectiveUntil`. Both spellings are read.
    """

    price: float | None = None
    adjustment_context_id: str | None = None
    adjustment_reference_id: str | None = None
    adjustment_effective_from: datetime | None = wire(default=None, also="effectiveFrom")
    adjustment_effective_until: datetime | None = wire(default=None, also="effectiveUntil")


@model
class CartItemAdjustment:
    """Payment for a cart item in loyalty points, as the API of 2020 knew it."""

    pay_from_loyalty_program: int
    point_payment: int = wire(limit=Limit(1))
    remaining_price: float | None = None  # in money, after the points


@model
class CartItem:
    """One line of a cart: `quantity` units of one item.

    `quantity` is at least 1; the units of all lines of a session together are at most 10,000. The rule engine splits a
    line into single units, which effects address by position and sub-position. `price` can be left out only if the
    catalog has the article; if given, it goes before the catalog's. `weight` is in grams; `height`, `width` and
    `length` are in millimetres. Attributes missing from `attributes` are removed from the item. Fields marked "answer"
    are not for requests.
    """

    sku: str = wire(limit=Limit(1))
    quantity: int = wire(limit=Limit(1))
    name: str | None = None
    returned_quantity: int | None = None  # answer
    remaining_quantity: int | None = None  # answer
    price: float | None = None
    category: str | None = None
    product: Product | None = None
    weight: float | None = None
    height: float | None = None
    width: float | None = None
    length: float | None = None
    position: float | None = None  # answer
    attributes: Mapping[str, Any] | None = None
    additional_costs: Mapping[str, AdditionalCost] | None = None
    catalog_item_id: int | None = wire("catalogItemID", default=None)  # answer
    selected_price_type: str | None = None  # answer
    adjustment_reference_id: str | None = None  # answer, like the two times below
    adjustment_effective_from: datetime | None = None
    adjustment_effective_until: datetime | None = None
    prices: Mapping[str, PriceDetail] | None = None  # answer; by price type
    adjustment: CartItemAdjustment | None = None  # API of 2020


@model
class ReturnedCartItem:
    """One line of a return: how many units of which cart item, by its position or its SKU."""

    position: int | None = None  # index in the session's `cart_items`
    quantity: int | None = None
    sku: str | None = wire(default=None, limit=Limit(1))


@model
class NewReturn:
    """A return of items of a closed session."""

    returned_cart_items: Sequence[ReturnedCartItem]


@model
class Return:
    """Cart items that were returned after their session was closed.

    `session_id` and `profile_id` are internal numbers of the API; the IDs that you chose are in
    `session_integration_id` and `profile_integration_id`.
    """

    id: int | None = None
    created: datetime | None = None
    application_id: int | None = None
    account_id: int | None = None
    returned_cart_items: Sequence[ReturnedCartItem] = wire(factory=list)
    event_id: int | None = None
    session_id: int | None = None  # internal number, unlike in an event
    session_integration_id: str | None = None
    profile_id: int | None = None  # internal number, unlike in a session
    profile_integration_id: str | None = None
    created_by: int | None = None
