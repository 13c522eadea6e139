"""The base class of notifications."""

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from talon_async.models._base import model, wire

NotificationType = Literal[
    "AsyncCouponsCreated",
    "CampaignEvaluationTreeChanged",
    "CampaignNotification",
    "CouponCodeExpiring",
    "CouponCreated",
    "CouponDeleted",
    "CouponUpdated",
    "CouponsDeleted",
    "CouponsUpdated",
    "GiveawayPoolNotification",
    "LoyaltyAddedDeductedPointsBalances",
    "LoyaltyCardAddedDeductedPointsBalances",
    "LoyaltyCardPointsAdded",
    "LoyaltyCardPointsDeducted",
    "LoyaltyCardPointsExpiring",
    "LoyaltyPointsAdded",
    "LoyaltyPointsDeducted",
    "LoyaltyPointsExpiring",
    "LoyaltyPointsPendingToActive",
    "StrikethroughPrice",
    "TierDowngrade",
    "TierUpgrade",
    "TierWillDowngrade",
]


@model
class Notification:
    """A notification of Talon.One. Match on its class, which has the name of its type.

    As in answers, any field may be missing, and values of an undocumented type are returned unchanged.

    Attributes:
        notification_type: the type as the server sent it.
        id: the ID from the `X-UUID` header, which is the same when the message is sent again; see `Seen`.
        raw: the whole body as parsed JSON, including values that have no field. Store this, not the typed form.
    """

    notification_type: NotificationType | str | None = wire("NotificationType", default=None)
    id: str | None = None
    raw: Mapping[str, Any] = attrs.field(factory=dict[str, Any], repr=False)


@model
class UnknownNotification(Notification):
    """A notification whose content is only in `raw`.

    Its type is missing or newer than this release, or its lists hold values of other types than documented. The bodies
    that your rules send to webhooks have this class too.
    """
