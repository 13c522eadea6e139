"""Sends one request over aiohttp and says exactly what became of it.

One pool for each running event loop: a client made at import time works in any number of loops, one after the other.
"""

from __future__ import annotations

import asyncio
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import aiohttp
import attrs
from aiohttp.payload import BytesPayload
from yarl import URL

from talon_async._lanes import Lanes
from talon_async._messages import Answer, Failure
from talon_async._version import __version__
from talon_async.errors import (
    ClientClosedError,
    ConnectError,
    ConnectionLostError,
    NoAnswerError,
    RequestTimeoutError,
    TalonOneError,
    UnreadableAnswerError,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Callable, Mapping

    from talon_async._messages import Request
    from talon_async.auth import Auth
    from talon_async.config import Limits, Timeout

USER_AGENT = f"talon-async/{__version__} Python/{sys.version_info.major}.{sys.version_info.minor}"


@attrs.define(eq=False, kw_only=True)
class Connection:
    """How the server is reached; what every pool of a client has in common."""

    base_url: str
    auth: Auth
    limits: Limits
    headers: Mapping[str, str]
    proxy: str | None
    ssl: ssl.SSLContext | None
    trust_env: bool
    session: aiohttp.ClientSession | None


_reached: ContextVar[list[bool]] = ContextVar("reached")
"""Filled by the connector once an attempt holds a connection: before that, nothing can have been sent."""


class _Connector(aiohttp.TCPConnector):
    """Tells an attempt when it holds a connection."""

    async def connect(self, req: aiohttp.ClientRequest, traces: list[Any], timeout: aiohttp.ClientTimeout) -> Any:  # noqa: ASYNC109
        connection = await super().connect(req, traces, timeout)
        _reached.get([]).append(True)
        return connection


class Pool:
    """The connections of one client on one event loop."""

    def __init__(self, connection: Connection, forget: Callable[[], object]) -> None:
        self._connection, self._forget = connection, forget
        self._session = _session(connection)
        self._lifeline: AsyncGenerator[None] | None = None
        self.closed = asyncio.Event()
        self.lanes = Lanes(connection.limits.lane_width)
        self.slots = asyncio.Semaphore(connection.limits.connections)

    async def keep(self) -> None:
        """Let the loop close the pool when it ends itself: it closes the async generators it has seen."""
        self._lifeline = self._close_with_loop()
        await anext(self._lifeline)

    async def _close_with_loop(self) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            self.closed.set()
            self._forget()
            await self._session.close()

    async def close(self) -> None:
        """Close every connection; those of a borrowed session stay open."""
        if self._lifeline is not None:
            await self._lifeline.aclose()

    async def send(self, request: Request, timeout: aiohttp.ClientTimeout) -> Answer:  # noqa: ASYNC109
        """Send a request once; a failure is an error of this package that says whether the server may have acted."""
        connection = self._connection
        headers = connection.auth.headers(request)
        if request.idempotency_key is not None:
            headers["Idempotency-Key"] = request.idempotency_key
        status, response = None, None
        reached = [True] if connection.session else []  # a borrowed connector does not tell
        _reached.set(reached)
        try:
            response = await self._session.request(
                request.operation.method,
                URL(connection.base_url + request.target, encoded=True),
                data=None if request.body is None else BytesPayload(request.body, content_type="application/json"),
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
                proxy=connection.proxy,
                ssl=connection.ssl or True,
            )
            status = response.status
            body = await _read(response, connection.limits.response_bytes)
        except BaseException as problem:
            if response is not None:
                response.close()
            if (error := _error(problem, status, reached=bool(reached))) is None:
                raise
            if isinstance(error, UnreadableAnswerError) and status is not None and not 200 <= status < 300:  # noqa: PLR2004
                return Answer(status, response.headers if response is not None else {}, b"")
            error.status = status
        else:
            return Answer(status, response.headers, body)
        raise error


def _common(connection: Connection) -> dict[str, str]:
    return {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "User-Agent": USER_AGENT,
        **connection.headers,
        **connection.auth.common,
    }


def _session(connection: Connection) -> aiohttp.ClientSession:
    borrowed = connection.session
    if borrowed is not None and borrowed.connector is None:
        raise ClientClosedError("the borrowed session is closed")
    session = aiohttp.ClientSession(
        # slots bound the requests, not the connector: its queue would count against the time of an attempt
        connector=_Connector(limit=0, limit_per_host=0) if borrowed is None else borrowed.connector,
        connector_owner=borrowed is None,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=_common(connection),
        trust_env=connection.trust_env,
    )
    # aiohttp sends GET, PUT and DELETE a second time on its own; the tests of faults fail if it ever does again
    session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return session


def client_timeout(timeout: Timeout, remaining: float | None) -> aiohttp.ClientTimeout:
    """Bound one attempt, to the moment: aiohttp alone would round to whole seconds."""
    total = timeout.attempt if remaining is None else min(timeout.attempt, remaining)
    return aiohttp.ClientTimeout(total=total, connect=min(timeout.connect, total), ceil_threshold=float("inf"))


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """Read a body of at most `limit` bytes, counted after decompression."""
    length = response.content_length
    if length is not None and length <= limit and "Content-Encoding" not in response.headers:
        return await response.read()
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise UnreadableAnswerError(f"the answer is larger than {limit} bytes (Limits.response_bytes)")
    response.release()
    return bytes(body)


def _error(problem: BaseException, status: int | None, *, reached: bool) -> TalonOneError | None:
    """Return what a failure means; None for what is not ours to translate.

    The texts of aiohttp's errors are not passed on where they may hold headers; its errors are never chained.
    """
    if isinstance(problem, TalonOneError):
        return problem
    if not isinstance(problem, aiohttp.ClientError | OSError | ValueError | AssertionError):
        return None
    if status is not None:
        return UnreadableAnswerError(f"the answer broke off ({type(problem).__name__})")
    return _lost(problem) if reached else _unreached(problem)


def _unreached(problem: Exception) -> ConnectError:
    """Say why no connection was made; nothing was sent."""
    match problem:
        case aiohttp.ClientConnectorCertificateError():
            error = ConnectError(f"the server's certificate is not valid: {problem.certificate_error}")
            error.failure = Failure.FINAL
        case aiohttp.ClientHttpProxyError():
            error = ConnectError(f"the proxy refused with {problem.status}")
            error.failure = Failure.FINAL if 400 <= problem.status < 500 else Failure.NOT_SENT  # noqa: PLR2004
        case aiohttp.ClientConnectorError():
            error = ConnectError(f"no connection to {problem.host}:{problem.port}: {problem.os_error}")
        case TimeoutError():
            error = ConnectError("no connection within the time allowed (Timeout.connect)")
        case ValueError() | AssertionError():
            # aiohttp refuses to combine our key with credentials that trust_env found in ~/.netrc
            error = ConnectError(f"the request could not be made ({type(problem).__name__}); is trust_env on?")
            error.failure = Failure.FINAL
        case _:
            error = ConnectError(f"no connection: {type(problem).__name__} on the way")
    return error


def _lost(problem: Exception) -> NoAnswerError:
    """Say why no answer came; the request may have been sent."""
    match problem:
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return _unreached(problem)  # a borrowed connector
        case TimeoutError():
            return RequestTimeoutError("no answer within the time allowed")
        case aiohttp.ClientResponseError():
            return ConnectionLostError("the answer is not HTTP")
        case _:
            return ConnectionLostError(f"the connection broke ({type(problem).__name__})")


class Pools:
    """The pools of one client, by event loop; loops that are gone take theirs along."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._pools: dict[asyncio.AbstractEventLoop, Pool] = {}

    def __bool__(self) -> bool:
        return any(not loop.is_closed() for loop in self._pools)

    def get(self) -> Pool | None:
        """Return the running loop's pool, if there is one."""
        return self._pools.get(asyncio.get_running_loop())

    async def open(self) -> Pool:
        """Make the running loop's pool."""
        here = asyncio.get_running_loop()
        for loop in [loop for loop in self._pools if loop.is_closed()]:  # closed without a word to anybody
            del self._pools[loop]
        pool = self._pools[here] = Pool(self.connection, lambda: self._pools.pop(here, None))
        await pool.keep()
        return pool

    async def close(self) -> None:
        """Close the running loop's pool here, and let every other loop close its own."""
        here = asyncio.get_running_loop()
        for loop, pool in list(self._pools.items()):
            if loop is here:
                await pool.close()
            elif not loop.is_closed():
                asyncio.run_coroutine_threadsafe(pool.close(), loop)
