"""Operations on referrals."""

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
        """Create a referral code for a customer, the advocate.

        Every call creates another code, so the client never repeats a call that may have reached the server.

        Args:
            body: the campaign, and your ID of the advocate.

        Raises:
            BadRequestError: the campaign does not support referrals, or an attribute is not defined.

        See https://docs.talon.one/integration-api#tag/Referrals/operation/createReferral
        """
        ...

    @post("/v1/referrals_for_multiple_advocates")
    async def create_referrals_for_multiple_advocates(
        self, body: NewReferralsForMultipleAdvocates, *, silent: YesNo | None = None
    ) -> CreateReferralsForMultipleAdvocatesResponse | None:
        """Create a referral code for each of up to 1000 customers. The referral limits of the campaign do not apply.

        Every call creates other codes, so the client never repeats a call that may have reached the server. The server
        sends no answer unless `silent=False`. For more customers see
        `create_referrals_for_multiple_advocates_in_chunks`.

        Args:
            body: the campaign, your IDs of the customers, and the pattern of the codes.
            silent: `False` asks for the codes; otherwise the method returns None.

        Raises:
            InvalidArgumentError: no customer, or more than 1000; nothing was sent.
            BadRequestError: the campaign does not support referrals, or an attribute is not defined.

        See https://docs.talon.one/integration-api#tag/Referrals/operation/createReferralsForMultipleAdvocates
        """
        ...
