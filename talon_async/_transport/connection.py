"""How the server is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    import aiohttp

    from talon_async.auth import Auth
    from talon_async.config import Limits


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
