"""The two ways of an exchange, and the connection that is there before the first: past aiohttp's session or through it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock, patch

import aiohttp
import pytest
from aioresponses import aioresponses
from support.raw import EMPTY, RawServer, answer
from support.twins import KEY, traced

from talon_async import RetryPolicy, TalonOne, TalonOneSync, Timeout
from talon_async import client as client_module
from talon_async._transport import exchange
from talon_async.errors import APIError, ConnectError
from talon_async.models import CustomerProfileIntegrationRequestV2, NewCustomerProfile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

tried = pytest.mark.skipif(
    not aiohttp.__version__.startswith(exchange._TRIED),
    reason=f"aiohttp {aiohttp.__version__} is newer than what was tried: calls go through its session",
)


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


# -- the first connection


@tried
async def test_the_connection_is_there_when_a_client_is_entered() -> None:
    """One, which the first call takes: it waits neither for names nor for TLS."""
    with RawServer(answer({})) as server:
        async with TalonOne(server.url, KEY) as talon:
            while not server.connections:  # the server may not have noticed yet
                await asyncio.sleep(0.01)
            for _ in range(2):
                await talon.get_customer_inventory("a")
        assert (1, 2) == (server.connections, len(server.received))


def test_the_connection_is_there_when_a_blocking_client_is_entered() -> None:
    """The same on the blocking twin."""
    with RawServer(answer({})) as server:
        with TalonOneSync(server.url, KEY) as talon:
            talon.get_customer_inventory("a")
        assert (1, 1) == (server.connections, len(server.received))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "https://nothing.invalid"])
async def test_a_client_can_be_entered_when_the_server_is_away(url: str) -> None:
    """The first call says what is wrong."""
    async with TalonOne(url, KEY, retry=RetryPolicy.off()) as talon:
        with pytest.raises(ConnectError, match="no connection to"):
            await talon.get_customer_inventory("a")


@pytest.fixture
async def silent_port() -> AsyncIterator[int]:
    """A port whose backlog is full: connecting to it takes for ever."""
    with socket.socket() as full, contextlib.ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        stack.enter_context(socket.create_connection(full.getsockname()))
        for _ in range(2):
            extra = stack.enter_context(socket.socket())
            extra.setblocking(False)  # noqa: FBT003
            extra.connect_ex(full.getsockname())
        yield full.getsockname()[1]


async def test_a_client_can_be_entered_when_connecting_takes_for_ever(silent_port: int) -> None:
    """It waits no longer than connecting may take, and then goes on."""
    async with asyncio.timeout(20):
        async with TalonOne(f"http://127.0.0.1:{silent_port}", KEY, timeout=Timeout(connect=0.1)) as talon:
            assert talon._shared.pools.get()


async def test_entering_ends_when_it_is_cancelled(silent_port: int) -> None:
    """A caller who gives up is not kept."""
    talon = TalonOne(f"http://127.0.0.1:{silent_port}", KEY)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await talon.__aenter__()
    await talon.aclose()


async def test_nothing_is_connected_when_a_client_is_entered_under_a_mock() -> None:
    """A unit test of a user reaches nobody."""
    with RawServer(EMPTY) as server:
        with aioresponses():
            async with TalonOne(server.url, KEY):
                pass
        await asyncio.sleep(0.05)
    assert 0 == server.connections


# -- the rehearsal


@pytest.fixture
def unrehearsed(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """A process in which no client was entered yet."""
    monkeypatch.setattr(client_module, "_rehearsed", rehearsed := list[bool]())
    return rehearsed


@tried
async def test_the_rehearsal_is_before_nobody_when_a_client_is_entered(unrehearsed: list[bool]) -> None:
    """The server hears nothing, the client's own turns, slots and keys are not touched, and it happens once."""
    keys: list[str] = []
    with RawServer(answer({})) as server:
        for _ in range(2):
            async with TalonOne(server.url, KEY, idempotency_keys=lambda: keys.append("k") or "k") as talon:
                pool = talon._shared.pools.get()
                assert pool is not None
                assert (0, 0) == (len(pool.lanes), len(pool.slots))
    assert ([True], [], []) == (unrehearsed, server.received, keys)


@tried
async def test_the_rehearsal_leaves_a_users_mock_alone_when_it_replaces_a_call(unrehearsed: list[bool]) -> None:
    """Whoever counts the calls of a method counts their own."""
    with RawServer(answer({})) as server, patch.object(TalonOne, "update_customer_session_v2", AsyncMock()) as mock:
        async with TalonOne(server.url, KEY):
            pass
    assert ([True], 0) == (unrehearsed, mock.await_count)


async def test_there_is_no_rehearsal_when_aiohttp_is_mocked(unrehearsed: list[bool]) -> None:
    """The mock would be asked; the next client rehearses instead."""
    with aioresponses() as mocked:
        async with TalonOne("https://shop.talon.one", KEY):
            pass
    assert ([], {}) == (unrehearsed, mocked.requests)


# -- a connection that must not serve again


async def test_a_connection_is_not_kept_when_the_answer_came_before_the_request_was_read() -> None:
    """What has yet to be sent of one request must not come before the next."""
    heads: list[bytes] = []
    left = asyncio.Semaphore(0)

    async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            small = b"content-length: 2\r\n" in heads[-1].lower()
            writer.write(answer({}) if small else answer({"message": "too large"}, status=413))
            await reader.read()
        writer.transport.abort()
        left.release()

    server = await asyncio.start_server(refusing, "127.0.0.1", 0, limit=1024)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, TalonOne(url, KEY, retry=RetryPolicy.off()) as talon:
        large = CustomerProfileIntegrationRequestV2(attributes={"x": "x" * 20_000_000})
        with pytest.raises(APIError, match="too large"):
            await talon.update_customer_profile_v2("a", large)
        await talon.update_customer_profile_v2("b", CustomerProfileIntegrationRequestV2())
        await talon.aclose()
        for _ in heads:
            await left.acquire()
        await asyncio.sleep(0)
    assert [b"PUT /v2/customer_profiles/a HTTP/1.1", b"PUT /v2/customer_profiles/b HTTP/1.1"] == [
        head.split(b"\r\n", 1)[0] for head in heads
    ]
