"""Delivers a Kafka topic by three processes, kills one and lets one leave, several times; prints the server's count."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "tests")]


def main() -> int:
    """Run the trials; return 1 if something was lost, doubled or out of order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=8000)
    parser.add_argument("--profiles", type=int, default=500)
    parser.add_argument("--poisons", type=int, default=40)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    from support.broker import broker  # noqa: PLC0415  # once the path is set
    from support.kafka_trial import run_trial  # noqa: PLC0415

    failed = 0
    for run in range(options.runs):
        with broker() as address, tempfile.TemporaryDirectory() as folder:
            trial = asyncio.run(
                run_trial(
                    address,
                    Path(folder),
                    events=options.events,
                    profiles=options.profiles,
                    poisons=options.poisons,
                )
            )
        counts = trial.counts
        is_bad = trial.missing or counts.doubled or counts.reordered or trial.handed_over != trial.poisons
        failed += bool(is_bad)
        print(f"run {run + 1}: {trial}", flush=True)
    return failed and 1


if __name__ == "__main__":
    sys.exit(main())
