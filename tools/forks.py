"""Forks a busy process at random moments: every child must be able to call, and none may hang.

1. `--threads` threads call, run batches and put into queues all the time; the main thread forks in between. Half of the
   children use the client of their parent, half make one of their own.
2. `--starts` processes are forked while they make their first calls, at random moments of those.
3. A pool of `multiprocessing` is made, used and thrown away while the threads call.

A child that has not ended after `PATIENCE` shows where it stands, and is killed.
"""

from __future__ import annotations

import argparse
import faulthandler
import itertools
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from talon_async import TalonOneSync
from talon_async.models import IntegrationEventV2Request
from tools.bulk_send import Server

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 20.0
"""Seconds after which a child hangs."""
DONE, FAILED = 7, 8


def event(n: int) -> IntegrationEventV2Request:
    """Return an event."""
    return IntegrationEventV2Request(type="fork", profile_id=f"customer-{n % 50}", attributes={"n": n})


def work(talon: TalonOneSync, n: int) -> None:
    """Do one of the things that a process does."""
    if n % 3 == 0:
        assert talon.track_events([event(n), event(n + 1)]).succeeded == 2  # noqa: PLR2004, S101
    elif n % 3 == 1:
        with talon.queue() as queue:
            queue.put(event(n))
        assert not queue.undelivered  # noqa: S101
    else:
        talon.track_event_v2(event(n))


def in_child(action: Callable[[], object]) -> None:
    """Do something in a child, and leave without the exit of the parent."""
    code = FAILED
    faulthandler.dump_traceback_later(PATIENCE - 2)
    try:
        action()
        code = DONE
    finally:
        os._exit(code)


def end_of(child: int) -> str:
    """Wait for a child; return how it ended."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return "fine" if code == DONE else f"exit {code}"
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hung"


class Threads:
    """Threads that work until the block ends."""

    def __init__(self, talon: TalonOneSync, count: int) -> None:
        self._talon, self._stop = talon, threading.Event()
        self.done, self.errors = 0, list[BaseException]()
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(count)]

    def _run(self, first: int) -> None:
        for n in itertools.count(first):
            if self._stop.is_set():
                break
            try:
                work(self._talon, n)
                self.done += 1
            except BaseException as error:  # noqa: BLE001  # it is told in the end
                self.errors.append(error)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


_pooled: list[TalonOneSync] = []


def pooled(n: int) -> int:
    """Call in a process of a pool."""
    work(_pooled[0], n)
    return n


def busy(url: str, transport: str, forks: int, threads: int) -> dict[str, int]:
    """Fork a process whose threads are at work; return how many children ended how."""
    talon = TalonOneSync(url, "key", transport=transport)
    _pooled[:] = [talon]
    ends: dict[str, int] = {}

    def fork(n: int) -> int:
        if not (child := os.fork()):
            own = talon if n % 2 else TalonOneSync(url, "key", transport=transport)
            in_child(lambda: [work(own, m) for m in range(n, n + 3)])
        return child

    with Threads(talon, threads) as running:
        for n in range(0, forks, 2):
            pause = random.random() ** 3 * 0.05  # noqa: S311  # chance, no secret
            time.sleep(pause)
            for child in [fork(n), fork(n + 1)]:
                end = end_of(child)
                ends[end] = ends.get(end, 0) + 1
        with multiprocessing.get_context("fork").Pool(4) as pool:
            in_pool = pool.map_async(pooled, range(24)).get(timeout=PATIENCE)
    ends["fine in the pool"] = len(in_pool)
    for error in running.errors:
        ends[f"a thread: {error!r}"] = ends.get(f"a thread: {error!r}", 0) + 1
    talon.close()
    return ends


def start(url: str, transport: str, pause: float) -> str:
    """Fork while a thread makes the first call of the process."""
    talon = TalonOneSync(url, "key", transport=transport)
    thread = threading.Thread(target=work, args=(talon, random.randrange(3)))  # noqa: S311  # chance, no secret
    thread.start()
    time.sleep(pause)
    if not (child := os.fork()):
        in_child(lambda: [work(talon, n) for n in range(3)])
    end = end_of(child)
    thread.join()
    talon.close()
    return end


def starts(url: str, transport: str, count: int) -> dict[str, int]:
    """Run `start` in so many processes."""
    ends: dict[str, int] = {}
    for _ in range(count):
        pause = random.random() ** 2 * 0.02  # noqa: S311  # chance, no secret
        command = [sys.executable, "-W", "ignore", "-m", "tools.forks", "--start", url, transport, str(pause)]
        done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False, timeout=3 * PATIENCE)
        end = done.stdout.strip() or f"exit {done.returncode}"
        if end != "fine":
            sys.stderr.write(done.stderr)
        ends[end] = ends.get(end, 0) + 1
    return ends


def main(arguments: list[str] | None = None) -> int:
    """Run all, print how the children ended, and return 1 if one did not end well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--forks", type=int, default=200)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument("--start", nargs=3, metavar=("URL", "TRANSPORT", "PAUSE"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.start:
        url, transport, pause = options.start
        print(start(url, transport, float(pause)))
        return 0
    is_fine = True
    with Server(0.001) as server:
        for transport in ("session", "direct"):
            began = time.monotonic()
            during_calls = busy(server.url, transport, options.forks, options.threads)
            during_first = starts(server.url, transport, options.starts)
            print(
                f"{transport}: {during_calls}; during the first call: {during_first}; {time.monotonic() - began:.0f} s"
            )
            is_fine = is_fine and {*during_calls, *during_first} <= {"fine", "fine in the pool"}
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
