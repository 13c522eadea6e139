"""Refusals that later attempts must not hide, and heads of answers that are too large."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.clock import FakeClock
from support.raw import Exchange, RawServer, Script, answer, hang, reset, then_cut

from talon_async import Limits, RetryPolicy, Timeout
from talon_async._messages import Failure
from talon_async.errors import (
    ClientClosedError,
    ConflictError,
    ConnectError,
    ConnectionLostError,
    NoAnswerError,
    NotFoundError,
    RequestTimeoutError,
    ServerError,
    UnreadableAnswerError,
)
from talon_async.models import CustomerProfileIntegrationRequestV2, NewEvent

EVENT = NewEvent(type="t", session_id="s", profile_id="p", attributes={})
BUSY = answer({}, status=429)
MISSING = answer({"message": "not found"}, status=404)
HALF = then_cut(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}")
LONG = then_cut(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\nContent-Length: 2\r\n\r\n{}")
MANY = then_cut(b"HTTP/1.1 200 OK\r\n" + b"X-Flood: " + b"a" * 40 + b"\r\n" + b"X: a\r\n" * 20_000 + b"\r\n")


async def test_a_long_header_names_the_limit_and_is_final_when_a_read_meets_it(client: Any, clock: FakeClock) -> None:
    """A header beyond the limit is an error that names the limit.

    The call is not repeated, because the next answer would be as large.
    """
    with RawServer(LONG) as server, pytest.raises(ConnectionLostError, match="response_head_bytes") as caught:
        await client(server.url, clock=clock).get_customer_inventory("a")
    assert ("unknown", 1, 1) == (caught.value.outcome, caught.value.attempts, len(server.received))


async def test_too_many_headers_name_the_limit_and_are_final_when_a_read_meets_them(
    client: Any, clock: FakeClock
) -> None:
    """More headers than aiohttp allows are reported as a head that is too large."""
    with RawServer(MANY) as server, pytest.raises(ConnectionLostError, match="response_head_bytes") as caught:
        await client(server.url, clock=clock).get_customer_inventory("a")
    assert ("unknown", 1, 1) == (caught.value.outcome, caught.value.attempts, len(server.received))


async def test_an_answer_is_read_when_its_lines_are_long(client: Any) -> None:
    """One line may take nearly the whole limit, whether it is the first one or a header."""
    long = "x" * 30_000
    head = f"HTTP/1.1 200 {long}\r\nX-Long: {long}\r\nContent-Length: 2\r\n\r\n"
    with RawServer(head.encode() + b"{}") as server:
        talon = client(server.url, retry=RetryPolicy.off())
        assert long == (await talon.raw(talon.get_customer_inventory)("a")).headers["x-long"]


async def test_an_answer_is_read_when_it_has_many_small_headers(client: Any) -> None:
    """An answer with a few hundred small headers is read, although aiohttp by itself refuses more than 128."""
    head = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(300))
    with RawServer(head + b"Content-Length: 2\r\n\r\n{}") as server:
        assert (await client(server.url).get_customer_inventory("a")).profile is None


async def test_a_refusal_is_reported_when_later_attempts_are_never_sent(client: Any) -> None:
    """A 429 followed by a refused connection has the outcome `rejected`, because the request has reached the server."""
    server = RawServer(BUSY)

    class Gone(FakeClock):
        async def sleep(self, seconds: float) -> None:
            server.stop()

    with server, pytest.raises(ConnectError) as caught:
        await client(server.url, clock=Gone(), retry=RetryPolicy(attempts=2)).track_event(EVENT)
    assert ("rejected", 2, 1) == (caught.value.outcome, caught.value.attempts, len(server.received))


async def test_a_refusal_is_reported_when_the_client_is_closed_before_the_next_attempt(client: Any) -> None:
    """A refused call whose client is closed before the next attempt has the outcome `rejected`, not `not_sent`."""
    with RawServer(answer({}, status=429, headers={"Retry-After": "25"})) as server:
        talon = client(server.url)
        call = asyncio.ensure_future(talon.track_event(EVENT))
        while not server.received:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        await talon.aclose()
        with pytest.raises(ClientClosedError) as caught:
            await call
    assert ("rejected", 1) == (caught.value.outcome, caught.value.attempts)


async def test_a_waiting_call_ends_as_not_sent_when_the_client_is_closed(client: Any) -> None:
    """A call that waits for a place when its client is closed ends as `not_sent` and begins no attempt."""
    with RawServer(hang) as server:
        talon = client(server.url, limits=Limits(connections=1))
        calls = [asyncio.ensure_future(talon.get_customer_inventory("a"))]
        while not server.received:
            await asyncio.sleep(0.01)
        calls += [asyncio.ensure_future(talon.get_customer_inventory(str(n))) for n in range(3)]
        await asyncio.sleep(0.1)
        await talon.aclose()
        async with asyncio.timeout(5):
            ends = await asyncio.gather(*calls, return_exceptions=True)
    assert [ClientClosedError] * 4 == [type(end) for end in ends]
    assert ["unknown", *["not_sent"] * 3] == [end.outcome for end in ends if isinstance(end, ClientClosedError)]


@pytest.mark.parametrize("seconds", [10, 20])
async def test_a_place_is_given_back_when_the_time_is_over_as_it_is_got(
    client: Any, clock: FakeClock, seconds: float
) -> None:
    """A call whose time is over as it gets a place ends as `not_sent`, and the next call gets the place."""

    async def slow(exchange: Exchange) -> None:
        await asyncio.sleep(0.1)  # the second call waits by then
        clock.time += seconds
        await exchange.send(answer({}))

    with RawServer(slow, answer({})) as server:
        timeout = Timeout(total=60, attempt=5)
        talon = client(server.url, clock=clock, timeout=timeout, limits=Limits(connections=1))
        first = asyncio.ensure_future(talon.get_customer_inventory("a"))
        while not server.received:
            await asyncio.sleep(0.01)
        with pytest.raises(RequestTimeoutError, match="before it could be sent") as caught:
            await talon.with_options(timeout=10).track_event(EVENT)
        await first
        await talon.get_customer_inventory("b")
    assert ("not_sent", 0, 2) == (caught.value.outcome, caught.value.attempts, len(server.received))
    assert Failure.FINAL is caught.value.failure


async def test_an_error_shows_the_answer_when_it_is_here_and_cannot_be_read(client: Any) -> None:
    """The status tells that the server has acted, and the body what came in place of JSON."""
    with RawServer(answer(b"<html>")) as server, pytest.raises(UnreadableAnswerError) as caught:
        await client(server.url).track_event(EVENT)
    assert (200, b"<html>") == (caught.value.status, caught.value.body)
    with RawServer(HALF) as server, pytest.raises(UnreadableAnswerError) as caught:
        await client(server.url).track_event(EVENT)
    assert 200 == caught.value.status


@pytest.mark.parametrize("script", [reset, hang])
async def test_an_error_stands_for_itself_when_another_one_led_to_it(client: Any, script: Script) -> None:
    """The frames of an error of the transport, or of a cancellation by a deadline, may hold the key."""
    with RawServer(script) as server, pytest.raises(NoAnswerError) as caught:
        await client(server.url, timeout=Timeout(attempt=0.3), retry=RetryPolicy.off()).track_event(EVENT)
    assert (None, None) == (caught.value.__context__, caught.value.__cause__)


async def test_a_refusal_holds_no_body_when_that_is_too_large(client: Any) -> None:
    """The status says enough, and nothing beyond the limit is kept."""
    with RawServer(answer(b"x" * 50, status=500)) as server, pytest.raises(ServerError) as caught:
        await client(server.url, limits=Limits(response_bytes=40)).track_event(EVENT)
    assert (500, b"") == (caught.value.status, caught.value.body)


@pytest.mark.parametrize("lost", [reset, HALF])
async def test_nothing_is_found_when_a_read_is_repeated(client: Any, clock: FakeClock, lost: Script) -> None:
    """Of a deletion the same 404 would mean that an earlier attempt has deleted it."""
    with RawServer(lost, MISSING) as server, pytest.raises(NotFoundError) as caught:
        await client(server.url, clock=clock).get_customer_inventory("a")
    assert (2, 2) == (caught.value.attempts, len(server.received))


async def test_a_deletion_has_succeeded_when_its_answer_was_cut_and_a_repetition_finds_nothing(
    client: Any, clock: FakeClock
) -> None:
    """The first attempt was accepted."""
    with RawServer(HALF, MISSING) as server:
        assert await client(server.url, clock=clock).delete_customer_data("a") is None
    assert 2 == len(server.received)


async def test_a_conflict_is_final_when_a_named_write_has_a_key_that_is_not_trusted(
    client: Any, clock: FakeClock
) -> None:
    """The write is repeated because the caller allows it; a server that ignores keys means the 409 as it says it."""
    retry = RetryPolicy(trust_keys=False, repeat_named=True)
    with RawServer(reset, answer({"message": "no"}, status=409)) as server, pytest.raises(ConflictError) as caught:
        talon = client(server.url, clock=clock, retry=retry)
        await talon.update_customer_profile_v2("a", CustomerProfileIntegrationRequestV2())
    assert (2, 2) == (caught.value.attempts, len(server.received))


async def test_calls_are_repeated_again_when_a_server_that_was_down_has_answered(client: Any, clock: FakeClock) -> None:
    """Five successes give back what one repetition takes from an empty budget."""
    down, fine = answer({}, status=503), answer({})
    with RawServer(*[down] * 101, *[fine] * 4, down, fine, down, fine) as server:
        talon = client(server.url, clock=clock, retry=RetryPolicy(attempts=200), timeout=Timeout(total=None))
        with pytest.raises(ServerError) as caught:
            await talon.get_customer_inventory("a")
        assert 101 == caught.value.attempts
        for _ in range(4):
            await talon.get_customer_inventory("a")
        with pytest.raises(ServerError):
            await talon.get_customer_inventory("a")
        for _ in range(2):
            await talon.get_customer_inventory("a")
    assert 109 == len(server.received)
