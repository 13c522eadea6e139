"""The chart of the README, drawn with letters: it is whole on every page that shows the README."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.contenders import ENTRIES
from benchmarks.show.chart import BULK_PANELS, PANELS, bars_of, bulk_of

if TYPE_CHECKING:
    from collections.abc import Iterable

BEGIN, END = "<!-- chart: written by make bench -->\n", "<!-- end of the chart -->\n"
WIDE, LONGEST, CUT = 36, 40, 4.0
"""Letters of a label and of the longest bar; the ratio at which a bar is cut."""


def bar(share: float) -> str:
    """Return a bar; 1 is the longest."""
    eighths = max(1, round(8 * LONGEST * min(1.0, share)))
    return "█" * (eighths // 8) + "▏▎▍▌▋▊▉"[eighths % 8 - 1] * (eighths % 8 > 0)


def requests(rows: list[dict[str, Any]]) -> Iterable[str]:
    """Yield the lines about single requests."""
    yield "CPU time of a request, 16 in flight; aiohttp with plain dictionaries = 1"
    for scenario, title in PANELS.items():
        yield ""
        yield title
        for label, ratio, _ in bars_of(rows, scenario):
            end = " …" if ratio > CUT else ""
            yield f"  {label:{WIDE}}{ratio:5.2f}  {bar(ratio / CUT)}{end}"


def many(rows: list[dict[str, Any]]) -> Iterable[str]:
    """Yield the lines about many events."""
    panels = {title: found for scenario, title in BULK_PANELS.items() if (found := bulk_of(rows, scenario))}
    if not panels:
        return
    longest = max(row["cpu_microseconds"] for found in panels.values() for row in found)
    head = "Many events, 64 in flight"
    yield ""
    yield f"{head:{WIDE + 2}}{'events/s':>9}{'peak MiB':>10}{'CPU us':>8}"
    for title, found in panels.items():
        yield ""
        yield title
        for row in found:
            figures = f"{row['per_second']:9,.0f}{row['peak_mib']:10,.0f}{row['cpu_microseconds']:8.0f}"
            drawn = bar(row["cpu_microseconds"] / longest / 2)
            yield f"  {ENTRIES[row['contender']].label:{WIDE}}{figures}  {drawn}"


def chart(rows: list[dict[str, Any]]) -> str:
    """Return the whole chart."""
    return "\n".join([*requests(rows), *many(rows)])


def inserted(page: str, rows: list[dict[str, Any]]) -> str:
    """Return a page with the chart between its marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("README.md lacks the marks of the chart")
    return f"{before}{BEGIN}```text\n{chart(rows)}\n```\n{END}{after}"
