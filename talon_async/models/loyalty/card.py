"""Loyalty cards: points that belong to a card, which customers are linked to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from talon_async.models._base import CARD_ID, model, wire
from talon_async.models.loyalty.tier import LedgerInfo

LoyaltyCardStatus = Literal["active", "inactive"]


@model
class GenerateLoyaltyCard:
    """A loyalty card to create.

    Without `card_identifier` the API generates one, and every call creates another card. An identifier has 4 to 108
    characters: letters without accents, digits, and any of `._%+@-`.
    """

    status: LoyaltyCardStatus | None = None
    customer_profile_ids: Sequence[str] | None = None  # integration IDs of those to link it to
    card_identifier: str | None = wire(default=None, limit=CARD_ID)


@model
class LoyaltyCardRegistration:
    """The customer to link a card to, or to unlink it from."""

    integration_id: str


@model
class LoyaltyCardProfileRegistration:
    """Which customer a loyalty card is linked to, and since when."""

    integration_id: str | None = None
    timestamp: datetime | None = None


@model
class LoyaltyCard:
    """A loyalty card with its balances and the customers it is linked to."""

    id: int | None = None
    created: datetime | None = None
    program_id: int | None = wire("programID", default=None)
    program_name: str | None = None
    program_title: str | None = None
    status: LoyaltyCardStatus | str | None = None
    block_reason: str | None = None
    identifier: str | None = None
    users_per_card_limit: int | None = None  # 0: no limit
    profiles: Sequence[LoyaltyCardProfileRegistration] = wire(factory=list)
    ledger: LedgerInfo | None = None  # the main one
    subledgers: Mapping[str, LedgerInfo] = wire(factory=dict)  # by ID
    modified: datetime | None = None
    old_card_identifier: str | None = None  # where the points came from
    new_card_identifier: str | None = None  # where the points went
    batch_id: str | None = None
