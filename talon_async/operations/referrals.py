"""Referrals: codes with which customers bring friends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async._endpoint import post

if TYPE_CHECKING:
    from talon_async.models import NewReferral, Referral


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
