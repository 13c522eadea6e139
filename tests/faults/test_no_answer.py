"""Faults on the wire, on both twins: each ends in time, in an error with the right outcome."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from typing import Any

import pytest
from support.clock import FakeClock
from support.raw import EMPTY, Exchange, RawServer, Script, answer, fin, hang, in_parts, reset, then_cut, then_hang
from support.twins import KEY

from talon_async import Limits, RetryPolicy, TalonOne, Timeout
from talon_async._core.call import Call
from talon_async.errors import (
    APIError,
    BadRequestError,
    ClientClosedError,
    ConflictError,
    ConnectError,
    ConnectionLostError,
    NoAnswerError,
    RequestTimeoutError,
    ServerError,
    TalonOneError,
    UnreadableAnswerError,
)
from talon_async.models import CustomerProfileIntegrationRequestV2, NewCustomerProfile, NewEvent, NewReferral

EVENT = NewEvent(type="t", session_id="s", profile_id="p", attributes={})
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SESSION = pytest.mark.parametrize("kind", ["awaited", "blocking"])
"""Both twins, on the transport that has proxies and reads the environment."""
SHORT = Timeout(total=0.4, attempt=0.3, connect=0.2)


@pytest.mark.parametrize(
    ("script", "error", "outcome"),
    [
        pytest.param(reset, ConnectionLostError, "unknown", id="reset"),
        pytest.param(fin, ConnectionLostError, "unknown", id="fin"),
        pytest.param(then_cut(b"HTTP/1.1 2"), ConnectionLostError, "unknown", id="cut-in-head"),
        pytest.param(then_cut(b"garbage\r\n\r\n"), ConnectionLostError, "unknown", id="no-http"),
        pytest.param(then_cut(HEAD + b"Content-Length: -5\r\n\r\n"), NoAnswerError, "unknown", id="negative-length"),
        pytest.param(
            then_cut(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), NoAnswerError, "unknown", id="lengths"
        ),
        pytest.param(then_cut(HEAD + b"X: " + b"a" * 70_000 + b"\r\n\r\n{}"), NoAnswerError, "unknown", id="long-header"),
        pytest.param(then_cut(HEAD + b"Content-Length: 50\r\n\r\n{}"), UnreadableAnswerError, "accepted", id="cut-body"),
        pytest.param(
            then_cut(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}"), UnreadableAnswerError, "accepted", id="cut-chunk"
        ),
        pytest.param(
            then_cut(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain"), UnreadableAnswerError,
            "accepted", id="no-gzip",
        ),
        pytest.param(then_cut(HEAD + b'\r\n{"half": '), UnreadableAnswerError, "accepted", id="cut-without-length"),
        pytest.param(answer(b""), UnreadableAnswerError, "accepted", id="empty"),
        pytest.param(answer(b"<html>"), UnreadableAnswerError, "accepted", id="html"),
        pytest.param(answer(b"\xff\xfe"), UnreadableAnswerError, "accepted", id="no-utf-8"),
        pytest.param(answer(b"[" * 100_000), UnreadableAnswerError, "accepted", id="deep"),
        pytest.param(EMPTY, UnreadableAnswerError, "accepted", id="204"),
        pytest.param(answer(b"<h1>Bad Gateway</h1>", status=502), ServerError, "unknown", id="html-502"),
        pytest.param(
            then_cut(b"HTTP/1.1 500 X\r\nContent-Length: 50\r\n\r\n{}"), ServerError, "unknown", id="500-cut-in-body"
        ),
    ],
)  # fmt: skip
async def test_an_event_is_sent_once_when_its_outcome_is_open(
    client: Any, script: Script, error: type[TalonOneError], outcome: str
) -> None:
    """A V1 event that may have been recorded is not repeated, and the error has its outcome."""
    with RawServer(script) as server:
        talon = client(server.url)
        with pytest.raises(error) as caught:
            await talon.track_event(EVENT)
    assert (1, outcome, 1) == (len(server.received), caught.value.outcome, caught.value.attempts)
    assert ("track_event", "POST", "/v1/events") == (caught.value.operation, caught.value.method, caught.value.path)


@pytest.mark.parametrize(
    "script", [reset, fin, answer({}, status=503), then_cut(HEAD + b"Content-Length: 50\r\n\r\n{}")]
)
async def test_a_referral_is_made_once_when_its_outcome_is_open(client: Any, script: Script) -> None:
    """A referral whose outcome is unknown is not repeated, because each request makes another code."""
    with RawServer(script) as server, pytest.raises(TalonOneError):
        await client(server.url).create_referral(NewReferral(campaign_id=1, advocate_profile_integration_id="a"))
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        pytest.param(hang, "unknown", id="no-answer"),
        pytest.param(then_hang(b"HTTP/1.1 200 OK\r\n"), "unknown", id="half-a-head"),
        pytest.param(then_hang(HEAD + b"Content-Length: 5\r\n\r\n{"), "accepted", id="half-a-body"),
        pytest.param(then_hang(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}"), "accepted", id="half-a-chunk"),
        pytest.param(
            in_parts(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"ZZ\r\ngarbage\r\n"), "accepted", id="corrupt-chunk"
        ),
    ],
)
async def test_a_call_ends_in_time_when_the_answer_does_not_come(client: Any, script: Script, outcome: str) -> None:
    """A call whose answer does not come ends in time, also on a corrupt chunk, on which aiohttp waits for ever."""
    with RawServer(script) as server:
        talon = client(server.url, timeout=SHORT, retry=RetryPolicy.off())
        async with asyncio.timeout(2.5):  # ten times as long as the attempt would be too late
            with pytest.raises((RequestTimeoutError, UnreadableAnswerError)) as caught:
                await talon.track_event(EVENT)
    assert outcome == caught.value.outcome


async def test_nothing_was_sent_when_no_connection_can_be_made(client: Any) -> None:
    """A call without a connection is repeated whatever its operation, and its error says that nothing was sent."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        clock = FakeClock()
        talon = client(f"http://127.0.0.1:{taken.getsockname()[1]}", clock=clock)
        with pytest.raises(ConnectError, match=r": no connection to 127\.0\.0\.1:\d+: \[Errno \d+\] ") as caught:
            await talon.track_event(EVENT)
    assert ("not_sent", 4, 3) == (caught.value.outcome, caught.value.attempts, len(clock.waits))


@pytest.mark.parametrize(("part", "attempt", "connect"), [("attempt", 0.2, 5), ("connect", 60, 0.2)])
async def test_nothing_was_sent_when_connecting_takes_too_long(
    client: Any, part: str, attempt: float, connect: float
) -> None:
    """A call that cannot connect in time ends as not sent, and the error names the part of `Timeout` that was shorter."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        with socket.create_connection(full.getsockname()), socket.socket() as second, socket.socket() as third:
            for extra in (second, third):  # fills the backlog
                extra.setblocking(False)  # noqa: FBT003
                extra.connect_ex(full.getsockname())
            timeout = Timeout(total=120, attempt=attempt, connect=connect)
            talon = client(f"http://127.0.0.1:{full.getsockname()[1]}", timeout=timeout, retry=RetryPolicy.off())
            async with asyncio.timeout(15):
                with pytest.raises(ConnectError, match=f"Timeout.{part}") as caught:
                    await talon.track_event(EVENT)
    assert caught.value.outcome == "not_sent"


async def test_a_call_is_not_sent_when_the_host_does_not_exist(client: Any) -> None:
    """A host name that does not exist is a connection error."""
    talon = client("https://nothing.invalid", retry=RetryPolicy.off())
    with pytest.raises(ConnectError, match=r"no connection to nothing\.invalid"):
        await talon.track_event(EVENT)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed_when_a_server_sends_them(client: Any, status: int) -> None:
    """A redirect is not followed.

    It could lose the event, or send customers' data and the signature to another host.
    """
    with RawServer(answer({})) as other:
        away = answer({}, status=status, headers={"Location": other.url})
        with RawServer(away) as server, pytest.raises(APIError, match="redirect, which is not followed") as caught:
            await client(server.url).track_event(EVENT)
    assert (status, 1, 0) == (caught.value.status, len(server.received), len(other.received))


async def test_cookies_are_not_kept_when_a_server_sets_them(client: Any) -> None:
    """Cookies of one answer are not sent with the next call."""
    with RawServer(answer({}, headers={"Set-Cookie": "a=b"})) as server:
        talon = client(server.url.replace("127.0.0.1", "localhost"))  # aiohttp keeps no cookies of plain addresses
        for _ in range(2):
            await talon.track_event(EVENT)
    assert "cookie" not in server.received[1].headers


@pytest.mark.parametrize("lead", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"])
async def test_an_answer_is_read_when_information_comes_before_it(client: Any, lead: bytes) -> None:
    """An informational answer (1xx) before the answer is skipped."""
    with RawServer(lead + answer({"event": {"type": "t"}})) as server:
        assert (await client(server.url).track_event(EVENT)).event.type == "t"


async def test_the_answer_is_refused_when_it_is_larger_than_the_limit(client: Any) -> None:
    """An answer beyond the size limit is refused, with a length, without one, and after decompression."""
    import gzip

    bomb = gzip.compress(b"[" + b" " * 5_000_000 + b"]")
    large = [
        answer(b"x" * 2000),
        then_cut(HEAD + b"\r\n" + b"x" * 2000),
        answer(bomb, headers={"Content-Encoding": "gzip"}),
    ]
    for script in large:
        with RawServer(script) as server:
            talon = client(server.url, limits=Limits(response_bytes=1000))
            with pytest.raises(UnreadableAnswerError, match="larger than 1000 bytes") as caught:
                await talon.track_event(EVENT)
        assert caught.value.outcome == "accepted"


async def test_a_compressed_answer_is_read_when_it_fits(client: Any) -> None:
    """The client asks for gzip, and reads a compressed answer."""
    import gzip

    body = gzip.compress(b'{"event": {"type": "zipped"}}')
    with RawServer(answer(body, headers={"Content-Encoding": "gzip"})) as server:
        assert (await client(server.url).track_event(EVENT)).event.type == "zipped"
    assert "gzip" in server.received[0].headers["accept-encoding"]


async def test_a_call_ends_when_the_client_is_closed_meanwhile(client: Any) -> None:
    """A call whose client is closed ends with an error that says so and has an open outcome."""
    import asyncio

    with RawServer(hang) as server:
        talon = client(server.url)
        call = asyncio.ensure_future(talon.track_event(EVENT))
        while not server.received:
            await asyncio.sleep(0.01)
        await talon.aclose()
        with pytest.raises(ClientClosedError) as caught:
            await call
        assert caught.value.outcome == "unknown"
        with pytest.raises(ClientClosedError):
            await talon.track_event(EVENT)


async def test_an_idle_connection_is_not_mistaken_for_a_fault_when_the_server_closes_it(client: Any) -> None:
    """A safe call after the server has closed the idle connection goes out on a new one."""

    async def answer_and_close(exchange: Exchange) -> None:
        await exchange.send(answer({}))
        exchange.close()

    with RawServer(answer_and_close) as server:
        talon = client(server.url)
        for _ in range(3):
            await talon.get_customer_inventory("a")
    assert len(server.received) == 3


async def test_an_unknown_outcome_stays_when_later_attempts_are_never_sent(client: Any, clock: FakeClock) -> None:
    """A lost answer followed by a refused connection is an unknown outcome."""
    server = RawServer(reset)

    class Gone(FakeClock):
        async def sleep(self, seconds: float) -> None:
            server.__exit__()

    with server:
        talon = client(server.url, clock=Gone(), retry=RetryPolicy(attempts=2))
        with pytest.raises(ConnectError) as caught:
            await talon.update_customer_profile_v2("a", CustomerProfileIntegrationRequestV2())
    assert ("unknown", 2) == (caught.value.outcome, caught.value.attempts)


async def test_v1_writes_are_repeated_only_on_request_when_their_outcome_is_open(client: Any, clock: FakeClock) -> None:
    """V1 writes whose outcome is open are repeated only with `repeat_named`, because rules may run twice."""
    with RawServer(answer({}, status=503), answer({"profile": {"id": 1}})) as server:
        with pytest.raises(ServerError):
            await client(server.url, clock=clock).update_customer_profile("a", NewCustomerProfile())
        server.received.clear()
        talon = client(server.url, clock=clock, retry=RetryPolicy(repeat_named=True))
        assert (await talon.update_customer_profile("a", NewCustomerProfile())).profile.id == 1
    assert len(server.received) == 2


async def test_a_borrowed_session_changes_no_call_when_it_has_options_of_its_own() -> None:
    """The retries, errors and headers of a borrowed session do not apply to the client's calls.

    The session stays open.
    """
    import aiohttp

    with RawServer(answer({}), reset, answer({}, status=409)) as server:
        session = aiohttp.ClientSession(raise_for_status=True, headers={"X-Theirs": "1"})
        async with session, TalonOne(server.url, KEY, session=session, retry=RetryPolicy.off()) as talon:
            await talon.get_customer_inventory("a")
            with pytest.raises(ConnectionLostError) as caught:
                await talon.update_customer_profile("a", NewCustomerProfile())
            assert (1, 2) == (caught.value.attempts, len(server.received))
            with pytest.raises(ConflictError):
                await talon.get_customer_inventory("a")
            await talon.aclose()
            assert not session.closed
        assert "x-theirs" not in server.received[0].headers
        with pytest.raises(ClientClosedError, match="borrowed session is closed"):
            await TalonOne(server.url, KEY, session=session).get_customer_inventory("a")


@SESSION
@pytest.mark.parametrize(
    ("script", "tries"),
    [
        (reset, 4),
        (fin, 4),
        (then_cut(b"garbage\r\n\r\n"), 4),
        (answer({}, status=502), 4),
        (answer({}, status=400), 1),
        (answer({}, status=407), 1),
    ],
)
async def test_nothing_was_sent_when_the_proxy_fails_to_connect(
    client: Any, clock: FakeClock, script: Script, tries: int
) -> None:
    """A proxy that fails during CONNECT leaves the event not sent. A refusal of the proxy is final."""
    with RawServer(script) as proxy:
        talon = client("https://shop.invalid", proxy=proxy.url, clock=clock)
        with pytest.raises(ConnectError) as caught:
            await talon.track_event(EVENT)
    assert ("not_sent", tries) == (caught.value.outcome, len(proxy.received))


async def test_a_pause_ends_when_the_client_is_closed_meanwhile(client: Any) -> None:
    """Closing a client ends its pause for a Retry-After."""
    import asyncio

    busy = answer({}, status=429, headers={"Retry-After": "25"})
    with RawServer(busy) as server:
        talon = client(server.url)
        call = asyncio.ensure_future(talon.get_customer_inventory("a"))
        while not server.received:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        await talon.aclose()
        async with asyncio.timeout(10):
            with pytest.raises(ClientClosedError):
                await call


@SESSION
async def test_a_netrc_entry_is_an_error_when_it_has_another_credential(
    client: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """With `trust_env`, a netrc entry for the host is an error that says so.

    Nothing is sent or repeated, because aiohttp refuses to send the API key beside another one.
    """
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with RawServer(answer({})) as server:
        with pytest.raises(ConnectError, match="is trust_env on") as caught:
            await client(server.url, trust_env=True).track_event(EVENT)
    assert ("not_sent", 1, []) == (caught.value.outcome, caught.value.attempts, server.received)


def test_no_loop_is_kept_when_it_has_ended() -> None:
    """A client at module level keeps no reference to the loops that have ended."""
    import asyncio

    with RawServer(answer({})) as server:
        talon = TalonOne(server.url, KEY)

        async def once() -> None:
            await talon.get_customer_inventory("a")

        for _ in range(5):
            asyncio.run(once())
        gc.collect()
        assert [] == talon._core.states()


async def test_a_connection_is_dropped_when_bytes_come_while_it_is_idle(client: Any) -> None:
    """Bytes on an idle connection belong to no request. The connection is dropped, and the next call has a new one."""

    async def late(exchange: Any) -> None:
        await exchange.send(answer({"event": {"type": "first"}}))
        await asyncio.sleep(0.02)  # after the first answer was taken
        await exchange.send(answer({"event": {"type": "stale"}}))

    with RawServer(late, answer({"event": {"type": "second"}})) as server:
        talon = client(server.url)
        assert "first" == (await talon.track_event(EVENT)).event.type
        await asyncio.sleep(0.1)
        assert "second" == (await talon.track_event(EVENT)).event.type
        assert 2 == server.connections


async def test_no_cycle_is_left_when_calls_fail() -> None:
    """A failed call leaves no reference cycle that would keep its request until the garbage collector runs."""
    with RawServer(answer({"message": "no"}, status=400)) as server:
        async with TalonOne(server.url, KEY) as talon:

            async def failing() -> None:
                with contextlib.suppress(BadRequestError):
                    await talon.track_event(EVENT)

            await failing()
            gc.collect()
            gc.disable()
            try:
                for _ in range(5):
                    await failing()
                runs = [thing for thing in gc.get_objects() if isinstance(thing, Call)]
            finally:
                gc.enable()
    assert [] == runs
