"""Loops that are dropped, children that are forked inside a coroutine, names that hang or move."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import subprocess
import sys
import textwrap
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest
from support.clock import FakeClock
from support.raw import RawServer, answer
from support.twins import KEY

from talon_async import Limits, RetryPolicy, TalonOne, Timeout
from talon_async._core.core import LoopState
from talon_async.errors import ClientClosedError, ConnectError
from talon_async.models import NewEvent

ROOT = Path(__file__).parents[2]
EVENT = NewEvent(type="t", session_id="s", profile_id="p", attributes={})
TRANSPORTS = pytest.mark.parametrize("transport", ["session", "direct"])
FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted in /proc")
@TRANSPORTS
def test_descriptors_are_free_when_loops_are_dropped_without_closing(transport: Any) -> None:
    """The connections of a loop that is dropped are freed with it, although the client lives on."""
    with RawServer(answer({})) as server:
        talon = TalonOne(server.url, KEY, transport=transport)

        def use_and_drop() -> None:
            loop = asyncio.new_event_loop()
            loop.run_until_complete(talon.get_customer_inventory("a"))
            del loop
            gc.collect()

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the warnings say that the loop and its connections were not closed
            use_and_drop()
            before = descriptors()
            for _ in range(8):
                use_and_drop()
            for _ in range(500):  # the server, in this process too, has yet to notice
                if before >= descriptors():
                    break
                threading.Event().wait(0.01)
            assert before >= descriptors()
        asyncio.run(talon.aclose())


@TRANSPORTS
def test_connections_are_closed_when_a_client_is_dropped_without_closing(transport: Any) -> None:
    """A client that is dropped closes its connections, although their loop runs on."""

    async def use_and_drop(url: str) -> None:
        talon = TalonOne(url, KEY, transport=transport)
        await talon.get_customer_inventory("a")
        seen.append(talon._core)

    seen: list[Any] = []

    async def main() -> int:
        with RawServer(answer({})) as server, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the client was not closed
            await use_and_drop(server.url)
            states = vars(asyncio.get_running_loop())["_talon_async"]
            assert 1 == len(states)
            seen.clear()
            gc.collect()
            return len(states)

    assert 0 == asyncio.run(main())


UNWINDING = """
    import asyncio, os, sys
    from talon_async import Limits, RetryPolicy, TalonOne
    from talon_async.models import NewEvent
    event = NewEvent(type="t", session_id="s", profile_id="p", attributes={})

    async def main():
        async with TalonOne(sys.argv[1], "key", transport=sys.argv[2], retry=RetryPolicy.off()) as talon:
            await asyncio.gather(*(talon.track_event(event) for _ in range(4)))
            under_way = asyncio.ensure_future(talon.get_customer_inventory("slow"))
            await asyncio.sleep(0.2)
            child = os.fork()
            if not child:
                sys.exit(3)
            assert os.waitpid(child, 0)[1] >> 8 == 3
            await under_way
            for _ in range(6):
                await talon.track_event(event)
        print("fine")

    asyncio.run(main())
"""


@FORKS
@TRANSPORTS
def test_a_parent_goes_on_when_a_child_leaves_a_coroutine_by_an_exit(transport: str) -> None:
    """The parent's old and new calls are answered after a child has left its coroutines by an exit.

    The child runs every `finally` block of the parent's coroutines.
    """

    async def slow(exchange: Any) -> None:
        if "slow" in exchange.line:
            await asyncio.sleep(1)
        await exchange.send(answer({}))

    with RawServer(slow) as server:
        command = [sys.executable, "-c", textwrap.dedent(UNWINDING), server.url, transport]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=60)
    assert ("fine\n", 0) == (done.stdout, done.returncode), done.stderr


HANGING = """
    import asyncio, socket, sys, threading
    from talon_async import TalonOne, Timeout
    from talon_async.errors import ClientClosedError, ConnectError
    socket.getaddrinfo = lambda *_, **__: threading.Event().wait()

    async def main():
        async with TalonOne("https://shop.invalid", "key", transport=sys.argv[1], timeout=Timeout(total=0.3)) as talon:
            try:
                await talon.get_customer_inventory("a")
            except ConnectError as error:
                print(error.outcome)

    asyncio.run(main())
"""


@TRANSPORTS
def test_a_process_ends_when_a_name_look_up_hangs(transport: str) -> None:
    """A look-up that hangs keeps neither the loop nor the interpreter from ending."""
    command = [sys.executable, "-c", textwrap.dedent(HANGING), transport]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=20)
    assert ("not_sent\n", 0) == (done.stdout, done.returncode), done.stderr


@TRANSPORTS
async def test_a_server_is_found_when_it_has_moved(transport: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that has moved is found, because its name is looked up again when no connection can be made."""
    where = ["127.0.0.1"]

    def getaddrinfo(_: str, port: int, *__: Any, **___: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (where[0], port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with RawServer(answer({})) as server:
        url = server.url.replace("127.0.0.1", "shop.localhost")
        async with TalonOne(url, KEY, transport=transport, retry=RetryPolicy.off()) as talon:
            where[0] = "127.0.0.2"  # nothing listens there
            with pytest.raises(ConnectError):
                for _ in range(2):
                    await talon.get_customer_inventory("a")
                    await talon._core.states()[0].close()  # the next call connects
            where[0] = "127.0.0.1"
            await talon.get_customer_inventory("a")


@TRANSPORTS
async def test_local_names_are_found_when_the_machine_has_no_network(
    transport: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`localhost` and the names below it are looked up as if there were a network; no address is looked up at all."""
    flags: dict[str, int] = {}

    def getaddrinfo(name: str, port: int, *_: Any, **options: Any) -> list[Any]:
        flags[name] = options["flags"]
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with RawServer(answer({})) as server:
        for host in ("localhost", "shop.localhost", "notlocalhost", "127.0.0.1"):
            url = server.url.replace("127.0.0.1", host)
            async with TalonOne(url, KEY, transport=transport, allow_http=True) as talon:
                await talon.get_customer_inventory("a")
    assert {"localhost": 0, "shop.localhost": 0, "notlocalhost": socket.AI_ADDRCONFIG} == flags


@TRANSPORTS
def test_nothing_is_told_when_a_look_up_ends_after_its_loop(transport: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up that ends when its loop is closed has nobody to tell, and is no error of its thread."""
    goes_on, looking, failures = threading.Event(), [], []

    def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        looking.append(threading.current_thread())
        goes_on.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(threading, "excepthook", failures.append)

    async def main() -> None:
        talon = TalonOne("https://shop.invalid", KEY, transport=transport, timeout=Timeout(total=0.05))
        async with talon:
            with pytest.raises(ConnectError):
                await talon.get_customer_inventory("a")

    asyncio.run(main())
    goes_on.set()
    for thread in looking:
        thread.join()
    assert (True, []) == (bool(looking), failures)


@TRANSPORTS
async def test_nothing_is_logged_when_a_name_is_unknown(transport: Any) -> None:
    """A name that is unknown is an error of the call, and of nothing else."""
    errors: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    async with TalonOne("https://nothing.invalid", KEY, transport=transport, retry=RetryPolicy.off()) as talon:
        with pytest.raises(ConnectError, match=r"no connection to nothing\.invalid"):
            await talon.get_customer_inventory("a")
    assert [] == errors


@TRANSPORTS
def test_a_call_says_that_the_client_was_closed_when_its_loop_ends(transport: Any) -> None:
    """A call whose loop ends without closing the client raises ClientClosedError, and is not repeated."""
    ends: list[BaseException] = []

    async def hang(_: Any) -> None:
        await asyncio.sleep(60)

    with RawServer(hang) as server:
        talon = TalonOne(server.url, KEY, transport=transport, limits=Limits(connections=1))

        async def call() -> None:
            try:
                await talon.get_customer_inventory("a")
            except ClientClosedError as error:
                ends.append(error)

        async def main() -> None:
            tasks = [asyncio.ensure_future(call()) for _ in range(2)]  # the second one waits for the place of the first
            while not server.received:
                await asyncio.sleep(0.01)
            await asyncio.get_running_loop().shutdown_asyncgens()
            await asyncio.gather(*tasks)

        asyncio.run(main())
        asyncio.run(talon.aclose())
    assert [("unknown", 1), ("not_sent", 0)] == [
        (getattr(error, "outcome", ""), getattr(error, "attempts", 0)) for error in ends
    ]
    assert 1 == len(server.received)


@TRANSPORTS
async def test_no_attempt_is_begun_when_the_client_was_closed_in_another_loop(transport: Any) -> None:
    """Also when its own loop has had no turn since then in which it could close its connections; it closes them once."""
    states: list[LoopState] = []

    class Closing(FakeClock):
        def uniform(self, low: float, high: float) -> float:
            states.extend(talon._core.states())
            closing = threading.Thread(target=asyncio.run, args=(talon.aclose(),))
            closing.start()
            closing.join()
            return 0.0  # no pause, so the next attempt follows at once

    with RawServer(answer({}, status=503)) as server:
        talon = TalonOne(server.url, KEY, transport=transport, clock=Closing())
        with pytest.raises(ClientClosedError) as caught:
            await talon.get_customer_inventory("a")
        await talon.aclose()
        (state,) = states
        assert state._closing is not None
        await state._closing
    assert ("unknown", 1, 1) == (caught.value.outcome, caught.value.attempts, len(server.received))
