"""Customer sessions: the carts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async._endpoint import get, post, put

if TYPE_CHECKING:
    from datetime import datetime

    from talon_async.models import (
        IntegrationCustomerSessionResponse,
        IntegrationRequest,
        IntegrationState,
        IntegrationStateV2,
        NewCustomerSession,
        ReopenSessionResponse,
        ReturnIntegrationRequest,
    )


class Sessions:
    """Operations on customer sessions."""

    @put(
        "/v2/customer_sessions/{customer_session_id}",
        profile="body.customer_session.profile_id",
        session="customer_session_id",
    )
    async def update_customer_session_v2(
        self,
        customer_session_id: str,
        body: IntegrationRequest,
        *,
        dry: bool | None = None,
        now: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> IntegrationStateV2:
        """Create or update a session and learn the effects that its cart, coupons and profile have.

        The effects of an answer replace those of earlier ones; their order means nothing. A coupon or referral that is
        not valid is a `rejectCoupon` or `rejectReferral` effect, not an error. Closing the session redeems its codes;
        cancelling gives them back. An unknown profile is created.
        Calls for one session or one profile are sent one after the other.

        Args:
            customer_session_id: your ID of the session, of any length.
            body: the session, and in `response_content` what the answer shall hold besides the effects.
                `coupon_codes=[]` and `referral_code=""` discard what was given before; left out, they stay.
                At most 1000 items with 10,000 pieces in all.
            dry: evaluate only: nothing is stored, and only this request's content counts.
            now: a time in the future to evaluate at; needs `dry=True` and a time zone.
            idempotency_key: 1 to 255 visible ASCII characters, which the server remembers for 24 hours. The client
                makes a key by default.

        Raises:
            BadRequestError: unknown attributes, wrong types, a transition of state that is not possible.
            ParallelUpdateError: others update the same session or profile all the time; it was repeated before.

        See https://docs.talon.one/integration-api#tag/Customer-sessions/operation/updateCustomerSessionV2
        """
        ...

    @put("/v1/customer_sessions/{customer_session_id}", profile="body.profile_id", session="customer_session_id")
    async def update_customer_session(
        self, customer_session_id: str, body: NewCustomerSession, *, dry: bool | None = None
    ) -> IntegrationState:
        """Create or update a session the V1 way: one coupon, one referral, and the whole state as answer.

        The vendor keeps it running but no longer develops it; new code takes `update_customer_session_v2`. The effects
        are in `event.effects`. There is no Idempotency-Key: after an unknown outcome it is not repeated by itself.
        Calls for one session or one profile are sent one after the other.

        Args:
            customer_session_id: your ID of the session.
            body: the session. `profile_id=""` makes it anonymous.
            dry: only evaluate the rules; the server stores nothing.

        See https://github.com/talon-one/talon_one.js/blob/v4.1.0/docs/IntegrationApi.md#updateCustomerSession
        """
        ...

    @get("/v2/customer_sessions/{customer_session_id}")
    async def get_customer_session(self, customer_session_id: str) -> IntegrationCustomerSessionResponse:
        """Read a session and the effects that are still valid: what was rolled back is left out.

        An update answers with the same and more, so this is seldom worth a request of its own.

        Args:
            customer_session_id: your ID of the session.

        Raises:
            APIError: there is no such session; the API does not say with which status.

        See https://docs.talon.one/integration-api#tag/Customer-sessions/operation/getCustomerSession
        """
        ...

    @post("/v2/customer_sessions/{customer_session_id}/returns")
    async def return_cart_items(
        self,
        customer_session_id: str,
        body: ReturnIntegrationRequest,
        *,
        dry: bool | None = None,
        run_rule_engine: bool | None = None,
        idempotency_key: str | None = None,
    ) -> IntegrationStateV2:
        """Take back some of the items of a closed session, with the effects they had; it is then partially returned.

        To take back everything, cancel the session with `update_customer_session_v2`.

        Args:
            customer_session_id: your ID of the session.
            body: which items, by position, SKU and quantity, and what the answer shall hold besides the effects.
            dry: only evaluate the rules; the server stores nothing.
            run_rule_engine: evaluate the rest of the cart anew, for campaigns with `reevaluate_on_return` that had an
                effect when the session was closed.
            idempotency_key: 1 to 255 visible ASCII characters, which the server remembers for 24 hours. The client
                makes a key by default.

        Raises:
            BadRequestError: the session is not closed, or there is no such item in it.

        See https://docs.talon.one/integration-api#tag/Customer-sessions/operation/returnCartItems
        """
        ...

    @put("/v2/customer_sessions/{customer_session_id}/reopen")
    async def reopen_customer_session(
        self, customer_session_id: str, *, idempotency_key: str | None = None
    ) -> ReopenSessionResponse:
        """Make a closed session open again, to change the order; the answer holds what was rolled back.

        Coupons, referrals, giveaways, free items, reservations, custom effects and attributes that the session gave
        stay given. Loyalty points go back as the program's return policy says, if need be below zero.

        Args:
            customer_session_id: your ID of the session.
            idempotency_key: 1 to 255 visible ASCII characters, which the server remembers for 24 hours. The client
                makes a key by default.

        Raises:
            BadRequestError: the session is not closed.

        See https://docs.talon.one/integration-api#tag/Customer-sessions/operation/reopenCustomerSession
        """
        ...
