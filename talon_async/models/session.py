"""Customer sessions: one cart from the first item to the order, in both versions of the API."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from talon_async.models._base import CODE, INTEGRATION_ID, Limit, model, wire
from talon_async.models.cart import AdditionalCost, CartItem

SessionState = Literal["open", "closed", "partially_returned", "cancelled"]


@model
class ExperimentVariantAllocation:
    """Assigns the session to one variant of an experiment."""

    experiment_id: int = wire("experimentID")
    variant_id: int = wire("variantID")


@model
class NewCustomerSessionV2:
    """A session to create or update: its profile, cart, codes and state.

    Only the fields that you set are sent. An empty `coupon_codes` or `referral_code` removes the codes of earlier
    updates; leave the field out to keep them (a dry request stores nothing in either case). There are at most 1000
    `cart_items`, 5 `identifiers` and one of `loyalty_cards`; a code has at most 100 characters. Hash identifiers that
    are personal data.

    `profile_id=""` or no `profile_id` means an anonymous session. Prefer a guest ID of your own. A profile that does
    not exist is created. A session starts `open` or `closed`; no update makes it `partially_returned`. A `None` inside
    `attributes` deletes that attribute. `evaluable_campaign_ids` applies to dry requests only.

    `reward_integration_ids` are your IDs of unlocked rewards to use in this session.
    """

    profile_id: str | None = None
    store_integration_id: str | None = wire(default=None, limit=INTEGRATION_ID)
    evaluable_campaign_ids: Sequence[int] | None = None
    coupon_codes: Sequence[str] | None = wire(default=None, limit=Limit(each=CODE))
    referral_code: str | None = wire(default=None, limit=Limit(most=100))
    loyalty_cards: Sequence[str] | None = wire(default=None, limit=Limit(most=1))
    state: SessionState | None = None
    cart_items: Sequence[CartItem] | None = wire(default=None, limit=Limit(most=1000))
    experiment_variant_allocations: Sequence[ExperimentVariantAllocation] | None = None
    additional_costs: Mapping[str, AdditionalCost] | None = None
    identifiers: Sequence[str] | None = wire(default=None, limit=Limit(most=5))
    attributes: Mapping[str, Any] | None = None
    reward_integration_ids: Sequence[str] | None = None


@model
class CustomerSessionV2:
    """A session as Talon.One holds it; all totals are before discounts.

    `total` is the sum of the cart items and of all additional costs. `first_session` is always true without a profile,
    which answers show as `profile_id=""`.
    """

    id: int | None = None
    created: datetime | None = None
    integration_id: str | None = None
    application_id: int | None = None
    profile_id: str | None = None
    store_integration_id: str | None = None
    evaluable_campaign_ids: Sequence[int] = wire(factory=list)
    coupon_codes: Sequence[str] = wire(factory=list)
    referral_code: str | None = None
    loyalty_cards: Sequence[str] = wire(factory=list)
    state: SessionState | str | None = None
    cart_items: Sequence[CartItem] = wire(factory=list)
    experiment_variant_allocations: Sequence[ExperimentVariantAllocation] = wire(factory=list)
    additional_costs: Mapping[str, AdditionalCost] = wire(factory=dict)
    identifiers: Sequence[str] = wire(factory=list)
    attributes: Mapping[str, Any] = wire(factory=dict)
    first_session: bool | None = None
    update_count: int | None = None  # 1 when the session is new
    total: float | None = None
    cart_item_total: float | None = None
    additional_cost_total: float | None = None
    cart_item_additional_cost_total: float | None = None
    updated: datetime | None = None
    reward_integration_ids: Sequence[str] = wire(factory=list)  # the unlocked rewards to use


@model
class NewCustomerSession:
    """A session to create or update in version 1 of the API, with one coupon and one referral code.

    Only the fields that you set are sent. `profile_id=""` or no `profile_id` means an anonymous session. A session
    starts `open`.
    """

    profile_id: str | None = None
    coupon: str | None = None
    referral: str | None = None
    state: Literal["open", "closed", "cancelled"] | None = None
    cart_items: Sequence[CartItem] | None = None
    identifiers: Sequence[str] | None = None
    total: float | None = None  # of the cart
    attributes: Mapping[str, Any] | None = None


@model
class CustomerSession:
    """A session in version 1 of the API."""

    integration_id: str | None = None
    created: datetime | None = None
    application_id: int | None = None
    profile_id: str | None = None
    coupon: str | None = None
    referral: str | None = None
    state: SessionState | str | None = None
    cart_items: Sequence[CartItem] = wire(factory=list)
    identifiers: Sequence[str] = wire(factory=list)
    total: float | None = None
    attributes: Mapping[str, Any] = wire(factory=dict)
    first_session: bool | None = None  # always true without a profile
    discounts: Mapping[str, float] = wire(factory=dict)  # money by the name of the discount
