"""Events: what customers do besides filling a cart."""

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
        """Record an event of a customer, and learn what it led to.

        A profile that does not exist is created, without a `customer_profile_created` event. The server answers with
        nothing unless `silent=False`. Calls for one profile are sent one after the other.

        Args:
            body: the event, and what the answer shall hold besides the effects; the API needs `profile_id`, though its
                document does not say so.
            silent: `False` asks for the effects; otherwise the answer is None.
            dry: evaluate only, store nothing.
            force_complete_evaluation: with `dry=True`, evaluate all rules whatever the settings of the campaigns say.
            idempotency_key: 1 to 255 visible characters, remembered for 24 hours; made if left out.

        Raises:
            BadRequestError: an event type or attribute that is not defined.
            ParallelUpdateError: others update the same profile all the time; it was repeated before.

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

        The server records one event under an ID and refuses a second one, so this is repeated after an unknown outcome.
        A `ConflictError` whose `outcome` is `unknown` then means that an earlier attempt was most likely recorded:
        `get_event_v3` tells. Calls for one profile are sent one after the other.

        The server stores a `referral_code`, but neither checks nor redeems it: only a rule does.

        Args:
            body: the event, with your ID of it in `integration_id`.
            silent: `True` asks for no answer, which is then None.
            dry: evaluate only, store nothing.
            force_complete_evaluation: with `dry=True`, evaluate all rules whatever the settings of the campaigns say.

        Raises:
            BadRequestError: an event type or attribute that is not defined, or the session is not closed.
            ConflictError: there is an event with this ID already, or a limit is reached.
            ParallelUpdateError: others update the same profile all the time; it was repeated before.

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
        """Record an event in a session, and learn what it led to.

        Session and profile are created if there are none; a session must stay with its profile. Every call records
        another event: once it may have reached the server it is never repeated by itself, and the error's `outcome`
        tells whether it may have been recorded.
        Calls for one session or one profile are sent one after the other. For many events see
        `track_events`.

        Args:
            body: the event; `session_id` is needed, `profile_id=""` is an anonymous customer.
            dry: evaluate only, store nothing.

        Raises:
            BadRequestError: an event type or attribute that is not defined, or a session of another profile.

        See https://github.com/talon-one/talon_one.js/blob/v4.1.0/docs/IntegrationApi.md#trackEvent
        """
        ...
