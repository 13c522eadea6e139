"""The sandbox's profiles and events: attributes, the inventory, deletion of data, recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from talon_async._codec import plain_of
from talon_async.models import (
    CartItem,
    CustomerProfileIntegrationRequestV2,
    IntegrationRequest,
    NewCustomerProfile,
    NewCustomerSessionV2,
    NewEvent,
    NewReferral,
    ProfileAudiencesChanges,
    ShowNotificationEffectProps,
)
from talon_async.testing import effect
from talon_async.testing._refusal import Refusal
from talon_async.testing.world import World

if TYPE_CHECKING:
    from support.clock import FakeClock

HELLO = effect(ShowNotificationEffectProps(notification_type="Info", title="hello", body="you"), campaign_id=3)


@pytest.fixture
def world(clock: FakeClock) -> World:
    return World(clock)


def attributes(world: World, identifier: str = "p") -> Any:
    return world.store.profiles[identifier].attributes


def event(**fields: Any) -> NewEvent:
    return NewEvent(**{"type": "clicked", "session_id": "s", "attributes": {}, **fields})


# -- profiles


def test_attributes_are_merged_when_a_profile_is_updated(world: World) -> None:
    """Both versions merge attributes into the same profile, and null deletes one."""
    world.update_customer_profile_v2("p", CustomerProfileIntegrationRequestV2(attributes={"a": 1, "b": 2}))
    world.update_customer_profile("p", NewCustomerProfile(attributes={"a": None, "c": 3}))
    assert attributes(world) == {"b": 2, "c": 3}


def test_no_rule_runs_when_a_profile_is_updated_without_asking(world: World) -> None:
    """An update of a profile without `run_rule_engine` has no effects, and no other part of the answer."""
    world.rules.on_profile.append(lambda _: [HELLO])
    request = CustomerProfileIntegrationRequestV2(response_content=["customerProfile"])
    answer = plain_of(world.update_customer_profile_v2("p", request))
    assert answer == {"effects": [], "createdCoupons": [], "createdReferrals": []}


def test_the_rules_run_when_a_profile_asks_for_them(world: World) -> None:
    """An update with `run_rule_engine` is answered with the effects and the parts asked for."""
    world.rules.on_profile.append(lambda _: [HELLO])
    request = CustomerProfileIntegrationRequestV2(response_content=["customerProfile"], attributes={"a": 1})
    answer = world.update_customer_profile_v2("p", request, run_rule_engine=True)
    assert [HELLO] == answer.effects
    assert answer.customer_profile is not None
    assert answer.customer_profile.attributes == {"a": 1}
    assert "event" not in plain_of(answer)


def test_the_rules_always_run_when_version_1_updates_a_profile(world: World) -> None:
    """The V1 update of a profile always runs the rules, and its event has the effects."""
    world.rules.on_profile.append(lambda _: [HELLO])
    answer = plain_of(world.update_customer_profile("p", NewCustomerProfile()))
    assert answer["event"]["effects"] == [[3, 3, 0, ["showNotification", "Info", "hello", "you"]]]


def test_nothing_is_stored_when_a_profile_update_is_dry(world: World) -> None:
    """A dry update stores no profile."""
    world.update_customer_profile("p", NewCustomerProfile(attributes={"a": 1}), dry=True)
    assert not world.store.profiles


def test_audiences_change_when_a_profile_says_so(world: World) -> None:
    """A profile joins and leaves audiences by ID."""
    for adds, deletes in ([1, 2], []), ([3], [1]):
        changes = ProfileAudiencesChanges(adds=adds, deletes=deletes)
        world.update_customer_profile_v2("p", CustomerProfileIntegrationRequestV2(audiences_changes=changes))
    assert [membership.id for membership in world.store.profiles["p"].audience_memberships] == [2, 3]


def test_a_profile_is_refused_when_its_id_is_too_long(world: World) -> None:
    """An ID of a profile has at most a thousand characters. The error names the parameter of the path."""
    world.update_customer_profile("x" * 1000, NewCustomerProfile())
    with pytest.raises(Refusal) as refused:
        world.update_customer_profile("x" * 1001, NewCustomerProfile())
    assert refused.value.flaws[0].source == {"parameter": "integrationId"}


def test_any_attribute_is_accepted_when_none_is_defined(world: World) -> None:
    """Any attribute is accepted while none is defined."""
    world.update_customer_profile("p", NewCustomerProfile(attributes={"anything": 1}))
    assert attributes(world) == {"anything": 1}


@pytest.mark.parametrize(
    ("entity", "act", "where"),
    [
        ("CustomerProfile", lambda w: w.update_customer_profile("p", NewCustomerProfile(attributes={"x": 1})), ""),
        ("Event", lambda w: w.track_event(event(attributes={"x": 1})), ""),
        (
            "Referral",
            lambda w: w.create_referral(
                NewReferral(campaign_id=1, advocate_profile_integration_id="p", attributes={"x": 1})
            ),
            "",
        ),
        (
            "CustomerSession",
            lambda w: w.update_customer_session_v2(
                "s", IntegrationRequest(customer_session=NewCustomerSessionV2(attributes={"x": 1}))
            ),
            "/customerSession",
        ),
        (
            "CartItem",
            lambda w: w.update_customer_session_v2(
                "s",
                IntegrationRequest(
                    customer_session=NewCustomerSessionV2(
                        cart_items=[CartItem(sku="a", quantity=1, attributes={"x": 1})]
                    )
                ),
            ),
            "/customerSession/cartItems/0",
        ),
    ],
)
def test_an_attribute_is_refused_when_others_are_defined(world: World, entity: Any, act: Any, where: str) -> None:
    """An undefined attribute is refused with a pointer to it, once others of its entity are defined."""
    world.referral_campaigns[1] = None
    world.define_attributes(entity, "known")
    with pytest.raises(Refusal) as refused:
        act(world)
    flaw = refused.value.flaws[0]
    assert (flaw.title, flaw.source) == ("Unknown", {"pointer": f"{where}/attributes/x"})
    world.define_attributes(entity, "x")
    act(world)


# -- the inventory, and forgetting


@pytest.mark.parametrize("part", ["profile", "referrals", "coupons", "loyalty", "giveaways", "achievements"])
def test_the_inventory_holds_a_part_when_it_is_asked_for(world: World, part: str) -> None:
    """The inventory has exactly the parts that are asked for."""
    world.update_customer_profile("p", NewCustomerProfile())
    assert {part} == set(plain_of(world.get_customer_inventory("p", **{part: True})))
    assert plain_of(world.get_customer_inventory("p", profile=False)) == {}


@pytest.mark.parametrize("operation", ["get_customer_inventory", "delete_customer_data"])
def test_a_customer_is_refused_when_they_are_unknown(world: World, operation: str) -> None:
    """An unknown customer is a 404."""
    with pytest.raises(Refusal) as refused:
        getattr(world, operation)("p")
    assert refused.value.status == 404


def test_attributes_are_gone_when_customer_data_is_deleted(world: World) -> None:
    """Deleting a customer's data removes the attributes of their profile, sessions, events and referrals.

    Carts and other customers stay as they are.
    """
    world.referral_campaigns[1] = None
    for name in "pq":
        world.update_customer_profile(name, NewCustomerProfile(attributes={"a": 1}))
        world.track_event(event(profile_id=name, session_id=name, attributes={"a": 1}))
        session = NewCustomerSessionV2(attributes={"a": 1}, cart_items=[CartItem(sku="x", quantity=1, price=2)])
        world.update_customer_session_v2(name, IntegrationRequest(customer_session=session))
        world.create_referral(NewReferral(campaign_id=1, advocate_profile_integration_id=name, attributes={"a": 1}))
    world.delete_customer_data("p")
    sessions = [world.store.sessions[name].session for name in "pq"]
    events, referrals = world.store.events.values(), world.store.referrals.values()
    assert [attributes(world, name) for name in "pq"] == [{}, {"a": 1}]
    assert [session.attributes for session in sessions] == [{}, {"a": 1}]
    assert [one.attributes for one in events] == [{}, {"a": 1}]
    assert [referral.attributes for referral in referrals] == [{}, {"a": 1}]
    assert sessions[0].total == 2


# -- events


def test_an_event_is_recorded_when_it_is_tracked(world: World) -> None:
    """Each call records another event, and creates the session and the profile."""
    first = world.track_event(event(profile_id="p", attributes={"a": 1}))
    second = world.track_event(event(profile_id="p"))
    assert first.event is not None
    assert second.event is not None
    assert first.event.id != second.event.id
    assert [one.attributes for one in world.store.events.values()] == [{"a": 1}, {}]
    assert first.session is not None
    assert (first.session.integration_id, first.session.state, first.session.profile_id) == ("s", "open", "p")
    assert "p" in world.store.profiles


@pytest.mark.parametrize("nobody", [{}, {"profile_id": ""}])
def test_an_event_has_no_profile_when_it_is_anonymous(world: World, nobody: dict[str, str]) -> None:
    """An event without a profile ID has no profile, and none is created."""
    assert world.track_event(event(**nobody)).profile is None
    assert not world.store.profiles


def test_an_event_belongs_to_the_sessions_profile_when_it_names_none(world: World) -> None:
    """An event without a profile ID belongs to the profile of its session."""
    world.track_event(event(profile_id="p"))
    tracked = world.track_event(event()).event
    assert tracked is not None
    assert tracked.profile_id == "p"


def test_an_event_is_refused_when_the_session_belongs_to_another_profile(world: World) -> None:
    """A session stays with its profile: an event of another profile is refused and not recorded."""
    world.track_event(event(profile_id="p"))
    with pytest.raises(Refusal) as refused:
        world.track_event(event(profile_id="q"))
    assert refused.value.flaws[0].source == {"pointer": "/profileId"}
    assert len(world.store.events) == 1
    assert "q" not in world.store.profiles


@pytest.mark.parametrize(
    ("fields", "where"),
    [({"type": ""}, "/type"), ({"type": "talon_session_created"}, "/type"), ({"session_id": ""}, "/sessionId")],
)
def test_an_event_is_refused_when_its_type_or_session_is_missing(
    world: World, fields: dict[str, str], where: str
) -> None:
    """An event needs a session and a type that is not the API's own."""
    with pytest.raises(Refusal) as refused:
        world.track_event(event(**fields))
    assert refused.value.flaws[0].source == {"pointer": where}


def test_nothing_is_recorded_when_an_event_is_dry(world: World) -> None:
    """A dry event stores neither itself nor its session and profile."""
    assert world.track_event(event(profile_id="p"), dry=True).event is not None
    assert [] == [*world.store.events, *world.store.sessions, *world.store.profiles]


def test_effects_are_lists_when_an_event_leads_to_them(world: World) -> None:
    """The effects of a V1 event are lists of campaign, ruleset, rule, and the name with its arguments."""
    world.rules.on_event.append(lambda one: [HELLO] if one.type == "clicked" else [])
    assert plain_of(world.track_event(event()))["event"]["effects"] == [
        [3, 3, 0, ["showNotification", "Info", "hello", "you"]]
    ]
    assert plain_of(world.track_event(event(type="other")))["event"]["effects"] == []


def test_nothing_is_stored_when_a_rule_of_the_user_fails(world: World) -> None:
    """An update whose rule raises stores nothing."""

    def fails(_: Any) -> Any:
        raise RuntimeError("the user's mistake")

    world.rules.on_event.append(fails)
    with pytest.raises(RuntimeError):
        world.track_event(event(profile_id="p"))
    assert [] == [*world.store.events, *world.store.sessions, *world.store.profiles]
