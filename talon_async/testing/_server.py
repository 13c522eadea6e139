"""The real HTTP server of the sandbox: in the running loop, or in a loop on a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from talon_async.testing._handler import Handler

T = TypeVar("T")
HOST = "127.0.0.1"
LONGEST_LINE = 1 << 20
"""Bytes of a request line or header: IDs of sessions may have any length."""
GRACE = 0.1
"""Seconds that requests under way get when the server stops."""


@contextlib.asynccontextmanager
async def serving(handler: Handler, port: int) -> AsyncGenerator[int]:
    """Serve in the running loop; gives the port."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            body = await request.content.read()
        except web.RequestPayloadError:
            body = None
        answer = await handler.handle(request.method, request.raw_path, request.headers, body)
        if answer is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()  # goes nowhere
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body or None)

    server = web.Server(handle, access_log=None, max_line_size=LONGEST_LINE, max_field_size=LONGEST_LINE)
    runner = web.ServerRunner(server, shutdown_timeout=GRACE)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


class ServerThread:
    """Serves on a thread of its own until it is stopped."""

    def __init__(self, handler: Handler, port: int) -> None:
        self._handler, self._wanted = handler, port
        self._started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]] = Future()
        self._thread = threading.Thread(target=self._main, name="talon-async-sandbox", daemon=True)
        self._thread.start()
        self._loop, self._end, self.port = self._started.result()

    def _main(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as problem:
            if self._started.done():
                raise
            self._started.set_exception(problem)

    async def _serve(self) -> None:
        end = asyncio.Event()
        async with serving(self._handler, self._wanted) as port:
            self._started.set_result((asyncio.get_running_loop(), end, port))
            await end.wait()

    def call(self, function: Callable[[], T]) -> T:
        """Run a function on the server's loop, where nothing else happens meanwhile."""
        if threading.current_thread() is self._thread:
            return function()
        result: Future[T] = Future()

        def run() -> None:
            try:
                result.set_result(function())
            except BaseException as problem:  # noqa: BLE001  # it is the caller's
                result.set_exception(problem)

        self._loop.call_soon_threadsafe(run)
        return result.result()

    def stop(self) -> None:
        """Stop serving and wait for the thread."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
