"""What people do with a journal between runs, and how large and fast it is."""

from __future__ import annotations

import io
import json
import sqlite3
from pathlib import Path

import pytest
from support.clock import FakeClock
from support.journals import call, entries, fingerprint, left, opened

from talon_async.bulk import Journal, JournalCounts
from talon_async.bulk.calls import PreparedCall
from talon_async.bulk.journal import store

REJECTED = json.dumps({"outcome": "rejected", "status": 400, "message": "no such attribute"})
UNKNOWN = json.dumps({"outcome": "unknown", "status": 503})


async def used(path: Path, clock: FakeClock | None = None) -> Journal:
    """Leave ten calls of Jane and ten of Mary: 0-1 and 10-11 unsettled, 2-3 and 12-13 failed, 4 and 14 unknown."""
    journal = await opened(path, clock=clock)
    await journal.accept([*entries(journal, range(10), "jane"), *entries(journal, range(10, 20), "mary.smith")])
    for index in range(20):
        if index % 10 > 1:
            await journal.settle(index, {2: REJECTED, 3: REJECTED, 4: UNKNOWN}.get(index % 10))
    await journal.close()
    return Journal(path, clock=clock)


def count_steps(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Return a list that grows by one with every step of SQLite's in connections made from now on."""
    steps: list[None] = []
    connect = store.connect

    def counting(uri: str) -> sqlite3.Connection:
        connection = connect(uri)
        connection.set_progress_handler(lambda: steps.append(None), 1)
        return connection

    monkeypatch.setattr(store, "connect", counting)
    return steps


def bytes_read() -> int:
    """Return how much this process has read from files, also from those in memory; 0 on systems that do not tell."""
    told = Path("/proc/self/io")
    return int(told.read_text().split()[1]) if told.exists() else 0


async def test_calls_are_counted_when_a_journal_is_looked_at(path: Path) -> None:
    """Counting the calls of a journal needs neither a client nor an event loop."""
    assert JournalCounts(recorded=20, unsettled=4, failed=6) == (await used(path)).count()


async def test_calls_are_listed_when_a_state_or_a_customer_is_asked_for(path: Path) -> None:
    """Unsettled calls are listed before failed ones, which have their errors, and `repr` shows no customer."""
    journal = await used(path)
    assert [0, 1, 10, 11, 2, 3, 4, 12, 13, 14] == [found.index for found in journal.list()]
    assert [2, 3, 4] == [found.index for found in journal.list("failed", ordering_key="profile:jane")]
    assert [10, 11] == [found.index for found in journal.list("unsettled", ordering_key="profile:mary.smith")]
    unsettled, failed = next(journal.list("unsettled")), next(journal.list("failed"))
    assert ("unsettled", None, None) == (unsettled.state, unsettled.failure, unsettled.settled)
    assert ("failed", json.loads(REJECTED)) == (failed.state, failed.failure)
    assert "jane" not in repr(failed)


async def test_calls_are_exported_when_a_file_is_given(path: Path, clock: FakeClock) -> None:
    """Each line of an export is one JSON object that holds everything the journal knows of a call."""
    journal = await used(path, clock)
    file = io.BytesIO()
    assert 3 == journal.export(file, "failed", ordering_key="profile:jane")
    first, *others = [json.loads(line) for line in file.getvalue().splitlines()]
    assert 2 == len(others)
    expected = call(2, None)
    assert {
        "index": 2,
        "state": "failed",
        "operation": "track_event_v2",
        "target": "/v2/events",
        "body": json.loads(expected.body or b""),
        "ordering_keys": ["profile:jane"],
        "idempotency_key": first["idempotency_key"],
        "accepted": "2026-11-23T00:00:00+00:00",
        "settled": "2026-11-23T00:00:00+00:00",
        "failure": json.loads(REJECTED),
    } == first
    assert first["idempotency_key"].endswith("-2")


async def test_refused_calls_are_sent_again_when_they_are_requeued(path: Path, clock: FakeClock) -> None:
    """A refused call that is requeued gets a new key and is sent at any age.

    The server may remember its refusal under the old key.
    """
    journal = await used(path, clock)
    clock.time += 50 * 3600
    assert 4 == journal.requeue()
    journal = await opened(path, clock=clock)
    unsettled = {entry.index: entry for entry in await left(journal)}
    assert {0, 1, 2, 3, 10, 11, 12, 13} == set(unsettled)
    assert [(True, False)] * 2 == [(unsettled[index].repeatable, unsettled[index].maybe_sent) for index in (2, 13)]
    assert [(False, True)] * 2 == [(unsettled[index].repeatable, unsettled[index].maybe_sent) for index in (0, 11)]
    again = PreparedCall.from_bytes(unsettled[2].record)
    assert str(again.idempotency_key).startswith(f"{journal.key(2)}-")
    assert again == call(2, again.idempotency_key)
    await journal.close()


async def test_calls_of_unknown_outcome_are_sent_again_when_their_indices_are_given(path: Path) -> None:
    """A requeued call of unknown outcome keeps its key, because the server may have acted under it."""
    journal = await used(path)
    assert 1 == journal.requeue([4, 999])
    journal = await opened(path)
    unsettled = {entry.index: entry for entry in await left(journal)}
    assert journal.key(4) == PreparedCall.from_bytes(unsettled[4].record).idempotency_key
    assert (True, False) == (unsettled[4].repeatable, unsettled[4].maybe_sent)
    await journal.close()
    assert 5 == Journal(path).requeue(unknown=True)


async def test_no_trace_is_left_when_a_customer_is_erased(path: Path) -> None:
    """No byte of an erased customer and no hash of her items is left in the database or beside it.

    Other calls stay as they were.
    """
    journal = await used(path)
    assert b"mary.smith" in path.read_bytes()
    assert fingerprint(10)[:5] in path.read_bytes()
    assert 5 == journal.erase("profile:mary.smith")
    for file in path.parent.iterdir():
        content = file.read_bytes()
        assert b"mary" not in content
        assert not any(fingerprint(index)[:5] in content for index in range(10, 15))
    assert {path.name, f"{path.name}.lock", f"{path.name}.reserve"} == {file.name for file in path.parent.iterdir()}
    assert [0, 1, 2, 3, 4] == [found.index for found in journal.list()]
    assert 0 == journal.erase("profile:mary.smith")
    again = await opened(path)
    assert 20 == again.recorded
    again.check(9, fingerprint(9))
    again.check(10, fingerprint("anything"))
    await again.close()


async def test_failures_are_those_of_the_last_run_when_a_call_fails_again(path: Path) -> None:
    """A requeued call that fails again is listed once."""
    (await used(path)).requeue([2])
    journal = await opened(path)
    await journal.settle(2, UNKNOWN)
    await journal.close()
    assert [json.loads(UNKNOWN)] == [found.failure for found in journal.list("failed") if found.index == 2]


async def test_the_file_stays_small_when_very_many_are_settled(path: Path) -> None:
    """A settled call leaves five bytes in the file, so 100,000 settled calls leave about half a MiB."""
    journal = await opened(path)
    record = bytes(call(0, journal.key(0)))
    (entry,) = entries(journal, [0])
    for start in range(0, 100_000, 256):
        indices = range(start, min(start + 256, 100_000))
        await journal.accept([type(entry)(index, record, fingerprint(index), repeatable=True) for index in indices])
        for index in indices:
            await journal.settle(index)
    await journal.close()
    assert path.stat().st_size < 0.6 * 2**20


async def test_opening_takes_no_time_when_very_many_are_unsettled(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening a journal with 100,000 unsettled calls takes as many steps as with one call, and reads a few pages."""
    journal = await opened(path)
    record = bytes(call(0, journal.key(0)))
    (entry,) = entries(journal, [0])
    for start in range(0, 100_000, 10_000):
        indices = range(start, start + 10_000)
        await journal.accept([type(entry)(index, record, fingerprint(index), repeatable=True) for index in indices])
    await journal.close()
    one = await opened(path.with_name("one"))
    await one.accept(entries(one, [0]))
    await one.close()
    steps = count_steps(monkeypatch)
    await (await opened(one.path)).close()
    of_one = len(steps)
    steps.clear()
    before = bytes_read()
    journal = await opened(path)
    assert (True, True) == (0 < len(steps) <= of_one, bytes_read() - before < 2**20)
    assert path.stat().st_size > 20 * 2**20
    steps.clear()
    first = await anext(aiter(journal.unsettled()))
    assert (0, True) == (first.index, len(steps) < 256 * 20)
    await journal.close()
    journal = await opened(path)
    assert list(range(100_000)) == [entry.index async for entry in journal.unsettled()]
    await journal.close()


@pytest.mark.parametrize("state", [None, "unsettled", "failed"])
async def test_nothing_is_left_open_when_a_list_is_not_read_to_its_end(path: Path, state: str | None) -> None:
    """A list that is not read to its end leaves nothing open, so the file can be used at once."""
    journal = await used(path)
    listing = journal.list(state)
    next(listing)
    listing.close()
    assert 5 == journal.erase("profile:jane")
