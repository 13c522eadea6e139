"""Measure what happens once in a process: imports, the first call, the first answer. Each round has new processes."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict
from typing import TYPE_CHECKING

from benchmarks import plan
from benchmarks.contenders import LACKING, Job, available
from benchmarks.measure.figures import Series
from benchmarks.measure.processes import ROOT, BrokenError, ended, environment, line_of, started

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.plan import Pace
    from benchmarks.serve.start import Server

MODELS = (
    "from talon_async import TalonOne\n"
    "from talon_async.models import CartItem, IntegrationRequest, IntegrationStateV2, NewCustomerSessionV2\n"
    "TalonOne('http://127.0.0.1:9', 'key')\n"
)

READY = (
    "import asyncio\n"
    "from talon_async import TalonOne\n"
    "from talon_async.models import CartItem, IntegrationRequest, IntegrationStateV2, NewCustomerSessionV2\n"
    "async def main():\n"
    "    async with TalonOne('http://127.0.0.1:9', 'key'): pass\n"
    "asyncio.run(main())\n"
)

IMPORTS = {
    # name: whose Python, and what it runs
    "python": ("", "pass"),
    "aiohttp": ("", "import aiohttp"),
    "talon_async": ("", "import talon_async"),
    "talon_async-models": ("", MODELS),
    "talon_async-ready": ("", READY),
    "official": ("official", "import talon_one"),
}
"""`models` imports the models of a session and makes a client; `ready` opens a client, which loads everything."""


def imports(pace: Pace, pythons: dict[str, Path], cpu: int | None) -> dict[str, Series]:
    """Return the cost of imports without the cost of Python itself."""
    commands = {name: [pythons[peer], "-c", text] for name, (peer, text) in IMPORTS.items() if peer in pythons}
    series = {name: Series() for name in commands}
    for command in commands.values():
        _cost(command, cpu)  # the first run writes the bytecode and fills the disk's cache
    order = list(commands)
    for _ in range(pace.cold_rounds):
        spent = {name: _cost(commands[name], cpu) for name in order}
        for name in order:
            series[name].cpu.append(max(spent[name] - spent["python"], 1e-6))
        order.reverse()
    del series["python"]
    return series


def _cost(command: list[str | Path], cpu: int | None) -> float:
    """Return the processor time of one process, from its start to its end."""
    process = subprocess.Popen(  # noqa: S603  # what is run is ours
        command, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        if cpu is not None:
            os.sched_setaffinity(process.pid, {cpu})
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        if process.returncode is None:
            process.kill()
            process.wait()
    if process.returncode:
        raise BrokenError(f"{command[0]} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def firsts(kind: str, pace: Pace, server: Server, pythons: dict[str, Path], cpu: int | None) -> dict[str, Series]:
    """Return the cost of the first call, or of converting the first answer, and of the same when warm."""
    names = plan.FIRST_CALLS if kind == "first-call" else ("talon_async",)
    contenders = [name for name in names if available(name)]
    for name in {*names} - {*contenders}:
        print(f"{kind}: {name} is left out: {LACKING}")
    series: dict[str, Series] = {}
    for _ in range(pace.cold_rounds):
        for contender in contenders:
            job = Job(contender=contender, url=server.url(tls=False), answer="session", in_flight=1, cpu=cpu)
            command = [pythons[""], "-m", "benchmarks.contenders.first", kind, json.dumps(asdict(job))]
            process = started(command)
            try:
                costs = line_of(process, 60)
            finally:
                ended(process)
            for name in ("first", "warm"):
                series.setdefault(f"{contender}-{name}", Series()).cpu.append(costs[name])
    return series
