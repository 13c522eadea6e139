"""`make bulk-memory`: the peak memory of ten thousand events and of a million, without a journal and with one.

Each run is a process of its own; the server counts that every event has come.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tools.bulk.counting import Counter, Sender
from tools.bulk.figures import Figures

MIB = 1 << 20
MOST = 4


def peak(count: int, *, journal: bool, figures: Figures) -> int:
    """Send a number of events; return the largest memory of the sender."""
    with tempfile.TemporaryDirectory() as folder, Counter() as server:
        path = Path(folder) / "events.journal" if journal else None
        report = Sender(server.url, events=count, journal=path).report()
        recorded = server.ask("summary")["distinct"]
    words = "with a journal" if journal else "without"
    figures.add(f"{count} {words}: recorded", recorded, str(count), reached=recorded == count)
    figures.add(f"{count} {words}: peak; a second", f"{report['peak'] / MIB:.1f} MiB; {count / report['elapsed']:.0f}")
    most: int = report["peak"]
    return most


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.bulk.memory", description=__doc__)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    options = parser.parse_args()
    figures = Figures(f"memory: {options.few} events against {options.many}")
    for journal in (False, True):
        few, many = (peak(count, journal=journal, figures=figures) for count in (options.few, options.many))
        words = "with a journal" if journal else "without"
        figures.at_most(f"{words}: difference", (many - few) / MIB, MOST, " MiB")
    figures.end()


if __name__ == "__main__":
    main()
