"""A small server for machines without nginx: it writes prepared bytes over HTTP and TLS.

It prints its ports as JSON, in the order of `Server`, and runs until its input ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.payloads import ANSWERS, HEADERS, MANY_HEADERS
from benchmarks.serve.routes import answer_to

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALWAYS = b"Server: nginx\r\nDate: Sun, 01 Mar 2026 12:30:45 GMT\r\nConnection: keep-alive\r\n"


def responses(headers: Mapping[str, str]) -> dict[str, bytes]:
    """Return every answer as it goes over the wire."""
    rest = _ALWAYS + "".join(f"{name}: {text}\r\n" for name, text in headers.items()).encode() + b"\r\n"
    return {name: _start(body) + rest + body for name, body in ANSWERS.items()}


def _start(body: bytes) -> bytes:
    if not body:
        return b"HTTP/1.1 204 No Content\r\n"
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(body)


class Canned(asyncio.Protocol):
    """One connection."""

    def __init__(self, answers: Mapping[str, bytes]) -> None:
        self.answers = answers

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
            self.transport.write(self.answers[answer_to(head.split(b" ", 2)[1].decode())])


async def main(certificate: str, cpu: int | None) -> None:
    """Serve until the input ends."""
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    servers = [
        await loop.create_server(partial(Canned, responses(headers)), "127.0.0.1", 0, ssl=tls)
        for headers in (HEADERS, MANY_HEADERS)
        for tls in (None, context)
    ]
    print(json.dumps({"ready": True, "ports": [server.sockets[0].getsockname()[1] for server in servers]}), flush=True)
    ended = loop.create_future()
    loop.add_reader(sys.stdin, lambda: ended.done() or ended.set_result(None))
    await ended


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None))  # noqa: PLR2004
