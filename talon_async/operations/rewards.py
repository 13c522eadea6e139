"""Operations on rewards, which customers unlock, often with points, and then use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from talon_async._endpoint import get, post
from talon_async._messages import Idempotency

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_async._endpoint import IntegrationId, PageSize, Points
    from talon_async.models import (
        GetCustomerRewardsResponse,
        IntegrationRewardsCatalogResponse,
        IntegrationUnlockRewardRequest,
        IntegrationUnlockRewardResponse,
    )


class Rewards:
    """Operations on rewards. They need API release 26.18; `get_customer_rewards` needs 26.19."""

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
        """Return the rewards that a customer has unlocked, including those of the customer's cards.

        Args:
            integration_id: your ID of the customer, at most 1000 characters.
            status: only rewards with these statuses; all by default.
            page_size: the number of entries in a page, 1 to 1000; 1000 by default.
            skip: the number of entries to skip at the beginning.
            with_total_result_size: whether to count all rewards in `total_result_size`, which may be slow.

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
        points_from: Points | None = None,
        points_to: Points | None = None,
        include_free: bool | None = None,
        loyalty_program_id: int | None = None,
        subledger_id: str | None = None,
        profile_integration_id: str | None = None,
        loyalty_card_id: str | None = None,
    ) -> IntegrationRewardsCatalogResponse:
        """Return the available rewards, whether a customer can unlock them, and the points that they cost.

        The operation is experimental: the API may still change it. API release 26.18 refuses a customer together with a
        card. Later releases accept both; the card must then be linked to the customer.

        Args:
            page_size: the number of entries in a page, 1 to 1000; 1000 by default.
            skip: the number of entries to skip at the beginning.
            points_from: only rewards that cost at least this many points; greater than 0.
            points_to: only rewards that cost at most this many points; greater than 0.
            include_free: `False` leaves out rewards that cost no points; by default they are included.
            loyalty_program_id: only rewards of this program, by its ID in Talon.One.
            subledger_id: only rewards that are paid from this subledger; "" is the main ledger. It needs
                `loyalty_program_id`.
            profile_integration_id: your ID of the customer. The answer then includes the customer's eligibility and,
                with `loyalty_program_id`, the customer's balances.
            loyalty_card_id: the ID of the card. The answer then includes the eligibility of the card and, with
                `loyalty_program_id`, its balances.

        Raises:
            BadRequestError: a value is invalid, or values cannot be combined.
            NotFoundError: there is no such program, customer or card.

        See https://docs.talon.one/integration-api#tag/Rewards/operation/integrationRewardsCatalog
        """
        ...

    @post("/v1/rewards/{reward_id}/unlock", idempotency=Idempotency.UNIQUE)
    async def unlock_reward(
        self, reward_id: int, body: IntegrationUnlockRewardRequest, *, dry: bool | None = None
    ) -> IntegrationUnlockRewardResponse:
        """Unlock a reward for a customer, and deduct the points that it costs.

        The operation is experimental: the API may still change it. To use the reward, send the ID of the unlocking in
        `reward_integration_ids` of a session.

        The server takes an ID of an unlocking once. A repeated call cannot unlock twice, so the client repeats it after
        an unknown outcome. A `ConflictError` is not repeated. If its `outcome` is `unknown`, an earlier attempt most
        likely succeeded.

        Args:
            reward_id: the ID of the reward in Talon.One.
            body: your ID of this unlocking, the customer, the ledger that pays, and the parts of the answer.
            dry: only evaluate the rules; the server stores nothing.

        Raises:
            BadRequestError: a field is invalid, or fields cannot be combined.
            PermissionDeniedError: the API documents this status without a reason.
            NotFoundError: there is no such reward, customer or card.
            ConflictError: there is an unlocking with this ID already.
            UnprocessableError: the rules refused the unlocking: the customer has unlocked the reward already, there are
                too few points, or a condition is not met. `from_json(error.body, RewardUnlockRejection)` returns the
                failed rules.

        See https://docs.talon.one/integration-api#tag/Rewards/operation/unlockReward
        """
        ...
