"""Operations on customer sessions, the carts of customers."""

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
        """Create or update a session, and return the effects of the rules.

        The effects of an answer replace those of earlier answers. Their order has no meaning. An invalid coupon or
        referral code leads to a `rejectCoupon` or `rejectReferral` effect, not to an error. Closing the session redeems
        its codes; cancelling it makes them usable again. A profile that does not exist is created. Calls for one
        session or profile are sent one after the other.

        Args:
            customer_session_id: your ID of the session, of any length.
            body: the session, and in `response_content` the parts of the answer in addition to the effects.
                `coupon_codes=[]` and `referral_code=""` remove the codes of earlier updates; fields that are left out
                keep them. A cart has at most 1000 items with 10,000 units in all.
            dry: only evaluate the rules, for the content of this request; the server stores nothing.
            now: a time in the future for the evaluation; needs `dry=True` and a time zone.
            idempotency_key: 1 to 255 visible ASCII characters, which the server remembers for 24 hours. The client
                makes a key by default.

        Raises:
            BadRequestError: an attribute is not defined, a value has the wrong type, or the change of state is not
                allowed.
            ParallelUpdateError: other requests kept updating the same session or profile during all attempts.

        See https://docs.talon.one/integration-api#tag/Customer-sessions/operation/updateCustomerSessionV2
        """
        ...

    @put("/v1/customer_sessions/{customer_session_id}", profile="body.profile_id", session="customer_session_id")
    async def update_customer_session(
        self, customer_session_id: str, body: NewCustomerSession, *, dry: bool | None = None
    ) -> IntegrationState:
        """Create or update a session with V1 of the API: one coupon, one referral, and the whole state as the answer.

        Talon.One no longer develops V1; use `update_customer_session_v2` in new code. The effects are in
        `event.effects`. V1 has no Idempotency-Key, so the client does not repeat the call after an unknown outcome.
        Calls for one session or profile are sent one after the other.

        Args:
            customer_session_id: your ID of the session.
            body: the session. `profile_id=""` makes it anonymous.
            dry: only evaluate the rules; the server stores nothing.

        See https://github.com/talon-one/talon_one.js/blob/v4.1.0/docs/IntegrationApi.md#updateCustomerSession
        """
        ...

    @get("/v2/customer_sessions/{customer_session_id}")
    async def get_customer_session(self, customer_session_id: str) -> IntegrationCustomerSessionResponse:
        """Return a session and its valid effects, without those that were rolled back.

        The answer to an update of the session includes the same data, so this call is seldom necessary.

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
        """Return some items of a closed session and roll back their effects. The session becomes `partially_returned`.

        To return all items, cancel the session with `update_customer_session_v2`.

        Args:
            customer_session_id: your ID of the session.
            body: the items, by position, SKU and quantity, and the parts of the answer in addition to the effects.
            dry: only evaluate the rules; the server stores nothing.
            run_rule_engine: evaluate the rest of the cart again, for campaigns with `reevaluate_on_return` that had an
                effect when the session was closed.
            idempotency_key: 1 to 255 visible ASCII characters, which the server remembers for 24 hours. The client
                makes a key by default.

        Raises:
            BadRequestError: the session is not closed, or it has no such item.

        See https://docs.talon.one/integration-api#tag/Customer-sessions/operation/returnCartItems
        """
        ...

    @put("/v2/customer_sessions/{customer_session_id}/reopen")
    async def reopen_customer_session(
        self, customer_session_id: str, *, idempotency_key: str | None = None
    ) -> ReopenSessionResponse:
        """Reopen a closed session to change the order. The answer holds the effects that were rolled back.

        Coupons, referrals, giveaways, free items, reservations, custom effects and attributes that the session granted
        are kept. Loyalty points are rolled back according to the return policy of the program, which may make the
        balance negative.

        Args:
            customer_session_id: your ID of the session.
            idempotency_key: 1 to 255 visible ASCII characters, which the server remembers for 24 hours. The client
                makes a key by default.

        Raises:
            BadRequestError: the session is not closed.

        See https://docs.talon.one/integration-api#tag/Customer-sessions/operation/reopenCustomerSession
        """
        ...
