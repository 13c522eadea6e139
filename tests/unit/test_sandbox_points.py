"""The sandbox's points as the effects of rules change them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from support.clock import FakeClock

from talon_async._codec import plain_of
from talon_async.models import (
    AddLoyaltyPointsEffectProps,
    CartItem,
    CustomerProfileIntegrationRequestV2,
    DeductLoyaltyPointsEffectProps,
    IntegrationEventV2Request,
    IntegrationRequest,
    NewCustomerSessionV2,
    NewReturn,
    ReturnedCartItem,
    ReturnIntegrationRequest,
    evolve,
)
from talon_async.testing import effect
from talon_async.testing.world import World

DAY = timedelta(days=1)
ADD = AddLoyaltyPointsEffectProps(name="earned", program_id=5, sub_ledger_id="", value=30, recipient_integration_id="p")
TAKE = DeductLoyaltyPointsEffectProps(rule_title="paid", program_id=5, sub_ledger_id="", value=20)


@pytest.fixture
def world(clock: FakeClock) -> World:
    world = World(clock)
    world.add_loyalty_program(5, name="club", tiers=[("gold", 100), ("silver", 10)])
    return world


def put(world: World, **fields: Any) -> Any:
    """Update the session; the options are those of the operation."""
    options = {name: fields.pop(name) for name in ("dry", "now") if name in fields}
    session = NewCustomerSessionV2(**{"profile_id": "p", **fields})
    request = IntegrationRequest(customer_session=session, response_content=["loyalty"])
    return world.update_customer_session_v2("s", request, **options)


def balance(world: World, at: datetime | None = None) -> tuple[Any, ...]:
    """Return the active, pending, spent, expired and negative points in the main ledger."""
    main_ledger: Any = world.get_loyalty_balances(5, "p", end_date=at).balance
    return (
        main_ledger.active_points,
        main_ledger.pending_points,
        main_ledger.spent_points,
        main_ledger.expired_points,
        main_ledger.negative_points,
    )


def log(world: World, **filters: Any) -> list[tuple[Any, Any]]:
    transactions = world.get_loyalty_program_profile_transactions(5, "p", **filters).data
    return [(transaction.type, transaction.amount) for transaction in transactions]


def deduct(world: World, points: float, **fields: Any) -> None:
    """Let an event take points."""
    rule = effect(
        DeductLoyaltyPointsEffectProps(rule_title="paid", program_id=5, sub_ledger_id="", value=points, **fields)
    )
    world.rules.on_event[:] = [lambda _: [rule]]
    world.track_event_v2(IntegrationEventV2Request(profile_id="p", type="spent"))


def test_points_move_when_a_session_closes(world: World) -> None:
    """Closing a session moves its points. Until then the tentative balance shows what closing will lead to."""
    world.add_points(5, "p", 1)
    world.rules.on_session.append(lambda _: [effect(ADD, rule_name="buy"), effect(TAKE)])
    ledger: Any = put(world).loyalty.programs["5"].ledger
    assert (1, 11) == (ledger.current_balance, ledger.tentative_current_balance)
    assert (1, 0, 0, 0, 0) == balance(world)
    closed = put(world, state="closed")
    program: Any = closed.loyalty.programs["5"]
    assert ("club", 11, 11) == (program.name, program.ledger.current_balance, program.ledger.tentative_current_balance)
    transactions = world.get_loyalty_program_profile_transactions(5, "p", customer_session_ids=["s"]).data
    assert [("subtraction", 20, "paid"), ("addition", 30, "earned")] == [
        (transaction.type, transaction.amount, transaction.name) for transaction in transactions
    ]
    assert [one.props.transaction_uuid for one in closed.effects] == [
        transaction.transaction_uuid for transaction in transactions[::-1]
    ]


def test_nothing_moves_when_a_session_is_dry(world: World) -> None:
    """A dry close moves no points, and its answer shows the balance that it would lead to."""
    world.rules.on_session.append(lambda _: [effect(ADD)])
    world.add_points(5, "p", 1)
    ledger: Any = put(world, state="closed", dry=True).loyalty.programs["5"].ledger
    assert (31, (1, 0, 0, 0, 0)) == (ledger.current_balance, balance(world))


def test_points_are_taken_back_when_a_session_is_cancelled(world: World, clock: FakeClock) -> None:
    """Cancelling a session takes its added points back and returns its spent points, which keep their expiry."""
    world.add_points(5, "p", 20, expires=clock.now() + DAY)
    world.rules.on_session.append(lambda _: [effect(ADD), effect(TAKE)])
    before = balance(world)
    first = put(world, state="closed").effects
    answer = put(world, state="cancelled")
    rollbacks = [
        (one.effect_type, one.props.transaction_uuid, one.props.recipient_integration_id) for one in answer.effects
    ]
    kinds = ("rollbackAddedLoyaltyPoints", "rollbackDeductedLoyaltyPoints")
    assert [(kind, one.props.transaction_uuid, "p") for kind, one in zip(kinds, first, strict=True)] == rollbacks
    assert before == balance(world)
    assert (0, 0, 0, 20, 0) == balance(world, clock.now() + DAY)
    assert [("addition", 20), ("subtraction", 30), ("subtraction", 20), ("addition", 30)] == log(world)[:4]


def test_points_are_missing_when_they_were_spent_before_the_rollback(world: World) -> None:
    """Taking back points that were spent meanwhile makes the balance negative."""
    world.rules.on_session.append(lambda _: [effect(ADD)])
    put(world, state="closed")
    deduct(world, 25)
    put(world, state="cancelled")
    assert (0, 0, 25, 0, 25) == balance(world)


def test_points_move_once_when_a_session_is_opened_and_closed_again(world: World) -> None:
    """Each closing of a session that is reopened adds its points once."""
    world.rules.on_session.append(lambda _: [effect(ADD)])
    put(world, state="closed")
    world.reopen_customer_session("s")
    assert (0, 0, 0, 0, 0) == balance(world)
    put(world, state="closed")
    assert (30, 0, 0, 0, 0) == balance(world)
    world.reopen_customer_session("s")
    assert (0, 0, 0, 0, 0) == balance(world)


def test_only_the_points_for_an_item_are_taken_back_when_it_is_returned(world: World) -> None:
    """Returning an item takes back its points alone. The points of the other items stay in the same transaction."""
    world.add_campaign(1, "points", reevaluate_on_return=True)
    item = evolve(ADD, value=4, cart_item_position=1)
    world.rules.on_session.append(lambda _: [effect(ADD), effect(item)])
    put(world, state="closed", cart_items=[CartItem(sku=sku, quantity=1, price=1.0) for sku in "ab"])
    returned = NewReturn(returned_cart_items=[ReturnedCartItem(position=1, quantity=1)])
    answer = world.return_cart_items("s", ReturnIntegrationRequest(return_=returned), run_rule_engine=True)
    assert ["rollbackAddedLoyaltyPoints"] == [one.effect_type for one in answer.effects]
    assert [("subtraction", 4), ("addition", 4), ("addition", 30)] == log(world)
    assert (30, 0, 0, 0, 0) == balance(world)


def test_points_move_at_once_when_a_profile_or_an_event_brings_them(world: World) -> None:
    """Points of a profile's or an event's effects move at once, and the answer has the new balance."""
    rule = effect(ADD)
    world.rules.on_profile.append(lambda _: [rule])
    world.rules.on_event.append(lambda _: [rule])
    request = CustomerProfileIntegrationRequestV2(response_content=["loyalty", "customerProfile"])
    profile: Any = world.update_customer_profile_v2("p", request, run_rule_engine=True)
    assert 30 == profile.loyalty.programs["5"].ledger.current_balance
    assert [5] == [membership.loyalty_program_id for membership in profile.customer_profile.loyalty_memberships]
    event = IntegrationEventV2Request(profile_id="p", type="t", response_content=["loyalty"])
    event_answer: Any = world.track_event_v2(event, silent=False)
    assert 60 == event_answer.loyalty.programs["5"].ledger.current_balance
    assert (
        60
        == plain_of(world.get_customer_inventory("p", loyalty=True))["loyalty"]["programs"]["5"]["ledger"][
            "currentBalance"
        ]
    )


def test_effects_move_no_points_when_their_program_does_not_exist(world: World) -> None:
    """Effects on an unknown program, or for an anonymous customer, are in the answer and move no points."""
    world.rules.on_session.append(lambda _: [effect(AddLoyaltyPointsEffectProps(
        name="n", program_id=99, sub_ledger_id="", value=1, recipient_integration_id="p")), effect(TAKE)])  # fmt: skip
    answer = put(world, state="closed", profile_id="")
    assert (2, {}) == (len(answer.effects), dict(world.store.ledgers))


def test_empty_subledgers_are_left_out_when_the_inventory_has_points(world: World) -> None:
    """Loyalty in the inventory has the main ledger, and subledgers only if they have points."""
    world.add_loyalty_program(6, subledgers=["a"])
    world.add_points(6, "p", 1, subledger="b")
    programs: Any = world.get_customer_inventory("p", loyalty=True).loyalty
    assert ({"b"}, 0) == (set(programs.programs["6"].sub_ledgers), programs.programs["6"].ledger.current_balance)
