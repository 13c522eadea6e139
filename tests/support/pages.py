"""Listings that come in pages: a server of them, and their iteration by either twin."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from support.raw import Exchange, answer
from talon_async import TalonOne

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

END = object()


class Listing:
    """A server's listing of some items; `most` is the largest page that it gives, whatever is asked for."""

    def __init__(
        self, count: int, *, style: str = "hasMore", most: int = 1000, faults: dict[int, Any] | None = None
    ) -> None:
        self.count, self.style, self.most, self.faults = count, style, most, faults or {}
        self.asked: list[tuple[int, int]] = []

    async def __call__(self, exchange: Exchange) -> None:
        query = parse_qs(urlsplit(exchange.line.split(" ")[1]).query)
        skip, size = int(query["skip"][0]), int(query["pageSize"][0])
        self.asked.append((skip, size))
        if fault := self.faults.get(len(self.asked)):
            await (exchange.send(fault) if isinstance(fault, bytes) else fault(exchange))
            return
        data = [{"id": n} for n in range(skip, min(skip + min(size, self.most), self.count))]
        page: dict[str, Any] = {"data": data}
        if self.style == "hasMore":
            page["hasMore"] = skip + len(data) < self.count
        elif self.style == "totalResultSize":
            page["totalResultSize"] = self.count
        elif self.style == "catalog":
            page = {"catalog": {**page, "hasMore": skip + len(data) < self.count}}
        await exchange.send(answer(page))


async def walk(talon: Any, name: str, *args: Any, **options: Any) -> AsyncGenerator[Any, None]:
    """Iterate over a listing with either twin."""
    if isinstance(talon, TalonOne):
        async for item in getattr(talon, name)(*args, **options):
            yield item
        return
    items = getattr(talon.client, name)(*args, **options)
    while (item := await asyncio.to_thread(next, items, END)) is not END:
        yield item


async def numbers(talon: Any, name: str, *args: Any, **options: Any) -> list[int]:
    """Return the IDs of a whole listing."""
    return [item["id"] if isinstance(item, dict) else item.id async for item in walk(talon, name, *args, **options)]
