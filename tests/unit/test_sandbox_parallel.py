"""How the sandbox takes parallel updates, and requests that come again with their key."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from support.asking import EVENT, SECRET, ask, content

from talon_async._clock import Clock
from talon_async.testing._guards import Guard
from talon_async.testing._handler import Handler

if TYPE_CHECKING:
    from support.clock import FakeClock


@pytest.fixture
def handler(clock: FakeClock) -> Handler:
    return Handler(Guard("k", "7", SECRET), clock)


# -- parallel updates


class Gate(Clock):
    """Waits until it is opened."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        await self.open.wait()


async def at_once(handler: Handler, gate: Gate, *requests: tuple[str, str, Any]) -> list[Any]:
    """Send requests so that all of them have arrived before the first is done."""
    handler.latency = 1
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(handler, *request)) for request in requests]
        for _ in range(10):
            await asyncio.sleep(0)
        gate.open.set()
    return [task.result() for task in tasks]


def event_of(profile: str, session: str) -> tuple[str, str, Any]:
    return "POST", "/v1/events", {**EVENT, "profileId": profile, "sessionId": session}


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def busy(gate: Gate) -> Handler:
    return Handler(Guard("k", "7", SECRET), gate)


async def test_the_fourth_is_refused_when_a_profile_is_being_updated(busy: Handler, gate: Gate) -> None:
    """One update of a profile runs and two wait, whatever they update. A fourth is refused with 409."""
    answers = await at_once(
        busy,
        gate,
        event_of("p", "a"),
        ("PUT", "/v1/customer_profiles/p", {}),
        ("PUT", "/v2/customer_sessions/b", {"customerSession": {"profileId": "p"}}),
        ("PUT", "/v2/customer_profiles/p", {}),
    )
    assert [answer.status for answer in answers] == [201, 200, 200, 409]
    message = "Too many requests are updating this profile at the same time"
    assert content(answers[3]) == {"message": message, "errors": None, "StatusCode": 409}


async def test_the_fourth_is_refused_when_a_session_is_being_updated(busy: Handler, gate: Gate) -> None:
    """One update of an anonymous session runs and two wait. A fourth is refused with 409."""
    answers = await at_once(busy, gate, *[event_of("", "s")] * 4)
    assert [answer.status for answer in answers] == [201, 201, 201, 409]
    assert "this session" in content(answers[3])["message"]


async def test_no_request_is_refused_when_customers_are_different(busy: Handler, gate: Gate) -> None:
    """Updates of different customers do not wait for each other."""
    answers = await at_once(busy, gate, *[event_of(f"p{n}", f"s{n}") for n in range(9)])
    assert {answer.status for answer in answers} == {201}


async def test_the_owners_profile_is_locked_when_only_the_session_is_named(busy: Handler, gate: Gate) -> None:
    """An update that names only its session counts as one of the session's profile."""
    for name in "abcd":
        await ask(busy, *event_of("p", name))
    unnamed = [("PUT", f"/v2/customer_sessions/{name}", {"customerSession": {}}) for name in "abcd"]
    answers = await at_once(busy, gate, *unnamed)
    assert [answer.status for answer in answers] == [200, 200, 200, 409]


async def test_reading_goes_on_when_a_profile_is_being_updated(busy: Handler, gate: Gate) -> None:
    """Reads of a profile do not wait for its updates."""
    await ask(busy, *event_of("p", "s"))
    answers = await at_once(busy, gate, *[("GET", "/v1/customer_profiles/p/inventory", None)] * 6)
    assert {answer.status for answer in answers} == {200}


async def test_no_lock_is_kept_when_requests_are_done(busy: Handler, gate: Gate) -> None:
    """Finished and refused updates leave no lock behind."""
    await at_once(busy, gate, *[event_of("p", "s")] * 6)
    assert not busy.updates._present
    assert not len(busy.updates._locks)


# -- keys


async def test_the_answer_is_the_same_when_a_key_comes_again(handler: Handler) -> None:
    """A request with the same key gets the same bytes as answer, and acts once."""
    body = {"customerSession": {"profileId": "p"}, "responseContent": ["customerSession"]}
    first = await ask(handler, "PUT", "/v2/customer_sessions/s", body, Idempotency_Key="one")
    again = await ask(handler, "PUT", "/v2/customer_sessions/s", body, Idempotency_Key="one")
    assert first.body == again.body
    assert handler.world.store.sessions["s"].session.update_count == 1


async def test_a_key_is_new_when_a_day_has_passed(handler: Handler, clock: FakeClock) -> None:
    """A key is remembered for 24 hours."""
    for seconds, count in ((0, 1), (24 * 3600 - 1, 1), (1, 2)):
        clock.time += seconds
        await ask(handler, "PUT", "/v2/customer_sessions/s", {"customerSession": {}}, Idempotency_Key="one")
        assert count == handler.world.store.sessions["s"].session.update_count


async def test_a_key_is_new_when_the_operation_is_another(handler: Handler) -> None:
    """A key is remembered for its operation only."""
    await ask(handler, "PUT", "/v2/customer_sessions/s", {"customerSession": {}}, Idempotency_Key="one")
    await ask(handler, "PUT", "/v2/customer_profiles/p", {}, Idempotency_Key="one")
    assert "p" in handler.world.store.profiles


async def test_a_key_is_ignored_when_the_operation_takes_none(handler: Handler) -> None:
    """An event of V1, which takes no key, is recorded each time."""
    for _ in range(2):
        await ask(handler, "POST", "/v1/events", EVENT, Idempotency_Key="one")
    assert len(handler.world.store.events) == 2


async def test_a_key_is_ignored_when_the_deployment_is_old(handler: Handler) -> None:
    """With `trust_keys` off, as before release 26.15, a request with the same key acts again."""
    handler.trust_keys = False
    for _ in range(2):
        await ask(handler, "PUT", "/v2/customer_sessions/s", {"customerSession": {}}, Idempotency_Key="one")
    assert handler.world.store.sessions["s"].session.update_count == 2


async def test_a_refusal_is_forgotten_when_a_key_comes_again(handler: Handler) -> None:
    """A refusal is not remembered, and a request with the same key is evaluated again."""
    wrong = {"customerSession": {"state": "cancelled"}}
    refused = await ask(handler, "PUT", "/v2/customer_sessions/s", wrong, Idempotency_Key="one")
    right = await ask(handler, "PUT", "/v2/customer_sessions/s", {"customerSession": {}}, Idempotency_Key="one")
    assert (refused.status, right.status) == (400, 200)
