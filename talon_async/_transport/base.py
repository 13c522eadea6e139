"""The protocol of transports: a transport sends a request once, and returns the answer or raises."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

import attrs
from multidict import CIMultiDict

from talon_async._version import __version__
from talon_async.auth import ContentSignature

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    import aiohttp

    from talon_async._messages import Answer, Request
    from talon_async._transport.deadlines import Attempt
    from talon_async.auth import Auth
    from talon_async.config import Limits

JSON = "application/json"
USER_AGENT = f"talon-async/{__version__} Python/{sys.version_info.major}.{sys.version_info.minor}"


@attrs.frozen(eq=False, kw_only=True)
class TransportSettings:
    """How the server is reached; the same for every event loop of a client."""

    base_url: str
    auth: Auth
    limits: Limits
    headers: Mapping[str, str]
    proxy: str | None
    ssl: ssl.SSLContext | None
    trust_env: bool
    session: aiohttp.ClientSession | None

    def common_headers(self) -> CIMultiDict[str]:
        """Return the headers that all requests have in common."""
        headers = CIMultiDict({"Accept": JSON, "Accept-Encoding": "gzip, deflate", "User-Agent": USER_AGENT})
        headers.update(self.headers)
        headers.update(self.auth.common)
        return headers

    def own_headers(self, request: Request) -> dict[str, str]:
        """Return the headers that belong to one request."""
        headers = self.auth.sign(request) if isinstance(self.auth, ContentSignature) else {}
        if request.idempotency_key is not None:
            headers["Idempotency-Key"] = request.idempotency_key
        return headers


class Transport(Protocol):
    """The connections of one client on one event loop."""

    async def send(self, request: Request, attempt: Attempt) -> Answer:
        """Send a request once and return its answer.

        `attempt.connecting` is true while nothing can have been sent. `attempt.answer` is set as soon as the head of
        the answer has arrived. A failure or cancellation of the attempt also ends the connection.

        Raises:
            TalonOneError: there is no answer. Its class and `outcome` say whether the server may have acted.
        """
        ...

    async def connect(self, seconds: float) -> None:
        """Open a connection for the first request, within so many seconds, if the transport supports that."""
        ...

    async def close(self) -> None:
        """Close every connection that this transport owns."""
        ...

    def abandon(self) -> None:
        """Drop every connection without touching it: in a forked child the connections belong to the parent."""
        ...
