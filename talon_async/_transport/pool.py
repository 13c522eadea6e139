"""The connections of a client.

One pool for each running event loop: a client made at import time works in any number of loops, one after the other.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import aiohttp
from multidict import CIMultiDict

from talon_async._lanes import Lanes
from talon_async._transport.attempt import Attempt, Attempts
from talon_async._transport.exchange import JSON, UNBOUNDED, BySession, Direct, is_itself
from talon_async._transport.faults import meaning
from talon_async._transport.stage import Stage
from talon_async._version import __version__
from talon_async.auth import ApiKey
from talon_async.errors import ClientClosedError, UnreadableAnswerError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from talon_async._messages import Answer, Request
    from talon_async._transport.connection import Connection

logger = logging.getLogger("talon_async")

USER_AGENT = f"talon-async/{__version__} Python/{sys.version_info.major}.{sys.version_info.minor}"


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
        self._connection, self._forget, self.pid = connection, forget, os.getpid()
        self._loop, self._attempts = asyncio.get_running_loop(), Attempts()
        self._session = _session(connection, self._attempts)
        self._direct = Direct(self._session, connection) if Direct.serves(connection) else None
        self._by_session = BySession(self._session, connection)
        self._auth, self._signs = connection.auth, not isinstance(connection.auth, ApiKey)
        self._lifeline: AsyncGenerator[None] | None = None
        self.closed = asyncio.Event()
        self.lanes = Lanes(connection.limits.lane_width)
        self.slots = Lanes(connection.limits.connections)

    async def live_with_loop(self) -> None:
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

    def is_in_use(self) -> bool:
        """Tell whether there is a call on it."""
        return bool(self._attempts or len(self.slots) or len(self.lanes))

    async def close(self) -> None:
        """Close every connection; those of a borrowed session stay open."""
        if self._lifeline is not None:
            await self._lifeline.aclose()

    async def connect(self, seconds: float) -> None:
        """Have a connection ready for the first request, if that takes no longer than so many seconds.

        Why it could not be had is for the first request to tell.
        """
        if self._direct is None or self._connection.session is not None or not is_itself(self._session):
            return
        attempt = Attempt()
        attempt.begin(self._loop.time() + seconds, seconds)
        self._attempts.add(attempt)
        try:
            self._direct.keep(await self._direct.connect(attempt))
        except BaseException as problem:
            error = meaning(problem, None, reached=False)
            if not attempt.is_over() and error is None:
                raise
            logger.debug("no connection yet: %s", error or "it takes too long")
        finally:
            self._attempts.remove(attempt)

    def go_on_stage(self, body: bytes) -> bool:
        """Have every request answered by nobody, with this body; False if that cannot be."""
        if self._direct is None or not is_itself(self._session):
            return False
        self._direct.connector = Stage(body)
        return True

    async def send(self, request: Request, attempt: Attempt, total: float, connect: float) -> Answer:
        """Send a request once, within so many seconds, of which so many to connect.

        A failure is an error of this package that says whether the server may have acted.
        """
        attempt.begin(self._loop.time() + total, connect)
        headers = self._auth.headers(request) if self._signs else _NOTHING
        if request.idempotency_key is not None:
            headers = {**headers, "Idempotency-Key": request.idempotency_key}
        self._attempts.add(attempt)
        try:
            if self._direct is not None and is_itself(self._session):
                return await self._direct.send(request, headers, attempt)
            return await self._by_session.send(request, headers, attempt)
        except BaseException as problem:  # noqa: BLE001  # raised again, or translated, without its context
            failure = TimeoutError() if attempt.is_over() and isinstance(problem, asyncio.CancelledError) else problem
        finally:
            self._attempts.remove(attempt)
        try:
            return self._failed(failure, attempt.heard, reached=not attempt.connecting)
        finally:
            del failure  # or each failure would leave a cycle for the collector, with the request in it

    def _failed(self, failure: BaseException, heard: Answer | None, *, reached: bool) -> Answer:
        status = None if heard is None else heard.status
        error = meaning(failure, status, reached=reached)
        try:
            if error is None:
                raise failure
            if heard is not None and isinstance(error, UnreadableAnswerError) and not 200 <= heard.status < 300:  # noqa: PLR2004
                return heard
            error.status = status
            raise error
        finally:
            del error, failure


_NOTHING: Mapping[str, str] = MappingProxyType({})


def _common(connection: Connection) -> CIMultiDict[str]:
    headers = CIMultiDict({"Accept": JSON, "Accept-Encoding": "gzip, deflate", "User-Agent": USER_AGENT})
    headers.update(connection.headers)
    headers.update(connection.auth.common)
    return headers


def _session(connection: Connection, attempts: Attempts) -> aiohttp.ClientSession:
    borrowed = connection.session
    if borrowed is not None and borrowed.connector is None:
        raise ClientClosedError("the borrowed session is closed")
    session = aiohttp.ClientSession(
        connector=_Connector(attempts) if borrowed is None else borrowed.connector,
        connector_owner=borrowed is None,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=_common(connection),
        timeout=UNBOUNDED,
        trust_env=connection.trust_env,
    )
    # aiohttp sends GET, PUT and DELETE a second time on its own; the tests of faults fail if it ever does again
    session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return session


_not_ours: list[Pool] = []
"""What a forked child inherited and must neither use nor finalise."""


class Pools:
    """The pools of one client, by event loop; loops that are gone take theirs along."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._pools: dict[asyncio.AbstractEventLoop, Pool] = {}

    def __bool__(self) -> bool:
        return any(not loop.is_closed() for loop in self._pools)

    def get(self) -> Pool | None:
        """Return the running loop's pool, if there is one."""
        pool = self._pools.get(asyncio.get_running_loop())
        if pool is not None and pool.pid != os.getpid():
            raise ClientClosedError("this event loop and its connections are the parent process's: make a new loop")
        return pool

    async def open(self) -> Pool:
        """Make the running loop's pool."""
        here = asyncio.get_running_loop()
        for loop in [loop for loop in self._pools if loop.is_closed()]:  # closed without a word to anybody
            del self._pools[loop]
        pool = self._pools[here] = Pool(self.connection, lambda: self._pools.pop(here, None))
        await pool.live_with_loop()
        return pool

    async def close(self) -> None:
        """Close the running loop's pool here, and let every other loop close its own."""
        here = asyncio.get_running_loop()
        for loop, pool in list(self._pools.items()):
            if pool.pid != os.getpid():
                _not_ours.append(self._pools.pop(loop))
            elif loop is here:
                await pool.close()
            elif not loop.is_closed():
                asyncio.run_coroutine_threadsafe(pool.close(), loop)
