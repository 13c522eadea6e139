"""Catalog items whose strikethrough prices changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from talon_async.models._base import model, wire
from talon_async.models.audience import AudienceReference
from talon_async.models.cart import PriceDetail
from talon_async.webhooks._base import Notification

StrikethroughTargetType = Literal["NONE", "AUDIENCE"]
StrikethroughVersion = Literal["v2"]


@model
class StrikethroughTrigger:
    """The cause of a change of prices, such as the synchronization of a catalog."""

    id: int | None = None
    type: str | None = None
    triggered_at: datetime | None = None
    total_affected_items: int | None = None
    payload: Mapping[str, Any] = wire(factory=dict)  # its form depends on `type`


@model
class StrikethroughTarget:
    """The target of an effect: all customers, or one audience."""

    type: StrikethroughTargetType | str | None = None
    audience: AudienceReference | None = None  # only if `type` is AUDIENCE


@model
class StrikethroughEffectProps:
    """The props of an effect on an item: a discount of `value`, or a custom effect with a `payload`."""

    name: str | None = None
    value: Any = None  # usually a number; the API documents no type
    excluded_from_price_history: bool | None = None
    effect_id: int | None = None  # of a custom effect, like `payload`
    payload: Mapping[str, Any] = wire(factory=dict)


@model
class StrikethroughEffect:
    """The effect of a rule on the price of an item, with its target and its times in UTC."""

    campaign_id: int | None = None
    ruleset_id: int | None = None
    rule_index: int | None = None
    rule_name: str | None = None
    type: str | None = None
    props: StrikethroughEffectProps | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    selected_price_type: str | None = None
    selected_price: float | None = None  # before discounts
    adjustment_reference_id: str | None = None
    targets: Sequence[StrikethroughTarget] = wire(factory=list)


@model
class StrikethroughChangedItem:
    """A catalog item with its prices by type, and the effects that make its new price."""

    id: int | None = None  # of the event behind the change
    catalog_id: int | None = None
    sku: str | None = None
    version: int | None = None
    price: float | None = None
    prices: Mapping[str, PriceDetail] = wire(factory=dict)
    evaluated_at: datetime | None = None
    effects: Sequence[StrikethroughEffect] = wire(factory=list)


@model
class StrikethroughPrice(Notification):
    """Prices of catalog items changed. Many items are sent in several batches, each in a notification of its own.

    `version` and `valid_from` are set if the change was scheduled. It takes effect at `valid_from`.
    """

    version: StrikethroughVersion | str | None = None
    valid_from: datetime | None = None
    application_id: int | None = None
    current_batch: int | None = None  # counted from 1
    total_batches: int | None = None
    trigger: StrikethroughTrigger | None = None
    changed_items: Sequence[StrikethroughChangedItem] = wire(factory=list)
    sent_at: datetime | None = None
