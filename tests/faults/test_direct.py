"""The direct transport on real connections: which of them serve again, and which end."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
import threading
import time
from typing import Any

import pytest
from support.direct import KEY, TLS, Caller, both, calling, certificates
from support.raw import EMPTY, Exchange, RawServer, answer, fin, hang, in_parts, reset, then_cut, then_hang

from talon_async.config import Limits
from talon_async.errors import (
    ConnectionLostError,
    TalonOneError,
    UnreadableAnswerError,
)

# -- the request


async def test_the_request_is_written_as_http_says_when_it_has_a_body() -> None:
    """The request line is the path of the base URL and of the operation, and the headers are those of HTTP."""
    with RawServer(answer({})) as server:
        async with calling(server.url + "/prefix/", headers={"X-Own": "1"}) as caller:
            await caller.call(b"{1}")
    sent = server.received[0]
    assert ("POST /prefix/v2/x?a=b HTTP/1.1", b"{1}") == (sent.line, sent.body)
    expected = {
        "host": f"127.0.0.1:{server.port}", "authorization": f"ApiKey-v1 {KEY}", "idempotency-key": "id-key", "x-own": "1",
        "content-type": "application/json", "content-length": "3", "accept-encoding": "gzip, deflate",
    }  # fmt: skip
    assert expected == {name: sent.headers.get(name) for name in expected}


@pytest.mark.parametrize(("method", "length"), [("GET", None), ("DELETE", "0"), ("POST", "0"), ("PUT", "0")])
async def test_a_request_has_no_type_when_it_has_no_body(method: str, length: str | None) -> None:
    """A request without a body has no Content-Type, and a Content-Length of 0 only where a body could be expected."""
    with RawServer(EMPTY) as server:
        async with calling(server.url) as caller:
            assert 204 == (await caller.call(None, method)).status
    headers = server.received[0].headers
    assert (length, None) == (headers.get("content-length"), headers.get("content-type"))


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://münchen.example", "xn--mnchen-3ya.example"), ("http://[::1]:8080", "[::1]:8080"), ("http://a.example:80", "a.example")],
)  # fmt: skip
async def test_the_host_is_written_as_http_says_when_it_is_international_or_ipv6(url: str, host: str) -> None:
    """The Host header encodes international names, puts IPv6 in brackets, and leaves out the default port."""
    assert f"\r\nHost: {host}\r\n" in Caller(url).transport._common


# -- reuse


@TLS
@pytest.mark.parametrize(
    "data", [answer({}), EMPTY, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"]
)
async def test_a_connection_serves_again_when_its_answer_is_complete(data: bytes, tls: bool) -> None:
    """One connection serves all calls that follow each other."""
    shown, trusting = both(tls)
    with RawServer(data, tls=shown) as server:
        async with calling(server.url, ssl=trusting) as caller:
            for _ in range(5):
                await caller.call()
    assert (1, 5) == (server.connections, len(server.received))


async def test_a_connection_serves_again_when_tls_has_sent_tickets_while_it_was_idle() -> None:
    """A connection stays usable when TLS has sent session tickets, which make its socket readable without an answer."""
    shown, trusting = certificates()
    with RawServer(answer({}), tls=shown) as server:
        async with calling(server.url, ssl=trusting) as caller:
            for _ in range(10):
                await caller.transport.connect(5)
                time.sleep(0.03)  # the loop stands still, so that it has not read what TLS has sent meanwhile
                await caller.call()
    assert (1, 10) == (server.connections, len(server.received))


@TLS
async def test_no_answer_is_given_to_another_call_when_it_comes_while_the_loop_is_busy(tls: bool) -> None:
    """An answer that came to an idle connection while the loop was busy is not given to the next call."""
    sent = threading.Event()
    shown, trusting = both(tls)

    async def twice(exchange: Exchange) -> None:
        await exchange.send(answer("own"))
        await asyncio.sleep(0.02)
        await exchange.send(answer("unasked"))
        sent.set()

    with RawServer(twice, tls=shown) as server:
        async with calling(server.url, ssl=trusting) as caller:
            for _ in range(5):
                sent.clear()
                assert b'"own"' == (await caller.call()).body
                sent.wait(5)  # the loop stands still
    assert 5 == server.connections


@TLS
async def test_a_request_goes_to_a_new_connection_when_the_idle_one_ended_while_the_loop_was_busy(tls: bool) -> None:
    """A request goes to a new connection when the idle one ended while the loop was busy.

    On the old one it would be lost.
    """
    ended = threading.Event()
    shown, trusting = both(tls)

    async def then_ended(exchange: Exchange) -> None:
        await exchange.send(answer({}))
        exchange.close()
        await asyncio.sleep(0.02)  # the end has yet to leave
        ended.set()

    with RawServer(then_ended, tls=shown) as server:
        async with calling(server.url, ssl=trusting) as caller:
            for _ in range(5):
                ended.clear()
                await caller.call()
                ended.wait(5)  # the loop stands still
    assert (5, 5) == (server.connections, len(server.received))


async def test_a_connection_is_not_kept_when_the_answer_says_so() -> None:
    """A connection whose answer says `close` is closed, and the next call has a new one."""
    with RawServer(answer({}, headers={"Connection": "close"})) as server:
        async with calling(server.url) as caller:
            for _ in range(3):
                await caller.call()
    assert 3 == server.connections


@TLS
@pytest.mark.parametrize(
    ("said", "error"),
    [
        (answer({}, headers={"Connection": "close"}), None),
        (b"garbage\r\n\r\n", ConnectionLostError),
        (answer(b"x" * 50), UnreadableAnswerError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", UnreadableAnswerError),
    ],
)
async def test_a_connection_is_closed_when_it_cannot_serve_again(
    tls: bool, said: bytes, error: type[TalonOneError] | None
) -> None:
    """The server leaves it open, and so it would stay."""
    shown, trusting = both(tls)
    with RawServer(then_hang(said), tls=shown) as server:
        async with calling(server.url, ssl=trusting, limits=Limits(response_bytes=40)) as caller:
            with contextlib.nullcontext() if error is None else pytest.raises(error):
                await caller.call()
            async with asyncio.timeout(10):
                await asyncio.gather(*(connection.lost for connection in caller.transport._dialer.connections))
            assert 0 == caller.open


@TLS
async def test_the_first_answer_is_good_when_a_second_one_follows_at_once(tls: bool) -> None:
    """The first of two answers is delivered, and its connection ends."""
    shown, trusting = both(tls)
    with RawServer(answer("own") + answer("other"), tls=shown) as server:
        async with calling(server.url, ssl=trusting) as caller:
            for _ in range(3):
                assert b'"own"' == (await caller.call()).body
    assert 3 == server.connections


async def test_the_latest_connection_serves_first_when_several_are_idle() -> None:
    """The connection that was used last serves first.

    Connections that a smaller load does not need become old and end.
    """
    with RawServer(answer({})) as server:
        async with calling(server.url) as caller:
            await asyncio.gather(caller.call(), caller.call())
            first, last = caller.transport._idle
            for _ in range(3):
                await caller.call()
                assert [first, last] == caller.transport._idle
    served = [exchange.writer for exchange in server.received]
    assert 1 == len({id(writer) for writer in served[2:]})


async def test_a_connection_is_ready_when_one_was_asked_for() -> None:
    """A connection that was asked for serves the first request. Asking again makes no other."""
    with RawServer(answer({})) as server:
        async with calling(server.url) as caller:
            await caller.transport.connect(5)
            await caller.transport.connect(5)
            assert 1 == len(caller.transport._idle)
            await caller.call()
    assert 1 == server.connections


# -- what goes wrong


@pytest.mark.parametrize(
    ("script", "kind", "outcome"),
    [
        (reset, ConnectionLostError, "unknown"),
        (fin, ConnectionLostError, "unknown"),
        (then_cut(b"HTTP/1.1 200 OK\r\nContent-"), ConnectionLostError, "unknown"),
        (then_cut(b"SSH-2.0\r\n\r\n"), ConnectionLostError, "unknown"),
        (then_cut(b"HTTP/1.1 101 Switching\r\n\r\n"), ConnectionLostError, "unknown"),
        (then_cut(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), UnreadableAnswerError, "accepted"),
        (then_hang(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), UnreadableAnswerError, "accepted"),
    ],
)  # fmt: skip
async def test_the_error_tells_whether_the_server_may_have_acted_when_an_answer_fails(
    script: Any, kind: type[TalonOneError], outcome: str
) -> None:
    """The error of a failed answer has the outcome of the call, and the connection is not used again."""
    with RawServer(script) as server:
        async with calling(server.url) as caller:
            for _ in range(2):
                with pytest.raises(kind) as caught:
                    await caller.call()
                assert outcome == caught.value.outcome
            await asyncio.sleep(0)
            assert not caller.transport._idle
    assert 2 == server.connections


@TLS
async def test_an_answer_without_length_is_read_when_it_lasts_until_the_end(tls: bool) -> None:
    """An answer without a length is complete when its connection ends."""
    shown, trusting = both(tls)
    with RawServer(in_parts(b"HTTP/1.1 200 OK\r\n\r\n{", b"}"), tls=shown) as server:
        async with calling(server.url, ssl=trusting) as caller:
            for _ in range(2):
                assert b"{}" == (await caller.call()).body
    assert 2 == server.connections


@pytest.mark.parametrize(
    ("script", "outcome"),
    [(hang, "unknown"), (then_hang(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), "accepted")],
)
async def test_an_attempt_ends_when_its_time_is_over(script: Any, outcome: str) -> None:
    """An attempt whose time is over ends, and its connection is closed."""
    with RawServer(script) as server:
        async with calling(server.url) as caller:
            with pytest.raises(TalonOneError) as caught:
                await caller.call(seconds=0.1)
            assert outcome == caught.value.outcome
            await asyncio.sleep(0.01)
            assert 0 == caller.open


async def test_an_answer_is_not_lost_when_the_loop_stood_still_beyond_the_deadline() -> None:
    """An answer that arrived while the loop stood still beyond the deadline is read before the attempt ends."""
    sent = threading.Event()

    async def tell(exchange: Exchange) -> None:
        await exchange.send(answer("here"))
        sent.set()

    with RawServer(answer({}), tell) as server:
        async with calling(server.url) as caller:
            await caller.call()
            call = asyncio.ensure_future(caller.call(seconds=0.1))
            await asyncio.sleep(0)
            sent.wait(5)
            time.sleep(0.2)  # the process stands still beyond the deadline
            assert b'"here"' == (await call).body


@pytest.mark.parametrize("cancelled", [False, True])
async def test_an_answer_wins_when_the_deadline_comes_before_the_task_runs_again(cancelled: bool) -> None:
    """A complete answer takes precedence over the cancellation of the deadline.

    A cancellation by the caller takes precedence over both.
    """
    with RawServer(answer("won")) as server:
        async with calling(server.url) as caller:
            await caller.call()
            call = asyncio.ensure_future(caller.call())
            (connection,) = caller.transport._dialer.connections
            await asyncio.sleep(0)
            while not connection.answered:
                await asyncio.sleep(0)
            assert not call.done()
            caller.attempt.expire()
            if cancelled:
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call
            else:
                assert b'"won"' == (await call).body
            assert cancelled is not connection.usable


# -- large requests


@TLS
async def test_a_large_request_arrives_when_the_server_reads_slowly(tls: bool) -> None:
    """A large request waits while the server reads slowly, and its connection serves again."""
    shown, trusting = both(tls)
    body = random.Random(1).randbytes(5_000_000)
    with RawServer(answer({}), tls=shown) as server:
        async with calling(server.url, ssl=trusting) as caller:
            for _ in range(2):
                await caller.call(body)
    assert (1, [body, body]) == (server.connections, [exchange.body for exchange in server.received])


@TLS
async def test_the_answer_is_delivered_when_it_comes_before_a_large_request_is_out(tls: bool) -> None:
    """An answer that comes before a large request is sent ends the writing and the connection.

    The next call has a new one.
    """
    shown, trusting = both(tls)
    lines: list[bytes] = []

    async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            lines.append(await reader.readuntil(b"\r\n"))
            writer.write(answer({}, status=413))
            await reader.read()
        writer.transport.abort()

    server = await asyncio.start_server(refusing, "127.0.0.1", 0, limit=1024, ssl=shown)
    url = f"http{'s' if tls else ''}://localhost:{server.sockets[0].getsockname()[1]}"
    async with server, calling(url, ssl=trusting) as caller:
        for _ in range(3):
            assert 413 == (await caller.call(b"x" * 20_000_000)).status
            for _ in range(20):
                await asyncio.sleep(0)
            assert 0 == caller.open  # without having sent what was left
        await caller.close()
        for _ in range(20):
            await asyncio.sleep(0.005)  # the server has yet to notice
    assert 3 == len(lines)


async def test_the_answer_is_delivered_when_the_server_closes_behind_it_during_a_large_request() -> None:
    """An answer is read before a write to the connection, which the server has closed behind it, can fail."""

    def refuse(listening: socket.socket) -> None:
        for _ in range(10):
            connection, _ = listening.accept()
            connection.recv(100)
            connection.sendall(answer({}, status=413))
            connection.close()  # with unread bytes: this is a reset

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=refuse, args=(listening,))
        thread.start()
        statuses = []
        async with calling(f"http://127.0.0.1:{listening.getsockname()[1]}") as caller:
            for _ in range(10):
                with contextlib.suppress(ConnectionLostError):  # the reset can overtake the answer inside the system
                    statuses.append((await caller.call(b"x" * 5_000_000)).status)
        thread.join()
    assert {413} == set(statuses)
