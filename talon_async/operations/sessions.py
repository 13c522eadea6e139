"""Customer sessions: the carts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async._endpoint import put

if TYPE_CHECKING:
    from datetime import datetime

    from talon_async.models import IntegrationRequest, IntegrationState, IntegrationStateV2, NewCustomerSession


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
        cancelling gives them back. An unknown profile is created. Calls for one session or one profile take turns.

        Args:
            customer_session_id: your ID of the session, of any length.
            body: the session, and in `response_content` what the answer shall hold besides the effects.
                `coupon_codes=[]` and `referral_code=""` discard what was given before; left out, they stay.
                At most 1000 items with 10,000 pieces in all.
            dry: evaluate only: nothing is stored, and only this request's content counts.
            now: a time in the future to evaluate at; needs `dry=True` and a time zone.
            idempotency_key: 1 to 255 visible characters, remembered for 24 hours; made if left out.

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
        Calls for one session or one profile take turns.

        Args:
            customer_session_id: your ID of the session.
            body: the session. `profile_id=""` makes it anonymous.
            dry: evaluate only, store nothing.

        See https://github.com/talon-one/talon_one.js/blob/v4.1.0/docs/IntegrationApi.md#updateCustomerSession
        """
        ...
