"""Batches in parts, of any items, whatever becomes of each part."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.strategies import failing, filled, trickling

from talon_async import ChunksReport
from talon_async.bulk import chunks
from talon_async.errors import (
    AuthenticationError,
    BadRequestError,
    BulkInterruptedError,
    ClientClosedError,
    ConnectionLostError,
    TalonOneError,
)
from talon_async.models import (
    AddItemCatalogAction,
    CatalogAction,
    CustomerProfileAudienceRequestItem,
    MultipleCustomerProfileIntegrationRequestItem,
    NewReferralsForMultipleAdvocates,
    PatchManyItemsCatalogAction,
    RemoveItemCatalogAction,
    evolve,
)

ERRORS: dict[str, type[Exception]] = {
    "lost": ConnectionLostError,
    "bad": BadRequestError,
    "bug": ZeroDivisionError,
    "key": AuthenticationError,
    "closed": ClientClosedError,
}
FATES = st.sampled_from(["ok", "ok", "ok", "lost", "bad", "bug"])
UNSENDABLE = "\ud800"
"""Half a character: an item with it cannot be sent."""
ITEMS = st.lists(
    st.tuples(st.sampled_from(["ADD", "ADD", "ADD", "REMOVE", "ALL"]), st.sampled_from([*"abcdefg", UNSENDABLE])),
    max_size=30,
)
"""Of each item what it does, where items do different things, and what to."""
CALLS = st.lists(st.tuples(st.integers(0, 5), FATES), min_size=1, max_size=8)
"""Of each request, over and over, how long it takes in rounds of the loop, and what becomes of it."""
MOST, CONCURRENCY = st.integers(1, 5), st.integers(1, 5)


def action(kind: str, name: str) -> CatalogAction:
    """Make an action on one item of a catalog, or on all."""
    one: dict[str, Any] = {"ADD": AddItemCatalogAction, "REMOVE": RemoveItemCatalogAction}
    return CatalogAction(payload=one[kind](sku=name) if kind in one else PatchManyItemsCatalogAction())


@attrs.frozen
class Way:
    """One of the calls in parts: what its items are, what two of them have in common, and where a request has them."""

    call: Callable[..., Any]
    item: Callable[[str, str], Any]
    about: Callable[[Any], tuple[str, Hashable]]
    items: str


async def refer(sender: Any, source: Any, **options: Any) -> Any:
    """Make referrals; their customers are a field of a model, and no iterable of any kind."""
    body = evolve(filled(NewReferralsForMultipleAdvocates), advocate_profile_integration_ids=source)
    return await Batches.create_referrals_for_multiple_advocates_in_chunks(sender, body, **options)


WAYS = {
    "catalog": Way(
        lambda sender, source, **options: Batches.sync_catalog_in_chunks(sender, 7, source, **options),
        action,
        lambda item: (item.type, getattr(item.payload, "sku", None)),
        "actions",
    ),
    "profiles": Way(
        Batches.update_customer_profiles_in_chunks,
        lambda _, name: MultipleCustomerProfileIntegrationRequestItem(integration_id=name),
        lambda item: ("", item.integration_id),
        "customer_profiles",
    ),
    "audiences": Way(
        Batches.update_customer_profile_audiences_in_chunks,
        lambda kind, name: CustomerProfileAudienceRequestItem(
            action="add", profile_integration_id=name, audience_id=len(kind)
        ),
        lambda item: ("", (item.profile_integration_id, item.audience_id)),
        "data",
    ),
    "referrals": Way(refer, lambda _, name: name, lambda _: ("", None), "advocate_profile_integration_ids"),
}
each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def in_the_way(way: Way, one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Tell whether it matters which of two requests comes first."""
    first, second = {way.about(item) for item in one}, {way.about(item) for item in other}
    if {kind for kind, _ in first} != {kind for kind, _ in second} or "PATCH_MANY" in {kind for kind, _ in first}:
        return True
    return bool((first & second) - {("", None)})


@attrs.define
class Sender:
    """Stands in for the client: notes what is sent, and does with each request what its plan says."""

    way: Way
    plan: list[tuple[int, str]]
    most: int
    begun: list[Sequence[Any]] = attrs.field(factory=list[Sequence[Any]])
    under_way: dict[int, Sequence[Any]] = attrs.field(factory=dict[int, Sequence[Any]])
    widest: int = 0
    settled: list[Any] = attrs.field(factory=list[Any])
    refused: bool = False

    async def send(self, *arguments: Any, **_: Any) -> Any:
        """Take as long as planned, then succeed or fail as planned."""
        items = getattr(arguments[-1], self.way.items)
        number = len(self.begun)
        rounds, fate = self.plan[number % len(self.plan)]
        assert not self.refused
        assert 1 <= len(items) <= self.most
        assert len({kind for kind, _ in map(self.way.about, items)}) == 1
        named = [name for _, name in map(self.way.about, items) if name is not None]
        assert len(named) == len(set(named))
        assert not any(in_the_way(self.way, items, other) for other in self.under_way.values())
        self.begun.append(items)
        self.under_way[number] = items
        self.widest = max(self.widest, len(self.under_way))
        try:
            for _ in range(rounds):
                await asyncio.sleep(0)
        finally:
            del self.under_way[number]
        if fate in ERRORS:
            self.refused |= fate in ("key", "closed")
            raise ERRORS[fate](fate)
        self.settled += items
        return SimpleNamespace(number=number)

    update_customer_profiles_v2 = update_customer_profile_audiences = send
    create_referrals_for_multiple_advocates = sync_catalog = send


@attrs.define
class Trial:
    """A batch of some items, made with a small bound, and what came of it."""

    way: Way
    items: list[Any]
    sender: Sender

    @classmethod
    def of(cls, way: Way, plan: list[tuple[str, str]], calls: list[tuple[int, str]], most: int) -> Trial:
        """Make the items of a plan."""
        return cls(way, [way.item(*one) for one in plan], Sender(way, calls, most))

    @property
    def sendable(self) -> list[int]:
        """Return the places of the items that can be sent."""
        return [index for index, item in enumerate(self.items) if repr(UNSENDABLE)[1:-1] not in repr(item)]

    async def run(self, source: Any, concurrency: int, **options: Any) -> Any:
        """Run the batch."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(parts, "MOST", self.sender.most)
            return await self.way.call(self.sender, source, concurrency=concurrency, **options)

    def assert_kept(self, report: ChunksReport[Any, Any], concurrency: int) -> None:
        """Hold what a batch promises in any case against what was seen."""
        for failure in report.failures:
            assert not isinstance(failure.error.__cause__, AssertionError), failure.error
        sent = [item for items in self.sender.begun for item in items]
        assert self.sender.widest <= concurrency
        places = self.sendable[: len(sent)]
        assert [self.items[index] for index in places] == sent
        assert report.taken == report.succeeded + len(report.failures) <= len(self.items)
        assert len(self.sender.settled) == report.succeeded
        assert all(failure.item is self.items[failure.index] for failure in report.failures)
        indexes = Counter(failure.index for failure in report.failures)
        assert max(indexes.values(), default=1) == 1
        assert [answer.number for answer in report.answers] == sorted(answer.number for answer in report.answers)
        kept = [id(item) for index, item in enumerate(self.items[: report.taken]) if index not in indexes]
        assert sorted(kept) == sorted(map(id, self.sender.settled))
        unsent = [failure.error for failure in report.failures if failure.index not in places]
        assert {error.outcome for error in unsent} <= {"not_sent"}


@each_way
def test_every_item_is_settled_once_when_parts_fail_at_random(way: Way) -> None:
    """Every item is sent once and in order, in parts that fit and do not cross; each has succeeded or is a failure."""

    @settings(max_examples=80)
    @given(ITEMS, CALLS, MOST, CONCURRENCY, st.booleans())
    def kept(plan: Any, calls: Any, most: int, concurrency: int, trickle: bool) -> None:
        trial = Trial.of(way, plan, calls, most)
        source = trickling(trial.items) if trickle and way.call is not refer else trial.items
        report = asyncio.run(trial.run(source, concurrency))
        trial.assert_kept(report, concurrency)
        assert (len(trial.items), len(trial.sendable)) == (report.taken, sum(map(len, trial.sender.begun)))
        assert report.stopped_by is None

    kept()


@each_way
def test_rest_is_told_when_the_key_is_refused_or_the_client_closed(way: Way) -> None:
    """After that nothing more is sent; what was taken is settled or among the failures, once."""

    @settings(max_examples=80)
    @given(ITEMS.filter(len), CALLS, st.sampled_from(["key", "closed"]), MOST, CONCURRENCY)
    def kept(plan: Any, calls: Any, end: str, most: int, concurrency: int) -> None:
        trial = Trial.of(way, plan, [*calls, (1, end)], most)
        report = asyncio.run(trial.run(trial.items, concurrency))
        trial.assert_kept(report, concurrency)
        assert (report.stopped_by is not None) is trial.sender.refused
        assert trial.sender.refused or report.taken == len(trial.items)

    kept()


@pytest.mark.parametrize("way", [way for name, way in WAYS.items() if name != "referrals"])
def test_taken_items_are_sent_when_the_source_of_parts_breaks(way: Way) -> None:
    """What a source gave before it broke is sent, the last part too, and the error holds the report."""

    @settings(max_examples=60)
    @given(ITEMS, CALLS, MOST, CONCURRENCY)
    def kept(plan: Any, calls: Any, most: int, concurrency: int) -> None:
        trial = Trial.of(way, plan, calls, most)
        with pytest.raises(BulkInterruptedError) as caught:
            asyncio.run(trial.run(failing(trial.items), concurrency))
        report: Any = caught.value.report
        trial.assert_kept(report, concurrency)
        assert (len(trial.items), len(trial.sendable)) == (report.taken, sum(map(len, trial.sender.begun)))
        assert isinstance(caught.value.__cause__, KeyError)

    kept()


@each_way
def test_report_of_parts_is_complete_when_a_batch_is_cancelled_or_progress_raises(way: Way) -> None:
    """Whenever a batch is cancelled, or its `progress` raises, the report counts every item that was taken, once."""

    @settings(max_examples=60)
    @given(ITEMS, CALLS, MOST, CONCURRENCY, st.integers(0, 40), st.none() | st.integers(1, 5))
    def kept(plan: Any, calls: Any, most: int, concurrency: int, rounds: int, raising: int | None) -> None:
        trial, reports = Trial.of(way, plan, calls, most), list[Any]()

        def progress(report: Any) -> None:
            reports.append(report)
            if len(reports) == raising:
                raise ZeroDivisionError

        async def cancelled() -> None:
            task = asyncio.ensure_future(trial.run(trial.items, concurrency, progress=progress))
            for _ in range(rounds):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, TalonOneError):
                await task

        asyncio.run(cancelled())
        for report in reports[-1:]:
            trial.assert_kept(report, concurrency)

    kept()
