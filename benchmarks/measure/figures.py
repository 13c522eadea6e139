"""Figures: the cost of slices, and ratios between contenders of the same round."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Spread:
    """A median and the quartiles around it."""

    median: float
    low: float
    high: float


def spread(values: list[float]) -> Spread:
    """Return the median and the quartiles; a single value is all three."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


@dataclass
class Series:
    """The cost of one contender in one scenario, round by round.

    Attributes:
        cpu: seconds of the processor for one request.
        wall: seconds of the clock for one request.
        peak_mib: the largest memory of its process.
        growth_mib: the largest part of that which came during one slice.
    """

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    peak_mib: float | None = None
    growth_mib: float | None = None

    def add(self, said: dict[str, Any]) -> None:
        """Add the cost of a slice, as a worker reported it."""
        cpu, wall = said["cpu"] / said["requests"], said["wall"] / said["requests"]
        self.extend(Series([cpu], [wall], said["peak_kib"] / 1024, said["growth_kib"] / 1024))

    def extend(self, other: Series) -> None:
        """Add the cost of another process of the same contender."""
        self.cpu += other.cpu
        self.wall += other.wall
        self.peak_mib = max(self.peak_mib or 0.0, other.peak_mib or 0.0)
        self.growth_mib = max(self.growth_mib or 0.0, other.growth_mib or 0.0)


Results = dict[str, dict[str, Series]]
"""Series by scenario and contender."""


def ratios(series: Series, base: Series) -> list[float]:
    """Return, for each round, how many times dearer one contender is than the other.

    Slices of a round follow each other, so a slow phase of the machine weighs on both.
    """
    return [own / other for own, other in zip(series.cpu, base.cpu, strict=True)]


def beyond(series: Series, other: Series) -> list[float]:
    """Return, for each round, how many seconds of the processor one contender takes beyond the other."""
    return [own - less for own, less in zip(series.cpu, other.cpu, strict=True)]


def ratio(results: Results, scenario: str, contender: str, base: str) -> Spread | None:
    """Return how many times dearer a contender is than another, or None if one of them did not take part."""
    series = results.get(scenario, {})
    if contender not in series or base not in series:
        return None
    return spread(ratios(series[contender], series[base]))


def row(results: Results, scenario: str, contender: str, base: str) -> dict[str, Any]:
    """Return one line of the table, as it goes into the JSON file."""
    series = results[scenario][contender]
    compared = ratio(results, scenario, contender, base)
    wall = spread(series.wall).median if series.wall else 0.0
    return {
        "scenario": scenario,
        "contender": contender,
        "ratio": None if compared is None else [round(n, 3) for n in (compared.median, compared.low, compared.high)],
        "per_second": round(1 / wall) if wall else None,
        "peak_mib": _rounded(series.peak_mib),
        "growth_mib": _rounded(series.growth_mib),
        "cpu_microseconds": round(spread(series.cpu).median * 1e6, 1),
        "rounds": len(series.cpu),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
