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

    The type must not be one of the built-in types. The session must belong to the same profile. `profile_id=""` or no
    `profile_id` means an anonymous customer.
    """

    type: str = wire(limit=Limit(1))
    attributes: Mapping[str, Any]
    session_id: str = wire(limit=Limit(1))
    profile_id: str | None = None


@model
class IntegrationEventV2Request:
    """An event to record for a customer, outside of any session.

    The type must not be one of the built-in types. `profile_id` is required, as the description in the API says,
    although its schema does not. `evaluable_campaign_ids` applies to dry requests only. `loyalty_cards` holds at most
    one card. Each word of `response_content` adds a field to the answer; `campaignEligibility` needs a dry request, and
    `unlockedRewards` adds the field `rewards`. `reward_integration_ids` are your IDs of unlocked rewards to use.
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
    """An advanced event to record for a customer, optionally connected to a closed session.

    `integration_id` is your ID of the event; the API accepts each ID only once. `connected_session_id` must be the ID
    of a closed session. The type must not be one of the built-in types. `evaluable_campaign_ids` applies to dry
    requests only. `loyalty_cards` holds at most one card. `reward_integration_ids` are your IDs of unlocked rewards to
    use.

    The API stores `referral_code`, of at most 100 characters, but neither checks nor redeems it. Only a rule can do
    that. Each word of `response_content` adds a field to the answer; `unlockedRewards` adds the field `rewards`.
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
    """The campaigns and coupons that the rules used for an event, and the codes that they refused."""

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
