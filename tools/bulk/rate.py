"""`make bulk-rate`: a run at 300 calls a second; the server counts each second, and measures the gaps.

Seconds in which a processor of this machine stood still are told apart, with the one that follows: nothing runs evenly
then. So are their gaps. A machine that stands still in more than half of the seconds is no place to measure.
"""

from __future__ import annotations

import argparse
from itertools import pairwise

from tools.bulk.counting import Counter, Sender
from tools.bulk.figures import Figures
from tools.bulk.stalls import Stalls

DELAY, CLOSEST = 0.02, 1.0
SPREAD = 3
"""A second may have so many more or fewer."""


def per_second(times: list[float]) -> list[int]:
    """Return how many calls came in each whole second since the first."""
    counts = [0] * int(times[-1] - times[0])
    for at in times:
        second = int(at - times[0])
        if second < len(counts):
            counts[second] += 1
    return counts


def tell(figures: Figures, times: list[float], stalls: Stalls, rate: int) -> None:
    """Add the figures of the times, with the stalls and without them."""
    counts, first = per_second(times), times[0]
    calm = [not stalls.overlap(first + second - 1, first + second + 1) for second in range(len(counts))]
    calm_counts = [count for count, is_calm in zip(counts, calm, strict=True) if is_calm]
    seen, wanted = f"{min(calm_counts)} to {max(calm_counts)}", f"{rate} +- {SPREAD}"
    reached = max(abs(count - rate) for count in calm_counts) <= SPREAD and 2 * sum(calm) > len(calm)
    figures.add(f"calls in each of {sum(calm)} calm seconds", seen, wanted, reached=reached)
    figures.add("calls in each second", f"{min(counts)} to {max(counts)}")
    longest = max((ended - begun for begun, ended in stalls.found), default=0.0)
    figures.add("stalls of the machine", f"{len(stalls.found)}, the longest {1000 * longest:.0f} ms")
    figures.add("all", f"{len(times)} in {times[-1] - first:.2f} s")
    gaps = [later - sooner for sooner, later in pairwise(times) if not stalls.overlap(sooner - 1, later)]
    for share, most in ((0.5, CLOSEST), (0.75, None)):
        below = 100 * sum(gap < share / rate for gap in gaps) / len(gaps)
        name = f"gaps below {share:g} of the interval"
        if most is None:
            figures.add(name, f"{below:.2f} %")
        else:
            figures.at_most(name, below, most, " %", digits=2)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.bulk.rate", description=__doc__)
    parser.add_argument("--rate", type=int, default=300)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    rate = options.rate
    figures = Figures(f"rate={rate} for {options.seconds} s")
    with Counter(DELAY) as server, Stalls() as stalls:
        Sender(server.url, events=rate * options.seconds + 1, rate=rate).report()
        times = server.ask("times")["served"]
    tell(figures, times, stalls, rate)
    figures.end()


if __name__ == "__main__":
    main()
