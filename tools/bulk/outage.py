"""`make bulk-outage`: outages in the middle of a run, with keyed events and V1, and a process with few descriptors."""

from __future__ import annotations

import argparse
import time
from bisect import bisect_left
from typing import Any

import attrs

from tools.bulk.counting import Counter, Sender
from tools.bulk.figures import Figures

CONCURRENCY, DELAY = 32, 0.03
BEFORE, AFTER = 2.5, 3.0
"""Seconds of the run before and after an outage."""
WINDOW, SHARE, BACK = 0.1, 0.9, 0.3
"""Seconds in which a rate is counted; the share of it that has to be back, and within how many seconds."""
WASTED = 135
PROBES = 5
"""Refusals that it takes to close the gate, for one call each, at most."""
MEMORY = 1.5
MIB = 1 << 20
KINDS = ("429", "503", "500", "down")


@attrs.define
class Outcome:
    """The result of one run: the sender's report, the server's counts, and the time until it was as fast as before."""

    report: dict[str, Any]
    counts: dict[str, int]
    back: float

    @property
    def failed(self) -> int:
        """Return how many calls failed with a known outcome."""
        failed: int = self.report["rejected"] + self.report["unsent"] + self.report["pending"]
        return failed

    @property
    def memory(self) -> float:
        """Return how many MiB of memory the outage added."""
        growth: int = self.report["since"] - self.report["before"]
        return growth / MIB


def seconds_to_rate(served: list[float], begin: float, end: float) -> float:
    """Return the seconds from the first success after an outage until the rate of before is back."""
    before = (bisect_left(served, begin) - bisect_left(served, begin - 2)) / 2
    first = bisect_left(served, end)
    for place in range(first, len(served)):
        if bisect_left(served, served[place] + WINDOW) - place >= SHARE * before * WINDOW:
            return served[place] - served[first]
    return float("inf")


def trial(trouble: str, seconds: float, kind: str) -> Outcome:
    """Run through one outage."""
    with Counter(DELAY) as server:
        lasting = BEFORE + seconds + AFTER
        sender = Sender(server.url, kind=kind, concurrency=CONCURRENCY, seconds=lasting)
        while not server.ask("progress")["distinct"]:
            time.sleep(0.01)
        time.sleep(BEFORE)
        outage = server.ask("trouble", kind=trouble, seconds=seconds)
        report = sender.report()
        times = server.ask("times")
        back = seconds_to_rate(times["served"], outage["begin"], outage["end"])
        return Outcome(report, server.ask("summary"), back)


def judge(figures: Figures, name: str, kind: str, outcome: Outcome, *, has_pause: bool = True) -> None:
    """Print the figures of one run."""
    counts, report = outcome.counts, outcome.report
    figures.none(f"{name}: failed, of {report['taken']}", outcome.failed)
    safe = kind == "v2" or name.startswith("429")
    if safe:
        figures.none(f"{name}: unknown", report["unknown"])
    else:
        figures.at_most(f"{name}: unknown", report["unknown"], CONCURRENCY + PROBES, digits=0)
    figures.none(f"{name}: succeeded and not counted", max(0, report["succeeded"] - counts["distinct"]))
    figures.none(f"{name}: doubled and reordered", counts["doubled"] + counts["reordered"])
    if has_pause:
        if not name.startswith("down"):  # a server that is not there counts nothing
            figures.at_most(f"{name}: requests wasted", counts["refused"], WASTED, digits=0)
        figures.at_most(f"{name}: to 90 % of the rate", outcome.back, BACK, " s", digits=2)
        figures.at_most(f"{name}: memory", outcome.memory, MEMORY, " MiB")


def few_descriptors(figures: Figures, kind: str) -> None:
    """Send from a process that may open twenty connections, with 64 calls at once."""
    with Counter(DELAY) as server:
        report = Sender(server.url, kind=kind, concurrency=CONCURRENCY, seconds=3, descriptors=20).report()
        outcome = Outcome(report, server.ask("summary"), 0.0)
    name = f"few descriptors, {kind}"
    judge(figures, name, "v2", outcome, has_pause=False)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.bulk.outage", description=__doc__)
    parser.add_argument("--seconds", type=float, action="append", help="how long; 3 and 30 if left out")
    parser.add_argument("--trouble", choices=[*KINDS, "descriptors"], action="append", help="all if left out")
    parser.add_argument("--kind", choices=["v1", "v2"], action="append", help="v2 and v1 if left out")
    options = parser.parse_args()
    troubles = options.trouble or [*KINDS, "descriptors"]
    figures = Figures(f"outages, {CONCURRENCY} calls at once, answers after {1000 * DELAY:.0f} ms")
    for kind in options.kind or ["v2", "v1"]:
        for seconds in options.seconds or [3.0, 30.0]:
            for trouble in troubles:
                if trouble != "descriptors":
                    judge(figures, f"{trouble} {seconds:g} s, {kind}", kind, trial(trouble, seconds, kind))
        if "descriptors" in troubles:
            few_descriptors(figures, kind)
    figures.end()


if __name__ == "__main__":
    main()
