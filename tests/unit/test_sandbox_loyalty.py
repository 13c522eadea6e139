"""The sandbox's loyalty programs: ledgers, and what is in them at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from support.clock import FakeClock

from talon_async._codec import plain_of
from talon_async.errors import BadRequestError
from talon_async.models import (
    ActivateLoyaltyPoints,
    DeductLoyaltyPointsEffectProps,
    DeleteLoyaltyTransactionsRequest,
    IntegrationEventV2Request,
)
from talon_async.testing import Sandbox, effect
from talon_async.testing._refusal import Refusal
from talon_async.testing.world import World

DAY = timedelta(days=1)


@pytest.fixture
def world(clock: FakeClock) -> World:
    world = World(clock)
    world.add_loyalty_program(5, name="club", tiers=[("gold", 100), ("silver", 10)])
    return world


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


def unused(world: World, **filters: Any) -> list[Any]:
    return [entry.amount for entry in world.get_loyalty_program_profile_points(5, "p", **filters).data]


def deduct(world: World, points: float, **fields: Any) -> None:
    """Let an event take points."""
    rule = effect(
        DeductLoyaltyPointsEffectProps(rule_title="paid", program_id=5, sub_ledger_id="", value=points, **fields)
    )
    world.rules.on_event[:] = [lambda _: [rule]]
    world.track_event_v2(IntegrationEventV2Request(profile_id="p", type="spent"))


# -- balances


def test_points_become_active_and_expire_when_their_time_comes(world: World, clock: FakeClock) -> None:
    """Points are pending before their start, then active, then expired. The balance can be read for any time."""
    world.add_points(5, "p", 10, start=clock.now() + DAY, expires=clock.now() + 3 * DAY)
    times = [clock.now() + days * DAY for days in (-1, 0, 1, 3)]
    assert [(0, 0, 0, 0, 0), (0, 10, 0, 0, 0), (10, 0, 0, 0, 0), (0, 0, 0, 10, 0)] == [
        balance(world, at) for at in times
    ]


def test_the_points_that_expire_first_are_spent_first_when_some_are_deducted(world: World, clock: FakeClock) -> None:
    """Points that expire first are spent first, whichever were added first."""
    world.add_points(5, "p", 10)
    world.add_points(5, "p", 10, expires=clock.now() + DAY)
    deduct(world, 12)
    assert (8, 0, 12, 0, 0) == balance(world)
    assert (8, 0, 12, 0, 0) == balance(world, clock.now() + 2 * DAY)


def test_a_balance_is_negative_when_more_is_spent_than_there_is(world: World, clock: FakeClock) -> None:
    """Spending more than the balance makes it negative, which its transaction says.

    Points that come later pay for it first.
    """
    world.add_points(5, "p", 10)
    world.add_points(5, "p", 4, start=clock.now() + DAY)
    deduct(world, 15)
    assert (0, 4, 15, 0, 5) == balance(world)
    assert (0, 0, 15, 0, 1) == balance(world, clock.now() + DAY)
    taken = world.get_loyalty_program_profile_transactions(5, "p").data[0]
    assert {"createsNegativeBalance": True} == plain_of(taken)["flags"]


def test_points_are_rounded_to_hundredths_when_they_are_fractions(world: World) -> None:
    """Points are rounded to hundredths, so that 0.1 + 0.2 - 0.3 leaves none."""
    for points in (0.1, 0.2):
        world.add_points(5, "p", points)
    deduct(world, 0.3)
    assert (0, 0, 0.3, 0, 0) == balance(world)
    assert [] == unused(world)


def test_subledgers_stand_apart_when_points_go_to_them(world: World) -> None:
    """The balance of each subledger is separate and can be read alone.

    Subledgers of the program exist before any points.
    """
    world.add_loyalty_program(6, subledgers=["a"])
    world.add_points(6, "p", 7, subledger="b")
    balances = world.get_loyalty_balances(6, "p")
    assert {"a": 0, "b": 7} == {name: one.active_points for name, one in balances.subledger_balances.items()}
    alone = plain_of(world.get_loyalty_balances(6, "p", subledger_id="b"))
    assert ({"b"}, False) == (set(alone["subledgerBalances"]), "balance" in alone)


@pytest.mark.parametrize(
    ("points", "expected"),
    [(5, (None, 5, "silver")), (10, ("silver", 90, "gold")), (100, ("gold", None, None))],
)
def test_the_tier_follows_from_the_points_when_it_is_asked_for(
    world: World, points: float, expected: tuple[Any, ...]
) -> None:
    """The current tier, the next one and the points to it follow from the balance.

    They are left out unless asked for.
    """
    world.add_points(5, "p", points)
    main_balance: Any = world.get_loyalty_balances(5, "p", include_tiers=True, include_projected_tier=True).balance
    assert expected == (
        main_balance.current_tier and main_balance.current_tier.name,
        main_balance.points_to_next_tier,
        main_balance.next_tier_name,
    )
    assert (points, expected[0]) == (
        main_balance.projected_tier.projected_active_points,
        main_balance.projected_tier.projected_tier_name,
    )
    plain = plain_of(world.get_loyalty_balances(5, "p").balance)
    assert not {"currentTier", "projectedTier", "pointsToNextTier"} & set(plain)


# -- listings


def test_unused_points_are_listed_when_some_were_spent(world: World, clock: FakeClock) -> None:
    """A listing of points has what is left of each addition, by status."""
    world.add_points(5, "p", 10, name="welcome", session_id="s9")
    world.add_points(5, "p", 5, start=clock.now() + DAY, expires=clock.now() + 2 * DAY)
    deduct(world, 4)
    [left] = plain_of(world.get_loyalty_program_profile_points(5, "p"))["data"]
    kept = {
        name: left[name] for name in ("amount", "name", "startDate", "expiryDate", "subledgerId", "customerSessionId")
    }
    expected = {"startDate": "immediate", "expiryDate": "unlimited", "subledgerId": "", "customerSessionId": "s9"}
    assert {"amount": 6, "name": "welcome", **expected} == kept
    assert ([5], []) == (unused(world, status="pending"), unused(world, status="expired"))


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (None, [1, 2, 3]),
        ("startDate", [2, 1, 3]),
        ("-startDate", [3, 1, 2]),
        ("expiryDate", [3, 1, 2]),
        ("-expiryDate", [2, 1, 3]),
    ],
)
def test_points_are_sorted_when_an_order_is_asked_for(
    world: World, clock: FakeClock, sort: str | None, expected: list[int]
) -> None:
    """Points are listed in the order in which they were added.

    On request they are sorted by start or end, descending with a minus.
    """
    for points, start, expires in ((1, 2, 5), (2, 1, None), (3, 3, 4)):
        end = None if expires is None else clock.now() + expires * DAY
        world.add_points(5, "p", points, start=clock.now() + start * DAY, expires=end)
    assert expected == unused(world, status="pending", sort=sort)


def test_a_listing_is_filtered_when_it_names_what_it_wants(world: World) -> None:
    """A listing can be filtered by ledgers, sessions and transactions. The main ledger has the empty ID."""
    uuid = world.add_points(5, "p", 1)
    world.add_points(5, "p", 2, subledger="a")
    world.add_points(5, "p", 3, session_id="s1")
    assert [1, 3] == unused(world, subledger_id=[""])
    assert [2] == unused(world, subledger_id=["a"])
    assert [3] == unused(world, customer_session_ids=["s1"])
    assert [1] == unused(world, transaction_uuids=[uuid])
    assert [("addition", 2)] == log(world, subledger_id=["a"])
    assert [("addition", 3)] == log(world, customer_session_ids=["s1"])
    assert [("addition", 1)] == log(world, transaction_uuids=[uuid])


def test_transactions_are_filtered_when_their_origin_or_time_is_asked_for(world: World, clock: FakeClock) -> None:
    """Transactions can be filtered by origin, manual or session, and by time, both ends included."""
    world.add_points(5, "p", 1)
    clock.time += 60
    world.add_points(5, "p", 2, session_id="s1")
    deduct(world, 1)
    by_kind = {kind: log(world, loyalty_transaction_type=kind) for kind in ("manual", "session", "import")}
    assert {"manual": [("addition", 1)], "session": [("addition", 2)], "import": []} == by_kind
    assert [("subtraction", 1), ("addition", 2)] == log(world, start_date=clock.now())
    assert [("addition", 1)] == log(world, end_date=clock.now() - timedelta(seconds=60))


def test_a_listing_comes_in_pages_when_it_is_long(world: World) -> None:
    """Transactions are listed latest first, in pages of 50 by default."""
    for points in range(1, 52):
        world.add_points(5, "p", points)
    first = world.get_loyalty_program_profile_transactions(5, "p")
    assert (50, True, 51) == (len(first.data), first.has_more, first.data[0].amount)
    last = world.get_loyalty_program_profile_transactions(5, "p", page_size=20, skip=40)
    assert (11, False, 1) == (len(last.data), last.has_more, last.data[-1].amount)
    with pytest.raises(Refusal, match="not valid"):
        world.get_loyalty_program_profile_points(5, "p", page_size=0)


# -- activation, deletion, joining


def test_points_are_pending_when_they_await_an_action(world: World) -> None:
    """Points that await an action are pending until they are activated."""
    uuid = world.add_points(5, "p", 5, awaits_activation=True)
    world.add_points(5, "p", 1)
    assert (1, 5, 0, 0, 0) == balance(world)
    [one] = world.get_loyalty_program_profile_transactions(5, "p", awaits_activation=True).data
    assert ("on_action", uuid) == (one.start_date, one.transaction_uuid)
    [entry] = world.activate_loyalty_points(5, ActivateLoyaltyPoints(transaction_uuids=[uuid])).ledger_entries
    assert ("p", 5, world.now(), "addition") == (entry.customer_profile_id, entry.amount, entry.start_date, entry.type)
    assert (6, 0, 0, 0, 0) == balance(world)
    assert [] == log(world, awaits_activation=True)


def test_the_points_of_a_session_are_activated_when_it_is_named(world: World, clock: FakeClock) -> None:
    """Activating a session's points activates those that wait. Expired ones stay expired."""
    world.add_points(5, "p", 5, awaits_activation=True, session_id="s1")
    world.add_points(5, "q", 6, awaits_activation=True, session_id="s1")
    world.add_points(5, "p", 7, awaits_activation=True, session_id="s2")
    world.add_points(5, "p", 8, awaits_activation=True, session_id="s1", expires=clock.now())
    entries = world.activate_loyalty_points(5, ActivateLoyaltyPoints(session_id="s1")).ledger_entries
    assert [5, 6] == [entry.amount for entry in entries]
    assert [] == world.activate_loyalty_points(5, ActivateLoyaltyPoints(session_id="s1")).ledger_entries


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"transaction_uuids": ["a"], "session_id": "s"},
        {"transaction_uuids": []},
        {"transaction_uuids": ["a", "a"]},
        {"transaction_uuids": [str(number) for number in range(51)]},
    ],
)
def test_an_activation_is_refused_when_it_does_not_name_transactions_or_a_session(
    world: World, fields: dict[str, Any]
) -> None:
    """An activation names either a session or up to 50 different transactions."""
    with pytest.raises(Refusal) as caught:
        world.activate_loyalty_points(5, ActivateLoyaltyPoints(**fields))
    assert 400 == caught.value.status


def test_points_are_gone_when_transactions_are_deleted(world: World) -> None:
    """Deleting transactions removes those of the named ledgers, or of all."""
    for subledger in ("", "a", "b"):
        world.add_points(5, "p", 1, subledger=subledger)
    some = DeleteLoyaltyTransactionsRequest(scope="SelectedSubledgers", subledger_ids=["", "b"])
    world.delete_loyalty_transactions_from_ledgers(5, "p", some)
    assert ["a"] == [
        transaction.subledger_id for transaction in world.get_loyalty_program_profile_transactions(5, "p").data
    ]
    world.delete_loyalty_transactions_from_ledgers(5, "p", DeleteLoyaltyTransactionsRequest(scope="AllSubledgers"))
    assert [] == log(world)
    with pytest.raises(Refusal, match="not valid"):
        none = DeleteLoyaltyTransactionsRequest(scope="SelectedSubledgers")
        world.delete_loyalty_transactions_from_ledgers(5, "p", none)


def test_a_customer_takes_part_when_they_join_or_get_points(world: World) -> None:
    """A customer who joins a program or gets points has a membership with its time. Joining again is refused."""
    world.join_loyalty_program(5, "new")
    world.add_points(5, "p", 1)
    for who in ("new", "p"):
        [membership] = world.store.profiles[who].loyalty_memberships
        assert (5, world.now()) == (membership.loyalty_program_id, membership.joined)
        with pytest.raises(Refusal) as caught:
            world.join_loyalty_program(5, who)
        assert 400 == caught.value.status


@pytest.mark.parametrize(("program", "who", "status"), [(4, "p", 404), (5, "nobody", 404), (7, "p", 400)])
def test_reading_is_refused_when_there_is_nothing_to_read(world: World, program: int, who: str, status: int) -> None:
    """A read of an unknown program or customer is a 404, and of a program of cards a 400."""
    world.add_loyalty_program(7, cards=True)
    world.add_points(5, "p", 1)
    reads: list[Any] = [
        world.get_loyalty_balances,
        world.get_loyalty_program_profile_points,
        world.get_loyalty_program_profile_transactions,
    ]
    for read in reads:
        with pytest.raises(Refusal) as caught:
            read(program, who)
        assert status == caught.value.status


@pytest.mark.parametrize(
    ("program", "points", "fields"),
    [(4, 1, {}), (5, 0, {}), (5, 1, {"start": datetime(2026, 1, 1)})],  # noqa: DTZ001
)
def test_points_are_not_given_when_they_make_no_sense(
    world: World, program: int, points: float, fields: dict[str, Any]
) -> None:
    """Scripting points of an unknown program, of no amount, or at a time without a zone raises a ValueError."""
    with pytest.raises(ValueError, match="add it first|not taken|no time zone"):
        world.add_points(program, "p", points, **fields)
    with pytest.raises(ValueError, match="already"):
        world.add_loyalty_program(5)


# -- over the wire


async def test_the_bodies_are_empty_when_a_customer_joins_and_is_forgotten() -> None:
    """Joining a program answers 200 without a body, and deleting transactions answers 204."""
    async with Sandbox() as sandbox, sandbox.client(strict=True) as talon:
        sandbox.add_loyalty_program(5, title="The Club")
        await talon.join_loyalty_program(5, "p")
        with pytest.raises(BadRequestError):
            await talon.join_loyalty_program(5, "p")
        uuid = sandbox.add_points(5, "p", 2.5, awaits_activation=True)
        activated = await talon.activate_loyalty_points(5, ActivateLoyaltyPoints(transaction_uuids=[uuid]))
        assert [2.5] == [entry.amount for entry in activated.ledger_entries]
        assert [2.5] == [entry.amount for entry in (await talon.get_loyalty_program_profile_points(5, "p")).data]
        balances = await talon.get_loyalty_balances(5, "p", include_tiers=True)
        assert balances.balance is not None
        assert 2.5 == balances.balance.active_points
        everything = DeleteLoyaltyTransactionsRequest(scope="AllSubledgers")
        await talon.delete_loyalty_transactions_from_ledgers(5, "p", everything)
        assert [200, 400, 200, 200, 200, 204] == [request.status for request in sandbox.requests]


def test_transactions_are_walked_when_the_blocking_client_lists_them() -> None:
    """The blocking client iterates over transactions page after page."""
    with Sandbox() as sandbox, sandbox.sync_client(strict=True) as talon:
        sandbox.add_loyalty_program(5)
        for points in (1, 2, 3):
            sandbox.add_points(5, "p", points)
        page = talon.get_loyalty_program_profile_transactions(5, "p", page_size=2)
        rest = talon.get_loyalty_program_profile_transactions(5, "p", page_size=2, skip=2)
        assert ([3, 2], True, [1]) == (
            [item.amount for item in page.data],
            page.has_more,
            [item.amount for item in rest.data],
        )
