"""A server under load, some of whose answers have a fault, and the verdict on the calls when all have ended."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from itertools import count
from typing import TYPE_CHECKING, Any

from talon_async.errors import TalonOneError
from tools.faults.answers import LOST_BODIES, NO_ANSWER, STATUSES, SUCCESSES, WAITING
from tools.faults.fault import Fault, Tell
from tools.faults.natures import Nature
from tools.faults.scene import Scene, answer

if TYPE_CHECKING:
    from tools.faults.clients import Client
    from tools.faults.wire import Exchange, Wire

EXPENSIVE = {"gzip bomb", "huge body", "huge body without length", "flood of interim answers", "flood of headers"}
ANY = [
    fault
    for fault in [*NO_ANSWER, *SUCCESSES, *LOST_BODIES, *STATUSES, *WAITING]
    if fault.name not in EXPENSIVE and not fault.name.startswith("429 Retry-After")
]
"""The faults that load meets."""
REMEMBERED = 3.0
"""Seconds after its end in which a request of a call may still come."""
NONE = Fault("load", (Tell.SUCCESS,))
_numbers = count(1)


class Load(Scene):
    """A server that is quick or slow, and whose answers have a fault with some probability.

    Attributes:
        told: how many calls told which outcome.
        broken: the promises that were broken, each with how.
    """

    def __init__(self, wire: Wire, share: float, seed: int) -> None:
        super().__init__(wire, NONE, Nature.SAFE, always=True)
        self.share, self.chance = share, random.Random(seed)  # noqa: S311  # keeps no secret
        self.told: Counter[str] = Counter()
        self.broken: list[str] = []
        self._natures: dict[str, Nature] = {}
        self._over: deque[tuple[float, str]] = deque()

    async def answer(self, exchange: Exchange) -> None:
        """Act and answer, or let the request meet a fault."""
        nature, key = self._natures.get(exchange.token, Nature.SAFE), exchange.header(b"idempotency-key")
        exchange.good = nature.answer(exchange.token)
        await asyncio.sleep(self.chance.choice((0, 0, 0.001, 0.004)))
        fault = self.chance.choice(ANY) if self.chance.random() < self.share else None
        conflicts = (fault is None or fault.acts) and self.book.act(nature, exchange.token, key)
        if fault is not None and fault.script is not None:
            await fault.script(exchange)
        else:
            await exchange.send(answer(b"{}", 409) if conflicts else answer(exchange.good))

    def begin(self, nature: Nature) -> str:
        """Return the token of a new call."""
        token = f"call-{next(_numbers)}-9"
        self._natures[token] = nature
        return token

    async def call(self, client: Client, nature: Nature, **options: Any) -> None:
        """Make a call and judge its outcome."""
        token = self.begin(nature)
        outcome = "another error"
        try:
            response = await client.call(nature.value, *nature.arguments(token), **options)
            outcome = "success"
            if response.body and token.encode() not in response.body:
                self.broken.append(f"{token}: the answer of another call")
        except TalonOneError as error:
            outcome = error.outcome
        except asyncio.CancelledError:
            outcome = "cancelled after it was sent" if self.book.seen[token] else "cancelled before"
            raise
        finally:
            self.end(token, outcome)

    def end(self, token: str, told: str) -> None:
        """Judge the outcome of a call, and forget calls that ended a while ago."""
        acted, seen = self.book.acts[token], self.book.seen[token]
        untrue = {"success": not acted, "accepted": not acted, "rejected": acted > 0, "not_sent": seen > 0}
        if untrue.get(told):
            self.broken.append(f"{token} {self._natures[token].name}: {told}, but seen {seen}, acted {acted}")
        self.told[told] += 1
        self._over.append((time.monotonic(), token))
        self.forget(REMEMBERED)

    def forget(self, seconds: float) -> None:
        """Check calls that ended long ago for second effects, and forget them."""
        while self._over and self._over[0][0] < time.monotonic() - seconds:
            _, token = self._over.popleft()
            nature = self._natures.pop(token)
            if self.book.is_doubled(nature, token) or len(self.book.keys[token]) > 1:
                self.broken.append(f"{token} {nature.name}: acted {self.book.acts[token]} times")
            self.book.forget(token)
