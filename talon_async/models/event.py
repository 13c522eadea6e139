"""Events, and the effects that the first version of the API puts inside them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from talon_async.models._base import model, wire
from talon_async.models.codes import CouponRejectionReason, ReferralRejectionReason
from talon_async.models.loyalty import LedgerEntry


@model
class EventEffect:
    """One effect of version 1 of the API, which travels as `[campaign, ruleset, rule, [name, argument, ...]]`.

    What the arguments mean depends on the name: `setDiscount` has a label and an amount.
    """

    campaign_id: int
    ruleset_id: int
    rule_index: int
    name: str
    args: Sequence[Any]


@model
class NewEvent:
    """An event to record in a session.

    The type must not be one of the built-in ones. The session must belong to the same profile; `profile_id=""`, or
    none, is an anonymous customer.
    """

    type: str
    attributes: Mapping[str, Any]
    session_id: str
    profile_id: str | None = None


@model
class Meta:
    """What the rules looked at for an event, and what they refused."""

    campaigns: Mapping[str, Any] = wire(factory=dict)  # attributes by campaign ID
    coupons: Mapping[str, Any] = wire(factory=dict)  # attributes by coupon code
    coupon_rejection_reason: CouponRejectionReason | None = None
    referral_rejection_reason: ReferralRejectionReason | None = None
    warnings: Mapping[str, Any] = wire(factory=dict)


@model
class Event:
    """An event and what it caused."""

    id: int | None = None
    created: datetime | None = None
    application_id: int | None = None
    profile_id: str | None = None
    store_integration_id: str | None = None
    type: str | None = None
    attributes: Mapping[str, Any] = wire(factory=dict)
    integration_id: str | None = None
    session_id: str | None = None  # the ID you chose
    effects: Sequence[EventEffect] = wire(factory=list)
    ledger_entries: Sequence[LedgerEntry] = wire(factory=list)
    meta: Meta | None = None


@model
class EventV3:
    """An advanced event, which has an ID of yours and may refer to a closed session."""

    connected_session_id: str | None = None
    id: int | None = None
    created: datetime | None = None
    application_id: int | None = None
    profile_id: str | None = None
    store_integration_id: str | None = None
    type: str | None = None
    attributes: Mapping[str, Any] = wire(factory=dict)
    integration_id: str | None = None
    effects: Sequence[EventEffect] = wire(factory=list)
