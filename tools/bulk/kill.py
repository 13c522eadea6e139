"""`make bulk-kill`: a run with a journal is ended by `kill -9` again and again, and resumed until it is done.

A kill counts only if the server had requests under way when it came.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import attrs

from talon_async.bulk import Journal
from tools.bulk.counting import Counter, Sender
from tools.bulk.figures import Figures

DELAY = 0.05
"""Seconds until the server answers, so that calls are under way at any moment."""
SEEN_WITHIN = 5.0
CONCURRENCY, MARKED_AHEAD = 64, 256


@attrs.define
class Outcome:
    """The result of one run and its kills: the server's counts, and the failures in the journal."""

    kills: int
    idle_kills: int
    counts: dict[str, int]
    missing: set[int]
    told: set[int]
    unknown: int
    other: int

    @property
    def lost(self) -> int:
        """Return how many events were neither recorded nor reported."""
        return len(self.missing - self.told)


class Killing:
    """One run over a number of events, which is killed a number of times."""

    def __init__(self, kind: str, count: int, kills: int, chance: random.Random) -> None:
        self._kind, self._count, self._kills, self._chance = kind, count, kills, chance
        self._eaten = CONCURRENCY + MARKED_AHEAD if kind == "v1" else 0  # what a kill may leave in doubt is not sent

    def run(self) -> Outcome:
        """Kill the run and go on with it until it is done; return what the server has counted."""
        with tempfile.TemporaryDirectory() as folder, Counter(DELAY) as server:
            path = Path(folder) / "events.journal"
            kills = idle = 0
            while True:
                sender = Sender(server.url, kind=self._kind, events=self._count, concurrency=CONCURRENCY, journal=path)
                if kills == self._kills or not self._wait(server, sender, kills):
                    sender.report()
                    break
                was_under_way = self._kill(server, sender)
                kills, idle = kills + was_under_way, idle + (not was_under_way)
            missing = server.ask("missing", count=self._count)["missing"]
            told, unknown, other = failures(path)
            return Outcome(kills, idle, server.ask("summary"), set(missing), told, unknown, other)

    def _wait(self, server: Counter, sender: Sender, kills: int) -> bool:
        """Wait for the moment of the next kill, after a number of events; tell whether the run still goes on."""
        done: int = server.ask("progress")["distinct"]
        left = self._count - done - kills * self._eaten
        step = max(1.0, left / (self._kills - kills + 1) - self._eaten)
        aim = done + max(1, int(step * self._chance.uniform(0.5, 1.4)))
        while sender.is_running():
            if server.ask("progress")["distinct"] >= aim:
                time.sleep(self._chance.uniform(0, 0.02))
                return sender.is_running()
            time.sleep(0.003)
        return False

    @staticmethod
    def _kill(server: Counter, sender: Sender) -> bool:
        """Kill the run, and tell whether the server had requests under way."""
        before = server.ask("summary")["cut_off"]
        sender.kill()
        until = time.monotonic() + SEEN_WITHIN
        while (summary := server.ask("summary"))["connections"] and time.monotonic() < until:
            time.sleep(DELAY)  # until the server has seen every connection end
        return bool(summary["cut_off"] > before)


def failures(path: Path) -> tuple[set[int], int, int]:
    """Return the failed events of the journal, how many of unknown outcome, and how many of another."""
    told, unknown, other = set[int](), 0, 0
    for call in Journal(path).list("failed"):
        body: dict[str, Any] = json.loads(call.call.body or b"")
        told.add(body["attributes"]["n"])
        is_unknown = (call.failure or {}).get("outcome") == "unknown"
        unknown, other = unknown + is_unknown, other + (not is_unknown)
    return told, unknown, other


def judge(figures: Figures, kind: str, outcome: Outcome, count: int) -> None:
    """Print the figures of one kind."""
    counts, kills = outcome.counts, outcome.kills
    figures.add(f"{kind} kills with calls under way, of {count} events", f"{kills} (and {outcome.idle_kills} without)")
    figures.none(f"{kind} lost: neither recorded nor told", outcome.lost)
    for name in ("doubled", "reordered", "conflicts"):
        figures.none(f"{kind} {name}", counts[name])
    figures.none(f"{kind} failed in another way than in doubt", outcome.other)
    if kind == "v1":
        a_kill = outcome.unknown / max(1, kills + outcome.idle_kills)
        figures.at_most("v1 unknown a kill", a_kill, CONCURRENCY + MARKED_AHEAD)
        figures.add("v1 unknown, of which not recorded", f"{outcome.unknown}, {len(outcome.missing)}")
    else:
        figures.none("v2 unknown", outcome.unknown)
        figures.add("v2 replays that the keys absorbed", counts["replays"])


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.bulk.kill", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--kind", choices=["v1", "v2"], action="append", help="v2 and v1 if left out")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    figures = Figures(f"{options.kills} times kill -9 over {options.events} events")
    for kind in options.kind or ["v2", "v1"]:
        chance = random.Random(options.seed)  # noqa: S311  # the moments of the kills, no secret
        outcome = Killing(kind, options.events, options.kills, chance).run()
        judge(figures, kind, outcome, options.events)
        enough = outcome.kills == options.kills
        figures.add(f"{kind} kills that count", outcome.kills, str(options.kills), reached=enough)
    figures.end()


if __name__ == "__main__":
    main()
