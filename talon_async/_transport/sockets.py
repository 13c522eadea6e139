"""Asks the operating system about a connection."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class Watch:
    """Tells whether something has come to a connection, or its end, that the loop has not read yet.

    It takes no descriptor. One is made for each connection, because making it costs more than asking.
    """

    __slots__ = ("_ask", "_socket")

    def __init__(self, transport: asyncio.BaseTransport) -> None:
        self._socket: Any = transport.get_extra_info("socket")
        if hasattr(select, "poll"):
            poll = select.poll()
            if self._socket is not None:
                poll.register(self._socket, select.POLLIN)
            self._ask: Callable[[int], object] = poll.poll
        else:  # Windows, whose select has no limit on the number of a descriptor
            self._ask = self._select

    def is_readable(self) -> bool:
        """Ask the system."""
        return bool(self._ask(0))

    def _select(self, timeout: int) -> object:
        if self._socket is None or self._socket.fileno() < 0:
            return True
        return select.select([self._socket], [], [], timeout)[0]
