"""Rewards, which customers unlock, often with points, and then use."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from talon_async.models._base import CARD_ID, INTEGRATION_ID, model, wire
from talon_async.models.campaign import RuleFailureReason, RuleMetadata
from talon_async.models.effects.envelope import Effect
from talon_async.models.loyalty.balances import Loyalty, LoyaltyBalances
from talon_async.models.profile import CustomerProfile

RewardStatus = Literal["unlocked", "used"]
RewardFailureCode = Literal["CONDITION_NOT_MET", "INSUFFICIENT_BALANCE", "CARD_REQUIRED", "PROFILE_REQUIRED"]
RewardResponseContent = Literal["customerProfile", "effects", "ruleFailureReasons", "loyalty"]


@model
class CustomerProfileReward:
    """A reward that a customer has unlocked, and perhaps used.

    `integration_id` is the ID of the unlocking, `reward_integration_id` that of the reward. `rule` is there if the
    reward has one. The program and the card are there if a card unlocked the reward.
    """

    id: int | None = None
    integration_id: str | None = None
    reward_id: int | None = None
    reward_integration_id: str | None = None
    reward_name: str | None = None
    description: str | None = None
    rule: RuleMetadata | None = None
    status: RewardStatus | str | None = None
    unlocked_at: datetime | None = None
    unlocked_by_profile_integration_id: str | None = None
    used_at: datetime | None = None
    used_by_profile_integration_id: str | None = None
    loyalty_program_id: int | None = None
    loyalty_card_id: str | None = wire(default=None, also="loyaltyCardIdentifier")  # its name before 26.20


@model
class GetCustomerRewardsResponse:
    """One page of a customer's rewards; `total_result_size` comes only if the request asks for it."""

    has_more: bool | None = None
    total_result_size: int | None = None
    data: Sequence[CustomerProfileReward] = wire(factory=list)


@model
class RewardPointsRequired:
    """The points that a reward costs, and the ledger that pays them; an empty `subledger_id` is the main ledger."""

    id: int | None = None
    amount: float | None = None
    loyalty_program_id: int | None = None
    subledger_id: str | None = None


@model
class RewardEligibilityFailureDetails:
    """Why a customer cannot unlock a reward; `condition_index` comes with `CONDITION_NOT_MET`."""

    failure_code: RewardFailureCode | str | None = None
    condition_index: int | None = None


@model
class RewardEligibility:
    """Whether a customer can unlock a reward; `details` is empty if so."""

    passed: bool | None = None
    details: Sequence[RewardEligibilityFailureDetails] = wire(factory=list)


@model
class RewardCatalogItem:
    """An available reward.

    Without `points_required` it is free. `eligibility` is set if the request names a customer or a card.
    """

    id: int | None = None
    name: str | None = None
    description: str | None = None
    points_required: Sequence[RewardPointsRequired] = wire(factory=list)
    rule: RuleMetadata | None = None
    eligibility: RewardEligibility | None = None


@model
class RewardsCatalogPage:
    """One page of the available rewards."""

    has_more: bool | None = None
    data: Sequence[RewardCatalogItem] = wire(factory=list)


@model
class IntegrationRewardsCatalogResponse:
    """Experimental: the available rewards, and the balances that can pay for them.

    The page is one level deeper than in other answers. `loyalty` is set if the request names a program, and a
    customer or a card. The API does not document its keys; presumably they are program IDs.
    """

    catalog: RewardsCatalogPage | None = None
    loyalty: Mapping[str, LoyaltyBalances] = wire(factory=dict)


@model
class IntegrationUnlockRewardRequest:
    """Experimental: a reward to unlock, with the customer and the ledger that pays for it.

    `integration_id` is your ID of this unlocking. The API accepts each ID once, and a session uses the reward by this
    ID. A reward that costs points needs `loyalty_program_id` and `subledger_id`; an empty `subledger_id` is the main
    ledger.

    With `loyalty_card_id` the card pays, and owns the reward. The card must be active and linked to the customer. API
    releases 26.18 and 26.19 call this field `card_identifier`; they may ignore or refuse `loyalty_card_id`. Use
    `card_identifier` for such a server only.
    """

    integration_id: str = wire(limit=INTEGRATION_ID)
    profile_integration_id: str = wire(limit=INTEGRATION_ID)
    loyalty_card_id: str | None = wire(default=None, limit=CARD_ID)
    loyalty_program_id: int | None = None
    subledger_id: str | None = None
    response_content: Sequence[RewardResponseContent] | None = None
    card_identifier: str | None = wire(default=None, limit=CARD_ID)


@model
class IntegrationUnlockRewardResponse:
    """Experimental: the effects of unlocking a reward.

    `customer_profile` and `loyalty` are set only if `response_content` asks for them. The API documents no field for
    `ruleFailureReasons`, though it can be asked for.
    """

    effects: Sequence[Effect] = wire(factory=list)
    customer_profile: CustomerProfile | None = None
    loyalty: Loyalty | None = None
    rule_failure_reasons: Sequence[RuleFailureReason] = wire(factory=list)


@model
class RewardUnlockRejection:
    """Why the rules refused to unlock a reward: `from_json(error.body, RewardUnlockRejection)` of a 422 reads it."""

    message: str | None = None
    rule_failure_reasons: Sequence[RuleFailureReason] = wire(factory=list)


@model
class CustomerReward:
    """One unlocking of a reward; `integration_id` is the ID of the unlocking."""

    application_id: int | None = None
    profile_integration_id: str | None = None
    integration_id: str | None = None
    unlocked_at: datetime | None = None
    used_at: datetime | None = None


@model
class RewardWithUnlocks:
    """A reward, and the unlockings of a customer. `unlocked` holds those that are not used yet."""

    id: int | None = None
    integration_id: str | None = None
    name: str | None = None
    description: str | None = None
    rule: RuleMetadata | None = None
    unlocked: Sequence[CustomerReward] = wire(factory=list)
