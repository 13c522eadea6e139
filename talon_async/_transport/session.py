"""The default transport: aiohttp's session, through its own door.

Proxies, `trust_env`, borrowed sessions, mocks, traces and instrumentation work, because everything goes through
`ClientSession.request`. What this module still takes from inside aiohttp:

1. `BaseConnector.connect(req, traces, timeout)` is overridden, to know while a connection is being made and to look at
   idle connections before they are used again. (tests/unit/test_aiohttp_inside.py)
2. `Connection.protocol.should_close` and `.transport` are looked at there.
3. `ClientSession._retry_connection` is switched off: aiohttp would send GET, PUT and DELETE a second time by itself.
4. `BaseConnector._conns` and `_acquired`, for a forked child, where the connections are the parent's, and for closing.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import hdrs
from aiohttp.payload import BytesIOPayload, BytesPayload
from yarl import URL

from talon_async._messages import Answer
from talon_async._transport.base import JSON
from talon_async._transport.deadlines import TURNS_TO_READ
from talon_async._transport.faults import SWITCHING_PROTOCOLS, body_too_large, meaning, switched_protocols
from talon_async._transport.sockets import is_readable
from talon_async.errors import ClientClosedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_async._messages import Request
    from talon_async._transport.base import TransportSettings
    from talon_async._transport.deadlines import Attempt, Deadlines

UNBOUNDED = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
"""aiohttp's timeouts are off: `Deadlines` ends attempts, and `Connector` bounds connecting."""

AT_ONCE = 1 << 20
"""Bytes of a body that aiohttp writes at once; of a larger one it warns that it should be read in pieces."""


class Connector(aiohttp.TCPConnector):
    """Tells an attempt while a connection is made for it, and gives no connection that something has come to."""

    def __init__(self, deadlines: Deadlines) -> None:
        # the client's own limiter bounds the requests: a queue here would count against the time of an attempt
        super().__init__(limit=0, limit_per_host=0)  # pyright: ignore[reportUnknownMemberType]
        self._deadlines = deadlines

    async def connect(self, req: Any, traces: list[Any], timeout: Any) -> Any:  # noqa: ASYNC109  # aiohttp's signature
        """Take an idle connection, or make one within the attempt's time for that."""
        return await connected(self._deadlines.current(), super().connect, req, traces, timeout)


class BorrowedConnector:
    """The connector of a borrowed session, which does the same for this client's attempts, and is otherwise itself."""

    def __init__(self, connector: aiohttp.BaseConnector, deadlines: Deadlines) -> None:
        self._connector, self._deadlines = connector, deadlines

    async def connect(self, *request: Any, **options: Any) -> Any:
        """Take an idle connection, or make one within the attempt's time for that."""
        return await connected(self._deadlines.current(), self._connector.connect, *request, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connector, name)


async def connected(attempt: Attempt | None, connect: Callable[..., Any], *request: Any, **options: Any) -> Any:
    """Return a connection for an attempt."""
    if attempt is None:
        return await connect(*request, **options)
    attempt.connecting = True
    async with asyncio.timeout(attempt.connect_timeout):
        while await is_stale(connection := await connect(*request, **options)):
            connection.close()
    attempt.connecting = False
    return connection


async def is_stale(connection: Any) -> bool:
    """Tell whether bytes, or the end, have come to an idle connection: they would be taken for the next answer."""
    protocol = connection.protocol
    if protocol.should_close or not protocol.is_connected():
        return True
    if not is_readable(protocol.transport):
        return False
    # TLS has messages of its own: what has come is known when the loop has read it
    for _ in range(TURNS_TO_READ):
        await asyncio.sleep(0)
    return protocol.should_close or not protocol.is_connected()


class SessionTransport:
    """One aiohttp session."""

    def __init__(self, settings: TransportSettings, deadlines: Deadlines) -> None:
        self._settings = settings
        self._session = _session(settings, deadlines)
        self._most = settings.limits.response_bytes
        self._base = URL(settings.base_url, encoded=True)
        self._common: dict[str, Any] = {"allow_redirects": False}
        if settings.proxy is not None:
            self._common["proxy"] = settings.proxy
        if settings.ssl is not None:
            self._common["ssl"] = settings.ssl

    async def send(self, request: Request, attempt: Attempt) -> Answer:
        """Send a request once and return its answer."""
        session = self._session
        if session.closed or (session.connector is not None and session.connector.closed):
            raise ClientClosedError("the connections are closed")
        try:
            response = await session.request(
                request.operation.method, self._url(request.target), **self._options(request)
            )
            try:
                attempt.answer = answer = Answer(response.status, response.headers, b"")
                answer.body = await _read(response, self._most)
            except BaseException:
                response.close()
                raise
        except Exception as problem:  # noqa: BLE001  # every other error is raised again
            error = meaning(problem, attempt)
        else:
            response.release()
            return answer
        try:
            raise error  # not above: aiohttp's error holds the key and must not become the context of this one
        finally:
            del error  # or each failure would leave a cycle for the collector, with the request in it

    def _options(self, request: Request) -> dict[str, Any]:
        """Return what aiohttp is told about a request besides its method and address."""
        body = request.body
        options = self._common | {"headers": self._settings.own_headers(request)}
        if body is None:
            options["skip_auto_headers"] = (hdrs.CONTENT_TYPE,)  # aiohttp would invent a type for an empty POST
        else:
            small = len(body) <= AT_ONCE
            options["data"] = (
                BytesPayload(body, content_type=JSON) if small else BytesIOPayload(BytesIO(body), content_type=JSON)
            )
        return options

    def _url(self, target: str) -> URL:
        """Return the address, built from parts that need no encoding."""
        base = self._base
        path, _, query = target.partition("?")
        return URL.build(
            scheme=base.scheme,
            authority=base.raw_authority,
            path=base.raw_path.rstrip("/") + path,
            query_string=query,
            encoded=True,
        )

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
    connector: Any
    if settings.session is None:
        connector = Connector(deadlines)
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
