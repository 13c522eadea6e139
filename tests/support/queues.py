"""Queues of both twins with one interface, events for them, and a server that counts what acts."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from support.raw import Exchange, answer
from support.twins import Blocking
from talon_async import Timeout
from talon_async.models import IntegrationEventV2Request, IntegrationEventV3Request, NewEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.clock import HeldClock
    from talon_async.bulk import Failure, QueueStatistics, QueueSync

Make = Callable[..., Any]
PATIENT = Timeout(total=None, attempt=60)
"""Time that a test moves on is no reason to give a call up."""


class BlockingQueue:
    """A `QueueSync` whose calls are awaited: each runs on a thread, as ordinary code would."""

    def __init__(self, queue: QueueSync) -> None:
        self.queue = queue

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.queue.__enter__)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.queue.close)

    async def put(self, item: Any) -> None:
        await asyncio.to_thread(self.queue.put, item)

    async def close(self) -> list[Failure[Any]]:
        return await asyncio.to_thread(self.queue.close)

    @property
    def statistics(self) -> QueueStatistics:
        return self.queue.statistics

    @property
    def undelivered(self) -> list[Failure[Any]]:
        return self.queue.undelivered


def queue_of(client: Any, **options: Any) -> Any:
    """Make a queue of either twin."""
    return BlockingQueue(client.client.queue(**options)) if isinstance(client, Blocking) else client.queue(**options)


def event(row: int, profile: str = "jane", version: int = 2) -> Any:
    """Return an event with a number."""
    attributes = {"row": row}
    if version == 1:
        return NewEvent(type="seen", session_id=f"of-{profile}", profile_id=profile, attributes=attributes)
    if version == 2:
        return IntegrationEventV2Request(type="seen", profile_id=profile, attributes=attributes)
    return IntegrationEventV3Request(integration_id=f"e{row}", type="seen", profile_id=profile, attributes=attributes)


def events(rows: Iterable[int], profiles: int = 7) -> list[Any]:
    """Return events of several customers."""
    return [event(row, f"p{row % profiles}") for row in rows]


def row_of(item: Any) -> int:
    """Return the number of an event."""
    return int(item.attributes["row"])


class Shop:
    """Acts on events, once for each idempotency key, and keeps their numbers; the script of a `RawServer`.

    Attributes:
        rows: the numbers of the events that acted, in that order.
        status: if it is set, what is answered in place of acting.
        is_held: while it is set, requests are neither acted on nor answered.
    """

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.customers: list[tuple[str, int]] = []
        self.keys: set[str] = set()
        self.requests = 0
        self.status: int | None = None
        self.is_held = False

    async def __call__(self, exchange: Exchange) -> None:
        self.requests += 1
        while self.is_held:
            await asyncio.sleep(0.002)
        if self.status is not None:
            await exchange.send(answer({"message": "no"}, status=self.status))
            return
        key = exchange.headers.get("idempotency-key")
        if "dry=true" not in exchange.line and (key is None or key not in self.keys):
            body = json.loads(exchange.body)
            self.rows.append(body["attributes"]["row"])
            self.customers.append((body.get("profileId", ""), body["attributes"]["row"]))
            self.keys |= {key} if key else set()
        await exchange.send(answer({}))

    @property
    def doubled(self) -> list[int]:
        """Return the numbers that acted more than once."""
        return [row for row, count in Counter(self.rows).items() if count > 1]

    def is_in_order(self) -> bool:
        """Tell whether each customer's events acted in the order of their numbers."""
        last: dict[str, int] = {}
        for customer, row in self.customers:
            if row < last.get(customer, -1):
                return False
            last[customer] = row
        return True


async def until(condition: Callable[[], object], clock: HeldClock | None = None, step: float = 0.5) -> None:
    """Wait for something, and let time go on meanwhile."""
    async with asyncio.timeout(20):
        while not condition():
            if clock is not None:
                clock.advance(step)
            await asyncio.sleep(0.002)


async def filled(queue: Any, rows: int) -> None:
    for row in range(rows):
        await queue.put(event(row))
