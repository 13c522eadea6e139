"""One contender in a process of its own, or several of ours in one, which reports the cost of each slice.

It reads `run N CONTENDER` or `bulk N CONTENDER` from standard input, one command a line, and answers each with one line
of JSON. It ends when its input ends, so no process stays behind when the controller is gone.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.contenders import LACKING, Job, available, make

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def peak_kib() -> int:
    """Return the peak memory of this process.

    `ru_maxrss` starts at the figure of the parent, so it is used only where `/proc` is missing.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def awaited(call: Callable[[int], Awaitable[object]], in_flight: int, count: int) -> None:
    """Send requests with a number of tasks; each task takes the next number from one iterator."""
    numbers = iter(range(count))

    async def lane() -> None:
        for n in numbers:
            await call(n)

    await asyncio.gather(*(lane() for _ in range(in_flight)))


def threaded(call: Callable[[int], object], threads: ThreadPoolExecutor | None, in_flight: int, count: int) -> None:
    """Send requests with a number of threads; a single one is the main thread."""
    numbers = iter(range(count))

    def lane() -> None:
        for n in numbers:
            call(n)

    if threads is None:
        lane()
        return
    for done in [threads.submit(lane) for _ in range(in_flight)]:
        done.result()


class Slices:
    """Runs slices, of either kind of contender."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.contender = make(job)
        self.is_awaited = hasattr(self.contender, "open")
        self.runner = asyncio.Runner()
        self.threads = ThreadPoolExecutor(job.in_flight) if job.in_flight > 1 and not self.is_awaited else None

    def open(self) -> None:
        """Pin the process and open the contender; imports have used every processor."""
        if self.job.cpu is not None:
            os.sched_setaffinity(0, {self.job.cpu})
        if self.is_awaited:
            self.runner.run(self.contender.open())

    def run(self, command: str, count: int) -> dict[str, Any]:
        """Run one slice and return what it cost."""
        before, wall, cpu = peak_kib(), time.perf_counter(), time.process_time()
        if command == "bulk" and hasattr(self.contender, "bulk"):
            self.runner.run(self.contender.bulk(count))
        elif self.is_awaited:
            self.runner.run(awaited(self.contender.call, self.job.in_flight, count))
        else:
            threaded(self.contender.call, self.threads, self.job.in_flight, count)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        peak = peak_kib()
        return {"cpu": cpu, "wall": wall, "requests": count, "peak_kib": peak, "growth_kib": peak - before}

    def close(self) -> None:
        """Close the contender."""
        if (close := getattr(self.contender, "close", None)) is not None:
            done = close()
            if inspect.isawaitable(done):
                self.runner.run(_wait(done))
        self.runner.close()
        if self.threads is not None:
            self.threads.shutdown()


def opened(job: Job) -> Slices:
    """Make a contender and open it."""
    slices = Slices(job)
    slices.open()
    return slices


async def _wait(done: Awaitable[object]) -> None:
    await done


def main() -> None:
    """Run the commands of the controller or, with a count as second argument, that many requests once."""
    job = Job(**json.loads(sys.argv[1]))
    if not available(job.contender):
        print(json.dumps({"skip": LACKING}), flush=True)
        return
    slices = opened(job)
    several = {job.contender: slices}
    if len(sys.argv) > 2:  # noqa: PLR2004
        slices.run("run", int(sys.argv[2]))
    else:
        print(json.dumps({"ready": True}), flush=True)
        for line in sys.stdin:
            command, count, name = line.split()
            if name not in several:
                several[name] = opened(replace(job, contender=name))
            print(json.dumps(several[name].run(command, int(count))), flush=True)
    for each in several.values():
        each.close()


if __name__ == "__main__":
    main()
