"""Loyalty cards: programs whose points belong to a card, whoever holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from talon_async._endpoint import Wire, get, post

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from talon_async._endpoint import CardId, PageSize
    from talon_async.models import (
        GenerateLoyaltyCard,
        GetLoyaltyCardPointsResponse,
        GetLoyaltyCardTransactionsResponse,
        LoyaltyCard,
        LoyaltyCardBalances,
        LoyaltyCardRegistration,
    )


class LoyaltyCards:
    """Operations on loyalty cards. The ID of a card has 4 to 108 letters, digits and `. _ % + @ -`."""

    @post("/v1/loyalty_programs/{loyalty_program_id}/cards")
    async def generate_loyalty_card(self, loyalty_program_id: int, body: GenerateLoyaltyCard) -> LoyaltyCard:
        """Make a loyalty card; its ID follows the program's code format, if it has one.

        Every call makes another card: once it may have reached the server it is never repeated by itself.

        Args:
            loyalty_program_id: the API's ID of the program, which must be one of cards.
            body: whether the card can be used, its ID, and the customers to link it to.

        Raises:
            BadRequestError: more customers than the program allows for a card, or no program of cards.

        See https://docs.talon.one/integration-api#tag/Loyalty-cards/operation/generateLoyaltyCard
        """
        ...

    @post("/v2/loyalty_programs/{loyalty_program_id}/cards/{loyalty_card_id}/link_profile")
    async def link_loyalty_card_to_profile(
        self, loyalty_program_id: int, loyalty_card_id: CardId, body: LoyaltyCardRegistration
    ) -> LoyaltyCard:
        """Register a card for a customer; the program says how many customers may share one.

        After an unknown outcome it is not repeated by itself.

        Args:
            loyalty_program_id: the API's ID of the program.
            loyalty_card_id: the ID of the card.
            body: your ID of the customer.

        Raises:
            BadRequestError: the card has as many customers as it may have.
            NotFoundError: there is no such program or card.

        See https://docs.talon.one/integration-api#tag/Loyalty-cards/operation/linkLoyaltyCardToProfile
        """
        ...

    @post("/v2/loyalty_programs/{loyalty_program_id}/cards/{loyalty_card_id}/unlink_profile")
    async def unlink_loyalty_card_from_profile(
        self, loyalty_program_id: int, loyalty_card_id: CardId, body: LoyaltyCardRegistration
    ) -> LoyaltyCard:
        """Undo the registration of a card for a customer.

        After an unknown outcome it is not repeated by itself.

        Args:
            loyalty_program_id: the API's ID of the program.
            loyalty_card_id: the ID of the card.
            body: your ID of the customer.

        Raises:
            NotFoundError: there is no such program or card.

        See https://docs.talon.one/integration-api#tag/Loyalty-cards/operation/unlinkLoyaltyCardFromProfile
        """
        ...

    @get("/v1/loyalty_programs/{loyalty_program_id}/cards/{loyalty_card_id}/balances")
    async def get_loyalty_card_balances(
        self,
        loyalty_program_id: int,
        loyalty_card_id: CardId,
        *,
        end_date: datetime | None = None,
        subledger_id: Sequence[str] | None = None,
    ) -> LoyaltyCardBalances:
        """Read the balances of a card.

        Args:
            loyalty_program_id: the API's ID of the program.
            loyalty_card_id: the ID of the card.
            end_date: as of then, in the past or future; needs a time zone. Now if left out.
            subledger_id: only these ledgers; all of them if left out.

        Raises:
            NotFoundError: there is no such program or card.

        See https://docs.talon.one/integration-api#tag/Loyalty-cards/operation/getLoyaltyCardBalances
        """
        ...

    @get("/v1/loyalty_programs/{loyalty_program_id}/cards/{loyalty_card_id}/points")
    async def get_loyalty_card_points(
        self,
        loyalty_program_id: int,
        loyalty_card_id: CardId,
        *,
        status: Literal["active", "pending", "expired"] | None = None,
        subledger_id: Sequence[str] | None = None,
        customer_session_ids: Annotated[Sequence[str], Wire("customerSessionIDs")] | None = None,
        transaction_uuids: Annotated[Sequence[str], Wire("transactionUUIDs")] | None = None,
        page_size: PageSize | None = None,
        skip: int | None = None,
        sort: Literal["startDate", "expiryDate", "-startDate", "-expiryDate"] | None = None,
    ) -> GetLoyaltyCardPointsResponse:
        """Read the unused points of a card, transaction by transaction.

        Args:
            loyalty_program_id: the API's ID of the program.
            loyalty_card_id: the ID of the card.
            status: which points; those that can be used now if left out.
            subledger_id: only those of these ledgers; "" is the main one.
            customer_session_ids: only those of these sessions.
            transaction_uuids: only those of these transactions.
            page_size: 1 to 1000; 50 if left out.
            skip: how many to leave out at the beginning.
            sort: the order; with `-` the latest comes first.

        Raises:
            NotFoundError: there is no such program or card.

        See https://docs.talon.one/integration-api#tag/Loyalty-cards/operation/getLoyaltyCardPoints
        """
        ...

    @get("/v1/loyalty_programs/{loyalty_program_id}/cards/{loyalty_card_id}/transactions")
    async def get_loyalty_card_transactions(
        self,
        loyalty_program_id: int,
        loyalty_card_id: CardId,
        *,
        subledger_id: Sequence[str] | None = None,
        loyalty_transaction_type: Literal["manual", "session", "import"] | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        customer_session_ids: Annotated[Sequence[str], Wire("customerSessionIDs")] | None = None,
        transaction_uuids: Annotated[Sequence[str], Wire("transactionUUIDs")] | None = None,
        page_size: PageSize | None = None,
        skip: int | None = None,
        awaits_activation: Literal[True] | None = None,
    ) -> GetLoyaltyCardTransactionsResponse:
        """Read how the points of a card came and went.

        Args:
            loyalty_program_id: the API's ID of the program.
            loyalty_card_id: the ID of the card.
            subledger_id: only those of these ledgers; "" is the main one.
            loyalty_transaction_type: only those made by hand, by a session, or by an import.
            start_date: only those made then or later; needs a time zone.
            end_date: only those made then or earlier; needs a time zone.
            customer_session_ids: only those of these sessions.
            transaction_uuids: only these.
            page_size: 1 to 1000; 50 if left out.
            skip: how many to leave out at the beginning.
            awaits_activation: only points that wait for an action of the customer; the API takes no `False`.

        Raises:
            NotFoundError: there is no such program or card.

        See https://docs.talon.one/integration-api#tag/Loyalty-cards/operation/getLoyaltyCardTransactions
        """
        ...
