"""The queue in real processes: workers that share a folder, kills, forks, threads, exits, Ctrl-C."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.queues import Shop, event
from support.raw import RawServer
from support.twins import KEY

from talon_async import TalonOneSync
from talon_async.bulk import Journal

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
HEAD = """
import asyncio, os, signal, sys, threading, time
from support.queues import event
from talon_async import TalonOneSync
from talon_async.errors import *
talon = TalonOneSync(sys.argv[1], "k3y-of-the-tests")
"""
PATIENCE = 60.0


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def url(shop: Shop) -> Iterator[str]:
    with RawServer(shop) as server:
        yield server.url
        shop.is_held = False


def start(script: str, url: str, *args: str) -> subprocess.Popen[str]:
    """Start a script with every warning turned into an error."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", HEAD + textwrap.dedent(script), url, *args],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=ROOT, env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for a script, which must end by itself, without an unexpected word on the error stream."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert (0, "") == (process.returncode, err), err
    return out.strip()


def wait_until(condition: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def adopt(url: str, folder: Path) -> Any:
    """Open a queue on the folder and close it when all is delivered; return its statistics."""
    with TalonOneSync(url, KEY) as talon, talon.queue(journal=folder, drain_timeout=PATIENCE) as queue:
        wait_until(lambda: not list(folder.glob("*.journal")) or queue.statistics.depth == 0)
    return queue.statistics


# -- workers


def work(url: str, folder: str, rows: range, version: int, accepted: Any) -> None:
    """Put events and print the number of each that was accepted."""
    talon = TalonOneSync(url, KEY)
    with talon, talon.queue(journal=folder, drain_timeout=PATIENCE) as queue:
        for row in rows:
            queue.put(event(row, f"p{row % 10}", version))
            accepted.send_bytes(str(row).encode())


class Worker:
    """A process that puts events, and the lines that it has printed."""

    def __init__(self, method: str, url: str, folder: Path, rows: range, version: int = 2) -> None:
        context: Any = multiprocessing.get_context(method)
        self._reader, writer = context.Pipe(duplex=False)
        self.accepted: set[int] = set()
        self.process = context.Process(target=work, args=(url, str(folder), rows, version, writer), daemon=True)
        self.process.start()
        writer.close()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        try:
            while True:
                self.accepted.add(int(self._reader.recv_bytes()))
        except (EOFError, OSError):
            pass

    def join(self) -> int:
        self.process.join(PATIENCE)
        self._thread.join(PATIENCE)
        self._reader.close()
        code = self.process.exitcode
        self.process.close()
        return int(code)


@pytest.mark.parametrize("method", ["spawn", pytest.param("fork", marks=needs_fork)])
def test_every_event_acts_once_when_a_worker_is_killed(url: str, shop: Shop, tmp_path: Path, method: str) -> None:
    """Every event acts once when one of four workers that share a folder is killed with events under way.

    The next process takes over its file.
    """
    rows = (
        range(300),
        range(10_000, 1_000_000),
        range(300, 600),
        range(600, 900),
    )  # the second has rows until it is killed
    workers = [Worker(method, url, tmp_path, own) for own in rows]
    victim = workers[1]
    wait_until(lambda: len(victim.accepted) > 50)
    wait_until(lambda: all(worker.accepted for worker in workers))  # a worker that opens later would take over its file
    shop.is_held = True  # so that some of its calls are on the wire
    wait_until(lambda: len(victim.accepted) > 100 or not victim.process.is_alive())
    os.kill(victim.process.pid, signal.SIGKILL)
    shop.is_held = False
    assert [0, -signal.SIGKILL, 0, 0] == [worker.join() for worker in workers]
    assert 1 == len(list(tmp_path.glob("*.journal")))
    statistics = adopt(url, tmp_path)
    assert 0 < statistics.delivered
    accepted = set().union(*(worker.accepted for worker in workers))
    assert set(range(900)) < accepted
    assert accepted <= set(shop.rows)
    assert len(set(shop.rows) - accepted) <= 1  # the victim died between accepting an event and telling it
    assert [] == shop.doubled
    assert [] == list(tmp_path.iterdir())


def test_every_event_acts_once_when_many_processes_open_the_folder_at_once(
    url: str, shop: Shop, tmp_path: Path
) -> None:
    """Each file of three killed processes is taken over by a process that opens the folder, or by the next one."""
    shop.is_held = True
    victims = [Worker("spawn", url, tmp_path, range(start, start + 40)) for start in range(0, 120, 40)]
    wait_until(lambda: all(len(victim.accepted) == 40 for victim in victims))
    for victim in victims:
        os.kill(victim.process.pid, signal.SIGKILL)
        victim.join()
    shop.is_held = False
    adopters = [Worker("spawn", url, tmp_path, range(start, start + 5)) for start in range(120, 140, 5)]
    assert [0] * 4 == [adopter.join() for adopter in adopters]
    adopt(url, tmp_path)
    assert (list(range(140)), []) == (sorted(shop.rows), shop.doubled)
    assert [] == list(tmp_path.iterdir())


def test_events_of_v1_act_once_or_are_reported_when_a_worker_is_killed(url: str, shop: Shop, tmp_path: Path) -> None:
    """Events of V1 that may have acted are in the journal as unknown, and all others are sent."""
    shop.is_held = True
    worker = Worker("spawn", url, tmp_path, range(300), version=1)
    wait_until(lambda: len(worker.accepted) == 300 and shop.requests >= 10)
    os.kill(worker.process.pid, signal.SIGKILL)
    worker.join()
    shop.is_held = False
    adopt(url, tmp_path)
    (path,) = tmp_path.glob("*.journal")
    unknown = {int(call.call.body.split(b'"row":')[1].split(b"}")[0]) for call in Journal(path).list("failed") if call.call and call.call.body}  # fmt: skip
    assert 10 <= len(unknown) <= 300
    assert set(range(300)) == unknown | set(shop.rows)
    assert [] == shop.doubled


def test_files_are_left_alone_when_other_processes_hold_them(url: str, shop: Shop, tmp_path: Path) -> None:
    """A queue neither waits for the files that other processes hold nor takes their events."""
    shop.is_held = True
    worker = Worker("spawn", url, tmp_path, range(10))
    wait_until(lambda: len(worker.accepted) == 10)
    with TalonOneSync(url, KEY) as talon, talon.queue(journal=tmp_path) as queue:
        queue.put(event(10))
        assert 1 == queue.statistics.depth
        assert 2 == len(list(tmp_path.glob("*.journal")))
        shop.is_held = False
    assert 0 == worker.join()
    assert (list(range(11)), []) == (sorted(shop.rows), list(tmp_path.iterdir()))


def test_a_file_is_left_alone_when_it_cannot_be_used(
    url: str, shop: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is damaged, of another program or of another Application is logged and left alone.

    The queue works.
    """
    shop.is_held = True
    with TalonOneSync(url, "another-key") as talon, talon.queue(journal=tmp_path, drain_timeout=0) as queue:
        queue.put(event(0))
    (foreign,) = tmp_path.glob("*.journal")
    damaged = tmp_path / "0-damaged.journal"
    damaged.write_bytes(b"no database, but more than a hundred bytes of something else. " * 10)
    (tmp_path / "0-empty.journal").touch()
    shop.is_held = False
    with TalonOneSync(url, KEY) as talon, talon.queue(journal=tmp_path) as queue:
        queue.put(event(1))
        wait_until(lambda: not queue.statistics.depth)
    assert 1 in shop.rows
    assert {damaged, foreign} == set(tmp_path.glob("*.journal"))
    messages = [record.message for record in caplog.records if "is not taken over" in record.message]
    assert ["this file is not a journal" in messages[0], "another base URL or API key" in messages[1]] == [True, True]


def test_rejected_events_are_sent_when_they_were_requeued(url: str, shop: Shop, tmp_path: Path) -> None:
    """A file that keeps rejected events is left alone until they are requeued.

    It is removed once they are delivered.
    """
    shop.status = 400
    with TalonOneSync(url, KEY) as talon, talon.queue(journal=tmp_path) as queue:
        for row in range(3):
            queue.put(event(row))
    shop.status = None
    assert 0 == adopt(url, tmp_path).delivered
    (path,) = tmp_path.glob("*.journal")
    assert 3 == Journal(path).requeue()
    assert 3 == adopt(url, tmp_path).delivered
    assert ([0, 1, 2], []) == (shop.rows, list(tmp_path.iterdir()))


# -- forks


@needs_fork
@pytest.mark.parametrize("folder", [False, True])
def test_a_forked_child_has_its_own_queue_when_its_parent_has_one(
    url: str, shop: Shop, tmp_path: Path, folder: bool
) -> None:
    """Each event acts once when a parent and its eight forked children put events, as under gunicorn with preload."""
    script = """
    queue = talon.queue(journal=sys.argv[2] or None)
    queue.put(event(0))
    for child in range(1, 9):
        pid = os.fork()
        if not pid:
            for n in range(5): queue.put(event(100 * child + n))
            left = queue.close()
            os._exit(len(left) or queue.statistics.delivered - 5)
        assert os.waitpid(pid, 0)[1] == 0
    queue.put(event(1))
    queue.close()
    print(queue.statistics.delivered)
    talon.close()
    """
    options = str(tmp_path / "events") if folder else ""
    assert "2" == finish(start(script, url, options))
    assert sorted([0, 1, *(100 * child + n for child in range(1, 9) for n in range(5))]) == sorted(shop.rows)
    if folder:
        assert [] == list((tmp_path / "events").iterdir())


@needs_fork
def test_a_child_takes_over_nothing_of_its_parent_when_that_still_lives(url: str, shop: Shop, tmp_path: Path) -> None:
    """A forked child takes over none of its parent's events while the parent lives, sent or not."""
    shop.is_held = True
    script = """
    queue = talon.queue(journal=sys.argv[2])
    for n in range(5): queue.put(event(n))
    pid = os.fork()
    if not pid:
        queue.put(event(5))
        os._exit(queue.statistics.depth)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
    input()
    queue.close()
    talon.close()
    """
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", HEAD + textwrap.dedent(script), url, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=ROOT, env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
    )  # fmt: skip
    assert process.stdout
    assert "1\n" == process.stdout.readline()
    shop.is_held = False
    out, err = process.communicate("\n", timeout=PATIENCE)
    assert ("", "") == (out, err)
    assert 1 == adopt(url, tmp_path).delivered  # the child's, which ended without closing
    assert (list(range(6)), []) == (sorted(shop.rows), list(tmp_path.iterdir()))


# -- threads


@pytest.mark.parametrize("folder", [False, True])
def test_many_threads_can_put_when_they_share_a_queue(url: str, shop: Shop, tmp_path: Path, folder: bool) -> None:
    """Forty threads put fifty events each through a queue of thirty.

    The events of each thread's customer stay in order.
    """
    with TalonOneSync(url, KEY) as talon:
        with talon.queue(journal=tmp_path if folder else None, size=30) as queue:

            def put(thread: int) -> None:
                for n in range(50):
                    queue.put(event(1000 * thread + n, f"p{thread}"))

            threads = [threading.Thread(target=put, args=(n,)) for n in range(40)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert 2000 == queue.statistics.delivered
    assert (2000, []) == (len(shop.rows), shop.doubled)
    assert shop.is_in_order()


# -- the end of the interpreter


@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize("closing", ["queue.close()", "", "sys.exit()"])
def test_events_are_delivered_when_the_interpreter_ends(
    url: str, shop: Shop, tmp_path: Path, folder: bool, closing: str
) -> None:
    """The interpreter delivers all events before it ends, with `close` and without it."""
    script = f"""
    queue = talon.queue(journal=sys.argv[2] or None)
    for n in range(100): queue.put(event(n))
    {closing}
    """
    finish(start(script, url, str(tmp_path) if folder else ""))
    assert (list(range(100)), []) == (shop.rows, list(tmp_path.iterdir()))


@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize("closing", ["queue.close()", ""])
def test_the_interpreter_ends_when_the_server_never_answers(
    url: str, shop: Shop, tmp_path: Path, folder: bool, closing: str
) -> None:
    """The interpreter ends after `drain_timeout`.

    What is left is in the journal, or the log tells how many events it was.
    """
    shop.is_held = True
    script = f"""
    queue = talon.queue(journal=sys.argv[2] or None, drain_timeout=0.3)
    for n in range(100): queue.put(event(n))
    {closing}
    """
    process = start(script, url, str(tmp_path) if folder else "")
    began = time.monotonic()
    _, err = process.communicate(timeout=PATIENCE)
    assert time.monotonic() - began < 15
    shop.is_held = False
    assert 0 == process.returncode
    if folder:
        assert "" == err
        assert 100 == adopt(url, tmp_path).delivered
        assert (list(range(100)), []) == (sorted(shop.rows), shop.doubled)
    else:
        assert "a queue was closed with 100 events that were not delivered" == err.strip()


def test_the_interpreter_ends_when_a_thread_waits_for_room(url: str, shop: Shop) -> None:
    """A thread that waits for room in a full queue holds up the exit for `drain_timeout` at most."""
    shop.is_held = True
    script = """
    queue = talon.queue(size=1, drain_timeout=0.3)
    queue.put(event(0))
    def late():
        try: queue.put(event(1))
        except QueueClosedError as error: print(error, flush=True)
    threading.Thread(target=late).start()
    """
    process = start(script, url)
    began = time.monotonic()
    out, _ = process.communicate(timeout=PATIENCE)
    assert time.monotonic() - began < 20
    assert (0, "the queue is full, and the interpreter ends\n") == (process.returncode, out)


def test_nothing_is_put_when_ctrl_c_comes_while_a_thread_waits_for_room(url: str, shop: Shop) -> None:
    """Ctrl-C in a thread that waits for room raises at once, nothing is put, and the place goes to the next one."""
    shop.is_held = True
    script = """
    queue = talon.queue(size=1)
    queue.put(event(0))
    print("full", flush=True)
    try: queue.put(event(1))
    except KeyboardInterrupt: print("interrupted", flush=True)
    queue.put(event(2))
    queue.close()
    talon.close()
    """
    process = start(script, url)
    assert process.stdout
    assert "full\n" == process.stdout.readline()
    time.sleep(0.3)  # a signal before it waits does no harm, and shows nothing
    process.send_signal(signal.SIGINT)
    assert "interrupted\n" == process.stdout.readline()
    shop.is_held = False
    finish(process)
    assert [0, 2] == shop.rows


def test_awaited_queues_end_when_their_loop_is_dropped_without_closing_them(
    url: str, shop: Shop, tmp_path: Path
) -> None:
    """`asyncio.run` cancels the run of a queue that was not closed, and its journal keeps what is left."""
    shop.is_held = True
    script = """
    from talon_async import TalonOne
    async def main():
        queue = await TalonOne(sys.argv[1], "k3y-of-the-tests").queue(journal=sys.argv[2]).__aenter__()
        for n in range(5): await queue.put(event(n))
    asyncio.run(main())
    talon.close()
    """
    finish(start(script, url, str(tmp_path)))
    shop.is_held = False
    assert 5 == adopt(url, tmp_path).delivered
    assert ([0, 1, 2, 3, 4], []) == (sorted(shop.rows), shop.doubled)
