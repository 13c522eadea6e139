"""Notifications about loyalty points that were added or deducted, become active, or are about to expire.

An empty `subledger_id` is the main ledger.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from talon_async.models._base import model, wire
from talon_async.webhooks._base import Notification

PointsSource = Literal["campaign_manager", "rule_engine", "management_api"]
PointsOperation = Literal["addition", "subtraction"]


@model
class ExpiringPointsData:
    """Points of a customer that are about to expire."""

    expiry_date: str | None = wire("ExpiryDate", default=None)  # a day such as 2026-08-24, without time or zone
    loyalty_program_id: int | None = wire("LoyaltyProgramID", default=None)
    customer_profile_id: str | None = wire("CustomerProfileID", default=None)
    amount_of_expiring_points: float | None = wire("AmountOfExpiringPoints", default=None)
    subledger_id: str | None = wire("SubledgerID", default=None)


@model
class ExpiringCardPointsData:
    """Points of a card that are about to expire, and the customers linked to the card."""

    expiry_date: str | None = wire("ExpiryDate", default=None)  # a day such as 2026-08-24, without time or zone
    loyalty_program_id: int | None = wire("LoyaltyProgramID", default=None)
    amount_of_expiring_points: float | None = wire("AmountOfExpiringPoints", default=None)
    subledger_id: str | None = wire("SubledgerID", default=None)
    card_identifier: str | None = wire("CardIdentifier", default=None)
    users_per_card_limit: int | None = wire("UsersPerCardLimit", default=None)  # 0: no limit
    profiles: Sequence[str] = wire("Profiles", factory=list)


@model
class PendingActivePointsData:
    """Pending points of a customer that become active."""

    loyalty_program_id: int | None = wire("LoyaltyProgramID", default=None)
    subledger_id: str | None = wire("SubledgerID", default=None)
    customer_profile_id: str | None = wire("CustomerProfileID", default=None)
    points: float | None = wire("Points", default=None)
    active_on: datetime | None = wire("ActiveOn", default=None)
    expire_on: datetime | None = wire("ExpireOn", default=None)
    session_integration_id: str | None = wire("SessionIntegrationID", default=None)


@model
class PointsAction:
    """One change of points. `operation` is the direction, and `amount` the number of points."""

    amount: float | None = wire("Amount", default=None)
    reason: str | None = wire("Reason", default=None)
    operation: PointsOperation | str | None = wire("Operation", default=None)
    start_date: datetime | None = wire("StartDate", default=None)
    expiry_date: datetime | None = wire("ExpiryDate", default=None)
    transaction_uuid: str | None = wire("TransactionUUID", default=None)


@model
class LoyaltyPointsExpiring(Notification):
    """Points of up to 1000 customers are about to expire."""

    total_result_size: int | None = wire("TotalResultSize", default=None)
    data: Sequence[ExpiringPointsData] = wire("Data", factory=list)


@model
class LoyaltyCardPointsExpiring(Notification):
    """Points of up to 1000 cards are about to expire."""

    total_result_size: int | None = wire("TotalResultSize", default=None)
    data: Sequence[ExpiringCardPointsData] = wire("Data", factory=list)


@model
class LoyaltyPointsPendingToActive(Notification):
    """Pending points of up to 1000 customers become active."""

    total_result_size: int | None = wire("TotalResultSize", default=None)
    data: Sequence[PendingActivePointsData] = wire("Data", factory=list)


@model
class _Change(Notification):
    """The common fields of all changes of points."""

    employee_name: str | None = wire("EmployeeName", default=None)
    loyalty_program_id: int | None = wire("LoyaltyProgramID", default=None)
    session_integration_id: str | None = wire("SessionIntegrationID", default=None)
    subledger_id: str | None = wire("SubledgerID", default=None)
    type_of_change: PointsSource | str | None = wire("TypeOfChange", default=None)
    user_id: int | None = wire("UserID", default=None)  # the employee's


@model
class _PointsChange(_Change):
    """The points of a customer changed."""

    profile_integration_id: str | None = wire("ProfileIntegrationID", default=None)
    amount: float | None = wire("Amount", default=None)
    expiry_date: datetime | None = wire("ExpiryDate", default=None)
    operation: PointsOperation | str | None = wire("Operation", default=None)
    reason: str | None = wire("Reason", default=None)
    start_date: datetime | None = wire("StartDate", default=None)
    transaction_uuid: str | None = wire("TransactionUUID", default=None)


@model
class _CardPointsChange(_Change):
    """The points of a card changed."""

    card_identifier: str | None = wire("CardIdentifier", default=None)
    profile_integration_ids: Sequence[str] = wire("ProfileIntegrationIDs", factory=list)
    users_per_card_limit: int | None = wire("UsersPerCardLimit", default=None)  # 0: no limit
    amount: float | None = wire("Amount", default=None)
    expiry_date: datetime | None = wire("ExpiryDate", default=None)
    operation: PointsOperation | str | None = wire("Operation", default=None)
    reason: str | None = wire("Reason", default=None)
    start_date: datetime | None = wire("StartDate", default=None)
    transaction_uuid: str | None = wire("TransactionUUID", default=None)


@model
class LoyaltyPointsAdded(_PointsChange):
    """Points were added to a customer."""


@model
class LoyaltyPointsDeducted(_PointsChange):
    """A customer's points were deducted."""


@model
class LoyaltyCardPointsAdded(_CardPointsChange):
    """Points were added to a card."""


@model
class LoyaltyCardPointsDeducted(_CardPointsChange):
    """A card's points were deducted."""


@model
class LoyaltyAddedDeductedPointsBalances(_Change):
    """The points of a customer changed, perhaps several times. `current_points` is the balance afterwards."""

    profile_integration_id: str | None = wire("ProfileIntegrationID", default=None)
    actions: Sequence[PointsAction] = wire("Actions", factory=list)
    current_points: float | None = wire("CurrentPoints", default=None)


@model
class LoyaltyCardAddedDeductedPointsBalances(_Change):
    """The points of a card changed, perhaps several times. `current_points` is the balance afterwards."""

    card_identifier: str | None = wire("CardIdentifier", default=None)
    profile_integration_ids: Sequence[str] = wire("ProfileIntegrationIDs", factory=list)
    users_per_card_limit: int | None = wire("UsersPerCardLimit", default=None)  # 0: no limit
    actions: Sequence[PointsAction] = wire("Actions", factory=list)
    current_points: float | None = wire("CurrentPoints", default=None)
