"""Iterators over listings of any length, whatever the server puts on a page."""

from __future__ import annotations

import asyncio
import contextlib
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.strategies import arguments_of

from talon_async._endpoint import Endpoint, endpoints_of
from talon_async._messages import Request
from talon_async.client import TalonOne
from talon_async.errors import InvalidArgumentError, UnreadableAnswerError
from talon_async.models import CustomerProfileReward, GetCustomerRewardsResponse, RewardsCatalogPage
from talon_async.pages import pager
from talon_async.pages._generated import Pages
from talon_async.testing._reading import query_values

STUBS = endpoints_of(TalonOne)
PAGED = {name: stub for name, stub in STUBS.items() if "skip" in stub.signature.parameters}
each_listing = pytest.mark.parametrize("stub", PAGED.values(), ids=PAGED)
PLANS = st.fixed_dictionaries(
    {
        "items": st.integers(0, 30).map(lambda number: list(range(number))),
        "differences": st.lists(st.integers(-4, 4), min_size=1, max_size=5),
        "tells_more": st.booleans(),
        "tells_total": st.booleans(),
    }
)
"""Of a listing what is in it, how many more or fewer than asked for stand on each page, and what each page says."""
LIMITS = st.none() | st.integers(0, 35)
SIZES = st.none() | st.integers(1, 8)


@attrs.define
class Server(Pages):
    """Stands in for the client: gives pages as planned, and checks each request against the earlier answers."""

    stub: Endpoint
    items: list[int]
    differences: list[int]
    tells_more: bool
    tells_total: bool
    limit: int | None = None
    size: int | None = None
    given: int = 0
    before: int = 0
    asked: int = 0
    ended: bool = False

    _walk = TalonOne._walk

    async def _call(self, request: Request) -> Any:
        query = query_values(self.stub, request.target.partition("?")[2])
        assert not self.ended
        assert self.given == query["skip"]
        assert query["page_size"] <= min(self.size or 1000, 1000 if self.limit is None else self.limit - self.given)
        number = max(1, query["page_size"] + self.differences[self.asked % len(self.differences)])
        self.asked += 1
        data = self.items[self.given : self.given + number]
        self.before, self.given = self.given, self.given + len(data)
        return SimpleNamespace(data=self.page(data))

    def page(self, data: list[int]) -> Any:
        """Return an answer; values that its class has no field for are left out."""
        paged = self.stub.returns if "data" in attrs.fields_dict(self.stub.returns) else RewardsCatalogPage
        counts = {"has_more": self.given < len(self.items)} if self.tells_more else {}
        counts |= {"total_result_size": len(self.items)} if self.tells_total else {}
        counts = {name: value for name, value in counts.items() if name in attrs.fields_dict(paged)}
        self.ended = not data or (counts != {} and self.given >= len(self.items))
        page = paged(data=data, **counts)
        return page if paged is self.stub.returns else self.stub.returns(catalog=page, loyalty={})

    def walk(self) -> Any:
        """Return the iterator of the listing."""
        method = getattr(self, "iter_" + self.stub.name.replace("get_", "", 1))
        return method(**arguments_of(self.stub), limit=self.limit, page_size=self.size)


def iterated(server: Server, most: int | None = None) -> list[int]:
    """Return the items of an iteration, or the first of them."""

    async def collect() -> list[int]:
        numbers = list[int]()
        async for item in server.walk():
            numbers.append(item)
            if len(numbers) == most:
                break
        return numbers

    return asyncio.run(collect())


@each_listing
def test_listing_is_complete_when_pages_are_of_any_size(stub: Endpoint) -> None:
    """An iteration gives the items of the listing once and in order, up to the limit, and asks for no more."""

    @settings(max_examples=60)
    @given(PLANS, LIMITS, SIZES)
    def whole(plan: dict[str, Any], limit: int | None, size: int | None) -> None:
        server = Server(stub, **plan, limit=limit, size=size)
        assert plan["items"][:limit] == iterated(server)
        assert server.ended or (limit is not None and server.given >= limit)
        assert (limit == 0) is (server.asked == 0)

    whole()


IDS = st.integers(0, 9) | st.sampled_from(["a", 1.5, True])
MORE = st.sampled_from([True, None, "yes"]) | st.booleans()
TOTALS = st.none() | st.integers(-1, 10**6) | st.text(max_size=1)


@given(
    pages=st.lists(st.tuples(st.lists(IDS, min_size=1, max_size=4), MORE, TOTALS), min_size=1, max_size=20),
    size=SIZES,
)
@settings(max_examples=300)
def test_iteration_ends_when_a_server_has_only_some_items(pages: list[tuple[list[Any], Any, Any]], size: Any) -> None:
    """A server that gives its items for ever is reported, after at most six needless pages for each item that it has.

    It may give them in any order and selection, with fields that change, and say of the end whatever it likes.
    """
    walk, asked = pager(TalonOne.get_customer_rewards, None, size, "a"), 0
    with contextlib.suppress(UnreadableAnswerError):
        while walk.request():
            items, more, total = pages[asked % len(pages)]
            data = [CustomerProfileReward(id=number, description=str(asked)) for number in items]
            walk.items(GetCustomerRewardsResponse(data=data, has_more=more, total_result_size=total))
            asked += 1
    assert asked <= 7 * len({repr(number) for items, _, _ in pages for number in items})


@given(
    saying=st.tuples(st.sampled_from([True]), st.integers(1, 50)) | st.tuples(st.none(), st.integers(0, 50)),
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=5),
    size=st.integers(1, 50),
)
def test_iteration_ends_when_a_server_makes_up_items(saying: tuple[Any, int], lengths: list[int], size: int) -> None:
    """A server that makes up items for ever is stopped a page after the total that it says itself."""
    walk, asked, new = pager(TalonOne.get_customer_rewards, None, size, "a"), 0, iter(range(10**6))
    with contextlib.suppress(UnreadableAnswerError):
        while walk.request():
            data = [CustomerProfileReward(id=next(new)) for _ in range(lengths[asked % len(lengths)])]
            walk.items(GetCustomerRewardsResponse(data=data, has_more=saying[0], total_result_size=saying[1]))
            asked += 1
    assert asked <= saying[1] + size


CHANGES = st.lists(st.lists(st.integers(0, 30), max_size=5), max_size=30)
"""For each page the places of the items that are added after it, or removed."""
STYLES = {
    "more": lambda more, _: {"has_more": more},
    "total": lambda _, total: {"total_result_size": total},
    "both": lambda more, total: {"has_more": more, "total_result_size": total},
    "counted": lambda _, total: {"has_more": False, "total_result_size": total},
    "not counted": lambda more, _: {"has_more": more, "total_result_size": 0},
    "nothing": lambda *_: {},
}
"""What honest servers say of the end."""


@pytest.mark.parametrize("style", STYLES)
@given(
    additions=CHANGES,
    removals=CHANGES | st.just([]),
    size=st.integers(1, 7),
    count=st.integers(0, 30),
    few=st.booleans(),
)
def test_iteration_is_whole_when_a_listing_changes_meanwhile(
    style: str, additions: list[list[int]], removals: list[list[int]], size: int, count: int, few: bool
) -> None:
    """Changes between two pages are no error, and if nothing is removed, no other item is left out.

    Up to five items are added in all, or after each page fewer than a page has. The latter needs a server that says
    where the end is: otherwise the last page, which may be short, is followed by another request.
    """
    few = few or style == "nothing"
    walk, new = pager(TalonOne.get_customer_rewards, None, size, "a"), iter(range(100, 1000))
    listing, seen, spare, pages = list(range(count)), set[int | None](), 5, 0
    while walk.request():
        data = [CustomerProfileReward(id=number) for number in listing[walk._taken : walk._taken + size]]
        said = STYLES[style](walk._taken + len(data) < len(listing), len(listing))
        seen |= {item.id for item in walk.items(GetCustomerRewardsResponse(data=data, **said))}
        for place in removals[pages] if pages < len(removals) else ():
            del listing[place : place + 1]
        places = additions[pages] if pages < len(additions) else []
        for place in places[:spare] if few else places[: size - 1]:
            listing.insert(min(place, len(listing)), next(new))
            spare -= few
        pages += 1
    assert any(removals) or {*range(count)} <= seen


@each_listing
def test_pages_are_not_asked_for_when_an_iteration_is_left(stub: Endpoint) -> None:
    """An iteration that is left early asks for no page after the one that held its last item."""

    @settings(max_examples=30)
    @given(PLANS, SIZES, st.integers(1, 30))
    def left(plan: dict[str, Any], size: int | None, most: int) -> None:
        server = Server(stub, **plan, size=size)
        numbers = iterated(server, most)
        assert plan["items"][:most] == numbers
        assert len(numbers) < most or server.before < most

    left()


@each_listing
@given(limit=st.integers(max_value=-1) | st.booleans() | st.floats() | st.text())
@settings(max_examples=20)
def test_limit_is_refused_when_it_is_no_number_of_items(stub: Endpoint, limit: Any) -> None:
    """A limit that is no number of items is refused before the iteration, and nothing is asked for."""
    server = Server(stub, [1], [0], tells_more=True, tells_total=True, limit=limit)
    with pytest.raises(InvalidArgumentError, match="limit"):
        server.walk()
    assert server.asked == 0


@each_listing
@given(size=st.integers(max_value=0) | st.integers(1001))
@settings(max_examples=20)
def test_page_size_is_refused_when_the_api_would_not_take_it(stub: Endpoint, size: int) -> None:
    """A page size outside the API's limits is refused before the iteration, and nothing is asked for."""
    server = Server(stub, [1], [0], tells_more=True, tells_total=True, size=size)
    with pytest.raises(InvalidArgumentError, match="page_size"):
        server.walk()
    assert server.asked == 0
