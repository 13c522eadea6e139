"""Sends one request over aiohttp and says exactly what became of it.

One pool for each running event loop: a client made at import time works in any number of loops, one after the other.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextvars import Context
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import attrs
from aiohttp.payload import BytesPayload
from multidict import CIMultiDict
from yarl import URL

from talon_async._lanes import Lanes
from talon_async._messages import Answer, Failure
from talon_async._version import __version__
from talon_async.auth import ApiKey
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
    from talon_async.config import Limits

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


class Attempt:
    """One request on its way: until when it may take, and whether a connection is being made for it."""

    __slots__ = ("cancelling", "connect", "connecting", "end", "expired", "task")
    task: asyncio.Task[Any]

    def begin(self, end: float, connect: float) -> None:
        """Start anew: until the loop's time `end`, with so many seconds to connect."""
        self.task = task = cast("asyncio.Task[Any]", asyncio.current_task())
        self.cancelling = task.cancelling()
        self.end, self.connect = end, connect
        self.connecting = self.expired = False

    def expire(self) -> None:
        """End the attempt with a TimeoutError, by the way that asyncio's own timeouts go."""
        self.expired = True
        self.task.cancel()

    def is_over(self) -> bool:
        """Tell whether a cancellation of the task was ours, and nobody else's."""
        return self.expired and self.task.uncancel() <= self.cancelling


class Attempts:
    """The attempts under way, by task, and what ends those that take too long.

    One timer watches over all of them: aiohttp's timeouts cost 8 % of a request, this 1 %.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._context = Context()  # an empty one: a timer must not keep what is in the caller's
        self._by_task: dict[asyncio.Task[Any], Attempt] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, attempt: Attempt) -> None:
        """Watch over an attempt."""
        self._by_task[attempt.task] = attempt
        if self._timer is None or attempt.end < self._timer.when():
            self._wake_at(attempt.end)

    def remove(self, attempt: Attempt) -> None:
        """Watch over an attempt no longer; the timer finds out by itself."""
        self._by_task.pop(attempt.task, None)

    def current(self) -> Attempt:
        """Return the attempt of the running task."""
        return self._by_task[cast("asyncio.Task[Any]", asyncio.current_task())]

    def _wake_at(self, time: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(time, self._look, context=self._context) if time != float("inf") else None

    def _look(self) -> None:
        now = self._loop.time() + _TICK
        for attempt in [attempt for attempt in self._by_task.values() if attempt.end <= now]:
            self.remove(attempt)
            attempt.expire()
        self._timer = None
        self._wake_at(min((attempt.end for attempt in self._by_task.values()), default=float("inf")))

    def close(self) -> None:
        """Stop the timer."""
        self._wake_at(float("inf"))


_TICK = time.get_clock_info("monotonic").resolution
"""Seconds by which a loop may wake up early."""


class _Connector(aiohttp.TCPConnector):
    """Tells an attempt while a connection is made for it, when nothing can have been sent, and bounds its time."""

    def __init__(self, attempts: Attempts) -> None:
        # slots bound the requests, not the connector: its queue would count against the time of an attempt
        super().__init__(limit=0, limit_per_host=0)  # pyright: ignore[reportUnknownMemberType]
        self._attempts = attempts

    async def _create_connection(self, req: Any, traces: list[Any], timeout: Any) -> Any:  # noqa: ASYNC109
        attempt = self._attempts.current()
        attempt.connecting = True
        async with asyncio.timeout(attempt.connect):
            connection = await super()._create_connection(req, traces, timeout)
        attempt.connecting = False
        return connection

    async def _get(self, key: Any, traces: list[Any]) -> Any:
        connection: Any = await super()._get(key, traces)
        while connection is not None and connection.protocol.should_close:
            # something came while nobody had asked: it must not be taken for the next answer
            connection.close()
            connection = await super()._get(key, traces)
        return connection


class Pool:
    """The connections of one client on one event loop."""

    def __init__(self, connection: Connection, forget: Callable[[], object]) -> None:
        self._connection, self._forget = connection, forget
        self._loop, self._attempts = asyncio.get_running_loop(), Attempts()
        self._session = _session(connection, self._attempts)
        base = URL(connection.base_url, encoded=True)
        self._origin: dict[str, Any] = {"scheme": base.scheme, "authority": base.raw_authority}
        self._prefix = base.raw_path.rstrip("/")
        self._urls: dict[str, URL] = {}
        self._borrowed = connection.session is not None
        self._auth, self._signs = connection.auth, not isinstance(connection.auth, ApiKey)
        self._most = connection.limits.response_bytes
        given: dict[str, Any] = {"proxy": connection.proxy, "ssl": connection.ssl}
        self._extra: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        # of an empty POST aiohttp would say that it is some type
        self._bare: dict[str, Any] = self._extra | {"skip_auto_headers": ("Content-Type",)}
        self._lifeline: AsyncGenerator[None] | None = None
        self.closed = asyncio.Event()
        self.lanes = Lanes(connection.limits.lane_width)
        self.slots = Lanes(connection.limits.connections)

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
            self._attempts.close()
            await self._session.close()

    async def close(self) -> None:
        """Close every connection; those of a borrowed session stay open."""
        if self._lifeline is not None:
            await self._lifeline.aclose()

    async def send(self, request: Request, attempt: Attempt, total: float, connect: float) -> Answer:
        """Send a request once, within so many seconds, of which so many to connect.

        A failure is an error of this package that says whether the server may have acted.
        """
        attempt.begin(self._loop.time() + total, connect)
        headers: Any = self._auth.headers(request) if self._signs else _NOTHING
        if request.idempotency_key is not None:
            headers = CIMultiDict(headers, **{"Idempotency-Key": request.idempotency_key})
        body = None if request.body is None else BytesPayload(request.body, content_type="application/json")
        response, failure = None, None
        self._attempts.add(attempt)
        try:
            # what `request()` wraps for `async with`: awaited by itself it saves 5 % of a request
            response = await self._session._request(  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
                request.operation.method,
                self._url(request),
                data=body,
                headers=headers,
                allow_redirects=False,
                **(_bounded(connect) if self._borrowed else _NOTHING),
                **(self._extra if body is not None else self._bare),
            )
            return Answer(response.status, response.headers, await _read(response, self._most))
        except BaseException as problem:  # noqa: BLE001  # raised again, or translated, without its context
            if response is not None:
                response.close()
            failure = TimeoutError() if attempt.is_over() and isinstance(problem, asyncio.CancelledError) else problem
        finally:
            self._attempts.remove(attempt)
        return self._failed(failure, response, reached=not attempt.connecting)

    def _failed(self, failure: BaseException, response: aiohttp.ClientResponse | None, *, reached: bool) -> Answer:
        status = None if response is None else response.status
        if (error := _error(failure, status, reached=reached)) is None:
            raise failure
        if isinstance(error, UnreadableAnswerError) and status is not None and not 200 <= status < 300:  # noqa: PLR2004
            return Answer(status, response.headers if response is not None else {}, b"")
        error.status = status
        try:
            raise error
        finally:
            del error, failure  # or each failure would leave a cycle for the collector, with the request in it

    def _url(self, request: Request) -> URL:
        """Return the address without having it taken apart again: one without values is made once."""
        target = request.target
        found = self._urls.get(target)
        if found is None:
            path, _, query = target.partition("?")
            found = URL.build(**self._origin, path=self._prefix + path, query_string=query, encoded=True)
            if path == request.operation.path and len(self._urls) < _URLS:
                self._urls[target] = found
        return found


_NOTHING: dict[str, Any] = {}
_URLS = 100
"""Addresses that are kept; queries may hold times, of which there are many."""


def _common(connection: Connection) -> dict[str, str]:
    return {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "User-Agent": USER_AGENT,
        **connection.headers,
        **connection.auth.common,
    }


def _session(connection: Connection, attempts: Attempts) -> aiohttp.ClientSession:
    borrowed = connection.session
    if borrowed is not None and borrowed.connector is None:
        raise ClientClosedError("the borrowed session is closed")
    session = aiohttp.ClientSession(
        connector=_Connector(attempts) if borrowed is None else borrowed.connector,
        connector_owner=borrowed is None,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=_common(connection),
        timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),  # see Attempts
        trust_env=connection.trust_env,
    )
    # aiohttp sends GET, PUT and DELETE a second time on its own; the tests of faults fail if it ever does again
    session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return session


def _bounded(connect: float) -> dict[str, Any]:
    """Bound the connecting of a borrowed connector, to the moment: aiohttp alone would round to whole seconds."""
    return {"timeout": aiohttp.ClientTimeout(total=None, connect=connect, ceil_threshold=float("inf"))}


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """Read a body of at most `limit` bytes, counted after decompression."""
    headers = response.headers
    length = headers.get("Content-Length", "0" if response.status == 204 else "")  # noqa: PLR2004
    if length.isdecimal() and int(length) <= limit and "Content-Encoding" not in headers:
        # a small answer is there as a whole: taking it saves 3 % of a request over awaiting it
        return response.content.read_nowait() if response.content.is_eof() else await response.read()
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
    if not isinstance(problem, aiohttp.ClientError | OSError):
        return _unreached(problem)  # aiohttp refused to make the request
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
