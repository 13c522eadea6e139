"""The sandbox's rewards: the catalog, unlocking, and the customers' rewards."""

from __future__ import annotations

from typing import Any

import pytest
from support.clock import FakeClock

from talon_async.models import IntegrationEventV2Request, IntegrationUnlockRewardRequest, LoyaltyCardRegistration
from talon_async.testing._refusal import Refusal, Rejection
from talon_async.testing.world import World


@pytest.fixture
def world(clock: FakeClock) -> World:
    world = World(clock)
    world.add_loyalty_program(5)
    world.add_loyalty_program(7, cards=True)
    world.add_points(5, "p", 10, subledger="x")
    world.add_reward(1, "hug")
    world.add_reward(2, "mug", points=8, program_id=5, subledger="x")
    world.add_reward(3, "jug", points=20, program_id=7)
    return world


PAID = {"loyalty_program_id": 5, "subledger_id": "x"}
BY_CARD = {"loyalty_program_id": 7, "subledger_id": ""}


def unlock(world: World, reward: int, identifier: str = "u", dry: bool | None = None, **fields: Any) -> Any:
    body = IntegrationUnlockRewardRequest(integration_id=identifier, profile_integration_id="p", **fields)
    return world.unlock_reward(reward, body, dry=dry)


def points(world: World) -> Any:
    return world.get_loyalty_balances(5, "p").subledger_balances["x"].active_points


def catalog(world: World, **filters: Any) -> list[Any]:
    page: Any = world.integration_rewards_catalog(**filters).catalog
    return [item.id for item in page.data]


def test_points_are_taken_when_a_reward_is_unlocked(world: World) -> None:
    """Unlocking a reward deducts its points. The answer has both effects and the parts asked for."""
    answer = unlock(world, 2, **PAID, response_content=["loyalty", "customerProfile"])
    assert ["unlockReward", "deductLoyaltyPoints"] == [effect.effect_type for effect in answer.effects]
    assert (2, "p") == (points(world), answer.customer_profile.integration_id)
    assert 2 == answer.loyalty.programs["5"].sub_ledgers["x"].current_balance
    [mine] = world.get_customer_rewards("p").data
    assert (2, "mug", "u", "unlocked") == (mine.reward_id, mine.reward_name, mine.integration_id, mine.status)


def test_nothing_is_taken_when_a_reward_is_free(world: World) -> None:
    """Unlocking a free reward deducts no points."""
    assert ["unlockReward"] == [effect.effect_type for effect in unlock(world, 1, response_content=["loyalty"]).effects]
    assert 10 == points(world)


def test_nothing_is_unlocked_when_it_is_dry(world: World) -> None:
    """A dry unlocking takes neither the points nor the ID."""
    assert 2 == len(unlock(world, 2, dry=True, **PAID).effects)
    assert (10, []) == (points(world), world.get_customer_rewards("p").data)
    unlock(world, 2, **PAID)


def test_a_card_pays_when_the_reward_is_for_the_points_of_cards(world: World) -> None:
    """A card pays for a reward under either name of its field in the request.

    The reward belongs to all customers of the card.
    """
    world.add_points(7, "card-1", 45)
    for customer in ("p", "q"):
        world.link_loyalty_card_to_profile(7, "card-1", LoyaltyCardRegistration(integration_id=customer))
    world.add_reward(4, "cup", points=20, program_id=7)
    unlock(world, 3, "u1", loyalty_card_id="card-1", **BY_CARD)
    unlock(world, 4, "u2", card_identifier="card-1", **BY_CARD)
    balance: Any = world.get_loyalty_card_balances(7, "card-1").balance
    assert (5, 40) == (balance.active_points, balance.spent_points)
    shared = world.get_customer_rewards("q").data
    assert [("u1", "p", 7, "card-1"), ("u2", "p", 7, "card-1")] == [
        (
            reward.integration_id,
            reward.unlocked_by_profile_integration_id,
            reward.loyalty_program_id,
            reward.loyalty_card_id,
        )
        for reward in shared
    ]
    event = IntegrationEventV2Request(profile_id="q", type="a", reward_integration_ids=["u1", "none"])
    world.track_event_v2(event)
    [used] = world.get_customer_rewards("p", status=["used"]).data
    assert ("u1", "q") == (used.integration_id, used.used_by_profile_integration_id)


@pytest.mark.parametrize("linked", ["nobody", "other"])
def test_a_card_does_not_pay_when_the_customer_is_not_linked_to_it(world: World, linked: str) -> None:
    """A card does not pay for a customer who is not linked to it, and the catalog refuses the two together."""
    world.add_points(7, "card-1", 45)
    if linked == "other":
        world.link_loyalty_card_to_profile(7, "card-1", LoyaltyCardRegistration(integration_id="q"))
    with pytest.raises(Refusal) as caught:
        unlock(world, 3, loyalty_card_id="card-1", **BY_CARD)
    assert 400 == caught.value.status
    with pytest.raises(Refusal) as caught:
        catalog(world, profile_integration_id="p", loyalty_card_id="card-1")
    assert 400 == caught.value.status


@pytest.mark.parametrize(
    ("reward", "fields", "status"),
    [
        (9, {}, 404),
        (1, {"identifier": "used"}, 409),
        (2, {}, 400),
        (2, {"loyalty_program_id": 7, "subledger_id": "x"}, 400),
        (2, {"loyalty_program_id": 5, "subledger_id": ""}, 400),
        (2, {"loyalty_program_id": 5}, 400),
        (2, {**PAID, "loyalty_program_id": 99}, 404),
        (2, {**PAID, "loyalty_card_id": "card-1"}, 400),
        (3, BY_CARD, 404),
        (4, PAID, 422),
        (5, {"loyalty_program_id": 99}, 404),
        (5, {"subledger_id": ""}, 400),
        (5, {"loyalty_card_id": "none"}, 404),
        (5, {"loyalty_card_id": "card-1"}, 400),
        (5, {"loyalty_card_id": "card-1", "loyalty_program_id": 5}, 404),
        (6, {"loyalty_program_id": 7}, 400),
        (6, {"subledger_id": "x"}, 400),
        (6, {"loyalty_program_id": 5, "subledger_id": "y"}, 400),
    ],
)
def test_unlocking_is_refused_when_something_is_wrong(
    world: World, reward: int, fields: dict[str, Any], status: int
) -> None:
    """Unlocking is refused for an unknown reward, a taken ID, a wrong ledger or card, or too few points.

    That also holds for a free reward, of a program or of none. Nothing changes.
    """
    world.add_reward(4, "yacht", points=10.01, program_id=5, subledger="x")
    world.add_reward(5, "smile")
    world.add_reward(6, "wave", program_id=5, subledger="x")
    world.add_points(7, "card-1", 45)
    unlock(world, 1, "used")
    with pytest.raises(Refusal) as caught:
        unlock(world, reward, **fields)
    assert (status, 10, 1) == (caught.value.status, points(world), len(world.store.unlocked))


@pytest.mark.parametrize(("reward", "fields"), [(1, {}), (2, PAID)])
@pytest.mark.parametrize("dry", [None, True])
def test_unlocking_is_rejected_when_the_reward_waits_to_be_used(
    world: World, reward: int, fields: dict[str, Any], dry: bool | None
) -> None:
    """A second unlocking of a reward that is not used is a 422 with the rule that failed, also if it is dry.

    No points are taken, and the catalog says that the customer cannot unlock it. Others can unlock it.
    """
    world.add_points(5, "p", 90, subledger="x")
    unlock(world, reward, "u1", **fields)
    before = points(world)
    with pytest.raises(Rejection) as caught:
        unlock(world, reward, "u2", dry=dry, **fields)
    [reason] = caught.value.reasons
    assert (422, reward) == (caught.value.status, reason.reward_id)
    assert (before, 1) == (points(world), len(world.store.unlocked))
    page: Any = world.integration_rewards_catalog(profile_integration_id="p").catalog
    assert [["CONDITION_NOT_MET"]] == [
        [one.failure_code for one in item.eligibility.details] for item in page.data if item.id == reward
    ]
    world.add_points(5, "q", 8, subledger="x")
    other = IntegrationUnlockRewardRequest(integration_id="u3", profile_integration_id="q", **fields)
    assert world.unlock_reward(reward, other).effects


def test_a_reward_is_unlocked_again_when_it_was_used(world: World) -> None:
    """A customer who has used a reward can unlock it again under another ID."""
    unlock(world, 1, "u1")
    world.track_event_v2(IntegrationEventV2Request(profile_id="p", type="a", reward_integration_ids=["u1"]))
    unlock(world, 1, "u2")
    assert ["used", "unlocked"] == [one.status for one in world.get_customer_rewards("p").data]


@pytest.mark.parametrize("reward", [1, 3])
def test_a_reward_waits_for_every_customer_when_a_card_has_unlocked_it(world: World, reward: int) -> None:
    """A reward that a card has unlocked, also a free one, belongs to the card.

    No customer of the card can unlock it with the card again, until one has used it.
    """
    world.add_points(7, "card-1", 45)
    for customer in ("p", "q"):
        world.link_loyalty_card_to_profile(7, "card-1", LoyaltyCardRegistration(integration_id=customer))
    unlock(world, reward, "u1", loyalty_card_id="card-1", **BY_CARD)
    second = IntegrationUnlockRewardRequest(
        integration_id="u2", profile_integration_id="q", loyalty_card_id="card-1", **BY_CARD
    )
    page: Any = world.integration_rewards_catalog(profile_integration_id="q", loyalty_card_id="card-1").catalog
    assert [["CONDITION_NOT_MET"]] == [
        [one.failure_code for one in item.eligibility.details] for item in page.data if item.id == reward
    ]
    with pytest.raises(Rejection):
        world.unlock_reward(reward, second)
    world.track_event_v2(IntegrationEventV2Request(profile_id="q", type="a", reward_integration_ids=["u1"]))
    assert world.unlock_reward(reward, second).effects
    [again] = world.get_customer_rewards("p", status=["unlocked"]).data
    assert ("u2", 7, "card-1") == (again.integration_id, again.loyalty_program_id, again.loyalty_card_id)


def test_a_free_reward_is_unlocked_when_a_ledger_is_named_that_could_pay(world: World) -> None:
    """A free reward takes the ID of a program that exists, with or without a subledger, and deducts no points."""
    world.add_reward(6, "wave", program_id=5, subledger="x")
    unlock(world, 1, "u1", **PAID)
    unlock(world, 6, "u2", loyalty_program_id=5)
    assert (10, 2) == (points(world), len(world.store.unlocked))


def test_unlocking_is_refused_when_the_customer_is_unknown(world: World) -> None:
    """Unlocking for an unknown customer is a 404, and creates no profile."""
    with pytest.raises(Refusal) as caught:
        world.unlock_reward(1, IntegrationUnlockRewardRequest(integration_id="u", profile_integration_id="nobody"))
    assert 404 == caught.value.status


def test_the_catalog_is_filtered_when_it_is_asked_to(world: World) -> None:
    """The catalog can be filtered by points, program and ledger, and free rewards can be left out."""
    assert [1, 2, 3] == catalog(world)
    assert [2, 3] == catalog(world, include_free=False)
    assert [1, 2] == catalog(world, points_from=8, points_to=19)
    assert [3] == catalog(world, loyalty_program_id=7)
    assert [2] == catalog(world, loyalty_program_id=5, subledger_id="x")
    assert [3] == catalog(world, points_from=9, include_free=False)
    page: Any = world.integration_rewards_catalog(page_size=2).catalog
    assert (True, 2) == (page.has_more, len(page.data))


def test_the_catalog_has_balances_when_it_is_for_a_customer_or_card(world: World) -> None:
    """The catalog for a customer or a card has their balances in the program that is named."""
    world.add_points(7, "card-1", 4)
    loyalty: Any = world.integration_rewards_catalog(profile_integration_id="p", loyalty_program_id=5).loyalty
    assert 10 == loyalty["5"].subledger_balances["x"].active_points
    loyalty = world.integration_rewards_catalog(loyalty_card_id="card-1", loyalty_program_id=7).loyalty
    assert 4 == loyalty["7"].balance.active_points
    assert [{}, {}] == [
        world.integration_rewards_catalog().loyalty,
        world.integration_rewards_catalog(profile_integration_id="p").loyalty,
    ]


@pytest.mark.parametrize("filters", [{"subledger_id": ""}, {"points_from": 0}, {"points_to": -1}])
def test_the_catalog_is_refused_when_a_filter_makes_no_sense(world: World, filters: dict[str, Any]) -> None:
    """A filter by a ledger without a program, or by points that are not above 0, is a 400."""
    with pytest.raises(Refusal) as caught:
        world.integration_rewards_catalog(**filters)
    assert 400 == caught.value.status


@pytest.mark.parametrize(
    "filters", [{"loyalty_program_id": 99}, {"profile_integration_id": "nobody"}, {"loyalty_card_id": "none"}]
)
def test_the_catalog_is_refused_when_a_program_customer_or_card_is_unknown(
    world: World, filters: dict[str, Any]
) -> None:
    """An unknown program, customer or card is a 404."""
    with pytest.raises(Refusal) as caught:
        world.integration_rewards_catalog(**filters)
    assert 404 == caught.value.status


def test_rewards_are_counted_when_it_is_asked_for(world: World) -> None:
    """The number of all rewards of a customer comes on request, whatever the page."""
    for number in range(20, 23):
        world.add_reward(number, "hug")
        unlock(world, number, f"u{number}")
    page = world.get_customer_rewards("p", page_size=2, with_total_result_size=True)
    assert (2, True, 3) == (len(page.data), page.has_more, page.total_result_size)
    assert (None, []) == (
        world.get_customer_rewards("p").total_result_size,
        world.get_customer_rewards("p", status=["used"]).data,
    )
    with pytest.raises(Refusal, match="no such"):
        world.get_customer_rewards("nobody")


@pytest.mark.parametrize(("reward", "options"), [(1, {}), (8, {"points": 1}), (8, {"program_id": 99})])
def test_a_reward_is_not_made_when_it_makes_no_sense(world: World, reward: int, options: dict[str, Any]) -> None:
    """Scripting a reward whose number is taken, or with points of no program, raises a ValueError."""
    with pytest.raises(ValueError, match="already|loyalty program"):
        world.add_reward(reward, "other", **options)
