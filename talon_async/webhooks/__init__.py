"""The notifications that Talon.One sends to you, for Applications and loyalty programs.

`parse` reads a notification from the body and headers of a request. Match on its class:

    notification = parse(await request.read(), request.headers, secret=SecretHeader("X-Talon-Secret", secret))
    match notification:
        case CouponsUpdated(batch_id=batch):
            ...
        case UnknownNotification(raw=raw):
            ...
"""

from talon_async.webhooks._base import Notification, NotificationType, UnknownNotification
from talon_async.webhooks._parse import NOTIFICATIONS, InvalidNotificationError, parse
from talon_async.webhooks._secrets import BasicCredentials, Secret, SecretHeader, WrongSecretError
from talon_async.webhooks._seen import Seen
from talon_async.webhooks.campaigns import (
    Binding,
    CampaignChange,
    CampaignChangeState,
    CampaignEvaluationPosition,
    CampaignEvaluationTreeChanged,
    CampaignEvent,
    CampaignNotification,
    CampaignSet,
    CampaignSetBranchNode,
    CampaignSetOperator,
    Collection,
    EvaluationMode,
    EvaluationScope,
    EvaluationTreeChange,
    PlaceholderDetails,
    Rule,
    Ruleset,
)
from talon_async.webhooks.coupons import (
    AsyncCouponsCreated,
    CouponCodeExpiring,
    CouponCreated,
    CouponDeleted,
    CouponsDeleted,
    CouponsUpdated,
    CouponUpdated,
    ExpiringCouponsData,
    ExtendedCoupon,
)
from talon_async.webhooks.giveaways import GiveawayPoolData, GiveawayPoolNotification
from talon_async.webhooks.points import (
    ExpiringCardPointsData,
    ExpiringPointsData,
    LoyaltyAddedDeductedPointsBalances,
    LoyaltyCardAddedDeductedPointsBalances,
    LoyaltyCardPointsAdded,
    LoyaltyCardPointsDeducted,
    LoyaltyCardPointsExpiring,
    LoyaltyPointsAdded,
    LoyaltyPointsDeducted,
    LoyaltyPointsExpiring,
    LoyaltyPointsPendingToActive,
    PendingActivePointsData,
    PointsAction,
    PointsOperation,
    PointsSource,
)
from talon_async.webhooks.prices import (
    StrikethroughChangedItem,
    StrikethroughEffect,
    StrikethroughEffectProps,
    StrikethroughPrice,
    StrikethroughTarget,
    StrikethroughTargetType,
    StrikethroughTrigger,
    StrikethroughVersion,
)
from talon_async.webhooks.tiers import (
    TierDowngrade,
    TierDowngradeData,
    TierUpgrade,
    TierUpgradeData,
    TierWillDowngrade,
    TierWillDowngradeData,
)

__all__ = [
    "NOTIFICATIONS",
    "AsyncCouponsCreated",
    "BasicCredentials",
    "Binding",
    "CampaignChange",
    "CampaignChangeState",
    "CampaignEvaluationPosition",
    "CampaignEvaluationTreeChanged",
    "CampaignEvent",
    "CampaignNotification",
    "CampaignSet",
    "CampaignSetBranchNode",
    "CampaignSetOperator",
    "Collection",
    "CouponCodeExpiring",
    "CouponCreated",
    "CouponDeleted",
    "CouponUpdated",
    "CouponsDeleted",
    "CouponsUpdated",
    "EvaluationMode",
    "EvaluationScope",
    "EvaluationTreeChange",
    "ExpiringCardPointsData",
    "ExpiringCouponsData",
    "ExpiringPointsData",
    "ExtendedCoupon",
    "GiveawayPoolData",
    "GiveawayPoolNotification",
    "InvalidNotificationError",
    "LoyaltyAddedDeductedPointsBalances",
    "LoyaltyCardAddedDeductedPointsBalances",
    "LoyaltyCardPointsAdded",
    "LoyaltyCardPointsDeducted",
    "LoyaltyCardPointsExpiring",
    "LoyaltyPointsAdded",
    "LoyaltyPointsDeducted",
    "LoyaltyPointsExpiring",
    "LoyaltyPointsPendingToActive",
    "Notification",
    "NotificationType",
    "PendingActivePointsData",
    "PlaceholderDetails",
    "PointsAction",
    "PointsOperation",
    "PointsSource",
    "Rule",
    "Ruleset",
    "Secret",
    "SecretHeader",
    "Seen",
    "StrikethroughChangedItem",
    "StrikethroughEffect",
    "StrikethroughEffectProps",
    "StrikethroughPrice",
    "StrikethroughTarget",
    "StrikethroughTargetType",
    "StrikethroughTrigger",
    "StrikethroughVersion",
    "TierDowngrade",
    "TierDowngradeData",
    "TierUpgrade",
    "TierUpgradeData",
    "TierWillDowngrade",
    "TierWillDowngradeData",
    "UnknownNotification",
    "WrongSecretError",
    "parse",
]
