"""One exchange: a request out, an answer back. There are two ways.

1. `Direct` writes the request to a connection of the connector and reads the answer from aiohttp's own parser. What
   aiohttp's session does besides, for requests of every kind, is 75 of its 108 calls of functions, and nothing of it is
   wanted here: redirects, cookies, forms, middlewares, a repetition of its own.
2. `BySession` asks the session. It is taken where the first way would leave something out: with a proxy, with
   `trust_env`, when aiohttp is mocked, traced or patched, and with releases of aiohttp that nobody has tried.
"""

from __future__ import annotations

from functools import cached_property
from selectors import EVENT_READ, DefaultSelector
from time import monotonic
from types import FunctionType
from typing import TYPE_CHECKING, Any, cast

import aiohttp
from aiohttp import hdrs
from aiohttp.payload import BytesPayload
from yarl import URL

from talon_async._messages import Answer
from talon_async.errors import ClientClosedError, ConnectError, UnreadableAnswerError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from aiohttp.client_proto import ResponseHandler

    from talon_async._messages import Request
    from talon_async._transport.attempt import Attempt
    from talon_async._transport.connection import Connection

JSON = "application/json"
UNBOUNDED = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
"""What aiohttp is told: attempts are ended by `Attempts`, and connecting by our own connector."""

_TRIED = "3.14."
"""The releases of aiohttp whose connections are known to work the way `Direct` takes them."""
_PUBLISHED = aiohttp.client.__dict__


def is_itself(session: aiohttp.ClientSession) -> bool:
    """Tell whether aiohttp is as it was published: mocks and tracers replace its way of requesting, or listen to it."""
    request: Any = getattr(type(session), "_request", None)
    return type(request) is FunctionType and request.__globals__ is _PUBLISHED and not session.trace_configs


class _Destination(aiohttp.ClientRequest):
    """Tells the connector where to connect: one request stands for all, they differ in nothing that it asks for."""

    @cached_property
    def connection_key(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The name of the connections that serve it, made once."""
        return super().connection_key


class Direct:
    """The way past the session."""

    def __init__(self, session: aiohttp.ClientSession, asked: Connection) -> None:
        self.connector = cast("Any", session.connector)
        self._borrowed, self._most = asked.session is not None, asked.limits.response_bytes
        base = URL(asked.base_url, encoded=True)
        ssl = True if asked.ssl is None else asked.ssl
        self._where = _Destination("GET", base, headers=session.headers, session=session, ssl=ssl)
        self._prefix = base.raw_path.rstrip("/")
        # what is common to all requests, such as the Host header, is aiohttp's to say
        lines = [f"{name}: {value}\r\n" for name, value in self._where.headers.items()]
        lines += ["Connection: close\r\n"] if self.connector.force_close else []
        self._common = " HTTP/1.1\r\n" + "".join(lines)

    @staticmethod
    def serves(asked: Connection) -> bool:
        """Tell whether nothing would be left out, and whether this release of aiohttp was tried."""
        return asked.proxy is None and not asked.trust_env and aiohttp.__version__.startswith(_TRIED)

    async def connect(self, attempt: Attempt) -> aiohttp.connector.Connection:
        """Take a connection that is idle, or make one."""
        if self._borrowed and self.connector.closed:
            raise ClientClosedError("the connections are closed")
        timeout = bounded(attempt.connect) if self._borrowed else UNBOUNDED
        try:
            while True:
                connection: aiohttp.connector.Connection = await self.connector.connect(self._where, [], timeout)
                if not self._is_stale(cast("ResponseHandler", connection.protocol)):
                    return connection
                connection.close()
        except BaseException:
            attempt.connecting = True
            raise

    def _is_stale(self, protocol: ResponseHandler) -> bool:
        """Tell whether something came to an idle connection, or its end: it would be taken for the next answer.

        Our own connector has looked at what the loop knows; what came while the loop was busy only the system knows.
        """
        if self._borrowed and protocol.should_close:
            return True
        idle_since: float | None = getattr(protocol, "idle_since", None)  # not on new ones, nor on the lender's
        if idle_since is None or monotonic() - idle_since < _FRESH:
            return False
        socket = cast("asyncio.Transport", protocol.transport).get_extra_info("socket")
        try:
            with DefaultSelector() as selector:
                selector.register(socket, EVENT_READ)
                return bool(selector.select(0))
        except (OSError, ValueError):
            return False  # there is no socket, or no room for a selector

    def keep(self, connection: aiohttp.connector.Connection) -> None:
        """Give a connection back."""
        protocol: Any = connection.protocol
        protocol.idle_since = monotonic()
        connection.release()

    def _written(self, request: Request, headers: Mapping[str, str]) -> bytes:
        """Return the bytes of a request; nobody keeps them, so that no traceback can show the key in them."""
        method, body = request.operation.method, request.body
        head = method + " " + self._prefix + request.target + self._common
        for name, value in headers.items():
            head += f"{name}: {value}\r\n"
        if body is not None:
            return f"{head}Content-Type: {JSON}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        return (head + ("\r\n" if method == "GET" else "Content-Length: 0\r\n\r\n")).encode()

    async def send(self, request: Request, headers: Mapping[str, str], attempt: Attempt) -> Answer:
        """Send a request and read its answer; the connection is kept if it can serve again."""
        connection = await self.connect(attempt)
        try:
            protocol = cast("ResponseHandler", connection.protocol)
            if not protocol.is_connected():
                raise ConnectError("the connection was gone before the request")  # noqa: TRY301  # closed below
            protocol.set_response_params(read_until_eof=True)
            transport = cast("asyncio.Transport", protocol.transport)
            transport.write(self._written(request, headers))
            message, content = await protocol.read()
            while 100 <= message.code < 200 and message.code != 101:  # noqa: PLR2004  # information, no answer
                message, content = await protocol.read()
            attempt.heard = answer = Answer(message.code, message.headers, b"")
            answer.body = await _read(content, self._most)
            if is_on_its_way(transport, request, answer):
                self.keep(connection)
            else:
                _end(connection)
        except BaseException:
            _end(connection)
            raise
        return answer


def is_on_its_way(transport: asyncio.Transport, request: Request, answer: Answer) -> bool:
    """Tell whether all of a request is on its way: what is left of it must not come before the next.

    TLS does not tell what is left. Only a refusal is worth saying before a request was read to its end.
    """
    if transport.is_closing():
        return True
    is_large = request.body is not None and len(request.body) > _LARGE
    return not (is_large and answer.status >= 300) and not transport.get_write_buffer_size()  # noqa: PLR2004


def _end(connection: aiohttp.connector.Connection) -> None:
    """Close a connection now, whatever it has yet to send: nobody may be reading at the other end."""
    transport = connection.transport
    if transport is not None:
        transport.abort()
    connection.close()


_FRESH = 0.05
"""Seconds of idleness after which it is worth to ask the system about a connection."""
_LARGE = 1 << 16
"""Bytes of a request that any system takes at once."""


class BySession:
    """The way through the session."""

    def __init__(self, session: aiohttp.ClientSession, asked: Connection) -> None:
        self._session = session
        self._borrowed, self._most = asked.session is not None, asked.limits.response_bytes
        given: dict[str, Any] = {"proxy": asked.proxy, "ssl": asked.ssl}
        self._options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        self._base = URL(asked.base_url, encoded=True)

    async def send(self, request: Request, headers: Mapping[str, str], attempt: Attempt) -> Answer:
        """Send a request and read its answer."""
        body = request.body
        if self._session.closed:
            raise ClientClosedError("the connections are closed")
        options: dict[str, Any] = self._options
        if body is None:  # of an empty POST aiohttp would say that it is some type
            options = {**options, "skip_auto_headers": (hdrs.CONTENT_TYPE,)}
        # what `request()` wraps, and what mocks replace
        response = await self._session._request(  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            request.operation.method,
            self._url(request.target),
            data=None if body is None else BytesPayload(body, content_type=JSON),
            headers=headers,
            allow_redirects=False,
            timeout=bounded(attempt.connect) if self._borrowed else UNBOUNDED,
            **options,
        )
        try:
            attempt.heard = answer = Answer(response.status, response.headers, b"")
            answer.body = await _read(response.content, self._most)
        except BaseException:
            response.close()
            raise
        response.release()
        return answer

    def _url(self, target: str) -> URL:
        """Return the address without having it taken apart again."""
        path, _, query = target.partition("?")
        base = self._base
        return URL.build(
            scheme=base.scheme, authority=base.raw_authority, path=base.raw_path.rstrip("/") + path,
            query_string=query, encoded=True,
        )  # fmt: skip


def bounded(connect: float) -> aiohttp.ClientTimeout:
    """Bound the connecting of a borrowed connector, to the moment: aiohttp alone would round to whole seconds."""
    return aiohttp.ClientTimeout(total=None, connect=connect, ceil_threshold=float("inf"))


async def _read(content: aiohttp.StreamReader, most: int) -> bytes:
    """Read a body of at most so many bytes, counted after decompression."""
    if content.is_eof():
        # a small answer is there as a whole: taking it saves 3 % of a request over awaiting it
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
        raise UnreadableAnswerError(f"the answer is larger than {most} bytes (Limits.response_bytes)")
    return body
