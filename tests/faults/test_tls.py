"""Certificates are always verified, and an invalid one is a final error."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from support.raw import RawServer, answer, then_cut

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


@pytest.mark.parametrize("case", ["unknown authority", "another name"])
async def test_a_certificate_is_final_when_it_is_not_valid(client: Any, clock: FakeClock, case: str) -> None:
    """An invalid certificate is a final error: nothing is sent or repeated."""
    authority = trustme.CA()
    options = {} if case == "unknown authority" else {"ssl": trusting(authority)}
    with RawServer(answer({}), tls=tls(authority, "localhost" if not options else "other.example")) as server:
        with pytest.raises(ConnectError, match="certificate is not valid") as caught:
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
