"""Audiences: groups of customers, your own or those of another platform."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from talon_async.models._base import INTEGRATION_ID, Limit, model, wire

AudienceAction = Literal["add", "delete"]


@model
class NewAudience:
    """An audience to create.

    `integration` and `integration_id` are for audiences that another platform holds; leave them out for one of your
    own. An `integration_id` that exists already is a conflict.
    """

    name: str = wire(limit=Limit(1))
    sandbox: bool | None = None
    description: str | None = None
    subscribed_applications_ids: Sequence[int] | None = None  # no doubles
    integration: str | None = None  # the platform, such as `Segment` or `Braze`
    integration_id: str | None = wire(default=None, limit=INTEGRATION_ID)
    created_in_3rd_party: bool | None = None
    last_update: datetime | None = None  # of its memberships


@model
class UpdateAudience:
    """An audience's name, and the Applications that use it."""

    name: str = wire(limit=Limit(1))
    subscribed_applications_ids: Sequence[int] | None = None  # no doubles


@model
class Audience:
    """An audience as Talon.One holds it, without its members."""

    account_id: int | None = None
    id: int | None = None
    created: datetime | None = None
    name: str | None = None
    sandbox: bool | None = None
    description: str | None = None
    subscribed_applications_ids: Sequence[int] = wire(factory=list)
    integration: str | None = None
    integration_id: str | None = None
    created_in_3rd_party: bool | None = None
    last_update: datetime | None = None  # of its memberships


@model
class AudienceReference:
    """A reference to an audience, by its ID in Talon.One and its ID on another platform."""

    id: int | None = None
    integration: str | None = None
    integration_id: str | None = None


@model
class CustomerProfileAudienceRequestItem:
    """One customer who joins or leaves an audience.

    Adding a customer whom Talon.One does not know creates the profile; no Application shows it before its first
    session or profile update.
    """

    action: AudienceAction
    profile_integration_id: str = wire(limit=INTEGRATION_ID)
    audience_id: int


@model
class CustomerProfileAudienceRequest:
    """The customers who join and leave audiences: at most 1000 changes."""

    data: Sequence[CustomerProfileAudienceRequestItem] | None = wire(default=None, limit=Limit(most=1000))
