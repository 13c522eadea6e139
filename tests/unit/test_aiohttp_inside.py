"""What the session transport takes from inside aiohttp. When a release of aiohttp changes it, the test says what."""

from __future__ import annotations

import aiohttp
from support.raw import RawServer, answer, fin
from support.twins import KEY

from talon_async import RetryPolicy, TalonOne
from talon_async._transport.session import Connector, SessionTransport


async def test_sessions_ask_their_connector_to_connect_when_they_send() -> None:
    """`ClientSession` calls `connector.connect(...)`, once for each request, with the request and options."""
    asked: list[object] = []

    class Counting(aiohttp.TCPConnector):
        async def connect(self, *request: object, **options: object) -> aiohttp.connector.Connection:
            asked.append(request[0])
            return await super().connect(*request, **options)  # type: ignore[arg-type]

    with RawServer(answer({})) as server:
        async with aiohttp.ClientSession(connector=Counting()) as session:
            for _ in range(2):
                async with session.get(server.url) as response:
                    await response.read()
    assert ["ClientRequest", "ClientRequest"] == [type(request).__name__ for request in asked]


async def test_a_connections_protocol_tells_whether_it_can_serve() -> None:
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
    """`ClientSession._retry_connection` is what switches it off: without it a GET goes out twice."""
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


async def test_a_connector_keeps_its_connections_where_they_are_looked_for() -> None:
    """`_conns` holds the idle ones by destination, as pairs with a time; `_acquired` those that are in use."""
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
