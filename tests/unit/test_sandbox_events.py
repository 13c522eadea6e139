"""The sandbox's events outside of sessions: those of customers, and advanced ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.asking import SECRET, ask, content

from talon_async._codec import plain_of
from talon_async.errors import ConflictError, NotFoundError
from talon_async.models import (
    CustomerProfileIntegrationRequestV2,
    IntegrationEventV2Request,
    IntegrationEventV3Request,
    IntegrationRequest,
    NewCustomerSessionV2,
    NewReferral,
    ShowNotificationEffectProps,
)
from talon_async.testing import Sandbox, effect
from talon_async.testing._guards import Guard
from talon_async.testing._handler import Handler
from talon_async.testing._refusal import Refusal
from talon_async.testing.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.clock import FakeClock

HELLO = effect(ShowNotificationEffectProps(notification_type="Info", title="hello", body="you"), campaign_id=3)


@pytest.fixture
def world(clock: FakeClock) -> World:
    world = World(clock)
    world.rules.on_event.append(lambda _: [HELLO])
    return world


def event(**fields: Any) -> IntegrationEventV2Request:
    return IntegrationEventV2Request(**{"profile_id": "p", "type": "clicked", **fields})


def advanced(**fields: Any) -> IntegrationEventV3Request:
    return IntegrationEventV3Request(**{"profile_id": "p", "type": "paid", "integration_id": "e", **fields})


def closed(world: World, identifier: str = "s", state: Any = "closed") -> None:
    session = NewCustomerSessionV2(profile_id="p", state=state)
    world.update_customer_session_v2(identifier, IntegrationRequest(customer_session=session))


# -- version 2


def test_an_event_is_recorded_when_it_has_no_session(world: World) -> None:
    """A V2 event needs no session, and creates its customer. The answer is empty by default."""
    assert world.track_event_v2(event(attributes={"a": 1, "b": None}, store_integration_id="st")) is None
    (recorded,) = world.store.events.values()
    assert (recorded.profile_id, recorded.session_id, recorded.store_integration_id) == ("p", None, "st")
    assert (recorded.attributes, recorded.effects[0].name) == ({"a": 1}, "showNotification")
    assert (list(world.store.profiles), list(world.store.sessions)) == (["p"], [])


def test_the_effects_are_answered_when_an_event_is_not_silent(world: World) -> None:
    """An event that is not silent is answered with its effects, and with other parts only on request."""
    answer = world.track_event_v2(event(), silent=False)
    assert plain_of(answer).keys() == {"effects", "createdCoupons", "createdReferrals"}
    assert answer is not None
    assert [HELLO] == answer.effects


def test_an_answer_holds_all_parts_when_an_event_asks_for_them(world: World) -> None:
    """Each word of `responseContent` adds the field of its name to the answer."""
    world.add_achievement(1, "steps", 10)
    world.add_campaign(3, "greetings")
    words: list[Any] = [
        "customerProfile", "triggeredCampaigns", "loyalty", "event", "awardedGiveaways", "ruleFailureReasons",
        "campaignEligibility", "achievements",
    ]  # fmt: skip
    answer = world.track_event_v2(event(response_content=words), silent=False)
    assert {*words, "effects", "createdCoupons", "createdReferrals"} == plain_of(answer).keys()
    assert answer is not None
    assert [campaign.name for campaign in answer.triggered_campaigns] == ["greetings"]
    assert [achievement.name for achievement in answer.achievements] == ["steps"]


def test_nothing_is_stored_when_an_event_is_dry(world: World) -> None:
    """A dry event stores neither itself nor its customer."""
    assert world.track_event_v2(event(), dry=True, silent=False, force_complete_evaluation=True)
    assert not world.store.events
    assert not world.store.profiles


def test_the_customer_was_not_active_when_an_event_is_dry(world: World, clock: FakeClock) -> None:
    """The answer to a dry event shows the profile as it was, without a new activity."""
    world.track_event_v2(event())
    clock.time += 60
    answer = world.track_event_v2(event(response_content=["customerProfile"]), dry=True, silent=False)
    assert answer is not None
    assert answer.customer_profile == world.store.profiles["p"]


@pytest.mark.parametrize(
    ("fields", "options", "source"),
    [
        ({"profile_id": ""}, {}, {"pointer": "/profileId"}),
        ({"type": ""}, {}, {"pointer": "/type"}),
        ({"type": "talon_session_created"}, {}, {"pointer": "/type"}),
        ({"attributes": {"x": 1}}, {}, {"pointer": "/attributes/x"}),
        ({"loyalty_cards": ["a", "b"]}, {}, {"pointer": "/loyaltyCards"}),
        ({}, {"force_complete_evaluation": True}, {"parameter": "forceCompleteEvaluation"}),
    ],
)
def test_an_event_is_refused_when_it_is_not_as_documented(
    world: World, fields: dict[str, Any], options: dict[str, Any], source: dict[str, str]
) -> None:
    """Events of both versions are refused with a pointer to what is wrong.

    A complete evaluation is for dry requests only.
    """
    world.define_attributes("Event", "known")
    for track, body in ((world.track_event_v2, event), (world.track_event_v3, advanced)):
        with pytest.raises(Refusal) as refused:
            track(body(**fields), **options)
        assert (refused.value.status, refused.value.flaws[0].source) == (400, source)
    assert not world.store.profiles


async def test_an_event_is_recorded_once_when_its_key_comes_again(clock: FakeClock) -> None:
    """A V2 event whose key comes again is recorded once."""
    handler = Handler(Guard("k", "7", SECRET), clock)
    for _ in range(2):
        answer = await ask(handler, "POST", "/v2/events", {"profileId": "p", "type": "a"}, Idempotency_Key="one")
        assert (answer.status, answer.body) == (204, b"")
    assert len(handler.world.store.events) == 1


# -- version 3


def test_an_advanced_event_is_read_when_its_id_is_known(world: World) -> None:
    """An advanced event can be read under its ID, with the closed session that it refers to.

    Rules see that session as its own.
    """
    closed(world)
    seen: list[Any] = []
    world.rules.on_event.append(lambda one: seen.append(one) or [])
    world.track_event_v3(advanced(connected_session_id="s", attributes={"a": 1}))
    stored_event = world.get_event_v3("e")
    assert (stored_event.integration_id, stored_event.connected_session_id, stored_event.attributes) == (
        "e",
        "s",
        {"a": 1},
    )
    assert [(one.integration_id, one.session_id) for one in seen] == [("e", "s")]
    assert not world.store.events


def test_an_advanced_event_is_refused_when_its_id_is_taken(world: World) -> None:
    """An advanced event whose ID is taken is a 409, dry or not. A dry event does not take its ID."""
    world.track_event_v3(advanced(), dry=True)
    world.track_event_v3(advanced())
    for dry in (False, True):
        with pytest.raises(Refusal) as refused:
            world.track_event_v3(advanced(type="other"), dry=dry)
        assert refused.value.status == 409
    assert world.get_event_v3("e").type == "paid"


@pytest.mark.parametrize("session", ["unknown", "open", "cancelled"])
def test_an_advanced_event_is_refused_when_its_session_is_not_closed(world: World, session: str) -> None:
    """An advanced event whose connected session is not closed is refused, and its customer is not created."""
    closed(world, "open", "open")
    closed(world, "cancelled")
    closed(world, "cancelled", "cancelled")
    with pytest.raises(Refusal) as refused:
        world.track_event_v3(advanced(profile_id="q", connected_session_id=session))
    assert refused.value.flaws[0].source == {"pointer": "/connectedSessionId"}
    assert "q" not in world.store.profiles


def test_an_advanced_event_is_refused_when_it_has_no_id(world: World) -> None:
    """An advanced event without an ID is refused with a pointer to it."""
    with pytest.raises(Refusal) as refused:
        world.track_event_v3(advanced(integration_id=""))
    assert refused.value.flaws[0].source == {"pointer": "/integrationId"}


def test_an_advanced_event_is_shown_when_its_answer_shall_hold_it(world: World) -> None:
    """An answer can hold the advanced event itself, with its effects as lists."""
    answer = world.track_event_v3(advanced(response_content=["advancedEvent"]), silent=False)
    assert answer is not None
    assert world.get_event_v3("e") == answer.advanced_event
    assert plain_of(answer)["advancedEvent"]["effects"] == [[3, 3, 0, ["showNotification", "Info", "hello", "you"]]]


def test_events_lose_their_attributes_when_a_customer_is_forgotten(world: World) -> None:
    """Deleting a customer's data removes the attributes of their events, and of no other customer's."""
    for who in "pq":
        world.track_event_v2(event(profile_id=who, attributes={"a": 1}))
        world.track_event_v3(advanced(profile_id=who, integration_id=who, attributes={"a": 1}))
    world.update_customer_profile_v2("p", CustomerProfileIntegrationRequestV2())
    world.delete_customer_data("p")
    assert [one.attributes for one in world.store.events.values()] == [{}, {"a": 1}]
    assert [world.get_event_v3(who).attributes for who in "pq"] == [{}, {"a": 1}]


async def test_events_are_answered_when_a_client_tracks_them(client: Callable[..., Any]) -> None:
    """Both twins get no answer, the effects, or the documented error for an event."""
    with Sandbox() as sandbox:
        talon = client(sandbox.url, sandbox.api_key, strict=True)
        sandbox.on_event(lambda _: [HELLO])
        assert await talon.track_event_v2(event()) is None
        assert [HELLO] == (await talon.track_event_v2(event(), silent=False)).effects
        assert [HELLO] == (await talon.track_event_v3(advanced(), silent=False)).effects
        with pytest.raises(ConflictError):
            await talon.track_event_v3(advanced())
        assert (await talon.get_event_v3("e")).type == "paid"
        with pytest.raises(NotFoundError):
            await talon.get_event_v3("f")
        assert len(sandbox.events) == 2


async def test_the_status_is_the_documented_one_when_events_are_tracked(clock: FakeClock) -> None:
    """V2 and V3 events are answered with 200 or, if silent, with 204, and a taken ID is a 409."""
    handler = Handler(Guard("k", "7", SECRET), clock)
    body = {"profileId": "p", "type": "a", "integrationId": "e"}
    statuses = [
        (await ask(handler, method, target, given)).status
        for method, target, given in (
            ("POST", "/v2/events", {"profileId": "p", "type": "a"}),
            ("POST", "/v2/events?silent=no", {"profileId": "p", "type": "a"}),
            ("POST", "/v3/events?silent=no", body),
            ("POST", "/v3/events?silent=yes&dry=true", {**body, "integrationId": "f"}),
            ("GET", "/v3/events/e", None),
        )
    ]
    assert statuses == [204, 200, 200, 204, 200]
    conflict = await ask(handler, "POST", "/v3/events", body)
    assert (conflict.status, content(conflict)["StatusCode"]) == (409, 409)


def test_a_referral_code_is_kept_when_an_advanced_event_has_one(world: World) -> None:
    """An advanced event keeps its referral code, which is neither checked nor redeemed.

    The answer has the referral on request.
    """
    world.referral_campaigns[5] = None
    code = world.create_referral(NewReferral(campaign_id=5, advocate_profile_integration_id="jane")).code
    answer: Any = world.track_event_v3(advanced(referral_code=code, response_content=["referral"]), silent=False)
    assert (code, 0) == (answer.referral.code, answer.referral.usage_counter)
    assert code == world.get_event_v3("e").referral_code
    other: Any = world.track_event_v3(
        advanced(integration_id="f", referral_code="none", response_content=["referral"]), silent=False
    )
    assert (None, "none") == (other.referral, world.get_event_v3("f").referral_code)
    with pytest.raises(Refusal):
        world.track_event_v3(advanced(integration_id="g", referral_code="x" * 101))
