"""What the session transport relies on inside aiohttp.

When a release of aiohttp changes it, the failing test says what.
"""

from __future__ import annotations

import socket
from typing import Any

import aiohttp
import pytest
from support.raw import RawServer, answer, fin, then_cut
from support.twins import KEY

from talon_async import RetryPolicy, TalonOne
from talon_async._transport.aiohttp_faults import is_about_size
from talon_async._transport.deadlines import Deadlines
from talon_async._transport.names import Resolver
from talon_async._transport.session import BorrowedConnector, Connector, SessionTransport


async def test_sessions_ask_their_connector_to_connect_when_they_send() -> None:
    """`ClientSession` calls `connector.connect(...)` once for each request, with the request and the options."""
    connected: list[object] = []

    class Counting(aiohttp.TCPConnector):
        async def connect(self, *request: object, **options: object) -> aiohttp.connector.Connection:
            connected.append(request[0])
            return await super().connect(*request, **options)  # type: ignore[arg-type]

    with RawServer(answer({})) as server:
        async with aiohttp.ClientSession(connector=Counting()) as session:
            for _ in range(2):
                async with session.get(server.url) as response:
                    await response.read()
    assert ["ClientRequest", "ClientRequest"] == [type(request).__name__ for request in connected]


async def test_a_connections_protocol_tells_whether_it_can_serve_when_it_is_idle() -> None:
    """`Connection.protocol` has `is_connected()`, `should_close` and `transport`, and takes an attribute of ours."""
    seen: list[tuple[bool, bool, bool]] = []

    class Looking(aiohttp.TCPConnector):
        async def connect(self, *request: object, **options: object) -> aiohttp.connector.Connection:
            connection = await super().connect(*request, **options)  # type: ignore[arg-type]
            protocol = connection.protocol
            assert protocol is not None
            has_socket = protocol.transport is not None and protocol.transport.get_extra_info("socket") is not None
            seen.append((protocol.is_connected(), bool(protocol.should_close), has_socket))
            protocol.is_readable = None  # type: ignore[attr-defined]
            return connection

    with RawServer(answer({})) as server:
        async with aiohttp.ClientSession(connector=Looking()) as session, session.get(server.url) as response:
            await response.read()
    assert [(True, False, True)] == seen


async def test_aiohttp_sends_once_when_its_own_repetition_is_off() -> None:
    """With `ClientSession._retry_connection` off, aiohttp sends a GET once. Without it, a GET goes out twice."""
    counts: list[int] = []
    for off in (False, True):
        with RawServer(answer({}), fin) as server:
            async with aiohttp.ClientSession() as session:
                assert session._retry_connection
                session._retry_connection = not off
                async with session.get(server.url) as response:
                    await response.read()
                try:
                    await session.get(server.url)
                except aiohttp.ServerDisconnectedError:
                    counts.append(len(server.received))
    assert [3, 2] == counts


async def test_a_connector_keeps_its_connections_when_they_are_idle_or_acquired() -> None:
    """`_conns` holds the idle connections by destination, as pairs with a time, and `_acquired` holds those in use."""
    with RawServer(answer({})) as server:
        async with TalonOne(server.url, KEY, retry=RetryPolicy.off()) as talon:
            await talon.get_customer_inventory("a")
            state = talon._core.state()
            assert state is not None
            transport = state.transport
            assert isinstance(transport, SessionTransport)
            connector = transport._session.connector
            assert isinstance(connector, Connector)
            assert ([1], 0) == ([len(kept) for kept in connector._conns.values()], len(connector._acquired))
            ((protocol, since),) = next(iter(connector._conns.values()))
            assert isinstance(protocol, aiohttp.client_proto.ResponseHandler)
            assert isinstance(since, float)


async def test_a_session_asks_few_things_when_its_connector_is_of_another_class() -> None:
    """A session uses only names of its connector that `BorrowedConnector` answers or hands on.

    A new name here needs a look.
    """
    used_names: set[str] = set()

    class Recording(BorrowedConnector):
        def __getattr__(self, name: str) -> Any:
            used_names.add(name)
            return super().__getattr__(name)

    with RawServer(answer({})) as server:
        async with aiohttp.ClientSession() as lender:
            assert lender.connector is not None
            deadlines = Deadlines()
            connector: Any = Recording(lender.connector, deadlines)
            async with aiohttp.ClientSession(connector=connector, connector_owner=False) as session:
                attempt = deadlines.start(10, 10)
                async with session.get(server.url) as response:
                    await response.read()
                deadlines.finish(attempt)
    assert used_names <= {"_loop", "_timeout_ceil_threshold", "allowed_protocol_schema_set", "closed", "_resolve_host"}


async def test_a_long_header_is_reported_when_an_error_has_it_among_its_causes() -> None:
    """`ClientResponseError` has a `LineTooLong` among its causes, which `is_about_size` finds."""
    head = b"HTTP/1.1 200 OK\r\nX: " + b"a" * 9000 + b"\r\nContent-Length: 2\r\n\r\n{}"
    many = b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 200 + b"\r\n"
    for raw in (head, many):
        with RawServer(then_cut(raw)) as server:
            async with aiohttp.ClientSession() as session:
                with pytest.raises(aiohttp.ClientResponseError) as caught:
                    await session.get(server.url)
                assert is_about_size(caught.value)


async def test_an_address_keeps_its_zone_when_aiohttp_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host's addresses are text for aiohttp, in which an IPv6 address of one network names that network."""
    asked: list[Any] = []

    def getaddrinfo(*names: Any, **options: Any) -> list[Any]:
        asked.append((*names, options["family"], options["type"]))
        tcp = socket.SOCK_STREAM, socket.IPPROTO_TCP, ""
        return [
            (socket.AF_INET6, *tcp, ("fe80::1", 443, 0, 3)), (socket.AF_INET6, *tcp, ("2001:db8::1", 443, 0, 0)),
            (socket.AF_INET, *tcp, ("192.0.2.1", 443)),
        ]  # fmt: skip

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    found = await Resolver().resolve("shop.example", 443, socket.AF_INET6)
    assert ["fe80::1%3", "2001:db8::1", "192.0.2.1"] == [address["host"] for address in found]
    assert [socket.AF_INET6, socket.AF_INET6, socket.AF_INET] == [address["family"] for address in found]
    assert ({443}, {"shop.example"}) == (
        {address["port"] for address in found}, {address["hostname"] for address in found},
    )  # fmt: skip
    assert [("shop.example", 443, socket.AF_INET6, socket.SOCK_STREAM)] == asked


async def test_no_timeout_of_aiohttp_applies_when_a_session_is_made() -> None:
    """Timeouts of aiohttp itself, of five minutes and of 30 seconds for connecting, are off: `Timeout` alone bounds a call."""
    async with TalonOne("https://shop.invalid", KEY) as talon:
        transport = SessionTransport(talon._core.settings, Deadlines())
        assert {None} == {
            getattr(transport._session.timeout, name) for name in ("total", "connect", "sock_connect", "sock_read")
        }
        await transport.close()
