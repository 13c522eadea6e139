"""The sandbox's campaigns as they are listed, catalogs as they are synced, and the best prices of the past."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.asking import SECRET, ask, content

from talon_async.errors import BadRequestError, NotFoundError
from talon_async.models import (
    AddItemCatalogAction,
    AddPriceAdjustmentCatalogAction,
    BestPriorPriceRequest,
    BestPriorTarget,
    CatalogAction,
    CatalogActionFilter,
    CatalogSyncRequest,
    NewPriceAdjustment,
    PatchItemCatalogAction,
    PatchManyItemsCatalogAction,
    Product,
    RemoveItemCatalogAction,
    RemoveManyItemsCatalogAction,
)
from talon_async.testing import Sandbox
from talon_async.testing._guards import Guard
from talon_async.testing._handler import Handler
from talon_async.testing._refusal import Refusal
from talon_async.testing.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from support.clock import FakeClock

    from talon_async.models import Catalog

DAY = timedelta(days=1)


@pytest.fixture
def world(clock: FakeClock) -> World:
    world = World(clock)
    world.add_catalog(1, "shoes")
    return world


def sync(world: World, *payloads: Any, version: int | None = None) -> Catalog:
    actions = [CatalogAction(payload=payload) for payload in payloads]
    return world.sync_catalog(1, CatalogSyncRequest(actions=actions, version=version))


def add(sku: str, price: float | None = None, **more: Any) -> AddItemCatalogAction:
    return AddItemCatalogAction(sku=sku, price=price, **more)


def items(world: World) -> dict[str, Any]:
    return {sku: item.attributes for sku, item in world.store.catalogs[1].items.items()}


def pointer(refused: pytest.ExceptionInfo[Refusal]) -> Any:
    assert refused.value.status == 400
    return refused.value.flaws[0].source.get("pointer", refused.value.flaws[0].source.get("parameter"))


# -- campaigns


def listed(world: World, **filters: Any) -> list[Any]:
    return [campaign.id for campaign in world.integration_get_all_campaigns(**filters).data]


def test_campaigns_are_listed_when_they_run(world: World, clock: FakeClock) -> None:
    """A campaign is listed from its start until its end."""
    now = clock.now()
    world.add_campaign(1, "always", tags=["x"], attributes={"a": 1})
    world.add_campaign(2, "now", starts=now, ends=now + DAY)
    world.add_campaign(3, "later", starts=now + DAY)
    assert listed(world) == [1, 2]
    clock.time += DAY.total_seconds()
    page = world.integration_get_all_campaigns()
    assert [item.id for item in page.data] == [1, 3]
    assert (page.data[0].name, page.data[0].state, page.data[0].tags) == ("always", "enabled", ["x"])


def test_campaigns_are_filtered_when_asked_for(world: World, clock: FakeClock) -> None:
    """Filters by time include the moment itself, and leave out campaigns without such a time."""
    now = clock.now()
    world.add_campaign(1, "old", starts=now - 2 * DAY, ends=now + DAY, store_ids=[7])
    world.add_campaign(2, "new", starts=now - DAY, ends=now + 2 * DAY, audience_ids=[8])
    world.add_campaign(3, "endless")
    assert listed(world, campaign_ids=["3", "1"]) == [1, 3]
    assert listed(world, start_after=now - DAY) == [2]
    assert listed(world, start_before=now - 2 * DAY) == [1]
    assert listed(world, end_after=now + 2 * DAY) == [2]
    assert listed(world, end_before=now + DAY) == [1]
    assert listed(world, store_id=7) == [1]
    assert listed(world, audience_id=8) == [2]


def test_pages_tell_of_more_when_there_are_many_campaigns(world: World) -> None:
    """A page has fifty campaigns by default, and says whether there are more."""
    for number in range(51):
        world.add_campaign(number, "x")
    first, last = world.integration_get_all_campaigns(), world.integration_get_all_campaigns(page_size=25, skip=26)
    assert (len(first.data), first.has_more) == (50, True)
    assert (len(last.data), last.has_more) == (25, False)


@pytest.mark.parametrize(
    ("filters", "status"),
    [({"campaign_ids": ["9"]}, 404), ({"campaign_ids": ["x"]}, 400), ({"page_size": 0}, 400), ({"skip": -1}, 400)],
)
def test_campaigns_are_refused_when_they_cannot_be_listed(world: World, filters: Any, status: int) -> None:
    """An unknown campaign is a 404. An ID that is no number or an impossible page is a 400."""
    with pytest.raises(Refusal) as refused:
        listed(world, **filters)
    assert status == refused.value.status


# -- syncing


def test_the_version_grows_when_a_catalog_is_synced(world: World, clock: FakeClock) -> None:
    """Each sync adds one to the version of a catalog, whatever it changes."""
    clock.time += 60
    catalog = sync(world, add("a"), add("b"), version=1)
    assert (catalog.id, catalog.name, catalog.version, catalog.modified) == (1, "shoes", 2, clock.now())
    assert sync(world, RemoveItemCatalogAction(sku="unknown"), version=2).version == 3


def test_an_item_is_replaced_when_it_is_added_again(world: World) -> None:
    """An item that is added again is replaced only if the action says so.

    Its price stays unless one is given, and its product does not.
    """
    sync(world, add("a", 10.0, attributes={"x": 1}, product=Product(name="shoe")))
    sync(world, add("a", 20.0, attributes={"y": 2}))
    item = world.store.catalogs[1].items["a"]
    assert (item.price, item.attributes, item.product) == (10, {"x": 1}, Product(name="shoe"))
    sync(world, add("a", attributes={"y": 2}, replace_if_exists=True))
    item = world.store.catalogs[1].items["a"]
    assert (item.price, item.attributes, item.product) == (10, {"y": 2}, None)


def test_an_item_is_changed_when_it_is_patched(world: World) -> None:
    """A patch merges the attributes of an item. It makes an unknown item only if the action says so."""
    sync(world, add("a", 10.0, attributes={"x": 1, "y": 1}))
    sync(world, PatchItemCatalogAction(sku="a", price=12.0, attributes={"y": None, "z": 3}))
    assert items(world) == {"a": {"x": 1, "z": 3}}
    assert world.store.catalogs[1].items["a"].price == 12
    sync(world, PatchItemCatalogAction(sku="b"), PatchItemCatalogAction(sku="c", create_if_not_exists=True))
    assert items(world).keys() == {"a", "c"}


@pytest.mark.parametrize(
    ("filters", "gone"),
    [
        ([("color", "EQ", "red")], "ab"),
        ([("size", "EQ", "45")], "b"),
        ([("size", "GT", "45")], "c"),
        ([("size", "GE", 45)], "bc"),
        ([("size", "LT", 45.0)], "a"),
        ([("size", "LE", 45)], "ab"),
        ([("color", "IN", ["blue", "green"])], "c"),
        ([("size", "IN", "44, 46")], "ac"),
        ([("color", "EQ", "red"), ("size", "GT", 44)], "b"),
        ([("color", "GT", 1)], ""),
        ([("new", "EQ", True)], "a"),
        ([("new", "LT", 5)], ""),
        ([], "abcd"),
    ],
)
def test_items_are_removed_when_they_meet_every_filter(world: World, filters: Any, gone: str) -> None:
    """Items that meet every filter are removed.

    A number may be written as text, and an item without the attribute meets no filter.
    """
    shoes = {
        "a": {"color": "red", "size": 44, "new": True},
        "b": {"color": "red", "size": 45},
        "c": {"color": "blue", "size": "46"},
        "d": {},
    }
    sync(world, *(add(sku, attributes=attributes) for sku, attributes in shoes.items()))
    conditions = [CatalogActionFilter(attr=attr, op=op, value=value) for attr, op, value in filters]
    sync(world, RemoveManyItemsCatalogAction(filters=conditions))
    assert set(shoes) - set(gone) == items(world).keys()


def test_many_items_are_changed_when_they_meet_the_filters(world: World) -> None:
    """A patch of many items changes the prices and attributes of those that meet the filters. Their products stay."""
    sync(world, add("a", 1.0, attributes={"x": 1}, product=Product(name="shoe")), add("b", 2.0, attributes={"x": 2}))
    where = [CatalogActionFilter(attr="x", op="EQ", value=1)]
    sync(world, PatchManyItemsCatalogAction(price=5.0, filters=where, attributes={"y": 3}))
    sync(world, PatchManyItemsCatalogAction(attributes={"z": 4}))
    changed = [(item.price, item.attributes, item.product) for item in world.store.catalogs[1].items.values()]
    assert changed == [(5, {"x": 1, "y": 3, "z": 4}, Product(name="shoe")), (2, {"x": 2, "z": 4}, None)]


def numeric(value: Any, op: Any = "GT") -> RemoveManyItemsCatalogAction:
    return RemoveManyItemsCatalogAction(filters=[CatalogActionFilter(attr="size", op=op, value=value)])


def adjusted(count: int) -> AddPriceAdjustmentCatalogAction:
    adjustment = NewPriceAdjustment(price_type="member", reference_id="r", price=1.0)
    return AddPriceAdjustmentCatalogAction(sku="a", adjustments=[adjustment] * count)


@pytest.mark.parametrize(
    ("payloads", "where"),
    [
        ([], "/actions"),
        ([numeric(1)] * 1001, "/actions"),
        ([add("b"), RemoveItemCatalogAction(sku="c")], "/actions/1/type"),
        ([add("b"), add("c"), add("b")], "/actions/2/payload/sku"),
        ([add("b"), add("")], "/actions/1/payload/sku"),
        ([numeric("large")], "/actions/0/payload/filters/0/value"),
        ([numeric([1])], "/actions/0/payload/filters/0/value"),
        ([numeric(5, "IN")], "/actions/0/payload/filters/0/value"),
        ([adjusted(0)], "/actions/0/payload/adjustments"),
        ([adjusted(101)], "/actions/0/payload/adjustments"),
    ],
)
def test_a_sync_is_refused_when_it_is_not_as_documented(world: World, payloads: Any, where: str) -> None:
    """A sync that is not as documented is refused with a pointer, and changes nothing."""
    sync(world, add("a"))
    with pytest.raises(Refusal) as refused:
        sync(world, *payloads)
    assert where == pointer(refused)
    assert items(world).keys() == {"a"}


def test_a_sync_is_refused_when_it_is_for_another_version(world: World) -> None:
    """A sync for another version is a 400, and one for an unknown catalog is a 404."""
    with pytest.raises(Refusal) as refused:
        sync(world, add("a"), version=2)
    assert pointer(refused) == "/version"
    with pytest.raises(Refusal) as refused:
        world.sync_catalog(2, CatalogSyncRequest(actions=[CatalogAction(payload=add("a"))]))
    assert refused.value.status == 404


def test_a_catalog_cannot_be_scripted_when_its_number_is_taken(world: World) -> None:
    """Scripting a catalog whose number is taken raises a ValueError."""
    with pytest.raises(ValueError, match="catalog 1"):
        world.add_catalog(1)


# -- prices


def ask_price(
    world: World, end: datetime, kind: Any = "strict", *skus: str, days: str = "30", **more: Any
) -> list[Any]:
    request = BestPriorPriceRequest(
        skus=skus or ("a",), timeframe_end_date=end, timeframe=days, timeframe_end_date_type=kind, **more
    )
    return world.best_prior_price(request)


def prices(world: World, clock: FakeClock, *daily: float) -> datetime:
    """Give an article one price a day; return the time of the last one."""
    for price in daily:
        clock.time += DAY.total_seconds()
        sync(world, add("a", price, replace_if_exists=True))
    return clock.now()


def adjust(world: World, **fields: Any) -> None:
    new = NewPriceAdjustment(**{"price_type": "member", "reference_id": "r", **fields})
    sync(world, AddPriceAdjustmentCatalogAction(sku="a", adjustments=[new]))


def test_the_lowest_price_is_answered_when_it_held_in_the_timeframe(world: World, clock: FakeClock) -> None:
    """The best prior price is the lowest one in the timeframe, with the time since which it held.

    Articles without a price are left out.
    """
    last = prices(world, clock, 10, 8, 12)
    (best,) = ask_price(world, last, "strict", "a", "b", "a")
    assert (best.sku, best.price, best.observed_at, best.context_ids) == ("a", 8, last - DAY, [])
    assert (best.context_id, best.target.type, best.metadata.adjustment_details) == (None, "NONE", None)


def test_a_price_counts_when_it_held_as_the_timeframe_began(world: World, clock: FakeClock) -> None:
    """A price that held when the timeframe began counts, and one that had been replaced by then does not."""
    last = prices(world, clock, 5, 8, 12)
    assert [best.price for best in ask_price(world, last, days="1")] == [8]
    assert [best.price for best in ask_price(world, last + DAY, days="1")] == [12]


def test_the_current_price_is_left_out_when_the_timeframe_ends_where_it_began(world: World, clock: FakeClock) -> None:
    """With the end type `price`, the timeframe ends where the current price began, as the law demands."""
    last = prices(world, clock, 10, 9, 6)
    assert [best.price for best in ask_price(world, last + DAY)] == [6]
    assert [best.price for best in ask_price(world, last + DAY, "price")] == [9]


def test_the_sale_is_left_out_when_the_timeframe_ends_where_it_began(world: World, clock: FakeClock) -> None:
    """With the end type `sale`, the timeframe ends where the current sale began. Without a sale it ends as given."""
    last = prices(world, clock, 10)
    assert [best.price for best in ask_price(world, last + DAY, "sale")] == [10]
    adjust(world, price=7.0, context_id="summer", effective_from=last + DAY)
    adjust(world, price=6.0, context_id="summer", effective_from=last + 2 * DAY)
    assert [best.price for best in ask_price(world, last + 3 * DAY, "price")] == [7]
    assert [best.price for best in ask_price(world, last + 3 * DAY, "sale")] == [10]


def test_an_adjustment_is_complete_when_it_is_the_best_prior_price(world: World, clock: FakeClock) -> None:
    """A best prior price that is an adjustment has its context, reference, type and value."""
    last = prices(world, clock, 10)
    adjust(world, price=7.0, context_id="summer", effective_until=last + DAY)
    (best,) = ask_price(world, last + 5 * DAY)
    assert (best.price, best.context_ids, best.observed_at) == (7, ["summer"], last)
    details = best.metadata.adjustment_details
    assert (details.reference_id, details.selected_price_type, details.value) == ("r", "member", 7)
    assert [best.price for best in ask_price(world, last + 5 * DAY, days="2")] == [10]


def test_the_adjustment_calculated_last_holds_when_several_overlap(world: World, clock: FakeClock) -> None:
    """Of adjustments that overlap, the one that was calculated last holds. A null price ends its type."""
    last = prices(world, clock, 10)
    adjust(world, price=8.0, calculated_at=last)
    adjust(world, price=5.0, calculated_at=last - DAY)
    assert [best.price for best in ask_price(world, last)] == [8]
    adjust(world, price=None, calculated_at=last + DAY, effective_from=last)
    assert [best.price for best in ask_price(world, last)] == [10]


def test_a_price_ends_when_its_item_is_removed(world: World, clock: FakeClock) -> None:
    """The price of a removed item ends with its removal. Adjustments of an unknown item change nothing."""
    last = prices(world, clock, 10)
    clock.time += DAY.total_seconds()
    sync(world, RemoveItemCatalogAction(sku="a"))
    adjust(world, price=7.0)
    assert [best.price for best in ask_price(world, last + DAY, days="1")] == [10]
    assert ask_price(world, last + 3 * DAY, days="1") == []


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"skus": []}, "/skus"),
        ({"timeframe": "month"}, "/timeframe"),
        ({"timeframe": "0"}, "/timeframe"),
        ({"timeframe": "9" * 12}, "/timeframe"),
        ({"target": BestPriorTarget(target_type="AUDIENCE")}, "/target/audienceID"),
    ],
)
def test_a_request_for_prices_is_refused_when_it_is_not_valid(
    world: World, clock: FakeClock, fields: Any, where: str
) -> None:
    """A request for prices without articles, days or audience is refused with a pointer."""
    defaults = {"skus": ["a"], "timeframe_end_date": clock.now(), "timeframe": "1", "timeframe_end_date_type": "strict"}
    with pytest.raises(Refusal) as refused:
        world.best_prior_price(BestPriorPriceRequest(**{**defaults, **fields}))
    assert where == pointer(refused)


def test_all_of_the_past_counts_when_the_timeframe_is_very_long(world: World, clock: FakeClock) -> None:
    """A timeframe that is longer than the calendar covers all of the past."""
    assert [best.price for best in ask_price(world, prices(world, clock, 10, 8, 12), days="999999999")] == [8]


# -- over HTTP


async def test_a_null_price_ends_an_adjustment_when_it_is_sent_as_json(clock: FakeClock) -> None:
    """A null price ends an adjustment in JSON, too, and the best prior prices are a list at the top level."""
    handler = Handler(Guard("k", "7", SECRET), clock)
    handler.world.add_catalog(1)
    adjustment = {"priceType": "member", "referenceId": "r", "price": 5}
    for kind, payload in (
        ("ADD", {"price": 10}),
        ("ADD_PRICE_ADJUSTMENT", {"adjustments": [adjustment]}),
        ("ADD_PRICE_ADJUSTMENT", {"adjustments": [{**adjustment, "price": None}]}),
    ):
        body = {"actions": [{"type": kind, "payload": {"sku": "a", **payload}}]}
        assert (await ask(handler, "PUT", "/v1/catalogs/1/sync", body)).status == 200
    request = {"skus": ["a"], "timeframe": "30", "timeframeEndDate": clock.now().isoformat()}
    (best,) = content(await ask(handler, "POST", "/v1/best_prior_price", {**request, "timeframeEndDateType": "strict"}))
    assert (best["price"], best["contextIds"], best["target"]) == (10, [], {"type": "NONE"})


async def test_catalogs_and_campaigns_answer_when_a_client_asks(client: Callable[..., Any], clock: FakeClock) -> None:
    """Both twins get documented answers to operations on catalogs, campaigns and prices."""
    with Sandbox(clock=clock) as sandbox:
        talon = client(sandbox.url, sandbox.api_key, strict=True)
        sandbox.add_catalog(1, "shoes")
        sandbox.add_campaign(7, "Summer", starts=clock.now())
        actions = [CatalogAction(payload=add("a", 10.0))]
        assert (await talon.sync_catalog(1, CatalogSyncRequest(actions=actions, version=1))).version == 2
        with pytest.raises(BadRequestError):
            await talon.sync_catalog(1, CatalogSyncRequest(actions=actions, version=1))
        with pytest.raises(NotFoundError):
            await talon.sync_catalog(2, CatalogSyncRequest(actions=actions))
        request = BestPriorPriceRequest(
            skus=["a"], timeframe_end_date=clock.now(), timeframe="30", timeframe_end_date_type="strict"
        )
        assert [best.price for best in await talon.best_prior_price(request)] == [10]
        campaigns = await talon.integration_get_all_campaigns(campaign_ids=["7"], start_after=clock.now())
        assert ([campaign.name for campaign in campaigns.data], campaigns.has_more) == (["Summer"], False)
