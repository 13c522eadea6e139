"""The promises of the client about its cost, and their verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from benchmarks.measure.figures import beyond, ratio, spread
from benchmarks.plan import BASE

if TYPE_CHECKING:
    from benchmarks.measure.figures import Results, Series


@dataclass(frozen=True, kw_only=True)
class Target:
    """One promise.

    Attributes:
        what: the promise as people read it.
        scenario: where it is measured.
        contender: the contender that keeps or misses it.
        over: the contender it is compared with; empty if the figure stands alone.
        kind: `cpu` and `peak` compare; `more` is how many microseconds of the processor a request takes beyond the
            other contender, `part` is the same in requests of the base; `growth` and `mib` are MiB, `ms` is
            milliseconds of the processor.
        most: the largest figure that keeps the promise.
        least: the smallest figure that keeps the promise; it says how many times dearer the other contender is.
    """

    what: str
    scenario: str
    contender: str = "talon_async"
    over: str = ""
    kind: Literal["cpu", "peak", "more", "part", "growth", "mib", "ms"] = "cpu"
    most: float | None = None
    least: float | None = None


def pair(what: str, scenario: str, default: float, direct: float, suffix: str = "") -> tuple[Target, Target]:
    """Return the promises of both transports against the base, the default transport first."""
    own = f"talon_async{suffix}", f"talon_async-direct{suffix}"
    return (
        Target(what=f"{what} / {BASE}", scenario=scenario, contender=own[0], over=BASE, most=default),
        Target(what=f"{what} / {BASE}, direct", scenario=scenario, contender=own[1], over=BASE, most=direct),
    )


def bulk(own: str, note: str = "") -> tuple[Target, ...]:
    """Return the promises about many events on one transport."""
    return (
        Target(what=f"bulk, beyond a loop of calls (us an event){note}", scenario="bulk-added", contender=f"{own}-bulk",
               over=own, kind="more", most=5),
        *(Target(what=f"journal, {kind} events / a call of {BASE}{note}", scenario="bulk-added",
                 contender=f"{own}-{name}-journal", over=f"{own}-{name}", kind="part", most=0.20)
          for kind, name in (("V2", "bulk"), ("V1", "bulk-v1"))),
        *(Target(what=f"growth, {what} beyond ten thousand (MiB){note}", scenario=scenario,
                 contender=f"{own}-{name}", kind="growth", most=4)
          for what, scenario, name in (
              ("a million events", "bulk-1m", "bulk"),
              ("a million events, journal", "bulk-1m", "bulk-journal"),
              ("100 thousand V1 events, journal", "bulk-100k", "bulk-v1-journal"),
          )),
    )  # fmt: skip


TARGETS = (
    *pair("event", "event-16", 1.10, 0.45),
    *pair("no answer (204)", "silent-16", 1.08, 0.42),
    *pair("session", "session-16", 1.30, 0.72),
    *pair("large session", "large-16", 2.5, 2.1),
    *pair("large session, effects unread", "large-16", 1.7, 1.3, "-lazy"),
    Target(what="event / wreq with dicts, direct", scenario="event-16", contender="talon_async-direct", over="wreq",
           most=1),
    Target(what="blocking event / official SDK, 1 thread", scenario="blocking-event-1",
           contender="talon_async-blocking", over="official", most=0.75),
    Target(what="blocking event / official SDK, 1 thread, direct", scenario="blocking-event-1",
           contender="talon_async-direct-blocking", over="official", most=0.50),
    Target(what="official SDK / event", scenario="event-16", over="official", least=3),
    Target(what="official SDK / session", scenario="session-16", over="official", least=3.3),
    Target(what="official SDK / large session", scenario="large-16", over="official", least=5.5),
    Target(what="official SDK / event, TLS", scenario="tls-16", over="official", least=2.2),
    *(Target(what=f"official SDK / blocking {answer}, {threads} threads", scenario=f"blocking-{answer}-{threads}",
             contender="talon_async-blocking", over="official", least=1)
      for answer, threads in (("event", 16), ("session", 1), ("session", 16))),
    *(Target(what=f"blocking {answer} / awaited, {threads} threads", scenario=f"blocking-{answer}-{threads}",
             contender="talon_async-blocking", over="talon_async", most=1.7)
      for answer in ("event", "session") for threads in (1, 16)),
    *bulk("talon_async"),
    *bulk("talon_async-direct", ", direct"),
    Target(what="peak memory / official SDK, 64 in flight", scenario="event-64", over="official", kind="peak",
           most=0.6),
    Target(what="import talon_async / import aiohttp", scenario="import", over="aiohttp", most=0.1),
    Target(what="import, client, session models / import aiohttp", scenario="import", contender="talon_async-models",
           over="aiohttp", most=1.3),
    Target(what="import of the official SDK / the same", scenario="import", contender="talon_async-models",
           over="official", least=8),
    Target(what="first call / warm call", scenario="first-call", contender="talon_async-first",
           over="talon_async-warm", most=3),
    Target(what="first answer in a cold process (ms)", scenario="first-answer", contender="talon_async-first",
           kind="ms", most=2),
)  # fmt: skip


def figure(target: Target, results: Results) -> float | None:
    """Return the measured figure, or None if the scenario was not measured."""
    rows = results.get(target.scenario, {})
    own, other = rows.get(target.contender), rows.get(target.over)
    if own is None or (target.over and other is None):
        return None
    if other is None:
        return _alone(target, own)
    if target.kind == "peak":
        return own.peak_mib / other.peak_mib if own.peak_mib and other.peak_mib else None
    if target.kind == "more":
        return spread(beyond(own, other)).median * 1e6
    if target.kind == "part":
        return _part(own, other, rows.get(BASE))
    dearer, cheaper = (target.contender, target.over) if target.least is None else (target.over, target.contender)
    compared = ratio(results, target.scenario, dearer, cheaper)
    return None if compared is None else compared.median


def _part(own: Series, other: Series, base: Series | None) -> float | None:
    if base is None:
        return None
    return spread([more / unit for more, unit in zip(beyond(own, other), base.cpu, strict=True)]).median


def _alone(target: Target, own: Series) -> float | None:
    if target.kind == "ms":
        return spread(own.cpu).median * 1000
    return own.growth_mib if target.kind == "growth" else own.peak_mib


def verdict(target: Target, results: Results) -> tuple[str, str, str, str]:
    """Return the promise, its bound, the figure and the verdict, as a line of a table."""
    measured = figure(target, results)
    bound = f"<= {target.most:g}" if target.least is None else f">= {target.least:g}"
    if measured is None:
        return target.what, bound, "-", "not measured"
    kept = measured <= target.most if target.most is not None else measured >= (target.least or 0.0)
    return target.what, bound, f"{measured:.2f}", "met" if kept else "missed"
