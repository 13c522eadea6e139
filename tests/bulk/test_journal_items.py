"""Items that could not be encoded: a journal records their indices and no calls."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from support.journals import fingerprint, indices_left, opened, with_odd_items
from support.raw import RawServer, answer

from talon_async import TalonOne
from talon_async.bulk import Journal, JournalCounts
from talon_async.bulk.journal_base import Entry
from talon_async.errors import JournalError
from talon_async.models import IntegrationEventV2Request


async def test_items_are_listed_without_a_call_when_they_could_not_be_encoded(path: Path) -> None:
    """An item that could not be encoded is listed with its error, and belongs to no customer."""
    journal = await with_odd_items(path)
    listed = [(call.index, call.state, call.call is None) for call in journal.list()]
    assert [(0, "unsettled", False), (1, "unsettled", True), (2, "failed", True), (3, "failed", False)] == listed
    assert [0] == [call.index for call in journal.list(ordering_key="profile:jane")]
    file = io.BytesIO()
    assert 4 == journal.export(file)
    line = json.loads(file.getvalue().splitlines()[2])
    assert (None, [], "attributes: nan is no JSON") == (
        line["operation"],
        line["ordering_keys"],
        line["failure"]["message"],
    )


async def test_items_stay_when_failed_calls_are_requeued(path: Path) -> None:
    """Requeueing leaves items without a call where they are.

    An item that is named by its index is refused, and then nothing is requeued.
    """
    journal = await with_odd_items(path)
    with pytest.raises(JournalError, match=f"{path}: item 2 could not be encoded.*nan is no JSON"):
        journal.requeue([2, 3])
    assert 1 == journal.requeue()
    assert [0, 1, 3] == await indices_left(path)
    assert [2] == [call.index for call in journal.list("failed")]


async def test_items_are_removed_when_any_customer_is_erased(path: Path) -> None:
    """Erasing any customer removes all items that could not be encoded. Their errors may hold that customer's data."""
    journal = await with_odd_items(path)
    assert 3 == journal.erase("profile:jane")
    assert [3] == [call.index for call in journal.list()]


async def test_a_run_goes_on_when_an_item_could_not_be_encoded(path: Path) -> None:
    """An item that could not be encoded is a failure of the run, and the next run skips it."""
    events = [
        IntegrationEventV2Request(profile_id="p", type="paid", attributes={"price": price})
        for price in (1.0, float("nan"), 2.0)
    ]
    with RawServer(answer({}), answer({})) as server:
        async with TalonOne(server.url, "key") as talon:
            report = await talon.track_events(events, journal=path)
            again = await talon.track_events(events, journal=path)
    assert (2, 1, 3) == (report.succeeded, report.rejected, again.skipped)
    assert JournalCounts(recorded=3, unsettled=0, failed=1) == Journal(path).count()
    assert [None] == [call.call for call in Journal(path).list()]


async def test_the_journal_says_which_when_it_holds_a_call_of_another_release(path: Path) -> None:
    """A record that this release cannot read raises a `JournalError`, not an error about an argument."""
    journal = await opened(path)
    await journal.accept([Entry(0, b"9[]", fingerprint(0), repeatable=False)])
    await journal.close()
    with pytest.raises(JournalError, match=r"call 0 of the journal cannot be read: .* format 9"):
        list(journal.list())
