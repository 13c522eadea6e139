"""Audiences: groups of customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_async._endpoint import delete, post, put
from talon_async._messages import Idempotency

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_async.models import Audience, CustomerProfileAudienceRequest, NewAudience, UpdateAudience


class Audiences:
    """Operations on audiences."""

    @post("/v2/audiences")
    async def create_audience_v2(self, body: NewAudience) -> Audience:
        """Create an audience, either in Talon.One only or as the counterpart of an audience in another system.

        With `integration_id` alone the audience belongs to any other system. With `integration` as well it belongs to a
        partner that Talon.One supports. The client does not repeat it after an unknown outcome.

        Args:
            body: the name, and the system that the audience comes from.

        Raises:
            ConflictError: there is an audience with this `integration_id` already.

        See https://docs.talon.one/integration-api#tag/Audiences/operation/createAudienceV2
        """
        ...

    @put("/v2/audiences/{audience_id}", idempotency=Idempotency.SAFE)
    async def update_audience_v2(self, audience_id: int, body: UpdateAudience) -> Audience:
        """Rename an audience of another system. No rule runs.

        To change its members, see `update_customer_profile_audiences` or `update_customer_profile_v2`.

        Args:
            audience_id: the ID of the audience in Talon.One.
            body: the new name.

        Raises:
            NotFoundError: there is no such audience.

        See https://docs.talon.one/integration-api#tag/Audiences/operation/updateAudienceV2
        """
        ...

    @delete("/v2/audiences/{audience_id}")
    async def delete_audience_v2(self, audience_id: int) -> None:
        """Delete an audience, with all of its memberships.

        Args:
            audience_id: the ID of the audience in Talon.One.

        Raises:
            BadRequestError: the audience is in use.
            NotFoundError: there is no such audience.
            ConflictError: a variant of an experiment uses the audience; nothing was deleted. The `resource` of each of
                its `errors` is the path of an experiment in the Campaign Manager.

        See https://docs.talon.one/integration-api#tag/Audiences/operation/deleteAudienceV2
        """
        ...

    @delete("/v2/audiences/{audience_id}/memberships")
    async def delete_audience_memberships_v2(self, audience_id: int) -> None:
        """Remove all customers from an audience.

        Args:
            audience_id: the ID of the audience in Talon.One.

        Raises:
            NotFoundError: there is no such audience.

        See https://docs.talon.one/integration-api#tag/Audiences/operation/deleteAudienceMembershipsV2
        """
        ...

    @post("/v2/customer_audiences", idempotency=Idempotency.SAFE)
    async def update_customer_profile_audiences(self, body: CustomerProfileAudienceRequest) -> None:
        """Add customers to audiences, or remove them, up to 1000 changes in a request.

        For more changes see `update_customer_profile_audiences_in_chunks`.

        Args:
            body: the changes, each with the action `add` or `delete`, the customer and the audience.

        Raises:
            InvalidArgumentError: more than 1000 changes; nothing was sent.
            NotFoundError: there is no such audience or customer.

        See https://docs.talon.one/integration-api#tag/Audiences/operation/updateCustomerProfileAudiences
        """
        ...

    @put("/v2/audience_customers/{audience_id}/attributes", idempotency=Idempotency.SAFE)
    async def update_audience_customers_attributes(self, audience_id: int, body: Mapping[str, Any]) -> None:
        """Set attributes on the profiles of all customers in an audience.

        Args:
            audience_id: the ID of the audience in Talon.One.
            body: the attributes by name.

        Raises:
            NotFoundError: there is no such audience.

        See https://docs.talon.one/integration-api#tag/Audiences/operation/updateAudienceCustomersAttributes
        """
        ...
