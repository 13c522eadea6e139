"""`make bench-exact`: count instructions, which do not depend on how busy the machine is.

A short and a longer run differ in their requests alone, so the difference is what requests cost; what Python, imports
and connections cost falls out. Instructions rank versions of the same code; between unlike code, time decides.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict

from benchmarks.contenders import Job
from benchmarks.measure.processes import ROOT, environment
from benchmarks.plan import COUNTED, SLICE_WITHIN
from benchmarks.serve.start import processors, server
from benchmarks.show.table import table

CONTENDERS = ("aiohttp", "talon_async")
IN_FLIGHT = 16
CACHEGRIND = ["--tool=cachegrind", "--cache-sim=no", "--branch-sim=no", "--cachegrind-out-file=/dev/null"]


def counted(text: str) -> int:
    """Return the instructions that valgrind reports at its end."""
    found = re.search(r"I\s+refs:\s+([\d,]+)", text)
    if found is None:
        raise SystemExit(f"valgrind counted nothing:\n{text[-2000:]}")
    return int(found[1].replace(",", ""))


def instructions(valgrind: str, job: Job, count: int) -> int:
    """Return the instructions of a whole process that sends so many requests."""
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


def main() -> None:
    """Count, and print the ratios."""
    if (valgrind := shutil.which("valgrind")) is None:
        print("valgrind is not installed: nothing is counted")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    server_cpu, cpu = processors()
    lines: list[tuple[str, ...]] = []
    with server(server_cpu) as running:
        for answer, (short, long) in COUNTED.items():
            each: list[float] = []
            for contender in CONTENDERS:
                job = Job(contender=contender, url=running.url(tls=False), answer=answer, in_flight=IN_FLIGHT, cpu=cpu)
                instructions(valgrind, job, 1)  # writes the bytecode, which would count otherwise
                total = [instructions(valgrind, job, count) for count in (short, long)]
                each.append((total[1] - total[0]) / (long - short))
            base, own = each
            lines.append((answer, f"{base / 1e3:.1f}", f"{own / 1e3:.1f}", f"{own / base:.3f}"))
            print(f"{answer}: {own / base:.3f}", file=sys.stderr)
    print(table(lines, ("answer", *(f"{name}, thousands" for name in CONTENDERS), "ratio"), text_columns=1))


if __name__ == "__main__":
    main()
