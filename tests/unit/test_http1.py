"""How answers are read: every rule of framing, fed as bytes into a connection without a network."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import pytest
from support.http1 import BODY, CHUNKED, OK, PLAIN, UNTIL_END, Exchange, encoded, raw_deflate

from talon_async.errors import ConnectionLostError, UnreadableAnswerError

CHUNKS = b'3;a=b;c="d"\r\n{"a\r\n5\r\n": 1}\r\n0\r\nX-Trailer: 1\r\n\r\n'
COMPLETE = {
    "length": (PLAIN, 200, b"{}"),
    "no body": (OK + b"Content-Length: 0\r\n\r\n", 200, b""),
    "chunks, extensions, trailers": (CHUNKED + CHUNKS, 200, b'{"a": 1}'),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
    "204 with a coding": (b"HTTP/1.1 204 No Content\r\nContent-Encoding: br\r\n\r\n", 204, b""),
    "304 with a transfer coding": (b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: gzip\r\n\r\n", 304, b""),
    "304 with a length": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, b""),
    "interim answers": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + PLAIN, 200, b"{}"),
    "no reason": (b"HTTP/1.1 409\r\nContent-Length: 0\r\n\r\n", 409, b""),
    "gzip": (encoded(gzip.compress(BODY)), 200, BODY),
    "gzip, two members": (encoded(gzip.compress(BODY[:9]) + gzip.compress(BODY[9:])), 200, BODY),
    "x-gzip": (encoded(gzip.compress(BODY), b"X-GZip"), 200, BODY),
    "deflate": (encoded(zlib.compress(BODY), b"deflate"), 200, BODY),
    "bare deflate": (encoded(raw_deflate(BODY), b"deflate"), 200, BODY),
    "identity": (encoded(BODY, b"identity"), 200, BODY),
    "gzip of nothing": (OK + b"Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", 200, b""),
}


@pytest.mark.parametrize("name", COMPLETE)
async def test_an_answer_is_read_when_it_comes_at_once(name: str) -> None:
    """An answer that comes at once is complete with any framing, and its connection may serve again."""
    data, status, body = COMPLETE[name]
    exchange = Exchange().feed(data)
    assert (status, body, True) == (exchange.answer.status, exchange.answer.body, exchange.is_reusable)


@pytest.mark.parametrize("name", COMPLETE)
async def test_an_answer_is_read_when_it_is_split_anywhere(name: str) -> None:
    """An answer in two packets is the same as in one, wherever the first packet ends."""
    data, status, body = COMPLETE[name]
    for position in range(1, len(data)):
        exchange = Exchange().feed(data[:position], data[position:])
        assert (status, body, True) == (exchange.answer.status, exchange.answer.body, exchange.is_reusable)


@pytest.mark.parametrize("name", COMPLETE)
async def test_an_answer_is_read_when_it_comes_byte_by_byte(name: str) -> None:
    """An answer that comes byte by byte is the same.

    Headers of interim answers and trailers are not among its headers.
    """
    data, status, body = COMPLETE[name]
    exchange = Exchange().feed(*[data[index : index + 1] for index in range(len(data))])
    assert (status, body, True) == (exchange.answer.status, exchange.answer.body, exchange.is_reusable)
    assert not {"link", "x-trailer"} & {header.lower() for header in exchange.answer.headers}


@pytest.mark.parametrize("name", ["length", "chunks, extensions, trailers", "gzip", "bare deflate"])
async def test_an_answer_is_cut_off_when_the_connection_ends_anywhere_in_it(name: str) -> None:
    """An answer that is cut off in its head has an unknown outcome. Cut off after its head, it was accepted."""
    data = COMPLETE[name][0]
    head = data.index(b"\r\n\r\n") + 4
    for position in range(len(data)):
        exchange = Exchange().feed(*filter(None, [data[:position]]))
        exchange.connection.eof_received()
        assert (ConnectionLostError if position < head else UnreadableAnswerError) is type(exchange.error)
        assert (position >= head) is (exchange.attempt.answer is not None)


async def test_several_answers_are_read_when_exchanges_follow_each_other() -> None:
    """One parser reads all answers of a connection, and nothing of one answer is left for the next."""
    exchange = Exchange()
    for data, status, body in [*COMPLETE.values(), *COMPLETE.values()]:
        exchange.feed(data)
        assert (status, body, True) == (exchange.answer.status, exchange.answer.body, exchange.is_reusable)
        exchange.ask()


async def test_the_attempt_knows_the_status_when_the_head_is_here() -> None:
    """The status of an answer is known as soon as its head is read."""
    exchange = Exchange().feed(OK + b"Content-Length: 2\r\n\r\n")
    assert exchange.attempt.answer is not None
    assert (200, b"", False) == (exchange.attempt.answer.status, exchange.attempt.answer.body, exchange.answered.done())


async def test_headers_are_found_when_their_case_differs() -> None:
    """A header is found in any case. A header that came twice has both values, and its name gives the first one."""
    exchange = Exchange().feed(OK + b"X-A: 1\r\nContent-Length: 0\r\nx-a: \xc3\xa4\r\nX-Empty:\r\n\r\n")
    headers: Any = exchange.answer.headers
    assert ("1", ["1", "ä"], "", None) == (
        headers.get("x-A"), headers.getall("X-a"), headers["x-empty"], headers.get("x-b"),
    )  # fmt: skip
    assert [("X-A", "1"), ("Content-Length", "0"), ("x-a", "ä"), ("X-Empty", "")] == list(headers.items())
    assert (4, ["1", "0", "ä", ""], True) == (len(headers), list(headers.values()), "content-length" in headers)
    assert list(headers.keys()) == list(headers)


# -- the end of the connection


@pytest.mark.parametrize("parts", [[UNTIL_END + b"{}"], [UNTIL_END, b"{", b"}"]])
async def test_an_answer_without_length_is_complete_when_the_connection_ends(parts: list[bytes]) -> None:
    """An answer without a length is complete when its connection ends, and the connection is not used again."""
    exchange = Exchange().feed(*parts)
    assert not exchange.answered.done()
    exchange.connection.eof_received()
    assert (b"{}", False) == (exchange.answer.body, exchange.is_reusable)


async def test_a_compressed_answer_without_length_is_complete_when_the_connection_ends() -> None:
    """A compressed answer without a length is complete if the compressed data are."""
    exchange = Exchange().feed(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(BODY))
    exchange.connection.eof_received()
    assert BODY == exchange.answer.body


async def test_an_answer_without_length_is_cut_off_when_the_connection_breaks() -> None:
    """An answer without a length is cut off if its connection is reset."""
    exchange = Exchange().feed(UNTIL_END + b"{}")
    exchange.connection.connection_lost(ConnectionResetError())
    assert (UnreadableAnswerError, "accepted") == (type(exchange.error), exchange.error.outcome)


async def test_an_answer_without_length_is_cut_off_when_the_client_closes() -> None:
    """An answer without a length is cut off if the client closes its connection."""
    exchange = Exchange().feed(UNTIL_END + b"{}")
    exchange.connection.close()
    assert (UnreadableAnswerError, "aborted") == (type(exchange.error), exchange.transport.ended)


@pytest.mark.parametrize("problem", [None, ConnectionResetError()])
async def test_the_outcome_is_unknown_when_the_connection_is_lost_before_an_answer(problem: Exception | None) -> None:
    """A connection that is lost before an answer leaves the outcome unknown."""
    exchange = Exchange()
    exchange.connection.connection_lost(problem)
    assert (ConnectionLostError, "unknown") == (type(exchange.error), exchange.error.outcome)
    assert exchange.connection.lost.done()


NOT_KEPT = {
    "Connection: close": OK + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}",
    "close among others": OK + b"Connection: a, close\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "a second answer": PLAIN + OK + b"X-A: 1\r\nContent-Length: 5\r\n\r\nother",
    "the start of a second answer": PLAIN + b"H",
    "junk": PLAIN + b"junk",
    "junk behind close": OK + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}junk",
}


@pytest.mark.parametrize("name", NOT_KEPT)
async def test_a_connection_is_not_kept_when_the_answer_ends_it_or_more_follows(name: str) -> None:
    """An answer that ends its connection, or is followed by more bytes, is delivered without them.

    The connection is not kept.
    """
    exchange = Exchange().feed(NOT_KEPT[name])
    assert (b"{}", False) == (exchange.answer.body, exchange.is_reusable)
    assert "x-a" not in exchange.answer.headers


async def test_a_connection_is_not_kept_when_the_request_was_not_written_whole() -> None:
    """A connection whose request was not written completely is not kept.

    The rest would come before the next request.
    """
    exchange = Exchange()
    exchange.transport.unsent = 1
    exchange.feed(PLAIN)
    assert not exchange.is_reusable


@pytest.mark.parametrize("data", [PLAIN, b"x", b"\r\n"])
async def test_an_idle_connection_ends_when_bytes_come(data: bytes) -> None:
    """Bytes on an idle connection end it, because no request asked for them."""
    exchange = Exchange().feed(PLAIN)
    exchange.feed(data)
    assert (False, "aborted") == (exchange.connection.usable, exchange.transport.ended)


async def test_an_idle_connection_ends_when_its_end_comes() -> None:
    """An idle connection whose end comes is not used again, even if it is not closed yet."""
    exchange = Exchange().feed(PLAIN)
    exchange.connection.eof_received()
    assert not exchange.connection.usable


# -- what is not HTTP, or not as it should be

NOT_HTTP = {
    "another protocol": b"SSH-2.0-OpenSSH\r\n\r\n",
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "length and chunks": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
    "chunks and length": OK + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
    "a negative length": OK + b"Content-Length: -2\r\n\r\n{}",
    "a length with a sign": OK + b"Content-Length: +2\r\n\r\n{}",
    "an endless length": OK + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
    "a NUL": OK + b"X: a\0b\r\n\r\n",
    "a folded header": OK + b"X: a\r\n b\r\n\r\n",
    "a space before the colon": OK + b"X : a\r\n\r\n",
    "no carriage returns": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "no status": b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
    "two digits": b"HTTP/1.1 20 OK\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_HTTP)
async def test_the_outcome_is_unknown_when_the_head_is_not_http(name: str) -> None:
    """A head that is not HTTP leaves the outcome unknown and ends the connection."""
    exchange = Exchange().feed(NOT_HTTP[name])
    assert (ConnectionLostError, False) == (type(exchange.error), exchange.connection.usable)
    assert "not HTTP" in exchange.error.message
    assert exchange.attempt.answer is None


@pytest.mark.parametrize("name", ["two lengths", "length and chunks", "chunks and length"])
async def test_the_error_names_the_header_when_the_length_is_ambiguous(name: str) -> None:
    """An answer whose length is ambiguous is refused with the header's name. It may smuggle another answer in."""
    assert "Content-Length" in Exchange().feed(NOT_HTTP[name]).error.message


@pytest.mark.parametrize("more", [b"", b"Upgrade: websocket\r\nConnection: upgrade\r\n"])
async def test_the_outcome_is_unknown_when_the_server_switches_protocols(more: bytes) -> None:
    """An answer of 101 leaves the outcome unknown, because the connection speaks another protocol from then on."""
    exchange = Exchange().feed(b"HTTP/1.1 101 Switching\r\n" + more + b"\r\nabc")
    assert ("unknown", False) == (exchange.error.outcome, exchange.connection.usable)
    assert "101" in exchange.error.message


DAMAGED = {
    "chunk size": CHUNKED + b"zz\r\n",
    "chunk without end": CHUNKED + b"1\r\n{x\r\n",
    "gzip": encoded(b"no gzip at all"),
    "gzip, cut off": encoded(gzip.compress(BODY)[:-9]),
    "gzip, wrong checksum": encoded(gzip.compress(BODY)[:-8] + b"\0" * 8),
    "gzip, more behind": encoded(gzip.compress(BODY) + b"more"),
    "deflate, cut off": encoded(zlib.compress(BODY)[:-5], b"deflate"),
    "deflate, more behind": encoded(zlib.compress(BODY) + b"more", b"deflate"),
    "unknown coding": encoded(BODY, b"br"),
    "two codings": encoded(gzip.compress(gzip.compress(BODY)), b"gzip, gzip"),
    "two coding headers": OK + b"Content-Encoding: br\r\n" + encoded(gzip.compress(BODY)).removeprefix(OK),
    "unknown transfer coding": OK + b"Transfer-Encoding: gzip\r\n\r\n",
    "two transfer codings": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", DAMAGED)
async def test_the_server_has_accepted_when_the_body_is_damaged(name: str) -> None:
    """A damaged body ends the connection, and the request was accepted."""
    exchange = Exchange().feed(DAMAGED[name])
    assert (UnreadableAnswerError, "accepted") == (type(exchange.error), exchange.error.outcome)
    assert exchange.attempt.answer is not None
    assert (200, b"", False) == (
        exchange.attempt.answer.status, exchange.attempt.answer.body, exchange.connection.usable,
    )  # fmt: skip
