"""Signal handlers, exits and whatever else ends or interrupts a blocking call, in real processes."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest
from support.processes import run, start
from support.raw import Exchange, RawServer, answer, hang

if TYPE_CHECKING:
    from collections.abc import Iterator

REPLY = answer({"profile": {"integrationId": "jane"}})
pytestmark = pytest.mark.slow
needs_signals = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers that send signals here")


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer(REPLY) as running:
        yield running


ALARMS = """
    import faulthandler, signal
    faulthandler.dump_traceback_later(50, exit=True)
    from talon_async.models import IntegrationEventV2Request as Event
    event = Event(type="t", profile_id="p", attributes={})
    come = []
    def handle(*_):
        come.append(1)
        act()
    signal.signal(signal.SIGALRM, handle)
    def alarm(): signal.setitimer(signal.ITIMER_REAL, 0.0005 + len(come) % 17 * 0.0003)
"""


@needs_signals
def test_a_signal_handler_may_call_when_the_main_thread_is_in_a_call(server: RawServer) -> None:
    """At many moments, that of the first call included."""
    assert run(
        ALARMS + """
    def act(): call()
    while len(come) < 50:
        before = len(come)
        alarm()
        while len(come) == before: call()
    print(call())
        """,
        server.url,
    ) == "jane"  # fmt: skip


@needs_signals
def test_a_signal_handler_may_close_when_the_main_thread_is_in_a_call(server: RawServer) -> None:
    """The call ends with its answer, or with ClientClosedError; nothing waits for the other for ever."""
    assert run(
        ALARMS + """
    def act(): talon.close()
    ends = set()
    while len(come) < 40:
        talon = TalonOneSync(URL, "key", retry=RetryPolicy.off())
        before = len(come)
        alarm()
        began = time.monotonic()
        while len(come) == before:
            try: ends.add(call())
            except ClientClosedError: ends.add("closed")
        assert time.monotonic() - began < 5
    print("closed" in ends, ends <= {"closed", "jane"})
        """,
        server.url,
    ) == "True True"  # fmt: skip


@needs_signals
def test_a_signal_handler_may_put_and_close_when_the_main_thread_uses_the_queue() -> None:
    """The queue is opened by the one or the other, and closed once."""
    with RawServer(answer({})) as server:
        assert run(
            ALARMS + """
    def act():
        queue.put(event)
        if len(come) % 3 == 0: queue.close()
    puts = 0
    while len(come) < 60:
        queue = talon.queue()
        before = len(come)
        alarm()
        while len(come) == before:
            try: queue.put(event); puts += 1
            except QueueClosedError: pass
        queue.close()
        assert queue.statistics.depth == 0, queue
    print("done")
            """,
            server.url,
        ) == "done"  # fmt: skip


@needs_signals
def test_a_request_is_cancelled_when_a_handler_raises_at_a_random_moment() -> None:
    """Ctrl-C is such a handler: the call is settled when its exception comes, and the next call works."""

    async def soon(exchange: Exchange) -> None:
        await asyncio.sleep(0.001)
        await exchange.send(REPLY)

    with RawServer(soon) as server:
        assert run(
            ALARMS + """
    sys.unraisablehook = lambda *_: None  # what a handler raises in a finalizer is lost
    class Enough(Exception): pass
    def act(): raise Enough
    async def look():
        state = talon._client._core.state()
        return state is not None and state.is_in_use()
    while len(come) < 100:
        try:
            alarm()
            before = len(come)
            while len(come) == before: call()
        except Enough: pass
        assert not talon._portal.run(look)
    print(call())
            """,
            server.url, "-W", "ignore:coroutine:RuntimeWarning",
        ) == "jane"  # fmt: skip


def test_an_exit_reaches_the_caller_when_it_is_raised_on_the_clients_thread(server: RawServer) -> None:
    """It ends the event loop; every caller goes on, and the next call has a new thread."""
    with RawServer(hang) as hanging:
        assert run(
            """
            from talon_async.models import IntegrationEventV2Request as Event
            ends = []
            def wait():
                try: hanging.get_customer_inventory("a")
                except BaseException as problem: ends.append(repr(problem))
            hanging = TalonOneSync(sys.argv[2], "key", retry=RetryPolicy.off())
            thread = threading.Thread(target=wait)
            thread.start()
            time.sleep(0.3)
            leaving = hanging.with_options(idempotency_keys=lambda: sys.exit(5))
            try: leaving.track_events([Event(type="t", profile_id="p", attributes={})])
            except SystemExit as problem: ends.append(repr(problem))
            thread.join()
            hanging.close()
            print(sorted(ends))
            """,
            server.url, hanging.url,
        ) == "['SystemExit(5)', 'SystemExit(5)']"  # fmt: skip


def test_calls_work_when_an_exit_has_ended_the_clients_thread(server: RawServer) -> None:
    """The next call starts a thread."""
    assert run(
        """
        from talon_async.models import IntegrationEventV2Request as Event
        leaving = talon.with_options(idempotency_keys=lambda: sys.exit(5))
        try: leaving.track_events([Event(type="t", profile_id="p", attributes={})])
        except SystemExit: print(call())
        """,
        server.url,
    ) == "jane"  # fmt: skip


def test_the_caller_is_told_when_its_call_cannot_be_started(server: RawServer) -> None:
    """A task that cannot be made is an error, and not a wait without end."""
    assert run(
        """
        def refuse(loop, coroutine, **options):
            coroutine.close()
            raise MemoryError("no room for a task")
        async def install(): asyncio.get_running_loop().set_task_factory(refuse)
        talon._portal.run(install)
        try: call()
        except MemoryError as problem: print(problem)
        talon._portal.thread().loop.call_soon_threadsafe(talon._portal.thread().loop.set_task_factory, None)
        print(call())
        """,
        server.url,
    ) == "no room for a task\njane"  # fmt: skip


def test_context_variables_reach_the_call_when_the_caller_has_set_them(server: RawServer) -> None:
    """Those of traces, above all; each caller has its own."""
    assert run(
        """
        import contextvars
        from talon_async.models import IntegrationEventV2Request as Event
        who, seen = contextvars.ContextVar("who"), []
        def key():
            seen.append(who.get("nobody"))
            return f"key-{len(seen)}"
        keyed = talon.with_options(idempotency_keys=key)
        for name in "ab":
            who.set(name)
            keyed.track_events([Event(type="t", profile_id="p", attributes={})])
        print(seen)
        """,
        server.url,
    ) == "['a', 'b']"  # fmt: skip


def test_a_handler_at_the_exit_may_call_when_it_was_registered_before_the_first_call(server: RawServer) -> None:
    """Handlers that were registered since the client was made run before the client's thread ends."""
    assert run(
        """
        atexit.register(lambda: print(call()))
        call()
        """,
        server.url,
    ) == "jane"  # fmt: skip


def test_a_handler_at_the_exit_is_told_why_when_it_was_registered_before_the_client_was_made(server: RawServer) -> None:
    """It calls on a thread of its own, or gets an error that says that the interpreter shuts down."""
    script = """
import atexit, sys
def late():
    try: print(talon.get_customer_inventory("a").profile.integration_id)
    except ClientClosedError as problem: print("jane" if "interpreter" in str(problem) else problem)
atexit.register(late)
from talon_async import TalonOneSync
from talon_async.errors import ClientClosedError
talon = TalonOneSync(sys.argv[1], "key")
talon.get_customer_inventory("a")
    """
    process = start(script, server.url, has_head=False)
    assert ("jane\n", "") == process.communicate(timeout=60)


@needs_signals
def test_the_caller_is_told_when_the_clients_thread_cannot_make_a_loop(server: RawServer) -> None:
    """The process has no more file descriptors, for example. A later call starts a thread."""
    assert run(
        """
        import resource
        sys.unraisablehook = lambda *_: None  # asyncio cannot finalise a loop that was half made
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/dev/fd"))), hard))
        try: call()
        except OSError as problem: print(problem.strerror)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        print(call())
        """,
        server.url,
    ) == "Too many open files\njane"  # fmt: skip


SNIFFIO = pytest.mark.parametrize(
    "sniffio",
    [
        "import sniffio",
        "import sniffio; sniffio.current_async_library_cvar.set('trio')",
        "sys.modules['sniffio'] = None",
    ],
    ids=["installed", "names another", "lacking"],
)


@SNIFFIO
def test_calls_work_when_sniffio_is_installed_or_not(sniffio: str, server: RawServer) -> None:
    """Anyio asks sniffio for the running library where it is installed, as it is with trio."""
    assert run(
        f"""
        import sys
        {sniffio}
        from talon_async import RetryPolicy, TalonOneSync
        talon = TalonOneSync(sys.argv[1], "key", retry=RetryPolicy.off())
        print(talon.get_customer_inventory("a").profile.integration_id)
        """,
        server.url, has_head=False,
    ) == "jane"  # fmt: skip
