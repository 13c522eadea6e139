"""Requests that choose the parts of their answer, and the answers, which hold many entities."""

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
ProfileResponseContent = Literal[
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
    """A session to update, and the parts of the answer in addition to the effects.

    Each word of `response_content` fills one field of `IntegrationStateV2`; the others stay empty. `unlockedRewards`
    fills the field `rewards`. `campaignEligibility` needs a dry request, and includes the information of
    `triggeredCampaigns` and `ruleFailureReasons`.
    """

    customer_session: NewCustomerSessionV2
    response_content: Sequence[ResponseContent] | None = None


@model
class ReturnIntegrationRequest:
    """A return of items of a closed session, and the parts of the answer in addition to the effects."""

    return_: NewReturn
    response_content: Sequence[ReturnResponseContent] | None = None


@model
class CustomerProfileIntegrationRequestV2:
    """A profile to update, and the parts of the answer in addition to the effects.

    A `None` inside `attributes` deletes that attribute. `response_content` has no words about a session, its coupons or
    its referral; `unlockedRewards` fills the field `rewards`. `evaluable_campaign_ids` applies to dry requests only.
    `reward_integration_ids` are your IDs of unlocked rewards to use.
    """

    attributes: Mapping[str, Any] | None = None
    evaluable_campaign_ids: Sequence[int] | None = None
    response_content: Sequence[ProfileResponseContent] | None = None
    audiences_changes: ProfileAudiencesChanges | None = None
    reward_integration_ids: Sequence[str] | None = None


@model
class IntegrationState:
    """The answer of version 1 to a session, a profile or an event. The effects are in `event.effects`."""

    session: CustomerSession | None = None
    profile: CustomerProfile | None = None
    event: Event | None = None
    loyalty: Loyalty | None = None
    coupon: Coupon | None = None


@model
class IntegrationStateV2:
    """The result of updating a session, which replaces the results of earlier answers.

    The order of `effects` has no meaning. `created_coupons` and `created_referrals` are always set, other fields only
    if `response_content` asks for them.
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
    """The result of updating a profile, which replaces the results of earlier answers.

    The order of `effects` has no meaning. `created_coupons` and `created_referrals` are always set, other fields only
    if `response_content` asks for them.
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
    """The result of recording an event.

    The order of `effects` has no meaning. `created_coupons` and `created_referrals` are always set, other fields only
    if `response_content` asks for them.
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
    """The result of recording an advanced event: as `IntegrationEventV2Response`, but with an `EventV3`."""

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
    """A session and its valid effects, without effects that were rolled back and without their rollbacks."""

    customer_session: CustomerSessionV2 | None = None
    effects: Sequence[Effect] = wire(factory=list)


@model
class ReopenSessionResponse:
    """The result of reopening a session, mainly the effects that are rolled back."""

    effects: Sequence[Effect] = wire(factory=list)


@model
class CustomerProfileUpdate:
    """The answer to an update of a profile in the API of 2020."""

    customer_profile: CustomerProfile | None = None


@model
class CustomerInventory:
    """The data of a customer, with the parts that the request asked for."""

    profile: CustomerProfile | None = None
    loyalty: Loyalty | None = None
    referrals: Sequence[InventoryReferral] = wire(factory=list)
    coupons: Sequence[InventoryCoupon] = wire(factory=list)  # reserved for the customer, hard or soft
    giveaways: Sequence[Giveaway] = wire(factory=list)
    achievements: Sequence[AchievementProgressWithDefinition] = wire(factory=list)
    rewards: Sequence[RewardWithUnlocks] = wire(factory=list)  # unlocked and not used yet
