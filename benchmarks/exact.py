"""`make bench-exact`: count instructions, which do not depend on how busy the machine is.

A short and a longer run differ only in their number of requests, so their difference is the cost of requests without
Python, imports and connections. Instructions rank versions of the same code; between unlike code, time decides.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict

from benchmarks.contenders import LACKING, Job, available
from benchmarks.measure.processes import ROOT, environment
from benchmarks.plan import BASE, COUNTED, SLICE_WITHIN
from benchmarks.serve.start import processors, server
from benchmarks.show.table import table

CONTENDERS = ("talon_async", "talon_async-direct")
IN_FLIGHT = 16
CACHEGRIND = ["--tool=cachegrind", "--cache-sim=no", "--branch-sim=no", "--cachegrind-out-file=/dev/null"]


def counted(text: str) -> int:
    """Return the instructions that valgrind reports at its end."""
    match = re.search(r"I\s+refs:\s+([\d,]+)", text)
    if match is None:
        raise SystemExit(f"valgrind counted nothing:\n{text[-2000:]}")
    return int(match[1].replace(",", ""))


def instructions(valgrind: str, job: Job, count: int) -> int:
    """Return the instructions of a whole process that sends a number of requests."""
    command = [valgrind, *CACHEGRIND, sys.executable, "-m", "benchmarks.contenders.worker", json.dumps(asdict(job))]
    process = subprocess.Popen(  # noqa: S603  # what is run is ours
        [*command, str(count)], cwd=ROOT, env={**environment(), "PYTHONHASHSEED": "0"}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        _, said = process.communicate(timeout=SLICE_WITHIN)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return counted(said)


def per_request(valgrind: str, job: Job, short: int, long: int) -> float:
    """Return the thousands of instructions of one request."""
    instructions(valgrind, job, 1)  # writes the bytecode, so that compiling does not count
    first, second = (instructions(valgrind, job, count) for count in (short, long))
    return (second - first) / (long - short) / 1e3


def main() -> None:
    """Count, and print the ratios."""
    if (valgrind := shutil.which("valgrind")) is None:
        print("valgrind is not installed: nothing is counted")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    server_cpu, cpu = processors()
    lines: list[tuple[str, ...]] = []
    names = [name for name in (*CONTENDERS, BASE) if available(name)]
    for name in {*CONTENDERS} - {*names}:
        print(f"{name} is left out: {LACKING}")
    with server(server_cpu) as running:
        for answer, lengths in COUNTED.items():
            each: dict[str, float] = {}
            for name in names:
                job = Job(contender=name, url=running.url(tls=False), answer=answer, in_flight=IN_FLIGHT, cpu=cpu)
                each[name] = per_request(valgrind, job, *lengths)
            lines += [(answer, name, f"{count:.1f}", f"{count / each[BASE]:.3f}") for name, count in each.items()]
            print(table(lines[-len(each) :]), file=sys.stderr)
    print(table(lines, ("answer", "contender", "instructions, thousands", "ratio")))


if __name__ == "__main__":
    main()
