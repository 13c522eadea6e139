"""Effects on coupons."""

from typing import Literal

from talon_async.models._base import model
from talon_async.models.codes import CouponRejectionCode
from talon_async.models.effects._registry import effect_props

CampaignExclusionReason = Literal["CampaignGaveLowerDiscount", "CampaignIsNotFirst", "CampaignNotInEvaluationSet"]


@effect_props("acceptCoupon")
@model
class AcceptCouponEffectProps:
    """The coupon can be used; closing the session redeems it. Clear any earlier rejection."""

    value: str


@effect_props("rejectCoupon")
@model
class RejectCouponEffectProps:
    """The coupon cannot be used; this arrives in an ordinary answer, not as an error."""

    value: str
    rejection_reason: CouponRejectionCode | str
    condition_index: int | None = None
    effect_index: int | None = None
    details: str | None = None
    campaign_exclusion_reason: CampaignExclusionReason | str | None = None


@effect_props("rollbackCoupon")
@model
class RollbackCouponEffectProps:
    """The redemption of a coupon was undone: its code can be used again."""

    value: str


@effect_props("reserveCoupon")
@model
class ReserveCouponEffectProps:
    """A coupon was reserved for a customer."""

    coupon_value: str
    profile_integration_id: str
    is_new_reservation: bool  # false: it already was


@effect_props("couponCreated")
@model
class CouponCreatedEffectProps:
    """A new coupon for one customer, who should hear of it."""

    value: str
    profile_id: str  # the integration ID
