"""Customer profiles."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from talon_async.models._base import INTEGRATION_ID, Limit, model, wire


@model
class NewCustomerProfile:
    """The attributes to set on a customer's profile.

    A `None` as value deletes the attribute. The API refuses attributes that the Campaign Manager does not define.
    """

    attributes: Mapping[str, Any] | None = None


@model
class ProfileAudiencesChanges:
    """The audiences a customer joins and leaves, by ID."""

    adds: Sequence[int]
    deletes: Sequence[int]


@model
class AudienceMembership:
    """An audience that a customer belongs to."""

    id: int | None = None
    name: str | None = None


@model
class LoyaltyMembership:
    """When a customer joined a loyalty program."""

    joined: datetime | None = None
    loyalty_program_id: int | None = None


@model
class CustomerProfile:
    """A customer as Talon.One knows them, with sums over all sessions.

    `total_sales` is before discounts, without returned items and without cancelled or reopened sessions, which
    `closed_sessions` leaves out too. Dry requests do not move `last_activity`.
    """

    id: int | None = None  # internal; yours is `integration_id`
    created: datetime | None = None
    integration_id: str | None = None
    attributes: Mapping[str, Any] = wire(factory=dict)
    account_id: int | None = None
    closed_sessions: int | None = None
    total_sales: float | None = None
    # deprecated: the API sends null, which reads as empty
    loyalty_memberships: Sequence[LoyaltyMembership] = wire(factory=list)
    audience_memberships: Sequence[AudienceMembership] = wire(factory=list)
    last_activity: datetime | None = None
    sandbox: bool | None = None


@model
class CustomerReservation:
    """A customer for whom a coupon is reserved: the fields of `CustomerProfile`, and the time of the reservation."""

    id: int | None = None
    created: datetime | None = None
    integration_id: str | None = None
    attributes: Mapping[str, Any] = wire(factory=dict)
    account_id: int | None = None
    closed_sessions: int | None = None
    total_sales: float | None = None
    # deprecated: the API sends null, which reads as empty
    loyalty_memberships: Sequence[LoyaltyMembership] = wire(factory=list)
    audience_memberships: Sequence[AudienceMembership] = wire(factory=list)
    last_activity: datetime | None = None
    sandbox: bool | None = None
    reserved_at: datetime | None = None


@model
class GetReservedCustomersResponse:
    """The customers for whom a coupon is reserved, all in one answer without pages."""

    total_result_size: int | None = None
    data: Sequence[CustomerReservation] = wire(factory=list)


@model
class MultipleCustomerProfileIntegrationRequestItem:
    """One of many profiles to update; a `None` inside `attributes` deletes that attribute."""

    integration_id: str = wire(limit=INTEGRATION_ID)
    attributes: Mapping[str, Any] | None = None


@model
class MultipleCustomerProfileIntegrationRequest:
    """Profiles to update together: at most 1000. Those that do not exist are created."""

    customer_profiles: Sequence[MultipleCustomerProfileIntegrationRequestItem] | None = wire(
        default=None, limit=Limit(most=1000)
    )


@model
class CustomerProfileUpdateV2Response:
    """One of many profiles, after its update."""

    customer_profile: CustomerProfile | None = None


@model
class MultipleCustomerProfileIntegrationResponseV2:
    """The profiles that were updated together."""

    integration_states: Sequence[CustomerProfileUpdateV2Response] = wire(factory=list)
