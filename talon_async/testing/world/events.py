"""Events: each is recorded, in a session that may be made for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async.models import Event, IntegrationState, NewEvent, evolve
from talon_async.testing._refusal import invalid
from talon_async.testing.world._effects import in_version_1
from talon_async.testing.world._ground import APPLICATION, Ground, merged
from talon_async.testing.world._store import Store, StoredSession
from talon_async.testing.world.sessions import in_version_1 as session_in_version_1

if TYPE_CHECKING:
    from talon_async.models import CustomerSessionV2

BUILT_IN = "talon_"
"""How the types begin that no event of a user may have."""


class Events(Ground):
    """The operation on events."""

    def track_event(self, body: NewEvent, *, dry: bool | None = None) -> IntegrationState:
        """Record an event; every call records another one."""
        if not body.session_id:
            raise invalid("/sessionId", "must not be empty")
        if not body.type or body.type.startswith(BUILT_IN):
            raise invalid("/type", f"{body.type!r} is a built-in type" if body.type else "must not be empty")
        self.check_attributes("Event", body.attributes, "/attributes")
        with self.change(dry) as store:
            session = self._session(store, body)
            profile = self.seen(store, session.profile_id, "/profileId")
            event = Event(
                id=self.new_id(),
                created=self.now(),
                application_id=APPLICATION,
                profile_id=session.profile_id,
                session_id=body.session_id,
                type=body.type,
                attributes=merged({}, body.attributes),
            )
            effects = [effect for rule in self.rules.on_event for effect in rule(event)]
            event = evolve(event, effects=in_version_1(effects)) if effects else event
            store.events[event.id or 0] = event
        return IntegrationState(session=session_in_version_1(session, effects), profile=profile, event=event)

    def _session(self, store: Store, body: NewEvent) -> CustomerSessionV2:
        known = store.sessions.get(body.session_id)
        owner = self.owner(known, body.profile_id, "/profileId")
        if known is not None and known.session.profile_id == owner:
            return known.session
        session = known.session if known else evolve(self.new_session(body.session_id), update_count=1)
        first = self.is_first(store, body.session_id, owner)
        session = evolve(session, profile_id=owner, first_session=first)
        store.sessions[body.session_id] = StoredSession(session, known.effects if known else ())
        return session
