"""Rewards: what customers unlock, often with points, and use afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from talon_async._endpoint import get, post
from talon_async._messages import Idempotency

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_async._endpoint import IntegrationId, PageSize
    from talon_async.models import (
        GetCustomerRewardsResponse,
        IntegrationRewardsCatalogResponse,
        IntegrationUnlockRewardRequest,
        IntegrationUnlockRewardResponse,
    )


class Rewards:
    """Operations on rewards; the server needs API release 26.18, `get_customer_rewards` needs 26.19."""

    @get("/v1/customer_profiles/{integration_id}/rewards")
    async def get_customer_rewards(
        self,
        integration_id: IntegrationId,
        *,
        status: Sequence[Literal["unlocked", "used"]] | None = None,
        page_size: PageSize | None = None,
        skip: int | None = None,
        with_total_result_size: bool | None = None,
    ) -> GetCustomerRewardsResponse:
        """Read the rewards that a customer has unlocked, also those that a card of the customer shares.

        Args:
            integration_id: your ID of the customer, at most 1000 characters.
            status: only rewards of these statuses; all if left out.
            page_size: the number of entries in a page, 1 to 1000; 1000 by default.
            skip: the number of entries to skip at the beginning.
            with_total_result_size: `True` also counts all of them, which may be slow.

        Raises:
            NotFoundError: there is no such profile.

        See https://docs.talon.one/integration-api#tag/Rewards/operation/getCustomerRewards
        """
        ...

    @get("/v1/rewards/catalog")
    async def integration_rewards_catalog(
        self,
        *,
        page_size: PageSize | None = None,
        skip: int | None = None,
        points_from: float | None = None,
        points_to: float | None = None,
        include_free: bool | None = None,
        loyalty_program_id: int | None = None,
        subledger_id: str | None = None,
        profile_integration_id: str | None = None,
        loyalty_card_id: str | None = None,
    ) -> IntegrationRewardsCatalogResponse:
        """Read the rewards that can be had, whether a customer can unlock them, and with which points.

        Experimental: the API may still change it. API release 26.18 refuses a customer together with a card. Later
        releases take both; the card must then be linked to the customer.

        Args:
            page_size: the number of entries in a page, 1 to 1000; 1000 by default.
            skip: the number of entries to skip at the beginning.
            points_from: only those that cost so many points or more; greater than 0.
            points_to: only those that cost so many points or fewer; greater than 0.
            include_free: `False` leaves out those that cost nothing.
            loyalty_program_id: only those of this program, by its ID in Talon.One.
            subledger_id: only those paid from this ledger; "" is the main one. It needs `loyalty_program_id`.
            profile_integration_id: your ID of the customer. The answer tells their eligibility, and with
                `loyalty_program_id` their balances.
            loyalty_card_id: the card. The answer tells its eligibility, and with `loyalty_program_id` its balances.

        Raises:
            BadRequestError: a value that the API does not take, or values that do not go together.
            NotFoundError: there is no such program, customer or card.

        See https://docs.talon.one/integration-api#tag/Rewards/operation/integrationRewardsCatalog
        """
        ...

    @post("/v1/rewards/{reward_id}/unlock", idempotency=Idempotency.UNIQUE)
    async def unlock_reward(
        self, reward_id: int, body: IntegrationUnlockRewardRequest, *, dry: bool | None = None
    ) -> IntegrationUnlockRewardResponse:
        """Unlock a reward for a customer, and take the points that it costs.

        Experimental: the API may still change it. To use the reward, send the ID of the unlocking in
        `reward_integration_ids` of a session.

        The server unlocks once under an ID and refuses it a second time, so this is repeated after an unknown outcome.
        A `ConflictError` is not repeated. If its `outcome` is `unknown`, an earlier attempt most likely went through.

        Args:
            reward_id: the ID of the reward in Talon.One.
            body: your ID of this unlocking, the customer, the ledger that pays, and what the answer shall hold.
            dry: only evaluate the rules; the server stores nothing.

        Raises:
            BadRequestError: a field that the API does not take, or fields that do not go together.
            PermissionDeniedError: the API does not explain why it answers this.
            NotFoundError: there is no such reward, customer or card.
            ConflictError: there is an unlocking with this ID already.
            UnprocessableError: the rules refused it: it is unlocked already, the points are too few, or a condition is
                not met. `from_json(error.body, RewardUnlockRejection)` tells which rules failed.

        See https://docs.talon.one/integration-api#tag/Rewards/operation/unlockReward
        """
        ...
