"""The faults of connecting: nothing is sent, and any call is repeated."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

import trustme

from tools.faults import names, scripts
from tools.faults.fault import Fault, Pace, Tell
from tools.faults.scene import Scene, answer
from tools.faults.wire import read_head

if TYPE_CHECKING:
    from tools.faults.clients import Client

NOT_SENT = (Tell.NOT_SENT,)
LOOK_UP_HANGS = 5.0
"""Seconds after which a hanging look-up gives up."""
_numbers = count()


class Refused(Scene):
    """A port on which no server listens."""

    async def start(self) -> None:
        """Reserve a port."""
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.listener.port = self.socket.getsockname()[1]

    async def mend(self) -> None:
        """Start to listen."""
        if not self.is_mended:
            self.is_mended = True
            await self.wire.run(self.listener.open(sock=self.socket))

    async def close(self) -> None:
        """Close the port."""
        await super().close()
        self.socket.close()


class FullBacklog(Refused):
    """A port whose queue of connections is full."""

    async def start(self) -> None:
        """Fill the queue."""
        await super().start()
        self.socket.listen(0)
        self.fillers = [socket.socket() for _ in range(3)]
        for filler in self.fillers:
            filler.settimeout(0)
            filler.connect_ex(self.socket.getsockname())

    async def mend(self) -> None:
        """Accept connections."""
        for filler in self.fillers:
            filler.close()
        await super().mend()


class Named(Scene):
    """A server that is reached by a name of its own.

    Attributes:
        name: the name.
        address: what it stands for.
    """

    scheme = "http"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.name, self.address = f"shop-{next(_numbers)}{names.DOMAIN}", "127.0.0.1"

    @property
    def url(self) -> str:
        """The base URL."""
        return f"{self.scheme}://{self.name}:{self.listener.port}"

    def options(self) -> dict[str, Any]:
        """Return the options of the client."""
        return {"allow_http": True, **super().options()}

    async def start(self) -> None:
        """Open the server and give it its name."""
        await super().start()
        names.TABLE[self.name] = lambda: self.address

    async def close(self) -> None:
        """Close the server and forget its name."""
        names.TABLE.pop(self.name, None)
        await super().close()


class NoName(Named):
    """A host name that does not exist yet."""

    async def start(self) -> None:
        """Start the server."""
        await Scene.start(self)

    async def mend(self) -> None:
        """Make the host name known."""
        self.is_mended = True
        names.TABLE[self.name] = lambda: self.address


class HangingName(Named):
    """A look-up that does not end."""

    async def start(self) -> None:
        """Start the server, and block look-ups."""
        await Scene.start(self)
        self.answered = threading.Event()

        def look_up() -> str:
            self.answered.wait(LOOK_UP_HANGS)
            return self.address

        names.TABLE[self.name] = look_up

    async def mend(self) -> None:
        """Let look-ups end."""
        self.is_mended = True
        self.answered.set()

    async def close(self) -> None:
        """Let look-ups end, and close the server."""
        self.answered.set()
        await super().close()


class Moved(Named):
    """A server that has moved to another address since the client's last call."""

    async def prepare(self, client: Client) -> None:
        """Make a call, then move the server."""
        await client.call("get_customer_inventory", f"{self.token}0")
        port = self.listener.port
        await self.wire.run(self.listener.close())
        self.address = "127.0.0.2"
        await self.wire.run(self.listener.open("127.0.0.2", port))


class Authority:
    """A certificate authority and its certificates."""

    def __init__(self) -> None:
        self._authority = trustme.CA()
        self.client = ssl.create_default_context()
        self._authority.configure_trust(self.client)

    @cache  # noqa: B019  # there are two for the whole run
    def server(self, name: str) -> ssl.SSLContext:
        """Return the certificate of a server with this name."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(name).configure_cert(context)
        return context


@cache
def authority(name: str) -> Authority:  # noqa: ARG001  # there is one for each name
    """Return an authority; the clients trust `ours`."""
    return Authority()


class Tls(Named):
    """A server with a good certificate."""

    scheme = "https"

    def options(self) -> dict[str, Any]:
        """Return the options of the client."""
        return {"ssl": authority("ours").client, **super().options()}

    def certificate(self) -> ssl.SSLContext:
        """Return the server's certificate."""
        return authority("ours").server(f"*{names.DOMAIN}")

    def is_faulty(self) -> bool:
        """Tell whether a new connection meets the fault, if it is one of connecting."""
        return not self.is_mended and (self.always or self.listener.connections == 1)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Do the handshake, then answer."""
        with contextlib.suppress(ssl.SSLError):  # the client does not trust us
            await writer.start_tls(self.certificate())
            await self.serve(reader, writer)


class UnknownAuthority(Tls):
    """A certificate of an authority that the client does not know."""

    def certificate(self) -> ssl.SSLContext:
        """Return the server's certificate."""
        whose = "theirs" if self.is_faulty() else "ours"
        return authority(whose).server(f"*{names.DOMAIN}")


class WrongName(Tls):
    """A certificate for another name."""

    def certificate(self) -> ssl.SSLContext:
        """Return the server's certificate."""
        return authority("ours").server("other.example") if self.is_faulty() else super().certificate()


class HandshakeHangs(Tls):
    """A server that accepts and says nothing."""

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Wait if the connection meets the fault, and serve otherwise."""
        if self.is_faulty():
            await asyncio.sleep(scripts.LONG)
        await super().connected(reader, writer)


class HandshakeCut(Tls):
    """A server that closes during the handshake."""

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Close if the connection meets the fault, and serve otherwise."""
        if not self.is_faulty():
            await super().connected(reader, writer)
            return
        await reader.read(16)
        writer.close()


class Proxy(Tls):
    """A proxy that fails, so that only CONNECT is written."""

    @property
    def url(self) -> str:
        """The base URL."""
        return f"https://{self.name}"

    def options(self) -> dict[str, Any]:
        """Return the options of the client."""
        return {"proxy": f"http://127.0.0.1:{self.listener.port}", **super().options()}

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Fail, or serve as the target behind the tunnel."""
        await read_head(reader)
        if self.is_faulty():
            writer.write(answer(status=int(self.fault.name.split()[-1])) if "answers" in self.fault.name else b"")
            return
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await super().connected(reader, writer)


async def cut_without_goodbye(exchange: Any) -> None:
    """Send half an answer without a length, and end the connection below TLS."""
    await exchange.send(scripts.HEAD + b"\r\n" + exchange.good[:30])
    exchange.writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
    await asyncio.sleep(scripts.LONG)


FINAL = (Tell.NOT_SENT_FINAL,)
SESSION = ("session",)
CONNECTING = [
    Fault("connection refused", NOT_SENT, scene=Refused),
    Fault("connect timeout", NOT_SENT, scene=FullBacklog, pace=Pace.WAITS),
    Fault("unresolvable name", NOT_SENT, scene=NoName),
    Fault("look-up hangs", NOT_SENT, scene=HangingName, pace=Pace.WAITS),
    Fault("moved host", (Tell.SUCCESS,), scene=Moved),
    Fault("TLS: unknown authority", FINAL, scene=UnknownAuthority),
    Fault("TLS: wrong name", FINAL, scene=WrongName),
    Fault("TLS: handshake hangs", NOT_SENT, scene=HandshakeHangs, pace=Pace.WAITS),
    Fault("TLS: handshake cut", NOT_SENT, scene=HandshakeCut),
    Fault("TLS: reset after acting", (Tell.UNKNOWN,), scripts.reset, acts=True, scene=Tls),
    Fault("TLS: FIN after acting", (Tell.UNKNOWN,), scripts.fin, acts=True, scene=Tls),
    Fault("TLS: hang after acting", (Tell.UNKNOWN,), scripts.hang, acts=True, scene=Tls, pace=Pace.WAITS),
    Fault("TLS: cut without close_notify", (Tell.ACCEPTED,), cut_without_goodbye, acts=True, scene=Tls),
    Fault("proxy ends the connection", NOT_SENT, scene=Proxy, transports=SESSION),
    Fault("proxy answers 502", NOT_SENT, scene=Proxy, transports=SESSION),
    Fault("proxy answers 407", FINAL, scene=Proxy, transports=SESSION),
]
