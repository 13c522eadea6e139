"""The direct transport when no connection can be made, and when calls, loops and processes end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from support.direct import KEY, TLS, Caller, both, calling, certificates
from support.raw import Exchange, RawServer, answer, hang, then_cut, then_hang

from talon_async._messages import Failure, Request
from talon_async._transport.http1 import Connection
from talon_async._transport.names import NAME_LIFETIME, CachedAddresses
from talon_async.config import Limits
from talon_async.errors import (
    ClientClosedError,
    ConnectError,
    ConnectionLostError,
    TalonOneError,
    UnreadableAnswerError,
)

# -- connections that cannot be made


async def test_nothing_was_sent_when_the_port_is_closed() -> None:
    """A closed port is an error that names the server and says that nothing was sent."""
    with RawServer() as server:
        pass
    async with calling(server.url) as caller:
        with pytest.raises(ConnectError, match=f"127.0.0.1:{server.port}") as caught:
            await caller.call()
    assert ("not_sent", Failure.NOT_SENT, True) == (
        caught.value.outcome, caught.value.failure, caller.attempt.connecting,
    )  # fmt: skip


async def test_nothing_was_sent_when_the_certificate_is_of_another_host() -> None:
    """A certificate of another host is a final error, and nothing was sent."""
    shown, trusting = certificates("other.example")
    with RawServer(tls=shown) as server:
        async with calling(server.url, ssl=trusting) as caller:
            with pytest.raises(ConnectError, match="certificate") as caught:
                await caller.call()
    assert (Failure.FINAL, 0) == (caught.value.failure, len(server.received))


async def test_nothing_was_sent_when_the_handshake_does_not_end() -> None:
    """A TLS handshake that does not end is bounded by the time for connecting, and nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with calling(f"https://127.0.0.1:{silent.getsockname()[1]}", ssl=ssl.create_default_context()) as caller:
            with pytest.raises(ConnectError, match="Timeout.connect"):
                await caller.call(connect=0.05)
            with pytest.raises(ConnectError, match="Timeout.attempt"):
                await caller.call(seconds=0.05)


async def test_nothing_was_sent_when_the_server_closes_a_new_connection_at_once() -> None:
    """The end of a new connection is seen before the request is written, so nothing was sent."""
    listening = socket.create_server(("127.0.0.1", 0))
    closed = threading.Event()

    def close_at_once() -> None:
        listening.accept()[0].close()
        closed.set()

    threading.Thread(target=close_at_once).start()
    async with calling(f"http://127.0.0.1:{listening.getsockname()[1]}") as caller:
        make = caller.transport._dialer._loop.create_connection

        async def made_late(*args: Any, **options: Any) -> Any:
            made = await make(*args, **options)
            closed.wait(5)
            return made

        caller.transport._dialer._loop.create_connection = made_late  # type: ignore[method-assign]
        with pytest.raises(ConnectError, match="closed before"):
            await caller.call()
    listening.close()


async def test_a_server_is_found_when_it_has_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed connection forgets the addresses of its server, and the next attempt looks the name up again."""
    look_up, hosts = socket.getaddrinfo, ["127.0.0.1", "127.0.0.1", "127.0.0.2"]
    with RawServer(answer({}, headers={"Connection": "close"})) as server:

        def moving(_: str, port: int, **options: Any) -> Any:
            return look_up(hosts.pop(), port, **options)

        monkeypatch.setattr(socket, "getaddrinfo", moving)
        async with calling(f"http://moving.example:{server.port}") as caller:
            with pytest.raises(ConnectError):
                await caller.call()
            for _ in range(5):
                await caller.call()
            assert 1 == len(hosts)  # found once more, and remembered


async def test_a_name_is_looked_up_once_when_many_connections_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that are made at the same time share one look-up of the name."""
    look_up, count = socket.getaddrinfo, []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: count.append(1) or look_up(*args, **options))
    with RawServer(answer({})) as server:
        async with calling(f"http://localhost:{server.port}") as caller:
            await asyncio.gather(*[caller.call() for _ in range(20)])
    assert 1 == len(count)


async def test_a_name_is_looked_up_again_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds: the server may have moved although its old address still answers."""
    loop, hosts, passed = asyncio.get_running_loop(), ["127.0.0.2", "127.0.0.1"], [0.0]
    time_of = loop.time
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [hosts.pop()])
    monkeypatch.setattr(loop, "time", lambda: time_of() + passed[0])
    addresses = CachedAddresses("moving.example", 443)
    found = []
    for passed[0] in (0, NAME_LIFETIME - 5, NAME_LIFETIME + 0.1):
        found += await addresses.get()
    assert ["127.0.0.1", "127.0.0.1", "127.0.0.2"] == found


async def test_a_name_is_unknown_when_the_system_says_so() -> None:
    """A name that the system does not know is an error that says that nothing was sent."""
    async with calling("http://does-not-exist.invalid") as caller:
        with pytest.raises(ConnectError):
            await caller.call()


def test_the_loop_ends_when_a_look_up_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither closing the client nor the loop's executor waits for a look-up that hangs."""
    goes_on = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: goes_on.wait(60))

    async def main() -> None:
        async with calling("http://hanging.example") as caller:
            await caller.transport.connect(0.01)
            with pytest.raises(ConnectError, match="Timeout.connect"):
                await caller.call(connect=0.05)
            call = asyncio.ensure_future(caller.call())
            await asyncio.sleep(0.01)
            await caller.close()
            with pytest.raises(ConnectError):
                await call

    started = time.monotonic()
    asyncio.run(main())
    assert 2 > time.monotonic() - started
    goes_on.set()


def test_the_process_ends_when_a_look_up_hangs() -> None:
    """The thread of a look-up that hangs does not keep the process from ending."""
    script = (
        "import asyncio, socket, threading\n"
        "socket.getaddrinfo = lambda *_, **__: threading.Event().wait(60)\n"
        "from talon_async._transport.names import CachedAddresses\n"
        "async def main():\n"
        "    try: await asyncio.wait_for(CachedAddresses('hanging.example', 80).get(), 0.1)\n"
        "    except TimeoutError: print('ended')\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=10, check=True, cwd=ROOT
    )
    assert ("ended\n", "") == (done.stdout, done.stderr)


ROOT = Path(__file__).parents[2]

# -- cancelling and closing


async def test_no_connection_is_left_when_calls_are_cancelled_at_any_moment() -> None:
    """The connections of cancelled calls end, and the others can be used on."""
    chance = random.Random(7)

    async def slow(exchange: Exchange) -> None:
        await asyncio.sleep(chance.random() * 0.004)
        await exchange.send(answer({}))

    with RawServer(slow) as server:
        async with calling(f"http://localhost:{server.port}") as caller:
            for _ in range(30):
                calls = [asyncio.ensure_future(caller.call()) for _ in range(10)]
                await asyncio.sleep(chance.random() * 0.008)
                for call in calls:
                    call.cancel()
                await asyncio.gather(*calls, return_exceptions=True)
                assert b"{}" == (await caller.call()).body
            async with asyncio.timeout(5):
                while len(caller.transport._idle) != caller.open:
                    await asyncio.sleep(0.01)  # those of the cancelled have yet to close


@TLS
def test_connections_and_calls_end_when_the_transport_is_closed(tls: bool) -> None:
    """Closing the transport ends the calls under way and closes the idle connections.

    It leaves no transport for the garbage collector.
    """
    shown, trusting = both(tls)
    with RawServer(answer({}), answer({}), hang, tls=shown) as server:

        async def main() -> list[Any]:
            caller = Caller(server.url, ssl=trusting)
            await asyncio.gather(caller.call(), caller.call())
            calls = [asyncio.ensure_future(caller.call()) for _ in range(5)]
            while len(server.received) < 7:
                await asyncio.sleep(0.01)
            sockets = [
                connection.transport.get_extra_info("socket") for connection in caller.transport._dialer.connections
            ]
            await caller.close()
            assert {-1} == {connected.fileno() for connected in sockets}
            with pytest.raises(ClientClosedError, match="the connections are closed"):
                await caller.call()
            return await asyncio.gather(*calls, return_exceptions=True)

        results = asyncio.run(main())
        gc.collect()
    assert all(isinstance(result, TalonOneError) for result in results)


async def test_no_connection_is_left_when_one_is_made_while_the_transport_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody would close it, so it is closed at once."""
    look_up, goes_on = socket.getaddrinfo, threading.Event()

    def late(_: str, port: int, **options: Any) -> Any:
        goes_on.wait(60)
        return look_up("127.0.0.1", port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", late)
    with RawServer(hang) as server:
        async with calling(f"http://late.example:{server.port}") as caller:
            connecting = asyncio.ensure_future(caller.transport.connect(60))
            await asyncio.sleep(0)
            await caller.transport.close()
            goes_on.set()
            await connecting
            for _ in range(20):
                await asyncio.sleep(0)
            assert (0, []) == (caller.open, caller.transport._idle)


async def test_a_new_connection_is_closed_when_its_call_is_cancelled_while_it_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Something has come to it before the request was written, and the caller gives up meanwhile."""
    monkeypatch.setattr("talon_async._transport.http1.readable_check", lambda _: lambda _: True)
    monkeypatch.setattr("talon_async._transport.dial.let_loop_read", lambda: asyncio.sleep(60))
    with RawServer(hang) as server:
        async with calling(server.url) as caller:
            call = asyncio.ensure_future(caller.call())
            while not caller.open:
                await asyncio.sleep(0.001)
            (connection,) = caller.transport._dialer.connections
            await asyncio.sleep(0.01)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            assert connection.transport.is_closing()


async def test_a_call_fails_when_the_transport_is_closed_under_it() -> None:
    """A call fails when its transport is closed, also if it has no deadline."""
    with RawServer(hang) as server:
        async with calling(server.url) as caller:
            call = asyncio.ensure_future(caller.call())
            while not server.received:
                await asyncio.sleep(0.01)
            await caller.transport.close()
            with pytest.raises(ConnectionLostError):
                await call


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@TLS
def test_no_descriptor_is_left_when_a_loop_is_dropped_without_closing(tls: bool) -> None:
    """The garbage collector frees the descriptors of a loop that is dropped. Only the loop's side holds them."""
    shown, trusting = both(tls)
    sockets: list[weakref.ref[Any]] = []
    with RawServer(answer({}), tls=shown) as server:

        async def main(loop: Any) -> None:
            loop.caller = Caller(server.url, ssl=trusting)  # on the loop's side, as `Core` keeps it
            await asyncio.gather(*[loop.caller.call() for _ in range(3)])
            connections = loop.caller.transport._dialer.connections
            sockets.extend(
                weakref.ref(connection.transport.get_extra_info("socket")._sock) for connection in connections
            )

        for _ in range(5):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(main(loop))
            del loop
        for _ in range(5):  # what a finaliser drops is collected the next time
            gc.collect()
    assert (15, set()) == (len(sockets), {connected() for connected in sockets} - {None})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_parents_connections_live_on_when_a_forked_child_exits_inside_a_coroutine() -> None:
    """A forked child that exits inside a coroutine ends its copies of the calls.

    The parent's calls and its next one get their answers.
    """
    goes_on = threading.Event()

    async def slow(exchange: Exchange) -> None:
        while not goes_on.is_set():
            await asyncio.sleep(0.01)
        await exchange.send(answer("slow"))

    with RawServer(answer({}), slow, answer("next")) as server:

        async def main() -> tuple[bytes, bytes]:
            caller = Caller(server.url)
            await caller.call()
            under_way = asyncio.ensure_future(caller.call())
            while len(server.received) < 2:
                await asyncio.sleep(0.01)
            if not (child := os.fork()):
                caller.transport.abandon()
                sys.exit(0)
            _, status = os.waitpid(child, 0)
            assert 0 == status
            goes_on.set()
            answers = (await under_way).body, (await caller.call()).body
            await caller.close()
            return answers

        try:
            answers = asyncio.run(main())
        except SystemExit:
            os._exit(0)  # the child: the rest of the test is the parent's
        assert (b'"slow"', b'"next"', 1) == (*answers, server.connections)


@pytest.mark.parametrize(
    "script", [then_hang(b"no http\r\n\r\n"), then_hang(answer(b"x" * 200_000)), hang, then_cut(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")]
)  # fmt: skip
@pytest.mark.parametrize("size", [10, 100_000])
async def test_the_key_is_in_no_frame_when_tools_show_the_locals_of_a_traceback(
    script: Callable[[Exchange], Awaitable[None]], size: int
) -> None:
    """No frame of a traceback holds the API key, as tools that report the locals of each frame would show it."""
    with RawServer(script) as server:
        async with calling(server.url, limits=Limits(response_bytes=1000)) as caller:
            with pytest.raises(TalonOneError) as caught:
                await caller.call(b"x" * size, seconds=0.2)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert KEY not in shown.replace(f"KEY = '{KEY}'", "")


async def test_a_failure_leaves_no_circle_when_its_error_is_dropped() -> None:
    """A dropped error leaves no reference cycle, so the request does not outlive its call."""
    with RawServer() as gone:
        pass
    with RawServer(answer(b"x" * 200_000)) as server:
        async with calling(server.url, limits=Limits(response_bytes=1000)) as caller, calling(gone.url) as lonely:

            async def fail() -> None:
                for failing, body in ((caller, b"{}"), (caller, b"x" * 100_000), (lonely, b"{}")):
                    with contextlib.suppress(UnreadableAnswerError, ConnectError):
                        await failing.call(body)
                await asyncio.sleep(0.01)  # the connections have yet to close

            await fail()
            gc.collect()
            gc.disable()
            try:
                await fail()
                gc.set_debug(gc.DEBUG_SAVEALL)
                gc.collect()
                left = [thing for thing in gc.garbage if isinstance(thing, TalonOneError | Request | Connection)]
            finally:
                gc.set_debug(0)
                gc.garbage.clear()
                gc.enable()
    assert not left
