"""Certificates are always verified, and an invalid one is a final error."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from support.raw import RawServer, answer, then_cut
from support.twins import KEY

from talon_async import TalonOne
from talon_async._transport.dial import default_context
from talon_async.errors import ConnectError, UnreadableAnswerError

if TYPE_CHECKING:
    from support.clock import FakeClock


def tls(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_calls_go_through_when_the_certificate_is_trusted(client: Any) -> None:
    """A certificate of an authority that `ssl=` trusts is accepted."""
    authority = trustme.CA()
    with RawServer(answer({"profile": {"id": 7}}), tls=tls(authority, "localhost")) as server:
        talon = client(server.url, ssl=trusting(authority))
        assert (await talon.get_customer_inventory("a")).profile.id == 7


@pytest.mark.parametrize("host", ["shop.localhost.", "b\u00fccher.localhost"])
async def test_the_certificate_is_that_of_the_host_when_its_name_has_another_form(
    client: Any, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate names a host without the dot at its end, and an international name in its encoded form."""
    asked: list[str] = []

    def getaddrinfo(name: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(name)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    named = host.rstrip(".").encode("idna").decode()
    authority = trustme.CA()
    with RawServer(answer({"profile": {"id": 7}}), tls=tls(authority, named)) as server:
        talon = client(f"https://{host}:{server.port}", ssl=trusting(authority))
        assert (await talon.get_customer_inventory("a")).profile.id == 7
    assert [named] == [name.rstrip(".") for name in asked if "localhost" in name]


@pytest.mark.parametrize("case", ["unknown authority", "another name"])
async def test_a_certificate_is_final_when_it_is_not_valid(client: Any, clock: FakeClock, case: str) -> None:
    """An invalid certificate is a final error: nothing is sent or repeated."""
    authority = trustme.CA()
    options = {} if case == "unknown authority" else {"ssl": trusting(authority)}
    with RawServer(answer({}), tls=tls(authority, "localhost" if not options else "other.example")) as server:
        with pytest.raises(ConnectError, match=r"certificate is not valid: \[SSL") as caught:
            await client(server.url, clock=clock, **options).get_customer_inventory("a")
    assert ("not_sent", 1, []) == (caught.value.outcome, caught.value.attempts, server.received)


async def test_an_answer_is_unreadable_when_tls_cuts_it_off(client: Any, clock: FakeClock) -> None:
    """An answer that TLS cuts off is refused as incomplete JSON, since neither a length nor a proper end tells."""
    authority = trustme.CA()
    cut = then_cut(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"profile": {"id"')
    with RawServer(cut, tls=tls(authority, "localhost")) as server:
        talon = client(server.url, clock=clock, ssl=trusting(authority))
        with pytest.raises(UnreadableAnswerError):
            await talon.get_customer_inventory("a")


async def test_the_server_is_offered_http_1_when_no_context_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """The usual TLS settings offer HTTP/1.1, so that a server that prefers HTTP/2 speaks the older one."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    shown = tls(authority, "localhost")
    shown.set_alpn_protocols(["h2", "http/1.1"])
    default_context.cache_clear()
    try:
        with RawServer(answer({}), tls=shown) as server:
            async with TalonOne(server.url, KEY, transport="direct") as talon:
                await talon.get_customer_inventory("a")
            assert "http/1.1" == server.received[0].writer.get_extra_info("ssl_object").selected_alpn_protocol()
    finally:
        default_context.cache_clear()


async def test_a_connection_ends_soon_when_the_server_does_not_end_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is closed does not wait for long until the server ends TLS, too."""
    monkeypatch.setattr("talon_async._transport.dial.TLS_SHUTDOWN_TIMEOUT", 0.05)
    authority = trustme.CA()
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        with listening.accept()[0] as plain, tls(authority, "localhost").wrap_socket(plain, server_side=True) as secure:
            secure.recv(65536)
            secure.sendall(answer({}, headers={"Connection": "close"}))
            over.wait(10)  # and never reads the end

    thread = threading.Thread(target=serve)
    thread.start()
    async with TalonOne(
        f"https://localhost:{listening.getsockname()[1]}", KEY, transport="direct", ssl=trusting(authority)
    ) as talon:
        await talon.get_customer_inventory("a")
        state: Any = talon._core.state()
        async with asyncio.timeout(5):
            while state.transport._dialer.connections:
                await asyncio.sleep(0.01)
    over.set()
    thread.join()
    listening.close()
