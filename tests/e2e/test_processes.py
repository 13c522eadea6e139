"""The blocking twin in real processes: threads, forks, exits, Ctrl-C, running loops; the awaited one in several."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest
from support.processes import HEAD, ROOT, run, start
from support.raw import Exchange, RawServer, answer, hang

if TYPE_CHECKING:
    from collections.abc import Iterator

REPLY = answer({"profile": {"integrationId": "jane"}})
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer(REPLY) as running:
        yield running


def test_the_interpreter_ends_when_a_client_is_not_closed(server: RawServer) -> None:
    """A client at module level that is not closed does not hold up the exit."""
    assert run("print(call())", server.url) == "jane"


def test_the_interpreter_ends_when_a_thread_is_in_a_slow_call() -> None:
    """A call on a daemon thread does not hold up the exit."""
    with RawServer(hang) as server:
        began = time.monotonic()
        run(
            """
            def quietly():
                try: call()
                except TalonOneError: pass
            threading.Thread(target=quietly, daemon=True).start()
            time.sleep(0.3)
            """,
            server.url,
        )
    assert time.monotonic() - began < 8  # the call itself would take ten seconds


def test_a_client_can_be_used_by_many_threads_when_they_share_it(server: RawServer) -> None:
    """Fifty threads make twenty calls each with one client."""
    assert run(
        """
        done = []
        def work():
            for _ in range(20): done.append(call())
        threads = [threading.Thread(target=work) for _ in range(50)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(len(done), set(done))
        talon.close()
        """,
        server.url,
    ) == "1000 {'jane'}"  # fmt: skip


FORK = "-W", "ignore:This process:DeprecationWarning"


@needs_fork
def test_forked_children_can_call_when_the_parent_has_called(server: RawServer) -> None:
    """Eight forked children can call while twenty threads of the parent are calling."""
    assert run(
        """
        stop = threading.Event()
        def hammer():
            while not stop.is_set(): call()
        threads = [threading.Thread(target=hammer) for _ in range(20)]
        call()
        for thread in threads: thread.start()
        codes = []
        for _ in range(8):
            pid = os.fork()
            if not pid:
                ok = call() == "jane" and call() == "jane"
                os._exit(0 if ok else 1)
            codes.append(os.waitpid(pid, 0)[1])
        stop.set()
        for thread in threads: thread.join()
        print(codes, call())
        """,
        server.url, *FORK,
    ) == "[0, 0, 0, 0, 0, 0, 0, 0] jane"  # fmt: skip


@needs_fork
def test_a_forked_child_gets_an_error_when_it_goes_on_with_the_parents_loop(server: RawServer) -> None:
    """A forked child that goes on with its parent's loop gets an error.

    The parent keeps its connections, even if the child closes its client.
    """
    script = """
        awaited = TalonOne(URL, "key", retry=RetryPolicy.off())
        loop = asyncio.new_event_loop()
        loop.run_until_complete(awaited.__aenter__())
        if not (pid := os.fork()):
            try:
                loop.run_until_complete(awaited.get_customer_inventory("a"))
            except ClientClosedError as error:
                is_explained = "make a new event loop" in str(error)
                loop.run_until_complete(awaited.aclose())
                os._exit(7 if is_explained else 1)
            os._exit(2)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        print(loop.run_until_complete(awaited.get_customer_inventory("a")).profile.integration_id)
        loop.run_until_complete(awaited.aclose())
        loop.close()
    """
    assert "7\njane" == run(script, server.url)


@needs_fork
def test_a_forked_child_ends_properly_when_it_exits_itself(server: RawServer) -> None:
    """The exit handlers of a forked child touch nothing that belongs to the parent."""
    assert run(
        """
        call()
        pid = os.fork()
        if not pid:
            call()
            sys.exit(0)
        print(os.waitpid(pid, 0)[1], call())
        """,
        server.url, *FORK,
    ) == "0 jane"  # fmt: skip


@needs_fork
def test_a_child_can_call_when_it_was_forked_without_pythons_hooks(server: RawServer) -> None:
    """A child that a server forks from C can call, because the process ID is compared on every call."""
    assert run(
        """
        import ctypes
        call()
        time.sleep(0.5)  # a thread that waits for the GIL when C forks may leave it locked in the child
        pid = ctypes.PyDLL(None).fork()
        if not pid:
            os._exit(0 if call() == "jane" else 1)
        print(os.waitpid(pid, 0)[1], call())
        """,
        server.url, *FORK,
    ) == "0 jane"  # fmt: skip


@needs_fork
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_pool_of_processes_can_call_when_the_client_is_global(server: RawServer, method: str, tmp_path) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Processes of a multiprocessing pool, forked or spawned, can call with a global client.

    Their errors come back complete.
    """
    script = tmp_path / "pooled.py"
    script.write_text(
        HEAD + textwrap.dedent(
            """
            def work(name):
                if name == "bad":
                    return talon.get_customer_inventory("")
                return talon.get_customer_inventory(name).profile.integration_id
            if __name__ == "__main__":
                import multiprocessing
                work("a")
                with multiprocessing.get_context(sys.argv[2]).Pool(2) as pool:
                    print(set(pool.map(work, "abcdef")))
                    try: pool.apply(work, ("bad",))
                    except InvalidArgumentError as error: print(error)
            """
        )
    )  # fmt: skip
    process = subprocess.run(
        [sys.executable, "-W", "error", *FORK, script, server.url, method], capture_output=True, text=True, timeout=60,
        check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    assert process.stdout.splitlines() == [
        "{'jane'}", "get_customer_inventory: integration_id is '': that would address another resource",
    ]  # fmt: skip


def test_the_request_is_cancelled_when_the_caller_presses_ctrl_c() -> None:
    """Ctrl-C in a blocking call raises KeyboardInterrupt at once and cancels the request."""
    gone = []

    async def watch(exchange: Exchange) -> None:
        await exchange.writer.wait_closed()
        gone.append(exchange)

    with RawServer(watch) as server:
        process = start(
            """
            try: call()
            except KeyboardInterrupt: print("interrupted", flush=True)
            time.sleep(1)
            """,
            server.url,
        )
        while not server.received:
            time.sleep(0.02)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        assert process.stdout.readline() == "interrupted\n"
        assert time.monotonic() - began < 3
        out, err = process.communicate(timeout=30)
    assert (0, "", "") == (process.returncode, out, err)


def test_a_blocking_call_warns_once_when_a_loop_runs_on_its_thread(server: RawServer) -> None:
    """A blocking call on a thread with a running loop works, as notebooks need. It warns once, at the caller's line."""
    assert run(
        """
        from talon_async import BlockingInAsyncWarning
        async def view():
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                call(); call()
            print([w.category.__name__ for w in caught], caught[0].filename)
        asyncio.run(view())
        """,
        server.url,
    ) == "['BlockingInAsyncWarning'] <string>"  # fmt: skip


def test_a_blocking_call_is_refused_when_it_runs_on_the_clients_own_thread(server: RawServer) -> None:
    """A blocking call on the client's own thread is refused, because it would wait for itself."""
    assert run(
        """
        from talon_async.models import NewEvent
        said = []
        def inside(report):
            try: call()
            except RuntimeError as error: said.append(str(error))
        talon.track_events([NewEvent(type="t", session_id="s", profile_id="p", attributes={})], progress=inside)
        print(said[0])
        """,
        server.url,
    ) == "a blocking call on the client's own thread would wait for itself: use TalonOne there"  # fmt: skip


def test_a_call_during_exit_ends_clearly_when_it_is_the_first(server: RawServer) -> None:
    """A first call during the exit works where a thread can still be started. Elsewhere it raises ClientClosedError."""
    assert run(
        """
        def late():
            try: print(call())
            except ClientClosedError: print("jane")
        atexit.register(late)
        """,
        server.url,
    ) == "jane"  # fmt: skip


def test_the_thread_ends_when_the_last_reference_is_dropped(server: RawServer) -> None:
    """The thread of a client ends when the last reference to the client is dropped."""
    assert run(
        """
        call()
        copy = talon.with_options(timeout=3)
        before = threading.active_count()
        del talon
        print(before - threading.active_count(), end=" ")
        del copy
        import gc; gc.collect()
        print(before - threading.active_count())
        """,
        server.url,
    ) == "0 1"  # fmt: skip


def test_calls_end_clearly_when_another_thread_closes_the_client() -> None:
    """Calls that wait and calls on the wire end with ClientClosedError when another thread closes the client."""
    with RawServer(hang) as server:
        assert run(
            """
            from talon_async.models import CustomerProfileIntegrationRequestV2 as Body
            ends = []
            def work():
                try: talon.update_customer_profile_v2("same", Body())
                except ClientClosedError as error: ends.append(type(error).__name__)
            threads = [threading.Thread(target=work) for _ in range(5)]
            for thread in threads: thread.start()
            time.sleep(0.5)
            talon.close()
            for thread in threads: thread.join()
            print(ends)
            """,
            server.url,
        ) == str(["ClientClosedError"] * 5)  # fmt: skip


def test_one_client_serves_several_loops_when_it_was_made_at_import_time(server: RawServer) -> None:
    """A client that was made at import serves three `asyncio.run` in a row.

    Each loop closes what was opened in it, without a warning.
    """
    assert run(
        """
        awaited = TalonOne(URL, "key")
        async def main(): return (await awaited.get_customer_inventory("a")).profile.integration_id
        print([asyncio.run(main()) for _ in range(3)])
        """,
        server.url,
    ) == "['jane', 'jane', 'jane']"  # fmt: skip
    assert server.connections == 3


def test_our_own_warning_tells_when_a_client_is_dropped_open(server: RawServer) -> None:
    """The warning about a client that was dropped open names the client, not aiohttp's session."""
    assert run(
        """
        import gc
        async def main():
            awaited = TalonOne(URL, "key")
            await awaited.get_customer_inventory("a")
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                del awaited
                gc.collect()
                await asyncio.sleep(0.05)
            print([f"{w.category.__name__}: {w.message}" for w in caught])
        asyncio.run(main())
        """,
        server.url,
    ) == str([f"ResourceWarning: the client of {server.url} was not closed: use `async with`, or await aclose()"])  # fmt: skip
