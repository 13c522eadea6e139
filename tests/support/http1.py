"""Connections without a network, which are fed with bytes."""

from __future__ import annotations

import zlib
from typing import Any

from talon_async._messages import Answer
from talon_async._transport.deadlines import Attempt
from talon_async._transport.http1 import Connection
from talon_async.config import Limits
from talon_async.errors import TalonOneError

OK = b"HTTP/1.1 200 OK\r\n"
PLAIN = OK + b"Content-Length: 2\r\n\r\n{}"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
UNTIL_END = OK + b"\r\n"
BODY = b'{"a": "' + b"x" * 300 + b'"}'


class Transport:
    """Keeps the bytes that are written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.unsent, self.ended = 0, ""

    def get_extra_info(self, _: str) -> None:
        return None

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return bool(self.ended)

    def close(self) -> None:
        self.ended = self.ended or "closed"

    def abort(self) -> None:
        self.ended = "aborted"


class Exchange:
    """A connection on which a request has been written."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.transport, self.attempt = Transport(), Attempt()
        self.connection = Connection(limits or Limits(), set())
        self.connection.connection_made(self.transport)  # type: ignore[arg-type]  # as much as it needs
        self.ask()

    def ask(self) -> None:
        self.attempt.answer = None
        self.answered = self.connection.ask(self.attempt, b"request")

    def feed(self, *parts: bytes) -> Exchange:
        for part in parts:
            self.connection.data_received(part)
        return self

    @property
    def answer(self) -> Answer:
        return self.answered.result()

    @property
    def error(self) -> TalonOneError:
        error = self.answered.exception()
        assert isinstance(error, TalonOneError)
        return error

    @property
    def is_reusable(self) -> bool:
        return self.connection.is_reusable(0, 200)


def encoded(body: bytes, coding: bytes = b"gzip") -> bytes:
    return OK + b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (coding, len(body)) + body


def raw_deflate(body: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(body) + deflater.flush()
