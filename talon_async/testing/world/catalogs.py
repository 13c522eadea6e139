"""Campaigns that users tell of, catalogs of articles, and what these have cost."""

from __future__ import annotations

import operator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict

from talon_async.models import (
    AddItemCatalogAction,
    AddPriceAdjustmentCatalogAction,
    AdjustmentDetails,
    BestPriorPrice,
    BestPriorPriceMetadata,
    Catalog,
    IntegrationCampaign,
    IntegrationGetAllCampaignsResponse,
    LabelTargetNone,
    NewPriceAdjustment,
    PatchItemCatalogAction,
    PatchManyItemsCatalogAction,
    RemoveItemCatalogAction,
    RemoveManyItemsCatalogAction,
    evolve,
)
from talon_async.testing._refusal import invalid, unknown
from talon_async.testing.world._ground import APPLICATION, Ground, aware, merged, numbers, page
from talon_async.testing.world._store import Store, StoredCampaign, StoredCatalog, StoredItem, StoredPrice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Unpack

    from talon_async.models import (
        BestPriorPriceRequest,
        CampaignFeature,
        CatalogAction,
        CatalogActionFilter,
        CatalogActionPayload,
        CatalogSyncRequest,
        RuleMetadata,
    )

CAMPAIGNS_ON_A_PAGE = 50
MOST_ACTIONS = 1000
MOST_ADJUSTMENTS = 100
_ORDERS = {"LT": operator.lt, "LE": operator.le, "GT": operator.gt, "GE": operator.ge}


class CampaignOptions(TypedDict, total=False):
    """What a campaign can be made with.

    Attributes:
        description: what it is about.
        starts: it does not run before; without it, it runs at once.
        ends: the first moment it no longer runs.
        attributes: its attributes.
        tags: its tags.
        features: what it makes use of.
        rules: its rules in words; what they do is up to `on_session` and its like.
        store_ids: the stores it is linked to.
        audience_ids: the audiences it is linked to.
        reevaluate_on_return: its rules look again at what a return has left, when the request asks for it.
    """

    description: str
    starts: datetime | None
    ends: datetime | None
    attributes: Mapping[str, Any]
    tags: Sequence[str]
    features: Sequence[CampaignFeature]
    rules: Sequence[RuleMetadata]
    store_ids: Sequence[int]
    audience_ids: Sequence[int]
    reevaluate_on_return: bool


class Catalogs(Ground):
    """The operations on campaigns and catalogs."""

    def add_campaign(self, campaign_id: int, name: str, **options: Unpack[CampaignOptions]) -> IntegrationCampaign:
        """Make a campaign, or make it anew."""
        aware(options.get("starts"), options.get("ends"))
        campaign = IntegrationCampaign(
            application_id=APPLICATION,
            id=campaign_id,
            name=name,
            description=options.get("description", ""),
            start_time=options.get("starts"),
            end_time=options.get("ends"),
            attributes=options.get("attributes", {}),
            state="enabled",
            tags=options.get("tags", ()),
            features=options.get("features", ()),
            rules=options.get("rules", ()),
            linked_store_ids=options.get("store_ids", ()),
            linked_audience_ids=options.get("audience_ids", ()),
        )
        self.store.campaigns[campaign_id] = StoredCampaign(campaign, options.get("reevaluate_on_return", False))
        return campaign

    def add_catalog(self, catalog_id: int, name: str = "") -> Catalog:
        """Make a catalog without items."""
        if catalog_id in self.store.catalogs:
            raise ValueError(f"there is a catalog {catalog_id} already")
        now = self.now()
        new = Catalog(
            id=catalog_id,
            created=now,
            account_id=1,
            modified=now,
            name=name,
            description="",
            subscribed_applications_ids=[APPLICATION],
            version=1,
            created_by=1,
        )
        self.store.catalogs[catalog_id] = StoredCatalog(new, {})
        return new

    def integration_get_all_campaigns(  # noqa: PLR0913  # the stub has as many
        self,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        campaign_ids: Sequence[str] | None = None,
        start_after: datetime | None = None,
        start_before: datetime | None = None,
        end_after: datetime | None = None,
        end_before: datetime | None = None,
        store_id: int | None = None,
        audience_id: int | None = None,
    ) -> IntegrationGetAllCampaignsResponse:
        """List the campaigns that run now."""
        now, ids = self.now(), numbers("campaignIds", campaign_ids)
        if ids is not None and not ids <= self.store.campaigns.keys():
            raise unknown("campaign")
        found = [
            one
            for number, stored in self.store.campaigns.items()
            if (ids is None or number in ids)
            and _between((one := stored.campaign).start_time, start_after, start_before)
            and _between(one.end_time, end_after, end_before)
            and (store_id is None or store_id in one.linked_store_ids)
            and (audience_id is None or audience_id in one.linked_audience_ids)
            and (one.start_time is None or now >= one.start_time)
            and (one.end_time is None or now < one.end_time)
        ]
        data, more = page(found, page_size, skip, CAMPAIGNS_ON_A_PAGE)
        return IntegrationGetAllCampaignsResponse(has_more=more, data=data)

    def sync_catalog(self, catalog_id: int, body: CatalogSyncRequest) -> Catalog:
        """Change a catalog; an action on an item that is not there changes nothing."""
        with self.change() as store:
            if (known := store.catalogs.get(catalog_id)) is None:
                raise unknown("catalog")
            if body.version not in (None, known.catalog.version):
                raise invalid("/version", f"the catalog has version {known.catalog.version}")
            _check_actions(body.actions)
            items = dict(known.items)
            for index, action in enumerate(body.actions):
                pointer = f"/actions/{index}/payload"
                for payload in _on_items(items, action.payload, pointer):
                    self._act(store, items, payload, pointer)
            catalog = evolve(known.catalog, version=(known.catalog.version or 0) + 1, modified=self.now())
            store.catalogs[catalog_id] = StoredCatalog(catalog, items)
        return catalog

    def best_prior_price(self, body: BestPriorPriceRequest) -> list[BestPriorPrice]:
        """Tell the best prices of articles; articles that had none are left out.

        Prices are for everybody here, whichever target is asked for.
        """
        if not body.skus:
            raise invalid("/skus", "must name an article")
        if not body.timeframe.isdecimal() or not 0 < int(body.timeframe) <= timedelta.max.days:
            raise invalid("/timeframe", "must be a number of days")
        if body.target is not None and body.target.target_type == "AUDIENCE" and body.target.audience_id is None:
            raise invalid("/target/audienceID", "must be given")
        found = [(sku, _best(self.store.prices.get(sku, ()), body)) for sku in dict.fromkeys(body.skus)]
        return [_shown(sku, best) for sku, best in found if best is not None]

    def _act(self, store: Store, items: dict[str, StoredItem], payload: CatalogActionPayload, pointer: str) -> None:
        match payload:
            case AddItemCatalogAction(sku=sku) if sku not in items or payload.replace_if_exists:
                item = StoredItem(payload.price, merged({}, payload.attributes), payload.product)
                self._put(store, items, sku, item)
            case PatchItemCatalogAction(sku=sku) if sku in items or payload.create_if_not_exists:
                attributes = merged(items.get(sku, StoredItem()).attributes, payload.attributes)
                self._put(store, items, sku, StoredItem(payload.price, attributes, payload.product))
            case RemoveItemCatalogAction(sku=sku) if sku in items:
                self._remove(store, items, sku)
            case AddPriceAdjustmentCatalogAction(sku=sku):
                if not 1 <= len(payload.adjustments) <= MOST_ADJUSTMENTS:
                    raise invalid(f"{pointer}/adjustments", f"must be 1 to {MOST_ADJUSTMENTS}")
                for adjustment in payload.adjustments if sku in items else ():
                    self._price(store, sku, adjustment)
            case _:
                pass

    def _put(self, store: Store, items: dict[str, StoredItem], sku: str, item: StoredItem) -> None:
        """Keep an item; a price it was not given stays as it was."""
        before = items.get(sku, StoredItem()).price
        if item.price not in (None, before):
            self._price(store, sku, NewPriceAdjustment(price_type="", reference_id="", price=item.price))
        items[sku] = evolve(item, price=before) if item.price is None else item

    def _remove(self, store: Store, items: dict[str, StoredItem], sku: str) -> None:
        """Remove an item; whatever it cost ends with it."""
        del items[sku]
        for kind in sorted({one.adjustment.price_type for one in store.prices.get(sku, ())}):
            self._price(store, sku, NewPriceAdjustment(price_type=kind, reference_id=""))

    def _price(self, store: Store, sku: str, adjustment: NewPriceAdjustment) -> None:
        price = StoredPrice(self.new_id(), self.now(), adjustment)
        store.prices[sku] = (*store.prices.get(sku, ()), price)


def _between(time: datetime | None, after: datetime | None, before: datetime | None) -> bool:
    """Tell whether a time is in a range with its ends; no time is in none that has an end."""
    if time is None:
        return after is None and before is None
    return (after is None or time >= after) and (before is None or time <= before)


def _check_actions(actions: Sequence[CatalogAction]) -> None:
    if not 1 <= len(actions) <= MOST_ACTIONS:
        raise invalid("/actions", f"must be 1 to {MOST_ACTIONS}")
    seen: set[str] = set()
    for index, action in enumerate(actions):
        if action.type != actions[0].type:
            raise invalid(f"/actions/{index}/type", f"must be {actions[0].type}, as the first is")
        if (sku := getattr(action.payload, "sku", None)) is None:
            continue
        if not sku or sku in seen:
            raise invalid(f"/actions/{index}/payload/sku", f"{sku} comes twice" if sku else "must not be empty")
        seen.add(sku)


# -- filters


def _on_items(
    items: Mapping[str, StoredItem], payload: CatalogActionPayload, pointer: str
) -> Sequence[CatalogActionPayload]:
    """Return what an action on many items does to each of them; other actions stay as they are."""
    match payload:
        case PatchManyItemsCatalogAction(price=price, attributes=changes):
            return [
                PatchItemCatalogAction(sku=sku, price=price, attributes=changes, product=items[sku].product)
                for sku in _selected(items, payload.filters, pointer)
            ]
        case RemoveManyItemsCatalogAction():
            return [RemoveItemCatalogAction(sku=sku) for sku in _selected(items, payload.filters, pointer)]
        case _:
            return [payload]


def _selected(
    items: Mapping[str, StoredItem], filters: Sequence[CatalogActionFilter] | None, pointer: str
) -> list[str]:
    """Return which items meet every filter."""
    for index, one in enumerate(filters or ()):
        if one.op in _ORDERS and _number(one.value) is None:
            raise invalid(f"{pointer}/filters/{index}/value", f"{one.op} compares numbers")
        if one.op == "IN" and not isinstance(one.value, str | list):
            raise invalid(f"{pointer}/filters/{index}/value", "IN looks in a list")
    return [sku for sku, item in items.items() if all(_meets(item, one) for one in filters or ())]


def _meets(item: StoredItem, condition: CatalogActionFilter) -> bool:
    if (held := item.attributes.get(condition.attr)) is None:
        return False
    if condition.op in _ORDERS:
        left, right = _number(held), _number(condition.value)
        return left is not None and right is not None and _ORDERS[condition.op](left, right)
    if condition.op == "EQ":
        return _same(held, condition.value)
    wanted: Any = condition.value
    return any(_same(held, one) for one in (wanted.split(",") if isinstance(wanted, str) else wanted))


def _number(value: Any) -> float | None:
    """Return a number that may be written as text."""
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def _same(held: Any, wanted: Any) -> bool:
    return bool(held == wanted or str(held) == str(wanted).strip())


# -- prices


def _since(price: StoredPrice) -> datetime:
    return price.adjustment.effective_from or price.given


def _in_force(history: Sequence[StoredPrice], moment: datetime) -> list[StoredPrice]:
    """Return the prices of an article at a moment, one of each type: the last one calculated, if it has a price."""
    latest: dict[str, StoredPrice] = {}
    for one in sorted(history, key=lambda price: price.adjustment.calculated_at or price.given):
        until = one.adjustment.effective_until
        if _since(one) <= moment and (until is None or moment < until):
            latest[one.adjustment.price_type] = one
    return sorted((one for one in latest.values() if one.adjustment.price is not None), key=_amount)


def _amount(price: StoredPrice) -> float:
    return price.adjustment.price or 0


def _best(history: Sequence[StoredPrice], body: BestPriorPriceRequest) -> StoredPrice | None:
    """Return the lowest price at the beginning of the time, or at any moment in it when a price changed."""
    end = _end(history, body)
    strict = body.timeframe_end_date_type == "strict"
    begin = end - min(timedelta(days=int(body.timeframe)), end - end.min.replace(tzinfo=end.tzinfo))
    changes = {time for one in history for time in (_since(one), one.adjustment.effective_until) if time is not None}
    moments = [begin, *sorted(time for time in changes if begin < time < end or (strict and time == end))]
    return min((one for moment in moments for one in _in_force(history, moment)), key=_amount, default=None)


def _end(history: Sequence[StoredPrice], body: BestPriorPriceRequest) -> datetime:
    """Return where the time to look at ends: where asked, or where the price or the sale of that moment began."""
    now = _in_force(history, body.timeframe_end_date)
    contexts = {one.adjustment.context_id for one in now if one.adjustment.context_id}
    match body.timeframe_end_date_type:
        case "price" if now:
            return _since(now[0])
        case "sale" if contexts:
            return min(_since(one) for one in history if one.adjustment.context_id in contexts)
        case _:
            return body.timeframe_end_date


def _shown(sku: str, price: StoredPrice) -> BestPriorPrice:
    given = price.adjustment
    details = AdjustmentDetails(
        reference_id=given.reference_id, selected_price_type=given.price_type, value=given.price
    )
    return BestPriorPrice(
        id=price.id,
        sku=sku,
        observed_at=_since(price),
        context_ids=[given.context_id] if given.context_id else [],
        price=given.price,
        metadata=BestPriorPriceMetadata(adjustment_details=details if given.price_type else None),
        target=LabelTargetNone(type="NONE"),
    )
