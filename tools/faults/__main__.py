"""`python -m tools.faults`: prints the matrix, and what the random runs found; fails when a promise is broken."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from typing import TYPE_CHECKING

from tools.faults import cancelling, matrix, soak
from tools.faults.clients import TRANSPORTS, TWINS
from tools.faults.table import LEGEND, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.faults.cancelling import Outcome
    from tools.faults.fault import Fault

QUICK = 7
"""The quick matrix has every so manieth fault."""


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.faults", description=__doc__)
    parser.add_argument("--transport", choices=TRANSPORTS, help="only this transport")
    parser.add_argument("--twin", choices=TWINS, help="only this twin")
    parser.add_argument("--only", metavar="FAULT", help="only the faults in whose name this is")
    parser.add_argument("--quick", action="store_true", help=f"every {QUICK}th fault")
    parser.add_argument("--soak", type=float, metavar="SECONDS", help="mixed load on each transport, no matrix")
    parser.add_argument("--cancellations", type=int, metavar="N", help="cancelled calls on each transport, no matrix")
    return parser.parse_args()


def chosen(only: str | None, *, quick: bool) -> list[Fault]:
    """Return the faults that the command line names."""
    faults = matrix.FAULTS[::QUICK] if quick else matrix.FAULTS
    return [fault for fault in faults if only is None or only.lower() in fault.name.lower()]


async def run_matrix(faults: Sequence[Fault], transports: Sequence[str], twins: Sequence[str]) -> bool:
    """Print the matrix; return whether every promise was kept."""
    begin = time.monotonic()
    cells = matrix.cells_of(faults, transports, twins)
    order = {fault.name: number for number, fault in enumerate(faults)}
    results = await matrix.run(cells)
    results.results.sort(key=lambda result: order[result.cell.fault.name])
    print(LEGEND)
    for row in rows(results.results, transports):
        print(row)
    print()
    for line in results.complaints():
        print(line)
    print(f"{len(faults)} faults, {results.summary()}; {time.monotonic() - begin:.0f} s")
    return not results.broken


def told(outcome: Outcome) -> bool:
    """Print what a run has found; return whether every promise was kept."""
    print(outcome.line + (": nothing left over, every outcome true" if not outcome.broken else ""))
    for line in outcome.broken[:20]:
        print(f"    BROKEN {line}")
    return not outcome.broken


async def main() -> int:
    """Run what the command line asks for."""
    options = arguments()
    twins = [options.twin] if options.twin else list(TWINS)
    kept, transports = True, []
    for transport in [options.transport] if options.transport else TRANSPORTS:
        if why := matrix.missing(transport):
            print(f"the {transport} transport is missing: {why}")
            kept = kept and not options.transport
        else:
            transports.append(transport)
    for transport in transports:
        if options.cancellations:
            kept &= told(await cancelling.cancel(transport, options.cancellations))
            kept &= told(await cancelling.close_under_calls(transport, max(1, options.cancellations // 100)))
        if options.soak:
            kept &= told(await soak.soak(transport, options.soak))
    if transports and not (options.cancellations or options.soak):
        kept &= await run_matrix(chosen(options.only, quick=options.quick), transports, twins)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
