"""The sandbox's loyalty cards: made, linked, and with points that belong to the card."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from support.clock import FakeClock

from talon_async.errors import BadRequestError, NotFoundError
from talon_async.models import (
    ActivateLoyaltyPoints,
    AddLoyaltyPointsEffectProps,
    DeductLoyaltyPointsEffectProps,
    GenerateLoyaltyCard,
    IntegrationEventV2Request,
    IntegrationRequest,
    LoyaltyCardRegistration,
    NewCustomerSessionV2,
)
from talon_async.testing import Sandbox, effect
from talon_async.testing._refusal import Refusal
from talon_async.testing.world import World

DAY = timedelta(days=1)
ADD = AddLoyaltyPointsEffectProps(
    name="earned", program_id=7, sub_ledger_id="", value=30, recipient_integration_id="p", card_identifier="card-1"
)
TAKE = DeductLoyaltyPointsEffectProps(
    rule_title="paid", program_id=7, sub_ledger_id="", value=20, card_identifier="card-1"
)


@pytest.fixture
def world(clock: FakeClock) -> World:
    world = World(clock)
    world.add_loyalty_program(7, name="cards", title="Cards", cards=True, users_per_card=2)
    return world


def make(world: World, *customers: str, **fields: Any) -> Any:
    return world.generate_loyalty_card(7, GenerateLoyaltyCard(customer_profile_ids=customers, **fields))


def holders(card: Any) -> list[Any]:
    return [profile.integration_id for profile in card.profiles]


# -- making and linking


def test_a_card_is_made_up_when_no_id_is_given(world: World) -> None:
    """A card without an ID in the request gets a new ID, and is active and empty."""
    first, second = make(world), make(world)
    assert first.identifier != second.identifier
    assert (7, "cards", "Cards", "active", 2) == (
        first.program_id,
        first.program_name,
        first.program_title,
        first.status,
        first.users_per_card_limit,
    )
    assert (0, []) == (first.ledger.current_balance, holders(first))


def test_a_card_is_linked_when_it_is_made_for_customers(world: World) -> None:
    """A card that is made for customers is linked to them, and unknown customers are created."""
    card = make(world, "a", "b", "a", card_identifier="card-1", status="inactive")
    assert ("card-1", "inactive", ["a", "b"]) == (card.identifier, card.status, holders(card))
    assert {"a", "b"} == set(world.store.profiles)


@pytest.mark.parametrize(
    ("program", "fields"),
    [
        (7, {"customer_profile_ids": ["a", "b", "c"]}),
        (7, {"customer_profile_ids": [""]}),
        (7, {"card_identifier": "taken"}),
        (7, {"card_identifier": "abc"}),
        (7, {"card_identifier": "a b c"}),
        (5, {}),
        (4, {}),
    ],
)
def test_a_card_is_refused_when_something_is_wrong(world: World, program: int, fields: dict[str, Any]) -> None:
    """A card with too many customers, an empty or bad ID, or in a program without cards is refused. Nothing is made."""
    world.add_loyalty_program(5)
    make(world, card_identifier="taken")
    with pytest.raises(Refusal) as caught:
        world.generate_loyalty_card(program, GenerateLoyaltyCard(**fields))
    assert (400, 1, 0) == (caught.value.status, len(world.store.cards), len(world.store.profiles))


def test_a_card_is_shared_when_it_is_linked(world: World) -> None:
    """A card can be linked to as many customers as its program allows.

    Linking the same customer again changes nothing.
    """
    make(world, card_identifier="card-1")
    for who in ("a", "b", "b"):
        card = world.link_loyalty_card_to_profile(7, "card-1", LoyaltyCardRegistration(integration_id=who))
    assert ["a", "b"] == holders(card)
    with pytest.raises(Refusal) as caught:
        world.link_loyalty_card_to_profile(7, "card-1", LoyaltyCardRegistration(integration_id="c"))
    assert (400, False) == (caught.value.status, "c" in world.store.profiles)


def test_any_number_of_customers_shares_a_card_when_there_is_no_limit(world: World) -> None:
    """A program with a limit of 0 allows any number of customers for a card."""
    world.add_loyalty_program(8, cards=True)
    customers = [str(number) for number in range(9)]
    card = world.generate_loyalty_card(8, GenerateLoyaltyCard(customer_profile_ids=customers))
    assert (9, 0) == (len(card.profiles), card.users_per_card_limit)


def test_a_link_is_gone_when_it_is_undone(world: World) -> None:
    """Unlinking a customer leaves the card's other customers and its points.

    Unlinking the customer again changes nothing.
    """
    make(world, "a", "b", card_identifier="card-1")
    world.add_points(7, "card-1", 3)
    for _ in range(2):
        card = world.unlink_loyalty_card_from_profile(7, "card-1", LoyaltyCardRegistration(integration_id="a"))
    assert ["b"] == holders(card)
    assert card.ledger is not None
    assert 3 == card.ledger.current_balance


# -- points


def test_a_card_is_made_when_points_are_put_on_it(world: World) -> None:
    """Points on a card that does not exist make the card, with no customer, if its ID is valid."""
    world.add_points(7, "card-1", 3)
    assert ([], {}) == (holders(world.store.cards[7, "card-1"]), dict(world.store.profiles))
    with pytest.raises(ValueError, match="ID of a card"):
        world.add_points(7, "no", 3)


def test_balances_are_answered_when_a_card_is_read(world: World, clock: FakeClock) -> None:
    """The balances of a card come with its customers, for any time and for the ledgers that are asked for."""
    make(world, "a", card_identifier="card-1")
    world.add_points(7, "card-1", 3, expires=clock.now() + DAY)
    world.add_points(7, "card-1", 4, subledger="x")
    balances: Any = world.get_loyalty_card_balances(7, "card-1")
    assert (3, 4, ["a"]) == (
        balances.balance.active_points,
        balances.subledger_balances["x"].active_points,
        holders(balances),
    )
    later: Any = world.get_loyalty_card_balances(7, "card-1", end_date=clock.now() + DAY)
    assert (0, 3) == (later.balance.active_points, later.balance.expired_points)
    some = world.get_loyalty_card_balances(7, "card-1", subledger_id=["x", "y"])
    assert (None, ["x"]) == (some.balance, list(some.subledger_balances))


def test_points_go_to_the_card_when_a_session_closes(world: World) -> None:
    """Closing a session with a card adds points to the card. The listings name the customer and the session."""
    make(world, "p", card_identifier="card-1")
    world.rules.on_session.append(lambda _: [effect(ADD, rule_name="buy"), effect(TAKE)])
    session = NewCustomerSessionV2(profile_id="p", state="closed", loyalty_cards=["card-1"])
    request = IntegrationRequest(customer_session=session, response_content=["loyalty"])
    loyalty: Any = world.update_customer_session_v2("s", request).loyalty
    assert ({}, [("card-1", 10)]) == (
        loyalty.programs,
        [(card.identifier, card.ledger.current_balance) for card in loyalty.cards],
    )
    [left] = world.get_loyalty_card_points(7, "card-1").data
    assert ("p", "s", 10) == (left.customer_profile_id, left.customer_session_id, left.amount)
    log = world.get_loyalty_card_transactions(7, "card-1").data
    assert [("subtraction", 20, "card-1"), ("addition", 30, "card-1")] == [
        (transaction.type, transaction.amount, transaction.card_identifier) for transaction in log
    ]
    assert ["", "buy"] == [transaction.rule_name for transaction in log]
    cancelled = IntegrationRequest(customer_session=NewCustomerSessionV2(state="cancelled"))
    undone = [one.effect_type for one in world.update_customer_session_v2("s", cancelled).effects]
    assert ["rollbackAddedLoyaltyPoints", "rollbackDeductedLoyaltyPoints"] == undone
    assert [] == world.get_loyalty_card_points(7, "card-1").data


def test_effects_move_no_points_when_their_card_does_not_exist(world: World) -> None:
    """An effect on a card that does not exist is in the answer, and no card is made."""
    world.rules.on_event.append(lambda _: [effect(ADD)])
    event = IntegrationEventV2Request(profile_id="p", type="t", response_content=["loyalty"], loyalty_cards=["card-1"])
    answer: Any = world.track_event_v2(event, silent=False)
    assert (1, [], {}) == (len(answer.effects), answer.loyalty.cards, dict(world.store.cards))


def test_a_listing_is_filtered_when_a_card_is_read(world: World, clock: FakeClock) -> None:
    """The listings of a card have the filters of a customer's listings, and take several ledgers."""
    for points, subledger in ((1, ""), (2, "x"), (3, "y")):
        world.add_points(7, "card-1", points, subledger=subledger)
    waiting = world.add_points(7, "card-1", 4, awaits_activation=True, session_id="s1")
    log: Any = world.get_loyalty_card_transactions
    points: Any = world.get_loyalty_card_points
    pages = [
        log(7, "card-1", subledger_id=["", "y"], end_date=clock.now(), start_date=clock.now()),
        log(7, "card-1", awaits_activation=True),
        log(7, "card-1", loyalty_transaction_type="manual", page_size=2),
        points(7, "card-1", sort="-startDate", page_size=1, skip=1),
        points(7, "card-1", status="pending", transaction_uuids=[waiting], customer_session_ids=["s1"]),
    ]
    assert [[4, 3, 1], [4], [3, 2], [2], [4]] == [[item.amount for item in page.data] for page in pages]
    assert [False, False, True, True, False] == [page.has_more for page in pages]


def test_the_card_is_named_when_its_points_are_activated(world: World) -> None:
    """The activation of points on a card names the card, and no customer for points that were added by hand."""
    uuid = world.add_points(7, "card-1", 4, awaits_activation=True)
    [entry] = world.activate_loyalty_points(7, ActivateLoyaltyPoints(transaction_uuids=[uuid])).ledger_entries
    assert (world.store.cards[7, "card-1"].id, None) == (entry.card_id, entry.customer_profile_id)


@pytest.mark.parametrize(("program", "status"), [(4, 404), (5, 400), (7, 404)])
def test_reading_is_refused_when_there_is_no_such_card(world: World, program: int, status: int) -> None:
    """A read of an unknown program or card is a 404, and of a program for customers a 400."""
    world.add_loyalty_program(5)
    reads: list[Any] = [
        world.get_loyalty_card_balances,
        world.get_loyalty_card_points,
        world.get_loyalty_card_transactions,
        lambda *place: world.link_loyalty_card_to_profile(*place, LoyaltyCardRegistration(integration_id="a")),
        lambda *place: world.unlink_loyalty_card_from_profile(*place, LoyaltyCardRegistration(integration_id="a")),
    ]
    for read in reads:
        with pytest.raises(Refusal) as caught:
            read(program, "card-1")
        assert status == caught.value.status


# -- over the wire


async def test_a_card_is_used_when_the_client_has_an_odd_id() -> None:
    """An ID with a percent sign and a plus reaches the sandbox unchanged. Mistakes are the documented errors."""
    async with Sandbox() as sandbox, sandbox.client(strict=True) as talon:
        sandbox.add_loyalty_program(7, cards=True, users_per_card=1)
        card = await talon.generate_loyalty_card(7, GenerateLoyaltyCard(card_identifier="50%25+off"))
        assert "50%25+off" == card.identifier
        linked = await talon.link_loyalty_card_to_profile(7, "50%25+off", LoyaltyCardRegistration(integration_id="a"))
        assert ["a"] == holders(linked)
        with pytest.raises(BadRequestError):
            await talon.link_loyalty_card_to_profile(7, "50%25+off", LoyaltyCardRegistration(integration_id="b"))
        with pytest.raises(NotFoundError):
            await talon.get_loyalty_card_balances(7, "other")


def test_a_card_is_read_when_the_client_blocks() -> None:
    """The blocking client reads a card's balances, points and transactions as documented."""
    with Sandbox() as sandbox, sandbox.sync_client(strict=True) as talon:
        sandbox.add_loyalty_program(7, cards=True)
        sandbox.add_points(7, "card-1", 2.5, name="welcome")
        balances = talon.get_loyalty_card_balances(7, "card-1")
        assert balances.balance is not None
        assert 2.5 == balances.balance.active_points
        assert ["welcome"] == [entry.name for entry in talon.get_loyalty_card_points(7, "card-1").data]
        assert ["welcome"] == [
            transaction.name for transaction in talon.get_loyalty_card_transactions(7, "card-1").data
        ]
