"""Codes of customers: coupons, referrals, giveaways."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from talon_async.models._base import INTEGRATION_ID, Limit, model, wire
from talon_async.models.campaign import LimitConfig

CouponState = Literal["active", "used", "expired", "pending", "disabled"]
CouponRejectionCode = Literal[
    "CampaignLimitReached",
    "CouponExpired",
    "CouponLimitReached",
    "CouponNotFound",
    "CouponPartOfNotRunningCampaign",
    "CouponPartOfNotTriggeredCampaign",
    "CouponRecipientDoesNotMatch",
    "CouponRejectedByCondition",
    "CouponReservationRequired",
    "CouponStartDateInFuture",
    "CouponValidConditionMissing",
    "EffectCouldNotBeApplied",
    "ProfileLimitReached",
    "ProfileRequired",
]
ReferralRejectionCode = Literal[
    "AdvocateNotFound",
    "CampaignLimitReached",
    "EffectCouldNotBeApplied",
    "ProfileLimitReached",
    "ReferralCustomerAlreadyReferred",
    "ReferralExpired",
    "ReferralLimitReached",
    "ReferralNotFound",
    "ReferralPartOfNotRunningCampaign",
    "ReferralPartOfNotTriggeredCampaign",
    "ReferralRecipientDoesNotMatch",
    "ReferralRecipientIdSameAsAdvocate",
    "ReferralRejectedByCondition",
    "ReferralStartDateInFuture",
    "ReferralValidConditionMissing",
]


@model
class CouponReservations:
    """The customers for whom to reserve a coupon, or whose reservation ends: at most 1000."""

    integration_ids: Sequence[str] = wire("integrationIDs", limit=Limit(most=1000, each=INTEGRATION_ID))


@model
class Coupon:
    """A coupon code with its limits and how much of them is used.

    A limit of 0 means no limit, although the campaign may have one. Without `expiry_date` the coupon stays valid.
    """

    id: int | None = None
    created: datetime | None = None
    campaign_id: int | None = None
    value: str | None = None
    usage_limit: int | None = None
    discount_limit: float | None = None  # money; a gift card's value
    reservation_limit: int | None = None
    start_date: datetime | None = None
    expiry_date: datetime | None = None
    limits: Sequence[LimitConfig] = wire(factory=list)  # in place of the campaign's
    usage_counter: int | None = None
    discount_counter: float | None = None
    discount_remainder: float | None = None
    reservation_counter: float | None = None
    attributes: Mapping[str, Any] = wire(factory=dict)
    referral_id: int | None = None
    recipient_integration_id: str | None = None  # the only customer who may redeem it
    import_id: int | None = None
    reservation: bool | None = None  # true: for many customers; false: a personal code
    batch_id: str | None = None
    is_reservation_mandatory: bool | None = None  # redeemable only once it is reserved
    implicitly_reserved: bool | None = None  # reserved for all customers


@model
class CouponReservation:
    """Whom a coupon is reserved for, and since when."""

    coupon_id: int | None = None
    recipient_integration_id: str | None = None
    created_at: datetime | None = None


@model
class CouponWithReservations:
    """The answer to a reservation: the fields of `Coupon`, and the reservations of the coupon."""

    id: int | None = None
    created: datetime | None = None
    campaign_id: int | None = None
    value: str | None = None
    usage_limit: int | None = None
    discount_limit: float | None = None
    reservation_limit: int | None = None
    start_date: datetime | None = None
    expiry_date: datetime | None = None
    limits: Sequence[LimitConfig] = wire(factory=list)
    usage_counter: int | None = None
    discount_counter: float | None = None
    discount_remainder: float | None = None
    reservation_counter: float | None = None
    attributes: Mapping[str, Any] = wire(factory=dict)
    referral_id: int | None = None
    recipient_integration_id: str | None = None
    import_id: int | None = None
    reservation: bool | None = None
    batch_id: str | None = None
    is_reservation_mandatory: bool | None = None
    implicitly_reserved: bool | None = None
    reservations: Sequence[CouponReservation] = wire(factory=list)


@model
class IntegrationCoupon:
    """A coupon of a session: `Coupon` and how often this customer redeemed it."""

    id: int | None = None
    created: datetime | None = None
    campaign_id: int | None = None
    value: str | None = None
    usage_limit: int | None = None
    discount_limit: float | None = None
    reservation_limit: int | None = None
    start_date: datetime | None = None
    expiry_date: datetime | None = None
    limits: Sequence[LimitConfig] = wire(factory=list)
    usage_counter: int | None = None
    discount_counter: float | None = None
    discount_remainder: float | None = None
    reservation_counter: float | None = None
    attributes: Mapping[str, Any] = wire(factory=dict)
    referral_id: int | None = None
    recipient_integration_id: str | None = None
    import_id: int | None = None
    reservation: bool | None = None
    batch_id: str | None = None
    is_reservation_mandatory: bool | None = None
    implicitly_reserved: bool | None = None
    profile_redemption_count: int | None = None


@model
class InventoryCoupon:
    """A coupon reserved for a customer: `IntegrationCoupon` and what can be done with it now.

    `state` is `active` even if the campaign has not started and the coupon cannot be redeemed yet.
    """

    id: int | None = None
    created: datetime | None = None
    campaign_id: int | None = None
    value: str | None = None
    usage_limit: int | None = None
    discount_limit: float | None = None
    reservation_limit: int | None = None
    start_date: datetime | None = None
    expiry_date: datetime | None = None
    limits: Sequence[LimitConfig] = wire(factory=list)
    usage_counter: int | None = None
    discount_counter: float | None = None
    discount_remainder: float | None = None
    reservation_counter: float | None = None
    attributes: Mapping[str, Any] = wire(factory=dict)
    referral_id: int | None = None
    recipient_integration_id: str | None = None
    import_id: int | None = None
    reservation: bool | None = None
    batch_id: str | None = None
    is_reservation_mandatory: bool | None = None
    implicitly_reserved: bool | None = None
    profile_redemption_count: int | None = None
    state: CouponState | str | None = None


@model
class CouponRejectionReason:
    """Why a coupon was refused, and by which campaign."""

    campaign_id: int | None = None
    coupon_id: int | None = None
    reason: CouponRejectionCode | str | None = None


@model
class NewReferral:
    """A referral code to create for an advocate, perhaps for one friend only.

    Every call creates another code. A `usage_limit` of 0 means that the code has no limit of its own. Without
    `expiry_date` the code stays valid.
    """

    campaign_id: int
    advocate_profile_integration_id: str = wire(limit=INTEGRATION_ID)
    start_date: datetime | None = None
    expiry_date: datetime | None = None
    usage_limit: int | None = wire(default=None, limit=Limit(0, 999_999))
    friend_profile_integration_id: str | None = None  # the only customer who may use it
    attributes: Mapping[str, Any] | None = None


@model
class Referral:
    """A referral code and how often it was used."""

    id: int | None = None
    created: datetime | None = None
    start_date: datetime | None = None
    expiry_date: datetime | None = None
    usage_limit: int | None = None  # 0: no limit of its own
    campaign_id: int | None = None
    advocate_profile_integration_id: str | None = None
    friend_profile_integration_id: str | None = None
    attributes: Mapping[str, Any] = wire(factory=dict)
    import_id: int | None = None
    code: str | None = None
    usage_counter: int | None = None
    batch_id: str | None = None


@model
class NewReferralsForMultipleAdvocates:
    """Referral codes to create, one for each of 1 to 1000 advocates.

    Every call creates other codes. Each `#` of `referral_pattern`, which has 3 to 100 characters, becomes one of
    `valid_characters`: capital letters and digits by default. A `usage_limit` of 0 is no limit of its
    own. Without `expiry_date` the codes stay valid.
    """

    campaign_id: int
    advocate_profile_integration_ids: Sequence[str] = wire(limit=Limit(1, 1000, each=INTEGRATION_ID))
    usage_limit: int = wire(limit=Limit(0, 999_999))
    start_date: datetime | None = None
    expiry_date: datetime | None = None
    attributes: Mapping[str, Any] | None = None
    valid_characters: Sequence[str] | None = None
    referral_pattern: str | None = wire(default=None, limit=Limit(3, 100))


@model
class CreateReferralsForMultipleAdvocatesResponse:
    """The referral codes that were created, all in one answer without pages."""

    total_result_size: int | None = None
    data: Sequence[Referral] = wire(factory=list)


@model
class InventoryReferral:
    """A referral code of a customer: `Referral` and who was referred by it."""

    id: int | None = None
    created: datetime | None = None
    start_date: datetime | None = None
    expiry_date: datetime | None = None
    usage_limit: int | None = None  # 0: no limit of its own
    campaign_id: int | None = None
    advocate_profile_integration_id: str | None = None
    friend_profile_integration_id: str | None = None
    attributes: Mapping[str, Any] = wire(factory=dict)
    import_id: int | None = None
    code: str | None = None
    usage_counter: int | None = None
    batch_id: str | None = None
    referred_customers: Sequence[str] = wire(factory=list)  # integration IDs


@model
class ReferralRejectionReason:
    """Why a referral code was refused, and by which campaign."""

    campaign_id: int | None = None
    referral_id: int | None = None
    reason: ReferralRejectionCode | str | None = None


@model
class Giveaway:
    """A giveaway code and who got it."""

    id: int | None = None
    created: datetime | None = None
    code: str | None = None
    pool_id: int | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    attributes: Mapping[str, Any] = wire(factory=dict)
    used: bool | None = None
    import_id: int | None = None
    profile_integration_id: str | None = None
    profile_id: int | None = None  # internal number, unlike in a session
