"""Effects on prices and on what is in the cart."""

from collections.abc import Sequence
from typing import Literal

from talon_async.models._base import model
from talon_async.models.effects._registry import effect_props

DiscountScope = Literal["cartItems", "additionalCosts", "sessionTotal"]
ItemDiscountScope = Literal["price", "additionalCosts", "itemTotal"]


@effect_props("setDiscount")
@model
class SetDiscountEffectProps:
    """A discount in money on the whole session; it replaces an earlier one of the same name."""

    name: str
    value: float
    scope: DiscountScope | str | None = None  # with cascading discounts only
    desired_value: float | None = None  # without a budget's limit; with partial discounts only


@effect_props("setDiscountPerItem")
@model
class SetDiscountPerItemEffectProps:
    """A discount in money on one unit of one cart item.

    `position` and `sub_position` are indexes, although their JSON type is a number: use `int(...)`. The totals are of
    discounts spread over many items.
    """

    name: str
    value: float
    position: float
    sub_position: float | None = None
    desired_value: float | None = None  # without a budget's limit; with partial discounts only
    scope: ItemDiscountScope | str | None = None
    total_discount: float | None = None
    desired_total_discount: float | None = None
    bundle_index: int | None = None
    bundle_name: str | None = None
    targeted_item_position: float | None = None
    targeted_item_sub_position: float | None = None
    excluded_from_price_history: bool | None = None


@effect_props("setDiscountPerAdditionalCost")
@model
class SetDiscountPerAdditionalCostEffectProps:
    """A discount in money on one additional cost of the session."""

    name: str
    additional_cost_id: int
    additional_cost: str
    value: float
    desired_value: float | None = None  # without a budget's limit; with partial discounts only


@effect_props("setDiscountPerAdditionalCostPerItem")
@model
class SetDiscountPerAdditionalCostPerItemEffectProps:
    """A discount in money on one additional cost of one cart item.

    `position` and `sub_position` are indexes, although their JSON type is a number: use `int(...)`.
    """

    name: str
    additional_cost_id: int
    value: float
    position: float
    additional_cost: str
    sub_position: float | None = None
    desired_value: float | None = None  # without a budget's limit; with partial discounts only


@effect_props("rollbackDiscount")
@model
class RollbackDiscountEffectProps:
    """A discount was undone because its session was cancelled or items were returned.

    `cart_item_position` and `cart_item_sub_position` are indexes, although their JSON type is a number: use `int(...)`.
    """

    name: str
    value: float
    cart_item_position: float | None = None
    cart_item_sub_position: float | None = None
    additional_cost_id: int | None = None
    additional_cost: str | None = None
    scope: DiscountScope | ItemDiscountScope | str | None = None


@effect_props("addFreeItem")
@model
class AddFreeItemEffectProps:
    """An item to add to the cart for free."""

    sku: str
    name: str
    desired_quantity: int | None = None  # before a partial reward cut it down


@effect_props("showBundleMetadata")
@model
class ShowBundleMetadataEffectProps:
    """Which cart items make a bundle; deprecated."""

    description: str
    bundle_attributes: Sequence[str]
    items_indices: Sequence[float]  # indexes in `cart_items`, though numbers
