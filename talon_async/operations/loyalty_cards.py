"""Operations on card-based loyalty programs, whose points belong to a card."""

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
        """Create a loyalty card. Its ID follows the code format of the program, if the program has one.

        Every call creates another card, so the client never repeats a call that may have reached the server.

        Args:
            loyalty_program_id: the ID of the program in Talon.One, which must be card-based.
            body: the status of the card, its ID, and the customers to link it to.

        Raises:
            BadRequestError: there are more customers than the program allows for a card, or the program is not
                card-based.

        See https://docs.talon.one/integration-api#tag/Loyalty-cards/operation/generateLoyaltyCard
        """
        ...

    @post("/v2/loyalty_programs/{loyalty_program_id}/cards/{loyalty_card_id}/link_profile")
    async def link_loyalty_card_to_profile(
        self, loyalty_program_id: int, loyalty_card_id: CardId, body: LoyaltyCardRegistration
    ) -> LoyaltyCard:
        """Link a card to a customer. The program limits how many customers may share a card.

        The client does not repeat it after an unknown outcome.

        Args:
            loyalty_program_id: the ID of the program in Talon.One.
            loyalty_card_id: the ID of the card.
            body: your ID of the customer.

        Raises:
            BadRequestError: the card is linked to as many customers as the program allows.
            NotFoundError: there is no such program or card.

        See https://docs.talon.one/integration-api#tag/Loyalty-cards/operation/linkLoyaltyCardToProfile
        """
        ...

    @post("/v2/loyalty_programs/{loyalty_program_id}/cards/{loyalty_card_id}/unlink_profile")
    async def unlink_loyalty_card_from_profile(
        self, loyalty_program_id: int, loyalty_card_id: CardId, body: LoyaltyCardRegistration
    ) -> LoyaltyCard:
        """Unlink a card from a customer.

        The client does not repeat it after an unknown outcome.

        Args:
            loyalty_program_id: the ID of the program in Talon.One.
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
        """Return the balances of a card.

        Args:
            loyalty_program_id: the ID of the program in Talon.One.
            loyalty_card_id: the ID of the card.
            end_date: the time to compute the balances for, in the past or future; needs a time zone. The default is
                now.
            subledger_id: only these subledgers; all ledgers by default.

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
        """Return the unused points of a card, with one entry for each transaction.

        Args:
            loyalty_program_id: the ID of the program in Talon.One.
            loyalty_card_id: the ID of the card.
            status: the state of the points; active points by default.
            subledger_id: only points of these subledgers; "" is the main ledger.
            customer_session_ids: only those of these customer sessions.
            transaction_uuids: only points of these transactions.
            page_size: the number of entries in a page, 1 to 1000; 50 by default.
            skip: the number of entries to skip at the beginning.
            sort: the field to sort by; with `-` the latest comes first.

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
        """Return the transactions of a card, additions and deductions of points.

        Args:
            loyalty_program_id: the ID of the program in Talon.One.
            loyalty_card_id: the ID of the card.
            subledger_id: only points of these subledgers; "" is the main ledger.
            loyalty_transaction_type: only transactions made manually, by a session, or by an import.
            start_date: only transactions made at this time or later; needs a time zone.
            end_date: only transactions made at this time or earlier; needs a time zone.
            customer_session_ids: only those of these customer sessions.
            transaction_uuids: only these transactions.
            page_size: the number of entries in a page, 1 to 1000; 50 by default.
            skip: the number of entries to skip at the beginning.
            awaits_activation: only points that wait for an action of the customer; the API takes no `False`.

        Raises:
            NotFoundError: there is no such program or card.

        See https://docs.talon.one/integration-api#tag/Loyalty-cards/operation/getLoyaltyCardTransactions
        """
        ...
