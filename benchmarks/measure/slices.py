"""Slices that take turns: each round runs every contender for a moment, the next round in the opposite order."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING

from benchmarks.contenders import ENTRIES, Job
from benchmarks.measure.figures import Series
from benchmarks.measure.processes import BrokenError, asked, ended, line_of, started
from benchmarks.plan import READY_WITHIN, SLICE_WITHIN, SMALLEST_BULK

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from benchmarks.plan import Pace, Scenario
    from benchmarks.serve.start import Server

    Workers = dict[str, subprocess.Popen[bytes]]


def measure(
    scenario: Scenario, pace: Pace, server: Server, pythons: dict[str, Path], cpu: int | None
) -> dict[str, Series]:
    """Run a scenario, and return the series of each contender; print why a contender is left out.

    Several processes of each contender share the rounds: the same code is up to a tenth faster or slower from one
    process to the next, because its objects lie elsewhere and its hashes differ.
    """
    names = [name for name in scenario.contenders if ENTRIES[name].peer in pythons]
    series = {name: Series() for name in names}
    for share in _shares(scenario, pace):
        commands = {name: _command(scenario, name, server, pythons[ENTRIES[name].peer], cpu) for name in names}
        part = _with_new_processes(scenario, pace, commands, share)
        names = list(part)
        for name, found in part.items():
            series[name].extend(found)
    if scenario.one_process:
        for found in series.values():
            found.peak_mib = found.growth_mib = None
    return {name: series[name] for name in names}


def _shares(scenario: Scenario, pace: Pace) -> list[int]:
    """Return the rounds of each process, one process after the other; many events are run once."""
    if scenario.bulk > SMALLEST_BULK:
        return [1]
    rounds = pace.bulk_rounds if scenario.bulk else pace.rounds
    return [rounds // pace.processes] * pace.processes


def _command(scenario: Scenario, name: str, server: Server, python: Path, cpu: int | None) -> list[str | Path]:
    job = Job(
        contender=name, url=server.url(tls=scenario.tls, many_headers=scenario.many_headers), answer=scenario.answer,
        in_flight=scenario.in_flight, ca=server.ca if scenario.tls else "", cpu=cpu,
    )  # fmt: skip
    return [python, "-m", "benchmarks.contenders.worker", json.dumps(asdict(job))]


def _with_new_processes(
    scenario: Scenario, pace: Pace, commands: dict[str, list[str | Path]], rounds: int
) -> dict[str, Series]:
    with ExitStack() as stack:
        workers = _ready(scenario, commands, stack)
        counts = {name: count for name in list(workers) if (count := _warm(scenario, pace, name, workers[name]))}
        return _rounds(scenario, rounds, {name: workers[name] for name in counts}, counts)


def _ready(scenario: Scenario, commands: dict[str, list[str | Path]], stack: ExitStack) -> Workers:
    """Start the processes, and return those that are ready by contender; print why another is left out."""
    workers: Workers = {}
    for name, command in commands.items():
        if not (scenario.one_process and workers):
            workers[name] = started(command)
            stack.callback(ended, workers[name])
    ready = {name: worker for name, worker in workers.items() if _is_ready(scenario, name, worker)}
    return dict.fromkeys(commands, *ready.values()) if scenario.one_process and ready else ready


def _is_ready(scenario: Scenario, name: str, worker: subprocess.Popen[bytes]) -> bool:
    try:
        answer = line_of(worker, READY_WITHIN)
    except BrokenError as problem:
        answer = {"skip": problem}
    if "skip" in answer:
        print(f"{scenario.name}: {name} is left out: {answer['skip']}")
    return "skip" not in answer


def _warm(scenario: Scenario, pace: Pace, name: str, worker: subprocess.Popen[bytes]) -> int | None:
    """Wait until a contender is warm, and return how many requests fit into its slices.

    Before more events than the smallest number, that number is run, so that the growth is what the rest takes.
    """
    try:
        first = SMALLEST_BULK if scenario.bulk > SMALLEST_BULK else scenario.in_flight + 16
        command = f"{'bulk' if scenario.bulk else 'run'} {first} {name}"
        asked(worker, command, SLICE_WITHIN)
        cost = 0.0 if scenario.bulk else asked(worker, command, SLICE_WITHIN)["cpu"] / first
    except BrokenError as problem:
        print(f"{scenario.name}: {name} is left out: {problem}")
        return None
    return scenario.bulk or max(scenario.in_flight, round(pace.slice_seconds / cost))


def _rounds(scenario: Scenario, rounds: int, workers: Workers, counts: dict[str, int]) -> dict[str, Series]:
    series = {name: Series() for name in workers}
    command = "bulk" if scenario.bulk else "run"
    order = list(workers)
    for _ in range(rounds):
        for name in order:
            series[name].add(asked(workers[name], f"{command} {counts[name]} {name}", SLICE_WITHIN))
        order.reverse()
    return series
