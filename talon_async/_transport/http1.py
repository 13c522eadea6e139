"""One HTTP/1.1 connection, from its first byte to its last (RFC 9112). llhttp reads the answers, through httptools.

1. A connection serves one exchange after the other. `ask` or `upload` begins an exchange; its future holds the answer.
2. Another exchange may follow only if `is_reusable` says so: the answer was complete and left the connection open,
   nothing came behind it, and all of the request was written. Bytes that arrive while it is idle end the connection.
3. The head of an answer, together with the interim answers (1xx) before it, is bounded in raw bytes before the parser
   sees them, because httptools joins the parts of a header at a quadratic cost. So are trailers.
4. An answer with neither length nor chunks lasts until the end of the connection. httptools cannot be told of that end
   (it has no `finish`), so `_end` decides whether the answer is complete.
5. httptools reports trailers, and bytes that follow the answer, with the callbacks for headers. A header that it
   reports outside of a head is ignored. A report while no answer is expected ends the connection.
6. In a forked child the connection belongs to the parent. Closing it in the child would remove it from the selector
   that both processes share.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, cast

import httptools

from talon_async._messages import Answer
from talon_async._transport.body import Body
from talon_async._transport.deadlines import let_loop_read
from talon_async._transport.faults import (
    FIRST_FINAL_STATUS,
    SWITCHING_PROTOCOLS,
    body_too_large,
    head_too_large,
    no_status,
    switched_protocols,
    trailer_too_large,
)
from talon_async._transport.headers import Headers
from talon_async._transport.sockets import readable_check
from talon_async._transport.threads import keep_for_parent
from talon_async.errors import ConnectionLostError, UnreadableAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_async._transport.deadlines import Attempt
    from talon_async.config import Limits
    from talon_async.errors import TalonOneError

LARGE = 1 << 16
"""Bytes of the largest body that is written together with the head. A larger body is written in parts of this size."""
NOT_HTTP = httptools.HttpParserError, httptools.HttpParserUpgrade
"""The errors of the parser. Their texts are constants of llhttp and hold no part of the answer."""
FRAMING = frozenset({b"content-length", b"transfer-encoding", b"content-encoding"})
"""The headers that say how to read the body."""
WITHOUT_BODY = (204, 304)
"""The statuses whose answers end with the head, whatever their headers say (RFC 9112 6.3)."""


class Connection(asyncio.Protocol):
    """One connection.

    Attributes:
        transport: the transport that asyncio made for the connection.
        is_tls: whether the connection is encrypted.
        usable: whether another exchange may follow.
        answered: whether the answer to the last request was complete.
        lost: a future that is done when the connection is closed.
        is_readable: called with 0, it tells whether the socket has bytes, or its end, that the loop has not read yet.
    """

    __slots__ = (
        "_answer", "_attempt", "_body", "_fields", "_framing", "_head_size", "_in_head", "_limits", "_loop", "_open",
        "_overhead", "_parser", "_paused", "_pid", "_pieces", "_resumed", "_waiter", "answered", "is_readable",
        "is_tls", "lost", "on_body", "transport", "usable",
    )  # fmt: skip
    transport: asyncio.Transport
    is_readable: Callable[[int], object]

    def __init__(self, limits: Limits, open_connections: set[Connection]) -> None:
        self._loop, self._pid = asyncio.get_running_loop(), os.getpid()
        self._limits, self._open = limits, open_connections
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self.usable = self.answered = self.is_tls = self._paused = self._in_head = False
        self._head_size = self._overhead = 0
        self._attempt: Attempt | None = None
        self._answer: Answer | None = None
        self._waiter: asyncio.Future[Answer] | None = None
        self._resumed: asyncio.Future[None] | None = None
        self._body: Body | None = None
        self._fields: list[tuple[bytes, bytes]] = []
        self._framing: dict[bytes, bytes] = {}
        self._pieces: list[bytes] = []
        self.on_body = self._pieces.append  # called by the parser with each piece; a method would cost a frame for each
        self._parser: Any = httptools.HttpResponseParser(self)  # which holds methods of this object

    # -- making and closing the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport of the new connection."""
        self.transport = cast("asyncio.Transport", transport)
        self.is_readable = readable_check(transport)
        self.is_tls = transport.get_extra_info("sslcontext") is not None
        self.usable = True
        self._open.add(self)

    def eof_received(self) -> None:
        """End the exchange, as the server sends nothing more. asyncio then closes the connection."""
        self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the exchange, as the connection is closed."""
        self._end(exc)
        self.forget()
        self._open.discard(self)
        if not self.lost.done():
            self.lost.set_result(None)

    def close(self) -> None:
        """Close the connection; an exchange under way fails."""
        self._end(ConnectionAbortedError())
        if os.getpid() != self._pid:
            self.abandon()
        elif self.is_tls:
            self.transport.close()  # sends close_notify
        else:
            self.transport.abort()

    def abort(self) -> None:
        """Close the connection at once and forget the exchange under way, which has failed already."""
        self.usable = False
        self._waiter = self._attempt = self._answer = self._body = None
        if os.getpid() == self._pid:
            self.transport.abort()
        else:
            self.abandon()

    def forget(self) -> None:
        """Drop the parser, which holds this object in a reference cycle, after the connection has ended."""
        self._parser = None

    def abandon(self) -> None:
        """Drop the connection without touching it: in a forked child it belongs to the parent."""
        self.usable = False
        keep_for_parent(self)

    # -- writing a request

    def ask(self, attempt: Attempt, data: bytes) -> asyncio.Future[Answer]:
        """Begin an exchange: write the request, and return the future of the answer."""
        self._attempt, self._fields, self._framing = attempt, [], {}
        self._in_head, self.answered = True, False
        self._head_size = self._overhead = 0
        self._waiter = waiter = self._loop.create_future()
        try:
            self.transport.write(data)
        finally:
            del data  # it holds the key, which no traceback may show
        return waiter

    async def upload(self, attempt: Attempt, head: bytes, body: bytes) -> Answer:
        """Make an exchange whose request is too large to be written at once.

        An answer that arrives before the whole request is written counts as the answer; the connection then ends.
        """
        waiter = self.ask(attempt, head)
        del head  # it holds the key
        try:
            rest = memoryview(body)
            while rest and await self._may_write():
                self.transport.write(rest[:LARGE])
                rest = rest[LARGE:]
            if rest:
                self.usable = False
            return await waiter
        finally:
            if not waiter.cancel() and not waiter.cancelled():
                waiter.exception()  # retrieved, or asyncio would log it as never retrieved
            del waiter  # otherwise each failure leaves a reference cycle that holds the request

    async def _may_write(self) -> bool:
        """Wait until the next part of a request can be written; tell whether the exchange still needs it."""
        if self._paused:
            self._resumed = self._loop.create_future()
            await self._resumed
        if self.is_readable(0):
            await let_loop_read()  # a write that fails would discard an answer that has already arrived
        return self._waiter is not None and not self.transport.is_closing()

    def pause_writing(self) -> None:
        """Stop an upload."""
        self._paused = True

    def resume_writing(self) -> None:
        """Let an upload go on."""
        self._paused = False
        self._wake_upload()

    def _wake_upload(self) -> None:
        if self._resumed is not None and not self._resumed.done():
            self._resumed.set_result(None)

    def is_reusable(self, size: int, status: int) -> bool:
        """Tell whether another exchange may follow one with a body of this size and an answer of this status.

        Under TLS asyncio does not say how many bytes are still to be sent. A server that refuses a large request may
        have stopped reading it. The connection is therefore not used again after such a refusal.
        """
        if not self.usable or self.transport.get_write_buffer_size():
            return False
        return not (self.is_tls and size > LARGE and status >= 300)  # noqa: PLR2004  # HTTP's own bound

    # -- reading an answer

    def data_received(self, data: bytes) -> None:
        """Read the bytes that have arrived."""
        if self._waiter is None:
            self.abort()  # no answer is expected
            return
        parser, overhead = self._parser, len(data)
        try:
            if self._in_head:
                overhead = 0
                room = self._limits.response_head_bytes - self._head_size
                self._head_size += len(data)
                if len(data) > room:
                    data = self._read_head(parser, data, room)
            parser.feed_data(data)
        except NOT_HTTP as problem:
            self._not_http(problem)
        if self._answer is not None:
            self._read_body(overhead)

    def _read_head(self, parser: Any, data: bytes, room: int) -> bytes:
        """Parse as many bytes as the limit leaves to the head; return the bytes behind them."""
        parser.feed_data(data[:room])
        if not self._in_head:
            return data[room:]
        self._fail(head_too_large(self._limits.response_head_bytes))
        return b""

    def _read_body(self, overhead: int) -> None:
        """Collect the parts of an incomplete body, and bound the bytes of trailers and chunk extensions."""
        self._overhead = 0 if self._pieces else self._overhead + overhead
        if self._overhead > self._limits.response_head_bytes:
            self._fail(trailer_too_large(self._limits.response_head_bytes))
            return
        try:
            self._collect()
        except UnreadableAnswerError as error:
            self._fail(error)

    def _collect(self) -> Body:
        body = self._body = self._body or Body(self._limits.response_bytes)
        if self._pieces:
            data = b"".join(self._pieces)
            self._pieces.clear()
            body.feed(data)
        return body

    def on_message_begin(self) -> None:
        """Called by the parser at the first byte of an answer."""
        if self._waiter is None:
            self.usable = False  # something follows the answer

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser with a header or trailer. Trailers are ignored."""
        if not self._in_head:
            return
        self._fields.append((name, value))
        lower = name.lower()
        if lower in FRAMING:
            self._framing[lower] = self._framing[lower] + b"," + value if lower in self._framing else value

    def on_headers_complete(self) -> None:
        """Called by the parser at the end of a head."""
        if self._waiter is None or self._attempt is None:
            return
        status = self._parser.get_status_code()
        if status < FIRST_FINAL_STATUS:
            self._skip(status)
            return
        self._in_head = False
        self._attempt.answer = self._answer = Answer(status, Headers(self._fields), b"")
        framing = self._framing
        if b"content-encoding" in framing:
            self._body = Body(self._limits.response_bytes, framing[b"content-encoding"])
        transfer = framing.get(b"transfer-encoding", b"chunked").strip().lower()
        if transfer != b"chunked" and status not in WITHOUT_BODY:
            self._fail(UnreadableAnswerError("the answer has a Transfer-Encoding that the request did not accept"))

    def _skip(self, status: int) -> None:
        """Skip an interim answer; fail for a status that is none, and for 101."""
        self._fields, self._framing = [], {}
        if status == SWITCHING_PROTOCOLS:
            self._fail(switched_protocols())
        elif status < 100:  # noqa: PLR2004  # HTTP's own bound
            self._fail(no_status())

    def on_message_complete(self) -> None:
        """Called by the parser at the end of an answer, which ends the exchange."""
        answer = self._answer
        if self._waiter is None or answer is None:
            return  # an interim answer, or bytes behind the answer
        if not self._parser.should_keep_alive():
            self.usable = False
        try:
            if self._body is None:  # it arrived in one read, and is not compressed
                answer.body = b"".join(self._pieces)
                self._pieces.clear()
                if len(answer.body) > self._limits.response_bytes:
                    raise body_too_large(self._limits.response_bytes)
            else:
                answer.body = self._collect().finish()
        except UnreadableAnswerError as error:
            answer.body = b""
            self._fail(error)
            return
        self.answered = True
        waiter = self._waiter
        self._waiter = self._attempt = self._answer = self._body = None
        if self._resumed is not None:
            self._wake_upload()
        if not waiter.done():
            waiter.set_result(answer)

    # -- failing

    def _end(self, problem: Exception | None) -> None:
        """End the exchange because the connection has ended. That may be the regular end of the answer."""
        self.usable = False
        self._wake_upload()
        if self._waiter is None:
            return
        how = "" if problem is None else f" ({type(problem).__name__})"
        if self._in_head:
            self._fail(ConnectionLostError(f"the connection ended before an answer came{how}"))
        elif problem is None and not self._framing.keys() & {b"content-length", b"transfer-encoding"}:
            self.on_message_complete()
        else:
            self._fail(UnreadableAnswerError(f"the connection ended before the end of the answer{how}"))

    def _not_http(self, problem: Exception) -> None:
        """End the exchange, as the parser cannot read the bytes."""
        self.usable = False
        if self._in_head:
            self._fail(ConnectionLostError(f"the answer is not HTTP: {problem}"))
        else:
            self._fail(UnreadableAnswerError(f"the answer stops being HTTP before its end: {problem}"))

    def _fail(self, error: TalonOneError) -> None:
        """End the exchange with an error. The task that waits for the answer closes the connection."""
        waiter, self._waiter, self._answer = self._waiter, None, None
        self.usable = False
        self._pieces.clear()
        self._wake_upload()
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
