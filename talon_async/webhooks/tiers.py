"""Notifications about customers who move between the tiers of a loyalty program.

Each notification holds up to 1000 customers. An empty `subledger_id` is the main ledger. `source` says what gives the
tier: the customer's points, or a boost, which gives a higher tier for a time.
"""

from collections.abc import Sequence
from datetime import datetime

from talon_async.models._base import model, wire
from talon_async.models.loyalty.tier import TierSource
from talon_async.webhooks._base import Notification


@model
class TierUpgradeData:
    """A customer who reached a higher tier."""

    customer_profile_id: str | None = wire("CustomerProfileID", default=None)
    loyalty_program_id: int | None = wire("LoyaltyProgramID", default=None)
    subledger_id: str | None = wire("SubledgerID", default=None)
    current_tier: str | None = wire("CurrentTier", default=None)
    current_points: float | None = wire("CurrentPoints", default=None)
    old_tier: str | None = wire("OldTier", default=None)
    points_required_to_the_next_tier: float | None = wire("PointsRequiredToTheNextTier", default=None)
    next_tier: str | None = wire("NextTier", default=None)
    tier_expiration_date: datetime | None = wire("TierExpirationDate", default=None)
    timestamp_of_tier_change: datetime | None = wire("TimestampOfTierChange", default=None)
    source: TierSource | str | None = wire("Source", default=None)
    reason: str | None = wire("Reason", default=None)  # of a boost


@model
class TierDowngradeData:
    """A customer who fell to a lower tier."""

    customer_profile_id: str | None = wire("CustomerProfileID", default=None)
    loyalty_program_id: int | None = wire("LoyaltyProgramID", default=None)
    subledger_id: str | None = wire("SubledgerID", default=None)
    current_tier: str | None = wire("CurrentTier", default=None)
    current_points: float | None = wire("CurrentPoints", default=None)
    old_tier: str | None = wire("OldTier", default=None)
    tier_expiration_date: datetime | None = wire("TierExpirationDate", default=None)
    timestamp_of_tier_change: datetime | None = wire("TimestampOfTierChange", default=None)
    source: TierSource | str | None = wire("Source", default=None)
    reason: str | None = wire("Reason", default=None)  # of a boost


@model
class TierWillDowngradeData:
    """A customer who will fall to `next_tier`, unless enough points come in before the tier expires."""

    customer_profile_id: str | None = wire("CustomerProfileID", default=None)
    loyalty_program_id: int | None = wire("LoyaltyProgramID", default=None)
    subledger_id: str | None = wire("SubledgerID", default=None)
    current_tier: str | None = wire("CurrentTier", default=None)
    current_points: float | None = wire("CurrentPoints", default=None)  # those left after the downgrade
    points_required_to_remain: float | None = wire("PointsRequiredToRemain", default=None)
    next_tier: str | None = wire("NextTier", default=None)
    tier_expiration_date: datetime | None = wire("TierExpirationDate", default=None)
    source: TierSource | str | None = wire("Source", default=None)
    reason: str | None = wire("Reason", default=None)  # of a boost


@model
class TierUpgrade(Notification):
    """Customers reached a higher tier."""

    total_result_size: int | None = wire("TotalResultSize", default=None)
    data: Sequence[TierUpgradeData] = wire("Data", factory=list)


@model
class TierDowngrade(Notification):
    """Customers fell to a lower tier."""

    total_result_size: int | None = wire("TotalResultSize", default=None)
    data: Sequence[TierDowngradeData] = wire("Data", factory=list)


@model
class TierWillDowngrade(Notification):
    """Customers are about to fall to a lower tier."""

    total_result_size: int | None = wire("TotalResultSize", default=None)
    data: Sequence[TierWillDowngradeData] = wire("Data", factory=list)
