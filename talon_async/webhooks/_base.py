"""What every notification has in common."""

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
    """What Talon.One tells: match on its class, which is named after its type.

    As in answers, any field may be missing, and a value of an undocumented type stays as it came.

    Attributes:
        notification_type: the type, in the server's words.
        id: the message's ID from the `X-UUID` header: the same when a message comes again, see `Seen`.
        raw: the whole body as parsed JSON, also what has no field. Store this one, not the typed form.
    """

    notification_type: NotificationType | str | None = wire("NotificationType", default=None)
    id: str | None = None
    raw: Mapping[str, Any] = attrs.field(factory=dict[str, Any], repr=False)


@model
class UnknownNotification(Notification):
    """A notification as it came: only `raw` tells what is in it.

    Its type is newer than this release, it has none, or its lists hold something else than they should. What rules
    send to webhooks comes as this class, too: such bodies are your own.
    """
