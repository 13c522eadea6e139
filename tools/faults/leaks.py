"""Counts what a process holds: descriptors, tasks, threads, memory."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import threading
from pathlib import Path
from statistics import median

import attrs

PAGE = os.sysconf("SC_PAGE_SIZE")
SETTLES = 3.0
"""Seconds in which whatever is being closed is closed."""


def memory() -> float:
    """Return the megabytes that the process has in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE / 1e6


@attrs.frozen
class Held:
    """What the process holds, apart from the threads that make blocking calls for this tool."""

    descriptors: int
    tasks: int
    threads: int

    @classmethod
    def now(cls) -> Held:
        """Count."""
        gc.collect()
        threads = [thread for thread in threading.enumerate() if not thread.name.startswith(("caller", "asyncio"))]
        return cls(len(list(Path("/proc/self/fd").iterdir())), len(asyncio.all_tasks()), len(threads))

    async def more(self) -> list[str]:
        """Describe what the process holds in addition, after everything has had the time to end."""
        excess: list[str] = []
        for _ in range(30):
            after = attrs.asdict(Held.now())
            before = attrs.asdict(self)
            excess = [f"{after[name] - before[name]} {name}" for name in before if after[name] > before[name]]
            if not excess:
                break
            await asyncio.sleep(SETTLES / 30)
        return excess


@attrs.define
class Memory:
    """Samples of the memory that a process has."""

    samples: list[float] = attrs.field(factory=list)

    async def watch(self, seconds: float) -> None:
        """Take samples until it is cancelled."""
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                self.samples.append(memory())
                await asyncio.sleep(seconds)

    def growth(self) -> float:
        """Return the megabytes between the medians of the first and of the last quarter."""
        quarter = max(1, len(self.samples) // 4)
        return median(self.samples[-quarter:]) - median(self.samples[:quarter])
