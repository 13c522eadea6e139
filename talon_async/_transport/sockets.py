"""Asks the operating system about a connection."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


def readable_check(transport: asyncio.BaseTransport) -> Callable[[int], object]:
    """Return a function that tells whether a connection has bytes, or its end, that the loop has not read yet.

    The function takes the milliseconds to wait, which are always 0. It opens no descriptor. Each connection keeps its
    own function, because making it takes longer than calling it.
    """
    socket: Any = transport.get_extra_info("socket")
    if socket is None:
        return bool
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(socket, select.POLLIN)
        return poll.poll

    def check(milliseconds: int) -> object:  # Windows, where select accepts descriptors of any number
        return socket.fileno() < 0 or select.select([socket], [], [], milliseconds)[0]

    return check
