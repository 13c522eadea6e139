"""A small server for machines without nginx: bytes in, bytes out, over HTTP and TLS.

It prints its two ports as JSON and runs until its input ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
from typing import Any

from benchmarks.payloads import ANSWERS
from benchmarks.serve.routes import answer_to

_HEADERS = (
    b"Server: nginx\r\nDate: Sun, 01 Mar 2026 12:30:45 GMT\r\nConnection: keep-alive\r\n"
    b"Strict-Transport-Security: max-age=31536000\r\nX-Request-Id: 0a1b2c3d4e5f60718293a4b5c6d7e8f9\r\n"
)


def _response(body: bytes) -> bytes:
    if not body:
        return b"HTTP/1.1 204 No Content\r\n" + _HEADERS + b"\r\n"
    kind = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 200 OK\r\n" + kind + _HEADERS + b"\r\n" + body


RESPONSES = {name: _response(body) for name, body in ANSWERS.items()}


class Canned(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: Any) -> None:
        """Remember where to answer."""
        self.transport = transport
        self.data = bytearray()

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self.data += data
        while (end := self.data.find(b"\r\n\r\n") + 4) > 3:  # noqa: PLR2004
            head = bytes(self.data[:end])
            _, _, length = head.lower().partition(b"content-length:")
            whole = end + int(length.split(b"\r", 1)[0] or 0)
            if len(self.data) < whole:
                return
            del self.data[:whole]
            self.transport.write(RESPONSES[answer_to(head.split(b" ", 2)[1].decode())])


async def main(certificate: str, cpu: int | None) -> None:
    """Serve until the input ends."""
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    plain = await loop.create_server(Canned, "127.0.0.1", 0)
    secure = await loop.create_server(Canned, "127.0.0.1", 0, ssl=context)
    ports = [server.sockets[0].getsockname()[1] for server in (plain, secure)]
    print(json.dumps({"ready": True, "ports": ports}), flush=True)
    ended = loop.create_future()
    loop.add_reader(sys.stdin, lambda: ended.done() or ended.set_result(None))
    await ended


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None))  # noqa: PLR2004
