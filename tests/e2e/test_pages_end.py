"""Iterators end with every server: a server that ignores `skip` is reported, on both twins."""

from __future__ import annotations

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
CAMPAIGNS, REWARDS = "iter_integration_all_campaigns", "iter_customer_rewards"
HISTORY = "iter_customer_achievement_history"


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
        UnreadableAnswerError, match=rf"^{LISTINGS[name].name}: the pages after \d+ items .*ignores `skip`"
    ):
        async for _ in walk(talon, name, **arguments_of(LISTINGS[name]), **options):
            count += 1
    return count


def test_there_is_an_iterator_when_an_operation_lists_pages() -> None:
    """The cases of these tests are all `iter_...` methods that there are."""
    assert set(LISTINGS) == {name for name, _ in inspect.getmembers(TalonOne) if name.startswith("iter_")}


@each_listing
@pytest.mark.parametrize("said", [{"hasMore": True}, {}, {"hasMore": True, "totalResultSize": 1000}])
@pytest.mark.parametrize("size", [1, 2, 6])
async def test_iteration_ends_with_an_error_when_a_page_comes_again(
    client: Any, name: str, said: Any, size: int
) -> None:
    """A server that ignores `skip` is reported after a page has come again three times, or six items have.

    Its items are given once.
    """
    pages = Pages(page(LISTINGS[name], *range(size), **said))
    with RawServer(pages) as server:
        assert size == await taken(client(server.url), name, page_size=size)
    assert 1 + max(3, 6 // size) == pages.asked


@each_listing
async def test_iteration_ends_with_an_error_when_pages_come_in_a_circle(client: Any, name: str) -> None:
    """Several servers behind one address that ignore `skip`, each with its own order, are reported too."""
    stub = LISTINGS[name]
    pages = Pages(*(page(stub, n, n + 1, hasMore=True) for n in range(5)))
    with RawServer(pages) as server:
        assert 10 == await taken(client(server.url), name)
    assert 8 == pages.asked


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
    orders = ((1, 2, 3, 4, 5, 6), (7, 8, 9, 10, 11, 12), (12, 1, 10, 2, 8, 3), (6, 5, 4, 3, 2, 1))
    pages = Pages(*(page(stub, *numbers, hasMore=True) for numbers in orders))
    with RawServer(pages) as server:
        assert 12 == await taken(client(server.url), name, page_size=6)
    assert 5 == pages.asked


@pytest.mark.parametrize("name", [name for name in LISTINGS if name != HISTORY])
async def test_iteration_ends_with_an_error_when_the_same_items_have_other_fields(client: Any, name: str) -> None:
    """An item is known by its ID, whatever else of it changes. Only progress in an achievement has none."""
    stub = LISTINGS[name]
    answers = [page(stub, *range(6), hasMore=True) for _ in range(10)]
    for time, value in enumerate(answers):
        for item in value.get("catalog", value)["data"]:
            item |= {"created": f"2026-01-01T00:00:{time:02}Z", "progress": time, "description": f"at {time}"}
    pages = Pages(*answers)
    with RawServer(pages) as server:
        assert 6 == await taken(client(server.url), name, page_size=6)
    assert 4 == pages.asked


@pytest.mark.parametrize("odd", [1.5, [1], {"a": 1}, True])
async def test_iteration_ends_with_an_error_when_the_ids_are_no_ids(client: Any, odd: Any) -> None:
    """An item is known by its ID even if the ID is not a number, and its other fields change."""
    pages = Pages(*({"hasMore": True, "data": [{"id": odd, "description": str(time)}]} for time in range(20)))
    with RawServer(pages) as server:
        assert 1 == await taken(client(server.url), REWARDS)


@each_listing
@pytest.mark.parametrize("size", [1, 2, 10])
async def test_nothing_is_left_out_when_a_page_of_items_is_added_meanwhile(client: Any, name: str, size: int) -> None:
    """Items that were added in front make whole pages come again, up to two in a row. All the others still come."""
    stub = LISTINGS[name]
    first, last = (page(stub, *range(start, start + size), hasMore=True) for start in (0, size))
    again = page(stub, *reversed(range(size)), hasMore=True)
    pages = Pages(first, first, again, last, again, page(stub, hasMore=False))
    with RawServer(pages) as server:
        items = [item async for item in walk(client(server.url), name, **arguments_of(stub), page_size=size)]
    numbers = [*range(size)]
    starts = [*numbers, *numbers, *reversed(numbers), *range(size, 2 * size), *reversed(numbers)]
    assert starts == [item.start_date.second if name == HISTORY else item.id for item in items]


@pytest.mark.parametrize("said", [{"hasMore": True}, {"hasMore": False}])
async def test_a_page_that_came_before_is_given_when_it_is_the_last_one(client: Any, said: Any) -> None:
    """A page without a new item is given if it is the last one, by `limit` or by what the server says."""
    stub = LISTINGS[CAMPAIGNS]
    pages = Pages(page(stub, 1, 2, 3, hasMore=True), page(stub, 2, 3, **said))
    with RawServer(pages) as server:
        talon = client(server.url)
        assert [1, 2, 3, 2, 3] == [item.id async for item in walk(talon, CAMPAIGNS, page_size=3, limit=5)]


async def test_iteration_ends_with_an_error_when_the_server_counts_more_than_it_has_given(client: Any) -> None:
    """If a server ignores `skip` and only counts, its last page has no new item although some are missing."""
    achievements = "iter_customer_achievements"
    pages = Pages(page(LISTINGS[achievements], 1, 2, 3, totalResultSize=6))
    message = "the server counts 6 items, but has given only 3: it ignores `skip`"
    with (
        RawServer(pages) as server,
        pytest.raises(UnreadableAnswerError, match=f"^get_customer_achievements: {message}$"),
    ):
        async for _ in walk(client(server.url), achievements, "a", page_size=3):
            pass
    assert 2 == pages.asked


async def test_progress_is_whole_when_several_began_at_once(client: Any) -> None:
    """Progress in an achievement has no ID, so it is known by all of its fields, not by its start alone."""
    entries = [{"startDate": "2026-01-01T00:00:00Z", "progress": number} for number in range(6)]
    pages = Pages(*({"totalResultSize": 6, "data": entries[start : start + 2]} for start in (0, 2, 4)))
    with RawServer(pages) as server:
        items = [item async for item in walk(client(server.url), HISTORY, "a", 1, page_size=2)]
    assert [*range(6)] == [item.progress for item in items]


@pytest.mark.parametrize(
    ("said", "size", "asked"),
    [
        ({"hasMore": True, "totalResultSize": 3}, 2, 3),
        ({"hasMore": True, "totalResultSize": 3}, 3, 4),  # the server gives fewer items than asked for
        ({"hasMore": True, "totalResultSize": 2}, 6, 4),  # as many as the page has
        ({"totalResultSize": 0}, 6, 4),
        ({"hasMore": None, "totalResultSize": 0}, 2, 2),
    ],
)
async def test_iteration_ends_with_an_error_when_more_comes_than_is_counted(
    client: Any, said: Any, size: int, asked: int
) -> None:
    """A server that gives ever new items is reported when more than a page comes after its own total, even if it is 0."""
    pages = Pages(*(page(LISTINGS[REWARDS], 2 * n, 2 * n + 1, **said) for n in range(25)))
    message = (
        f"get_customer_rewards: the server counts {said['totalResultSize']} items, and goes on after {2 * asked}; "
    )
    with RawServer(pages) as server, pytest.raises(UnreadableAnswerError, match=f"^{message}`limit` ends"):
        async for _ in walk(client(server.url), REWARDS, "a", page_size=size):
            pass
    assert asked == pages.asked


async def test_iteration_ends_when_the_server_counts_and_says_nothing_else(client: Any) -> None:
    """Without `hasMore` the total is the end, even if more items have come."""
    pages = Pages(*(page(LISTINGS[REWARDS], 2 * n, 2 * n + 1, totalResultSize=3) for n in range(20)))
    with RawServer(pages) as server:
        items = [item.id async for item in walk(client(server.url), REWARDS, "a", page_size=2)]
    assert ([0, 1, 2, 3], 2) == (items, pages.asked)


async def test_iteration_goes_on_when_the_server_counts_more_and_denies_it(client: Any) -> None:
    """A server that counts all items may say `hasMore: false` on every page: the iteration goes on up to the total."""
    pages = Pages(
        *(page(LISTINGS[REWARDS], *numbers, hasMore=False, totalResultSize=5) for numbers in ((0, 1), (2, 3), (4,)))
    )
    with RawServer(pages) as server:
        items = [item.id async for item in walk(client(server.url), REWARDS, "a", page_size=2)]
    assert ([0, 1, 2, 3, 4], 3) == (items, pages.asked)


async def test_iteration_goes_on_when_the_server_counts_nothing_and_says_more(client: Any) -> None:
    """A total of 0 beside `hasMore` means that the server did not count: the listing may be of any length."""
    pages = Pages(
        *(page(LISTINGS[REWARDS], n, hasMore=True, totalResultSize=0) for n in range(20)),
        page(LISTINGS[REWARDS], 20, hasMore=False, totalResultSize=0),
    )
    with RawServer(pages) as server:
        items = [item.id async for item in walk(client(server.url), REWARDS, "a", page_size=1)]
    assert [*range(21)] == items


@pytest.mark.parametrize("total", [True, "1", 1.0, -1, [1]])
async def test_iteration_goes_on_when_the_total_is_no_count(client: Any, total: Any) -> None:
    """A total that is no whole number from 0 is ignored: the first page without items is the end."""
    pages = Pages(*(page(LISTINGS[REWARDS], *numbers, totalResultSize=total) for numbers in ((0,), (1,), (2,), ())))
    with RawServer(pages) as server:
        items = [item.id async for item in walk(client(server.url), REWARDS, "a", page_size=1)]
    assert [0, 1, 2] == items


async def test_the_last_page_comes_again_when_skip_is_too_large_for_the_server(client: Any) -> None:
    """A server that repeats its last page for ever is reported after all items have come."""

    async def last(exchange: Exchange) -> None:
        skip = int(parse_qs(urlsplit(exchange.line.split(" ")[1]).query)["skip"][0])
        first = min(skip, 12)
        await exchange.send(answer(page(LISTINGS[CAMPAIGNS], *range(first, first + 6), hasMore=True)))

    with RawServer(last) as server:
        assert 18 == await taken(client(server.url), CAMPAIGNS, page_size=6)


async def test_equal_items_are_no_repetition_when_the_pages_differ(client: Any) -> None:
    """An item that comes twice, because another one was added meanwhile, is given twice."""
    stub = LISTINGS[CAMPAIGNS]
    pages = Pages(page(stub, 1, 2, hasMore=True), page(stub, 2, 3, hasMore=True), page(stub, 4, hasMore=False))
    with RawServer(pages) as server:
        assert [1, 2, 2, 3, 4] == [item.id async for item in walk(client(server.url), CAMPAIGNS, page_size=2)]
