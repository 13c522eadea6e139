"""Events: each is recorded, in a session that may be made for it, for a customer, or under an ID of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_async.models import (
    Event,
    EventV3,
    IntegrationEventV2Response,
    IntegrationEventV3Response,
    IntegrationState,
    NewEvent,
    evolve,
)
from talon_async.testing._refusal import Refusal, invalid, misused, unknown
from talon_async.testing.world import achievements
from talon_async.testing.world._effects import answer, in_version_1, rule_failure_reasons, triggered_campaigns
from talon_async.testing.world._ground import APPLICATION, merged
from talon_async.testing.world._store import Store, StoredSession, recast
from talon_async.testing.world.loyalty import unlocks
from talon_async.testing.world.loyalty.ledgers import Ledgers
from talon_async.testing.world.sessions import in_version_1 as session_in_version_1

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_async.models import CustomerSessionV2, Effect, IntegrationEventV2Request, IntegrationEventV3Request

BUILT_IN = "talon_"
"""How the types begin that no event of a user may have."""
LONGEST_CODE = 100


class Events(Ledgers):
    """The operations on events."""

    def track_event(self, body: NewEvent, *, dry: bool | None = None) -> IntegrationState:
        """Record an event; every call records another one."""
        if not body.session_id:
            raise invalid("/sessionId", "must not be empty")
        self._check_event(body.type, body.attributes)
        with self.change(dry) as store:
            session = self._session(store, body)
            self.seen(store, session.profile_id, "/profileId")
            event, effects = self._tracked(store, body, session_id=body.session_id, profile_id=session.profile_id)
            store.events[event.id or 0] = event
        profile = store.profiles.get(session.profile_id or "")
        return IntegrationState(session=session_in_version_1(session, effects), profile=profile, event=event)

    def track_event_v2(
        self,
        body: IntegrationEventV2Request,
        *,
        silent: bool | None = None,
        dry: bool | None = None,
        force_complete_evaluation: bool | None = None,
    ) -> IntegrationEventV2Response | None:
        """Record an event of a customer; the answer comes only when asked for."""
        self._check_request(body, dry, force_complete_evaluation)
        with self.change(dry) as store:
            self._who(store, body.profile_id, dry)
            event, effects = self._tracked(store, body)
            store.events[event.id or 0] = event
        if silent is not False:
            return None
        parts = {**self._parts(store, body, effects), "event": lambda: event}
        return answer(IntegrationEventV2Response, _always(effects), parts, body.response_content or ())

    def track_event_v3(
        self,
        body: IntegrationEventV3Request,
        *,
        silent: bool | None = None,
        dry: bool | None = None,
        force_complete_evaluation: bool | None = None,
    ) -> IntegrationEventV3Response | None:
        """Record an advanced event, once under its ID; rules see its connected session as its session."""
        self._check_request(body, dry, force_complete_evaluation)
        if not body.integration_id:
            raise invalid("/integrationId", "must not be empty")
        if len(body.referral_code or "") > LONGEST_CODE:
            raise invalid("/referralCode", f"at most {LONGEST_CODE} characters")
        with self.change(dry) as store:
            if body.integration_id in store.advanced_events:
                raise Refusal(409, "An advanced event with this integrationId exists already")
            if body.connected_session_id is not None:
                session = store.sessions.get(body.connected_session_id)
                if session is None or session.session.state != "closed":
                    raise invalid("/connectedSessionId", "is not a closed session")
            self._who(store, body.profile_id, dry)
            event, effects = self._tracked(store, body, session_id=body.connected_session_id)
            advanced = recast(
                event, EventV3, connected_session_id=body.connected_session_id, referral_code=body.referral_code
            )
            store.advanced_events[body.integration_id] = advanced
        if silent is not False:
            return None
        parts = {
            **self._parts(store, body, effects),
            "advanced_event": lambda: advanced,
            "referral": lambda: store.referrals.get(body.referral_code or ""),
        }
        return answer(IntegrationEventV3Response, _always(effects), parts, body.response_content or ())

    def get_event_v3(self, integration_id: str) -> EventV3:
        """Tell an advanced event."""
        if (known := self.store.advanced_events.get(integration_id)) is None:
            raise unknown("advanced event")
        return known

    def _check_event(self, kind: str, attributes: Mapping[str, Any] | None) -> None:
        if not kind or kind.startswith(BUILT_IN):
            raise invalid("/type", f"{kind!r} is a built-in type" if kind else "must not be empty")
        self.check_attributes("Event", attributes, "/attributes")

    def _check_request(
        self, body: IntegrationEventV2Request | IntegrationEventV3Request, dry: bool | None, force: bool | None
    ) -> None:
        if force and not dry:
            raise misused("forceCompleteEvaluation", "needs dry=true")
        if not body.profile_id:
            raise invalid("/profileId", "must not be empty")
        if len(body.loyalty_cards or ()) > 1:
            raise invalid("/loyaltyCards", "at most 1 card")
        self._check_event(body.type, body.attributes)

    def _who(self, store: Store, profile_id: str, dry: bool | None) -> None:
        """Make the customer of an event, or note what they did."""
        profile = self.profile(store, profile_id, "/profileId")
        store.profiles[profile_id] = profile if dry else evolve(profile, last_activity=self.now())

    def _tracked(
        self, store: Store, body: NewEvent | IntegrationEventV2Request | IntegrationEventV3Request, **more: Any
    ) -> tuple[Event, list[Effect]]:
        """Return an event with the effects that rules have on it, after they have happened."""
        event = recast(
            body,
            Event,
            id=self.new_id(),
            created=self.now(),
            application_id=APPLICATION,
            attributes=merged({}, body.attributes),
            **more,
        )
        profile_id = event.profile_id or ""
        rewards = None if isinstance(body, NewEvent) else body.reward_integration_ids
        effects = unlocks.used(store, rewards, profile_id)
        effects += self.identified(effect for rule in self.rules.on_event for effect in rule(event))
        achievements.count(store, effects, profile_id, self.now(), 1)
        unlocks.count(store, effects, profile_id, self.now(), 1)
        self.move_points(store, effects, profile_id, 1, event.session_id)
        return (evolve(event, effects=in_version_1(effects)) if effects else event), effects

    def _parts(
        self,
        store: Store,
        body: IntegrationEventV2Request | IntegrationEventV3Request,
        effects: Sequence[Effect],
    ) -> dict[str, Callable[[], Any]]:
        profile_id = body.profile_id
        return {
            "customer_profile": lambda: store.profiles.get(profile_id),
            "loyalty": lambda: self.loyalty(store, profile_id, body.loyalty_cards or ()),
            "triggered_campaigns": lambda: triggered_campaigns(effects, store.campaigns),
            "rule_failure_reasons": lambda: rule_failure_reasons(effects),
            "campaign_eligibility": list,
            "awarded_giveaways": list,
            "achievements": lambda: achievements.customer_achievements(store, profile_id, self.now()),
            "rewards": lambda: unlocks.with_unlocks(store, profile_id),
        }

    def _session(self, store: Store, body: NewEvent) -> CustomerSessionV2:
        known = store.sessions.get(body.session_id)
        owner = self.owner(known, body.profile_id, "/profileId")
        if known is not None and known.session.profile_id == owner:
            return known.session
        session = known.session if known else evolve(self.new_session(body.session_id), update_count=1)
        first = self.is_first(store, body.session_id, owner)
        session = evolve(session, profile_id=owner, first_session=first)
        store.sessions[body.session_id] = evolve(known, session=session) if known else StoredSession(session)
        return session


def _always(effects: Sequence[Effect]) -> dict[str, Any]:
    return {"effects": effects, "created_coupons": [], "created_referrals": []}
