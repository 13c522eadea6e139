"""Balances in loyalty programs, and the tiers that they lead to."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from talon_async.models._base import model, wire
from talon_async.models.loyalty.card import LoyaltyCard, LoyaltyCardProfileRegistration
from talon_async.models.loyalty.tier import LedgerInfo, Tier


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
class Loyalty:
    """All of a customer's points."""

    cards: Sequence[LoyaltyCard] = wire(factory=list)  # only those that the request named
    programs: Mapping[str, LoyaltyProgramLedgers] = wire(factory=dict)  # by program ID, a number written as text


@model
class ProjectedTier:
    """The projected tier and points when the current tier expires, if the points do not change before."""

    projected_active_points: float | None = None
    stay_in_tier_points: float | None = None  # still missing; only if the customer is going to be downgraded
    projected_tier_name: str | None = None


@model
class LoyaltyBalance:
    """The points of one ledger, by state.

    `pending_points` wait for their start date. `expired_points` were never spent. If there are `negative_points`,
    `active_points` is 0.
    """

    active_points: float | None = None
    pending_points: float | None = None
    spent_points: float | None = None
    expired_points: float | None = None
    negative_points: float | None = None


@model
class LoyaltyBalances:
    """The balance of a main ledger, and those of its subledgers by ID."""

    balance: LoyaltyBalance | None = None
    subledger_balances: Mapping[str, LoyaltyBalance] = wire(factory=dict)


@model
class LoyaltyBalanceWithTier:
    """The fields of `LoyaltyBalance`, and the tier if the request asks for it.

    `next_tier_name` is None on the highest tier, and the name of the lowest tier for a customer without a tier.
    """

    active_points: float | None = None
    pending_points: float | None = None
    spent_points: float | None = None
    expired_points: float | None = None
    negative_points: float | None = None
    current_tier: Tier | None = None
    projected_tier: ProjectedTier | None = None
    points_to_next_tier: float | None = None
    next_tier_name: str | None = None


@model
class LoyaltyBalancesWithTiers:
    """The balances of a customer in a program: the main ledger, and subledgers by ID."""

    balance: LoyaltyBalanceWithTier | None = None
    subledger_balances: Mapping[str, LoyaltyBalanceWithTier] = wire(factory=dict)


@model
class LoyaltyCardBalances:
    """The balances of a card, in the main ledger and in subledgers by ID, and the customers that it is linked to."""

    balance: LoyaltyBalance | None = None
    subledger_balances: Mapping[str, LoyaltyBalance] = wire(factory=dict)
    profiles: Sequence[LoyaltyCardProfileRegistration] = wire(factory=list)
