"""`python -m tools.bulk.sending URL`: sends events in one run, and prints its report and its memory as JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talon_async import TalonOne
from talon_async.models import IntegrationEventV2Request, NewEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_async.bulk import Report, Snapshot

PROFILES = 500
COUNTS = ("taken", "resumed", "skipped", "succeeded", "rejected", "unknown", "unsent", "pending", "paused", "elapsed")
KIB = 1024


def event(kind: str, n: int) -> Any:
    """Return the event of a number, of V1 without a key or of V2 with one."""
    profile = f"p{n % PROFILES}"
    if kind == "v1":
        return NewEvent(type="bought", session_id=f"of-{profile}", profile_id=profile, attributes={"n": n})
    return IntegrationEventV2Request(type="bought", profile_id=profile, attributes={"n": n})


def events(kind: str, count: int | None, seconds: float | None) -> Iterator[Any]:
    """Yield a number of events, or events for some seconds."""
    end = time.monotonic() + (seconds or 0.0)
    n = 0
    while time.monotonic() < end if count is None else n < count:
        yield event(kind, n)
        n += 1


def peak() -> int:
    """Return the largest memory of this process in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * KIB
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * KIB


def resident() -> int:
    """Return the memory of this process in bytes, or the largest it has had where the current one is unknown."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if statm.exists() else peak()


class Memory:
    """Reads the memory ten times a second, before the first pause and after it."""

    def __init__(self) -> None:
        self.before = self.since = 0

    def look(self, snapshot: Snapshot) -> None:
        """Keep the largest memory so far."""
        if snapshot.paused or snapshot.is_paused or self.since:
            self.since = max(self.since, resident())
        else:
            self.before = max(self.before, resident())


async def send(asked: argparse.Namespace) -> dict[str, Any]:
    """Run, and return the report and the memory."""
    memory = Memory()
    options: dict[str, Any] = {"journal": asked.journal, "rate": asked.rate, "concurrency": asked.concurrency}
    if not asked.descriptors:  # there are none to look at the memory with
        options["progress"] = memory.look
    else:
        taken = len(os.listdir("/dev/fd"))  # noqa: PTH208  # names, not paths
        resource.setrlimit(resource.RLIMIT_NOFILE, (taken + asked.descriptors, taken + asked.descriptors))
    source = events(asked.kind, asked.events, asked.seconds)
    async with TalonOne(asked.url, "k3y") as talon:
        report: Report[Any] = await talon.track_events(source, **options)
    stopped = report.stopped_by and str(report.stopped_by)
    counts = {name: getattr(report, name) for name in COUNTS}
    return {**counts, "stopped": stopped, "peak": peak(), "before": memory.before, "since": memory.since}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.bulk.sending", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--kind", choices=["v1", "v2"], default="v2")
    parser.add_argument("--events", type=int, help="how many; else --seconds says for how long")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--concurrency", type=lambda word: word if word == "auto" else int(word), default=64)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--journal")
    parser.add_argument("--descriptors", type=int, help="how many this process may open besides those it has")
    return parser.parse_args()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(send(arguments()))))
