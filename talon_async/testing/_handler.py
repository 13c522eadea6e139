"""Answers one request: the way in, the turn, the key, the world, the way out. Knows no network."""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

import attrs

from talon_async._codec import encode
from talon_async._endpoint import endpoints_of
from talon_async._messages import Answer, Idempotency
from talon_async.client import TalonOne
from talon_async.testing._faults import Faults, ReceivedRequest
from talon_async.testing._guards import SECRETS, Guard
from talon_async.testing._keys import Keys
from talon_async.testing._parallel import ParallelUpdates, updated_ids
from talon_async.testing._reading import Router, body_value, path_values, query_values
from talon_async.testing._refusal import Refusal
from talon_async.testing.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_async._clock import Clock
    from talon_async._endpoint import Endpoint

logger = logging.getLogger("talon_async.testing")
CREATED = frozenset(
    {
        "track_event",
        "create_referral",
        "create_referrals_for_multiple_advocates",
        "create_coupon_reservation",
        "create_audience_v2",
    }
)
"""The operations that answer 201."""
EMPTY = frozenset({"join_loyalty_program"})
"""The operations that answer 200 without a body."""
LOG = 10_000
_JSON = {"Content-Type": "application/json"}


@attrs.define(eq=False)
class Handler:
    """Everything between the server and the world."""

    guard: Guard
    clock: Clock
    latency: float = 0.0
    trust_keys: bool = True
    count: int = 0
    world: World = attrs.field(init=False)
    keys: Keys = attrs.field(init=False)
    faults: Faults = attrs.field(init=False)
    updates: ParallelUpdates = attrs.field(factory=ParallelUpdates, init=False)
    log: deque[ReceivedRequest] = attrs.field(init=False)
    endpoints: dict[str, Endpoint] = attrs.field(init=False)
    _router: Router = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.endpoints = endpoints_of(TalonOne)
        self._router = Router(self.endpoints.values())
        self.log = deque(maxlen=LOG)
        self.reset()

    def reset(self) -> None:
        """Begin anew with an empty world, no faults and no memory of keys."""
        self.world, self.faults, self.keys = World(self.clock), Faults(), Keys(self.clock.now)

    async def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer | None:
        """Answer a request; None is to cut the connection. A body of None could not be decompressed."""
        kept = {name: value for name, value in headers.items() if name.lower() not in SECRETS}
        received = ReceivedRequest(
            operation=None, method=method, target=target, path={}, query={}, headers=kept, body=body or b""
        )
        self.log.append(received)
        self.count += 1
        try:
            answer = await self._answer(received, headers, body)
        except Refusal as refusal:
            answer = refusal.answer(received.operation)
        except Exception as problem:
            logger.exception("the sandbox failed in %s", received.operation)
            answer = Refusal(500, f"The sandbox failed: {problem!r}").answer(received.operation)
        received.status = answer.status if answer else None
        return answer

    async def _answer(self, received: ReceivedRequest, headers: Mapping[str, str], body: bytes | None) -> Answer | None:
        path, _, query = received.target.partition("?")
        match = self._router.find(received.method, path)
        received.operation = match.endpoint.name
        # they are for the record here: a request that is refused later on shows what it asked for
        with contextlib.suppress(Refusal):
            received.path = path_values(match)
            received.query = query_values(match.endpoint, query)
        if (failure := self.faults.failure(match.endpoint.name)) is not None:
            return failure
        self.guard.check(path, headers, received.body)
        act = getattr(self.world, match.endpoint.name, None)
        if act is None:
            raise Refusal(501, f"The sandbox does not know {match.endpoint.name}")
        arguments = {**path_values(match), **query_values(match.endpoint, query), **body_value(match.endpoint, body)}
        answer = await self._in_order(match.endpoint, act, arguments, received.body, headers.get("Idempotency-Key"))
        return None if self.faults.dropped(match.endpoint.name) else answer

    async def _in_order(
        self, endpoint: Endpoint, act: Any, arguments: dict[str, Any], body: bytes, key: str | None
    ) -> Answer:
        async with self.updates.hold(self._updated(endpoint, arguments)):
            if self.latency:
                await self.clock.sleep(self.latency)
            if not self.trust_keys or endpoint.operation.idempotency is not Idempotency.KEYED:
                key = None
            if key is not None and (kept := self.keys.recall(endpoint.name, key)) is not None:
                return kept
            answer = _answered(endpoint, act(**arguments))
            if key is not None:
                answer = self.keys.keep(endpoint.name, key, body, answer)
            return answer

    def _updated(self, endpoint: Endpoint, arguments: dict[str, Any]) -> tuple[str, ...]:
        """Name what a request updates; the server knows the profile of a session even if the request does not."""
        found = updated_ids(endpoint, arguments)
        if "session" in found and "profile" not in found and (owner := self.world.profile_of(found["session"])):
            found["profile"] = owner
        return tuple(f"{kind}:{found[kind]}" for kind in sorted(found))


def _answered(endpoint: Endpoint, result: Any) -> Answer:
    if result is None:
        return Answer(200 if endpoint.name in EMPTY else 204, {}, b"")
    return Answer(201 if endpoint.name in CREATED else 200, _JSON, encode(result))
