"""A connection to nobody, which answers at once: for a rehearsal."""

from __future__ import annotations

import asyncio

from aiohttp.client_proto import ResponseHandler


class Stage:
    """Stands in for a connector, and for its only connection; each request gets the same JSON for an answer."""

    def __init__(self, body: bytes) -> None:
        self.protocol = ResponseHandler(asyncio.get_running_loop())
        self.transport = _Nobody(self.protocol, body)
        self.protocol.connection_made(self.transport)

    async def connect(self, *_: object) -> Stage:
        """Give the connection."""
        return self

    def release(self) -> None:
        """Keep the connection."""

    close = release


class _Nobody(asyncio.Transport):
    def __init__(self, protocol: ResponseHandler, body: bytes) -> None:
        super().__init__()
        self._protocol = protocol
        self._answer = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )

    def write(self, data: bytes | bytearray | memoryview) -> None:  # noqa: ARG002  # whatever was said
        asyncio.get_running_loop().call_soon(self._protocol.data_received, self._answer)

    def abort(self) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0
