"""The direct transport: it makes, keeps and closes its own connections, and speaks HTTP/1.1 itself.

It takes less than half of the processor time of aiohttp's session. It supports no proxies, no `trust_env` and no
borrowed sessions. Mocks and traces of aiohttp do not see its requests.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from yarl import URL

from talon_async._transport.base import JSON
from talon_async._transport.deadlines import let_loop_read
from talon_async._transport.dial import TLS_SHUTDOWN_TIMEOUT, Dialer
from talon_async._transport.faults import connection_failed
from talon_async._transport.http1 import LARGE, Connection
from talon_async.errors import ClientClosedError, ConnectError, TalonOneError

if TYPE_CHECKING:
    from talon_async._messages import Answer, Request
    from talon_async._transport.base import TransportSettings
    from talon_async._transport.deadlines import Attempt, Deadlines

TURNS_TO_CLOSE = 5
"""Turns of the loop that it needs to close a connection whose making was cancelled."""


class DirectTransport:
    """The connections to one server. The most recently used idle connection is used first."""

    def __init__(self, settings: TransportSettings, deadlines: Deadlines) -> None:  # noqa: ARG002  # every transport's
        self._settings = settings
        self._dialer = Dialer(settings)
        self._idle: list[Connection] = []
        self._closed = False
        self._prefix = URL(settings.base_url).raw_path.rstrip("/")
        headers = settings.common_headers()
        headers.setdefault("Host", self._dialer.authority)
        self._common = " HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    async def send(self, request: Request, attempt: Attempt) -> Answer:
        """Send a request once and return its answer."""
        if self._closed:
            raise ClientClosedError("the connections are closed")
        connection = self._idle.pop() if self._idle else None
        if connection is None or not connection.usable or connection.is_readable(0):
            connection = await self._connection(connection, attempt)
        body = request.body
        size = 0 if body is None else len(body)
        try:
            if size <= LARGE:
                answer = await connection.ask(attempt, self._bytes(request))
            else:
                answer = await connection.upload(attempt, self._bytes(request), body or b"")
        except asyncio.CancelledError:
            if attempt.answer is None or not is_rescued(connection, attempt):
                connection.abort()
                raise
            answer = attempt.answer
        except BaseException:
            connection.abort()
            raise
        if connection.is_reusable(size, answer.status):
            self._idle.append(connection)
        elif size > LARGE:
            connection.abort()  # closing would make TLS send the rest of the request first
        else:
            connection.close()
        return answer

    def _bytes(self, request: Request) -> bytes:
        """Return the bytes of a request. A body that is too large to be written at once is left out.

        The bytes hold the API key, so they are never assigned to a variable, which a traceback might show.
        """
        method, body = request.operation.method, request.body
        own = ""
        for name, value in self._settings.own_headers(request).items():
            own += f"{name}: {value}\r\n"
        if body is None:
            end = "\r\n" if method == "GET" else "Content-Length: 0\r\n\r\n"
        else:
            end = f"Content-Type: {JSON}\r\nContent-Length: {len(body)}\r\n\r\n"
        now = b"" if body is None or len(body) > LARGE else body
        return f"{method} {self._prefix}{request.target}{self._common}{own}{end}".encode() + now

    async def _connection(self, idle: Connection | None, attempt: Attempt) -> Connection:
        """Return this or another idle connection that has received nothing since its last answer; else make one."""
        attempt.connecting = True
        while idle is not None:
            if not await is_stale(idle):
                break
            idle.abort()
            idle = self._idle.pop() if self._idle else None
        connection = idle or await self._new()
        attempt.connecting = False
        return connection

    async def _new(self) -> Connection:
        """Make a connection."""
        error: TalonOneError
        try:
            connection = await self._dialer.dial()
        except (OSError, ValueError, RuntimeError) as problem:  # uvloop raises RuntimeErrors
            error = connection_failed(problem, self._dialer.authority)
            problem.__traceback__ = None  # its frames in aiohappyeyeballs hold the error itself: a reference cycle
        else:
            if connection.usable and not self._closed:
                return connection
            connection.abort()
            error = ConnectError("the connection was closed before the request was sent")
            if self._closed:
                error = ClientClosedError("the connections are closed")
        try:
            raise error  # not above, where `problem` would become its context
        finally:
            del error  # otherwise each failure leaves a reference cycle

    async def connect(self, seconds: float) -> None:
        """Open a connection for the first request. A failure is ignored here: the request will raise it."""
        if not self._idle and not self._closed:
            with contextlib.suppress(TalonOneError, TimeoutError):
                async with asyncio.timeout(seconds):
                    self._idle.append(await self._new())

    async def close(self) -> None:
        """Close every connection. Exchanges under way fail."""
        self._closed = True
        self._idle.clear()
        for end in (Connection.close, Connection.abort):  # politely first, then at once
            if waiting := [connection.lost for connection in self._dialer.connections]:
                for connection in list(self._dialer.connections):
                    end(connection)
                await asyncio.wait(waiting, timeout=TLS_SHUTDOWN_TIMEOUT)
        for _ in range(TURNS_TO_CLOSE):
            await asyncio.sleep(0)

    def abandon(self) -> None:
        """Drop every connection without touching it: in a forked child the connections belong to the parent."""
        self._idle.clear()
        for connection in self._dialer.connections:
            connection.abandon()


def is_rescued(connection: Connection, attempt: Attempt) -> bool:
    """Tell whether the answer was complete when the deadline cancelled the attempt, and take the cancellation back.

    This happens if the task has not run since the answer arrived. A cancellation that does not come from the deadline
    is kept.
    """
    return connection.answered and attempt.is_cancelled_by_deadline_alone() and attempt.take_back_cancellation()


async def is_stale(idle: Connection) -> bool:
    """Tell whether an idle connection has ended or received bytes, which would be taken for the next answer."""
    if not idle.usable or not idle.is_readable(0):
        return not idle.usable
    if idle.is_tls:  # the bytes may be a message of TLS itself, which is known once the loop has read it
        try:
            await let_loop_read()
        except BaseException:
            idle.abort()
            raise
        return not idle.usable
    return True
