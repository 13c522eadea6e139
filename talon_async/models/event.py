"""Events, and the effects that the first version of the API puts inside them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from talon_async.models._base import INTEGRATION_ID, Limit, model, wire
from talon_async.models.codes import CouponRejectionReason, ReferralRejectionReason
from talon_async.models.loyalty.ledger import LedgerEntry

EventResponseContent = Literal[
    "customerProfile",
    "triggeredCampaigns",
    "loyalty",
    "event",
    "awardedGiveaways",
    "ruleFailureReasons",
    "campaignEligibility",
    "achievements",
    "unlockedRewards",
]
EventV3ResponseContent = Literal[
    "customerProfile",
    "triggeredCampaigns",
    "loyalty",
    "advancedEvent",
    "awardedGiveaways",
    "ruleFailureReasons",
    "referral",
    "unlockedRewards",
]


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

    type: str = wire(limit=Limit(1))
    attributes: Mapping[str, Any]
    session_id: str = wire(limit=Limit(1))
    profile_id: str | None = None


@model
class IntegrationEventV2Request:
    """An event to record for a customer, outside of any session.

    The type must not be one of the built-in ones. Unlike the documents of the API, which only say so in words, this
    class does not let you leave `profile_id` out. `evaluable_campaign_ids` has a meaning in dry requests only. At most
    one of `loyalty_cards`. Each word of `response_content` is one field of the answer; `campaignEligibility` needs a
    dry request, and `unlockedRewards` is the field `rewards`. `reward_integration_ids` are unlocked rewards to use:
    your IDs of their unlocking.
    """

    profile_id: str
    type: str = wire(limit=Limit(1))
    store_integration_id: str | None = wire(default=None, limit=INTEGRATION_ID)
    evaluable_campaign_ids: Sequence[int] | None = None
    attributes: Mapping[str, Any] | None = None
    response_content: Sequence[EventResponseContent] | None = None
    loyalty_cards: Sequence[str] | None = wire(default=None, limit=Limit(most=1))
    reward_integration_ids: Sequence[str] | None = None


@model
class IntegrationEventV3Request:
    """An advanced event to record for a customer, perhaps after a session.

    `integration_id` is an ID of your own; the API takes each only once. `connected_session_id` must be a closed
    session. The type must not be one of the built-in ones. `evaluable_campaign_ids` has a meaning in dry requests
    only. At most one of `loyalty_cards`. `reward_integration_ids` are unlocked rewards to use: your IDs of their
    unlocking.

    The API stores `referral_code`, of at most 100 characters, but neither checks nor redeems it: only a rule does.
    Each word of `response_content` is one field of the answer; `unlockedRewards` is the field `rewards`.
    """

    profile_id: str
    type: str = wire(limit=Limit(1))
    integration_id: str = wire(limit=Limit(1))
    store_integration_id: str | None = wire(default=None, limit=INTEGRATION_ID)
    evaluable_campaign_ids: Sequence[int] | None = None
    attributes: Mapping[str, Any] | None = None
    connected_session_id: str | None = wire(default=None, limit=Limit(1))
    loyalty_cards: Sequence[str] | None = wire(default=None, limit=Limit(most=1))
    response_content: Sequence[EventV3ResponseContent] | None = None
    referral_code: str | None = wire(default=None, limit=Limit(most=100))
    reward_integration_ids: Sequence[str] | None = None


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
    referral_code: str | None = None
