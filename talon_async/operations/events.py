"""Operations on events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async._endpoint import get, post
from talon_async._messages import Idempotency

if TYPE_CHECKING:
    from talon_async._endpoint import YesNo
    from talon_async.models import (
        EventV3,
        IntegrationEventV2Request,
        IntegrationEventV2Response,
        IntegrationEventV3Request,
        IntegrationEventV3Response,
        IntegrationState,
        NewEvent,
    )


class Events:
    """Operations on events."""

    @post("/v2/events", profile="body.profile_id")
    async def track_event_v2(
        self,
        body: IntegrationEventV2Request,
        *,
        silent: YesNo | None = None,
        dry: bool | None = None,
        force_complete_evaluation: bool | None = None,
        idempotency_key: str | None = None,
    ) -> IntegrationEventV2Response | None:
        """Record an event of a customer, and return the effects of the rules.

        A profile that does not exist is created, without a `customer_profile_created` event. The server sends no
        answer unless `silent=False`. Calls for one profile are sent one after the other.

        Args:
            body: the event, and the parts of the answer in addition to the effects. `profile_id` is required, although
                the schema of the API does not say so.
            silent: `False` asks for the effects; otherwise the method returns None.
            dry: only evaluate the rules; the server stores nothing.
            force_complete_evaluation: with `dry=True`, evaluate all rules, regardless of the settings of the campaigns.
            idempotency_key: 1 to 255 visible ASCII characters, which the server remembers for 24 hours. The client
                makes a key by default.

        Raises:
            BadRequestError: the event type or an attribute is not defined.
            ParallelUpdateError: other requests kept updating the same profile during all attempts.

        See https://docs.talon.one/integration-api#tag/Events/operation/trackEventV2
        """
        ...

    @post("/v3/events", profile="body.profile_id", idempotency=Idempotency.UNIQUE)
    async def track_event_v3(
        self,
        body: IntegrationEventV3Request,
        *,
        silent: YesNo | None = None,
        dry: bool | None = None,
        force_complete_evaluation: bool | None = None,
    ) -> IntegrationEventV3Response | None:
        """Record an advanced event, which has an ID of yours and may refer to a closed session.

        The server refuses a second event with the same ID, so the client repeats the call after an unknown outcome. A
        `ConflictError` whose `outcome` is `unknown` then means that an earlier attempt was most likely recorded; call
        `get_event_v3` to be sure. Calls for one profile are sent one after the other.

        The server stores a `referral_code`, but neither checks nor redeems it. Only a rule can do that.

        Args:
            body: the event, with your ID of the event in `integration_id`.
            silent: `False` asks for the effects; otherwise the server may answer with nothing, which reads as None.
            dry: only evaluate the rules; the server stores nothing.
            force_complete_evaluation: with `dry=True`, evaluate all rules, regardless of the settings of the campaigns.

        Raises:
            BadRequestError: the event type or an attribute is not defined, or the session is not closed.
            ConflictError: there is an event with this ID already, or a limit is reached.
            ParallelUpdateError: other requests kept updating the same profile during all attempts.

        See https://docs.talon.one/integration-api#tag/Events/operation/trackEventV3
        """
        ...

    @get("/v3/events/{integration_id}")
    async def get_event_v3(self, integration_id: str) -> EventV3:
        """Read an advanced event.

        Args:
            integration_id: your ID of the event.

        Raises:
            NotFoundError: there is no such event.

        See https://docs.talon.one/integration-api#tag/Events/operation/getEventV3
        """
        ...

    @post("/v1/events", profile="body.profile_id", session="body.session_id")
    async def track_event(self, body: NewEvent, *, dry: bool | None = None) -> IntegrationState:
        """Record an event in a session, and return the effects of the rules.

        The session and the profile are created if they do not exist. A session cannot change its profile. Every call
        records another event, so the client never repeats a call that may have reached the server. The `outcome` of the
        error tells whether the event may have been recorded. Calls for one session or profile are sent one after the
        other. For many events see `track_events`.

        Args:
            body: the event. `session_id` is required. `profile_id=""` means an anonymous customer.
            dry: only evaluate the rules; the server stores nothing.

        Raises:
            BadRequestError: the event type or an attribute is not defined, or a session of another profile.

        See https://github.com/talon-one/talon_one.js/blob/v4.1.0/docs/IntegrationApi.md#trackEvent
        """
        ...
