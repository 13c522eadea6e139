"""Iterators end with every server: a server that ignores `skip` is reported, on both twins."""

from __future__ import annotations

import contextlib
import inspect
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from properties.strategies import arguments_of
from support.pages import walk
from support.raw import Exchange, RawServer, answer

from talon_async import TalonOne
from talon_async._endpoint import Endpoint, endpoints_of
from talon_async.errors import UnreadableAnswerError

LISTINGS = {
    "iter_" + name.replace("get_", "", 1): stub
    for name, stub in endpoints_of(TalonOne).items()
    if "skip" in stub.signature.parameters
}
each_listing = pytest.mark.parametrize("name", LISTINGS)
CAMPAIGNS = "iter_integration_all_campaigns"


class Pages:
    """Gives its pages in turn, whatever `skip` says, and fails after fifty."""

    def __init__(self, *pages: Any) -> None:
        self.pages, self.asked = pages, 0

    async def __call__(self, exchange: Exchange) -> None:
        page = self.pages[self.asked % len(self.pages)]
        self.asked += 1
        await exchange.send(answer(page) if self.asked <= 50 else answer({"message": "never ends"}, status=404))


def page(stub: Endpoint, *numbers: int, **said: Any) -> Any:
    """Return a page of an operation with these items."""
    items = [{"id": number, "startDate": f"2026-01-01T00:00:{number:02}Z"} for number in numbers]  # some have no ID
    value = {"data": items, **said}
    return {"catalog": value} if stub.name == "integration_rewards_catalog" else value


async def taken(talon: Any, name: str, **options: Any) -> int:
    """Iterate until the error about `skip`; return how many items came before it."""
    count = 0
    with pytest.raises(
        UnreadableAnswerError, match=rf"^{LISTINGS[name].name}: the page after \d+ items .*ignores `skip`"
    ):
        async for _ in walk(talon, name, **arguments_of(LISTINGS[name]), **options):
            count += 1
    return count


def test_there_is_an_iterator_when_an_operation_lists_pages() -> None:
    """The cases of these tests are all `iter_...` methods that there are."""
    assert set(LISTINGS) == {name for name, _ in inspect.getmembers(TalonOne) if name.startswith("iter_")}


@each_listing
@pytest.mark.parametrize("said", [{"hasMore": True}, {}, {"hasMore": True, "totalResultSize": 1000}])
async def test_iteration_ends_with_an_error_when_a_page_comes_again(client: Any, name: str, said: Any) -> None:
    """A server that ignores `skip` is reported with the second page, whose items are not given."""
    pages = Pages(page(LISTINGS[name], 1, 2, 3, **said))
    with RawServer(pages) as server:
        assert 3 == await taken(client(server.url), name, page_size=3)
    assert 2 == pages.asked


@each_listing
async def test_iteration_ends_with_an_error_when_pages_come_in_a_circle(client: Any, name: str) -> None:
    """Several servers behind one address that ignore `skip`, each with its own order, are reported too."""
    stub = LISTINGS[name]
    pages = Pages(*(page(stub, n, n + 1, hasMore=True) for n in range(5)))
    with RawServer(pages) as server:
        assert await taken(client(server.url), name) <= 2 * 15
    assert pages.asked <= 16


@each_listing
@pytest.mark.parametrize("said", [{"hasMore": True}, {"totalResultSize": 10}, {"hasMore": True, "totalResultSize": 10}])
async def test_iteration_ends_when_a_page_is_empty_and_more_is_said(client: Any, name: str, said: Any) -> None:
    """An empty page ends the iteration, even if the server counts more items or says `hasMore`."""
    stub = LISTINGS[name]
    pages = Pages(page(stub, 1, 2, **said), page(stub, **said))
    with RawServer(pages) as server:
        items = [item async for item in walk(client(server.url), name, **arguments_of(stub))]
    assert (2, 2) == (len(items), pages.asked)


@each_listing
async def test_iteration_ends_with_an_error_when_the_same_items_come_in_another_order(client: Any, name: str) -> None:
    """The items of a page may be in another order, or another selection of those that came: they are reported."""
    stub = LISTINGS[name]
    pages = Pages(*(page(stub, *numbers, hasMore=True) for numbers in ((1, 2, 3), (4, 5, 6), (6, 1, 4), (3, 2, 1))))
    with RawServer(pages) as server:
        assert 6 == await taken(client(server.url), name, page_size=3)
    assert 3 == pages.asked


@each_listing
async def test_iteration_ends_with_an_error_when_the_same_items_have_other_fields(client: Any, name: str) -> None:
    """An item is known by its ID, whatever else of it changes: a time of the answer, for example."""
    times = [
        {"hasMore": True, "data": [{"id": n, "created": f"2026-01-0{day}T00:00:00Z"} for n in (1, 2)]}
        for day in range(1, 10)
    ]
    pages = Pages(*({"catalog": one} if name == "iter_integration_rewards_catalog" else one for one in times))
    with RawServer(pages) as server:
        if name == "iter_customer_achievement_history":  # whose items have no ID and no such time: they are equal
            assert 2 == await taken(client(server.url), name)
        else:
            assert 2 == await taken(client(server.url), name, page_size=2)
    assert 2 == pages.asked


@each_listing
async def test_an_item_may_come_again_when_each_page_has_one(client: Any, name: str) -> None:
    """With pages of one item, an item that was added meanwhile makes the last one come again, which is no error.

    The same item on a third page is.
    """
    stub = LISTINGS[name]
    added = Pages(*(page(stub, n, hasMore=True) for n in (1, 1, 2, 2, 3)), page(stub, hasMore=False))
    stuck = Pages(*(page(stub, n, hasMore=True) for n in (1, 2)), *[page(stub, 2, hasMore=True)] * 3)
    with RawServer(added) as server:
        items = [item async for item in walk(client(server.url), name, **arguments_of(stub), page_size=1)]
    assert 5 == len(items)
    with RawServer(stuck) as server:
        assert 3 == await taken(client(server.url), name, page_size=1)
    assert 4 == stuck.asked


@pytest.mark.parametrize("said", [True, None])
async def test_iteration_ends_when_the_server_counts_fewer_items_than_it_gives(client: Any, said: bool | None) -> None:
    """More than a page beyond the server's own total, `hasMore` is reported. Without `hasMore` the total is the end."""
    rewards, total = "iter_customer_rewards", 3
    pages = Pages(*(page(LISTINGS[rewards], 2 * n, 2 * n + 1, hasMore=said, totalResultSize=total) for n in range(20)))
    count = 0
    with RawServer(pages) as server, contextlib.ExitStack() as expected:
        if said:
            message = "get_customer_rewards: the server counts 3 items, and says that more follow after 6"
            expected.enter_context(pytest.raises(UnreadableAnswerError, match=f"^{message}$"))
        async for _ in walk(client(server.url), rewards, "a", page_size=2):
            count += 1
    assert 4 == count


async def test_the_last_page_comes_again_when_skip_is_too_large_for_the_server(client: Any) -> None:
    """A server that repeats its last page for ever is reported after all items have come."""

    async def last(exchange: Exchange) -> None:
        skip = int(parse_qs(urlsplit(exchange.line.split(" ")[1]).query)["skip"][0])
        await exchange.send(answer(page(LISTINGS[CAMPAIGNS], min(skip, 6), min(skip, 6) + 1, hasMore=True)))

    with RawServer(last) as server:
        assert 8 == await taken(client(server.url), CAMPAIGNS, page_size=2)


async def test_equal_items_are_no_repetition_when_the_pages_differ(client: Any) -> None:
    """An item that comes twice, because another one was added meanwhile, is given twice."""
    stub = LISTINGS[CAMPAIGNS]
    pages = Pages(page(stub, 1, 2, hasMore=True), page(stub, 2, 3, hasMore=True), page(stub, 4, hasMore=False))
    with RawServer(pages) as server:
        assert [1, 2, 2, 3, 4] == [item.id async for item in walk(client(server.url), CAMPAIGNS, page_size=2)]
