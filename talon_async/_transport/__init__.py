"""How requests reach the server: `base` says what a transport is, and there are two.

`session` is the default and uses aiohttp's own session. `direct` speaks HTTP/1.1 itself and takes less processor time.
`deadlines` ends attempts that take too long, and `faults` turns failures into errors of this package. Only this folder
and the sandbox import aiohttp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from talon_async.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_async._transport.base import Transport, TransportSettings
    from talon_async._transport.deadlines import Deadlines

TransportName = Literal["session", "direct"]


LARGER_THAN_A_READ = 1 << 20
"""Bytes; asyncio reads into blocks of 256 KiB."""


def keep_blocks() -> None:
    """Have glibc keep the blocks that asyncio reads into.

    asyncio reads into a new block of 256 KiB each time. glibc maps and unmaps each block of that size until a larger
    block has been freed once. The mapping takes a fifth of the processor time of a call through aiohttp's session, and
    a third of a call on the direct transport.
    """
    bytearray(LARGER_THAN_A_READ)


def transport_class(name: TransportName, settings: TransportSettings) -> Callable[..., Transport]:
    """Return the class of a transport; raise ConfigurationError for a setting that the transport does not support."""
    keep_blocks()
    if name == "session":
        from talon_async._transport.session import SessionTransport  # noqa: PLC0415  # loaded only if it is used

        return SessionTransport
    if name != "direct":
        raise ConfigurationError(f"transport must be 'session' or 'direct', not {name!r}")
    return _direct(settings)


def _direct(settings: TransportSettings) -> Callable[[TransportSettings, Deadlines], Transport]:
    lacking = {"proxy": settings.proxy, "trust_env": settings.trust_env, "session": settings.session}
    for option, value in lacking.items():
        if value:
            raise ConfigurationError(f"{option}: the direct transport does not support it; use transport='session'")
    try:
        from talon_async._transport.direct import DirectTransport  # noqa: PLC0415  # loaded only if it is used
    except ImportError as problem:
        raise ConfigurationError(
            f"transport='direct' needs the package {problem.name}, which is not installed; use transport='session'"
        ) from None
    return DirectTransport
