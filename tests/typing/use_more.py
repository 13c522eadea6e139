"""A page of use for the newer operations: what both checkers must accept, and what they must know of each answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from datetime import UTC, datetime
from typing import Any, assert_type

import attrs

from talon_async import (
    Failure,
    TalonOne,
    TalonOneSync,
    attribute,
    converter,
    read_attributes,
    write_attributes,
)
from talon_async.bulk import ChunksReport, Queue, QueueStatistics, QueueSync
from talon_async.models import (
    AddItemCatalogAction,
    BestPriorPrice,
    BestPriorPriceRequest,
    Catalog,
    CatalogAction,
    CatalogSyncRequest,
    CreateReferralsForMultipleAdvocatesResponse,
    CustomerProfileAudienceRequestItem,
    CustomerProfileIntegrationRequestV2,
    CustomerProfileReward,
    IntegrationEventV2Request,
    IntegrationEventV2Response,
    LabelTargetAudience,
    LabelTargetNone,
    LedgerTransactionLogEntryIntegrationAPI,
    MultipleCustomerProfileIntegrationRequestItem,
    MultipleCustomerProfileIntegrationResponseV2,
    NewEvent,
    NewReferralsForMultipleAdvocates,
    RemoveManyItemsCatalogAction,
)

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
ITEM = AddItemCatalogAction(sku="a", price=9.5)


async def odd_values(talon: TalonOne) -> None:
    """Answers have parts that may be left out, lists, maps, and words of closed enumerations."""
    event = IntegrationEventV2Request(type="t", profile_id="p")
    assert_type(await talon.track_event_v2(event, silent=False), IntegrationEventV2Response | None)
    question = BestPriorPriceRequest(
        skus=["a"], timeframe="30", timeframe_end_date=WHEN, timeframe_end_date_type="sale"
    )
    prices = await talon.best_prior_price(question)
    assert_type(prices, list[BestPriorPrice])
    assert_type([price.target for price in prices], list[LabelTargetNone | LabelTargetAudience | None])
    await talon.update_audience_customers_attributes(1, {"city": "Berlin", "age": None})
    await talon.get_customer_achievements("p", achievement_status=["active"], campaign_ids=("1", "2"))
    await talon.get_loyalty_card_points(1, "card", sort="-expiryDate", status="pending")
    await talon.get_loyalty_card_transactions(1, "card", awaits_activation=True)


async def pages(talon: TalonOne) -> None:
    """An iterator knows the type of its items."""
    entries = talon.iter_loyalty_program_profile_transactions(1, "p", limit=10, page_size=5)
    assert_type(entries, AsyncGenerator[LedgerTransactionLogEntryIntegrationAPI, None])
    assert_type([entry.transaction_uuid async for entry in entries], list[str | None])


def pages_blocking(talon: TalonOneSync) -> None:
    """The blocking iterator knows the type of its items."""
    entries = talon.iter_loyalty_program_profile_transactions(1, "p", loyalty_transaction_type="manual")
    assert_type(entries, Generator[LedgerTransactionLogEntryIntegrationAPI, None, None])
    assert_type(list(talon.iter_customer_rewards("p")), list[CustomerProfileReward])


async def chunks(talon: TalonOne) -> None:
    """Lists that are larger than a request are sent in chunks."""
    profile = MultipleCustomerProfileIntegrationRequestItem(integration_id="p", attributes={"vip": True})
    assert_type(
        await talon.update_customer_profiles_in_chunks([profile]),
        ChunksReport[MultipleCustomerProfileIntegrationRequestItem, MultipleCustomerProfileIntegrationResponseV2],
    )
    actions = [
        CatalogAction(payload=ITEM),
        CatalogAction(payload=RemoveManyItemsCatalogAction(filters=[])),
    ]
    report = await talon.sync_catalog_in_chunks(
        1, (action for action in actions), progress=lambda snapshot: snapshot.done
    )
    assert_type(report, ChunksReport[CatalogAction, Catalog])
    assert_type(report.answers, list[Catalog])
    assert_type(report.failures, list[Failure[CatalogAction]])


def chunks_blocking(talon: TalonOneSync) -> None:
    """Ordinary code sends them in chunks, too."""
    change = CustomerProfileAudienceRequestItem(action="add", profile_integration_id="p", audience_id=1)
    talon.update_customer_profile_audiences_in_chunks(iter([change])).raise_for_failures()
    body = NewReferralsForMultipleAdvocates(campaign_id=1, advocate_profile_integration_ids=["p"], usage_limit=1)
    assert_type(
        talon.create_referrals_for_multiple_advocates_in_chunks(body, silent=False),
        ChunksReport[str, CreateReferralsForMultipleAdvocatesResponse],
    )
    assert_type(talon.sync_catalog(1, CatalogSyncRequest(actions=[CatalogAction(payload=ITEM)])), Catalog)


async def queues(talon: TalonOne) -> None:
    """A queue takes events one by one."""
    event = IntegrationEventV2Request(type="seen", profile_id="p")
    queue = talon.queue(journal="events", overflow="raise", on_failure=lambda failure: failure.outcome)
    assert_type(queue, Queue)
    async with queue as opened:
        assert_type(opened, Queue)
        await opened.put(event)
        await opened.put(talon.prepare(talon.track_event_v2)(event))
    assert_type(queue.statistics, QueueStatistics)
    assert_type(await queue.close(), list[Failure[Any]])


def queues_blocking(talon: TalonOneSync) -> None:
    """A queue of ordinary code takes events one by one."""
    with talon.queue(size=5, overflow="drop_oldest", on_drop=print) as queue:
        assert_type(queue, QueueSync)
        queue.put(NewEvent(type="seen", session_id="s", profile_id="p", attributes={}))
    assert_type(queue.undelivered, list[Failure[Any]])


@attrs.define
class Shopper:
    """What a shop keeps of its customers."""

    tier: str | None = None
    birthday: datetime | None = attribute("Birthday", default=None)
    tags: list[str] = attribute("Tags", factory=list[str])


def attributes(talon: TalonOneSync) -> None:
    """A class of one's own in the place of custom attributes."""
    written = write_attributes(Shopper(tier="gold", birthday=datetime(2026, 1, 1, tzinfo=UTC)))
    assert_type(written, Mapping[str, Any])
    talon.update_customer_profile_v2("p", CustomerProfileIntegrationRequestV2(attributes=written))
    shopper = read_attributes({"tier": "gold"}, Shopper)
    assert_type(shopper, Shopper)
    assert_type(shopper.birthday, datetime | None)
    assert_type(read_attributes(None, Shopper, converter=converter()), Shopper)
