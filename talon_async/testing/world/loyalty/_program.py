"""A loyalty program: its tiers, and how it tells what is in its ledgers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from talon_async.models import (
    LedgerInfo,
    LedgerPointsEntryIntegrationAPI,
    LedgerTransactionLogEntryIntegrationAPI,
    LoyaltyLedgerEntry,
    LoyaltyLedgerEntryFlags,
    Tier,
)
from talon_async.testing.world.loyalty._ledger import by_subledger, standing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from talon_async.testing.world.loyalty._ledger import Movement, Standing, Status, Wanted


@attrs.frozen(kw_only=True)
class StoredProgram:
    """A loyalty program, of customers or of cards; its tiers are those of the main ledger, the lowest first."""

    id: int
    name: str
    title: str
    cards: bool
    users_per_card: int
    tiers: Sequence[tuple[str, float]]
    subledgers: Sequence[str]

    def tier(self, points: float) -> Tier | None:
        """Return the tier that points put a customer on."""
        reached = [(index, name) for index, (name, least) in enumerate(self.tiers, 1) if points >= least]
        return Tier(id=reached[-1][0], name=reached[-1][1], source="points") if reached else None

    def next_tier(self, points: float) -> tuple[str | None, float | None]:
        """Return the name of the tier above, and how many points are missing."""
        for name, least in self.tiers:
            if points < least:
                return name, round(least - points, 2)
        return None, None

    def standings(self, movements: Sequence[Movement], at: datetime) -> dict[str, Standing]:
        """Return what each of its ledgers holds at a time."""
        return {name: standing(ones, at) for name, ones in by_subledger(self.subledgers, movements).items()}

    def infos(self, movements: Sequence[Movement], later: Sequence[Movement], at: datetime) -> dict[str, LedgerInfo]:
        """Tell the ledgers, tentatively as they are with later movements too; empty subledgers are left out."""
        then = self.standings(later, at)
        now = {name: standing(ones, at) for name, ones in by_subledger(then, movements).items()}
        return {
            name: self._info(name, now[name], then[name])
            for name in now
            if not name or not (now[name].is_empty and then[name].is_empty)
        }

    def _info(self, name: str, now: Standing, then: Standing) -> LedgerInfo:
        points = now.total("active")
        next_name, missing = (None, None) if name else self.next_tier(points)
        return LedgerInfo(
            current_balance=points,
            pending_balance=now.total("pending"),
            negative_balance=now.missing,
            expired_balance=0,
            spent_balance=0,
            tentative_current_balance=then.total("active"),
            tentative_pending_balance=then.total("pending"),
            tentative_negative_balance=then.missing,
            current_tier=None if name else self.tier(points),
            points_to_next_tier=missing,
            next_tier_name=next_name,
        )

    # -- movements

    def points(
        self, movements: Sequence[Movement], now: datetime, status: Status | None, wanted: Wanted, sort: str | None
    ) -> list[LedgerPointsEntryIntegrationAPI]:
        """List what is left of each addition."""
        found = [
            (one, left)
            for ledger in self.standings(movements, now).values()
            for one, left in ledger.points(status or "active")
            if wanted.of([one])
        ]
        found.sort(key=lambda lot: lot[0].id)
        if sort is not None:
            found.sort(
                key=lambda lot: lot[0].counts_from if sort.endswith("startDate") else lot[0].counts_until,
                reverse=sort.startswith("-"),
            )
        return [self._points(one, left) for one, left in found]

    def _points(self, one: Movement, left: float) -> LedgerPointsEntryIntegrationAPI:
        return LedgerPointsEntryIntegrationAPI(
            id=one.id,
            transaction_uuid=one.uuid,
            created=one.created,
            program_id=self.id,
            customer_session_id=one.session_id,
            name=one.name,
            start_date=_start(one),
            expiry_date=_end(one),
            subledger_id=one.subledger,
            amount=left,
            validity_duration=one.validity,
        )

    def transaction(self, one: Movement) -> LedgerTransactionLogEntryIntegrationAPI:
        """Tell a movement as listings show it."""
        return LedgerTransactionLogEntryIntegrationAPI(
            id=one.id,
            transaction_uuid=one.uuid,
            created=one.created,
            program_id=self.id,
            customer_session_id=one.session_id,
            type=one.kind,
            name=one.name,
            start_date=_start(one),
            expiry_date=_end(one),
            subledger_id=one.subledger,
            amount=one.amount,
            ruleset_id=one.ruleset_id,
            rule_name=one.rule_name,
            flags=LoyaltyLedgerEntryFlags(creates_negative_balance=True) if one.overdraws else None,
            validity_duration=one.validity,
        )

    def activated(self, one: Movement, who: str, card_id: int | None) -> LoyaltyLedgerEntry:
        """Tell points that have become active."""
        return LoyaltyLedgerEntry(
            created=one.created,
            program_id=self.id,
            customer_profile_id=one.profile_id if self.cards else who,
            card_id=card_id,
            customer_session_id=one.session_id,
            type=one.kind,
            amount=one.amount,
            start_date=one.start,
            expiry_date=one.expires,
            name=one.name,
            sub_ledger_id=one.subledger,
            archived=False,
            validity_duration=one.validity,
        )


def _start(one: Movement) -> str:
    if one.awaits_activation:
        return "on_action"
    return one.start.isoformat() if one.start else "immediate"


def _end(one: Movement) -> str:
    return one.expires.isoformat() if one.expires else "unlimited"
