"""Rewards: what customers unlock with their points.

Experimental: newer than any published document. The paths are known; names on the wire and fields are inferred from
the official SDKs and may change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    """Operations on rewards; experimental."""

    @get("/v1/customer_profiles/{integration_id}/rewards")
    async def get_customer_rewards(
        self,
        integration_id: IntegrationId,
        *,
        status: Sequence[str] | None = None,
        page_size: PageSize | None = None,
        skip: int | None = None,
        with_total_result_size: bool | None = None,
    ) -> GetCustomerRewardsResponse:
        """Read the rewards of a customer.

        Experimental: the names of the query values on the wire are inferred.

        Args:
            integration_id: your ID of the customer, at most 1000 characters.
            status: only rewards of this status; the words are not published.
            page_size: 1 to 1000; 1000 if left out.
            skip: how many to leave out at the beginning.
            with_total_result_size: also count them all.

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
        """Read the rewards there are, and what a customer could pay for them with.

        Experimental: the names of the query values on the wire are inferred.

        Args:
            page_size: 1 to 1000; 1000 if left out.
            skip: how many to leave out at the beginning.
            points_from: only those that cost as many points or more.
            points_to: only those that cost as many points or fewer.
            include_free: `False` leaves out those that cost nothing.
            loyalty_program_id: only those of this program, by the API's ID.
            subledger_id: only those paid from this ledger; "" is the main one.
            profile_integration_id: your ID of the customer whose balances to tell.
            loyalty_card_id: the card whose balances to tell.

        Raises:
            NotFoundError: there is no such program, customer or card.

        See https://docs.talon.one/integration-api#tag/Rewards/operation/integrationRewardsCatalog
        """
        ...

    @post("/v1/rewards/{reward_id}/unlock", idempotency=Idempotency.UNIQUE)
    async def unlock_reward(
        self, reward_id: int, body: IntegrationUnlockRewardRequest, *, dry: bool | None = None
    ) -> IntegrationUnlockRewardResponse:
        """Give a customer a reward, and take the points for it.

        Experimental: names on the wire are inferred. The server unlocks once under an ID and refuses a second time, so
        this is repeated after an unknown outcome; a `ConflictError` whose `outcome` is `unknown` then means that an
        earlier attempt most likely went through.

        Args:
            reward_id: the API's ID of the reward.
            body: your ID of this unlocking, the customer, and what the answer shall hold.
            dry: evaluate only, store nothing.

        Raises:
            PermissionDeniedError: the customer may not have this reward.
            NotFoundError: there is no such reward or customer.
            ConflictError: there is something with this ID already.
            UnprocessableError: the rules rejected it.

        See https://docs.talon.one/integration-api#tag/Rewards/operation/unlockReward
        """
        ...
