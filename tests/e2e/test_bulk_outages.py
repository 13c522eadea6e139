"""Outages of a real server during a run, awaited and blocking."""

from __future__ import annotations

import asyncio
import errno
import json
import socket
import threading
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from support.clock import FakeClock
from support.raw import Exchange, RawServer, answer, reset
from support.transport import Immediate, inner

from talon_async._messages import Answer, Request
from talon_async.errors import ConnectError
from talon_async.models import IntegrationEventV2Request, IntegrationEventV3Request, NewEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY = answer({"message": "slower"}, status=429, headers={"Retry-After": "1"})
DOWN, FAILED = answer({}, status=503), answer({}, status=500)
OUTAGES = {"429": BUSY, "503": DOWN, "500": FAILED, "lost": reset}
each_outage = pytest.mark.parametrize("outage", OUTAGES)


def v1(n: int) -> NewEvent:
    return NewEvent(type="t", session_id=f"s{n % 50}", profile_id=f"p{n % 50}", attributes={"n": n})


def v2(n: int) -> IntegrationEventV2Request:
    return IntegrationEventV2Request(type="t", profile_id=f"p{n % 50}", attributes={"n": n})


class Failing:
    """Works, fails for a number of requests from a given one on, and works again; counts what it has recorded."""

    def __init__(self, outage: Any, first: int, count: int) -> None:
        self.outage, self.first, self.last = outage, first, first + count
        self.requests = self.refused = self.dry = 0
        self.keys: dict[int, set[str]] = defaultdict(set)
        self.order: dict[str, list[int]] = defaultdict(list)

    async def __call__(self, exchange: Exchange) -> None:
        self.requests += 1
        self.dry += "dry=true" in exchange.line
        if self.first <= self.requests < self.last:
            self.refused += 1
            await (exchange.send(self.outage) if isinstance(self.outage, bytes) else self.outage(exchange))
            return
        body = json.loads(exchange.body)
        number = body["attributes"]["n"]
        if "dry=true" not in exchange.line:
            if not self.keys[number]:
                self.order[body["profileId"]].append(number)
            self.keys[number].add(exchange.headers.get("idempotency-key", f"{self.requests}"))
        await exchange.send(answer({}))


@each_outage
async def test_no_keyed_event_fails_when_the_server_is_away_for_a_while(client: Any, outage: str) -> None:
    """A run pauses during an outage.

    It uses up no attempts, repeats no event that was recorded, and keeps each customer's order.
    """
    server_side = Failing(OUTAGES[outage], 100, 90)
    with RawServer(server_side) as server:
        report = await client(server.url, clock=FakeClock()).track_events(map(v2, range(1000)), concurrency=16)
    assert (1000, 1000, []) == (report.taken, report.succeeded, report.failures)
    assert {1} == {len(keys) for keys in server_side.keys.values()}
    assert all(numbers == sorted(numbers) for numbers in server_side.order.values())
    assert report.paused > 3


@each_outage
async def test_few_events_of_version_1_are_unknown_when_the_server_is_away(client: Any, outage: str) -> None:
    """An outage leaves few V1 events unknown: those under way, and those sent until the gate closed.

    Probes are dry runs and record nothing.
    """
    server_side = Failing(OUTAGES[outage], 100, 90)
    with RawServer(server_side) as server:
        report = await client(server.url, clock=FakeClock()).track_events(map(v1, range(1000)), concurrency=16)
    assert report.taken == report.succeeded + report.unknown == 1000
    assert report.unknown == 0 if outage == "429" else 1 <= report.unknown <= 16 + 5
    assert {1} == {len(keys) for keys in server_side.keys.values() if keys}
    assert server_side.dry > 0 or outage == "429"


async def test_nothing_fails_when_there_is_no_server_for_a_while(client: Any) -> None:
    """A run without a server reads its source no further than its buffer.

    It sends everything once the server is there.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    taken: list[int] = []
    servers: list[Late] = []

    class Comes(FakeClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            if self.time > 1003 and not servers:
                assert len(taken) <= 16 * 5 + 1
                servers.append(Late(port))

    def source() -> Iterator[NewEvent]:
        for n in range(300):
            taken.append(n)
            yield v1(n)

    report = await client(f"http://127.0.0.1:{port}", clock=Comes()).track_events(source(), concurrency=16)
    await asyncio.to_thread(servers[0].stop)
    assert (300, 300, []) == (report.taken, report.succeeded, report.failures)


class Late:
    """A server that a test starts later on a given port, on a thread of its own."""

    def __init__(self, port: int) -> None:
        self._loop, self._ready = asyncio.new_event_loop(), threading.Event()
        self._thread = threading.Thread(target=self._main, args=(port,))
        self._thread.start()
        self._ready.wait()

    def _main(self, port: int) -> None:
        self._loop.run_until_complete(self._serve(port))
        self._loop.close()

    async def _serve(self, port: int) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._answer, "127.0.0.1", port)
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        for _ in range(5):
            await asyncio.sleep(0)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length or 0))
                writer.write(answer({}))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()


async def test_the_rest_is_unsent_when_patience_ends(client: Any) -> None:
    """A run whose `patience` ends stops with the reason.

    Its report counts what was not sent as unsent, not as failed.
    """
    with RawServer(DOWN) as server:
        report = await client(server.url, clock=FakeClock()).track_events(
            map(v1, range(5000)), concurrency=8, patience=20
        )
    assert "the run waits no longer (patience)" in str(report.stopped_by)
    assert (503, 0, 0) == (report.stopped_by.status, report.succeeded, report.pending)
    assert report.taken == report.unknown + report.unsent <= 8 * 5 + 12
    assert 20 <= report.paused < 30


async def test_the_run_ends_at_once_when_the_server_asks_for_more_patience_than_there_is(client: Any) -> None:
    """A run ends at once when a Retry-After asks for more time than `patience` has left."""
    later = answer({}, status=503, headers={"Retry-After": "3600"})
    with RawServer(later) as server:
        report = await client(server.url, clock=FakeClock()).track_events(map(v2, range(100)), concurrency=8)
    assert report.stopped_by is not None
    assert report.paused < 1
    assert report.succeeded == 0


@pytest.mark.parametrize("status", [500, 503])
async def test_one_profile_does_not_stop_the_others_when_it_is_poisonous(client: Any, status: int) -> None:
    """An event that always fails uses up its own attempts.

    Other customers' events and the next one of its customer go on.
    """

    async def poison(exchange: Exchange) -> None:
        number = json.loads(exchange.body)["attributes"]["n"]
        await exchange.send(answer({}, status=status if number == 7 else 200))

    with RawServer(poison) as server:
        report = await client(server.url, clock=FakeClock()).track_events(map(v2, range(400)), concurrency=8)
    assert (399, [(7, "unknown", 4)]) == (
        report.succeeded, [(failure.index, failure.outcome, failure.attempts) for failure in report.failures],
    )  # fmt: skip


async def test_an_ordering_key_is_held_when_after_failure_is_hold(client: Any) -> None:
    """With `after_failure="hold"` no later event of the customer is sent and its key is listed.

    Other customers' events go on.
    """

    async def refusing(exchange: Exchange) -> None:
        number = json.loads(exchange.body)["attributes"]["n"]
        await exchange.send(answer({"message": "no"}, status=400 if number == 53 else 200))

    with RawServer(refusing) as server:
        report = await client(server.url).track_events(map(v2, range(200)), after_failure="hold")
    assert (197, 1, 2, {"profile:p3"}) == (report.succeeded, report.rejected, report.unsent, report.held_keys)
    assert [53, 103, 153] == sorted(failure.index for failure in report.failures)


async def test_the_run_stops_at_a_failure_when_after_failure_is_stop(client: Any) -> None:
    """With `after_failure="stop"` the run stops at the first failure, and reports what was taken and not sent."""
    with RawServer(answer({"message": "no"}, status=400)) as server:
        report = await client(server.url).track_events(map(v2, range(1000)), after_failure="stop", concurrency=2)
    assert report.stopped_by.status == 400
    assert 1 <= report.rejected <= 2
    assert report.taken == report.rejected + report.unsent


async def test_the_run_stops_when_too_many_calls_have_failed(client: Any) -> None:
    """A run stops once `max_failures` calls have failed, so that its report does not grow for ever."""
    with RawServer(answer({"message": "no"}, status=400)) as server:
        report = await client(server.url).track_events(map(v2, range(1000)), max_failures=10, concurrency=4)
    assert "max_failures" in str(report.stopped_by)
    assert 10 <= report.rejected <= 13
    assert len(repr(report)) < 400


async def test_an_event_of_version_3_has_succeeded_when_the_server_knows_it_from_a_lost_answer(client: Any) -> None:
    """A V3 event whose answer was lost counts as recorded when its second request meets a conflict."""
    conflict = answer({"message": "event already exists"}, status=409)
    with RawServer(reset, conflict) as server:
        event = IntegrationEventV3Request(integration_id="e-1", type="t", profile_id="p")
        report = await client(server.url, clock=FakeClock()).track_events([event])
    assert (1, 2) == (report.succeeded, len(server.received))


@pytest.mark.parametrize(("sent_before", "succeeded", "requests"), [(True, 1, 2), (False, 0, 1)])
async def test_a_keyed_call_is_repeated_when_the_server_is_still_at_that_of_an_earlier_run(
    client: Any, sent_before: bool, succeeded: int, requests: int
) -> None:
    """With `sent_before`, a keyed call is repeated while the server is still working on that of a killed process."""
    working = answer({"message": "a request with this key is under way"}, status=409)
    with RawServer(working, answer({})) as server:
        report = await client(server.url, clock=FakeClock()).track_events([v2(0)], sent_before=sent_before)
    assert (succeeded, requests) == (report.succeeded, len(server.received))


async def test_calls_are_repeated_when_descriptors_run_out() -> None:
    """A process without free descriptors lowers the limit to the calls that are under way, and no call fails."""
    under_way = most = 0

    async def crowded(_: Request) -> Answer:
        nonlocal under_way, most
        if under_way >= 5:
            error = ConnectError("no connection: too many open files")
            error.errno = errno.EMFILE
            raise error
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return Answer(200, {}, b"{}")

    async with inner(Immediate(crowded), clock=FakeClock()) as talon:
        report = await talon.track_events(map(v1, range(500)), concurrency=64)
    assert (500, 5) == (report.succeeded, most)


@pytest.mark.parametrize("concurrency", [1, 16, "auto"])
async def test_calls_are_paced_when_a_rate_is_asked_for(concurrency: Any) -> None:
    """`rate=50` spaces the calls out to fifty a second by the clock."""
    clock, times = FakeClock(), list[float]()

    async def noting(_: Request) -> Answer:
        times.append(clock.time)
        return Answer(200, {}, b"{}")

    async with inner(Immediate(noting), clock=clock) as talon:
        await talon.track_events(map(v2, range(100)), concurrency=concurrency, rate=50)
    assert times[-1] - times[0] == pytest.approx(99 / 50, abs=0.03)
    assert min(later - sooner for sooner, later in pairwise(times)) >= 0.75 / 50 - 0.001
