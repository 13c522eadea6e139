"""Loyalty programs of customers: balances, points, transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

from talon_async.models import (
    ActivateLoyaltyPointsResponse,
    GetLoyaltyProgramProfilePointsResponse,
    GetLoyaltyProgramProfileTransactionsResponse,
    LoyaltyBalancesWithTiers,
    LoyaltyBalanceWithTier,
    ProjectedTier,
)
from talon_async.testing._refusal import invalid, misused, unknown
from talon_async.testing.world._ground import page
from talon_async.testing.world._store import recast
from talon_async.testing.world.loyalty._ledger import Wanted, waiting
from talon_async.testing.world.loyalty.ledgers import Ledgers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from talon_async.models import ActivateLoyaltyPoints, DeleteLoyaltyTransactionsRequest
    from talon_async.testing.world._store import Store
    from talon_async.testing.world.loyalty._ledger import Movement, Standing
    from talon_async.testing.world.loyalty._program import StoredProgram

PAGE = 50
MOST_ACTIVATED = 50


class Programs(Ledgers):
    """The operations on programs of customers."""

    def get_loyalty_balances(  # noqa: PLR0913  # the stub has as many
        self,
        loyalty_program_id: int,
        integration_id: str,
        *,
        end_date: datetime | None = None,
        subledger_id: str | None = None,
        include_tiers: bool | None = None,
        include_projected_tier: bool | None = None,
    ) -> LoyaltyBalancesWithTiers:
        """Tell what a customer has; tiers are those of the main ledger."""
        program, movements = self._ledgers(self.store, loyalty_program_id, integration_id)
        told = {
            name: _balance(program, name, one, include_tiers, include_projected_tier)
            for name, one in program.standings(movements, end_date or self.now()).items()
            if subledger_id is None or name == subledger_id
        }
        return LoyaltyBalancesWithTiers(balance=told.pop("", None), subledger_balances=told)

    def get_loyalty_program_profile_points(  # noqa: PLR0913  # the stub has as many
        self,
        loyalty_program_id: int,
        integration_id: str,
        *,
        status: Literal["active", "pending", "expired"] | None = None,
        subledger_id: Sequence[str] | None = None,
        customer_session_ids: Sequence[str] | None = None,
        transaction_uuids: Sequence[str] | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
    ) -> GetLoyaltyProgramProfilePointsResponse:
        """List what is left of the points that a customer was given, the first given first."""
        program, movements = self._ledgers(self.store, loyalty_program_id, integration_id)
        wanted = Wanted(subledgers=subledger_id, sessions=customer_session_ids, uuids=transaction_uuids)
        found = program.points(movements, self.now(), status, wanted, sort)
        data, more = page(found, page_size, skip, PAGE)
        return GetLoyaltyProgramProfilePointsResponse(has_more=more, data=data)

    def get_loyalty_program_profile_transactions(  # noqa: PLR0913  # the stub has as many
        self,
        loyalty_program_id: int,
        integration_id: str,
        *,
        customer_session_ids: Sequence[str] | None = None,
        transaction_uuids: Sequence[str] | None = None,
        subledger_id: Sequence[str] | None = None,
        loyalty_transaction_type: Literal["manual", "session", "import"] | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        awaits_activation: Literal[True] | None = None,
    ) -> GetLoyaltyProgramProfileTransactionsResponse:
        """List what moved a customer's points, the latest first."""
        program, movements = self._ledgers(self.store, loyalty_program_id, integration_id)
        wanted = Wanted(
            subledgers=subledger_id,
            sessions=customer_session_ids,
            uuids=transaction_uuids,
            kind=loyalty_transaction_type,
            start=start_date,
            end=end_date,
        )
        found = wanted.of(waiting(movements, self.now()) if awaits_activation else movements)
        data, more = page(found[::-1], page_size, skip, PAGE)
        return GetLoyaltyProgramProfileTransactionsResponse(
            has_more=more, data=[program.transaction(one) for one in data]
        )

    def activate_loyalty_points(
        self, loyalty_program_id: int, body: ActivateLoyaltyPoints
    ) -> ActivateLoyaltyPointsResponse:
        """Make points usable that wait for it; the others that are named stay as they are."""
        _check(body)
        wanted = Wanted(uuids=body.transaction_uuids, sessions=[body.session_id] if body.session_id else None)
        with self.change() as store:
            if (program := store.programs.get(loyalty_program_id)) is None:
                raise unknown("loyalty program")
            entries = [
                program.activated(one, who, card.id if (card := store.cards.get((number, who))) else None)
                for number, who in list(store.ledgers)
                if number == program.id
                for one in self._activated(store, (number, who), wanted)
            ]
        return ActivateLoyaltyPointsResponse(ledger_entries=entries)

    def _activated(self, store: Store, place: tuple[int, str], wanted: Wanted) -> list[Movement]:
        now = self.now()
        new = {
            one.id: attrs.evolve(one, awaits_activation=False, start=now)
            for one in wanted.of(waiting(store.ledgers[place], now))
        }
        store.ledgers[place] = tuple(new.get(one.id, one) for one in store.ledgers[place])
        return list(new.values())

    def delete_loyalty_transactions_from_ledgers(
        self, loyalty_program_id: int, integration_id: str, body: DeleteLoyaltyTransactionsRequest
    ) -> None:
        """Forget what moved a customer's points."""
        selected = body.scope == "SelectedSubledgers"
        if selected and not body.subledger_ids:
            raise invalid("/subledgerIds", "must name a ledger")
        with self.change() as store:
            program, movements = self._ledgers(store, loyalty_program_id, integration_id)
            kept = [one for one in movements if selected and one.subledger not in (body.subledger_ids or ())]
            store.ledgers[program.id, integration_id] = tuple(kept)

    def join_loyalty_program(self, loyalty_program_id: int, integration_id: str) -> None:
        """Let a customer join, who is created if not known yet."""
        with self.change() as store:
            program = self.program(store, loyalty_program_id, cards=False)
            if not self.join(store, program.id, self.profile(store, integration_id, "")):
                raise misused("integrationId", "has joined the program already")

    def _ledgers(self, store: Store, program_id: int, integration_id: str) -> tuple[StoredProgram, Sequence[Movement]]:
        program = self.program(store, program_id, cards=False)
        if integration_id not in store.profiles:
            raise unknown("customer profile")
        return program, store.ledgers.get((program_id, integration_id), ())


def _balance(
    program: StoredProgram, name: str, one: Standing, tiers: bool | None, projected: bool | None
) -> LoyaltyBalanceWithTier:
    balance = one.balance
    if name or not (tiers or projected):
        return recast(balance, LoyaltyBalanceWithTier)
    points = one.total("active")
    tier, (next_name, missing) = program.tier(points), program.next_tier(points)
    # a tier has no end here, so where it leads to is where the customer is
    leads_to = ProjectedTier(projected_active_points=points, projected_tier_name=tier.name if tier else None)
    return recast(
        balance,
        LoyaltyBalanceWithTier,
        current_tier=tier if tiers else None,
        points_to_next_tier=missing if tiers else None,
        next_tier_name=next_name if tiers else None,
        projected_tier=leads_to if projected else None,
    )


def _check(body: ActivateLoyaltyPoints) -> None:
    uuids = body.transaction_uuids
    if (uuids is None) == (not body.session_id):
        raise invalid("", "needs transactionUUIDs or a sessionId, and not both")
    if uuids is not None and not 1 <= len(uuids) <= MOST_ACTIVATED:
        raise invalid("/transactionUUIDs", f"1 to {MOST_ACTIVATED} transactions at once")
    if uuids is not None and len(set(uuids)) < len(uuids):
        raise invalid("/transactionUUIDs", "names a transaction twice")
