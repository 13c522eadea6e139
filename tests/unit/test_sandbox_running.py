"""The sandbox as a server: started, stopped, in a loop or on a thread, and scripted meanwhile."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from talon_async import RetryPolicy, TalonOneError
from talon_async.errors import ConnectionLostError
from talon_async.models import NewEvent, ShowNotificationEffectProps
from talon_async.testing import Sandbox, effect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_async.models import Effect, Event

EVENT = NewEvent(type="clicked", session_id="s", profile_id="p", attributes={})


async def test_a_client_is_answered_when_the_sandbox_runs_in_its_loop() -> None:
    """A client reaches the sandbox over a connection when both run in one loop."""
    async with Sandbox() as sandbox, sandbox.client(strict=True) as talon:
        await talon.track_event(EVENT)
        assert len(sandbox.events) == 1


def test_a_client_is_answered_when_the_sandbox_runs_on_a_thread() -> None:
    """A blocking client reaches a sandbox that runs on a thread, and no thread is left afterwards."""
    before = threading.enumerate()
    with Sandbox() as sandbox, sandbox.sync_client(strict=True) as talon:
        talon.track_event(EVENT)
        assert len(sandbox.events) == 1
    assert before == threading.enumerate()


def test_what_happened_can_be_read_when_the_sandbox_has_stopped() -> None:
    """Events and requests can be read after the sandbox has stopped, and a new start adds to them."""
    sandbox = Sandbox()
    for count in (1, 2):
        with sandbox, sandbox.sync_client() as talon:
            talon.track_event(EVENT)
        assert count == len(sandbox.events) == len(sandbox.requests) == sandbox.received


def test_there_is_no_url_when_the_sandbox_does_not_run() -> None:
    """The URL of a sandbox that does not run raises an error that says how to run it."""
    with pytest.raises(RuntimeError, match="with"):
        _ = Sandbox().url


def test_a_second_start_is_refused_when_the_sandbox_runs() -> None:
    """A running sandbox refuses a second start."""
    with Sandbox() as sandbox, pytest.raises(RuntimeError, match="already"), sandbox:
        pass


def test_the_systems_error_is_raised_when_the_port_is_taken() -> None:
    """A taken port raises the system's error, and no thread is left."""
    before = threading.active_count()
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        Sandbox(port=taken.getsockname()[1]).__enter__()
    for thread in threading.enumerate():
        if thread.name == "talon-async-sandbox":
            thread.join()
    assert before == threading.active_count()


def test_the_application_key_is_refused_when_it_is_not_hexadecimal() -> None:
    """An application key that is not hexadecimal is refused when the sandbox is made."""
    with pytest.raises(ValueError, match="hexadecimal"):
        Sandbox(application_key="secret")


async def test_the_connection_breaks_when_an_answer_is_dropped() -> None:
    """A dropped answer breaks the connection: the event is recorded, and its outcome is unknown to the client."""
    async with Sandbox() as sandbox, sandbox.client() as talon:
        sandbox.drop("track_event")
        with pytest.raises(ConnectionLostError) as lost:
            await talon.track_event(EVENT)
        assert (lost.value.outcome, len(sandbox.events)) == ("unknown", 1)


async def test_a_request_under_way_ends_when_the_sandbox_stops() -> None:
    """Stopping the sandbox ends a request under way without waiting for it."""
    async with Sandbox() as sandbox:
        sandbox.latency = 3600
        async with sandbox.client(retry=RetryPolicy.off()) as talon:
            call = asyncio.ensure_future(talon.track_event(EVENT))
            while not sandbox.requests:
                await asyncio.sleep(0)
            await sandbox.__aexit__()
            with pytest.raises(TalonOneError):
                await call


@pytest.mark.parametrize("script", ["fail", "drop"])
def test_a_fault_is_refused_when_there_is_no_such_operation(script: str) -> None:
    """A fault for an unknown operation is refused with the names of the known ones."""
    with pytest.raises(ValueError, match="track_event"):
        getattr(Sandbox(), script)("trackEvent")


def test_a_rule_adds_effects_when_it_decorates_a_function() -> None:
    """`on_event` registers a function as a rule and returns it."""
    sandbox = Sandbox()

    @sandbox.on_event
    def hello(event: Event) -> Iterator[Effect]:
        yield effect(ShowNotificationEffectProps(notification_type="Info", title=event.type or "", body=""))

    assert callable(hello)
    with sandbox, sandbox.sync_client() as talon:
        answer = talon.track_event(EVENT)
    assert answer.event is not None
    assert [one.args for one in answer.event.effects] == [["Info", "clicked", ""]]


def test_only_the_record_is_forgotten_when_it_is_cleared() -> None:
    """`clear` forgets the requests and keeps the state. `reset` forgets both."""
    with Sandbox() as sandbox, sandbox.sync_client() as talon:
        sandbox.add_coupon("C")
        talon.track_event(EVENT)
        sandbox.clear()
        assert (len(sandbox.requests), len(sandbox.events)) == (0, 1)
        sandbox.reset()
        assert len(sandbox.events) == 0
        sandbox.add_coupon("C")


def test_no_change_is_lost_when_threads_script_a_running_sandbox() -> None:
    """Threads can script a running sandbox, whose state changes only on the server's loop."""
    with Sandbox() as sandbox, sandbox.sync_client() as talon:

        def add(first: int) -> None:
            for number in range(first, first + 20):
                sandbox.add_coupon(f"C{number}", recipient="p")

        threads = [threading.Thread(target=add, args=(20 * n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        talon.track_event(EVENT)
        for _ in range(20):
            talon.get_customer_inventory("p", coupons=True)
        for thread in threads:
            thread.join()
        assert len(talon.get_customer_inventory("p", coupons=True).coupons) == 80
