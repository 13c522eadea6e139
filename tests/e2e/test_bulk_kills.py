"""Runs that are killed and resumed, counted by a server in its own process; `make bulk-kill` is the long form."""

from __future__ import annotations

import random

import pytest

from tools.bulk.kill import CONCURRENCY, MARKED_AHEAD, Killing

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", ["v1", "v2"])
def test_nothing_is_lost_doubled_or_overtaken_when_a_run_is_killed(kind: str) -> None:
    """After kills of a run, each keyed event is recorded once.

    Each event of V1 is recorded once or reported as unknown.
    """
    outcome = Killing(kind, 2500, 3, random.Random(5)).run()
    counts = outcome.counts
    assert 3 == outcome.kills
    assert (0, 0, 0, 0, 0) == (
        outcome.lost, outcome.other, counts["doubled"], counts["reordered"], counts["conflicts"],
    )  # fmt: skip
    if kind == "v2":
        assert (2500, 0) == (counts["distinct"], outcome.unknown)
    else:
        kills = outcome.kills + outcome.idle_kills  # kills between two calls leave marks, too
        assert outcome.unknown <= kills * (CONCURRENCY + MARKED_AHEAD)
