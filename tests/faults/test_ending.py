"""How calls and clients end: during a call, an upload or a look-up, in another loop, in a child."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.raw import Exchange, RawServer, answer, hang, then_hang
from support.twins import KEY, end_attempts_in

from talon_async import RetryPolicy, TalonOne, Timeout
from talon_async.errors import ClientClosedError, ConnectError, TalonOneError
from talon_async.models import CustomerProfileIntegrationRequestV2, NewEvent

ROOT = Path(__file__).parents[2]
EVENT = NewEvent(type="t", session_id="s", profile_id="p", attributes={})
LARGE = CustomerProfileIntegrationRequestV2(attributes={"x": "x" * 5_000_000})
ONCE = RetryPolicy.off()
TRANSPORTS = pytest.mark.parametrize("transport", ["session", "direct"])


@pytest.mark.parametrize(
    ("script", "outcome"),
    [(hang, "unknown"), (then_hang(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), "accepted")],
)
async def test_the_outcome_is_open_when_a_borrowed_session_is_closed_during_a_call(script: Any, outcome: str) -> None:
    """Closing a borrowed session during a call leaves its outcome open. The server may have recorded the event."""
    with RawServer(script) as server:
        async with aiohttp.ClientSession() as session:
            talon = TalonOne(server.url, KEY, session=session, retry=ONCE, timeout=Timeout(attempt=1))
            call = asyncio.ensure_future(talon.track_event(EVENT))
            while not server.received:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)  # the part of an answer has yet to arrive
        with pytest.raises(TalonOneError) as caught:
            await call
        await talon.aclose()
    assert outcome == caught.value.outcome


@pytest.mark.parametrize("kind", ["awaited", "awaited-direct"])
async def test_closing_ends_at_once_when_an_upload_is_not_read(client: Any) -> None:
    """Closing a client ends an upload that the server does not read at once, and drops the rest of the request."""
    errors: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        talon = client(f"http://127.0.0.1:{deaf.getsockname()[1]}", retry=ONCE)
        call = asyncio.ensure_future(talon.update_customer_profile_v2("a", LARGE))
        await asyncio.sleep(0.2)  # until the buffers are full
        async with asyncio.timeout(1.5):
            await talon.aclose()
            with pytest.raises(ClientClosedError) as caught:
                await call
    gc.collect()
    await asyncio.sleep(0)
    assert ("unknown", []) == (caught.value.outcome, errors)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted in /proc")
@pytest.mark.parametrize("kind", ["awaited", "awaited-direct"])
async def test_descriptors_are_free_when_uploads_were_not_read_in_time(client: Any) -> None:
    """The connection of an upload that failed is closed at once, and does not wait for the server to read."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        talon = client(f"http://127.0.0.1:{deaf.getsockname()[1]}", retry=ONCE, timeout=Timeout(attempt=0.2))
        before = sum(1 for _ in Path("/proc/self/fd").iterdir())
        calls = [talon.update_customer_profile_v2(str(n), LARGE) for n in range(5)]
        failures = await asyncio.gather(*calls, return_exceptions=True)
        await asyncio.sleep(0.05)
        after = sum(1 for _ in Path("/proc/self/fd").iterdir())
    assert all(isinstance(failure, TalonOneError) for failure in failures)
    assert after <= before + 1  # the loop's own


@TRANSPORTS
async def test_nothing_stays_open_when_a_call_is_cancelled_while_its_connection_is_checked(
    transport: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that is cancelled while its idle TLS connection is checked leaves nothing open."""
    from support.direct import certificates

    shown, trusting = certificates()
    errors: list[dict[str, Any]] = []
    cancelled: list[Any] = []
    sent = threading.Event()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))

    async def twice(exchange: Exchange) -> None:
        await exchange.send(answer({}))
        await asyncio.sleep(0.02)  # after the first answer was taken
        await exchange.send(answer({}))
        sent.set()

    with RawServer(twice, tls=shown) as server:
        async with TalonOne(server.url, KEY, ssl=trusting, transport=transport, retry=ONCE) as talon:
            for _ in range(5):
                sent.clear()
                await talon.get_customer_inventory("a")
                sent.wait(5)  # the loop stands still, so the connection has to be looked at
                task = asyncio.ensure_future(talon.get_customer_inventory("a"))
                pause = asyncio.sleep

                async def giving_up(seconds: float, task: Any = task, pause: Any = pause) -> None:
                    if asyncio.current_task() is task:  # the server sleeps, too
                        cancelled.append(task)
                        task.cancel()
                    await pause(seconds)

                with monkeypatch.context() as patched:
                    patched.setattr("talon_async._transport.deadlines.asyncio.sleep", giving_up)
                    await asyncio.gather(task, return_exceptions=True)
        gc.collect()
        await asyncio.sleep(0)
    assert (5, []) == (len(set(cancelled)), errors)


@TRANSPORTS
async def test_the_deadline_is_kept_when_it_is_shorter_than_the_clock_can_tell(transport: Any) -> None:
    """A deadline that is shorter than the resolution of the clock is kept.

    Some loops then give a handle that does not tell its time.
    """
    with RawServer(hang) as server:
        async with TalonOne(server.url, KEY, transport=transport, retry=ONCE) as talon:
            hasty = talon.with_options(timeout=Timeout(attempt=0.0004, connect=0.0004))
            calls = [hasty.get_customer_inventory("a"), hasty.get_customer_inventory("b")]
            for failure in await asyncio.gather(*calls, return_exceptions=True):
                assert isinstance(failure, TimeoutError | ConnectError)


@TRANSPORTS
async def test_a_large_answer_is_delivered_when_it_came_before_a_late_deadline(transport: Any) -> None:
    """An answer of several megabytes that arrived before its deadline is delivered, although it is read in pieces."""
    sent = threading.Event()

    async def large(exchange: Exchange) -> None:
        await exchange.send(answer({"profile": {"integrationId": "x" * 1_500_000}}))
        sent.set()

    with RawServer(large) as server:
        async with TalonOne(server.url, KEY, transport=transport, retry=ONCE) as talon:
            await talon.get_customer_inventory("warm")
            call = asyncio.ensure_future(talon.get_customer_inventory("a"))
            while len(server.received) < 2:
                await asyncio.sleep(0)
            end_attempts_in(talon, 0.05)
            time.sleep(0.5)  # the loop stands still, which is what the test is about
            inventory = await call
    assert inventory.profile is not None
    assert 1_500_000 == len(inventory.profile.integration_id or "")


@TRANSPORTS
async def test_nothing_is_logged_when_a_client_is_closed_while_a_name_is_looked_up(
    transport: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look-up that ends after its client was closed logs nothing."""
    go_on, errors = threading.Event(), list[Any]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: go_on.wait(10) and [])
    talon = TalonOne("https://shop.invalid", KEY, transport=transport, retry=ONCE)
    call = asyncio.ensure_future(talon.get_customer_inventory("a"))
    await asyncio.sleep(0.1)
    await talon.aclose()
    with pytest.raises(ClientClosedError):
        await call
    go_on.set()
    await asyncio.sleep(0.1)
    assert [] == errors


@TRANSPORTS
def test_no_warning_is_left_when_a_client_is_closed_from_another_loop(
    transport: Any,
) -> None:
    """A client that is closed from another loop leaves no warning.

    A stopped loop closes what belongs to it when it runs again.
    """
    with RawServer(answer({})) as server:
        talon = TalonOne(server.url, KEY, transport=transport)
        stopped = asyncio.new_event_loop()
        stopped.run_until_complete(talon.get_customer_inventory("a"))
        asyncio.run(talon.aclose())
        stopped.run_until_complete(asyncio.sleep(0.01))
        stopped.run_until_complete(stopped.shutdown_asyncgens())
        stopped.close()
    with pytest.raises(ClientClosedError):
        asyncio.run(talon.get_customer_inventory("a"))


FIRST_CALL = """
    import os, sys, threading, time
    from talon_async import TalonOneSync
    talon = TalonOneSync(sys.argv[1], "key", transport=sys.argv[2])
    threading.Thread(target=talon.get_customer_inventory, args=("parent",)).start()
    time.sleep(float(sys.argv[3]))
    child = os.fork()
    if not child:
        talon.get_customer_inventory("child")
        os._exit(7)
    for _ in range(100):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            print(status >> 8)
            break
        time.sleep(0.1)
    else:
        os.kill(child, 9)
        print("the child hangs")
    talon.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@TRANSPORTS
def test_a_child_works_when_it_is_forked_during_the_parents_first_call(transport: str) -> None:
    """A child that is forked at any moment of the parent's first call can call.

    No thread of the parent holds a lock then that the child would wait for.
    """
    with RawServer(answer({})) as server:
        command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(FIRST_CALL), server.url, transport]
        delays = [0, 0.001, 0.002, 0.004, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05]
        running = [
            subprocess.Popen([*command, str(delay)], stdout=subprocess.PIPE, text=True, cwd=ROOT) for delay in delays
        ]
        assert ["7\n"] * len(delays) == [process.communicate(timeout=60)[0] for process in running]
