"""Customer profiles and what belongs to them."""

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

        Attributes are merged into those the profile has; None as the value of one deletes it. Without
        `run_rule_engine=True` no rule runs: there are no effects, and `response_content` has no use.
        Calls for one profile are sent one after the other.

        Args:
            integration_id: your ID of the customer, at most 1000 characters; it should never change.
            body: the attributes, audience changes, and what the answer shall hold.
            run_rule_engine: evaluate the rules; they do not run by default.
            dry: with `run_rule_engine=True`, evaluate only and store nothing.
            idempotency_key: 1 to 255 visible ASCII characters, which the server remembers for 24 hours. The client
                makes a key by default.

        Raises:
            BadRequestError: an attribute that is not defined in the Campaign Manager, or of another type.
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
        """Create or update up to 1000 profiles; no rule runs.

        The server answers with nothing unless `silent=False`. For more profiles see
        `update_customer_profiles_in_chunks`.

        Args:
            body: the profiles: your IDs and the attributes, which are merged into those that the profiles have.
            silent: `False` asks for the profiles as they are afterwards; otherwise the answer is None.
            idempotency_key: 1 to 255 visible ASCII characters, which the server remembers for 24 hours. The client
                makes a key by default.

        Raises:
            InvalidArgumentError: more than 1000 profiles; nothing was sent.
            BadRequestError: an attribute that is not defined, or of another type.

        See https://docs.talon.one/integration-api#tag/Customer-profiles/operation/updateCustomerProfilesV2
        """
        ...

    @put("/v1/customer_profiles/{integration_id}", profile="integration_id")
    async def update_customer_profile(
        self, integration_id: IntegrationId, body: NewCustomerProfile, *, dry: bool | None = None
    ) -> IntegrationState:
        """Create or update a profile the V1 way, which runs the rules and answers with the whole state.

        The vendor keeps it running but no longer develops it; new code takes `update_customer_profile_v2`. There is no
        Idempotency-Key: after an unknown outcome it is not repeated by itself.
        Calls for one profile are sent one after the other.

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
        """Read what belongs to a profile; only what is asked for is in the answer.

        Args:
            integration_id: your ID of the customer.
            profile: the profile itself.
            referrals: the referral codes of this customer.
            coupons: the coupons reserved for this customer.
            loyalty: balances of the loyalty programs joined.
            giveaways: giveaways won.
            achievements: achievements and their progress.
            unlocked_rewards: rewards that the customer has unlocked and not used, as `rewards` of the answer; the
                server needs API release 26.18.

        Raises:
            NotFoundError: there is no such profile.

        See https://docs.talon.one/integration-api#tag/Customer-profiles/operation/getCustomerInventory
        """
        ...

    @delete("/v1/customer_data/{integration_id}")
    async def delete_customer_data(self, integration_id: IntegrationId) -> None:
        """Delete the personal data of a customer, in every Application of the environment that the key is for.

        Attributes of the profile and of all that refers to it are removed for good. With a sandbox key that is every
        sandbox Application.

        Args:
            integration_id: your ID of the customer.

        Raises:
            NotFoundError: there is no such profile.

        See https://docs.talon.one/integration-api#tag/Customer-profiles/operation/deleteCustomerData
        """
        ...
