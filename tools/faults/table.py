"""The matrix as text: a row for each fault."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tools.faults.clients import TWINS
from tools.faults.natures import Nature

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.faults.cell import Result

LETTERS = {"success": "+", "not_sent": "n", "rejected": "r", "unknown": "u", "accepted": "a"}
WIDTH = 36
LEGEND = """\
A cell is how often the server acted and the outcome told: + success, n not_sent, r rejected, u unknown, a accepted,
? another error. The first pair is for a fault that every attempt meets, the second for one that only the first meets.
! marks a broken promise. Both twins are the same where a fault has one row.
"""


def code(result: Result | None) -> str:
    """Return the two characters of a result."""
    if result is None:
        return "  "
    return f"{min(result.acted, 9)}{LETTERS.get(result.told, '?')}{'!' if result.faults else ''}"


def rows(results: Sequence[Result], transports: Sequence[str]) -> Iterator[str]:
    """Write the table."""
    by_fault: defaultdict[str, dict[tuple[str, str, Nature, bool], Result]] = defaultdict(dict)
    for result in results:
        cell = result.cell
        by_fault[cell.fault.name][cell.transport, cell.twin, cell.nature, cell.always] = result
    yield " " * WIDTH + "".join(f"{transport:<{7 * len(Nature)}}" for transport in transports)
    yield " " * WIDTH + "".join(f"{nature.name:<7}" for nature in Nature) * len(transports)
    for name, found in by_fault.items():
        lines = {twin: _line(found, twin, transports) for twin in TWINS}
        if len({line for line in lines.values() if line.strip(" .")}) == 1:
            yield f"{name:<{WIDTH}}{max(lines.values())}"
        else:
            for twin, line in lines.items():
                yield f"{name + ', ' + twin:<{WIDTH}}{line}"


def _line(found: dict[tuple[str, str, Nature, bool], Result], twin: str, transports: Sequence[str]) -> str:
    """Return the cells of a fault on one twin."""
    texts: list[str] = []
    for transport in transports:
        for nature in Nature:
            always = found.get((transport, twin, nature, True))
            once = found.get((transport, twin, nature, False))
            texts.append("." if always is None else f"{code(always)} {code(once)}")
    return "".join(f"{text:<7}" for text in texts).rstrip()
