"""The two ways of an exchange, and the connection that is there before the first: past aiohttp's session or through it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aioresponses import aioresponses
from support.raw import RawServer, answer
from support.twins import KEY, traced, tried

from talon_async import TalonOne
from talon_async._transport import exchange
from talon_async.models import NewCustomerProfile

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(params=["awaited", "blocking", "traced"])
def kind(request: pytest.FixtureRequest) -> str:
    """Both twins, and both ways of an exchange."""
    return str(request.param)


@pytest.fixture
def through(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that went through the session."""
    seen: list[str] = []
    original = exchange.BySession.send

    async def watching(self: Any, request: Any, headers: Any, attempt: Any) -> Any:
        seen.append(request.target)
        return await original(self, request, headers, attempt)

    monkeypatch.setattr(exchange.BySession, "send", watching)
    return seen


class Wrapped:
    """An object in a method's place that says it is what it wraps, as instrumentation libraries leave it."""

    def __init__(self, request: Any) -> None:
        self.request, self.sessions = request, list[Any]()

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self.request)

    @property
    def __globals__(self) -> Any:
        return self.request.__globals__

    def __get__(self, session: Any, owner: Any = None) -> Any:
        async def bound(*args: Any, **options: Any) -> Any:
            self.sessions.append(session)
            return await self.request(session, *args, **options)

        return self if session is None else bound


def by_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiohttp.ClientSession, "_request", traced(aiohttp.ClientSession._request))


def by_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiohttp.ClientSession, "_request", Wrapped(aiohttp.ClientSession._request))


def by_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    original = aiohttp.ClientSession.__init__

    def init(self: Any, *args: Any, **options: Any) -> None:
        original(self, *args, trace_configs=[aiohttp.TraceConfig()], **options)

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", init)


def by_another_release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiohttp, "__version__", "3.99.0")


@tried
async def test_the_session_is_passed_by_when_nobody_listens_there(client: Any, through: list[str], kind: str) -> None:
    """Only where aiohttp's method is somebody else's do calls go through it."""
    with RawServer(answer({})) as server:
        await client(server.url).get_customer_inventory("a")
    assert (["/v1/customer_profiles/a/inventory"] if kind == "traced" else []) == through


@pytest.mark.parametrize("change", [by_function, by_object, by_listening, by_another_release])
async def test_the_session_is_asked_when_somebody_listens_there(
    monkeypatch: pytest.MonkeyPatch, through: list[str], change: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """Wrappers, listeners, and releases of aiohttp that nobody has tried: nothing is left out."""
    change(monkeypatch)
    with RawServer(answer({})) as server:
        async with TalonOne(server.url, KEY) as talon:
            await talon.update_customer_profile("a", NewCustomerProfile())
    assert (["/v1/customer_profiles/a"], 1) == (through, len(server.received))


async def test_the_session_is_asked_when_a_proxy_stands_before_the_server(through: list[str]) -> None:
    """What is sent to a proxy is aiohttp's to say: the whole address, in this case."""
    with RawServer(answer({})) as proxy:
        options: Any = {"proxy": proxy.url, "allow_http": True}
        async with TalonOne("http://shop.invalid", KEY, **options) as talon:
            await talon.get_customer_inventory("a")
    assert "GET http://shop.invalid/v1/customer_profiles/a/inventory HTTP/1.1" == proxy.received[0].line
    assert ["/v1/customer_profiles/a/inventory"] == through


@tried
async def test_mocks_are_asked_as_long_as_they_are_there(through: list[str]) -> None:
    """Also by a client that was there before, and no longer when they are gone."""
    with RawServer(answer({"profile": {"id": 1}})) as server:
        async with TalonOne(server.url, KEY) as talon:
            for expected in (1, 2, 1):
                with aioresponses() if expected == 2 else contextlib.nullcontext() as mocked:
                    if mocked is not None:
                        mocked.get(f"{server.url}/v1/customer_profiles/a/inventory", payload={"profile": {"id": 2}})
                    inventory = await talon.get_customer_inventory("a")
                assert inventory.profile is not None
                assert expected == inventory.profile.id
    assert (2, 1) == (len(server.received), len(through))
