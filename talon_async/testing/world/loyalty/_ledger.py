"""A ledger: points that come and go, and what is left of them at a time. Knows no store and no operation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from talon_async.models import LoyaltyBalance

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from talon_async.models import LoyaltyTransactionType

Status: TypeAlias = Literal["active", "pending", "expired"]
NEVER = datetime.max.replace(tzinfo=UTC)


@attrs.frozen(kw_only=True)
class Movement:
    """Points that came or went.

    Attributes:
        amount: how many, never negative.
        start: when they can be used; None is at once.
        expires: when they no longer can; None is never.
        awaits_activation: they cannot be used before somebody activates them.
        profile_id: who moved them, if they are on a card.
        by_hand: no rule moved them.
        overdraws: they were more than there was.
        undoes: the ID of the movement that this one takes back; both count as if they had never been.
    """

    id: int
    uuid: str
    created: datetime
    kind: LoyaltyTransactionType
    amount: float
    name: str = ""
    subledger: str = ""
    start: datetime | None = None
    expires: datetime | None = None
    awaits_activation: bool = False
    validity: str | None = None
    session_id: str | None = None
    profile_id: str | None = None
    ruleset_id: int | None = None
    rule_name: str | None = None
    by_hand: bool = False
    overdraws: bool = False
    undoes: int | None = None

    @property
    def origin(self) -> str | None:
        """What moved the points; None is a rule outside of any session."""
        return "manual" if self.by_hand else "session" if self.session_id else None

    @property
    def counts_from(self) -> datetime:
        """When it changes what can be used."""
        return NEVER if self.awaits_activation else self.start or self.created

    @property
    def counts_until(self) -> datetime:
        """When it no longer does."""
        return self.expires or NEVER

    def status(self, at: datetime) -> Status:
        """Tell what points are at a time."""
        if at >= self.counts_until:
            return "expired"
        return "pending" if at < self.counts_from else "active"


@attrs.frozen
class Standing:
    """What there is in a ledger at a time: what is left of each addition, what was spent, and what is missing."""

    at: datetime
    left: Sequence[tuple[Movement, float]]
    spent: float
    missing: float

    def points(self, status: Status) -> list[tuple[Movement, float]]:
        """Return the additions of which something is left."""
        return [(one, left) for one, left in self.left if left and one.status(self.at) == status]

    def total(self, status: Status) -> float:
        """Add up what is left."""
        return round(sum(left for _, left in self.points(status)), 2)

    @property
    def balance(self) -> LoyaltyBalance:
        """All of it as the API tells it."""
        return LoyaltyBalance(
            active_points=self.total("active"),
            pending_points=self.total("pending"),
            spent_points=self.spent,
            expired_points=self.total("expired"),
            negative_points=self.missing,
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing is there, nor will be, nor is missing."""
        return not (self.total("active") or self.total("pending") or self.missing)


@attrs.frozen(kw_only=True)
class Wanted:
    """Which movements a request is about; without a value, all are."""

    subledgers: Collection[str] | None = None
    sessions: Collection[str] | None = None
    uuids: Collection[str] | None = None
    kind: Literal["manual", "session", "import"] | None = None
    start: datetime | None = None
    end: datetime | None = None

    def of(self, movements: Iterable[Movement]) -> list[Movement]:
        """Return those that fit; nothing is ever imported here."""
        return [
            one
            for one in movements
            if (not self.subledgers or one.subledger in self.subledgers)
            and (not self.sessions or one.session_id in self.sessions)
            and (not self.uuids or one.uuid in self.uuids)
            and (self.kind is None or self.kind == one.origin)
            and (self.start is None or one.created >= self.start)
            and (self.end is None or one.created <= self.end)
        ]


def in_force(movements: Sequence[Movement], at: datetime = NEVER) -> list[Movement]:
    """Return the movements made until then that were not taken back."""
    known = [one for one in movements if one.created <= at]
    undone = {one.undoes for one in known}
    return [one for one in known if one.undoes is None and one.id not in undone]


def standing(movements: Sequence[Movement], at: datetime) -> Standing:
    """Go through one ledger from its beginning.

    The points that expire first are spent first; points that are missing are taken from the next to become usable.
    """
    live = in_force(movements, at)
    left = {one.id: one.amount for one in live if one.kind == "addition"}
    missing = spent = 0.0
    for one in sorted((one for one in live if one.counts_from <= at), key=lambda one: one.counts_from):
        if one.kind == "subtraction":
            spent = round(spent + one.amount, 2)
            usable = [lot for lot in live if lot.id in left and lot.status(one.created) == "active"]
            missing = round(missing + _spend(left, sorted(usable, key=lambda lot: lot.counts_until), one.amount), 2)
        elif one.status(one.counts_from) == "active":
            missing = _spend(left, [one], missing)
    return Standing(at, [(one, left[one.id]) for one in live if one.id in left], spent, missing)


def _spend(left: dict[int, float], lots: Iterable[Movement], amount: float) -> float:
    """Take points from lots, and return how many were not there."""
    for lot in lots:
        part = min(amount, left[lot.id])
        left[lot.id], amount = round(left[lot.id] - part, 2), round(amount - part, 2)
    return amount


def by_subledger(names: Iterable[str], movements: Iterable[Movement]) -> Mapping[str, list[Movement]]:
    """Sort movements into the main ledger, those named, and those that have any."""
    found: dict[str, list[Movement]] = {name: [] for name in ("", *names)}
    for one in movements:
        found.setdefault(one.subledger, []).append(one)
    return found


def waiting(movements: Sequence[Movement], now: datetime) -> list[Movement]:
    """Return the points that somebody can still activate."""
    return [one for one in in_force(movements) if one.awaits_activation and now < one.counts_until]
