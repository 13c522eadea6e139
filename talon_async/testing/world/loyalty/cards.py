"""Loyalty cards: programs whose points belong to a card, whoever holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from talon_async.models import (
    CardLedgerPointsEntryIntegrationAPI,
    CardLedgerTransactionLogEntryIntegrationAPI,
    GetLoyaltyCardPointsResponse,
    GetLoyaltyCardTransactionsResponse,
    LoyaltyCardBalances,
    LoyaltyCardProfileRegistration,
    evolve,
)
from talon_async.models._base import CARD_ID
from talon_async.testing._refusal import invalid, misused, unknown
from talon_async.testing.world._ground import page
from talon_async.testing.world._store import recast
from talon_async.testing.world.loyalty._ledger import Wanted, waiting
from talon_async.testing.world.loyalty.ledgers import Ledgers
from talon_async.testing.world.loyalty.programs import PAGE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from talon_async.models import GenerateLoyaltyCard, LoyaltyCard, LoyaltyCardRegistration
    from talon_async.testing.world._store import Store
    from talon_async.testing.world.loyalty._ledger import Movement
    from talon_async.testing.world.loyalty._program import StoredProgram


class Cards(Ledgers):
    """The operations on cards. An inactive card works like any other here: it is for the rules to refuse it."""

    def generate_loyalty_card(self, loyalty_program_id: int, body: GenerateLoyaltyCard) -> LoyaltyCard:
        """Make a card and link it to customers; those not known yet are created."""
        with self.change() as store:
            if loyalty_program_id not in store.programs:
                # of all operations on programs, this one documents no 404
                raise misused("loyaltyProgramId", "is not a loyalty program")
            program = self.program(store, loyalty_program_id, cards=True)
            identifier = self._new_identifier(store, program, body.card_identifier)
            card = self.new_card(store, program, identifier, body.status or "active")
            for customer in body.customer_profile_ids or ():
                card = self._linked(store, program, card, customer, "/customerProfileIds")
        return self.told(store, card)

    def _new_identifier(self, store: Store, program: StoredProgram, wished: str | None) -> str:
        if wished is None:
            while (program.id, made_up := f"CARD-{self.new_id():05d}") in store.cards:
                pass
            return made_up
        if (said := CARD_ID.refusal(wished)) is not None:
            raise invalid("/cardIdentifier", said)
        if (program.id, wished) in store.cards:
            raise invalid("/cardIdentifier", "is another card's")
        return wished

    def link_loyalty_card_to_profile(
        self, loyalty_program_id: int, loyalty_card_id: str, body: LoyaltyCardRegistration
    ) -> LoyaltyCard:
        """Link a card to a customer, who is created if not known yet."""
        with self.change() as store:
            program, card, _ = self._card(store, loyalty_program_id, loyalty_card_id)
            card = self._linked(store, program, card, body.integration_id, "/integrationId")
        return self.told(store, card)

    def unlink_loyalty_card_from_profile(
        self, loyalty_program_id: int, loyalty_card_id: str, body: LoyaltyCardRegistration
    ) -> LoyaltyCard:
        """Undo a link; one that is not there is none already."""
        with self.change() as store:
            _, card, _ = self._card(store, loyalty_program_id, loyalty_card_id)
            left = [one for one in card.profiles if one.integration_id != body.integration_id]
            card = evolve(card, profiles=left, modified=self.now())
            store.cards[loyalty_program_id, loyalty_card_id] = card
        return self.told(store, card)

    def get_loyalty_card_balances(
        self,
        loyalty_program_id: int,
        loyalty_card_id: str,
        *,
        end_date: datetime | None = None,
        subledger_id: Sequence[str] | None = None,
    ) -> LoyaltyCardBalances:
        """Tell what is on a card."""
        program, card, movements = self._card(self.store, loyalty_program_id, loyalty_card_id)
        told = {
            name: one.balance
            for name, one in program.standings(movements, end_date or self.now()).items()
            if not subledger_id or name in subledger_id
        }
        return LoyaltyCardBalances(balance=told.pop("", None), subledger_balances=told, profiles=card.profiles)

    def get_loyalty_card_points(  # noqa: PLR0913  # the stub has as many
        self,
        loyalty_program_id: int,
        loyalty_card_id: str,
        *,
        status: Literal["active", "pending", "expired"] | None = None,
        subledger_id: Sequence[str] | None = None,
        customer_session_ids: Sequence[str] | None = None,
        transaction_uuids: Sequence[str] | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
    ) -> GetLoyaltyCardPointsResponse:
        """List what is left of the points that were put on a card, the first put there first."""
        program, _, movements = self._card(self.store, loyalty_program_id, loyalty_card_id)
        wanted = Wanted(subledgers=subledger_id, sessions=customer_session_ids, uuids=transaction_uuids)
        data, more = page(program.points(movements, self.now(), status, wanted, sort), page_size, skip, PAGE)
        who = {one.id: one.profile_id for one in movements}
        told = [
            recast(one, CardLedgerPointsEntryIntegrationAPI, customer_profile_id=who.get(one.id or 0)) for one in data
        ]
        return GetLoyaltyCardPointsResponse(has_more=more, data=told)

    def get_loyalty_card_transactions(  # noqa: PLR0913  # the stub has as many
        self,
        loyalty_program_id: int,
        loyalty_card_id: str,
        *,
        subledger_id: Sequence[str] | None = None,
        loyalty_transaction_type: Literal["manual", "session", "import"] | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        customer_session_ids: Sequence[str] | None = None,
        transaction_uuids: Sequence[str] | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        awaits_activation: Literal[True] | None = None,
    ) -> GetLoyaltyCardTransactionsResponse:
        """List what moved the points of a card, the latest first."""
        program, _, movements = self._card(self.store, loyalty_program_id, loyalty_card_id)
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
        told = [
            recast(
                program.transaction(one), CardLedgerTransactionLogEntryIntegrationAPI, card_identifier=loyalty_card_id
            )
            for one in data
        ]
        return GetLoyaltyCardTransactionsResponse(has_more=more, data=told)

    def _card(
        self, store: Store, program_id: int, card_id: str
    ) -> tuple[StoredProgram, LoyaltyCard, Sequence[Movement]]:
        program = self.program(store, program_id, cards=True)
        if (card := store.cards.get((program_id, card_id))) is None:
            raise unknown("loyalty card")
        return program, card, store.ledgers.get((program_id, card_id), ())

    def _linked(
        self, store: Store, program: StoredProgram, card: LoyaltyCard, integration_id: str, pointer: str
    ) -> LoyaltyCard:
        """Return a card that is linked to a customer, who may be linked to it before."""
        if not integration_id:
            raise invalid(pointer, "must not be empty")
        if any(one.integration_id == integration_id for one in card.profiles):
            return card
        if 0 < program.users_per_card <= len(card.profiles):
            raise invalid(pointer, f"at most {program.users_per_card} customers can share a card")
        self.profile(store, integration_id, pointer)
        new = LoyaltyCardProfileRegistration(integration_id=integration_id, timestamp=self.now())
        card = evolve(card, profiles=[*card.profiles, new], modified=self.now())
        store.cards[program.id, card.identifier or ""] = card
        return card
