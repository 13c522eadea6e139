"""Loyalty programs of customers: balances, points, transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from talon_async._endpoint import Wire, get, post

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from talon_async._endpoint import IntegrationId, PageSize
    from talon_async.models import (
        ActivateLoyaltyPoints,
        ActivateLoyaltyPointsResponse,
        DeleteLoyaltyTransactionsRequest,
        GetLoyaltyProgramProfilePointsResponse,
        GetLoyaltyProgramProfileTransactionsResponse,
        LoyaltyBalancesWithTiers,
    )


class Loyalty:
    """Operations on loyalty programs that belong to customers."""

    @get("/v1/loyalty_programs/{loyalty_program_id}/profile/{integration_id}/balances")
    async def get_loyalty_balances(
        self,
        loyalty_program_id: int,
        integration_id: IntegrationId,
        *,
        end_date: datetime | None = None,
        subledger_id: str | None = None,
        include_tiers: bool | None = None,
        include_projected_tier: bool | None = None,
    ) -> LoyaltyBalancesWithTiers:
        """Read a customer's balances in a program, computed at the time of the call.

        Args:
            loyalty_program_id: the API's ID of the program.
            integration_id: your ID of the customer, at most 1000 characters.
            end_date: as of then, in the past or future; needs a time zone. Now if left out.
            subledger_id: only this ledger; all of them if left out.
            include_tiers: also the tier, and how far it is to the next.
            include_projected_tier: also the tier that the points of now lead to; faster with a `subledger_id`.

        Raises:
            NotFoundError: there is no such program or customer.

        See https://docs.talon.one/integration-api#tag/Loyalty/operation/getLoyaltyBalances
        """
        ...

    @get("/v1/loyalty_programs/{loyalty_program_id}/profile/{integration_id}/points")
    async def get_loyalty_program_profile_points(
        self,
        loyalty_program_id: int,
        integration_id: IntegrationId,
        *,
        status: Literal["active", "pending", "expired"] | None = None,
        subledger_id: Sequence[str] | None = None,
        customer_session_ids: Annotated[Sequence[str], Wire("customerSessionIDs")] | None = None,
        transaction_uuids: Annotated[Sequence[str], Wire("transactionUUIDs")] | None = None,
        page_size: PageSize | None = None,
        skip: int | None = None,
        sort: Literal["startDate", "expiryDate", "-startDate", "-expiryDate"] | None = None,
    ) -> GetLoyaltyProgramProfilePointsResponse:
        """Read a customer's unused points in a program, transaction by transaction.

        Args:
            loyalty_program_id: the API's ID of the program.
            integration_id: your ID of the customer, at most 1000 characters.
            status: which points; those that can be used now if left out.
            subledger_id: only those of these ledgers; "" is the main one.
            customer_session_ids: only those of these sessions.
            transaction_uuids: only those of these transactions.
            page_size: 1 to 1000; 50 if left out.
            skip: how many to leave out at the beginning.
            sort: the order; with `-` the latest comes first.

        Raises:
            NotFoundError: there is no such program or customer.

        See https://docs.talon.one/integration-api#tag/Loyalty/operation/getLoyaltyProgramProfilePoints
        """
        ...

    @get("/v1/loyalty_programs/{loyalty_program_id}/profile/{integration_id}/transactions")
    async def get_loyalty_program_profile_transactions(
        self,
        loyalty_program_id: int,
        integration_id: IntegrationId,
        *,
        customer_session_ids: Annotated[Sequence[str], Wire("customerSessionIDs")] | None = None,
        transaction_uuids: Annotated[Sequence[str], Wire("transactionUUIDs")] | None = None,
        subledger_id: Sequence[str] | None = None,
        loyalty_transaction_type: Literal["manual", "session", "import"] | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        page_size: PageSize | None = None,
        skip: int | None = None,
        awaits_activation: Literal[True] | None = None,
    ) -> GetLoyaltyProgramProfileTransactionsResponse:
        """Read how a customer's points in a program came and went.

        Args:
            loyalty_program_id: the API's ID of the program.
            integration_id: your ID of the customer, at most 1000 characters.
            customer_session_ids: only those of these sessions.
            transaction_uuids: only these.
            subledger_id: only those of these ledgers; "" is the main one. API releases before 26.18 take one.
            loyalty_transaction_type: only those made by hand, by a session, or by an import.
            start_date: only those made then or later; needs a time zone.
            end_date: only those made then or earlier; needs a time zone.
            page_size: 1 to 1000; 50 if left out.
            skip: how many to leave out at the beginning.
            awaits_activation: only points that wait for an action of the customer; the API takes no `False`.

        Raises:
            NotFoundError: there is no such program or customer.

        See https://docs.talon.one/integration-api#tag/Loyalty/operation/getLoyaltyProgramProfileTransactions
        """
        ...

    @post("/v1/loyalty_programs/{loyalty_program_id}/activate_points")
    async def activate_loyalty_points(
        self, loyalty_program_id: int, body: ActivateLoyaltyPoints
    ) -> ActivateLoyaltyPointsResponse:
        """Make pending points usable, those of up to 50 transactions or those of a session.

        After an unknown outcome it is not repeated by itself.

        Args:
            loyalty_program_id: the API's ID of the program.
            body: the transactions, or the session: one of the two.

        Raises:
            InvalidArgumentError: more than 50 transactions; nothing was sent.
            NotFoundError: there is no such program.

        See https://docs.talon.one/integration-api#tag/Loyalty/operation/activateLoyaltyPoints
        """
        ...

    @post("/v1/loyalty_programs/{loyalty_program_id}/profile/{integration_id}/delete_transactions")
    async def delete_loyalty_transactions_from_ledgers(
        self, loyalty_program_id: int, integration_id: IntegrationId, body: DeleteLoyaltyTransactionsRequest
    ) -> None:
        """Delete a customer's transactions in a program, for good, in all ledgers or in some.

        After an unknown outcome it is not repeated by itself: there may be new ones by then.

        Args:
            loyalty_program_id: the API's ID of the program.
            integration_id: your ID of the customer, at most 1000 characters.
            body: which ledgers; `""` is the main one.

        Raises:
            NotFoundError: there is no such program or customer.

        See https://docs.talon.one/integration-api#tag/Loyalty/operation/deleteLoyaltyTransactionsFromLedgers
        """
        ...

    @post("/v1/loyalty_programs/{loyalty_program_id}/profile/{integration_id}/join")
    async def join_loyalty_program(self, loyalty_program_id: int, integration_id: IntegrationId) -> None:
        """Let a customer join a program; an unknown customer is created.

        It fails for one who has joined already, so after an unknown outcome it is not repeated by itself.

        Args:
            loyalty_program_id: the API's ID of the program, which must not be one of cards.
            integration_id: your ID of the customer, at most 1000 characters.

        Raises:
            BadRequestError: the customer has joined already, or it is a program of cards.
            NotFoundError: there is no such program.

        See https://docs.talon.one/integration-api#tag/Loyalty/operation/joinLoyaltyProgram
        """
        ...
