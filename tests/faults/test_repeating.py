"""What is repeated, how, and how often: on the wire, on both twins, by a clock on which waits take no time."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from support.clock import FakeClock
from support.raw import EMPTY, Exchange, RawServer, Script, answer, hang, reset, then_cut

from talon_async import Limits, RetryPolicy, Timeout
from talon_async.errors import (
    ConflictError,
    InvalidArgumentError,
    NotFoundError,
    ParallelUpdateError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    UnreadableAnswerError,
)
from talon_async.models import (
    CouponReservations,
    CustomerProfileIntegrationRequestV2,
    IntegrationEventV2Request,
    IntegrationEventV3Request,
    IntegrationRequest,
    NewCustomerSessionV2,
    NewEvent,
)

EVENT = NewEvent(type="t", session_id="s", profile_id="p", attributes={})
EVENT_V2 = IntegrationEventV2Request(profile_id="p", type="t")
UNIQUE = IntegrationEventV3Request(profile_id="p", type="t", integration_id="once")
PROFILE = CustomerProfileIntegrationRequestV2(attributes={"a": 1})
BUSY = answer(
    {"message": "Too many requests are updating this profile at the same time", "StatusCode": 409}, status=409
)
DOWN = answer({}, status=503)
HALF = then_cut(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}")


@pytest.mark.parametrize("fault", [reset, DOWN, HALF, then_cut(b"")])
async def test_a_keyed_write_is_repeated_alike_when_its_outcome_is_open(
    client: Any, clock: FakeClock, fault: Script
) -> None:
    """Every attempt of a keyed write has the same key and the same bytes."""
    with RawServer(fault, fault, answer({"customerProfile": {"id": 7}})) as server:
        talon = client(server.url, clock=clock)
        response = await talon.raw(talon.update_customer_profile_v2)("a", PROFILE)
    assert (7, 3, [0.25, 0.5]) == (response.data.customer_profile.id, response.attempts, clock.waits)
    assert len({(request.line, request.body, request.headers["idempotency-key"]) for request in server.received}) == 1
    assert response.idempotency_key == server.received[0].headers["idempotency-key"]
    assert response.elapsed == pytest.approx(0.75)


async def test_each_call_has_its_own_key_when_none_is_given(client: Any) -> None:
    """Each call has a random UUID as key, which is made once for all its attempts."""
    with RawServer(answer({})) as server:
        talon = client(server.url)
        for _ in range(2):
            await talon.update_customer_profile_v2("a", PROFILE)
    first, second = (request.headers["idempotency-key"] for request in server.received)
    assert (36, 36) == (len(first), len(second))
    assert first != second


async def test_the_callers_key_is_sent_when_one_is_given(client: Any, clock: FakeClock) -> None:
    """A key that the caller gives is sent, and the error has it, so that the call can be repeated later."""
    with RawServer(DOWN) as server:
        talon = client(server.url, clock=clock)
        with pytest.raises(ServerError) as caught:
            await talon.update_customer_profile_v2("a", PROFILE, idempotency_key="order-77")
    assert ["order-77"] * 4 == [request.headers["idempotency-key"] for request in server.received]
    assert ("order-77", 4, "unknown") == (caught.value.idempotency_key, caught.value.attempts, caught.value.outcome)


async def test_keys_come_from_the_callers_source_when_there_is_one(client: Any) -> None:
    """`idempotency_keys` makes the keys, and a key that cannot be a header is refused."""
    with RawServer(answer({})) as server:
        talon = client(server.url, idempotency_keys=lambda: "mine")
        await talon.update_customer_profile_v2("a", PROFILE)
        assert server.received[0].headers["idempotency-key"] == "mine"
        with pytest.raises(InvalidArgumentError, match="idempotency_key"):
            await talon.with_options(idempotency_keys=lambda: "a b").update_customer_profile_v2("a", PROFILE)


async def test_no_key_is_sent_when_the_operation_has_none(client: Any) -> None:
    """An operation whose documents have no Idempotency-Key sends none."""
    with RawServer(answer({})) as server:
        await client(server.url).track_event(EVENT)
    assert "idempotency-key" not in server.received[0].headers


async def test_a_key_is_sent_but_not_relied_on_when_it_is_not_trusted(client: Any, clock: FakeClock) -> None:
    """With `trust_keys=False` a key is sent, but a write of unknown outcome is not repeated.

    Older deployments ignore keys.
    """
    with RawServer(DOWN) as server, pytest.raises(ServerError):
        talon = client(server.url, clock=clock, retry=RetryPolicy(trust_keys=False))
        await talon.update_customer_profile_v2("a", PROFILE)
    assert (1, True) == (len(server.received), "idempotency-key" in server.received[0].headers)


async def test_a_key_is_not_used_again_when_the_server_may_have_forgotten_it(client: Any) -> None:
    """A keyed call is not repeated a day after its first attempt, because the server may have forgotten its key."""

    class Slow(FakeClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds + 24 * 3600)

    with RawServer(DOWN) as server, pytest.raises(ServerError):
        talon = client(server.url, clock=Slow(), timeout=Timeout(total=None))
        await talon.update_customer_profile_v2("a", PROFILE)
    assert len(server.received) == 2


async def test_parallel_updates_are_repeated_when_the_server_refuses_them(client: Any, clock: FakeClock) -> None:
    """A refusal of parallel updates is repeated soon, whatever the operation, because the server did nothing."""
    with RawServer(BUSY, BUSY, answer({"event": {"type": "t"}}, status=201)) as server:
        talon = client(server.url, clock=clock)
        assert (await talon.track_event(EVENT)).event.type == "t"
    assert [0.1, 0.2] == clock.waits


async def test_parallel_updates_are_an_error_of_their_own_when_they_do_not_end(client: Any, clock: FakeClock) -> None:
    """Parallel updates that are refused to the last attempt raise an error of their own."""
    with RawServer(BUSY) as server, pytest.raises(ParallelUpdateError) as caught:
        await client(server.url, clock=clock).track_event(EVENT)
    assert ("rejected", 4) == (caught.value.outcome, caught.value.attempts)


async def test_other_conflicts_are_final_when_the_server_says_so(client: Any, clock: FakeClock) -> None:
    """A 409 that is not about parallel updates is not repeated."""
    with RawServer(answer({"message": "exists already"}, status=409)) as server, pytest.raises(ConflictError):
        await client(server.url, clock=clock).update_customer_profile_v2("a", PROFILE)
    assert len(server.received) == 1


async def test_a_keyed_write_is_repeated_when_the_server_is_still_at_an_earlier_attempt(
    client: Any, clock: FakeClock
) -> None:
    """A keyed write that meets 409 after a lost attempt is repeated until the server has finished the first one."""
    working = answer({"message": "a request with this key is under way"}, status=409)
    with RawServer(reset, working, working, answer({})) as server:
        talon = client(server.url, clock=clock)
        assert 4 == (await talon.raw(talon.track_event_v2)(EVENT_V2)).attempts
    assert 1 == len({request.headers["idempotency-key"] for request in server.received})


async def test_a_keyed_conflict_is_final_when_keys_are_not_trusted(client: Any, clock: FakeClock) -> None:
    """Without trust in keys, a keyed write that was lost is not repeated."""
    working = answer({"message": "a request with this key is under way"}, status=409)
    with RawServer(answer({}, status=429), working) as server, pytest.raises(ConflictError):
        await client(server.url, clock=clock, retry=RetryPolicy(trust_keys=False)).track_event_v2(EVENT_V2)
    assert 2 == len(server.received)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
async def test_a_refusal_is_final_when_the_request_is_wrong(client: Any, clock: FakeClock, status: int) -> None:
    """A 4xx answer is final."""
    with RawServer(answer({}, status=status)) as server, pytest.raises(Exception, match=str(status)):
        await client(server.url, clock=clock).get_customer_inventory("a")
    assert len(server.received) == 1


async def test_the_server_is_waited_for_when_it_sends_retry_after(client: Any, clock: FakeClock) -> None:
    """The client waits at least as long as Retry-After asks for."""
    with RawServer(answer({}, status=429, headers={"Retry-After": "7"}), answer({})) as server:
        await client(server.url, clock=clock).track_event(EVENT)
    assert clock.waits == [pytest.approx(7.7)]


async def test_the_call_ends_at_once_when_retry_after_is_beyond_the_deadline(client: Any, clock: FakeClock) -> None:
    """A Retry-After beyond the deadline ends the call at once, with an error that tells the wait."""
    with RawServer(answer({}, status=429, headers={"Retry-After": "45"})) as server:
        with pytest.raises(RateLimitError) as caught:
            await client(server.url, clock=clock, timeout=20).track_event(EVENT)
    assert ([], 45.0) == (clock.waits, caught.value.retry_after)


async def test_a_deletion_has_succeeded_when_a_repetition_finds_nothing(client: Any, clock: FakeClock) -> None:
    """A DELETE that meets 404 after a lost answer counts as done. A 404 at the first attempt is an error."""
    missing = answer({"message": "not found"}, status=404)
    with RawServer(reset, missing) as server:
        assert await client(server.url, clock=clock).delete_customer_data("a") is None
    assert len(server.received) == 2
    with RawServer(missing) as server, pytest.raises(NotFoundError):
        await client(server.url, clock=clock).delete_customer_data("a")
    with RawServer(answer({}, status=429), missing) as server, pytest.raises(NotFoundError):
        await client(server.url, clock=clock).delete_customer_data("a")


async def test_a_deletion_with_a_body_is_repeated_with_it_when_it_is_lost(client: Any, clock: FakeClock) -> None:
    """A DELETE with a body is repeated with the same body."""
    with RawServer(reset, EMPTY) as server:
        await client(server.url, clock=clock).delete_coupon_reservation("A", CouponReservations(integration_ids=["a"]))
    assert [b'{"integrationIDs":["a"]}'] * 2 == [request.body for request in server.received]


@pytest.mark.parametrize("method", ["get_customer_inventory", "delete_customer_data", "update_customer_profile_v2"])
async def test_aiohttp_repeats_no_request_when_a_connection_is_lost(client: Any, clock: FakeClock, method: str) -> None:
    """The server sees as many requests as `attempts` says, because aiohttp's own repetition is off."""
    arguments = ("a", PROFILE) if method == "update_customer_profile_v2" else ("a",)
    with RawServer(answer({}), reset) as server:
        talon = client(server.url, clock=clock, retry=RetryPolicy.off())
        await talon.get_customer_inventory("warm")
        with pytest.raises(Exception, match="ended before an answer came") as caught:
            await getattr(talon, method)(*arguments)
    assert (1, 2) == (caught.value.attempts, len(server.received))


async def test_a_dry_event_is_repeated_when_it_is_lost(client: Any, clock: FakeClock) -> None:
    """A dry event whose answer was lost is repeated, because it stores nothing."""
    with RawServer(reset, answer({})) as server:
        await client(server.url, clock=clock).track_event(EVENT, dry=True)
    assert len(server.received) == 2


async def test_repetitions_stay_within_the_budget_when_the_server_is_down(client: Any, clock: FakeClock) -> None:
    """The retry budget, which copies share, limits 500 failing calls to 600 requests instead of 2000."""
    with RawServer(DOWN) as server:
        talon = client(server.url, clock=clock)
        copy = talon.with_options(timeout=60)
        for n in range(500):
            with pytest.raises(ServerError):
                await (talon, copy)[n % 2].get_customer_inventory("a")
    assert len(server.received) == 600


async def test_an_attempt_is_not_begun_when_the_deadline_has_passed(client: Any, clock: FakeClock) -> None:
    """No attempt begins after the deadline, which counts waits and attempts."""

    async def slow(exchange: Exchange) -> None:
        clock.time += 6
        await exchange.send(DOWN)

    with RawServer(slow) as server, pytest.raises(ServerError) as caught:
        await client(server.url, clock=clock, timeout=10).get_customer_inventory("a")
    assert (2, 2) == (len(server.received), caught.value.attempts)


async def test_queueing_does_not_use_up_an_attempt_when_connections_are_few(client: Any) -> None:
    """The time of an attempt begins when it has a connection, so many short calls in a long queue succeed."""

    async def work(exchange: Exchange) -> None:
        await asyncio.sleep(0.05)
        await exchange.send(answer({}))

    with RawServer(work) as server:
        talon = client(
            server.url, limits=Limits(connections=1), timeout=Timeout(total=30, attempt=0.3), retry=RetryPolicy.off()
        )
        await asyncio.gather(*(talon.get_customer_inventory(str(n)) for n in range(12)))
    assert (12, 1) == (len(server.received), server.connections)


async def test_a_call_is_not_sent_when_its_time_ends_in_the_queue(client: Any) -> None:
    """A call whose time ends in the queue is not sent, and its error says that it waited for a connection."""
    with RawServer(hang) as server:
        talon = client(server.url, limits=Limits(connections=1), timeout=Timeout(total=0.6, attempt=0.5))
        first = asyncio.ensure_future(talon.get_customer_inventory("a"))
        while not server.received:
            await asyncio.sleep(0.01)
        with pytest.raises(RequestTimeoutError, match=r"waiting for a connection \(Limits.connections\)") as caught:
            await talon.with_options(timeout=0.1).track_event(EVENT)
        assert ("not_sent", 0) == (caught.value.outcome, caught.value.attempts)
        with pytest.raises(RequestTimeoutError):
            await first


async def test_updates_wait_for_each_other_when_they_are_for_one_profile(client: Any) -> None:
    """Updates of one profile are sent one after the other, and those of other profiles do not wait."""
    running: dict[str, int] = {}
    most: dict[str, int] = {}
    together = 0

    async def count(exchange: Exchange) -> None:
        nonlocal together
        name = exchange.line.split("/")[3].split(" ")[0]
        running[name] = running.get(name, 0) + 1
        most[name] = max(most.get(name, 0), running[name])
        together = max(together, sum(running.values()))
        await asyncio.sleep(0.02)
        running[name] -= 1
        await exchange.send(answer({}))

    with RawServer(count) as server:
        talon = client(server.url)
        await asyncio.gather(*(talon.update_customer_profile_v2(name, PROFILE) for name in "aaaabbbb"))
        assert ({"a": 1, "b": 1}, 2) == (most, together)
        most.clear()
        wide = client(server.url, limits=Limits(parallel_updates=0))
        await asyncio.gather(*(wide.update_customer_profile_v2("a", PROFILE) for _ in range(4)))
    assert most["a"] > 1


async def test_waiting_for_another_update_counts_when_the_total_is_short(client: Any) -> None:
    """Waiting for an earlier update of the profile counts against the total time, also for sessions of one profile."""
    body = IntegrationRequest(customer_session=NewCustomerSessionV2(profile_id="p"))
    with RawServer(hang) as server:
        talon = client(server.url, timeout=Timeout(total=0.6, attempt=0.5), retry=RetryPolicy.off())
        first = asyncio.ensure_future(talon.update_customer_session_v2("one", body))
        while not server.received:
            await asyncio.sleep(0.01)
        with pytest.raises(RequestTimeoutError, match="other updates") as caught:
            await talon.with_options(timeout=0.1).update_customer_session_v2("two", body)
        assert caught.value.outcome == "not_sent"
        with pytest.raises(RequestTimeoutError):
            await first


async def test_a_log_line_tells_of_a_repetition_when_there_is_one(
    client: Any, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A repetition is logged with the operation, attempt, reason and wait, and without a customer's ID or a key."""
    caplog.set_level(logging.DEBUG, "talon_async")
    with RawServer(DOWN, answer({})) as server:
        await client(server.url, clock=clock).get_customer_inventory("jane@example.com")
    assert ["get_customer_inventory: attempt 1 ended in ServerError (status 503), again in 0.250 s"] == [
        record.getMessage() for record in caplog.records if record.name == "talon_async"
    ]


@pytest.mark.parametrize("fault", [reset, DOWN, then_cut(b"")])
async def test_a_write_is_repeated_when_the_server_refuses_a_second_one(
    client: Any, clock: FakeClock, fault: Script
) -> None:
    """A write under an ID that must be new is repeated with the same bytes and without a key. It cannot act twice."""
    with RawServer(fault, fault, answer({"event": {}}, status=201)) as server:
        talon = client(server.url, clock=clock)
        response = await talon.raw(talon.track_event_v3)(UNIQUE)
    assert (3, [0.25, 0.5], None) == (response.attempts, clock.waits, response.idempotency_key)
    assert 1 == len({(request.line, request.body) for request in server.received})
    assert not any("idempotency-key" in request.headers for request in server.received)


@pytest.mark.parametrize("fault", [reset, DOWN])
async def test_a_conflict_has_an_unknown_outcome_when_an_earlier_attempt_was_lost(
    client: Any, clock: FakeClock, fault: Script
) -> None:
    """A 409 after a lost attempt has an unknown outcome and is not repeated.

    It is most likely about the first attempt.
    """
    conflict = answer({"message": "an event with this ID exists"}, status=409)
    with RawServer(fault, conflict) as server, pytest.raises(ConflictError, match="exists") as caught:
        await client(server.url, clock=clock).track_event_v3(UNIQUE)
    assert ("unknown", 2, 2) == (caught.value.outcome, caught.value.attempts, len(server.received))


@pytest.mark.parametrize("before", [[], [BUSY], [answer({}, status=429)]])
async def test_a_conflict_is_a_rejection_when_no_attempt_was_lost(
    client: Any, clock: FakeClock, before: list[Script]
) -> None:
    """A 409 at once, or after attempts with which the server did nothing, is a rejection."""
    conflict = answer({"message": "an event with this ID exists"}, status=409)
    with RawServer(*before, conflict) as server, pytest.raises(ConflictError) as caught:
        await client(server.url, clock=clock).track_event_v3(UNIQUE)
    assert ("rejected", len(before) + 1) == (caught.value.outcome, len(server.received))


@pytest.mark.parametrize("lost", [HALF, answer(b"{"), answer([])])
async def test_a_unique_write_is_not_repeated_when_it_was_accepted(client: Any, clock: FakeClock, lost: Script) -> None:
    """A write under a new ID that was accepted is not repeated, because a second request would only meet a conflict."""
    with RawServer(lost) as server, pytest.raises(UnreadableAnswerError) as caught:
        await client(server.url, clock=clock).track_event_v3(UNIQUE)
    assert ("accepted", 1) == (caught.value.outcome, len(server.received))


async def test_a_unique_write_is_not_repeated_when_it_was_accepted_after_a_lost_attempt(
    client: Any, clock: FakeClock
) -> None:
    """A write under a new ID that was accepted after a lost attempt is not repeated, and its outcome is `accepted`."""
    with RawServer(reset, answer(b"{")) as server, pytest.raises(UnreadableAnswerError) as caught:
        await client(server.url, clock=clock).track_event_v3(UNIQUE)
    assert ("accepted", 2) == (caught.value.outcome, len(server.received))


async def test_unlocking_is_repeated_when_it_is_under_an_id_of_the_callers(client: Any, clock: FakeClock) -> None:
    """Unlocking a reward under an ID of the caller's is repeated, as such writes are."""
    from talon_async.models import IntegrationUnlockRewardRequest

    body = IntegrationUnlockRewardRequest(integration_id="once", profile_integration_id="p")
    with RawServer(reset, answer({})) as server:
        await client(server.url, clock=clock).unlock_reward(4, body)
    assert 2 == len(server.received)


async def test_nothing_is_sent_when_the_client_is_given_no_key(client: Any) -> None:
    """A write for which `idempotency_keys` gives no key is not sent, because it would be repeated unprotected."""
    with RawServer(answer({})) as server:
        talon = client(server.url, idempotency_keys=lambda: None)
        with pytest.raises(InvalidArgumentError, match="idempotency_key must be 1 to 255 visible"):
            await talon.update_customer_profile_v2("a", CustomerProfileIntegrationRequestV2())
    assert [] == server.received
