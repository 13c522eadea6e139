"""Runs that end for reasons other than their calls: a wrong API key, and enough failures."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from support.clock import FakeClock
from support.transport import Immediate, inner

from talon_async import TalonOne
from talon_async._messages import Answer, Request
from talon_async.bulk import Journal
from talon_async.errors import JournalError
from talon_async.models import IntegrationEventV2Request, NewEvent

URL = "http://127.0.0.1:9"
COUNT = 3000


class Shop:
    """Takes calls with the right key, and answers some numbers with `status` instead."""

    def __init__(self, status: Any = lambda _: 200) -> None:
        self.sent: list[int] = []
        self.calls, self.status = 0, status

    async def __call__(self, request: Request) -> Answer:
        self.calls += 1
        number = orjson.loads(request.body or b"")["attributes"]["n"]
        await asyncio.sleep(0)
        status = self.status(number)
        if status == 200:
            self.sent.append(number)
        return Answer(status, {}, b"{}")


def v1(n: int) -> NewEvent:
    return NewEvent(type="t", session_id=f"s{n % 7}", profile_id=f"p{n % 7}", attributes={"n": n})


def v2(n: int) -> IntegrationEventV2Request:
    return IntegrationEventV2Request(type="t", profile_id=f"p{n % 7}", attributes={"n": n})


def with_key(shop: Shop, key: str, clock: FakeClock) -> TalonOne:
    talon = TalonOne(URL, key, clock=clock)
    talon._core._make_transport = Immediate(shop)  # type: ignore[assignment]
    return talon


@pytest.mark.parametrize("after_failure", ["hold", "continue", "stop"])
@pytest.mark.parametrize("make", [v1, v2])
async def test_everything_is_sent_when_the_key_is_corrected(path: Path, make: Any, after_failure: Any) -> None:
    """A run with the right key sends every event that runs with wrong keys have left.

    A wrong key holds no customer, and the journal is not bound to it.
    """
    clock, options = FakeClock(), {"journal": path, "after_failure": after_failure}
    wrong = Shop(lambda _: 401)
    for key in ("wrong", "wrong", "wrong-too"):
        async with with_key(wrong, key, clock) as talon:
            report = await talon.track_events(map(make, range(COUNT)), **options)
        assert (0, 0, report.taken + report.resumed, set()) == (
            report.succeeded,
            report.failed,
            report.unsent,
            report.held_keys,
        )
    clock.time += 50 * 3600  # a call that was not sent is sent at any age
    right = Shop()
    async with with_key(right, "right", clock) as talon:
        report = await talon.track_events(map(make, range(COUNT)), **options)
    assert (COUNT, 0, list(range(COUNT))) == (report.succeeded, report.failed, sorted(right.sent))
    assert all(right.sent[i] < right.sent[j] for i, j in pairs_of_a_key(right.sent))
    async with with_key(right, "wrong", clock) as talon:
        with pytest.raises(JournalError, match="another base URL or API key"):
            await talon.track_events(map(make, range(COUNT)), **options)


def pairs_of_a_key(numbers: list[int]) -> list[tuple[int, int]]:
    last: dict[int, int] = {}
    pairs = list[tuple[int, int]]()
    for place, number in enumerate(numbers):
        if number % 7 in last:
            pairs.append((last[number % 7], place))
        last[number % 7] = place
    return pairs


async def test_calls_are_kept_when_the_key_ends_in_the_middle_of_a_run(path: Path) -> None:
    """A keyed call whose first attempt may have acted goes again with its key.

    Its customer's other events are not held.
    """
    trouble = {3: iter([503, 401])}
    shop = Shop(lambda n: next(trouble.get(n, iter([])), 200))
    async with with_key(shop, "key", FakeClock()) as talon:
        report = await talon.track_events(map(v2, range(100)), journal=path, after_failure="hold")
        assert ({3}, set(), 0) == (
            {failure.index for failure in report.failures if failure.outcome == "unknown"},
            report.held_keys,
            Journal(path).count().failed,
        )
        report = await talon.track_events(map(v2, range(100)), journal=path, after_failure="hold")
    assert (0, list(range(100))) == (report.failed, sorted(shop.sent))


async def test_the_run_stops_when_a_probe_meets_a_wrong_key() -> None:
    """A run whose probe, a dry run, meets 401 stops at once."""
    shop = Shop(lambda _: 503 if shop.calls < 20 else 401)
    async with inner(Immediate(shop), clock=FakeClock()) as talon, asyncio.timeout(20):
        report = await talon.track_events(map(v1, range(1000)), concurrency=4)
    assert 401 == (report.stopped_by and report.stopped_by.status)
    assert 100 > shop.calls


async def test_held_calls_do_not_count_when_failures_are_bounded() -> None:
    """Calls that a failure holds were never sent and do not count towards `max_failures`."""
    shop = Shop(lambda n: 400 if n == 0 else 200)
    async with inner(Immediate(shop), clock=FakeClock()) as talon:
        report = await talon.track_events(map(v2, range(700)), max_failures=5, after_failure="hold")
    assert (600, 1, 99, None) == (report.succeeded, report.rejected, report.unsent, report.stopped_by)


async def test_the_run_stops_when_very_many_calls_are_held() -> None:
    """A run stops once it holds 10,000 calls, so that its report does not grow for ever."""
    shop = Shop(lambda _: 400)
    async with inner(Immediate(shop), clock=FakeClock()) as talon:
        report = await talon.track_events(map(v2, range(50_000)), after_failure="hold")
    assert (7, "10000 calls are held") == (report.rejected, str(report.stopped_by)[:20])
    assert report.unsent < 10_000 + 5 * 64


@pytest.mark.parametrize("with_journal", [False, True])
@pytest.mark.parametrize("odd", [False, True])
async def test_no_more_fail_than_were_under_way_when_failures_are_enough(
    path: Path, odd: bool, with_journal: bool
) -> None:
    """A run that reaches `max_failures` starts no further call, whether calls are refused or items cannot be encoded.

    With a journal the rest stays for the next run.
    """

    def make(n: int) -> IntegrationEventV2Request:
        price = float("nan") if odd else 1.0
        return IntegrationEventV2Request(type="t", profile_id=f"p{n}", attributes={"n": n, "price": price})

    shop = Shop(lambda _: 400)
    async with inner(Immediate(shop), clock=FakeClock()) as talon:
        report = await talon.track_events(
            map(make, range(5000)), max_failures=10, concurrency=4, journal=path if with_journal else None
        )
    assert 10 <= report.failed <= 10 + (0 if odd else 4)
    assert report.taken == report.failed + report.unsent
    if with_journal:
        counts = Journal(path).count()
        assert (report.taken, report.failed) == (counts.recorded, counts.failed)
        assert report.unsent == counts.unsettled
