"""Operations on profile-based loyalty programs: balances, points, transactions."""

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
    """Operations on profile-based loyalty programs, whose points belong to customers."""

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
        """Return a customer's balances in a program, computed at the time of the call.

        Args:
            loyalty_program_id: the ID of the program in Talon.One.
            integration_id: your ID of the customer, at most 1000 characters.
            end_date: the time to compute the balances for, in the past or future; needs a time zone. The default is
                now.
            subledger_id: only this subledger; all ledgers by default.
            include_tiers: whether to include the tier, and the points to the next tier.
            include_projected_tier: whether to include the projected tier; faster with a `subledger_id`.

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
        """Return a customer's unused points in a program, with one entry for each transaction.

        Args:
            loyalty_program_id: the ID of the program in Talon.One.
            integration_id: your ID of the customer, at most 1000 characters.
            status: the state of the points; active points by default.
            subledger_id: only points of these subledgers; "" is the main ledger.
            customer_session_ids: only those of these customer sessions.
            transaction_uuids: only points of these transactions.
            page_size: the number of entries in a page, 1 to 1000; 50 by default.
            skip: the number of entries to skip at the beginning.
            sort: the field to sort by; with `-` the latest comes first.

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
        """Return a customer's transactions in a program, additions and deductions of points.

        Args:
            loyalty_program_id: the ID of the program in Talon.One.
            integration_id: your ID of the customer, at most 1000 characters.
            customer_session_ids: only those of these customer sessions.
            transaction_uuids: only these transactions.
            subledger_id: only points of these subledgers; "" is the main ledger. API releases before 26.18 accept
                only one.
            loyalty_transaction_type: only transactions made manually, by a session, or by an import.
            start_date: only transactions made at this time or later; needs a time zone.
            end_date: only transactions made at this time or earlier; needs a time zone.
            page_size: the number of entries in a page, 1 to 1000; 50 by default.
            skip: the number of entries to skip at the beginning.
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
        """Activate pending points, those of up to 50 transactions or those of a session.

        The client does not repeat it after an unknown outcome.

        Args:
            loyalty_program_id: the ID of the program in Talon.One.
            body: either the transactions or the session.

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
        """Permanently delete a customer's transactions in a program, in all ledgers or in some.

        The client does not repeat it after an unknown outcome, because there may be new transactions by then.

        Args:
            loyalty_program_id: the ID of the program in Talon.One.
            integration_id: your ID of the customer, at most 1000 characters.
            body: the ledgers; `""` is the main ledger.

        Raises:
            NotFoundError: there is no such program or customer.

        See https://docs.talon.one/integration-api#tag/Loyalty/operation/deleteLoyaltyTransactionsFromLedgers
        """
        ...

    @post("/v1/loyalty_programs/{loyalty_program_id}/profile/{integration_id}/join")
    async def join_loyalty_program(self, loyalty_program_id: int, integration_id: IntegrationId) -> None:
        """Add a customer to a program. A customer who does not exist is created.

        It fails for a customer who has already joined, so the client does not repeat it after an unknown outcome.

        Args:
            loyalty_program_id: the ID of the program in Talon.One, which must not be card-based.
            integration_id: your ID of the customer, at most 1000 characters.

        Raises:
            BadRequestError: the customer has already joined, or the program is card-based.
            NotFoundError: there is no such program.

        See https://docs.talon.one/integration-api#tag/Loyalty/operation/joinLoyaltyProgram
        """
        ...
