"""What a run does with a journal: accept, mark, settle, resume."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import shutil
import stat
from pathlib import Path

import pytest
from support.clock import FakeClock
from support.journals import HERE, call, copy, entries, fingerprint, indices_left, left, opened

from talon_async.bulk import Journal
from talon_async.bulk.journal_base import Journal as JournalProtocol
from talon_async.errors import JournalError

HOUR = 3600.0


async def test_calls_come_back_when_they_were_accepted_and_not_settled(path: Path) -> None:
    """The next run gets them in the order of their indices, as the bytes that were accepted."""
    journal = await opened(path)
    assert isinstance(journal, JournalProtocol)
    accepted = entries(journal, range(600))
    await journal.accept(accepted[:300])
    await journal.accept(accepted[300:])
    for index in range(0, 600, 2):
        await journal.settle(index)
    await journal.close()
    journal = await opened(path)
    unsettled = await left(journal)
    await journal.close()
    assert list(range(1, 600, 2)) == [entry.index for entry in unsettled]
    assert [entry.record for entry in accepted[1::2]] == [entry.record for entry in unsettled]
    assert {(True, True)} == {(entry.repeatable, entry.maybe_sent) for entry in unsettled}


async def test_the_journal_keeps_its_name_and_keys_when_it_is_opened_again(path: Path) -> None:
    """A journal keeps its name when it is opened again.

    Its keys are derived from that name and the index, so they differ between journals.
    """
    journal = await opened(path)
    name, key = journal.id, journal.key(7)
    await journal.close()
    journal = await opened(path)
    assert (name, key) == (journal.id, journal.key(7))
    await journal.close()
    other = await opened(path.with_name("other.journal"))
    assert key != other.key(7)
    await other.close()


async def test_calls_of_the_same_run_are_not_given_when_it_asks_for_earlier_ones(path: Path) -> None:
    """`unsettled` gives the calls of earlier runs only, also while the current run accepts and settles calls."""
    journal = await opened(path)
    await journal.accept(entries(journal, range(1000)))
    await journal.close()
    journal = await opened(path)
    seen: list[int] = []
    async for entry in journal.unsettled():
        seen.append(entry.index)
        if entry.index % 100 == 0:
            await journal.accept(entries(journal, [1000 + entry.index]))
        await journal.settle(entry.index)
    assert list(range(1000)) == seen
    await journal.close()
    assert [1000, 1100, 1200, 1300, 1400, 1500, 1600, 1700, 1800, 1900] == await indices_left(path)


async def test_items_are_recorded_when_their_calls_are_accepted(path: Path) -> None:
    """`recorded` is the index at which a source goes on.

    An index that was left out, because its item made no call, counts too.
    """
    journal = await opened(path)
    assert 0 == journal.recorded
    await journal.accept(entries(journal, range(1023)))
    await journal.accept(entries(journal, [1030, 1031, 5000]))
    assert 5001 == journal.recorded
    await journal.close()
    journal = await opened(path)
    assert 5001 == journal.recorded
    for index in (0, 1022, 1030, 5000):
        journal.check(index, fingerprint(index))
    for index in (1023, 1029, 4999):
        journal.check(index, b"whatever")  # these have no call
    await journal.close()


async def test_a_changed_item_is_refused_when_the_source_is_read_again(path: Path) -> None:
    """A source whose item has changed is refused with an error that names the item and says what to do."""
    journal = await opened(path)
    await journal.accept(entries(journal, range(3000)))
    await journal.close()
    journal = await opened(path)
    journal.check(2998, fingerprint(2998))
    with pytest.raises(JournalError, match="item 2999 of the source is not the one that was recorded.*item_id="):
        journal.check(2999, fingerprint("another"))
    await journal.close()


async def test_an_index_is_refused_when_it_is_recorded_already(path: Path) -> None:
    """An index that is recorded already is refused, so no call takes the place and the key of another."""
    journal = await opened(path)
    await journal.accept(entries(journal, range(3)))
    with pytest.raises(JournalError, match="call 2 is recorded already"):
        await journal.accept(entries(journal, [2]))
    await journal.close()


async def test_a_journal_is_refused_when_it_belongs_to_another_destination(path: Path) -> None:
    """Calls for one Application are never sent to another."""
    journal = await opened(path)
    await journal.accept(entries(journal, [0]))
    await journal.close()
    with pytest.raises(JournalError, match="belong to another base URL or API key"):
        await Journal(path).open(destination="elsewhere", trust_keys=True)
    assert [0] == await indices_left(path)  # and it is not locked


async def test_calls_that_may_have_been_sent_are_known_when_they_are_marked(path: Path) -> None:
    """Marks say which calls may have been sent, and a mark that was taken back says that its call was not sent."""
    journal = await opened(path)
    await journal.accept(entries(journal, range(600), keyed=False))
    await journal.mark_leaving(range(256))
    await journal.mark_leaving(range(256, 512))
    for index in range(200):
        await journal.settle(index)
    await journal.unmark(range(400, 512))
    await journal.close()
    for _ in range(2):  # opening does not change it
        journal = await opened(path)
        unsettled = await left(journal)
        await journal.close()
        assert list(range(200, 600)) == [entry.index for entry in unsettled]
        assert list(range(200, 400)) == [entry.index for entry in unsettled if entry.maybe_sent]
        assert not any(entry.repeatable for entry in unsettled)


async def test_marks_are_removed_when_their_calls_are_settled(path: Path) -> None:
    """A group of marks is one row, which goes when the last of its calls is settled."""
    journal = await opened(path)
    for start in range(0, 1024, 256):
        await journal.accept(entries(journal, range(start, start + 256), keyed=False))
        await journal.mark_leaving(range(start, start + 256))
        for index in range(start, start + 256):
            await journal.settle(index)
    await journal.accept(entries(journal, [2000]))
    await journal.accept(entries(journal, [2001]))
    assert (set(), set()) == journal._open_run().held.store.marks()
    await journal.close()


@pytest.mark.parametrize(("hours", "trust", "repeatable"), [(22.9, True, True), (23.1, True, False), (0, False, False)])
async def test_keys_protect_no_more_when_they_are_old_or_not_trusted(
    path: Path, clock: FakeClock, hours: float, trust: bool, repeatable: bool
) -> None:
    """A keyed call that may have been sent is not sent again after 23 hours, nor if keys are not trusted."""
    journal = await opened(path, clock=clock)
    await journal.accept(entries(journal, range(3)))
    await journal.close()
    clock.time += hours * HOUR
    journal = await opened(path, clock=clock, trust_keys=trust)
    unsettled = await left(journal)
    await journal.close()
    assert [(repeatable, True)] * 3 == [(entry.repeatable, entry.maybe_sent) for entry in unsettled]


async def test_calls_are_sent_at_any_age_when_they_were_never_sent(path: Path, clock: FakeClock) -> None:
    """A call whose mark a run took back is sent by the next run, whatever its age.

    Once that run has marked it, it may have been sent.
    """
    journal = await opened(path, clock=clock)
    await journal.accept(entries(journal, range(3)))
    await journal.unmark([1, 2])
    await journal.close()
    clock.time += 100 * HOUR
    for maybe_sent in ([True, False, False], [True, True, True]):
        journal = await opened(path, clock=clock)
        assert maybe_sent == [entry.maybe_sent for entry in await left(journal)]
        await journal.close()


async def test_a_call_is_repeatable_at_any_age_when_it_needs_no_key(path: Path, clock: FakeClock) -> None:
    """A call that is safe to repeat without a key can be repeated at any age."""
    journal = await opened(path, clock=clock)
    (entry,) = entries(journal, [0], keyed=False)
    await journal.accept([type(entry)(0, entry.record, entry.fingerprint, repeatable=True)])
    await journal.close()
    clock.time += 100 * HOUR
    journal = await opened(path, clock=clock, trust_keys=False)
    assert [True] == [entry.repeatable for entry in await left(journal)]
    await journal.close()


async def test_failures_are_kept_when_calls_are_settled_with_one(path: Path) -> None:
    """A failed call stays in the journal, with its error, until it is requeued or erased."""
    journal = await opened(path)
    await journal.accept(entries(journal, range(10)))
    for index in range(10):
        await journal.settle(index, json.dumps({"outcome": "rejected", "status": 400}) if index % 2 else None)
    await journal.close()
    assert [] == await indices_left(path)
    assert [1, 3, 5, 7, 9] == [found.index for found in Journal(path).list("failed")]


async def test_settlements_are_written_soon_when_no_call_follows(path: Path) -> None:
    """A settlement is written to the disk soon, even if no other call follows."""
    journal = await opened(path)
    await journal.accept(entries(journal, range(3)))
    await journal.settle(1)
    async with asyncio.timeout(10):
        while journal.count().unsettled != 2:
            await asyncio.sleep(0)
    await journal.close()


async def test_every_call_is_stored_when_many_accept_at_once(path: Path) -> None:
    """Calls that are accepted while a transaction is being written are stored together in the next one."""
    journal = await opened(path)
    prepared = entries(journal, range(500))
    await asyncio.gather(*(journal.accept([entry]) for entry in prepared))
    assert 500 == journal.count().unsettled
    await journal.close()


async def test_accepted_calls_are_stored_when_other_accepts_are_cancelled(path: Path) -> None:
    """A cancelled `accept` may have stored its calls, and does not hold up the others."""
    journal = await opened(path)
    prepared = entries(journal, range(100))
    tasks = [asyncio.ensure_future(journal.accept([entry])) for entry in prepared]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [None] * 50 == done[1::2]
    await journal.close()
    assert set(range(1, 100, 2)) <= set(await indices_left(path))


async def test_the_journal_is_unlocked_when_closing_is_cancelled(path: Path) -> None:
    """A cancelled `close` still writes every settlement and unlocks the journal."""
    journal = await opened(path)
    await journal.accept(entries(journal, range(3)))
    await journal.settle(0)
    closing = asyncio.ensure_future(journal.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    async with asyncio.timeout(10):
        while True:
            try:
                assert [1, 2] == await indices_left(path)
            except JournalError:
                await asyncio.sleep(0)
            else:
                break


async def test_only_the_owner_can_read_when_the_files_are_made(path: Path) -> None:
    """Only the owner can read the journal and the files beside it, because bodies are personal data."""
    old = os.umask(0)
    try:
        journal = await opened(path)
        await journal.accept(entries(journal, range(3)))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        await journal.close()
    finally:
        os.umask(old)
    names = ["", "-shm", "-wal", ".lock", ".reserve"]
    assert dict.fromkeys((f"events.journal{suffix}" for suffix in names), 0o600) == modes


async def test_use_is_refused_when_the_journal_is_not_open(path: Path) -> None:
    """A journal that is not open raises an error that says so, and closing it twice does no harm."""
    journal = Journal(path)
    with pytest.raises(JournalError, match="not open"):
        await journal.accept([])
    await journal.open(destination=HERE, trust_keys=True)
    with pytest.raises(JournalError, match="open already"):
        await journal.open(destination=HERE, trust_keys=True)
    await journal.close()
    await journal.close()


async def test_a_warning_is_given_when_a_journal_is_dropped_open(path: Path) -> None:
    """A journal that is dropped while it is open warns, writes every settlement, and is unlocked."""
    journals = [await opened(path)]
    await journals[0].accept(entries(journals[0], range(3)))
    await journals[0].settle(1)

    def drop() -> None:
        journals.clear()
        gc.collect()

    with pytest.warns(ResourceWarning, match="was not closed"):
        drop()
    async with asyncio.timeout(10):
        while path.with_name("events.journal.lock").stat().st_size:
            await asyncio.sleep(0)
    assert [0, 2] == await indices_left(path)


async def test_no_customer_is_left_when_every_call_is_settled(path: Path) -> None:
    """Deleted calls are overwritten on the disk, also while the journal is open, once the WAL has been checkpointed."""
    journal = await opened(path)
    await journal.accept(entries(journal, range(2000), profile="mary.smith"))
    for index in range(2000):
        await journal.settle(index)
    await journal.unmark([])  # waits until they are written
    journal._open_run().held.store.checkpoint()
    assert b"mary.smith" not in copy(path, path.parent / "copy").read_bytes()
    shutil.rmtree(path.parent / "copy")
    await journal.close()
    assert b"mary.smith" in bytes(call(0, None, "mary.smith"))
    assert {file.name for file in path.parent.iterdir()} == {f"events.journal{x}" for x in ("", ".lock", ".reserve")}
    assert b"mary.smith" not in path.read_bytes()
