"""What customers have in a loyalty program, and the tier it puts them on."""

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
    """Where a customer will be when the current tier expires, if nothing else happens."""

    projected_active_points: float | None = None
    stay_in_tier_points: float | None = None  # still missing; only if the customer is going to be downgraded
    projected_tier_name: str | None = None


@model
class LoyaltyBalance:
    """The points of one ledger, by what became of them.

    `pending_points` wait for their start date; `expired_points` were never spent. Any `negative_points` mean that
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
    """`LoyaltyBalance` and the tier that it gives; the tier only if the request asks for it.

    `next_tier_name` is none on the highest tier, and the lowest tier's name for a customer who has none.
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
    """What a customer has in a program: in the main ledger, and in subledgers by ID."""

    balance: LoyaltyBalanceWithTier | None = None
    subledger_balances: Mapping[str, LoyaltyBalanceWithTier] = wire(factory=dict)


@model
class LoyaltyCardBalances:
    """What is on a card: in the main ledger, in subledgers by ID; and the customers it is linked to."""

    balance: LoyaltyBalance | None = None
    subledger_balances: Mapping[str, LoyaltyBalance] = wire(factory=dict)
    profiles: Sequence[LoyaltyCardProfileRegistration] = wire(factory=list)
