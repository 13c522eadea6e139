"""Asks the operating system about a connection."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


def readable_check(transport: asyncio.BaseTransport) -> Callable[[int], object]:
    """Return a function that tells whether something has come to a connection, or its end, which the loop has not read.

    It is called with 0, the milliseconds that it waits. It needs no descriptor. Each connection has one, because making
    it costs more than calling it.
    """
    socket: Any = transport.get_extra_info("socket")
    if socket is None:
        return bool
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(socket, select.POLLIN)
        return poll.poll

    def check(milliseconds: int) -> object:  # Windows, whose select has no limit on the number of a descriptor
        return socket.fileno() < 0 or select.select([socket], [], [], milliseconds)[0]

    return check
