"""Long listings, page after page: no needless request, no missing item; awaited and blocking."""

from __future__ import annotations

import asyncio
import gc
import threading
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.clock import FakeClock
from support.pages import Listing, numbers, walk
from support.raw import RawServer, answer, hang, reset
from support.twins import KEY

from talon_async import TalonOne, TalonOneSync
from talon_async.errors import (
    ClientClosedError,
    InvalidArgumentError,
    NotFoundError,
    ServerError,
    UnreadableAnswerError,
)

CAMPAIGNS, REWARDS, CATALOG = (
    "iter_integration_all_campaigns",
    "iter_customer_rewards",
    "iter_integration_rewards_catalog",
)


@pytest.mark.parametrize(
    ("name", "args", "style"),
    [
        (CAMPAIGNS, (), "hasMore"),
        (REWARDS, ("a",), "totalResultSize"),
        (CATALOG, (), "catalog"),
        (CAMPAIGNS, (), "says nothing"),
    ],
)
async def test_every_item_comes_once_and_in_order_when_there_are_many_pages(
    client: Any, name: str, args: tuple[Any, ...], style: str
) -> None:
    """An iteration ends however the server tells that there is no more.

    If the server does not tell, an empty page is the end.
    """
    listing = Listing(25, style=style)
    with RawServer(listing) as server:
        assert list(range(25)) == await numbers(client(server.url), name, *args, page_size=10)
    expected = [(0, 10), (10, 10), (20, 10), (25, 10)]
    assert (expected if style == "says nothing" else expected[:3]) == listing.asked


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001])
async def test_pages_are_as_large_as_can_be_when_no_size_is_given(client: Any, count: int) -> None:
    """Pages hold a thousand items, and one request is made where one is enough."""
    listing = Listing(count)
    with RawServer(listing) as server:
        assert list(range(count)) == await numbers(client(server.url), CAMPAIGNS)
    assert [(0, 1000), (1000, 1000)][: 1 + (count > 1000)] == listing.asked


@pytest.mark.parametrize(
    ("limit", "asked"),
    [(0, []), (1, [(0, 1)]), (10, [(0, 10)]), (11, [(0, 10), (10, 1)]), (25, [(0, 10), (10, 10), (20, 5)])],
)
async def test_no_more_is_asked_for_than_the_limit_when_there_is_one(
    client: Any, limit: int, asked: list[tuple[int, int]]
) -> None:
    """The last page asks only for the items that are left below the limit."""
    listing = Listing(100)
    with RawServer(listing) as server:
        assert list(range(limit)) == await numbers(client(server.url), CAMPAIGNS, limit=limit, page_size=10)
    assert asked == listing.asked


async def test_a_limit_is_one_small_request_when_no_size_is_given(client: Any) -> None:
    """A limit of three asks for three items."""
    listing = Listing(100)
    with RawServer(listing) as server:
        assert [0, 1, 2] == await numbers(client(server.url), CAMPAIGNS, limit=3)
    assert [(0, 3)] == listing.asked


async def test_nothing_is_left_out_when_the_server_gives_less_than_asked(client: Any) -> None:
    """A page that is shorter than asked for is followed by one that begins right after it."""
    listing = Listing(10, most=4)
    with RawServer(listing) as server:
        assert list(range(10)) == await numbers(client(server.url), CAMPAIGNS, page_size=5)
    assert [(0, 5), (4, 5), (8, 5)] == listing.asked


async def test_the_limit_holds_when_the_server_gives_more_than_asked(client: Any) -> None:
    """Items of a page beyond the limit are dropped."""
    with RawServer(answer({"hasMore": True, "data": [{"id": n} for n in range(50)]})) as server:
        assert list(range(3)) == await numbers(client(server.url), CAMPAIGNS, limit=3)
    assert len(server.received) == 1


async def test_additional_items_are_not_asked_for_again_when_there_is_no_limit(client: Any) -> None:
    """The next page begins after all items that have come, even if a page had more than was asked for."""
    pages = [
        answer({"hasMore": True, "data": [{"id": n} for n in range(50)]}),
        answer({"hasMore": False, "data": [{"id": 50}]}),
    ]
    with RawServer(*pages) as server:
        assert list(range(51)) == await numbers(client(server.url), CAMPAIGNS, page_size=10)
    assert "skip=50" in server.received[1].line


@pytest.mark.parametrize("page", [{}, {"data": None}, {"data": [], "hasMore": True}, {"data": None, "hasMore": True}])
async def test_the_listing_ends_when_a_page_holds_nothing(client: Any, page: Any) -> None:
    """A page without items ends the listing, whatever it says of more."""
    with RawServer(answer(page)) as server:
        assert [] == await numbers(client(server.url), CAMPAIGNS)
    assert len(server.received) == 1


@pytest.mark.parametrize("catalog", [None, {}, {"data": None}])
async def test_the_rewards_end_when_their_page_is_missing(client: Any, catalog: Any) -> None:
    """The catalog of rewards ends when its page, which is one level deeper, is missing."""
    with RawServer(answer({"catalog": catalog})) as server:
        assert [] == await numbers(client(server.url), CATALOG)


@pytest.mark.parametrize("data", ["text", 5, {"id": 1}, True])
async def test_a_listing_is_an_error_when_its_page_is_no_list(client: Any, data: Any) -> None:
    """A page that is no list raises an error that names the operation. An end would look like a complete listing."""
    with RawServer(answer({"hasMore": True, "data": data})) as server:
        with pytest.raises(UnreadableAnswerError, match="^integration_get_all_campaigns: the page must be a list"):
            await numbers(client(server.url), CAMPAIGNS)


async def test_the_server_is_believed_when_it_says_more_and_counts_less(client: Any) -> None:
    """`hasMore` counts more than `totalResultSize`, which may be the size of the page, or zero."""
    first = {"hasMore": True, "totalResultSize": 2, "data": [{"id": 0}, {"id": 1}]}
    with RawServer(answer(first), answer({"hasMore": False, "totalResultSize": 0, "data": [{"id": 2}]})) as server:
        assert [0, 1, 2] == await numbers(client(server.url), REWARDS, "a")


async def test_a_count_of_zero_is_no_end_when_items_came(client: Any) -> None:
    """A `totalResultSize` of 0 does not end the listing while items come."""
    pages = [answer({"totalResultSize": 0, "data": data}) for data in ([{"id": 0}], [{"id": 1}], [])]
    with RawServer(*pages) as server:
        assert [0, 1] == await numbers(client(server.url), REWARDS, "a")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"limit": -1}, "limit must be 0 or more, not -1"), ({"limit": True}, "limit must be"),
        ({"limit": "5"}, "limit must be"), ({"page_size": 0}, "page_size must be 1 to 1000, not 0"),
        ({"page_size": 1001}, "page_size must be 1 to 1000, not 1001"), ({"store_id": object()}, "store_id cannot be"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("cls", [TalonOne, TalonOneSync])
def test_an_iterator_is_refused_when_an_argument_is_wrong(cls: Any, options: dict[str, Any], said: str) -> None:
    """A wrong argument raises an error where the iterator is made, not with the first item."""
    with pytest.raises(InvalidArgumentError, match=said):
        cls("http://127.0.0.1:9", KEY).iter_integration_all_campaigns(**options)


async def test_the_arguments_go_with_every_page_when_they_are_given(client: Any) -> None:
    """Every page is asked for with the same path and filters."""
    with RawServer(Listing(3)) as server:
        await numbers(client(server.url), REWARDS, "a/b", status=["unlocked", "used"], page_size=2)
    targets = [exchange.line.split(" ")[1] for exchange in server.received]
    assert ["/v1/customer_profiles/a%2Fb/rewards"] * 2 == [urlsplit(target).path for target in targets]
    assert all("status=unlocked&status=used" in target for target in targets)


async def test_nothing_is_asked_for_when_an_iterator_is_not_used(client: Any) -> None:
    """An iterator makes no request before its first item is asked for."""
    with RawServer(Listing(3)) as server:
        talon = client(server.url)
        _ = getattr(getattr(talon, "client", talon), CAMPAIGNS)()
    assert [] == server.received


async def test_no_further_page_is_asked_for_when_the_loop_is_left(client: Any) -> None:
    """A loop that is left asks for no further page, and the client can be used on."""
    listing = Listing(100)
    with RawServer(listing) as server:
        talon = client(server.url)
        items = walk(talon, CAMPAIGNS, page_size=10)
        async for item in items:
            if item.id == 9:
                break
        await items.aclose()
        assert [(0, 10)] == listing.asked
        assert [0] == await numbers(talon, CAMPAIGNS, limit=1)


async def test_the_body_of_the_loop_may_fail_when_a_page_is_open(client: Any) -> None:
    """An error in the body of the loop is raised as it is, and no further page is asked for."""
    listing = Listing(100)
    with RawServer(listing) as server:
        talon = client(server.url)
        with pytest.raises(KeyError, match="mine"):
            async for _ in walk(talon, CAMPAIGNS, page_size=10):
                raise KeyError("mine")
        assert 1 == len(listing.asked)
        assert [0] == await numbers(talon, CAMPAIGNS, limit=1)


async def test_no_place_is_kept_when_an_iterator_is_forgotten(recwarn: pytest.WarningsRecorder) -> None:
    """A forgotten iterator holds no place: a client with one connection can make its next call."""
    from talon_async import Limits

    gc.collect()
    recwarn.clear()  # objects of earlier tests that wait for the garbage collector
    with RawServer(Listing(100)) as server:
        async with TalonOne(server.url, KEY, limits=Limits(connections=1)) as talon, asyncio.timeout(20):
            for _ in range(3):
                items = talon.iter_integration_all_campaigns(page_size=10)
                assert 0 == (await anext(items)).id
                del items
                gc.collect()
            await talon.integration_get_all_campaigns(page_size=1, skip=0)
    assert [] == list(recwarn)


async def test_an_error_comes_where_it_happens_when_a_later_page_fails(client: Any, clock: FakeClock) -> None:
    """The error of a later page is raised after the items of the earlier pages, and is the error of a single call."""
    listing = Listing(50, faults={3: answer({"message": "gone"}, status=404)})
    seen: list[int] = []
    with RawServer(listing) as server, pytest.raises(NotFoundError, match="integration_get_all_campaigns: 404 gone"):
        async for item in walk(client(server.url, clock=clock), CAMPAIGNS, page_size=10):
            seen.append(item.id)  # noqa: PERF401  # what was seen before the error
    assert (list(range(20)), 3) == (seen, len(listing.asked))


@pytest.mark.parametrize("fault", [reset, answer({}, status=503), answer({}, status=429), answer(b"{")])
async def test_a_page_is_requested_again_when_it_fails_once(client: Any, clock: FakeClock, fault: Any) -> None:
    """A page that fails once is asked for again, like any read."""
    listing = Listing(50, faults={3: fault})
    with RawServer(listing) as server:
        assert list(range(50)) == await numbers(client(server.url, clock=clock), CAMPAIGNS, page_size=10)
    assert [0, 10, 20, 20, 30, 40] == [skip for skip, _ in listing.asked]


async def test_a_listing_goes_on_where_it_broke_when_the_caller_begins_there_again(client: Any) -> None:
    """An iterator that has raised is at its end, and does not go on with the next page.

    A new iterator can begin at the same item.
    """
    listing = Listing(50, faults={2: answer({}, status=404)})
    with RawServer(listing) as server:
        items = walk(client(server.url), CAMPAIGNS, page_size=10)
        with pytest.raises(NotFoundError):
            [item async for item in items]
        assert [] == [item async for item in items]
    assert 2 == len(listing.asked)


async def test_the_page_is_finished_when_the_client_is_closed_meanwhile(client: Any) -> None:
    """Closing the client lets the current page be read to its end. The next page raises ClientClosedError."""
    seen: list[int] = []
    with RawServer(Listing(50)) as server:
        talon = client(server.url)
        with pytest.raises(ClientClosedError):
            async for item in walk(talon, CAMPAIGNS, page_size=10):
                seen.append(item.id)
                if len(seen) == 3:
                    await talon.aclose()
    assert list(range(10)) == seen


async def test_the_iteration_ends_when_the_client_is_closed_during_a_page(client: Any) -> None:
    """Closing the client during a page ends the iteration with ClientClosedError."""
    with RawServer(Listing(50, faults={2: hang})) as server:
        talon = client(server.url)
        reading = asyncio.ensure_future(numbers(talon, CAMPAIGNS, page_size=10))
        while len(server.received) < 2:
            await asyncio.sleep(0.01)
        await talon.aclose()
        with pytest.raises(ClientClosedError):
            await reading


async def test_the_iteration_is_cancelled_when_its_task_is_cancelled() -> None:
    """Cancelling a task in the middle of a page cancels its iteration, and the client can be used on."""
    listing = Listing(50, faults={2: hang})
    with RawServer(listing) as server:
        async with TalonOne(server.url, KEY) as talon:
            reading = asyncio.ensure_future(numbers(talon, CAMPAIGNS, page_size=10))
            while len(listing.asked) < 2:
                await asyncio.sleep(0.01)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            assert [0] == await numbers(talon, CAMPAIGNS, limit=1)


async def test_several_listings_are_read_at_once_when_they_are_interleaved(client: Any) -> None:
    """Iterators that are read in turns each keep their own place."""
    with RawServer(Listing(25)) as server:
        talon = client(server.url)
        listings = await asyncio.gather(*(numbers(talon, CAMPAIGNS, page_size=size) for size in (1, 3, 10, 1000)))
    assert [list(range(25))] * 4 == listings


def test_a_client_iterates_in_one_loop_after_the_other_when_both_run_to_the_end() -> None:
    """A client can iterate in one event loop after another, each with connections of its own."""
    with RawServer(Listing(25)) as server:
        talon = TalonOne(server.url, KEY)
        listings = [asyncio.run(numbers(talon, CAMPAIGNS, page_size=10)) for _ in range(2)]
        asyncio.run(talon.aclose())
    assert [list(range(25))] * 2 == listings


def test_each_thread_has_its_own_iterator_when_the_client_is_blocking() -> None:
    """Threads that share a blocking client have iterators with places of their own."""
    listings: list[list[Any]] = []

    def read() -> None:
        listings.append([item.id for item in talon.iter_integration_all_campaigns(page_size=10)])

    with RawServer(Listing(95)) as server, TalonOneSync(server.url, KEY) as talon:
        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [list(range(95))] * 8 == listings


def test_an_iterator_moves_to_another_thread_when_only_one_reads_it() -> None:
    """A blocking iterator can be read on another thread than the one that made it."""
    with RawServer(Listing(20)) as server, TalonOneSync(server.url, KEY) as talon:
        items, rest = talon.iter_integration_all_campaigns(page_size=10), list[Any]()
        assert 0 == next(items).id
        thread = threading.Thread(target=lambda: rest.extend(items))
        thread.start()
        thread.join()
    assert list(range(1, 20)) == [item.id for item in rest]


async def test_options_hold_for_every_page_when_the_client_is_a_copy(client: Any, clock: FakeClock) -> None:
    """An iterator of a copy has the options of the copy."""
    from talon_async import RetryPolicy

    listing = Listing(50, faults={2: answer({}, status=503)})
    with RawServer(listing) as server:
        talon = client(server.url, clock=clock).with_options(retry=RetryPolicy.off())
        with pytest.raises(ServerError):
            await numbers(talon, CAMPAIGNS, page_size=10)
    assert 2 == len(listing.asked)


async def test_only_ids_are_held_when_a_listing_is_long() -> None:
    """Of the pages that have been read, only the IDs are held."""
    import tracemalloc

    from talon_async.models import IntegrationCampaign, IntegrationGetAllCampaignsResponse

    class Canned(TalonOne):  # the memory of a server in this process would be measured, too
        async def _call(self, _: Any) -> Any:
            self.skip = getattr(self, "skip", 0) + 50
            data = [IntegrationCampaign(id=self.skip + n) for n in range(50)]
            return SimpleNamespace(data=IntegrationGetAllCampaignsResponse(has_more=True, data=data))

    items = Canned("http://127.0.0.1:9", KEY).iter_integration_all_campaigns(page_size=50)

    async def held(count: int) -> int:
        for _ in range(count):
            await anext(items)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before, after = await held(10_000), await held(20_000)
    finally:
        tracemalloc.stop()
    await items.aclose()
    assert after - before < 120 * 20_000
