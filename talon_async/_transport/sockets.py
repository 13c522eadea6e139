"""Asks the operating system about a connection."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio


def is_readable(transport: asyncio.BaseTransport) -> bool:
    """Tell whether something has come to a connection, or its end, that the loop has not read yet.

    It takes no descriptor, and a millionth of a second.
    """
    socket = transport.get_extra_info("socket")
    if socket is None or socket.fileno() < 0:
        return False
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(socket, select.POLLIN)
        return bool(poll.poll(0))
    readable, _, _ = select.select([socket], [], [], 0)  # Windows: no limit on the number of the descriptor
    return bool(readable)
