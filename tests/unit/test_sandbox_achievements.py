"""The sandbox's achievements: what makes and takes back progress, and what customers read of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from talon_async.errors import NotFoundError
from talon_async.models import (
    CampaignReference,
    CustomerProfileIntegrationRequestV2,
    IncreaseAchievementProgressEffectProps,
    IntegrationEventV2Request,
    IntegrationRequest,
    NewCustomerSessionV2,
)
from talon_async.testing import Sandbox, effect
from talon_async.testing._refusal import Refusal
from talon_async.testing.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.clock import FakeClock

    from talon_async.models import Effect

DAY = 24 * 3600


def step(number: int = 1, delta: float = 4) -> Effect:
    return effect(
        IncreaseAchievementProgressEffectProps(
            achievement_id=number,
            achievement_name="steps",
            delta=delta,
            value=delta,
            target=10,
            is_just_completed=False,
        )
    )


@pytest.fixture
def world(clock: FakeClock) -> World:
    world = World(clock)
    world.rules.on_event.append(lambda event: [step(delta=event.attributes.get("delta", 4))])
    return world


def go(world: World, delta: float = 4, who: str = "p") -> None:
    world.track_event_v2(IntegrationEventV2Request(profile_id=who, type="step", attributes={"delta": delta}))


def history(world: World, **filters: Any) -> list[tuple[Any, Any]]:
    page = world.get_customer_achievement_history("p", 1, **filters)
    assert page.total_result_size is not None
    return [(item.status, item.progress) for item in page.data]


def listed(world: World, **filters: Any) -> list[Any]:
    return [achievement.id for achievement in world.get_customer_achievements("p", **filters).data]


# -- progress


def test_progress_grows_when_a_rule_says_so(world: World, clock: FakeClock) -> None:
    """The delta of an effect is added to a customer's progress until the target is reached."""
    world.add_achievement(1, "steps", 10)
    for seconds, expected in ((0, ("inprogress", 4)), (60, ("inprogress", 8)), (120, ("completed", 12))):
        clock.time = 1000.0 + seconds
        go(world)
        assert [expected] == history(world)
    (done,) = world.get_customer_achievement_history("p", 1).data
    assert (done.completion_date, done.start_date) == (clock.now(), clock.now() - timedelta(seconds=120))


def test_no_progress_is_made_when_an_event_is_dry_or_the_achievement_unknown(world: World) -> None:
    """An effect on an unknown achievement makes no progress, and neither does a dry event."""
    world.add_achievement(1, "steps", 10)
    event = IntegrationEventV2Request(profile_id="p", type="step", attributes={})
    world.track_event_v2(event, dry=True)
    world.rules.on_event[:] = [lambda _: [step(7)]]
    world.track_event_v2(event)
    assert history(world) == []


def test_progress_is_made_when_the_rules_run_on_the_profile(world: World) -> None:
    """The update of a profile makes progress only if it runs the rule engine."""
    world.add_achievement(1, "steps", 10)
    world.rules.on_profile.append(lambda _: [step()])
    world.update_customer_profile_v2("p", CustomerProfileIntegrationRequestV2())
    assert history(world) == []
    request = CustomerProfileIntegrationRequestV2(response_content=["achievements"])
    answer = world.update_customer_profile_v2("p", request, run_rule_engine=True)
    (shown,) = answer.achievements
    assert shown.current_progress is not None
    assert (shown.id, shown.current_progress.progress) == (1, 4)


def test_a_session_counts_when_it_closes(world: World) -> None:
    """Closing a session makes its progress.

    Cancelling the session takes the progress back, with an effect that says so.
    """
    world.add_achievement(1, "steps", 4)
    world.rules.on_session.append(lambda _: [step()])
    histories: list[Any] = []
    for state in ("open", "closed", "cancelled"):
        session = NewCustomerSessionV2(profile_id="p", state=state)
        answer = world.update_customer_session_v2("s", IntegrationRequest(customer_session=session))
        histories.append(history(world))
    assert histories == [[], [("completed", 4)], [("inprogress", 0)]]
    assert [one.effect_type for one in answer.effects] == ["rollbackIncreasedAchievementProgress"]


def test_progress_stays_expired_when_its_session_is_cancelled(world: World, clock: FakeClock) -> None:
    """Cancelling a session takes progress from an expired achievement, which stays expired."""
    world.add_achievement(1, "steps", 10, lasts=timedelta(days=1))
    world.rules.on_session.append(lambda _: [step()])
    for state in ("closed", "cancelled"):
        session = NewCustomerSessionV2(profile_id="p", state=state)
        world.update_customer_session_v2("s", IntegrationRequest(customer_session=session))
        clock.time += DAY
    assert history(world) == [("expired", 0)]


def test_a_session_makes_no_progress_when_it_is_anonymous(world: World) -> None:
    """An anonymous session makes no progress, because it has no customer."""
    world.add_achievement(1, "steps", 4)
    world.rules.on_session.append(lambda _: [step()])
    session = NewCustomerSessionV2(profile_id="", state="closed")
    world.update_customer_session_v2("s", IntegrationRequest(customer_session=session))
    assert not world.store.progress


@pytest.mark.parametrize(
    ("recurrence", "expected"),
    [
        ("no_recurrence", [("completed", 12)]),
        ("on_completion", [("completed", 12), ("inprogress", 12 - 8)]),
        ("on_expiration", [("completed", 12)]),
    ],
)
def test_a_customer_starts_again_when_a_completed_achievement_allows_it(
    world: World, recurrence: Any, expected: Any
) -> None:
    """A completed achievement begins again only if its recurrence is `on_completion`.

    Otherwise later progress is ignored.
    """
    world.add_achievement(1, "steps", 10, recurrence=recurrence)
    for delta in (12, 4):
        go(world, delta)
    assert expected == history(world)


@pytest.mark.parametrize(
    ("recurrence", "expected"),
    [
        ("no_recurrence", [("expired", 4)]),
        ("on_completion", [("expired", 4)]),
        ("on_expiration", [("expired", 4), ("inprogress", 5)]),
    ],
)
def test_a_customer_starts_again_when_an_expired_achievement_allows_it(
    world: World, clock: FakeClock, recurrence: Any, expected: Any
) -> None:
    """An achievement expires a fixed time after its first step, to the second.

    It begins again only if its recurrence is `on_expiration`.
    """
    world.add_achievement(1, "steps", 10, recurrence=recurrence, lasts=timedelta(days=1))
    go(world)
    clock.time += DAY - 1
    assert history(world) == [("inprogress", 4)]
    clock.time += 1
    go(world, 5)
    assert expected == history(world)


def test_nothing_counts_when_an_achievement_does_not_run(world: World, clock: FakeClock) -> None:
    """Progress before the start or after the end of an achievement is ignored."""
    start = clock.now() + timedelta(days=1)
    world.add_achievement(1, "steps", 10, starts=start, ends=start + timedelta(days=1))
    for delta in (1, 2, 3):
        go(world, delta)
        clock.time += DAY
    assert history(world) == [("inprogress", 2)]


# -- reading


def test_the_achievements_are_listed_when_they_run(world: World, clock: FakeClock) -> None:
    """A listing has the active achievements, and scheduled ones only on request. Ended ones are never listed."""
    now, day = clock.now(), timedelta(days=1)
    world.add_achievement(1, "now", 10, campaign_id=7)
    world.add_achievement(2, "later", 10, starts=now + day)
    world.add_achievement(3, "over", 10, ends=now)
    world.add_achievement(4, "other", 10)
    go(world)
    assert listed(world) == [1, 4]
    assert listed(world, achievement_status=["scheduled"]) == [2]
    assert listed(world, achievement_status=["scheduled", "active"]) == [1, 2, 4]
    assert listed(world, campaign_ids=["7"]) == [1]
    assert listed(world, achievement_ids=["2", "4"]) == [4]
    assert listed(world, current_progress_status=["inprogress"]) == [1]
    assert listed(world, current_progress_status=["not_started"]) == [4]


def test_an_achievement_is_complete_when_it_is_listed(world: World, clock: FakeClock) -> None:
    """A listed achievement has its settings and the customer's progress."""
    ends = clock.now() + timedelta(days=9)
    made = world.add_achievement(1, "steps", 10, title="Steps", description="Walk", lasts=timedelta(days=1), ends=ends)
    go(world)
    (one,) = world.get_customer_achievements("p").data
    assert one.current_progress is not None
    assert (one.status, one.current_progress.progress, one.current_progress.end_date) == (
        "active", 4, clock.now() + timedelta(days=1),
    )  # fmt: skip
    assert (one.id, one.title, one.target, one.period, one.end_date) == (1, "Steps", 10, "86400s", ends)
    assert made.created == one.created


def test_pages_are_cut_when_there_are_many_achievements(world: World) -> None:
    """A page of achievements has the size of the whole list."""
    for number in range(1, 6):
        world.add_achievement(number, "x", 10, recurrence="on_completion")
    for _ in range(3):
        go(world, 10)
    page = world.get_customer_achievements("p", page_size=2, skip=1)
    assert ([item.id for item in page.data], page.total_result_size) == ([2, 3], 5)
    assert len(history(world, page_size=2, skip=2)) == 1
    assert world.get_customer_achievement_history("p", 1, page_size=1).total_result_size == 3


def test_the_history_is_filtered_when_asked_for(world: World, clock: FakeClock) -> None:
    """The history can be filtered by status, and by the time at which progress began, both ends included."""
    world.add_achievement(1, "steps", 10, recurrence="on_completion")
    for delta in (11, 12, 3):
        go(world, delta)
        clock.time += DAY
    second = clock.now() - timedelta(days=2)
    assert history(world, progress_status=["inprogress"]) == [("inprogress", 3)]
    assert history(world, progress_status=["completed", "expired"]) == [("completed", 11), ("completed", 12)]
    assert history(world, start_date=second) == [("completed", 12), ("inprogress", 3)]
    assert history(world, end_date=second) == [("completed", 11), ("completed", 12)]


def test_the_inventory_holds_achievements_when_the_customer_takes_part(world: World) -> None:
    """The inventory has the customer's progress with the settings of the achievement."""
    world.add_achievement(1, "steps", 10)
    world.add_achievement(2, "not begun", 10)
    go(world)
    (one,) = world.get_customer_inventory("p", achievements=True).achievements
    assert (one.achievement_id, one.name, one.progress, one.target, one.status) == (1, "steps", 4, 10, "inprogress")


@pytest.mark.parametrize(
    ("act", "status"),
    [
        (lambda w: w.get_customer_achievements("q"), 404),
        (lambda w: w.get_customer_achievement_history("q", 1), 404),
        (lambda w: w.get_customer_achievement_history("p", 9), 404),
        (lambda w: w.get_customer_achievements("p", page_size=0), 400),
        (lambda w: w.get_customer_achievements("p", page_size=1001), 400),
        (lambda w: w.get_customer_achievements("p", skip=-1), 400),
        (lambda w: w.get_customer_achievements("p", campaign_ids=["x"]), 400),
        (lambda w: w.get_customer_achievement_history("p", 1, page_size=0), 400),
    ],
)
def test_reading_is_refused_when_it_asks_for_what_there_is_not(
    world: World, act: Callable[[World], None], status: int
) -> None:
    """An unknown customer or achievement is a 404. An impossible page or an ID that is no number is a 400."""
    world.add_achievement(1, "steps", 10)
    go(world)
    with pytest.raises(Refusal) as refused:
        act(world)
    assert status == refused.value.status


def test_an_achievement_cannot_be_scripted_when_it_makes_no_sense(world: World, clock: FakeClock) -> None:
    """Scripting an achievement whose number is taken, or whose time has no zone, raises a ValueError."""
    world.add_achievement(1, "steps", 10)
    with pytest.raises(ValueError, match="achievement 1"):
        world.add_achievement(1, "steps", 10)
    with pytest.raises(ValueError, match="time zone"):
        world.add_achievement(2, "steps", 10, ends=clock.now().replace(tzinfo=None))


async def test_achievements_are_read_when_a_client_asks(client: Callable[..., Any]) -> None:
    """A client can list achievements and their history, with filters that are joined by commas."""
    with Sandbox() as sandbox:
        talon = client(sandbox.url, sandbox.api_key, strict=True)
        sandbox.add_achievement(1, "steps", 10.0)
        sandbox.add_achievement(2, "more", 10.0)
        sandbox.on_event(lambda _: [step()])
        await talon.track_event_v2(IntegrationEventV2Request(profile_id="p", type="step"))
        achievements = await talon.get_customer_achievements(
            "p", achievement_ids=["1", "2"], current_progress_status=["inprogress", "completed"]
        )
        assert [(achievement.id, achievement.current_progress.progress) for achievement in achievements.data] == [
            (1, 4)
        ]
        passed = await talon.get_customer_achievement_history("p", 1, progress_status=["inprogress"])
        assert passed.total_result_size == 1
        with pytest.raises(NotFoundError):
            await talon.get_customer_achievements("q")


def test_an_achievement_names_its_campaign_when_it_is_answered(world: World) -> None:
    """An achievement names its campaign in the listing, in the inventory, and in the answer to an event."""
    world.add_achievement(1, "steps", 10, campaign_id=8)
    go(world)
    [listed] = world.get_customer_achievements("p").data
    [owned] = world.get_customer_inventory("p", achievements=True).achievements
    event = IntegrationEventV2Request(profile_id="p", type="step", response_content=["achievements"])
    answer: Any = world.track_event_v2(event, silent=False)
    [told] = answer.achievements
    assert [(8, [8])] * 3 == [
        (achievement.campaign_id, achievement.campaign_ids) for achievement in (listed, owned, told)
    ]
    assert [CampaignReference(id=8, application_id=1)] == owned.referenced_by_campaigns == told.referenced_by_campaigns
