"""What a run does with a journal, shown with one in memory; a cancelled run stands for the end of a process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import attrs
import pytest
from support.clock import FakeClock
from support.transport import Immediate, inner

from talon_async._messages import Answer, Request
from talon_async.bulk.calls import PreparedCall
from talon_async.bulk.journal_base import Entry, Journal
from talon_async.errors import BulkInterruptedError, ConnectionLostError, TalonOneError
from talon_async.models import IntegrationEventV2Request, NewEvent


class MemoryJournal:
    """Keeps calls in memory as a file would; `fail_at` names a method that raises."""

    id = "journal-1"

    def __init__(self) -> None:
        self.recorded = 0
        self.entries: dict[int, Entry] = {}
        self.prints: list[bytes] = []
        self.leaving: set[int] = set()
        self.failures: dict[int, Any] = {}
        self.failed: list[bytes] = []
        self.groups: list[int] = []
        self.open_now = False
        self.destination = ""
        self.fail_at = ""

    def key(self, index: int) -> str:
        return f"{self.id}-{index}"

    def check(self, index: int, fingerprint: bytes) -> None:
        if self.prints[index] != fingerprint:
            raise TalonOneError(f"item {index} differs from what was recorded")

    async def open(self, *, destination: str, trust_keys: bool) -> None:
        self._maybe("open")
        self.destination, self.open_now = destination, True

    async def unsettled(self) -> AsyncIterator[Entry]:
        for index, entry in sorted(self.entries.items()):
            yield attrs.evolve(entry, maybe_sent=index in self.leaving or entry.repeatable)

    async def failed_keys(self) -> set[str]:
        return {key for record in self.failed for key in PreparedCall[Any].from_bytes(record).ordering_keys}

    async def accept(self, entries: Sequence[Entry]) -> None:
        self._maybe("accept")
        await asyncio.sleep(0)
        self.groups.append(len(entries))
        for entry in entries:
            assert entry.index == len(self.prints)
            self.entries[entry.index] = entry
            self.prints.append(entry.fingerprint)
        self.recorded = len(self.prints)

    async def mark_leaving(self, indices: Sequence[int]) -> None:
        self._maybe("mark_leaving")
        await asyncio.sleep(0)
        self.leaving.update(indices)

    async def unmark(self, indices: Sequence[int]) -> None:
        self.leaving.difference_update(indices)

    async def settle(self, index: int, failure: str | None = None) -> None:
        self._maybe("settle")
        entry = self.entries.pop(index)
        if failure is not None:
            self.failed.append(entry.record)
            self.failures[index] = json.loads(failure)

    async def close(self) -> None:
        self.open_now = False

    def _maybe(self, method: str) -> None:
        if self.fail_at == method:
            raise TalonOneError("the disk is full")


class Server:
    """Records events by number, and hangs after `stuck_after` requests."""

    def __init__(self, stuck_after: int = 1_000_000) -> None:
        self.numbers: list[int] = []
        self.keys: list[str | None] = []
        self.stuck_after = stuck_after
        self.journal: MemoryJournal | None = None

    async def __call__(self, request: Request) -> Answer:
        number = json.loads(request.body or b"")["attributes"]["n"]
        if self.journal is not None:  # stored, and marked if it is not safe to repeat, before it is sent
            entry = self.journal.entries[number]
            assert entry.repeatable or number in self.journal.leaving
        if len(self.numbers) >= self.stuck_after:
            await asyncio.sleep(60)
        self.numbers.append(number)
        self.keys.append(request.idempotency_key)
        await asyncio.sleep(0)
        return Answer(200, {}, b"{}")


def v1(n: int) -> NewEvent:
    return NewEvent(type="t", session_id=f"s{n % 7}", profile_id=f"p{n % 7}", attributes={"n": n})


def v2(n: int) -> IntegrationEventV2Request:
    return IntegrationEventV2Request(type="t", profile_id=f"p{n % 7}", attributes={"n": n})


async def run(server: Server, journal: MemoryJournal, events: Any, *, cut: bool = False, **options: Any) -> Any:
    """Make a run; with `cut`, cancel it when the server hangs."""
    server.journal = journal
    async with inner(Immediate(server), clock=FakeClock()) as talon:
        task = asyncio.ensure_future(talon.track_events(events, journal=journal, concurrency=8, **options))
        if not cut:
            return await task
        while len(server.numbers) < server.stuck_after:
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return caught.value.__dict__["report"]


def test_the_protocol_is_kept_when_a_journal_is_another() -> None:
    """A journal in memory has every method of the protocol that the runner uses."""
    assert isinstance(MemoryJournal(), Journal)


async def test_calls_are_stored_in_groups_and_settled_when_they_are_sent() -> None:
    """Calls are stored in groups and settled. Their keys are derived from the journal's name and the index."""
    server, journal = Server(), MemoryJournal()
    report = await run(server, journal, map(v2, range(1000)))
    assert (1000, 1000, {}) == (report.taken, report.succeeded, journal.entries)
    assert {f"journal-1-{n}" for n in range(1000)} == set(server.keys)
    assert len(journal.groups) < 200
    assert not journal.open_now
    assert len(journal.destination) == 64


async def test_a_run_goes_on_when_it_is_started_again() -> None:
    """A resumed run sends what was left first, skips what was recorded, and records each event under one key."""
    server, journal = Server(stuck_after=100), MemoryJournal()
    first = await run(server, journal, map(v2, range(1000)), cut=True)
    assert first.taken == first.done
    server.stuck_after = 1_000_000
    left = len(journal.entries)
    second = await run(server, journal, map(v2, range(1000)))
    assert (left, journal.recorded) == (second.resumed, 1000)
    assert (second.skipped + second.taken, second.pending) == (1000, 0)
    assert second.resumed + second.taken == second.succeeded
    assert set(range(1000)) == set(server.numbers)
    assert len(set(zip(server.numbers, server.keys, strict=True))) == 1000
    for customer in range(7):
        own = [n for n in dict.fromkeys(server.numbers) if n % 7 == customer]
        assert own == sorted(own)


async def test_events_in_doubt_are_unknown_when_they_are_not_safe_to_repeat() -> None:
    """Only the V1 events that were on the wire are unknown after an orderly end, which takes the other marks back."""
    server, journal = Server(stuck_after=100), MemoryJournal()
    first = await run(server, journal, map(v1, range(500)), cut=True)
    assert first.unknown <= 8
    assert first.unknown == len(journal.leaving & journal.entries.keys())
    server.stuck_after = 1_000_000
    second = await run(server, journal, map(v1, range(500)))
    assert first.unknown == second.unknown == len(journal.failures)
    assert {"unknown"} == {failure["outcome"] for failure in journal.failures.values()}
    assert len(server.numbers) == len(set(server.numbers)) == 500 - second.unknown


@pytest.mark.parametrize(("connecting", "ends"), [(True, (0, 1)), (False, (1, 0))])
async def test_an_event_is_in_doubt_when_the_run_ends_behind_its_connecting(
    connecting: bool, ends: tuple[int, int]
) -> None:
    """While its connection is being made nothing of it has been sent: it is unsent, and goes the next time."""
    sending = asyncio.Event()

    class Stuck(Immediate):
        async def send(self, request: Request, attempt: Any) -> Answer:
            attempt.connecting = connecting
            sending.set()
            await asyncio.sleep(60)
            raise AssertionError(request)

    async with inner(Stuck(), clock=FakeClock()) as talon:
        run = asyncio.ensure_future(talon.track_events([v1(0)]))
        await sending.wait()
        run.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await run
    report = caught.value.__dict__["report"]
    assert ends == (report.unknown, report.unsent)


async def test_another_source_is_refused_when_a_run_is_resumed() -> None:
    """A resumed run is refused at the first item that differs from the recorded one.

    Nothing of the other source is sent.
    """
    server, journal = Server(), MemoryJournal()
    await run(server, journal, map(v2, range(10)))
    with pytest.raises(TalonOneError, match="item 3 differs") as caught:
        await run(server, journal, map(v2, [0, 1, 2, 13, 4]))
    assert caught.value.__dict__["report"].skipped == 4
    assert len(server.numbers) == 10
    with pytest.raises(TalonOneError, match="recorded more than the 2 items"):
        await run(server, journal, map(v2, range(2)))


async def test_items_are_known_by_their_id_when_the_caller_says_so() -> None:
    """With `item_id`, an item is the same if its ID is, whatever else has changed in it."""
    server, journal = Server(), MemoryJournal()
    await run(server, journal, map(v2, range(10)), item_id=lambda event: event.profile_id)
    report = await run(server, journal, map(v2, range(7, 27)), item_id=lambda event: event.profile_id)
    assert (10, 10) == (report.skipped, report.taken)


async def test_an_item_that_cannot_be_sent_has_its_place_when_it_is_recorded() -> None:
    """An item that cannot be encoded is settled as rejected, and the next run skips it."""
    server, journal = Server(), MemoryJournal()
    wrong = NewEvent(type="t", session_id="s", profile_id="x", attributes={"n": float("nan")})
    report = await run(server, journal, [v2(0), wrong, v2(2)])
    assert (2, 1, [1]) == (report.succeeded, report.rejected, list(journal.failures))
    again = await run(server, journal, [v2(0), wrong, v2(2), v2(3)])
    assert (3, 1, 1) == (again.skipped, again.taken, again.succeeded)


@pytest.mark.parametrize("method", ["accept", "mark_leaving", "settle"])
async def test_the_run_ends_with_the_journals_error_when_it_fails(method: str) -> None:
    """An error of the journal ends the run with a complete report. Nothing is sent that is not stored."""
    server, journal = Server(), MemoryJournal()
    journal.fail_at = method
    with pytest.raises(TalonOneError, match="the disk is full") as caught:
        await run(server, journal, map(v1, range(100)))
    report = caught.value.__dict__["report"]
    assert (report.taken, 0) == (report.done, report.pending)
    assert len(server.numbers) <= 8 * (method == "settle")


async def test_nothing_is_taken_when_the_journal_does_not_open() -> None:
    """A run whose journal does not open takes nothing from its source."""
    server, journal = Server(), MemoryJournal()
    journal.fail_at = "open"
    with pytest.raises(TalonOneError, match="the disk is full"):
        await run(server, journal, map(v1, range(100)))
    assert (server.numbers, journal.prints) == ([], [])


async def test_calls_are_sent_when_the_source_breaks_after_them() -> None:
    """A run whose source raises sends and settles what the source gave before."""

    def source() -> Any:
        yield from map(v2, range(5))
        raise KeyError("gone")

    server, journal = Server(), MemoryJournal()
    with pytest.raises(BulkInterruptedError, match="the source raised KeyError"):
        await run(server, journal, source())
    assert ({}, 5) == (journal.entries, len(server.numbers))


async def test_patience_has_no_end_when_a_journal_has_seen_a_success() -> None:
    """The `patience` of a run with a journal is without bound once a call has succeeded.

    Before that it is 300 s, because the host may be mistyped.
    """
    count = 0

    async def away(_: Request) -> Answer:
        nonlocal count
        count += 1
        if 1 < count < 3000:
            raise ConnectionLostError("gone")
        return Answer(200, {}, b"{}")

    clock = FakeClock()
    async with inner(Immediate(away), clock=clock) as talon:
        report = await talon.track_events(map(v2, range(20)), journal=MemoryJournal(), concurrency=8)
        assert (20, True) == (report.succeeded, report.paused > 1000)
        count = 1
        report = await talon.track_events(map(v2, range(20)), journal=MemoryJournal(), concurrency=8)
        assert report.stopped_by is not None
        assert report.paused == pytest.approx(300, abs=2)


class SlowJournal(MemoryJournal):
    """A journal whose `accept` returns only after its calls were sent."""

    async def accept(self, entries: Sequence[Entry]) -> None:
        await super().accept(entries)
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.mark.parametrize("make", [v1, v2])
async def test_the_run_goes_on_and_ends_when_storing_takes_longer_than_sending(make: Any) -> None:
    """A run with a journal that stores slowly goes on when there is room, and ends when its source does."""
    server, journal = Server(), SlowJournal()
    for _ in range(2):  # the second time everything is recorded, and nothing is sent
        async with asyncio.timeout(20):
            report = await run(server, journal, map(make, range(512)), buffer=20)
    assert (512, 0, sorted(server.numbers)) == (report.skipped, report.taken, list(range(512)))


async def test_few_calls_are_marked_ahead_when_many_wait() -> None:
    """At most 256 calls beyond those under way are marked, so that few are in doubt after a kill."""
    most = 0

    class Watched(MemoryJournal):
        async def mark_leaving(self, indices: Sequence[int]) -> None:
            nonlocal most
            await super().mark_leaving(indices)
            most = max(most, len(self.leaving & self.entries.keys()))

    server, journal = Server(), Watched()

    def event(n: int) -> NewEvent:
        return NewEvent(type="t", session_id=f"s{n}", profile_id=f"p{n}", attributes={"n": n})

    report = await run(server, journal, map(event, range(3000)))
    assert 3000 == report.succeeded
    assert 64 < most <= 8 + 256
