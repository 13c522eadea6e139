"""Notifications about coupons that were created, changed or deleted, or are about to expire."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from talon_async.models._base import model, wire
from talon_async.models.codes import Coupon
from talon_async.webhooks._base import Notification


@model
class ExtendedCoupon(Coupon):
    """A coupon and the Application it belongs to."""

    application_id: int | None = wire("ApplicationId", default=None)


@model
class ExpiringCouponsData:
    """A coupon that is about to expire, and the only customer who may redeem it, if there is one."""

    coupon_value: str | None = wire("CouponValue", default=None)
    created_date: datetime | None = wire("CreatedDate", default=None)
    valid_from: datetime | None = wire("ValidFrom", default=None)
    valid_until: datetime | None = wire("ValidUntil", default=None)
    campaign_id: int | None = wire("CampaignId", default=None)
    customer_profile_id: str | None = wire("CustomerProfileId", default=None)
    usage_limit: int | None = wire("UsageLimit", default=None)  # 0: no limit but the campaign's
    usage_counter: int | None = wire("UsageCounter", default=None)
    batch_id: str | None = wire("BatchId", default=None)
    attributes: Mapping[str, Any] = wire("Attributes", factory=dict)


@model
class _Change(Notification):
    """The common fields of all changes of coupons."""

    type_of_change: str | None = wire("TypeOfChange", default=None)  # where it was made, such as campaign_manager
    operation: str | None = wire("Operation", default=None)
    employee_name: str | None = wire("EmployeeName", default=None)


@model
class CouponCreated(_Change):
    """Coupons were created. For more than 1000 coupons at once, only `batch_id` is set."""

    batch_id: str | None = wire("BatchID", default=None)
    data: Sequence[ExtendedCoupon] = wire(factory=list)
    total_result_size: int | None = None


@model
class CouponUpdated(_Change):
    """Single coupons were changed. The notification holds the changed coupons."""

    data: Sequence[ExtendedCoupon] = wire(factory=list)
    total_result_size: int | None = None


@model
class CouponDeleted(_Change):
    """Single coupons were deleted. The notification holds the deleted coupons."""

    data: Sequence[ExtendedCoupon] = wire(factory=list)
    total_result_size: int | None = None


@model
class AsyncCouponsCreated(_Change):
    """A batch of coupons was created in the background."""

    batch_id: str | None = wire("BatchID", default=None)


@model
class CouponsUpdated(_Change):
    """Many coupons of a campaign were changed at once. Only their batch is known."""

    batch_id: str | None = wire("BatchID", default=None)
    application_id: int | None = wire("ApplicationID", default=None)
    campaign_id: int | None = wire("CampaignID", default=None)


@model
class CouponsDeleted(_Change):
    """Many coupons of a campaign were deleted at once. Only their batch is known."""

    batch_id: str | None = wire("BatchID", default=None)
    application_id: int | None = wire("ApplicationID", default=None)
    campaign_id: int | None = wire("CampaignID", default=None)
    total_result_size: int | None = wire("TotalResultSize", default=None)


@model
class CouponCodeExpiring(Notification):
    """Up to 1000 coupons are about to expire."""

    total_result_size: int | None = wire("TotalResultSize", default=None)
    data: Sequence[ExpiringCouponsData] = wire("Data", factory=list)
