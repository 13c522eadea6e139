"""`make bench`: measure, print, and keep the figures; see `plan` for what is measured and for how long."""

from __future__ import annotations

import argparse
import json
import platform
import signal
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import plan
from benchmarks.measure import cold, slices
from benchmarks.measure.figures import Results, row
from benchmarks.measure.peers import PEERS, pythons
from benchmarks.measure.processes import BrokenError
from benchmarks.serve.start import processors, server
from benchmarks.show import bars
from benchmarks.show.chart import chart
from benchmarks.show.table import HEAD, cells, table
from benchmarks.targets import TARGETS, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from benchmarks.measure.figures import Series
    from benchmarks.plan import Pace

HERE = Path(__file__).parent
NAMES = (*(scenario.name for scenario in plan.SCENARIOS), *plan.COLD)


def bases(name: str) -> dict[str, str]:
    """Return the contenders of a scenario that are compared with another one than the base, and which one that is."""
    if name == "first-call":
        return {f"{contender}-first": f"{contender}-warm" for contender in plan.FIRST_CALLS}
    return {"talon_async-first": "talon_async-warm"} if name == "first-answer" else {}


def measured(names: list[str], pace: Pace) -> Iterator[tuple[str, dict[str, Series]]]:
    """Measure one scenario after the other."""
    server_cpu, cpu = processors()
    environments = pythons()
    with server(server_cpu) as running:
        print(f"server: {running.kind}; processors: server {server_cpu}, clients {cpu}\n")
        for scenario in plan.SCENARIOS:
            if scenario.name in names:
                yield scenario.name, slices.measure(scenario, pace, running, environments, cpu)
        if "import" in names:
            yield "import", cold.imports(pace, environments, cpu)
        for name in ("first-call", "first-answer"):
            if name in names:
                yield name, cold.firsts(name, pace, running, environments, cpu)


def measure(names: list[str], pace: Pace) -> tuple[Results, list[dict[str, Any]]]:
    """Measure, and print the lines of each scenario as soon as it ends."""
    results: Results = {}
    rows: list[dict[str, Any]] = []
    for name, series in measured(names, pace):
        results[name] = series
        new = [row(results, name, contender, bases(name).get(contender, plan.BASE)) for contender in series]
        rows += new
        if new:
            print(table(map(cells, new), HEAD), end="\n\n", flush=True)
    return results, rows


def keep(rows: list[dict[str, Any]], verdicts: Sequence[tuple[str, ...]], mode: str, *, others: bool = False) -> None:
    """Write the JSON file, the picture, and the chart of the README; keep what is there of `others`."""
    about = {
        "mode": mode, "date": time.strftime("%Y-%m-%d", time.gmtime()), "python": platform.python_version(),
        "machine": platform.machine(), "system": platform.system(), "peers": PEERS,
        "versions": {name: version(name) for name in ("talon-async", "aiohttp", "orjson", "attrs", "cattrs", "anyio")},
    }  # fmt: skip
    targets = [dict(zip(("target", "bound", "figure", "verdict"), line, strict=True)) for line in verdicts]
    if others:
        before = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
        rows = merged(before["rows"], rows, "scenario")
        targets = merged(before["targets"], targets, "target")
    everything = {"about": about, "rows": rows, "targets": targets}
    (HERE / "results.json").write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    (HERE / "results.svg").write_text(chart(rows), encoding="utf-8")
    page = HERE.parent / "README.md"
    page.write_text(bars.inserted(page.read_text(encoding="utf-8"), rows), encoding="utf-8")
    print("\nbenchmarks/results.json, benchmarks/results.svg and the chart of the README are written")


def merged(before: list[dict[str, Any]], new: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Return the rows of before, and the new ones in the place of those with the same key."""
    replaced = {row[key] for row in new}
    return [row for row in before if row[key] not in replaced] + new


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few rounds of everything; noisy")
    parser.add_argument("--only", action="append", choices=NAMES, metavar="SCENARIO",
                        help=f"measure this, and write no files; one of {', '.join(NAMES)}")  # fmt: skip
    parser.add_argument("--keep", action="store_true", help="with --only: put these figures in the place of older ones")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that started processes are ended
    began = time.monotonic()
    pace = plan.QUICK if options.quick else plan.FULL
    results, rows = measure(options.only or [name for name in NAMES if name not in pace.skipped], pace)
    verdicts = [verdict(target, results) for target in TARGETS if not options.only or target.scenario in options.only]
    if verdicts:
        print(table(verdicts, ("target", "bound", "figure", "verdict"), text_columns=1))
    if options.keep or not options.only:
        keep(rows, verdicts, "quick" if options.quick else "full", others=bool(options.only))
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenError as problem:
        sys.exit(f"a measured process failed: {problem}")
