"""The envelope of every effect, and the union of all classes of props."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from talon_async.models._base import model, wire
from talon_async.models.effects._registry import effect_props
from talon_async.models.effects.coupons import (
    AcceptCouponEffectProps,
    CouponCreatedEffectProps,
    RejectCouponEffectProps,
    ReserveCouponEffectProps,
    RollbackCouponEffectProps,
)
from talon_async.models.effects.discounts import (
    AddFreeItemEffectProps,
    RollbackDiscountEffectProps,
    SetDiscountEffectProps,
    SetDiscountPerAdditionalCostEffectProps,
    SetDiscountPerAdditionalCostPerItemEffectProps,
    SetDiscountPerItemEffectProps,
    ShowBundleMetadataEffectProps,
)
from talon_async.models.effects.general import (
    AddToAudienceEffectProps,
    CustomEffectProps,
    ErrorEffectProps,
    RemoveFromAudienceEffectProps,
    ShowNotificationEffectProps,
    TriggerWebhookEffectProps,
    UpdateAttributeEffectProps,
)
from talon_async.models.effects.loyalty import (
    AddLoyaltyPointsEffectProps,
    BoostLoyaltyTierEffectProps,
    ChangeLoyaltyTierLevelEffectProps,
    DeductLoyaltyPointsEffectProps,
    ExtendLoyaltyPointsExpiryDateEffectProps,
    JoinLoyaltyProgramEffectProps,
    RollbackAddedLoyaltyPointsEffectProps,
    RollbackDeductedLoyaltyPointsEffectProps,
    RollbackTierBoostEffectProps,
    SetLoyaltyPointsExpiryDateEffectProps,
)
from talon_async.models.effects.referrals import (
    AcceptReferralEffectProps,
    RedeemReferralEffectProps,
    ReferralCreatedEffectProps,
    RejectReferralEffectProps,
    RollbackReferralEffectProps,
)
from talon_async.models.effects.rewards import (
    AwardGiveawayEffectProps,
    IncreaseAchievementProgressEffectProps,
    RollbackIncreasedAchievementProgressEffectProps,
    RollbackUseRewardEffectProps,
    StartAchievementProgressEffectProps,
    UnlockRewardEffectProps,
    UseRewardEffectProps,
    WillAwardGiveawayEffectProps,
)


@effect_props("addNegativeLoyaltyPoints", "offsetNegativeLoyaltyPoints")
@model
class UnknownEffectProps:
    """The props of an effect as parsed JSON, if its type is newer than this release or its props do not fit the type.

    The API documents no props for `addNegativeLoyaltyPoints` and `offsetNegativeLoyaltyPoints`, so their props always
    have this class.
    """

    raw: Mapping[str, Any] | Any


EffectProps: TypeAlias = (
    AcceptCouponEffectProps
    | AcceptReferralEffectProps
    | AddFreeItemEffectProps
    | AddLoyaltyPointsEffectProps
    | AddToAudienceEffectProps
    | AwardGiveawayEffectProps
    | BoostLoyaltyTierEffectProps
    | ChangeLoyaltyTierLevelEffectProps
    | CouponCreatedEffectProps
    | CustomEffectProps
    | DeductLoyaltyPointsEffectProps
    | ErrorEffectProps
    | ExtendLoyaltyPointsExpiryDateEffectProps
    | IncreaseAchievementProgressEffectProps
    | JoinLoyaltyProgramEffectProps
    | RedeemReferralEffectProps
    | ReferralCreatedEffectProps
    | RejectCouponEffectProps
    | RejectReferralEffectProps
    | RemoveFromAudienceEffectProps
    | ReserveCouponEffectProps
    | RollbackAddedLoyaltyPointsEffectProps
    | RollbackCouponEffectProps
    | RollbackDeductedLoyaltyPointsEffectProps
    | RollbackDiscountEffectProps
    | RollbackIncreasedAchievementProgressEffectProps
    | RollbackReferralEffectProps
    | RollbackTierBoostEffectProps
    | RollbackUseRewardEffectProps
    | SetDiscountEffectProps
    | SetDiscountPerAdditionalCostEffectProps
    | SetDiscountPerAdditionalCostPerItemEffectProps
    | SetDiscountPerItemEffectProps
    | SetLoyaltyPointsExpiryDateEffectProps
    | ShowBundleMetadataEffectProps
    | ShowNotificationEffectProps
    | StartAchievementProgressEffectProps
    | TriggerWebhookEffectProps
    | UnlockRewardEffectProps
    | UpdateAttributeEffectProps
    | UseRewardEffectProps
    | WillAwardGiveawayEffectProps
    | UnknownEffectProps
)
"""The props of every effect type this release knows, and `UnknownEffectProps` for all others."""


@model
class Effect:
    """One effect of a rule. The class of `props` follows from `effect_type`.

    Match on the class of `props`. Types that this release does not know have `UnknownEffectProps`. Effects without a
    campaign, such as the rejection of an unknown coupon, have the `campaign_id` -1.
    """

    effect_type: str
    props: EffectProps
    experiment_id: int | None = None
    campaign_id: int | None = None
    ruleset_id: int | None = None
    rule_index: int | None = None
    rule_name: str | None = None  # may be empty
    triggered_by_coupon: int | None = None
    triggered_for_catalog_item: int | None = None
    condition_index: int | None = None
    evaluation_group_id: int | None = wire("evaluationGroupID", default=None)
    evaluation_group_mode: str | None = None
    campaign_revision_id: int | None = None
    campaign_revision_version_id: int | None = None
    selected_price_type: str | None = None
    selected_price: float | None = None  # before discounts
    adjustment_reference_id: str | None = None
    reward_id: int | None = None  # of the used reward, like the next
    reward_integration_id: str | None = None
