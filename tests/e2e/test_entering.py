"""What entering a client does: with the direct transport it opens the first connection."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

import pytest
from aioresponses import aioresponses
from support.raw import EMPTY, Exchange, RawServer, answer
from support.twins import KEY

from talon_async import RetryPolicy, TalonOne, TalonOneSync, Timeout
from talon_async._transport.direct import DirectTransport
from talon_async.errors import ClientClosedError, ConnectError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def slow(exchange: Exchange) -> None:
    await asyncio.sleep(0.2)
    await exchange.send(EMPTY)


async def test_the_connection_is_there_when_a_client_is_entered() -> None:
    """Entering a client opens one connection, which its calls use."""
    with RawServer(answer({})) as server:
        async with TalonOne(server.url, KEY, transport="direct") as talon:
            while not server.connections:  # the server may not have noticed yet
                await asyncio.sleep(0.01)
            for _ in range(2):
                await talon.get_customer_inventory("a")
        assert (1, 2) == (server.connections, len(server.received))


def test_the_connection_is_there_when_a_blocking_client_is_entered() -> None:
    """Entering a blocking client opens one connection, which its calls use."""
    with RawServer(answer({})) as server:
        with TalonOneSync(server.url, KEY, transport="direct") as talon:
            talon.get_customer_inventory("a")
        assert (1, 1) == (server.connections, len(server.received))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "https://nothing.invalid"])
async def test_a_client_can_be_entered_when_the_server_is_away(url: str) -> None:
    """A client without a server can be entered, and its first call raises the error."""
    async with TalonOne(url, KEY, retry=RetryPolicy.off()) as talon:
        with pytest.raises(ConnectError, match="no connection to"):
            await talon.get_customer_inventory("a")


@pytest.fixture
async def silent_port() -> AsyncIterator[int]:
    """Give a port whose backlog is full, so that connecting to it takes for ever."""
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
    """Entering a client waits no longer than the timeout of connecting, and then goes on."""
    async with asyncio.timeout(20):
        async with TalonOne(
            f"http://127.0.0.1:{silent_port}", KEY, timeout=Timeout(connect=0.1), transport="direct"
        ) as talon:
            assert talon._core.state()


async def test_nothing_stays_open_when_entering_is_cancelled(silent_port: int) -> None:
    """A client whose entering was cancelled holds nothing open, and can be entered again."""
    talon = TalonOne(f"http://127.0.0.1:{silent_port}", KEY, transport="direct")
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1), talon:
                pass
        assert not talon._core.states()


async def test_a_call_goes_on_when_entering_is_cancelled_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call goes on when entering its client is cancelled. Connections are closed only when no call uses them."""
    monkeypatch.setattr(DirectTransport, "connect", lambda *_: asyncio.sleep(60))
    with RawServer(slow) as server:
        talon = TalonOne(server.url, KEY, transport="direct")
        entering = asyncio.ensure_future(talon.__aenter__())
        while not talon._core.states():
            await asyncio.sleep(0)
        call = asyncio.ensure_future(talon.delete_customer_data("a"))
        while not server.received:
            await asyncio.sleep(0.01)
        entering.cancel()
        await call
        await asyncio.gather(entering, return_exceptions=True)
        await talon.aclose()
    assert (1, True) == (len(server.received), entering.cancelled())


async def test_one_connection_is_made_when_a_client_is_entered_many_times_at_once() -> None:
    """A client that is entered twenty times at once opens one connection."""
    with RawServer(answer({})) as server:
        talon = TalonOne(server.url, KEY, transport="direct")
        await asyncio.gather(*(talon.__aenter__() for _ in range(20)))
        await talon.get_customer_inventory("a")
        await talon.aclose()
        assert 1 == server.connections


async def test_a_call_ends_when_the_client_is_closed_while_it_connects(silent_port: int) -> None:
    """A call that is still connecting ends at once as not sent when its client is closed."""
    talon = TalonOne(f"http://127.0.0.1:{silent_port}", KEY, transport="direct")
    call = asyncio.ensure_future(talon.get_customer_inventory("a"))
    await asyncio.sleep(0.1)
    await talon.aclose()
    async with asyncio.timeout(2):
        with pytest.raises(ClientClosedError) as caught:
            await call
    assert "not_sent" == caught.value.outcome


async def test_nothing_is_connected_when_a_client_is_entered_under_a_mock() -> None:
    """A client that is entered under aioresponses opens no connection, so that a user's unit test reaches no server."""
    with RawServer(EMPTY) as server:
        with aioresponses():
            async with TalonOne(server.url, KEY):
                pass
        await asyncio.sleep(0.05)
    assert 0 == server.connections
