"""`make bulk-auto`: `concurrency="auto"` against a server that works on 20 calls at once, then on 5, then on 40.

What it gets done is compared with the best fixed limit for each capacity, found by trying some.
"""

from __future__ import annotations

import argparse
import time
from bisect import bisect_left

from tools.bulk.counting import Counter, Sender
from tools.bulk.figures import Figures

DELAY, TRY = 0.04, 2.0
LEAST, REFUSED = 0.9, 1.0


def queue_of(capacity: int, share: float) -> int:
    """Return how many calls wait at the server before it refuses."""
    return int(capacity * share)


def best_fixed(capacity: int, queue: int) -> float:
    """Return the most calls that a fixed limit gets done in a second, of those limits that are never refused."""
    most = 0.0
    for limit in sorted({capacity, capacity + queue}):
        with Counter(DELAY) as server:
            server.ask("capacity", capacity=capacity, queue=queue)
            Sender(server.url, concurrency=limit, seconds=TRY + 0.5).report()
            served = server.ask("times")["served"]
        begin = served[0] + 0.5
        most = max(most, (bisect_left(served, begin + TRY) - bisect_left(served, begin)) / TRY)
    return most


def adaptive(steps: list[tuple[int, int]], seconds: float) -> tuple[list[float], float]:
    """Return the calls that each step got done in a second, and the percentage that was refused."""
    with Counter(DELAY) as server:
        server.ask("capacity", capacity=steps[0][0], queue=steps[0][1])
        sender = Sender(server.url, concurrency="auto", seconds=seconds * len(steps))
        while not server.ask("progress")["distinct"]:
            time.sleep(0.01)
        begins: list[float] = []
        for capacity, queue in steps:
            begins.append(server.ask("capacity", capacity=capacity, queue=queue)["now"])
            time.sleep(seconds)
        sender.report()
        times = server.ask("times")
    served = times["served"]
    ends = [*begins[1:], served[-1]]
    rates = [
        (bisect_left(served, end) - bisect_left(served, begin)) / (end - begin)
        for begin, end in zip(begins, ends, strict=True)
    ]
    return rates, 100 * len(times["refused"]) / (len(served) + len(times["refused"]))


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.bulk.auto", description=__doc__)
    parser.add_argument("--capacity", type=int, nargs="+", default=[20, 5, 40])
    parser.add_argument("--seconds", type=float, default=15.0, help="how long each capacity lasts")
    parser.add_argument("--queue", type=float, nargs="+", default=[0.0, 0.5], help="places, as a share of the capacity")
    options = parser.parse_args()
    figures = Figures(f"concurrency='auto', capacities {options.capacity}, {options.seconds:g} s each")
    for share in options.queue:
        steps = [(capacity, queue_of(capacity, share)) for capacity in options.capacity]
        rates, refused = adaptive(steps, options.seconds)
        best = [best_fixed(*step) for step in steps]
        name = f"queue of {share:g}"
        for (capacity, _), rate, fixed in zip(steps, rates, best, strict=True):
            figures.add(f"{name}, capacity {capacity}: a second; best fixed", f"{rate:.0f}; {fixed:.0f}")
        figures.at_least(f"{name}: share of the best fixed limit", sum(rates) / sum(best), LEAST)
        figures.at_most(f"{name}: refused", refused, REFUSED, " %", digits=2)
    figures.end()


if __name__ == "__main__":
    main()
