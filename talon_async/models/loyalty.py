"""Loyalty: programs, ledgers, tiers and cards."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from talon_async.models._base import model, wire

TierDowngradePolicy = Literal["one_down", "balance_based"]
LoyaltyCardStatus = Literal["active", "inactive"]


@model
class Tier:
    """A level of a loyalty program; its dates are in the program's time zone."""

    id: int | None = None
    name: str | None = None
    start_date: datetime | None = None
    expiry_date: datetime | None = None
    downgrade_policy: TierDowngradePolicy | str | None = None


@model
class LedgerInfo:
    """The balances of one ledger, and the tier they lead to.

    The tentative balances count the session at hand as if it were closed, and no other open session. A balance of the
    API of 2020 has `current_balance` only.
    """

    current_balance: float | None = None
    pending_balance: float | None = None
    negative_balance: float | None = None  # any here means a `current_balance` of 0
    expired_balance: float | None = None  # deprecated: always 0
    spent_balance: float | None = None  # deprecated: always 0
    tentative_current_balance: float | None = None
    tentative_pending_balance: float | None = None
    tentative_negative_balance: float | None = None
    current_tier: Tier | None = None
    points_to_next_tier: float | None = None
    next_tier_name: str | None = None  # none on the highest tier


@model
class LoyaltyProgramLedgers:
    """A customer's or card's points in one program: the main ledger, and subledgers by ID."""

    id: int | None = None
    title: str | None = None
    name: str | None = None
    join_date: datetime | None = None  # in the program's time zone
    ledger: LedgerInfo | None = None
    sub_ledgers: Mapping[str, LedgerInfo] = wire(factory=dict)  # without those that hold nothing


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


@model
class Loyalty:
    """All of a customer's points."""

    cards: Sequence[LoyaltyCard] = wire(factory=list)  # only those that the request named
    programs: Mapping[str, LoyaltyProgramLedgers] = wire(factory=dict)  # by program ID, a number written as text


@model
class LedgerEntry:
    """One movement of points, as an event tells it."""

    id: int | None = None
    created: datetime | None = None
    profile_id: str | None = None
    account_id: int | None = None
    loyalty_program_id: int | None = None
    event_id: int | None = None
    amount: float | None = None  # an integer on paper, a decimal number in practice
    reason: str | None = None
    expiry_date: datetime | None = None
    reference_id: int | None = None  # the entry that this one balances
