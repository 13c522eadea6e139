"""Sends from three Dask workers, kills one and retires one, several times; prints what the server has counted."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "tests")]


def main() -> int:
    """Run the trials; return 1 if something was lost, doubled or out of order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--profiles", type=int, default=997)
    parser.add_argument("--block", type=int, default=500)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    logging.getLogger("distributed").setLevel(logging.ERROR)
    from support.dask_trial import run_trial  # noqa: PLC0415  # once the path is set

    failed = 0
    for run in range(options.runs):
        trial = run_trial(events=options.events, profiles=options.profiles, block=options.block)
        counts = trial.counts
        failed += bool(trial.missing or counts.doubled or counts.reordered or trial.report.failures)
        print(f"run {run + 1}: {trial}", flush=True)
    return failed and 1


if __name__ == "__main__":
    sys.exit(main())
