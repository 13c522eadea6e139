"""The sandbox's sessions after they were closed: read, partly returned, reopened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.asking import SECRET, ask

from talon_async._codec import plain_of
from talon_async.errors import BadRequestError, NotFoundError
from talon_async.models import (
    AcceptCouponEffectProps,
    AdditionalCost,
    CartItem,
    CustomEffectProps,
    IntegrationRequest,
    IntegrationStateV2,
    NewCustomerSession,
    NewCustomerSessionV2,
    NewReturn,
    ReturnedCartItem,
    ReturnIntegrationRequest,
    RollbackDiscountEffectProps,
    SetDiscountEffectProps,
    SetDiscountPerAdditionalCostEffectProps,
    SetDiscountPerAdditionalCostPerItemEffectProps,
    SetDiscountPerItemEffectProps,
)
from talon_async.testing import Sandbox, effect
from talon_async.testing._guards import Guard
from talon_async.testing._handler import Handler
from talon_async.testing._refusal import Refusal
from talon_async.testing.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.clock import FakeClock

    from talon_async.models import CustomerSessionV2, Effect

CART = [
    CartItem(sku="shoe", quantity=3, price=10.0, additional_costs={"box": AdditionalCost(price=1.0)}),
    CartItem(sku="hat", quantity=1, price=5.0),
]


@pytest.fixture
def world(clock: FakeClock) -> World:
    return World(clock)


def put(world: World, state: Any = "closed", identifier: str = "s", **fields: Any) -> IntegrationStateV2:
    session = NewCustomerSessionV2(**{"profile_id": "p", "cart_items": CART, "state": state, **fields})
    return world.update_customer_session_v2(identifier, IntegrationRequest(customer_session=session))


def back(*items: tuple[int, int], asked: Any = None) -> ReturnIntegrationRequest:
    returned = [ReturnedCartItem(position=position, quantity=quantity) for position, quantity in items]
    return ReturnIntegrationRequest(return_=NewReturn(returned_cart_items=returned), response_content=asked)


def off_items(_: CustomerSessionV2) -> list[Effect]:
    """Take one off each shoe and off the hat, and add a custom effect for the last shoe."""
    units = [(0, 0), (0, 1), (0, 2), (1, None)]
    note = CustomEffectProps(effect_id=1, name="note", payload={}, cart_item_position=0, cart_item_sub_position=2)
    return [
        *(effect(SetDiscountPerItemEffectProps(name="one", value=1, position=p, sub_position=s)) for p, s in units),
        effect(note),
    ]


def taken_back(answer: Any) -> list[Any]:
    return [
        (one.props.value, one.props.cart_item_position, one.props.cart_item_sub_position)
        for one in answer.effects
        if isinstance(one.props, RollbackDiscountEffectProps)
    ]


def held(world: World) -> list[str]:
    return [one.effect_type for one in world.get_customer_session("s").effects]


# -- reading


def test_a_session_is_read_when_it_is_known(world: World) -> None:
    """A session is read with the effects of its last update."""
    world.rules.on_session.append(off_items)
    last = put(world, "open")
    answer = world.get_customer_session("s")
    assert answer.effects == last.effects
    assert answer.customer_session == world.store.sessions["s"].session


def test_what_was_rolled_back_is_left_out_when_a_session_is_read(world: World) -> None:
    """A session that is read has neither effects that were rolled back nor their rollbacks. Other effects stay."""
    world.rules.on_session.append(off_items)
    put(world)
    answer = put(world, "cancelled")
    assert len(answer.effects) == 4
    assert held(world) == ["customEffect"]


@pytest.mark.parametrize(
    "act",
    [
        lambda w: w.get_customer_session("x"),
        lambda w: w.reopen_customer_session("x"),
        lambda w: w.return_cart_items("x", back((0, 1))),
    ],
)
def test_a_session_is_refused_when_it_is_not_known(world: World, act: Callable[[World], None]) -> None:
    """An unknown session is a 404."""
    with pytest.raises(Refusal) as refused:
        act(world)
    assert refused.value.status == 404


# -- what comes back


def test_items_come_back_when_a_session_is_closed(world: World) -> None:
    """Returned items are counted in the cart, and taken off the totals and the customer's sales."""
    put(world)
    answer = world.return_cart_items("s", back((0, 2), asked=["customerSession", "customerProfile"]))
    assert answer.customer_session is not None
    assert answer.customer_profile is not None
    shoe = answer.customer_session.cart_items[0]
    assert (shoe.quantity, shoe.returned_quantity, shoe.remaining_quantity) == (3, 2, 1)
    assert answer.customer_session.state == "partially_returned"
    assert (answer.customer_session.cart_item_total, answer.customer_session.total) == (15, 16)
    assert (answer.customer_profile.closed_sessions, answer.customer_profile.total_sales) == (1, 16)


def test_the_effects_of_units_are_rolled_back_when_they_come_back(world: World) -> None:
    """The effects of returned units are rolled back, those of a line's last units first.

    Effects that cannot be undone stay.
    """
    world.rules.on_session.append(off_items)
    put(world)
    assert taken_back(world.return_cart_items("s", back((0, 2)))) == [(1, 0, 1), (1, 0, 2)]
    assert held(world) == ["setDiscountPerItem", "setDiscountPerItem", "customEffect"]
    assert taken_back(world.return_cart_items("s", back((0, 1), (1, 1)))) == [(1, 0, 0), (1, 1, None)]
    assert held(world) == ["customEffect"]


def test_discounts_on_costs_are_rolled_back_when_their_unit_comes_back(world: World) -> None:
    """The discount on an item's cost is rolled back with its unit.

    A discount on the session's cost is rolled back only when the session is cancelled.
    """
    kinds = (
        SetDiscountPerAdditionalCostPerItemEffectProps(
            name="box", additional_cost_id=1, value=1, position=0, sub_position=2, additional_cost="box"
        ),
        SetDiscountPerAdditionalCostEffectProps(name="ship", additional_cost_id=2, additional_cost="ship", value=2),
    )
    world.rules.on_session.append(lambda _: [effect(props) for props in kinds])
    put(world)
    (answer,) = world.return_cart_items("s", back((0, 1))).effects
    assert answer.props == RollbackDiscountEffectProps(
        name="box", value=1, cart_item_position=0, cart_item_sub_position=2, additional_cost_id=1, additional_cost="box"
    )
    (answer,) = put(world, "cancelled").effects
    assert answer.props == RollbackDiscountEffectProps(
        name="ship", value=2, additional_cost_id=2, additional_cost="ship"
    )


def test_a_return_is_in_the_answer_when_items_come_back(world: World) -> None:
    """An answer to a return always has the return.

    It has earlier returns on request, and so has the answer to an update.
    """
    put(world)
    by_sku = ReturnIntegrationRequest(return_=NewReturn(returned_cart_items=[ReturnedCartItem(sku="shoe")]))
    first = world.return_cart_items("s", by_sku).return_
    second = world.return_cart_items("s", back((1, 1), asked=["previousReturns", "event"]))
    assert first is not None
    assert second.event is not None
    assert second.return_ is not None
    assert first.returned_cart_items == [ReturnedCartItem(position=0, quantity=3, sku="shoe")]
    assert (first.session_integration_id, first.profile_integration_id) == ("s", "p")
    session, profile = world.store.sessions["s"].session, world.store.profiles["p"]
    assert (first.session_id, first.profile_id) == (session.id, profile.id)
    assert [first] == second.previous_returns
    assert second.event.id == second.return_.event_id
    request = IntegrationRequest(
        customer_session=NewCustomerSessionV2(state="cancelled"), response_content=["previousReturns"]
    )
    assert [first, second.return_] == world.update_customer_session_v2("s", request).previous_returns


def test_parts_are_left_out_when_a_return_does_not_ask(world: World) -> None:
    """An answer to a return without requested content has only the effects, created codes, and the return."""
    put(world)
    answer = plain_of(world.return_cart_items("s", back((1, 1))))
    assert answer.keys() == {"effects", "createdCoupons", "createdReferrals", "return"}


def test_only_the_rest_is_rolled_back_when_a_returned_session_is_cancelled(world: World) -> None:
    """Cancelling a session after a return rolls back only the remaining effects, and leaves no sales."""
    world.rules.on_session.append(off_items)
    put(world)
    world.return_cart_items("s", back((0, 2), (1, 1)))
    assert taken_back(put(world, "cancelled")) == [(1, 0, 0)]
    profile = world.store.profiles["p"]
    assert (profile.closed_sessions, profile.total_sales) == (0, 0)


def test_a_total_of_version_1_shrinks_when_items_come_back(world: World) -> None:
    """A total that V1 gave is reduced by the price of the returned items."""
    world.update_customer_session("s", NewCustomerSession(profile_id="p", cart_items=CART, total=100.0))
    world.update_customer_session("s", NewCustomerSession(state="closed"))
    world.return_cart_items("s", back((1, 1)))
    assert (world.store.sessions["s"].session.total, world.store.profiles["p"].total_sales) == (95, 95)


def test_nothing_is_stored_when_a_return_is_dry(world: World) -> None:
    """A dry return shows its effects and stores nothing."""
    world.rules.on_session.append(off_items)
    put(world)
    before = world.store.sessions["s"]
    assert taken_back(world.return_cart_items("s", back((1, 1)), dry=True)) == [(1, 1, None)]
    assert before == world.store.sessions["s"]
    assert not world.store.returns


@pytest.mark.parametrize(
    ("items", "pointer"),
    [
        ([], ""),
        ([{}], "/0"),
        ([{"position": 2, "quantity": 1}], "/0/position"),
        ([{"position": -1, "quantity": 1}], "/0/position"),
        ([{"position": 0, "quantity": 4}], "/0/quantity"),
        ([{"position": 0, "quantity": 0}], "/0/quantity"),
        ([{"position": 0, "quantity": 2}, {"sku": "shoe", "quantity": 2}], "/1/quantity"),
        ([{"position": 0, "sku": "hat", "quantity": 1}], "/0/sku"),
        ([{"sku": "coat", "quantity": 1}], "/0/sku"),
    ],
)
def test_a_return_is_refused_when_there_is_no_such_item(world: World, items: Any, pointer: str) -> None:
    """A return of an item or a quantity that is not in the cart is refused with a pointer. Nothing is returned."""
    put(world)
    returned = NewReturn(returned_cart_items=[ReturnedCartItem(**item) for item in items])
    with pytest.raises(Refusal) as refused:
        world.return_cart_items("s", ReturnIntegrationRequest(return_=returned))
    assert refused.value.flaws[0].source == {"pointer": f"/return/returnedCartItems{pointer}"}
    assert world.store.sessions["s"].session.state == "closed"


def test_a_return_takes_the_next_line_when_an_sku_is_in_several(world: World) -> None:
    """A return by SKU takes the first line of that SKU that has units left."""
    put(world, cart_items=[CartItem(sku="a", quantity=1, price=1.0), CartItem(sku="a", quantity=1, price=2.0)])
    request = ReturnIntegrationRequest(return_=NewReturn(returned_cart_items=[ReturnedCartItem(sku="a", quantity=1)]))
    positions = [
        one.returned_cart_items[0].position
        for _ in range(2)
        if (one := world.return_cart_items("s", request).return_) is not None
    ]
    assert positions == [0, 1]


@pytest.mark.parametrize("state", ["open", "cancelled"])
def test_a_return_is_refused_when_the_session_is_not_closed(world: World, state: str) -> None:
    """A return of a session that is not closed is a 400 that names its state."""
    put(world, "open")
    put(world, state)
    with pytest.raises(Refusal) as refused:
        world.return_cart_items("s", back((0, 1)))
    assert (refused.value.status, state in refused.value.flaws[0].details) == (400, True)


# -- the rule engine


def ten_percent(session: CustomerSessionV2) -> list[Effect]:
    value = round((session.total or 0) / 10, 2)
    return [effect(SetDiscountEffectProps(name=f"ten of {n}", value=value), campaign_id=n) for n in (2, 3)]


def test_campaigns_are_evaluated_again_when_they_and_the_request_ask_for_it(world: World) -> None:
    """With `run_rule_engine`, campaigns with `reevaluate_on_return` are evaluated again.

    Changed effects are rolled back and given anew.
    """
    world.add_campaign(2, "looks again", reevaluate_on_return=True)
    world.add_campaign(3, "does not")
    world.rules.on_session.append(ten_percent)
    put(world)
    assert world.return_cart_items("s", back((0, 1)), dry=True).effects == []
    effects = world.return_cart_items("s", back((0, 1)), run_rule_engine=True).effects
    assert [(one.effect_type, one.campaign_id, getattr(one.props, "value", None)) for one in effects] == [
        ("rollbackDiscount", 2, 3.8),
        ("setDiscount", 2, 2.7),
    ]
    assert [(one.campaign_id, getattr(one.props, "value", 0)) for one in world.get_customer_session("s").effects] == [
        (3, 3.8),
        (2, 2.7),
    ]


def test_a_campaign_is_not_evaluated_when_it_had_no_effect_before(world: World) -> None:
    """A campaign that had no effect on the session before is not evaluated for a return."""
    world.add_campaign(2, "late", reevaluate_on_return=True)
    put(world)
    world.rules.on_session.append(ten_percent)
    assert world.return_cart_items("s", back((0, 1)), run_rule_engine=True).effects == []


def test_a_code_stays_redeemed_when_its_campaign_is_evaluated_again(world: World) -> None:
    """A coupon that is used up by the session itself stays valid when its campaign is evaluated again."""
    world.add_campaign(1, "coupons", reevaluate_on_return=True)
    world.add_coupon("C", percent=10.0, usage_limit=1)
    put(world, coupon_codes=["C"])
    effects = world.return_cart_items("s", back((0, 1)), run_rule_engine=True).effects
    assert [one.effect_type for one in effects] == ["rollbackDiscount", "setDiscount"]
    assert world.store.coupons["C"].coupon.usage_counter == 1
    put(world, "cancelled")
    assert world.store.coupons["C"].coupon.usage_counter == 0


# -- opening again


def test_a_session_is_open_again_when_it_is_reopened(world: World) -> None:
    """Reopening a session rolls back the effects of its closing, and the session can be closed again."""
    world.add_coupon("C", discount=3.0, usage_limit=1)
    put(world, coupon_codes=["C"])
    effects = world.reopen_customer_session("s").effects
    assert [one.effect_type for one in effects] == ["rollbackCoupon", "rollbackDiscount"]
    profile = world.store.profiles["p"]
    assert (world.store.coupons["C"].coupon.usage_counter, profile.closed_sessions, profile.total_sales) == (0, 0, 0)
    assert (world.store.sessions["s"].session.state, held(world)) == ("open", [])
    assert AcceptCouponEffectProps(value="C") in [one.props for one in put(world).effects]
    assert world.store.coupons["C"].coupon.usage_counter == 1


@pytest.mark.parametrize("state", ["open", "partially_returned", "cancelled"])
def test_a_session_is_not_reopened_when_it_is_not_closed(world: World, state: str) -> None:
    """Only a closed session without returns can be reopened."""
    put(world, "open")
    if state != "open":
        put(world)
    if state == "cancelled":
        put(world, state)
    elif state == "partially_returned":
        world.return_cart_items("s", back((0, 1)))
    with pytest.raises(Refusal) as refused:
        world.reopen_customer_session("s")
    assert refused.value.status == 400


# -- over HTTP


async def test_a_return_happens_once_when_its_key_comes_again(clock: FakeClock) -> None:
    """A return or a reopening whose key comes again acts once."""
    handler = Handler(Guard("k", "7", SECRET), clock)
    put(handler.world)
    put(handler.world, identifier="t")
    body = {"return": {"returnedCartItems": [{"position": 0, "quantity": 2}]}}
    for _ in range(2):
        answer = await ask(handler, "POST", "/v2/customer_sessions/s/returns", body, Idempotency_Key="one")
        assert answer.status == 200
        answer = await ask(handler, "PUT", "/v2/customer_sessions/t/reopen", Idempotency_Key="one")
        assert answer.status == 200
    assert handler.world.store.sessions["s"].session.cart_items[0].remaining_quantity == 1


async def test_sessions_are_returned_and_reopened_when_a_client_asks(client: Callable[..., Any]) -> None:
    """Both twins get documented answers when they return items and reopen sessions."""
    with Sandbox() as sandbox:
        talon = client(sandbox.url, sandbox.api_key, strict=True)
        sandbox.on_session(off_items)
        session = NewCustomerSessionV2(profile_id="p", state="closed", cart_items=CART)
        for name in "st":
            await talon.update_customer_session_v2(name, IntegrationRequest(customer_session=session))
        content_words = ["customerSession", "customerProfile", "coupons", "triggeredCampaigns", "loyalty", "event"]
        answer = await talon.return_cart_items("s", back((0, 1), asked=[*content_words, "referral", "previousReturns"]))
        assert answer.return_.returned_cart_items[0].quantity == 1
        assert (await talon.get_customer_session("s")).customer_session == answer.customer_session
        assert len((await talon.reopen_customer_session("t")).effects) == 4
        with pytest.raises(BadRequestError):
            await talon.reopen_customer_session("t")
        with pytest.raises(NotFoundError):
            await talon.get_customer_session("x")
