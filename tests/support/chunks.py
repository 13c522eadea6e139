"""Items for runs of large requests, and a server that notes what it is sent."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from support.raw import EMPTY, Exchange
from talon_async.models import (
    AddItemCatalogAction,
    CatalogAction,
    MultipleCustomerProfileIntegrationRequestItem,
    PatchManyItemsCatalogAction,
    RemoveItemCatalogAction,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_async import Report
    from talon_async.models import CatalogActionPayload


def profile(n: int, customer: str | None = None) -> MultipleCustomerProfileIntegrationRequestItem:
    return MultipleCustomerProfileIntegrationRequestItem(
        integration_id=f"c{n}" if customer is None else customer, attributes={"n": n}
    )


def profiles(count: int) -> Iterator[MultipleCustomerProfileIntegrationRequestItem]:
    return (profile(n) for n in range(count))


def action(payload: CatalogActionPayload) -> CatalogAction:
    return CatalogAction(payload=payload)


def add(sku: str) -> CatalogAction:
    return action(AddItemCatalogAction(sku=sku))


def remove(sku: str) -> CatalogAction:
    return action(RemoveItemCatalogAction(sku=sku))


ALL = action(PatchManyItemsCatalogAction(price=1))


class Recorder:
    """Notes each request's items and how many requests ran at once; `behave` may give another answer."""

    def __init__(self, behave: Any = None, reply: bytes = EMPTY) -> None:
        self.chunks: list[list[Any]] = []
        self.running = self.most = 0
        self._behave, self._reply = behave, reply

    async def __call__(self, exchange: Exchange) -> None:
        body = json.loads(exchange.body)
        items = next(
            body[name]
            for name in ("customerProfiles", "data", "actions", "advocateProfileIntegrationIds")
            if name in body
        )
        self.chunks.append(items)
        index = len(self.chunks) - 1
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0.002)
        self.running -= 1
        reply = self._behave and self._behave(index)
        await (reply(exchange) if callable(reply) else exchange.send(reply or self._reply))

    @property
    def sizes(self) -> list[int]:
        return [len(chunk) for chunk in self.chunks]

    @property
    def numbers(self) -> list[list[int]]:
        return [[item["attributes"]["n"] for item in chunk] for chunk in self.chunks]

    @property
    def skus(self) -> list[str]:
        """Return the requests of a catalog, each as `ADD a b`."""
        return [" ".join([chunk[0]["type"], *(i["payload"].get("sku", "*") for i in chunk)]) for chunk in self.chunks]


def assert_whole(report: Report, items: list[Any] | None = None) -> None:
    """Check that the report has every item that was taken once, at its place."""
    assert (report.taken, 0) == (report.done, report.pending)
    assert report.taken == report.succeeded + len(report.failures)
    places = [failure.index for failure in report.failures]
    assert len(places) == len(set(places))
    assert set(places) <= set(range(report.taken))
    if items is not None:
        assert all(failure.item is items[failure.index] for failure in report.failures)
