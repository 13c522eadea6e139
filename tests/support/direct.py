"""Calls through the direct transport, without a client."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trustme

from talon_async._messages import Answer, Idempotency, Operation, Request
from talon_async._transport.base import TransportSettings
from talon_async._transport.deadlines import Attempt, Deadlines
from talon_async._transport.direct import DirectTransport
from talon_async.auth import ApiKey
from talon_async.config import Limits

KEY = "k3y-of-the-tests"


class Caller:
    """Calls as `Call` does, without repetitions."""

    def __init__(self, url: str, **options: Any) -> None:
        defaults: dict[str, Any] = {"headers": {}, "proxy": None, "ssl": None, "trust_env": False, "session": None}
        settings = defaults | {"limits": Limits(), "auth": ApiKey(KEY), "base_url": url} | options
        self.deadlines = Deadlines()
        self.transport = DirectTransport(TransportSettings(**settings), self.deadlines)
        self.attempt = Attempt()

    async def call(
        self, body: bytes | None = b"{}", method: str = "POST", seconds: float = 10, connect: float = 5
    ) -> Answer:
        """Send a request once."""
        operation = Operation("call", method, "/v2/x", Idempotency.NEVER)
        request = Request(operation, "/v2/x?a=b", body, Idempotency.NEVER, "id-key", (), lambda *_: None)
        self.attempt = attempt = self.deadlines.start(seconds, min(seconds, connect))
        try:
            return await self.transport.send(request, attempt)
        except asyncio.CancelledError:
            if not attempt.take_back_cancellation():
                raise
            raise attempt.timeout_error() from None
        finally:
            self.deadlines.finish(attempt)

    @property
    def open(self) -> int:
        return len(self.transport._dialer.connections)

    async def close(self) -> None:
        """Close the transport as `LoopState` does."""
        self.deadlines.close()
        await self.transport.close()


@contextlib.asynccontextmanager
async def calling(url: str, **options: Any) -> AsyncIterator[Caller]:
    caller = Caller(url, **options)
    try:
        yield caller
    finally:
        await caller.close()


def certificates(name: str = "localhost") -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's certificate, and a context of a client that trusts it."""
    authority = trustme.CA()
    shown, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(name).configure_cert(shown)
    authority.configure_trust(trusting)
    return shown, trusting


TLS = pytest.mark.parametrize("tls", [False, True])


def both(tls: bool) -> tuple[ssl.SSLContext | None, ssl.SSLContext | None]:
    return certificates() if tls else (None, None)
