"""Measure the first call, or the first answer, in a new process; print its cost, and the cost of the same when warm."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time

from benchmarks.contenders import Job, make
from benchmarks.payloads import ANSWERS

WARM = 21


def answers() -> list[float]:
    """Convert the answer of a session many times, in a process that has converted nothing before.

    Entering a client loads the converters; it opens no connection here.
    """
    from talon_async import TalonOne, from_json  # noqa: PLC0415  # the other measurement imports it by itself
    from talon_async.models import IntegrationStateV2  # noqa: PLC0415

    asyncio.run(TalonOne("http://127.0.0.1:9", "key").__aenter__())
    costs: list[float] = []
    for _ in range(WARM + 1):
        before = time.process_time_ns()
        from_json(ANSWERS["session"], IntegrationStateV2)
        costs.append((time.process_time_ns() - before) / 1e9)
    return costs


async def calls(job: Job) -> list[float]:
    """Make calls, the first of them right after the client was opened."""
    contender = make(job)
    await contender.open()
    costs: list[float] = []
    for n in range(WARM + 1):
        before = time.process_time_ns()
        await contender.call(n)
        costs.append((time.process_time_ns() - before) / 1e9)
    await contender.close()
    return costs


def main() -> None:
    """Measure and print."""
    job = Job(**json.loads(sys.argv[2]))
    if job.cpu is not None:
        os.sched_setaffinity(0, {job.cpu})
    costs = answers() if sys.argv[1] == "first-answer" else asyncio.run(calls(job))
    print(json.dumps({"first": costs[0], "warm": statistics.median(costs[1:])}), flush=True)


if __name__ == "__main__":
    main()
