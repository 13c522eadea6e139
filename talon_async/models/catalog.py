"""Cart item catalogs: changes to their items, and the best prior price of an item."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import attrs

from talon_async.models._base import Limit, model, wire
from talon_async.models.audience import AudienceReference
from talon_async.models.cart import Product

CatalogActionType = Literal["ADD", "PATCH", "PATCH_MANY", "REMOVE", "REMOVE_MANY", "ADD_PRICE_ADJUSTMENT"]
CatalogFilterOperator = Literal["EQ", "LT", "LE", "GT", "GE", "IN"]
BestPriorPriceEnd = Literal["strict", "price", "sale"]
BestPriorTargetType = Literal["NONE", "AUDIENCE"]


@model
class CatalogActionFilter:
    """A condition on an attribute of catalog items; `IN` takes a list as value."""

    attr: str
    op: CatalogFilterOperator
    value: Any


@model
class AddItemCatalogAction:
    """An item to add.

    An SKU that exists is left alone, unless `replace_if_exists` is true: then a `price` that is left out stays as it
    was, and a `product` that is left out is cleared.
    """

    sku: str
    price: float | None = None
    attributes: Mapping[str, Any] | None = None
    product: Product | None = None
    replace_if_exists: bool | None = None


@model
class PatchItemCatalogAction:
    """An item to change: a `price` that is left out stays as it was, a `product` that is left out is cleared."""

    sku: str
    price: float | None = None
    attributes: Mapping[str, Any] | None = None
    product: Product | None = None
    create_if_not_exists: bool | None = None


@model
class PatchManyItemsCatalogAction:
    """A change to all items that meet every filter. Without filters it changes the whole catalog."""

    price: float | None = None
    filters: Sequence[CatalogActionFilter] | None = None
    attributes: Mapping[str, Any] | None = None


@model
class RemoveItemCatalogAction:
    """An item to remove."""

    sku: str


@model
class RemoveManyItemsCatalogAction:
    """The items to remove: all that meet every filter. Without filters it empties the whole catalog."""

    filters: Sequence[CatalogActionFilter] | None = None


@model
class NewPriceAdjustment:
    """A price of one type, such as a price for members, and the time in which it applies.

    `price=NULL` removes the price of this type from the item. If adjustments overlap, the one with the latest
    `calculated_at` applies. Its default is the time at which the adjustment reaches the server.
    """

    price_type: str
    reference_id: str = wire(limit=Limit(1))  # unique
    price: float | None = None
    calculated_at: datetime | None = None
    effective_from: datetime | None = None
    effective_until: datetime | None = None
    context_id: str | None = None  # why there is such a price: a sale, for instance


@model
class AddPriceAdjustmentCatalogAction:
    """New prices for an item: 1 to 100. The Application must have price types, a beta feature."""

    sku: str
    adjustments: Sequence[NewPriceAdjustment] = wire(limit=Limit(1, 100))


CatalogActionPayload: TypeAlias = (
    AddItemCatalogAction
    | PatchItemCatalogAction
    | PatchManyItemsCatalogAction
    | RemoveItemCatalogAction
    | RemoveManyItemsCatalogAction
    | AddPriceAdjustmentCatalogAction
)
"""The payload of a catalog action: the change and the items."""

CATALOG_ACTIONS: Final[Mapping[str, type[CatalogActionPayload]]] = {
    "ADD": AddItemCatalogAction,
    "PATCH": PatchItemCatalogAction,
    "PATCH_MANY": PatchManyItemsCatalogAction,
    "REMOVE": RemoveItemCatalogAction,
    "REMOVE_MANY": RemoveManyItemsCatalogAction,
    "ADD_PRICE_ADJUSTMENT": AddPriceAdjustmentCatalogAction,
}
"""The class of the payload by the action's type."""


def _type_of(action: "CatalogAction") -> Any:
    """Return the type that goes with the payload; an action without a known payload has none."""
    return next((name for name, cls in CATALOG_ACTIONS.items() if cls is type(action.payload)), None)


@model
class CatalogAction:
    """One change to a catalog; its `type` follows from the class of the payload."""

    payload: CatalogActionPayload
    type: CatalogActionType = wire(default=attrs.Factory(_type_of, takes_self=True))


@model
class CatalogSyncRequest:
    """Changes to a catalog: 1 to 1000, all of one type, and no SKU twice.

    With `version` the API takes them only if the catalog has that version.
    """

    actions: Sequence[CatalogAction] = wire(limit=Limit(1, 1000))
    version: int | None = wire(default=None, limit=Limit(1))


@model
class Catalog:
    """A catalog as Talon.One holds it, without its items; `version` counts its changes."""

    id: int | None = None
    created: datetime | None = None
    account_id: int | None = None
    modified: datetime | None = None
    name: str | None = None
    description: str | None = None
    subscribed_applications_ids: Sequence[int] = wire(factory=list)
    version: int | None = None
    created_by: int | None = None  # the number of a user


@model
class BestPriorTarget:
    """The customers whose price is requested: all customers, or an audience, whose ID is then required."""

    target_type: BestPriorTargetType
    audience_id: int | None = wire("audienceID", default=None)


@model
class BestPriorPriceRequest:
    """The items whose best prior price is requested, and the period to look at.

    `timeframe` is a number of days, written as text: `"30"`. The period ends at `timeframe_end_date` (`strict`), when
    the current price began (`price`), or when its context, such as a sale, began (`sale`).
    """

    skus: Sequence[str] = wire(limit=Limit(1))
    timeframe_end_date: datetime
    timeframe: str
    timeframe_end_date_type: BestPriorPriceEnd
    target: BestPriorTarget | None = None


@model
class LabelTargetNone:
    """A price for all customers."""

    type: Literal["NONE"] | None = None


@model
class LabelTargetAudience:
    """A price for one audience."""

    type: Literal["AUDIENCE"] | None = None
    audience: AudienceReference | None = None


LabelTarget: TypeAlias = LabelTargetNone | LabelTargetAudience
"""The customers that a price is for."""


@model
class InfluencingCampaignDetails:
    """A campaign that influenced a price, and the amount of its discount."""

    campaign_id: int | None = None
    discount_value: float | None = None


@model
class AdjustmentDetails:
    """The price adjustment behind a price."""

    reference_id: str | None = None
    selected_price_type: str | None = None
    value: float | None = None


@model
class BestPriorPriceMetadata:
    """The campaigns and the price adjustment behind a price."""

    influencing_campaign_details: Sequence[InfluencingCampaignDetails] = wire(factory=list)
    adjustment_details: AdjustmentDetails | None = None


@model
class BestPriorPrice:
    """The best prior price of an item, and the time when it was observed."""

    id: int | None = None
    sku: str | None = None
    observed_at: datetime | None = None
    context_ids: Sequence[str] = wire(factory=list)  # of price adjustments and campaigns
    context_id: str | None = None  # not sent since 26.17: see `context_ids`
    price: float | None = None
    metadata: BestPriorPriceMetadata | None = None
    target: LabelTarget | None = None
