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
        """Make an audience: of its own, or as the counterpart of one in another system.

        With `integration_id` alone it stands for an audience of any system, with `integration` too for one of a partner
        that Talon.One knows. After an unknown outcome it is not repeated by itself.

        Args:
            body: the name, and where it comes from.

        Raises:
            ConflictError: there is an audience with this `integration_id` already.

        See https://docs.talon.one/integration-api#tag/Audiences/operation/createAudienceV2
        """
        ...

    @put("/v2/audiences/{audience_id}", idempotency=Idempotency.SAFE)
    async def update_audience_v2(self, audience_id: int, body: UpdateAudience) -> Audience:
        """Rename an audience that came from another system; no rule runs.

        Its members change with `update_customer_profile_audiences` or `update_customer_profile_v2`.

        Args:
            audience_id: the API's ID of the audience.
            body: the new name.

        Raises:
            NotFoundError: there is no such audience.

        See https://docs.talon.one/integration-api#tag/Audiences/operation/updateAudienceV2
        """
        ...

    @delete("/v2/audiences/{audience_id}")
    async def delete_audience_v2(self, audience_id: int) -> None:
        """Delete an audience; its members are not in it any more.

        Args:
            audience_id: the API's ID of the audience.

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
        """Take all customers out of an audience.

        Args:
            audience_id: the API's ID of the audience.

        Raises:
            NotFoundError: there is no such audience.

        See https://docs.talon.one/integration-api#tag/Audiences/operation/deleteAudienceMembershipsV2
        """
        ...

    @post("/v2/customer_audiences", idempotency=Idempotency.SAFE)
    async def update_customer_profile_audiences(self, body: CustomerProfileAudienceRequest) -> None:
        """Put customers into audiences and take them out, up to 1000 changes at once.

        For more changes see `update_customer_profile_audiences_in_chunks`.

        Args:
            body: the changes: each says `add` or `delete`, which customer, and which audience.

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
            audience_id: the API's ID of the audience.
            body: the attributes by name.

        Raises:
            NotFoundError: there is no such audience.

        See https://docs.talon.one/integration-api#tag/Audiences/operation/updateAudienceCustomersAttributes
        """
        ...
