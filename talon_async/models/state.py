"""What bundles many entities: requests that choose what comes back, and the states that answer them."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from talon_async.models._base import model, wire
from talon_async.models.achievement import AchievementProgressWithDefinition, CustomerAchievement
from talon_async.models.campaign import Campaign, CampaignEligibility, RuleFailureReason
from talon_async.models.cart import NewReturn, Return
from talon_async.models.codes import Coupon, Giveaway, IntegrationCoupon, InventoryCoupon, InventoryReferral, Referral
from talon_async.models.effects.envelope import Effect
from talon_async.models.event import Event, EventV3
from talon_async.models.loyalty.balances import Loyalty
from talon_async.models.loyalty.rewards import RewardWithUnlocks
from talon_async.models.profile import CustomerProfile, ProfileAudiencesChanges
from talon_async.models.session import CustomerSession, CustomerSessionV2, NewCustomerSessionV2

ResponseContent = Literal[
    "customerSession",
    "customerProfile",
    "coupons",
    "triggeredCampaigns",
    "referral",
    "loyalty",
    "event",
    "awardedGiveaways",
    "ruleFailureReasons",
    "previousReturns",
    "campaignEligibility",
    "achievements",
    "unlockedRewards",
]
ReturnResponseContent = Literal[
    "customerSession",
    "customerProfile",
    "coupons",
    "triggeredCampaigns",
    "referral",
    "loyalty",
    "event",
    "previousReturns",
]


@model
class IntegrationRequest:
    """A session to update, and what the answer shall hold besides the effects.

    Each word of `response_content` is one field of `IntegrationStateV2`; the others stay empty. `unlockedRewards` is
    the field `rewards`. `campaignEligibility` needs a dry request, and repeats what `triggeredCampaigns` and
    `ruleFailureReasons` would say.
    """

    customer_session: NewCustomerSessionV2
    response_content: Sequence[ResponseContent] | None = None


@model
class ReturnIntegrationRequest:
    """What comes back from a closed session, and what the answer shall hold besides the effects."""

    return_: NewReturn
    response_content: Sequence[ReturnResponseContent] | None = None


@model
class CustomerProfileIntegrationRequestV2:
    """A profile to update, and what the answer shall hold besides the effects.

    A `None` inside `attributes` deletes that attribute. A profile has no session: the API takes `customerProfile`,
    `triggeredCampaigns`, `loyalty`, `event`, `awardedGiveaways`, `ruleFailureReasons`, `campaignEligibility`,
    `achievements` and `unlockedRewards`, the field `rewards`, as `response_content`. `evaluable_campaign_ids` has a
    meaning in dry requests only. `reward_integration_ids` are unlocked rewards to use: your IDs of their unlocking.
    """

    attributes: Mapping[str, Any] | None = None
    evaluable_campaign_ids: Sequence[int] | None = None
    response_content: Sequence[ResponseContent] | None = None
    audiences_changes: ProfileAudiencesChanges | None = None
    reward_integration_ids: Sequence[str] | None = None


@model
class IntegrationState:
    """What version 1 answers to a session, a profile or an event; the effects are in `event.effects`."""

    session: CustomerSession | None = None
    profile: CustomerProfile | None = None
    event: Event | None = None
    loyalty: Loyalty | None = None
    coupon: Coupon | None = None


@model
class IntegrationStateV2:
    """What the rules made of a session; it replaces what earlier answers said.

    The order of `effects` means nothing. `created_coupons` and `created_referrals` always come, the rest only if
    `response_content` asks for it.
    """

    customer_profile: CustomerProfile | None = None
    loyalty: Loyalty | None = None  # cards only if the session names one
    triggered_campaigns: Sequence[Campaign] = wire(factory=list)
    campaign_eligibility: Sequence[CampaignEligibility] = wire(factory=list)  # dry requests only
    effects: Sequence[Effect] = wire(factory=list)
    rule_failure_reasons: Sequence[RuleFailureReason] = wire(factory=list)
    created_coupons: Sequence[Coupon] = wire(factory=list)
    created_referrals: Sequence[Referral] = wire(factory=list)
    awarded_giveaways: Sequence[Giveaway] = wire(factory=list)
    achievements: Sequence[CustomerAchievement] = wire(factory=list)
    referral: InventoryReferral | None = None
    coupons: Sequence[IntegrationCoupon] = wire(factory=list)
    event: Event | None = None
    advanced_event: EventV3 | None = None
    customer_session: CustomerSessionV2 | None = None
    return_: Return | None = None
    previous_returns: Sequence[Return] = wire(factory=list)
    rewards: Sequence[RewardWithUnlocks] = wire(factory=list)  # `unlockedRewards`


@model
class CustomerProfileIntegrationResponseV2:
    """What the rules made of a profile; it replaces what earlier answers said.

    The order of `effects` means nothing. `created_coupons` and `created_referrals` always come, the rest only if
    `response_content` asks for it.
    """

    customer_profile: CustomerProfile | None = None
    event: Event | None = None
    loyalty: Loyalty | None = None
    triggered_campaigns: Sequence[Campaign] = wire(factory=list)
    rule_failure_reasons: Sequence[RuleFailureReason] = wire(factory=list)
    campaign_eligibility: Sequence[CampaignEligibility] = wire(factory=list)  # dry requests only
    awarded_giveaways: Sequence[Giveaway] = wire(factory=list)
    effects: Sequence[Effect] = wire(factory=list)
    created_coupons: Sequence[Coupon] = wire(factory=list)
    created_referrals: Sequence[Referral] = wire(factory=list)
    achievements: Sequence[CustomerAchievement] = wire(factory=list)  # a word of `response_content`, so expected here
    rewards: Sequence[RewardWithUnlocks] = wire(factory=list)  # `unlockedRewards`


@model
class IntegrationEventV2Response:
    """What the rules made of an event.

    The order of `effects` means nothing. `created_coupons` and `created_referrals` always come, the rest only if
    `response_content` asks for it.
    """

    customer_profile: CustomerProfile | None = None
    loyalty: Loyalty | None = None
    triggered_campaigns: Sequence[Campaign] = wire(factory=list)
    campaign_eligibility: Sequence[CampaignEligibility] = wire(factory=list)  # dry requests only
    effects: Sequence[Effect] = wire(factory=list)
    rule_failure_reasons: Sequence[RuleFailureReason] = wire(factory=list)
    created_coupons: Sequence[Coupon] = wire(factory=list)
    created_referrals: Sequence[Referral] = wire(factory=list)
    awarded_giveaways: Sequence[Giveaway] = wire(factory=list)
    achievements: Sequence[CustomerAchievement] = wire(factory=list)
    event: Event | None = None
    rewards: Sequence[RewardWithUnlocks] = wire(factory=list)  # `unlockedRewards`


@model
class IntegrationEventV3Response:
    """What the rules made of an advanced event: `IntegrationEventV2Response` with the other kind of event."""

    customer_profile: CustomerProfile | None = None
    loyalty: Loyalty | None = None
    triggered_campaigns: Sequence[Campaign] = wire(factory=list)
    campaign_eligibility: Sequence[CampaignEligibility] = wire(factory=list)
    effects: Sequence[Effect] = wire(factory=list)
    rule_failure_reasons: Sequence[RuleFailureReason] = wire(factory=list)
    created_coupons: Sequence[Coupon] = wire(factory=list)
    created_referrals: Sequence[Referral] = wire(factory=list)
    awarded_giveaways: Sequence[Giveaway] = wire(factory=list)
    achievements: Sequence[CustomerAchievement] = wire(factory=list)
    advanced_event: EventV3 | None = None
    referral: InventoryReferral | None = None
    rewards: Sequence[RewardWithUnlocks] = wire(factory=list)  # `unlockedRewards`


@model
class IntegrationCustomerSessionResponse:
    """A session and the effects that hold for it; those that were rolled back are left out on both sides."""

    customer_session: CustomerSessionV2 | None = None
    effects: Sequence[Effect] = wire(factory=list)


@model
class ReopenSessionResponse:
    """What the rules made of reopening a session: above all, what is rolled back."""

    effects: Sequence[Effect] = wire(factory=list)


@model
class CustomerProfileUpdate:
    """What an update of a profile answered in 2020."""

    customer_profile: CustomerProfile | None = None


@model
class CustomerInventory:
    """What a customer has: only the parts that the request asked for."""

    profile: CustomerProfile | None = None
    loyalty: Loyalty | None = None
    referrals: Sequence[InventoryReferral] = wire(factory=list)
    coupons: Sequence[InventoryCoupon] = wire(factory=list)  # reserved for the customer, hard or soft
    giveaways: Sequence[Giveaway] = wire(factory=list)
    achievements: Sequence[AchievementProgressWithDefinition] = wire(factory=list)
    rewards: Sequence[RewardWithUnlocks] = wire(factory=list)  # unlocked and not used yet
