"""The short form of `make faults`: some rows of the matrix, and calls that are cancelled or lose their client."""

from __future__ import annotations

import pytest

from tools.faults import cancelling, matrix
from tools.faults.cell import Cell, Result
from tools.faults.clients import TRANSPORTS, TWINS
from tools.faults.fault import Fault, Pace, Tell
from tools.faults.natures import Nature
from tools.faults.scripts import says
from tools.faults.soak import soak
from tools.faults.table import rows

pytestmark = pytest.mark.slow

THERE = [transport for transport in TRANSPORTS if matrix.missing(transport) is None]
"""The transports that are installed."""
ROWS = [
    "reset after acting",
    "FIN before acting",
    "length and chunks",
    "101",
    "another answer behind it",
    "truncated gzip",
    "no length, then cut",
    "huge body without length",
    "redirect 307",
    "429",
    "503 after acting",
    "hang after acting",
    "corrupt chunk header late",
    "connection refused",
    "look-up hangs",
    "TLS: unknown authority",
    "TLS: cut without close_notify",
    "idle closed, loop busy",
    "TLS: stray answer, loop busy",
    "late timer, answer here",
    "early answer, server reads on",
    "reset in the upload",
    "client closed before the answer",
    "no place in time",
    "429, then 503 after acting",
    "half an answer, then gone",
    "client closed in the queue",
]


def cells() -> list[Cell]:
    """Return the cells of the rows; of those that run alone, only the two natures that differ the most."""
    faults = [fault for fault in matrix.FAULTS if fault.name in ROWS]
    differ = (Nature.SAFE, Nature.NEVER)
    return [
        cell
        for cell in matrix.cells_of(faults, THERE, TWINS)
        if cell.fault.pace is not Pace.ALONE or cell.nature in differ
    ]


def told(results: list[Result]) -> list[str]:
    return [f"{result.cell}: {result.faults}" for result in results]


async def test_every_promise_is_kept_when_calls_meet_faults() -> None:
    """No call that meets a fault acts twice, reports a wrong outcome or ends late. Every client works afterwards."""
    results = await matrix.run(cells())
    assert [] == [str(result.cell) for result in results.broken if "doubled" in result.faults]
    again = await matrix.run([result.cell for result in results.broken])  # a busy machine breaks no promise twice
    assert [] == told(again.broken)
    assert len(ROWS) == len({result.cell.fault.name for result in results.results})


async def test_a_promise_is_reported_when_it_is_broken() -> None:
    """A server that acts and says that it has not makes the outcome `rejected` untrue, and its row is marked."""
    lie = Fault("a lie", (Tell.REJECTED,), says(400), acts=True)
    results = await matrix.run([Cell("session", "awaited", Nature.NEVER, lie, always=True)])
    assert [{"false": "told rejected, but the server saw 1 requests and acted 1 times"}] == [
        result.faults for result in results.broken
    ]
    assert "1r!" in list(rows(results.results, ["session"]))[-1]
    assert "1 cells: 0 doubled, 1 false outcomes" in results.summary()


@pytest.mark.parametrize("transport", THERE)
async def test_nothing_is_left_when_a_thousand_calls_were_cancelled(transport: str) -> None:
    """A thousand cancelled calls leave locks, places, deadlines, descriptors and tasks as before.

    No key has acted twice.
    """
    assert [] == (await cancelling.cancel(transport, 1000)).broken


@pytest.mark.parametrize("transport", THERE)
async def test_nothing_is_left_when_blocking_clients_are_closed_under_their_calls(transport: str) -> None:
    """Every call of a blocking client that is closed ends with its answer or with ClientClosedError.

    Nothing is left.
    """
    assert [] == (await cancelling.close_under_calls(transport, 10)).broken


@pytest.mark.parametrize("transport", THERE)
async def test_outcomes_are_true_when_many_calls_meet_faults_at_random(transport: str) -> None:
    """Every outcome is true when both twins are under load and one answer of twenty has a fault."""
    assert [] == [line for line in (await soak(transport, 1)).broken if not line.startswith("memory")]
