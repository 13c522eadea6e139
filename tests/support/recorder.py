"""Events with numbers, and a server that records them."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from support.raw import Exchange, answer
from talon_async.models import (
    IntegrationEventV2Request,
    NewEvent,
)

if TYPE_CHECKING:
    pass


def event(n: int, profile: str = "p", session: str | None = None) -> NewEvent:
    return NewEvent(type="t", session_id=session or f"of-{profile}", profile_id=profile, attributes={"n": n})


def tracked(n: int, profile: str | None = None, **more: Any) -> IntegrationEventV2Request:
    return IntegrationEventV2Request(type="t", profile_id=profile or f"p{n}", attributes={"n": n}, **more)


def indexes(results: list[Any]) -> list[int]:
    return [result.index for result in results]


class Recorder:
    """Records events as a server would; `behave` may give another answer."""

    def __init__(self, behave: Any = None) -> None:
        self.numbers: dict[str, list[int]] = defaultdict(list)
        self.running = self.most = 0
        self._behave = behave

    @property
    def count(self) -> int:
        return sum(map(len, self.numbers.values()))

    async def __call__(self, exchange: Exchange) -> None:
        body = json.loads(exchange.body)
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0.001)
        self.running -= 1
        if self._behave and (reply := self._behave(body["attributes"]["n"])):
            await (exchange.send(reply) if isinstance(reply, bytes) else reply(exchange))
            return
        self.numbers[body["profileId"] or body["sessionId"]].append(body["attributes"]["n"])
        await exchange.send(answer({}, status=201))
