"""All cells of the matrix: which ones there are, and how they run side by side."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import traceback
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import attrs

from talon_async import TalonOne
from talon_async.errors import ConfigurationError
from tools.faults import names
from tools.faults.answers import LOST_BODIES, NO_ANSWER, STATUSES, SUCCESSES, WAITING
from tools.faults.cell import Cell, Result, run_cell
from tools.faults.clients import KEY
from tools.faults.connecting import CONNECTING
from tools.faults.fault import Pace
from tools.faults.sequences import SEQUENCES
from tools.faults.using import USING
from tools.faults.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tools.faults.fault import Fault

FAULTS: list[Fault] = [*NO_ANSWER, *SUCCESSES, *LOST_BODIES, *STATUSES, *WAITING, *CONNECTING, *USING, *SEQUENCES]
"""Every fault."""
APART = 0.015
"""Seconds between the beginnings of calls that wait for their deadline."""
KINDS = ("doubled", "false", "unexpected", "late", "unusable")
"""The promises that a cell may break."""


def missing(transport: str) -> str | None:
    """Say why a transport is not available; None if it is."""
    try:
        TalonOne("http://127.0.0.1:1", KEY, transport=transport)  # type: ignore[arg-type]
    except ConfigurationError as error:
        return str(error)
    return None


def cells_of(faults: Iterable[Fault], transports: Sequence[str], twins: Sequence[str]) -> list[Cell]:
    """Return the cells of some faults."""
    return [
        Cell(transport, twin, nature, fault, always)
        for fault in faults
        for transport in transports
        if transport in fault.transports
        for twin in twins
        for nature in fault.natures
        for always in (True, False)
        if always or (not fault.only_always and fault.is_worth_meeting_once(transport, nature))
    ]


@attrs.define
class Matrix:
    """The results of all cells.

    Attributes:
        repeated: how many cells were made again alone, because they were late among others.
    """

    results: list[Result] = attrs.field(factory=list)
    repeated: int = 0

    def count(self, kind: str) -> int:
        """Return how many cells broke a promise."""
        return sum(kind in result.faults for result in self.results)

    @property
    def broken(self) -> list[Result]:
        """Return the cells that broke a promise."""
        return [result for result in self.results if result.faults]

    @property
    def latest(self) -> float:
        """Return the most seconds that a call took beyond its deadline."""
        return max((result.late for result in self.results), default=0.0)

    def complaints(self) -> Iterator[str]:
        """List the broken promises: one line for each fault and promise, with the first of its cells."""
        cells: defaultdict[tuple[str, str], list[Result]] = defaultdict(list)
        for result in self.broken:
            for kind in result.faults:
                cells[result.cell.fault.name, kind].append(result)
        for (_, kind), results in cells.items():
            more = f" (and {len(results) - 1} cells more)" if len(results) > 1 else ""
            yield f"BROKEN {results[0].cell}{more}: {kind}: {results[0].faults[kind]}"

    def summary(self) -> str:
        """Return one line about everything that was promised."""
        counts = Counter({kind: self.count(kind) for kind in KINDS})
        return (
            f"{len(self.results)} cells: {counts['doubled']} doubled, {counts['false']} false outcomes, "
            f"{counts['unexpected']} other than expected, {counts['late']} past the deadline by 0.1 s "
            f"(at most {self.latest:.3f} s; {self.repeated} were late among others and made again alone), "
            f"{counts['unusable']} unusable after"
        )


async def run(cells: Sequence[Cell], done: Callable[[Result], None] = lambda _: None) -> Matrix:
    """Run cells, as many at once as get along with each other.

    The cells share a process, and the process a machine: a call that was late among others is made again alone.
    """
    matrix = Matrix()
    with _quiet(), Wire() as wire, names.installed():
        for pace in Pace:
            for result in await _run_beside([cell for cell in cells if cell.fault.pace is pace], pace, wire, done):
                if result.faults.keys() == {"late"}:
                    matrix.repeated += 1
                    result = await _run_or_tell(result.cell, wire)  # noqa: PLW2901  # the one that counts
                matrix.results.append(result)
    return matrix


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep asyncio from logging broken connections, which these runs are about."""
    logger = logging.getLogger("asyncio")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


async def _run_beside(cells: Sequence[Cell], pace: Pace, wire: Wire, done: Callable[[Result], None]) -> list[Result]:
    """Run cells of one pace."""
    places, door = asyncio.Semaphore(pace.value), asyncio.Lock()

    async def one(cell: Cell) -> Result:
        async with places:
            async with door:  # deadlines that all end at once would make each other late
                await asyncio.sleep(APART if pace is Pace.WAITS else 0)
            result = await _run_or_tell(cell, wire)
        done(result)
        return result

    return await asyncio.gather(*map(one, cells))


async def _run_or_tell(cell: Cell, wire: Wire) -> Result:
    try:
        return await run_cell(cell, wire)
    except Exception as error:  # noqa: BLE001  # one cell must not end the others
        result = Result(cell, told="failed", error=error)
        result.faults["unusable"] = "".join(traceback.format_exception(error)[-3:])
        return result
