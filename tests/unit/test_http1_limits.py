"""Limits of an answer, the sending of a large request, and connections in a forked child."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import pytest
from support.http1 import CHUNKED, OK, PLAIN, Exchange, Transport, encoded

from talon_async._messages import Failure
from talon_async._transport.body import Body
from talon_async._transport.http1 import LARGE
from talon_async.config import Limits
from talon_async.errors import ConnectionLostError, UnreadableAnswerError

# -- limits

SMALL = Limits(response_bytes=100, response_head_bytes=200)
HEAD = OK + b"Content-Length: 0\r\n"


def with_head_of(size: int) -> bytes:
    return HEAD + b"X: " + b"x" * (size - len(HEAD) - 7) + b"\r\n\r\n"


@pytest.mark.parametrize("step", [1, 7, 1000])
async def test_a_head_is_read_when_it_is_as_large_as_the_limit(step: int) -> None:
    """A head as large as the limit is read. The limit counts every byte up to the empty line."""
    data = with_head_of(200)
    exchange = Exchange(SMALL).feed(*[data[start : start + step] for start in range(0, len(data), step)])
    assert 200 == exchange.answer.status


@pytest.mark.parametrize("step", [1, 7, 1000])
async def test_an_answer_is_refused_when_its_head_is_larger_than_the_limit(step: int) -> None:
    """A head beyond the limit is refused with an error that names the limit and is final."""
    data = with_head_of(201)
    exchange = Exchange(SMALL)
    for start in range(0, len(data), step):
        if not exchange.answered.done():
            exchange.feed(data[start : start + step])
    assert (Failure.FINAL, "unknown") == (exchange.error.failure, exchange.error.outcome)
    assert "Limits.response_head_bytes" in exchange.error.message


async def test_a_body_is_read_when_it_comes_with_a_head_near_the_limit() -> None:
    """A body that comes in the same packet does not count towards the limit of the head."""
    exchange = Exchange(Limits(response_head_bytes=200)).feed(OK + b"Content-Length: 50000\r\n\r\n" + b"x" * 50_000)
    assert 50_000 == len(exchange.answer.body)


async def test_an_answer_is_refused_when_interim_answers_do_not_end() -> None:
    """Interim answers share the limit of the head with the answer."""
    exchange = Exchange()
    while not exchange.answered.done():
        exchange.feed(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)
    assert "Limits.response_head_bytes" in exchange.error.message


@pytest.mark.parametrize("end", [b"0\r\nX: ", b"1;a="])
async def test_an_answer_is_refused_when_trailers_or_extensions_do_not_end(end: bytes) -> None:
    """Trailers and chunk extensions have the limit of the head."""
    exchange = Exchange().feed(CHUNKED + end)
    for _ in range(100):
        if not exchange.answered.done():
            exchange.feed(b"x" * 1000)
    assert (UnreadableAnswerError, True) == (type(exchange.error), "response_head_bytes" in exchange.error.message)


def of_size(size: int) -> dict[str, list[bytes]]:
    body = b"x" * size
    packed = gzip.compress(body)
    return {
        "at once": [OK + b"Content-Length: %d\r\n\r\n" % size + body],
        "in parts": [OK + b"Content-Length: %d\r\n\r\n" % size, body[:60], body[60:]],
        "chunks": [CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (size, body)],
        "gzip": [encoded(packed)],
        "gzip in parts": [encoded(packed)[:-10], packed[-10:]],
    }


@pytest.mark.parametrize("name", of_size(100))
async def test_a_body_is_read_when_it_is_as_large_as_the_limit(name: str) -> None:
    """A body as large as the limit is read. The limit counts the body after decompression."""
    assert b"x" * 100 == Exchange(SMALL).feed(*of_size(100)[name]).answer.body


@pytest.mark.parametrize("name", of_size(101))
async def test_an_answer_is_refused_when_its_body_is_larger_than_the_limit(name: str) -> None:
    """A body beyond the limit is refused with an error that names the limit, and the request was accepted."""
    exchange = Exchange(SMALL)
    for part in of_size(101)[name]:
        if not exchange.answered.done():
            exchange.feed(part)
    assert (UnreadableAnswerError, True) == (type(exchange.error), "Limits.response_bytes" in exchange.error.message)


@pytest.mark.parametrize("coding", [b"gzip", b"deflate"])
async def test_inflating_stops_when_a_bomb_passes_the_limit(coding: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousandth of a decompression bomb is refused, and at most one byte beyond the limit is inflated."""
    inflated: list[int] = []
    add = Body._add

    def counting(body: Body, data: bytes) -> None:
        inflated.append(len(data))
        add(body, data)

    monkeypatch.setattr(Body, "_add", counting)
    bomb = (gzip.compress if coding == b"gzip" else zlib.compress)(bytes(50_000_000))
    exchange = Exchange(Limits(response_bytes=10_000))
    exchange.feed(encoded(bomb, coding)[: len(bomb) // 100])
    assert "Limits.response_bytes" in exchange.error.message
    assert 10_001 == sum(inflated)


async def test_a_body_is_joined_when_it_comes_in_tiny_chunks() -> None:
    """The pieces of a body in tiny chunks are joined as they come, and not kept one by one."""
    exchange = Exchange().feed(CHUNKED, *[b"1\r\nx\r\n"] * 1000)
    assert not exchange.connection._pieces
    assert b"x" * 1000 == exchange.feed(b"0\r\n\r\n").answer.body


async def test_a_connection_needs_no_collector_when_it_is_lost() -> None:
    """A lost connection leaves no reference cycle with its parser."""
    exchange = Exchange().feed(PLAIN)
    exchange.connection.connection_lost(None)
    assert exchange.connection._parser is None


@pytest.mark.parametrize(
    ("size", "status", "kept"),
    [(LARGE, 413, True), (LARGE + 1, 200, True), (LARGE + 1, 300, False), (LARGE + 1, 413, False)],
)
async def test_a_tls_connection_is_not_kept_when_a_large_request_is_refused(size: int, status: int, kept: bool) -> None:
    """A TLS connection whose large request was refused is not kept. TLS does not tell whether all of it was written."""
    exchange = Exchange().feed(PLAIN)
    exchange.connection.is_tls = True
    assert kept is exchange.connection.is_reusable(size, status)


# -- large requests


def parts(transport: Transport) -> list[int]:
    return [len(data) for data in transport.written]


class Upload(Exchange):
    """A connection on which a large request is written."""

    def ask(self) -> None:
        self.attempt.answer = None
        self.answered = asyncio.ensure_future(self.connection.upload(self.attempt, b"head", b"x" * (2 * LARGE + 1)))


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_large_request_is_written_in_parts_when_there_is_room() -> None:
    """A large request is written in parts, head first, and the answer ends the exchange."""
    upload = Upload()
    await settle()
    assert [4, LARGE, LARGE, 1] == parts(upload.transport)
    upload.feed(PLAIN)
    assert (b"{}", True) == ((await upload.answered).body, upload.is_reusable)


async def test_a_large_request_waits_when_writing_is_paused() -> None:
    """A large request waits while writing is paused, and goes on when the transport has room."""
    upload = Upload()
    upload.connection.pause_writing()
    await settle()
    assert [4] == parts(upload.transport)
    upload.connection.resume_writing()
    await settle()
    assert [4, LARGE, LARGE, 1] == parts(upload.transport)
    upload.feed(PLAIN)
    await upload.answered


async def test_an_answer_is_delivered_when_it_comes_before_a_large_request_is_out() -> None:
    """An answer that comes before a large request is out ends the writing, and the connection is not used again."""
    upload = Upload()
    upload.connection.pause_writing()
    await settle()
    upload.feed(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
    assert 413 == (await upload.answered).status
    assert ([4], False) == (parts(upload.transport), upload.is_reusable)


async def test_a_large_request_fails_when_the_connection_breaks_under_it() -> None:
    """A large request fails when its connection breaks, and does not wait for room."""
    upload = Upload()
    upload.connection.pause_writing()
    await settle()
    upload.connection.connection_lost(ConnectionResetError())
    with pytest.raises(ConnectionLostError):
        await upload.answered


async def test_a_large_request_fails_when_the_answer_to_it_is_not_good() -> None:
    """It does not wait for room either, where the server reads no further and leaves the connection open."""
    upload = Upload()
    upload.connection.pause_writing()
    await settle()
    upload.feed(b"garbage\r\n\r\n")
    async with asyncio.timeout(10):
        with pytest.raises(ConnectionLostError, match="not HTTP"):
            await upload.answered
    assert [4] == parts(upload.transport)


async def test_an_answer_is_read_first_when_it_is_here_before_the_next_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is there before the next part is read first, because a failed write would discard it."""
    upload = Upload()
    monkeypatch.setattr(upload.connection, "is_readable", lambda _: not upload.answered.done())
    asyncio.get_running_loop().call_soon(upload.feed, PLAIN)
    assert (b"{}", [4]) == ((await upload.answered).body, parts(upload.transport))


async def test_the_request_is_in_no_frame_when_writing_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """No frame of the traceback of a failed write holds the request, which has the key."""
    exchange = Exchange().feed(PLAIN)
    monkeypatch.setattr(exchange.transport, "write", lambda _: {}["missing"])
    with pytest.raises(KeyError) as caught:
        exchange.connection.ask(exchange.attempt, b"secret")
    assert "data" not in caught.traceback[1].frame.f_locals


# -- forks


async def test_a_connection_is_left_alone_when_the_process_is_a_forked_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forked child neither aborts nor closes the transport of its parent's connection."""
    monkeypatch.setattr("talon_async._transport.threads._PARENTS", kept := [])
    exchange, other = Exchange(), Exchange().feed(PLAIN)
    monkeypatch.setattr("os.getpid", lambda: -1)
    exchange.connection.abort()
    other.connection.close()
    assert ("", "") == (exchange.transport.ended, other.transport.ended)
    assert [exchange.connection, other.connection] == kept
