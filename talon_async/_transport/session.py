"""The default transport: aiohttp's session, through its own door.

Proxies, `trust_env`, borrowed sessions, mocks, traces and instrumentation work, because everything goes through
`ClientSession.request`. What this module still takes from inside aiohttp:

1. A session asks `connector.connect(...)` for a connection: `Watching` overrides that, to know while one is being made
   and to look at idle ones before they are used again.
2. `Connection.protocol` tells by `is_connected()`, `should_close` and `transport` whether it can be used, and carries
   its `Watch`.
3. `ClientSession._retry_connection` is switched off: aiohttp would send GET, PUT and DELETE a second time by itself.
4. `BaseConnector._conns` and `_acquired`, for a forked child, where the connections are the parent's, and for closing.

tests/unit/test_aiohttp_inside.py has a test for each, which says what broke.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import aiohttp
from aiohttp import hdrs
from aiohttp.payload import BytesIOPayload, BytesPayload
from yarl import URL

from talon_async._messages import Answer
from talon_async._transport.base import JSON
from talon_async._transport.deadlines import TURNS_TO_READ
from talon_async._transport.faults import SWITCHING_PROTOCOLS, body_too_large, meaning, switched_protocols
from talon_async._transport.names import Resolver
from talon_async._transport.sockets import Watch
from talon_async.errors import ClientClosedError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from talon_async._messages import Request
    from talon_async._transport.base import TransportSettings
    from talon_async._transport.deadlines import Attempt, Deadlines

UNBOUNDED = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
"""aiohttp's timeouts are off: `Deadlines` ends attempts, and `Connector` bounds connecting."""

AT_ONCE = 1 << 20
"""Bytes of a body that aiohttp writes at once; of a larger one it warns that it should be read in pieces."""


class Watching:
    """Tells an attempt while a connection is made for it, and looks at idle connections before they are used again."""

    deadlines: Deadlines
    take: Any
    forget_names: Any

    async def connect(self, request: Any, **options: Any) -> Any:
        """Take an idle connection, or make one within the attempt's time for that."""
        attempt = self.deadlines.by_task.get(cast("asyncio.Task[Any]", asyncio.current_task(self.deadlines.loop)))
        if attempt is None:
            return await self.take(request, **options)
        attempt.connecting = True
        while True:
            try:
                connection = await self.take(request, **options)
            except aiohttp.ClientConnectorError:
                self.forget_names()  # the server may have moved
                raise
            protocol = connection.protocol
            watch = getattr(protocol, "watch", None)
            if watch is None:
                protocol.watch = watch = Watch(protocol.transport)
            seems_usable = protocol.is_connected() and not protocol.should_close
            if seems_usable and (not watch.is_readable() or await is_usable(protocol)):
                attempt.connecting = False
                return connection
            connection.close()


class Connector(Watching, aiohttp.TCPConnector):
    """This package's own connector."""

    take = aiohttp.TCPConnector.connect
    forget_names = aiohttp.TCPConnector.clear_dns_cache

    def __init__(self, deadlines: Deadlines) -> None:
        # the client's own limiter bounds the requests: a queue here would count against the time of an attempt
        super().__init__(limit=0, resolver=Resolver())  # pyright: ignore[reportUnknownMemberType]
        self.deadlines = deadlines


class BorrowedConnector(Watching):
    """Stands before the connector of a borrowed session, and is otherwise like it."""

    def __init__(self, connector: aiohttp.BaseConnector, deadlines: Deadlines) -> None:
        self._connector, self.take, self.deadlines = connector, connector.connect, deadlines
        self.forget_names = getattr(connector, "clear_dns_cache", object)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connector, name)


async def is_usable(protocol: Any) -> bool:
    """Read what has come to a connection, and tell whether it was only a message of TLS."""
    for _ in range(TURNS_TO_READ):
        await asyncio.sleep(0)
    return protocol.is_connected() and not protocol.should_close


class SessionTransport:
    """One aiohttp session."""

    def __init__(self, settings: TransportSettings, deadlines: Deadlines) -> None:
        self._settings = settings
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
                answer.body = await _read(response, self._most)  # whose end gives the connection back
            except BaseException:
                response.close()
                raise
        except Exception as problem:  # noqa: BLE001  # every other error is raised again
            error = ClientClosedError("the connections are closed") if self._is_closed() else meaning(problem, attempt)
        else:
            return answer
        try:
            raise error  # not above: aiohttp's error holds the key and must not become the context of this one
        finally:
            del error  # or each failure would leave a cycle for the collector, with the request in it

    def _request(self, request: Request) -> Awaitable[aiohttp.ClientResponse]:
        """Ask the session."""
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
            URL(self._base_url + request.target, encoded=True),  # yarl remembers those that come often
            data=data,
            headers=self._settings.own_headers(request),
            skip_auto_headers=skipped,
            allow_redirects=False,
            proxy=self._settings.proxy,
            ssl=self._ssl,
        )

    def _is_closed(self) -> bool:
        """Tell whether the session, or the connector that it has borrowed, was closed."""
        return self._session.closed

    async def connect(self, seconds: float) -> None:
        """Do nothing: a session connects when it sends, and a mock must not be passed by."""

    async def close(self) -> None:
        """Close the session; the connections of a borrowed one stay open."""
        connector: Any = self._session.connector
        for protocol in _idle(connector) if self._settings.session is None else ():
            if not protocol.is_connected():  # aiohttp 3.14 fails to close one that has ended under TLS
                protocol.transport = None
        await self._session.close()

    def abandon(self) -> None:
        """Let go of every connection without touching it."""
        connector: Any = self._session.connector
        if connector is None or self._settings.session is not None:
            return
        for protocol in [*_idle(connector), *connector._acquired]:  # noqa: SLF001  # listed above
            if protocol.transport is not None:
                _PARENTS.append(protocol.transport)
                protocol.transport = None
        connector._conns.clear()  # noqa: SLF001  # listed above


def _idle(connector: Any) -> list[Any]:
    """Return the protocols of the idle connections."""
    return [protocol for kept in connector._conns.values() for protocol, _ in kept] if connector else []  # noqa: SLF001


_PARENTS: list[Any] = []
"""The connections of the parent process, kept here in a forked child so that nothing finalises them."""


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
    )
    session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return session


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    """Read a body of at most so many bytes, counted after decompression."""
    if response.status == SWITCHING_PROTOCOLS:
        raise switched_protocols()
    content = response.content
    if content.is_eof():  # a small answer is here as a whole
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
