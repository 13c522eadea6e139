"""Events: what customers do besides filling a cart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async._endpoint import post

if TYPE_CHECKING:
    from talon_async.models import IntegrationState, NewEvent


class Events:
    """Operations on events."""

    @post("/v1/events", profile="body.profile_id", session="body.session_id")
    async def track_event(self, body: NewEvent, *, dry: bool | None = None) -> IntegrationState:
        """Record an event in a session, and learn what it led to.

        Session and profile are created if there are none; a session must stay with its profile. Every call records
        another event: once it may have reached the server it is never repeated by itself, and the error's `outcome`
        tells whether it may have been recorded. Calls for one session or one profile take turns. For many events see
        `track_events`.

        Args:
            body: the event; `session_id` is needed, `profile_id=""` is an anonymous customer.
            dry: evaluate only, store nothing.

        Raises:
            BadRequestError: an event type or attribute that is not defined, or a session of another profile.

        See https://github.com/talon-one/talon_one.js/blob/v4.1.0/docs/IntegrationApi.md#trackEvent
        """
        ...
