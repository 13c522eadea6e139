"""The default transport: aiohttp's session, used through its public interface.

Proxies, `trust_env`, borrowed sessions, mocks, traces and instrumentation work, because every request goes through
`ClientSession.request`. This module depends on the following internals of aiohttp:

1. A session asks `connector.connect(...)` for a connection. The connectors here wrap that call. They note while a
   connection is being made, and check idle connections before they are used again.
2. A `BorrowedConnector` is not a subclass of aiohttp's connector. A session also reads `_loop`, `closed`,
   `allowed_protocol_schema_set` and `_timeout_ceil_threshold` of its connector.
3. The `is_connected()`, `should_close` and `transport` of `Connection.protocol` tell whether a connection can be used.
   The protocol also carries `is_readable`, which this module sets.
4. `ClientSession._retry_connection` is switched off, because aiohttp would repeat GET, PUT and DELETE by itself.
5. `BaseConnector._conns` and `_acquired` hold the protocols. In a forked child their transports are removed, because
   they belong to the parent. When a session is closed, the transports of connections that have ended are removed,
   because aiohttp 3.14 fails to close them under TLS.
6. aiohttp raises `LineTooLong` and other `HttpProcessingError`s, also as the cause of a `ClientResponseError`;
   `ValueError` for credentials in ~/.netrc; and `RuntimeError` if a connection is closed while an answer is read (see
   aiohttp_faults.py).

tests/unit/test_aiohttp_inside.py tests each of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from io import BytesIO
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import hdrs
from aiohttp.payload import BytesIOPayload, BytesPayload
from yarl import URL

from talon_async._messages import Answer
from talon_async._transport.aiohttp_faults import AIOHTTP_FAILURES, error_from_aiohttp
from talon_async._transport.base import JSON
from talon_async._transport.deadlines import let_loop_read
from talon_async._transport.faults import (
    FIRST_FINAL_STATUS,
    SWITCHING_PROTOCOLS,
    body_too_large,
    no_status,
    switched_protocols,
)
from talon_async._transport.names import Resolver
from talon_async._transport.sockets import readable_check
from talon_async._transport.threads import keep_for_parent
from talon_async.errors import ClientClosedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from talon_async._messages import Request
    from talon_async._transport.base import TransportSettings
    from talon_async._transport.deadlines import Attempt, Deadlines

UNBOUNDED = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
"""Switches aiohttp's timeouts off: `Deadlines` ends attempts, also while they connect."""

GRACE = 2.0
"""Seconds that closing waits for the connections to end."""
USUAL_HEADER = 32
"""Bytes of a usual header. aiohttp bounds the size and the number of headers, not the size of the section."""
AT_ONCE = 1 << 20
"""Bytes of the largest body that aiohttp writes at once without a warning."""


class Connector(aiohttp.TCPConnector):
    """This package's own connector."""

    def __init__(self, deadlines: Deadlines) -> None:
        # the client's limiter bounds the requests; waiting in a connector would count against the time of an attempt
        super().__init__(limit=0, resolver=Resolver())  # pyright: ignore[reportUnknownMemberType]
        self._deadlines = deadlines

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109  # as aiohttp calls it
        """Return an idle connection, or a new one."""
        connect = functools.partial(super().connect, req, traces, timeout)
        return await usable_connection(connect, self.clear_dns_cache, self._deadlines)


class BorrowedConnector:
    """Wraps the connector of a borrowed session. All other attributes are those of that connector."""

    def __init__(self, connector: aiohttp.BaseConnector, deadlines: Deadlines) -> None:
        self._connector, self._deadlines = connector, deadlines

    async def connect(self, *args: Any, **options: Any) -> Any:
        """Return an idle connection, or a new one."""
        connect = functools.partial(self._connector.connect, *args, **options)
        return await usable_connection(connect, self._forget_names, self._deadlines)

    def _forget_names(self) -> None:
        if isinstance(self._connector, aiohttp.TCPConnector):
            self._connector.clear_dns_cache()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connector, name)


async def usable_connection(
    connect: Callable[[], Awaitable[Any]], forget_names: Callable[[], None], deadlines: Deadlines
) -> Any:
    """Return a connection that has received nothing since its last use. `attempt.connecting` is true until then."""
    attempt = deadlines.by_task[asyncio.current_task(deadlines.loop)]
    attempt.connecting = True
    while True:
        try:
            connection = await connect()
        except aiohttp.ClientConnectorError:
            forget_names()  # the server may have moved
            raise
        protocol = connection.protocol
        usable = protocol.is_connected() and not protocol.should_close
        if usable and getattr(protocol, "is_readable", None) is None:
            protocol.is_readable = readable_check(protocol.transport)
        if usable and protocol.is_readable(0):
            try:
                await let_loop_read()  # the bytes may be a message of TLS itself
            except BaseException:
                connection.close()
                raise
            usable = protocol.is_connected() and not protocol.should_close
        if usable:
            attempt.connecting, attempt.transport = False, protocol.transport
            return connection
        connection.close()


class SessionTransport:
    """One aiohttp session."""

    def __init__(self, settings: TransportSettings, deadlines: Deadlines) -> None:
        self._settings, self._deadlines = settings, deadlines
        self._session = _session(settings, deadlines)
        self._most = settings.limits.response_bytes
        self._base_url = str(URL(settings.base_url)).rstrip("/")
        self._ssl = True if settings.ssl is None else settings.ssl

    async def send(self, request: Request, attempt: Attempt) -> Answer:
        """Send a request once and return its answer."""
        try:
            response = await self._request(request)
            try:
                attempt.answer = answer = Answer(response.status, response.headers, b"")
                answer.body = await _read(response, self._most)  # reading to the end gives the connection back
            except BaseException:
                response.close()
                raise
        except AIOHTTP_FAILURES as problem:
            abort(attempt)
            if self._session.closed:
                raise closed_meanwhile(problem, attempt) from None
            raise error_from_aiohttp(problem, attempt) from None
        except BaseException:
            abort(attempt)
            raise
        return answer

    def _request(self, request: Request) -> Awaitable[aiohttp.ClientResponse]:
        """Make the request through the session."""
        body = request.body
        data: Any = None
        skipped = None
        if body is None:
            skipped = (hdrs.CONTENT_TYPE,)  # aiohttp would invent a type for an empty POST
        elif len(body) <= AT_ONCE:
            data = BytesPayload(body, content_type=JSON)
        else:
            data = BytesIOPayload(BytesIO(body), content_type=JSON)
        return self._session.request(
            request.operation.method,
            URL(self._base_url + request.target, encoded=True),  # yarl caches frequent URLs
            data=data,
            headers=self._settings.own_headers(request),
            skip_auto_headers=skipped,
            allow_redirects=False,
            proxy=self._settings.proxy,
            ssl=self._ssl,
        )

    async def connect(self, seconds: float) -> None:
        """Do nothing. A session connects when it sends, and connecting here would bypass mocks."""

    async def close(self) -> None:
        """Close the session. The connections of a borrowed session stay open."""
        connector: Any = self._session.connector
        for protocol in _idle(connector) if self._settings.session is None else ():
            if not protocol.is_connected():  # aiohttp 3.14 fails to close one that has ended under TLS
                protocol.transport = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await self._session.close()

    def abandon(self) -> None:
        """Drop every connection without touching it: in a forked child the connections belong to the parent."""
        for attempt in self._deadlines.by_task.values():
            keep_for_parent(attempt.transport)
            attempt.transport = None
        connector: Any = self._session.connector
        if connector is None or self._settings.session is not None:
            return
        for protocol in [*_idle(connector), *connector._acquired]:  # noqa: SLF001  # listed above
            if protocol.transport is not None:
                keep_for_parent(protocol.transport)
                protocol.transport = None
        connector._conns.clear()  # noqa: SLF001  # listed above


def _idle(connector: Any) -> list[Any]:
    """Return the protocols of the idle connections."""
    return [protocol for kept in connector._conns.values() for protocol, _ in kept] if connector else []  # noqa: SLF001


def abort(attempt: Attempt) -> None:
    """Abort the connection of a failed attempt. Closing it would make aiohttp send the rest of the request first."""
    if attempt.transport is not None:
        attempt.transport.abort()


def closed_meanwhile(problem: Exception, attempt: Attempt) -> ClientClosedError:
    """Return the error of a request whose session was closed, either before the request or during it."""
    error = ClientClosedError("the connections are closed")
    if attempt.answer is not None:
        error.outcome = "accepted"
    elif not isinstance(problem, RuntimeError) and not attempt.connecting:
        error.outcome = "unknown"
    return error


def _session(settings: TransportSettings, deadlines: Deadlines) -> aiohttp.ClientSession:
    if settings.session is None:
        connector: Any = Connector(deadlines)
    elif settings.session.connector is None:
        raise ClientClosedError("the borrowed session is closed")
    else:
        connector = BorrowedConnector(settings.session.connector, deadlines)
    head = settings.limits.response_head_bytes
    session = aiohttp.ClientSession(
        connector=connector,
        connector_owner=settings.session is None,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=settings.common_headers(),
        timeout=UNBOUNDED,
        trust_env=settings.trust_env,
        max_line_size=head,
        max_field_size=head,
        max_headers=head // USUAL_HEADER,
    )
    session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return session


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    """Return the body; raise if it has more than `most` bytes after decompression."""
    if response.status < FIRST_FINAL_STATUS:  # aiohttp itself skips interim answers other than 101
        raise switched_protocols() if response.status == SWITCHING_PROTOCOLS else no_status()
    content = response.content
    if content.is_eof():  # a small answer has arrived completely
        body = content.read_nowait()
        size = len(body)
    else:
        chunks: list[bytes] = []
        size = 0
        while size <= most and (chunk := await content.readany()):
            chunks.append(chunk)
            size += len(chunk)
        body = b"".join(chunks)
    if size > most:
        raise body_too_large(most)
    return body
