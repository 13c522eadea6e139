"""The sandbox's sessions: states, content, totals and owners, in both versions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from talon_async._codec import plain_of
from talon_async.models import (
    AdditionalCost,
    CartItem,
    IntegrationRequest,
    IntegrationStateV2,
    NewCustomerSession,
    NewCustomerSessionV2,
    NewEvent,
    ShowNotificationEffectProps,
    evolve,
)
from talon_async.testing import effect
from talon_async.testing._refusal import Refusal
from talon_async.testing.world import World
from talon_async.testing.world._store import StoredSession

if TYPE_CHECKING:
    from support.clock import FakeClock

SHOE = CartItem(sku="shoe", quantity=1, price=30.0)


@pytest.fixture
def world(clock: FakeClock) -> World:
    return World(clock)


def put(
    world: World, identifier: str = "s", *, asked: Any = None, dry: bool = False, **fields: Any
) -> IntegrationStateV2:
    request = IntegrationRequest(customer_session=NewCustomerSessionV2(**fields), response_content=asked)
    return world.update_customer_session_v2(identifier, request, dry=dry)


def stored(world: World, identifier: str = "s") -> Any:
    return world.store.sessions[identifier].session


def pointer(refused: pytest.ExceptionInfo[Refusal]) -> Any:
    assert refused.value.status == 400
    return refused.value.flaws[0].source.get("pointer", refused.value.flaws[0].source.get("parameter"))


def in_state(world: World, state: str) -> None:
    put(world, state="open")
    if state == "partially_returned":
        # no update leads there
        world.store.sessions["s"] = StoredSession(evolve(stored(world), state="partially_returned"))
    elif state != "open":
        put(world, state=state)


@pytest.mark.parametrize("after", ["open", "closed", "cancelled"])
def test_an_open_session_moves_on_when_an_update_says_so(world: World, after: str) -> None:
    """An open session can stay open, be closed, or be cancelled."""
    in_state(world, "open")
    put(world, state=after)
    assert after == stored(world).state


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("open", "partially_returned"),
        ("closed", "open"),
        ("closed", "partially_returned"),
        ("cancelled", "open"),
        ("cancelled", "closed"),
        ("partially_returned", "open"),
        ("partially_returned", "closed"),
    ],
)
def test_a_session_is_refused_when_its_state_cannot_change_so(world: World, before: str, after: str) -> None:
    """A change of state that updates cannot make is refused with a pointer to the state."""
    in_state(world, before)
    with pytest.raises(Refusal) as refused:
        put(world, state=after)
    assert pointer(refused) == "/customerSession/state"
    assert before == stored(world).state


@pytest.mark.parametrize("state", ["cancelled", "partially_returned"])
def test_a_new_session_is_refused_when_it_starts_at_its_end(world: World, state: str) -> None:
    """A new session is open or closed. Any other state is refused."""
    with pytest.raises(Refusal) as refused:
        put(world, state=state)
    assert pointer(refused) == "/customerSession/state"


@pytest.mark.parametrize("before", ["closed", "partially_returned"])
def test_an_order_can_be_cancelled_when_it_was_closed(world: World, before: str) -> None:
    """A closed session can be cancelled, also after a partial return."""
    in_state(world, before)
    put(world, state="cancelled")
    assert stored(world).state == "cancelled"


def test_the_state_stays_when_an_update_leaves_it_out(world: World) -> None:
    """An update without a state leaves the state as it is."""
    put(world, state="closed")
    put(world)
    assert stored(world).state == "closed"


def test_a_closed_session_is_refused_when_its_cart_would_change(world: World) -> None:
    """The cart of a closed session cannot change."""
    put(world, state="closed", cart_items=[SHOE])
    with pytest.raises(Refusal) as refused:
        put(world, state="closed", cart_items=[])
    assert pointer(refused) == "/customerSession/state"


def test_a_close_changes_nothing_when_it_is_repeated(world: World) -> None:
    """Closing a session again gives the same answer and changes nothing."""
    first = put(world, state="closed", profile_id="p", cart_items=[SHOE])
    again = put(world, state="closed", profile_id="p", cart_items=[SHOE])
    assert first.effects == again.effects
    assert world.store.profiles["p"].closed_sessions == 1
    assert stored(world).update_count == 1


def test_the_profile_counts_its_orders_when_sessions_close(world: World) -> None:
    """A profile counts its closed sessions and their totals, without cancelled ones."""
    put(world, "a", state="closed", profile_id="p", cart_items=[SHOE])
    put(world, "b", state="closed", profile_id="p", cart_items=[SHOE, SHOE])
    put(world, "a", state="cancelled")
    profile = world.store.profiles["p"]
    assert (profile.closed_sessions, profile.total_sales) == (1, 60)


def test_the_totals_add_up_when_there_are_costs_beside_the_goods(world: World) -> None:
    """The totals are sums of items by quantity, of costs of each unit, and of costs of the session."""
    item = CartItem(sku="a", quantity=2, price=10.1, additional_costs={"wrap": AdditionalCost(price=1)})
    put(world, cart_items=[item, SHOE], additional_costs={"shipping": AdditionalCost(price=5)})
    session = stored(world)
    totals = (session.cart_item_total, session.cart_item_additional_cost_total, session.additional_cost_total)
    assert totals == (50.2, 2, 5)
    assert session.total == 57.2


def test_what_is_left_out_stays_when_a_session_is_updated(world: World) -> None:
    """Codes, carts and identifiers that an update leaves out are kept."""
    put(world, coupon_codes=["A"], referral_code="R", cart_items=[SHOE], identifiers=["i"])
    put(world, state="closed")
    session = stored(world)
    assert (list(session.coupon_codes), session.referral_code, session.total) == (["A"], "R", 30)
    assert list(session.identifiers) == ["i"]


def test_codes_are_discarded_when_they_are_given_empty(world: World) -> None:
    """An empty list or text discards the codes of a session."""
    put(world, coupon_codes=["A"], referral_code="R")
    put(world, coupon_codes=[], referral_code="")
    assert (list(stored(world).coupon_codes), stored(world).referral_code) == ([], "")


def test_attributes_are_merged_when_a_session_is_updated(world: World) -> None:
    """An attribute that is null is deleted, and attributes that are left out stay."""
    put(world, attributes={"a": 1, "b": 2})
    put(world, attributes={"a": None, "c": 3})
    assert stored(world).attributes == {"b": 2, "c": 3}


def test_cart_items_have_their_position_when_they_are_answered(world: World) -> None:
    """The cart items of an answer have their position and their remaining quantity."""
    shown = put(world, asked=["customerSession"], cart_items=[SHOE, CartItem(sku="b", quantity=3)]).customer_session
    assert shown is not None
    assert [(item.position, item.remaining_quantity) for item in shown.cart_items] == [(0, 1), (1, 3)]


def test_updates_are_counted_when_a_session_is_updated(world: World) -> None:
    """The `update_count` of a session is 1 when it is new, and grows with each update."""
    put(world)
    put(world)
    assert stored(world).update_count == 2


def test_the_first_session_says_so_when_a_profile_has_several(world: World) -> None:
    """The first session of a profile says so in every answer. Every anonymous session does."""
    put(world, "a", profile_id="p")
    put(world, "b", profile_id="p")
    put(world, "a")
    put(world, "c", profile_id="")
    put(world, "d", profile_id="")
    assert [stored(world, name).first_session for name in "abcd"] == [True, False, True, True]


@pytest.mark.parametrize("nobody", [{}, {"profile_id": ""}])
def test_a_session_is_anonymous_when_no_profile_is_named(world: World, nobody: dict[str, str]) -> None:
    """A session without a profile ID has an empty one, and no profile is created."""
    put(world, **nobody)
    assert stored(world).profile_id == ""
    assert not world.store.profiles


@pytest.mark.parametrize("other", ["q", ""])
def test_a_session_is_refused_when_another_profile_claims_it(world: World, other: str) -> None:
    """A session that belongs to a profile cannot be given to another one."""
    put(world, profile_id="p")
    with pytest.raises(Refusal) as refused:
        put(world, profile_id=other)
    assert pointer(refused) == "/customerSession/profileId"


def test_an_anonymous_session_gets_a_profile_when_the_customer_logs_in(world: World) -> None:
    """An anonymous session can be given to a profile."""
    put(world, cart_items=[SHOE])
    put(world, profile_id="p")
    assert (stored(world).profile_id, stored(world).total) == ("p", 30)


def test_nothing_is_stored_when_an_update_is_dry(world: World) -> None:
    """A dry update stores neither the session nor the profile."""
    put(world, dry=True, profile_id="p", state="closed", cart_items=[SHOE])
    assert not world.store.sessions
    assert not world.store.profiles


def test_only_the_request_counts_when_an_update_is_dry(world: World) -> None:
    """A dry update is evaluated alone, without what earlier updates have put into the session."""
    put(world, cart_items=[SHOE], coupon_codes=["NOPE"])
    shown = put(world, dry=True, asked=["customerSession"]).customer_session
    assert shown is not None
    assert (shown.total, list(shown.coupon_codes)) == (0, [])
    assert stored(world).total == 30


def test_a_closed_session_is_evaluated_anew_when_the_update_is_dry(world: World) -> None:
    """A dry update of a closed session is evaluated with its own payload, and not refused."""
    put(world, state="closed", cart_items=[SHOE])
    shown = put(world, dry=True, asked=["customerSession"], cart_items=[SHOE, SHOE]).customer_session
    assert shown is not None
    assert shown.total == 60


def test_now_is_refused_when_the_update_is_not_dry(world: World, clock: FakeClock) -> None:
    """`now` is accepted only in dry updates, and only if it lies ahead."""
    request = IntegrationRequest(customer_session=NewCustomerSessionV2())
    for dry, time in ((False, clock.now() + timedelta(days=1)), (True, datetime(2020, 1, 1, tzinfo=UTC))):
        with pytest.raises(Refusal) as refused:
            world.update_customer_session_v2("s", request, dry=dry, now=time)
        assert pointer(refused) == "now"


def test_an_answer_holds_what_was_asked_for_when_it_is_written(world: World) -> None:
    """An answer always has three lists, and other parts only on request."""
    always = {"effects", "createdCoupons", "createdReferrals"}
    assert always == set(plain_of(put(world)))
    content_words = ["customerSession", "coupons", "loyalty", "event", "triggeredCampaigns", "ruleFailureReasons"]
    assert always | set(content_words) == set(plain_of(put(world, asked=content_words)))


def test_rules_of_the_user_add_effects_when_a_session_is_updated(world: World) -> None:
    """Rules see the session as it is stored, and add effects. A cancelled session triggers none."""
    seen: list[Any] = []

    def greet(session: Any) -> Any:
        seen.append(session.total)
        yield effect(ShowNotificationEffectProps(notification_type="Info", title="hello", body=""))

    world.rules.on_session.append(greet)
    effects = put(world, cart_items=[SHOE]).effects
    assert [one.effect_type for one in effects] == ["showNotification"]
    assert put(world, state="cancelled").effects == ()
    assert seen == [30]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"cart_items": [CartItem(sku="a", quantity=0)]}, "cartItems/0/quantity"),
        ({"cart_items": [CartItem(sku="a", quantity=1)] * 1001}, "cartItems"),
        ({"cart_items": [CartItem(sku="a", quantity=10_001)]}, "cartItems"),
        ({"identifiers": list("abcdef")}, "identifiers"),
        ({"loyalty_cards": ["a", "b"]}, "loyaltyCards"),
        ({"coupon_codes": ["x" * 101]}, "couponCodes"),
        ({"referral_code": "x" * 101}, "referralCode"),
        ({"profile_id": "x" * 1001}, "profileId"),
    ],
)
def test_a_session_is_refused_when_it_is_beyond_a_limit(world: World, fields: dict[str, Any], where: str) -> None:
    """A session beyond a limit is refused with a pointer to the field, and is not stored."""
    with pytest.raises(Refusal) as refused:
        put(world, **fields)
    assert pointer(refused) == f"/customerSession/{where}"
    assert not world.store.sessions


def test_both_versions_see_one_session_when_a_shop_mixes_them(world: World) -> None:
    """Both versions read and update the same session."""
    world.update_customer_session("s", NewCustomerSession(profile_id="p", coupon="A", referral="R", cart_items=[SHOE]))
    put(world, coupon_codes=["B", "C"])
    state = world.update_customer_session("s", NewCustomerSession())
    assert state.session is not None
    assert (state.session.coupon, state.session.referral, state.session.total) == ("B", "R", 30)


def test_a_code_is_discarded_when_version_1_gives_it_empty(world: World) -> None:
    """V1 discards a code that is empty, and keeps one that is left out."""
    world.update_customer_session("s", NewCustomerSession(coupon="A"))
    world.update_customer_session("s", NewCustomerSession())
    assert list(stored(world).coupon_codes) == ["A"]
    world.update_customer_session("s", NewCustomerSession(coupon=""))
    assert list(stored(world).coupon_codes) == []


def test_the_pointer_has_no_envelope_when_version_1_is_refused(world: World) -> None:
    """A pointer of V1 begins at the session, which is the whole body."""
    put(world, state="closed", profile_id="p")
    with pytest.raises(Refusal) as refused:
        world.update_customer_session("s", NewCustomerSession(state="open"))
    assert pointer(refused) == "/state"


def test_a_total_stays_when_version_1_gave_it(world: World) -> None:
    """A total that V1 gave is kept when the session is closed."""
    world.update_customer_session("s", NewCustomerSession(total=99))
    put(world, state="closed")
    assert stored(world).total == 99


def test_effects_are_lists_when_version_1_answers(world: World) -> None:
    """The effects of V1 are lists of campaign, ruleset, rule, and the name with its arguments.

    Discounts are listed by name, too.
    """
    world.add_coupon("SAVE", discount=5, campaign_id=7)
    state = world.update_customer_session("s", NewCustomerSession(coupon="SAVE", cart_items=[SHOE]))
    assert state.event is not None
    assert state.session is not None
    assert plain_of(state)["event"]["effects"] == [
        [7, 7, 0, ["acceptCoupon", "SAVE"]],
        [7, 7, 0, ["setDiscount", "SAVE", 5]],
    ]
    assert state.session.discounts == {"SAVE": 5}
    assert state.coupon is not None
    assert state.coupon.value == "SAVE"


def test_the_owner_of_a_session_is_known_when_a_request_does_not_name_it(world: World) -> None:
    """The profile of a session is known from earlier requests, and is empty for an anonymous or unknown one."""
    put(world, profile_id="p")
    world.track_event(NewEvent(type="e", session_id="t", attributes={}))
    assert [world.profile_of(name) for name in ("s", "t", "none")] == ["p", "", ""]
