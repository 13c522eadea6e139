"""`make bulk-rate`: a run at 300 calls a second; the server counts each second, and measures the gaps."""

from __future__ import annotations

import argparse
from itertools import pairwise

from tools.bulk.counting import Counter, Sender
from tools.bulk.figures import Figures

DELAY, CLOSEST = 0.02, 1.0
SPREAD = 3
"""A second may have so many more or fewer."""


def per_second(times: list[float]) -> list[int]:
    """Return how many came in each whole second since the first."""
    counts = [0] * int(times[-1] - times[0])
    for at in times:
        second = int(at - times[0])
        if second < len(counts):
            counts[second] += 1
    return counts


def main() -> None:
    """Do what is asked."""
    parser = argparse.ArgumentParser(prog="python -m tools.bulk.rate", description=__doc__)
    parser.add_argument("--rate", type=int, default=300)
    parser.add_argument("--seconds", type=int, default=60)
    asked = parser.parse_args()
    rate = asked.rate
    figures = Figures(f"rate={rate} for {asked.seconds} s")
    with Counter(DELAY) as server:
        Sender(server.url, events=rate * asked.seconds + 1, rate=rate).report()
        times = server.ask("times")["served"]
    counts, gaps = per_second(times), [later - sooner for sooner, later in pairwise(times)]
    seen, wanted = f"{min(counts)} to {max(counts)}", f"{rate} +- {SPREAD}"
    figures.add("calls in each second", seen, wanted, reached=max(abs(count - rate) for count in counts) <= SPREAD)
    figures.add("all", f"{len(times)} in {times[-1] - times[0]:.2f} s")
    for share, most in ((0.5, CLOSEST), (0.75, None)):
        below = 100 * sum(gap < share / rate for gap in gaps) / len(gaps)
        name = f"gaps below {share:g} of the interval"
        if most is None:
            figures.add(name, f"{below:.2f} %")
        else:
            figures.at_most(name, below, most, " %", digits=2)
    figures.end()


if __name__ == "__main__":
    main()
