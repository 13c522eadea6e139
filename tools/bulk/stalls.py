"""Stalls of this machine's processors: sleepers, one bound to each processor, note how late they wake.

What is measured while that happens says something about the machine, and nothing about what runs on it.
`python -m tools.bulk.stalls N` is the sleeper of processor N; it ends with its input, and prints what it noted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from typing import Self

from tools.bulk.counting import start

PERIOD, LATE = 0.005, 0.03
"""Seconds a sleeper sleeps, and how late it must wake for a stall."""


class Stalls:
    """Sleepers on all processors while a block runs.

    Attributes:
        found: when each stall began and ended, in seconds of the monotonic clock.
    """

    def __init__(self) -> None:
        self.found: list[tuple[float, float]] = []

    def __enter__(self) -> Self:
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self._sleepers = [start(["-m", "tools.bulk.stalls", str(core)], stdin=subprocess.PIPE) for core in cores]
        return self

    def __exit__(self, *_: object) -> None:
        for sleeper in self._sleepers:
            noted, _ = sleeper.communicate()
            self.found += [(begun, ended) for begun, ended in json.loads(noted)]

    def overlap(self, begun: float, ended: float) -> bool:
        """Tell whether a stall overlaps with this time."""
        return any(first < ended and begun < last for first, last in self.found)


def main() -> None:
    """Sleep until the input ends, and print the stalls."""
    os.sched_setaffinity(0, {int(sys.argv[1])})
    is_over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), is_over.set()), daemon=True).start()
    noted = list[tuple[float, float]]()
    before = time.monotonic()
    while not is_over.is_set():
        time.sleep(PERIOD)
        now = time.monotonic()
        if now - before > PERIOD + LATE:
            noted.append((before, now))
        before = now
    print(json.dumps(noted))


if __name__ == "__main__":
    main()
