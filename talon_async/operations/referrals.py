"""Referrals: codes with which customers bring friends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async._endpoint import post

if TYPE_CHECKING:
    from talon_async._endpoint import YesNo
    from talon_async.models import (
        CreateReferralsForMultipleAdvocatesResponse,
        NewReferral,
        NewReferralsForMultipleAdvocates,
        Referral,
    )


class Referrals:
    """Operations on referrals."""

    @post("/v1/referrals")
    async def create_referral(self, body: NewReferral) -> Referral:
        """Make a referral code for a customer who recommends the shop.

        Every call makes another code: once it may have reached the server it is never repeated by itself.

        Args:
            body: the campaign, and your ID of the customer, the advocate.

        Raises:
            BadRequestError: the campaign takes no referrals, or an attribute is not defined.

        See https://docs.talon.one/integration-api#tag/Referrals/operation/createReferral
        """
        ...

    @post("/v1/referrals_for_multiple_advocates")
    async def create_referrals_for_multiple_advocates(
        self, body: NewReferralsForMultipleAdvocates, *, silent: YesNo | None = None
    ) -> CreateReferralsForMultipleAdvocatesResponse | None:
        """Make a referral code for each of up to 1000 customers; the campaign's limits on referrals do not count here.

        Every call makes other codes: once it may have reached the server it is never repeated by itself. The server
        answers with nothing unless `silent=False`. For more customers see
        `create_referrals_for_multiple_advocates_in_chunks`.

        Args:
            body: the campaign, your IDs of the customers, and how the codes shall look.
            silent: `False` asks for the codes; otherwise the answer is None.

        Raises:
            InvalidArgumentError: no customer, or more than 1000; nothing was sent.
            BadRequestError: the campaign takes no referrals, or an attribute is not defined.

        See https://docs.talon.one/integration-api#tag/Referrals/operation/createReferralsForMultipleAdvocates
        """
        ...
