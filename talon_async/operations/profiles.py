"""Operations on customer profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async._endpoint import delete, get, put

if TYPE_CHECKING:
    from talon_async._endpoint import IntegrationId, YesNo
    from talon_async.models import (
        CustomerInventory,
        CustomerProfileIntegrationRequestV2,
        CustomerProfileIntegrationResponseV2,
        IntegrationState,
        MultipleCustomerProfileIntegrationRequest,
        MultipleCustomerProfileIntegrationResponseV2,
        NewCustomerProfile,
    )


class Profiles:
    """Operations on customer profiles."""

    @put("/v2/customer_profiles/{integration_id}", profile="integration_id")
    async def update_customer_profile_v2(
        self,
        integration_id: IntegrationId,
        body: CustomerProfileIntegrationRequestV2 | NewCustomerProfile,
        *,
        run_rule_engine: bool | None = None,
        dry: bool | None = None,
        idempotency_key: str | None = None,
    ) -> CustomerProfileIntegrationResponseV2:
        """Create or update a profile.

        Attributes are merged into those of the profile. None as the value of an attribute deletes it. Without
        `run_rule_engine=True` no rule runs: the answer has no effects, and `response_content` is ignored. Calls for one
        profile are sent one after the other.

        Args:
            integration_id: your ID of the customer, at most 1000 characters; it should never change.
            body: the attributes, the audience changes, and the parts of the answer.
            run_rule_engine: whether to evaluate the rules; `False` by default.
            dry: with `run_rule_engine=True`, only evaluate the rules; the server stores nothing.
            idempotency_key: 1 to 255 visible ASCII characters, which the server remembers for 24 hours. The client
                makes a key by default.

        Raises:
            BadRequestError: an attribute is not defined in the Campaign Manager, or its value has the wrong type.
            ParallelUpdateError: other requests kept updating the same profile during all attempts.

        See https://docs.talon.one/integration-api#tag/Customer-profiles/operation/updateCustomerProfileV2
        """
        ...

    @put("/v2/customer_profiles")
    async def update_customer_profiles_v2(
        self,
        body: MultipleCustomerProfileIntegrationRequest,
        *,
        silent: YesNo | None = None,
        idempotency_key: str | None = None,
    ) -> MultipleCustomerProfileIntegrationResponseV2 | None:
        """Create or update up to 1000 profiles. No rule runs.

        The server sends no answer unless `silent=False`. For more profiles see
        `update_customer_profiles_in_chunks`.

        Args:
            body: the profiles, each with your ID and the attributes, which are merged into those of the profile.
            silent: `False` asks for the updated profiles; otherwise the method returns None.
            idempotency_key: 1 to 255 visible ASCII characters, which the server remembers for 24 hours. The client
                makes a key by default.

        Raises:
            InvalidArgumentError: more than 1000 profiles; nothing was sent.
            BadRequestError: an attribute is not defined, or its value has the wrong type.

        See https://docs.talon.one/integration-api#tag/Customer-profiles/operation/updateCustomerProfilesV2
        """
        ...

    @put("/v1/customer_profiles/{integration_id}", profile="integration_id")
    async def update_customer_profile(
        self, integration_id: IntegrationId, body: NewCustomerProfile, *, dry: bool | None = None
    ) -> IntegrationState:
        """Create or update a profile with V1 of the API, which runs the rules and returns the whole state.

        Talon.One no longer develops V1; use `update_customer_profile_v2` in new code. V1 has no Idempotency-Key, so the
        client does not repeat the call after an unknown outcome. Calls for one profile are sent one after the other.

        Args:
            integration_id: your ID of the customer.
            body: the attributes.
            dry: only evaluate the rules; the server stores nothing.

        See https://github.com/talon-one/talon_one.js/blob/v4.1.0/docs/IntegrationApi.md#updateCustomerProfile
        """
        ...

    @get("/v1/customer_profiles/{integration_id}/inventory")
    async def get_customer_inventory(
        self,
        integration_id: IntegrationId,
        *,
        profile: bool | None = None,
        referrals: bool | None = None,
        coupons: bool | None = None,
        loyalty: bool | None = None,
        giveaways: bool | None = None,
        achievements: bool | None = None,
        unlocked_rewards: bool | None = None,
    ) -> CustomerInventory:
        """Return the data of a profile. Each option adds a part to the answer.

        Args:
            integration_id: your ID of the customer.
            profile: whether to include the profile itself.
            referrals: whether to include the referral codes of this customer.
            coupons: whether to include the coupons that are reserved for this customer.
            loyalty: whether to include the balances in the loyalty programs that the customer has joined.
            giveaways: whether to include the giveaways that the customer has won.
            achievements: whether to include the achievements and their progress.
            unlocked_rewards: whether to include, as `rewards`, the rewards that the customer has unlocked and not used;
                needs API release 26.18.

        Raises:
            NotFoundError: there is no such profile.

        See https://docs.talon.one/integration-api#tag/Customer-profiles/operation/getCustomerInventory
        """
        ...

    @delete("/v1/customer_data/{integration_id}")
    async def delete_customer_data(self, integration_id: IntegrationId) -> None:
        """Delete the personal data of a customer, in every Application of the environment of the API key.

        Attributes of the profile, and of all entities that refer to it, are permanently removed. With the key of a
        sandbox Application, this affects all sandbox Applications.

        Args:
            integration_id: your ID of the customer.

        Raises:
            NotFoundError: there is no such profile.

        See https://docs.talon.one/integration-api#tag/Customer-profiles/operation/deleteCustomerData
        """
        ...
