"""Sends one request over aiohttp and says exactly what became of it.

One pool for each running event loop: a client made at import time works in any number of loops, one after the other.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import aiohttp
import attrs
from aiohttp.payload import BytesPayload
from yarl import URL

from talon_async._lanes import Lanes
from talon_async._messages import Answer, Failure
from talon_async._version import __version__
from talon_async.errors import (
    ConnectError,
    ConnectionLostError,
    NoAnswerError,
    RequestTimeoutError,
    TalonOneError,
    UnreadableAnswerError,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Mapping

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


class Pool:
    """The connections of one client on one event loop."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._session = connection.session or _session(connection)
        self._lifeline: AsyncGenerator[None] | None = None
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
            if self._connection.session is None:
                await self._session.close()

    async def close(self) -> None:
        """Close every connection; a borrowed session stays open."""
        if self._lifeline is not None:
            await self._lifeline.aclose()

    async def send(self, request: Request, timeout: aiohttp.ClientTimeout) -> Answer:  # noqa: ASYNC109
        """Send a request once; a failure is an error of this package that says whether the server may have acted."""
        connection = self._connection
        headers = connection.auth.headers(request)
        if connection.session is not None:
            headers = {**_common(connection), **headers}
        if request.idempotency_key is not None:
            headers["Idempotency-Key"] = request.idempotency_key
        status, response = None, None
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
            if (error := _error(problem, status)) is None:
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
    session = aiohttp.ClientSession(
        # slots bound the requests, not the connector: its queue would count against the time of an attempt
        connector=aiohttp.TCPConnector(limit=0, limit_per_host=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=_common(connection),
        trust_env=connection.trust_env,
    )
    # aiohttp sends GET, PUT and DELETE a second time on its own; the tests of faults fail if it ever does again
    session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return session


def client_timeout(timeout: Timeout, remaining: float | None) -> aiohttp.ClientTimeout:
    """Bound one attempt. Connecting gets a little less than all of it: then a slow connect is known as not sent."""
    total = timeout.attempt if remaining is None else min(timeout.attempt, remaining)
    connect = min(timeout.connect, total * 0.95)
    return aiohttp.ClientTimeout(total=total, connect=connect, ceil_threshold=float("inf"))


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


def _error(problem: BaseException, status: int | None) -> TalonOneError | None:
    """Return what a failure means; None for what is not ours to translate.

    The texts of aiohttp's errors are not passed on where they may hold headers; its errors are never chained.
    """
    if isinstance(problem, TalonOneError):
        return problem
    if not isinstance(problem, aiohttp.ClientError | OSError | ValueError | AssertionError):
        return None
    if status is not None:
        return UnreadableAnswerError(f"the answer broke off ({type(problem).__name__})")
    return _without_answer(problem)


def _without_answer(problem: Exception) -> NoAnswerError:  # noqa: PLR0911  # a table, one line for each kind
    match problem:
        case aiohttp.ClientConnectorCertificateError():
            error = ConnectError(f"the server's certificate is not valid: {problem.certificate_error}")
            error.failure = Failure.FINAL
            return error
        case aiohttp.ConnectionTimeoutError():
            return ConnectError("no connection within the time allowed (Timeout.connect)")
        case aiohttp.ClientHttpProxyError():
            return ConnectError(f"the proxy refused with {problem.status}")
        case aiohttp.ClientConnectorError():
            return ConnectError(f"no connection to {problem.host}:{problem.port}: {problem.os_error}")
        case TimeoutError():
            return RequestTimeoutError("no answer within the time allowed")
        case aiohttp.InvalidURL():
            error = ConnectError("the URL is not valid")
            error.failure = Failure.FINAL
            return error
        case aiohttp.ClientResponseError():
            return ConnectionLostError("the answer is not HTTP")
        case _:
            return ConnectionLostError(f"the connection broke ({type(problem).__name__})")


class Pools:
    """The pools of one client, by event loop; loops that are gone take theirs along."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Pool] = WeakKeyDictionary()

    def __bool__(self) -> bool:
        return any(not loop.is_closed() for loop in self._pools)

    def get(self) -> Pool | None:
        """Return the running loop's pool, if there is one."""
        return self._pools.get(asyncio.get_running_loop())

    async def open(self) -> Pool:
        """Make the running loop's pool."""
        pool = self._pools[asyncio.get_running_loop()] = Pool(self.connection)
        await pool.keep()
        return pool

    async def close(self) -> None:
        """Close the running loop's pool here, and let every other loop close its own."""
        here = asyncio.get_running_loop()
        for loop, pool in list(self._pools.items()):
            del self._pools[loop]
            if loop is here:
                await pool.close()
            elif not loop.is_closed():
                asyncio.run_coroutine_threadsafe(pool.close(), loop)
