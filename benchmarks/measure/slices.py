"""Slices that take turns: each round runs every contender for a moment, and the next round the other way round."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING

from benchmarks.contenders import ENTRIES, Job
from benchmarks.measure.figures import Series
from benchmarks.measure.processes import BrokenError, asked, ended, line_of, started
from benchmarks.plan import READY_WITHIN, SLICE_WITHIN, SMALLEST_BATCH

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from benchmarks.plan import Pace, Scenario
    from benchmarks.serve.start import Server

    Workers = dict[str, subprocess.Popen[bytes]]


def measure(
    scenario: Scenario, pace: Pace, server: Server, pythons: dict[str, Path], cpu: int | None
) -> dict[str, Series]:
    """Run a scenario, and return the series of those who took part; the others are told of and left out."""
    with ExitStack() as stack:
        workers: Workers = {}
        for name in scenario.contenders:
            if (python := pythons.get(ENTRIES[name].peer)) is None:
                continue
            job = Job(
                contender=name, url=server.url(tls=scenario.tls), answer=scenario.answer,
                in_flight=scenario.in_flight, ca=server.ca if scenario.tls else "", cpu=cpu,
            )  # fmt: skip
            command = [python, "-m", "benchmarks.contenders.worker", json.dumps(asdict(job))]
            workers[name] = started(command)
            stack.callback(ended, workers[name])
        counts = {name: count for name in list(workers) if (count := _warm(scenario, pace, name, workers[name]))}
        return _rounds(scenario, pace, {name: workers[name] for name in counts}, counts)


def _warm(scenario: Scenario, pace: Pace, name: str, worker: subprocess.Popen[bytes]) -> int | None:
    """Wait until a worker is ready and warm, and return how many requests fit into its slices."""
    try:
        said = line_of(worker, READY_WITHIN)
        if "skip" in said:
            print(f"{scenario.name}: {name} is left out: {said['skip']}")
            return None
        first = scenario.in_flight + 16
        asked(worker, f"run {first}", READY_WITHIN)
        cost = asked(worker, f"run {first}", READY_WITHIN)["cpu"] / first
    except BrokenError as problem:
        print(f"{scenario.name}: {name} is left out: {problem}")
        return None
    return scenario.batch or max(scenario.in_flight, round(pace.slice_seconds / cost))


def _round_count(scenario: Scenario, pace: Pace) -> int:
    if not scenario.batch:
        return pace.rounds
    return pace.batch_rounds if scenario.batch == SMALLEST_BATCH else 1


def _rounds(scenario: Scenario, pace: Pace, workers: Workers, counts: dict[str, int]) -> dict[str, Series]:
    series = {name: Series() for name in workers}
    command = "batch" if scenario.batch else "run"
    order = list(workers)
    for _ in range(_round_count(scenario, pace)):
        for name in order:
            series[name].add(asked(workers[name], f"{command} {counts[name]}", SLICE_WITHIN))
        order.reverse()
    return series
