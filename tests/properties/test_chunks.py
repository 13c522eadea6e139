"""Runs of any items in chunks, whatever becomes of each chunk."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.strategies import failing, filled, trickling
from support.clock import FakeClock
from support.transport import Immediate, inner

from talon_async import RetryPolicy, TalonOne, to_json
from talon_async._messages import Answer, Request
from talon_async.bulk import ChunksReport, chunks
from talon_async.errors import AuthenticationError, BulkInterruptedError, ConnectionLostError, TalonOneError
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

FATES = st.sampled_from(["ok", "ok", "ok", "lost", "bad"])
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
    """One of the calls in chunks: how items are made, what two of them have in common, and where a request has them."""

    call: Callable[..., Any]
    item: Callable[[str, str], Any]
    about: Callable[[Any], tuple[str, Hashable]]
    items: str


async def refer(talon: TalonOne, source: Any, **options: Any) -> Any:
    """Make referrals; their customers are a field of a model, and no iterable of any kind."""
    body = evolve(filled(NewReferralsForMultipleAdvocates), advocate_profile_integration_ids=source)
    return await talon.create_referrals_for_multiple_advocates_in_chunks(body, **options)


def sku_of(action: dict[str, Any]) -> tuple[str, Hashable]:
    """Return the kind of an action on the wire, and the SKU that it is about."""
    return action["type"], action["payload"].get("sku")


WAYS = {
    "catalog": Way(
        lambda talon, source, **options: talon.sync_catalog_in_chunks(7, source, **options),
        action,
        sku_of,
        "actions",
    ),
    "profiles": Way(
        TalonOne.update_customer_profiles_in_chunks,
        lambda _, name: MultipleCustomerProfileIntegrationRequestItem(integration_id=name),
        lambda item: ("", item["integrationId"]),
        "customerProfiles",
    ),
    "audiences": Way(
        TalonOne.update_customer_profile_audiences_in_chunks,
        lambda kind, name: CustomerProfileAudienceRequestItem(
            action="add", profile_integration_id=name, audience_id=len(kind)
        ),
        lambda item: ("", (item["profileIntegrationId"], item["audienceId"])),
        "data",
    ),
    "referrals": Way(refer, lambda _, name: name, lambda _: ("", None), "advocateProfileIntegrationIds"),
}
each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def in_the_way(way: Way, one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Tell whether two requests have an order that matters."""
    first, second = {way.about(item) for item in one}, {way.about(item) for item in other}
    if {kind for kind, _ in first} != {kind for kind, _ in second} or "PATCH_MANY" in {kind for kind, _ in first}:
        return True
    return bool((first & second) - {("", None)})


@attrs.define
class Server:
    """Notes what is sent, and answers each request as its plan says."""

    way: Way
    plan: list[tuple[int, str]]
    most: int
    begun: list[Sequence[Any]] = attrs.field(factory=list[Sequence[Any]])
    under_way: dict[int, Sequence[Any]] = attrs.field(factory=dict[int, Sequence[Any]])
    widest: int = 0
    settled: int = 0
    refused: bool = False

    async def __call__(self, request: Request) -> Answer:
        """Take as long as planned, then succeed or fail as planned."""
        items = json.loads(request.body or b"")[self.way.items]
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
        self.refused |= fate == "key"
        if fate == "lost":
            raise ConnectionLostError("lost")
        self.settled += len(items) if fate == "ok" else 0
        return Answer({"ok": 200, "bad": 400, "key": 401}[fate], {}, b"{}")


@attrs.define
class Trial:
    """A run over some items, with a small bound and one attempt for each request, and its result."""

    way: Way
    items: list[Any]
    server: Server

    @classmethod
    def of(cls, way: Way, plan: list[tuple[str, str]], calls: list[tuple[int, str]], most: int) -> Trial:
        """Make the items of a plan."""
        return cls(way, [way.item(*words) for words in plan], Server(way, calls, most))

    @property
    def sendable(self) -> list[int]:
        """Return the places of the items that can be sent."""
        return [index for index, item in enumerate(self.items) if repr(UNSENDABLE)[1:-1] not in repr(item)]

    async def run(self, source: Any, concurrency: int, **options: Any) -> Any:
        """Make the run."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(chunks, "MOST", self.server.most)
            async with inner(Immediate(self.server), clock=FakeClock(), retry=RetryPolicy.off()) as talon:
                return await self.way.call(talon, source, concurrency=concurrency, **options)

    def assert_kept(self, report: ChunksReport[Any, Any], concurrency: int) -> None:
        """Check every promise of a run against what the server has seen."""
        assert self.server.widest <= concurrency
        assert report.pending == 0
        assert report.taken == report.succeeded + len(report.failures) <= len(self.items)
        assert report.succeeded == self.server.settled
        assert all(failure.item is self.items[failure.index] for failure in report.failures)
        indexes = Counter(failure.index for failure in report.failures)
        assert max(indexes.values(), default=1) == 1
        sent = [self.way.about(item) for items in self.server.begun for item in items]
        wanted = [self.way.about(json.loads(to_json(self.items[index]))) for index in self.sendable]
        assert [kind for kind, _ in sent] == [kind for kind, _ in wanted][: len(sent)]
        assert not Counter(sent) - Counter(wanted)
        assert report.unsent + report.rejected + report.unknown + report.succeeded == report.taken
        unsent = [failure.error for failure in report.failures if failure.outcome == "unsent"]
        refused = [error for error in unsent if isinstance(error, AuthenticationError)]  # by a key, not for themselves
        assert {error.outcome for error in unsent if error not in refused} <= {"not_sent"}


@each_way
def test_every_item_is_settled_once_when_chunks_fail_at_random(way: Way) -> None:
    """Every item is sent once and in order, in chunks that fit and do not cross.

    Each item has succeeded or is a failure.
    """

    @settings(max_examples=80)
    @given(ITEMS, CALLS, MOST, CONCURRENCY, st.booleans())
    def kept(plan: Any, calls: Any, most: int, concurrency: int, trickle: bool) -> None:
        trial = Trial.of(way, plan, calls, most)
        source = trickling(trial.items) if trickle and way.call is not refer else trial.items
        report = asyncio.run(trial.run(source, concurrency))
        trial.assert_kept(report, concurrency)
        assert (len(trial.items), len(trial.sendable)) == (report.taken, sum(map(len, trial.server.begun)))
        assert report.stopped_by is None

    kept()


@each_way
def test_rest_is_reported_when_the_key_is_refused_during_a_run(way: Way) -> None:
    """A run sends nothing after an invalid key, and every item that was taken is settled or a failure, once."""

    @settings(max_examples=80)
    @given(ITEMS.filter(len), CALLS, st.just("key"), MOST, CONCURRENCY)
    def kept(plan: Any, calls: Any, end: str, most: int, concurrency: int) -> None:
        trial = Trial.of(way, plan, [*calls, (1, end)], most)
        report = asyncio.run(trial.run(trial.items, concurrency))
        trial.assert_kept(report, concurrency)
        assert (report.stopped_by is not None) is trial.server.refused
        assert trial.server.refused or report.taken == len(trial.items)

    kept()


@pytest.mark.parametrize("way", [way for name, way in WAYS.items() if name != "referrals"])
def test_taken_items_are_sent_when_the_source_of_chunks_breaks(way: Way) -> None:
    """A run sends what a source gave before it raised, the last chunk too, and its error has the report."""

    @settings(max_examples=60)
    @given(ITEMS, CALLS, MOST, CONCURRENCY)
    def kept(plan: Any, calls: Any, most: int, concurrency: int) -> None:
        trial = Trial.of(way, plan, calls, most)
        with pytest.raises(BulkInterruptedError) as caught:
            asyncio.run(trial.run(failing(trial.items), concurrency))
        report: Any = caught.value.report
        trial.assert_kept(report, concurrency)
        assert (len(trial.items), len(trial.sendable)) == (report.taken, sum(map(len, trial.server.begun)))
        assert isinstance(caught.value.__cause__, KeyError)

    kept()


@each_way
def test_account_of_chunks_is_complete_when_a_run_is_cancelled_or_progress_raises(way: Way) -> None:
    """The report counts every item that was taken once, whenever a run is cancelled or its `progress` raises."""

    @settings(max_examples=60)
    @given(ITEMS, CALLS, MOST, CONCURRENCY, st.integers(0, 40), st.none() | st.integers(1, 5))
    def kept(plan: Any, calls: Any, most: int, concurrency: int, rounds: int, raising: int | None) -> None:
        trial, seen = Trial.of(way, plan, calls, most), list[Any]()

        def progress(snapshot: Any) -> None:
            seen.append(snapshot)
            if len(seen) == raising:
                raise ZeroDivisionError

        async def cancelled() -> Any:
            task = asyncio.ensure_future(trial.run(trial.items, concurrency, progress=progress))
            for _ in range(rounds):
                await asyncio.sleep(0)
            task.cancel()
            try:
                return await task
            except (asyncio.CancelledError, TalonOneError) as problem:
                return getattr(problem, "report", None)

        if (report := asyncio.run(cancelled())) is not None:
            trial.assert_kept(report, concurrency)

    kept()
