"""Connections that must not serve again, and calls that end with them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
import traceback
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import trustme
from support.raw import Exchange, RawServer, answer, hang, in_parts, then_hang
from support.twins import KEY

from talon_async import Limits, RetryPolicy, TalonOne, Timeout
from talon_async.errors import APIError, ClientClosedError, ConnectError, TalonOneError, UnreadableAnswerError
from talon_async.models import CustomerProfileIntegrationRequestV2, NewEvent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

EVENT = NewEvent(type="t", session_id="s", profile_id="p", attributes={})
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ONCE = RetryPolicy.off()


def certificates() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's certificate, and a context of a client that trusts it."""
    authority = trustme.CA()
    shown, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(shown)
    authority.configure_trust(trusting)
    return shown, trusting


@pytest.mark.parametrize("kind", ["awaited", "awaited-direct"])
async def test_all_requests_are_out_at_once_when_the_limit_allows_for_them(client: Any) -> None:
    """No other bound than `Limits.connections` holds requests back."""
    count = 110

    async def when_all_are_here(exchange: Exchange) -> None:
        while len(server.received) < count:
            await asyncio.sleep(0.01)
        await exchange.send(answer({}))

    with RawServer(when_all_are_here) as server:
        talon = client(server.url, retry=ONCE, limits=Limits(connections=count))
        await asyncio.gather(*[talon.get_customer_inventory("a") for _ in range(count)])


async def test_the_server_of_a_borrowed_session_is_found_when_it_has_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lender's connector, too, looks a name up again when no connection can be made."""
    look_up, where = socket.getaddrinfo, ["127.0.0.2"]
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, *args, **options: look_up(where[0], *args, **options))
    with RawServer(answer({})) as server:
        async with aiohttp.ClientSession() as session:
            url = server.url.replace("127.0.0.1", "shop.localhost")
            talon = TalonOne(url, KEY, session=session, retry=ONCE)
            with pytest.raises(ConnectError):
                await talon.get_customer_inventory("a")
            where[0] = "127.0.0.1"
            await talon.get_customer_inventory("a")
            await talon.aclose()


async def test_an_answer_is_refused_when_what_exceeds_the_limit_comes_later(client: Any) -> None:
    """An answer that has as many bytes as the limit, and then goes on, is refused."""
    body = b'{"profile": {"id": 7}}'
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    more = in_parts(chunked + b"%x\r\n%s\r\n" % (len(body), body), b"1\r\n \r\n0\r\n\r\n")
    with RawServer(more) as server:
        talon = client(server.url, retry=ONCE, limits=Limits(response_bytes=len(body)))
        with pytest.raises(UnreadableAnswerError, match="larger than 22 bytes"):
            await talon.get_customer_inventory("a")
        larger = client(server.url, retry=ONCE, limits=Limits(response_bytes=len(body) + 1))
        assert (await larger.get_customer_inventory("a")).profile.id == 7


@pytest.mark.parametrize("tls", [False, True])
async def test_a_connection_is_not_kept_when_the_answer_came_before_the_request_was_read(tls: bool) -> None:
    """A connection whose answer came before its request was sent is not used again.

    The rest of that request would come before the next one.
    """
    shown, trusting = certificates() if tls else (None, None)
    heads: list[bytes] = []
    left = asyncio.Semaphore(0)

    async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            small = b"content-length: 2\r\n" in heads[-1].lower()
            writer.write(answer({}) if small else answer({"message": "too large"}, status=413))
            await reader.read()
        writer.transport.abort()
        left.release()

    server = await asyncio.start_server(refusing, "127.0.0.1", 0, limit=1024, ssl=shown)
    url = f"http{'s' if tls else ''}://localhost:{server.sockets[0].getsockname()[1]}"
    async with server, TalonOne(url, KEY, retry=ONCE, ssl=trusting) as talon:
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


async def test_an_answer_is_good_when_more_than_it_came(client: Any) -> None:
    """An answer is delivered if more bytes follow it, and its connection ends, also with TLS."""
    shown, trusting = certificates()
    body = b'{"event": {"type": "t"}}' + b" " * 260_000
    with RawServer(answer(body) + b"junk", tls=shown) as server:
        talon = client(server.url, retry=ONCE, ssl=trusting)
        for _ in range(3):
            assert "t" == (await talon.track_event(EVENT)).event.type


@pytest.mark.parametrize("borrowed", [False, True])
async def test_no_answer_is_given_to_another_call_when_one_came_unasked(borrowed: bool) -> None:
    """Bytes on an idle connection end it, also one of a borrowed connector, so they are not taken for an answer."""
    unasked = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def twice(exchange: Exchange) -> None:
        await exchange.send(answer({"event": {"type": "own"}}))
        await asyncio.sleep(0.05)
        await exchange.send(answer({"event": {"type": "unasked"}}))
        loop.call_soon_threadsafe(unasked.set)

    with RawServer(twice) as server:
        async with aiohttp.ClientSession() as session:
            talon = TalonOne(server.url, KEY, retry=ONCE, session=session if borrowed else None)
            for _ in range(3):
                unasked.clear()
                state = await talon.track_event(EVENT)
                assert state.event is not None
                assert "own" == state.event.type
                await unasked.wait()
                await asyncio.sleep(0.05)  # what was sent has yet to arrive
            await talon.aclose()
    assert 3 == server.connections


async def test_no_answer_is_given_to_another_call_when_it_came_to_the_lenders_own_request() -> None:
    """Bytes after the answer to the lender's own request are not taken for the answer of the client's next call."""

    async def twice(exchange: Exchange) -> None:
        await exchange.send(answer({}))
        await asyncio.sleep(0.05)
        await exchange.send(answer({}))

    with RawServer(twice) as server:
        async with aiohttp.ClientSession() as session:
            async with session.get(server.url) as response:
                await response.read()
            await asyncio.sleep(0.2)  # what is sent has yet to arrive
            talon = TalonOne(server.url, KEY, retry=ONCE, session=session)
            await talon.track_event(EVENT)
            await talon.aclose()
    assert 2 == server.connections


async def test_an_event_is_sent_on_a_new_connection_when_the_idle_one_ended_while_the_loop_was_busy() -> None:
    """An event goes to a new connection when the idle one has ended, even if the loop has not seen the end yet.

    On the old one it would be lost.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def then_ended(exchange: Exchange) -> None:
        await exchange.send(answer({}))
        exchange.close()
        loop.call_soon_threadsafe(ended.set)

    with RawServer(then_ended) as server:
        async with TalonOne(server.url, KEY, retry=ONCE) as talon:
            for _ in range(2):
                await talon.track_event(EVENT)
                time.sleep(0.2)  # the loop stands still, which is what the test is about
    assert 2 == len(server.received)


HALVES = {
    "length": HEAD + b"Content-Length: 50\r\n\r\n{",
    "chunked": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "until the end": HEAD + b"\r\n{",
}


@pytest.mark.parametrize("half", HALVES)
async def test_a_call_ends_when_the_client_is_closed_while_its_answer_comes(client: Any, half: str) -> None:
    """A call whose client is closed during the answer ends at once, and its error says that the server has acted."""
    with RawServer(then_hang(HALVES[half])) as server:
        talon = client(server.url)
        call = asyncio.ensure_future(talon.track_event(EVENT))
        while not server.received:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)  # the half has yet to arrive
        await talon.aclose()
        async with asyncio.timeout(5):
            with pytest.raises(ClientClosedError) as caught:
                await call
    assert "accepted" == caught.value.outcome


@pytest.mark.parametrize("kind", ["awaited"])
async def test_a_call_ends_when_a_borrowed_session_is_closed_under_it(client: Any) -> None:
    """A call on a borrowed session that its lender has closed ends as not sent."""
    with RawServer(answer({})) as server:
        async with aiohttp.ClientSession() as session:
            talon = client(server.url, session=session)
            await talon.get_customer_inventory("a")
        with pytest.raises(ClientClosedError) as caught:
            await talon.track_event(EVENT)
    assert ("not_sent", 1) == (caught.value.outcome, len(server.received))


async def large(exchange: Exchange) -> None:
    await exchange.send(answer(b"x" * 2_000_000))


@pytest.mark.parametrize(
    ("script", "error"), [(large, UnreadableAnswerError), (hang, TalonOneError), (then_hang(b"no http\r\n\r\n"), TalonOneError)]
)  # fmt: skip
async def test_the_key_is_in_no_frame_when_tools_show_the_locals_of_a_traceback(
    script: Callable[[Exchange], Awaitable[None]], error: type[TalonOneError]
) -> None:
    """No frame of a traceback holds the API key, as tools that report the locals of each frame would show it."""
    from talon_async import Limits

    with RawServer(script) as server:
        options: Any = {"limits": Limits(response_bytes=1000), "timeout": Timeout(total=1, attempt=0.3)}
        async with TalonOne(server.url, KEY, retry=ONCE, **options) as talon:
            with pytest.raises(error) as caught:
                await talon.track_event(EVENT)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    frames = shown[shown.index("talon_async/") :]
    assert KEY not in frames.replace(f"KEY = '{KEY}'", "")
