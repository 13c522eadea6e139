"""The sandbox's answers: each endpoint of the client, read backwards.

A route is an endpoint's method and path template; its path and query values and its body are read into what the stub
takes, the world's method of the same name acts, and what it returns is written as the stub's answer. So a new
operation has its route by itself; without a method in the world it answers 501.
"""

from __future__ import annotations

import asyncio
import hmac
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

import attrs
import orjson

from talon_async._codec import encode, parse, read
from talon_async._compile import when
from talon_async._endpoint import Endpoint, Query, endpoints_of
from talon_async._lanes import Lanes
from talon_async._messages import Answer, Repeat
from talon_async._strict import Problem, problems
from talon_async.client import TalonOne
from talon_async.errors import TalonOneError
from talon_async.testing._faults import Faults
from talon_async.testing._journal import Journal
from talon_async.testing._refusal import Flaw, Refusal, misused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_async._messages import Request
    from talon_async.auth import ApiKey, ContentSignature
    from talon_async.testing._journal import ReceivedRequest
    from talon_async.testing.world import World

CREATED = frozenset({"track_event", "create_referral", "create_coupon_reservation"})
"""The operations that answer 201."""
AT_ONCE = 3
"""Updates of one profile or session that are taken: one runs, two wait."""
KEY_LIFETIME = timedelta(hours=24)
_JSON: Mapping[str, str] = {"Content-Type": "application/json"}


@attrs.frozen
class Route:
    """An endpoint and the paths that lead to it."""

    endpoint: Endpoint
    pattern: re.Pattern[str]

    @classmethod
    def to(cls, endpoint: Endpoint) -> Route:
        """Make the pattern of an endpoint's path template."""
        literal = re.split(r"{\w+}", endpoint.operation.path)
        return cls(endpoint, re.compile("([^/]+)".join(map(re.escape, literal))))


@attrs.define(eq=False)
class Service:
    """Answers requests, one bytes-in, bytes-out call each; None stands for a connection that is cut."""

    world: World
    key: ApiKey
    signature: ContentSignature
    journal: Journal = attrs.field(factory=Journal)
    faults: Faults = attrs.field(factory=Faults)
    latency: float = 0.0
    keeps_keys: bool = True
    _routes: list[Route] = attrs.field(init=False)
    _lanes: Lanes = attrs.field(factory=lambda: Lanes(1), init=False)
    _queued: dict[str, int] = attrs.field(factory=dict[str, int], init=False)
    _remembered: dict[tuple[str, str], tuple[datetime, Answer]] = attrs.field(
        factory=dict[tuple[str, str], tuple[datetime, Answer]], init=False
    )

    def __attrs_post_init__(self) -> None:
        self._routes = [Route.to(endpoint) for endpoint in endpoints_of(TalonOne).values()]

    async def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer | None:
        """Answer one request."""
        path, _, query = target.partition("?")
        endpoint, values = self._route(method, path)
        received = self.journal.note(endpoint.name if endpoint else None, method, target, headers, body)
        try:
            if endpoint is None:
                raise Refusal(404, f"There is no {method} {path}")  # noqa: TRY301
            answer = await self._handled(endpoint, values, query, headers, received)
        except Refusal as no:
            answer = Answer(no.status, _JSON, orjson.dumps(no.content))
        received.status = answer.status if answer else None
        return answer

    def _route(self, method: str, path: str) -> tuple[Endpoint | None, tuple[str, ...]]:
        for route in self._routes:
            found = route.endpoint.operation.method == method and route.pattern.fullmatch(path)
            if found:
                return route.endpoint, found.groups()
        return None, ()

    async def _handled(
        self,
        endpoint: Endpoint,
        values: tuple[str, ...],
        query: str,
        headers: Mapping[str, str],
        received: ReceivedRequest,
    ) -> Answer | None:
        fault = self.faults.next(endpoint.name)
        if fault and not fault.after_acting:
            return Answer(fault.status, {**_JSON, **fault.headers}, fault.body)
        arguments = _arguments(endpoint, values, query, received.body)
        try:
            request = endpoint.request(**arguments)
        except TalonOneError as error:
            raise Refusal(400, error.message) from None
        request.body = received.body
        self._admit(request, headers)
        answer = await self._in_turn(request, arguments, headers.get("Idempotency-Key"))
        return None if fault else answer

    # -- who asks

    def _admit(self, request: Request, headers: Mapping[str, str]) -> None:
        expected = self.key.common["Authorization"]
        if hmac.compare_digest(headers.get("Authorization", "").encode(), expected.encode()):
            return
        signature = headers.get("Content-Signature")
        if signature is None or not request.operation.path.startswith("/v1/"):
            raise Refusal(401, "The API key is missing or not valid")
        expected = self.signature.headers(request)["Content-Signature"]
        if not hmac.compare_digest(signature.encode(), expected.encode()):
            raise Refusal(400, "HMAC signature mismatch.")

    # -- when it acts

    async def _in_turn(self, request: Request, arguments: dict[str, Any], key: str | None) -> Answer:
        """Act when it is this request's turn; too many at a time for one profile or session are refused."""
        turns = self._turns(request, arguments)
        for turn in turns:
            if self._queued.get(turn, 0) >= AT_ONCE:
                raise Refusal(409, f"Too many requests are updating this {turn.split(':')[0]} at the same time")
        for turn in turns:
            self._queued[turn] = self._queued.get(turn, 0) + 1
        try:
            await self._lanes.enter(turns)
            try:
                if self.latency:
                    await asyncio.sleep(self.latency)
                return self._once(request, arguments, key)
            finally:
                self._lanes.leave(turns)
        finally:
            for turn in turns:
                self._queued[turn] -= 1
                if not self._queued[turn]:
                    del self._queued[turn]

    def _turns(self, request: Request, arguments: dict[str, Any]) -> tuple[str, ...]:
        """Return the turns the client would take, with the profile that a known session belongs to."""
        turns = set(request.turns)
        session = arguments.get("customer_session_id") or getattr(arguments.get("body"), "session_id", None)
        if turns and session and (owner := self.world.profile_of(session)):
            turns.add(f"profile:{owner}")
        return tuple(sorted(turns))

    def _once(self, request: Request, arguments: dict[str, Any], key: str | None) -> Answer:
        """Act, or answer again what was answered to the same key."""
        name = request.operation.name
        keyed = key is not None and self.keeps_keys and request.operation.repeat is Repeat.KEYED
        remembered = self._remembered.get((name, key or "")) if keyed else None
        now = self.world.clock.now()
        if remembered and now - remembered[0] < KEY_LIFETIME:
            return remembered[1]
        answer = self._act(name, arguments)
        if keyed:
            self._remembered[name, key or ""] = (now, answer)
        return answer

    def _act(self, name: str, arguments: dict[str, Any]) -> Answer:
        act = getattr(self.world, name, None)
        if act is None:
            raise Refusal(501, f"The sandbox has a route for {name}, but does not know what it does")
        result = act(**arguments)
        if result is None:
            return Answer(204, {}, b"")
        return Answer(201 if name in CREATED else 200, _JSON, encode(result))


def _arguments(endpoint: Endpoint, values: tuple[str, ...], query: str, body: bytes) -> dict[str, Any]:
    """Return what the stub was called with."""
    arguments: dict[str, Any] = {}
    for name, value in zip(endpoint.path_parameters, values, strict=True):
        try:
            text = unquote(value, errors="strict")
            arguments[name] = int(text) if endpoint.types[name] is int else text
        except ValueError:
            raise misused(name, f"{value!r} cannot be read") from None
    given = parse_qs(query, keep_blank_values=True)
    for one in endpoint.queries:
        if (found := given.get(one.wire)) is not None:
            arguments[one.parameter] = _query_value(one, found)
    if endpoint.body_classes:
        arguments["body"] = _body(endpoint.body_classes, body)
    return arguments


def _query_value(query: Query, found: list[str]) -> Any:
    text = found[-1]
    if query.kind is bool:
        if text not in ("true", "false"):
            raise misused(query.wire, f"must be true or false, not {text!r}")
        return text == "true"
    if query.kind is datetime:
        if isinstance(time := when(text), str):
            raise misused(query.wire, f"must be an RFC 3339 time, not {text!r}")
        return time
    if query.kind is int:
        try:
            return int(text)
        except ValueError:
            raise misused(query.wire, f"must be a whole number, not {text!r}") from None
    if query.kind is str:
        return text
    return text.split(",") if query.comma else found


def _body(classes: tuple[type, ...], body: bytes) -> Any:
    """Read a body strictly, into the first of its classes that it fits."""
    try:
        value = parse(body)
    except ValueError as problem:
        raise Refusal(400, f"The body is not JSON: {problem}") from None
    if not isinstance(value, dict):
        raise Refusal(400, "The body must be a JSON object")
    found: list[Problem] = []
    for cls in classes:
        found = list(problems(value, cls))
        if not found:
            return read(value, cls)
    flaws = [Flaw(problem.title, problem.details, {"pointer": problem.pointer}) for problem in found]
    raise Refusal(400, "The submitted data was invalid", flaws)
