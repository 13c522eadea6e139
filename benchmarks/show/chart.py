"""The chart of the README: the cost of a request, and of many, as bars; readable on light and dark ground."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from benchmarks.contenders import ENTRIES
from benchmarks.plan import EFFECTS

if TYPE_CHECKING:
    from collections.abc import Iterable

PANELS = {
    "event-16": "Event (0.3 KB)",
    "session-16": "Session with 6 effects (3 KB)",
    "large-16": "Session with 200 items and 300 effects (90 KB)",
}
CONTENDERS = EFFECTS
"""The order of the bars: the default transport, the direct one, the peers."""

BULK_PANELS = {
    "bulk-10k": "10 thousand events",
    "bulk-100k": "100 thousand events",
    "bulk-1m": "A million events",
}
BULK_CONTENDERS = (
    "talon_async-bulk", "talon_async-bulk-journal", "talon_async-direct-bulk", "talon_async-direct-bulk-journal",
    "aiohttp-gather", "aiohttp-semaphore", "official",
)  # fmt: skip
COLUMNS = {"cpu_microseconds": "CPU microseconds", "per_second": "events a second", "peak_mib": "peak memory, MiB"}
"""What is shown of many events, side by side; each column has one scale for all panels."""

WIDTH, LEFT, BAR, GAP, PANEL_GAP, TOP = 760, 250, 16, 6, 34, 74
FIGURE = 38
"""How wide a figure is, with the room around it."""

CUT = 6.0
"""The ratio at which a bar is cut and gets a gap, so that short bars stay readable."""

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.panel { font-weight: 600 }
.bar { fill: #9aa4af }
.own { fill: #0969da }
.line { stroke: #57606a; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.bar { fill: #6e7681 }
.own { fill: #4493f8 }
.line { stroke: #9198a1 }
}
"""

PLAIN = {"bar": "#9aa4af", "own": "#0969da", "line": "#57606a"}
"""Colours for viewers that read no style sheets."""

Bar = tuple[str, float, bool]
"""Label, ratio, and whether it is ours."""


def bars_of(rows: Iterable[dict[str, Any]], scenario: str) -> list[Bar]:
    """Return the bars of one panel."""
    ratios = {row["contender"]: row["ratio"] for row in rows if row["scenario"] == scenario and row["ratio"]}
    return [
        (ENTRIES[name].label, ratios[name][0], name.startswith("talon_async")) for name in CONTENDERS if name in ratios
    ]


def chart(rows: list[dict[str, Any]]) -> str:
    """Return the whole picture; every panel has its own scale."""
    parts, y = [_text(0, 20, "CPU time of a request, 16 in flight; plain aiohttp with dictionaries = 1", "title")], TOP
    parts.append(_text(0, 42, "The dashed line is plain aiohttp. A bar with a gap is longer than it is drawn.", ""))
    for scenario, title in PANELS.items():
        if bars := bars_of(rows, scenario):
            drawn, y = _panel(title, bars, y)
            parts += drawn
    drawn, y = _bulk(rows, y)
    parts += drawn
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" role="img" width="{WIDTH}" height="{y}">',
        "<title>CPU time of a request, relative to plain aiohttp; time and memory of many events</title>",
        f"<style>{STYLE}</style>", *parts, "</svg>", "",
    ])  # fmt: skip


def _panel(title: str, bars: list[Bar], y: int) -> tuple[list[str], int]:
    """Return the drawing of one panel, and where the next one begins."""
    scale = (WIDTH - LEFT - 60) / min(CUT, max(1.0, *(ratio for _, ratio, _ in bars)))
    line = LEFT + scale
    parts, first = [_text(0, y, title, "panel")], y + 10
    y = first
    for label, ratio, own in bars:
        width = max(min(ratio, CUT) * scale, 1)
        parts += [
            _text(LEFT - 8, y + 13, label, "", anchor="end"),
            *_bar("own" if own else "bar", y, width, is_cut=ratio > CUT),
            _text(_beside(LEFT + width, line), y + 13, f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}", ""),  # noqa: PLR2004
        ]
        y += BAR + GAP
    parts.append(
        f'<line class="line" stroke="{PLAIN["line"]}" x1="{line:.1f}" x2="{line:.1f}" y1="{first - 3}" y2="{y - 3}"/>'
    )
    return parts, y + PANEL_GAP


def _bulk(rows: list[dict[str, Any]], y: int) -> tuple[list[str], int]:
    """Return the drawing of many events, nothing if they were not measured, and where the next thing begins."""
    panels = {scenario: found for scenario in BULK_PANELS if (found := bulk_of(rows, scenario))}
    if not panels:
        return [], y
    parts = [_text(0, y, "Many events, 64 in flight", "title")]
    parts.append(_text(0, y + 22, "Shorter is better, but for events a second.", ""))
    largest = {column: max(row[column] for found in panels.values() for row in found) for column in COLUMNS}
    y += 54
    for scenario, found in panels.items():
        drawn, y = _columns(BULK_PANELS[scenario], found, largest, y)
        parts += drawn
    return parts, y


def bulk_of(rows: Iterable[dict[str, Any]], scenario: str) -> list[dict[str, Any]]:
    """Return the rows of one panel about many events."""
    by_contender = {row["contender"]: row for row in rows if row["scenario"] == scenario}
    return [by_contender[name] for name in BULK_CONTENDERS if name in by_contender]


def _columns(title: str, found: list[dict[str, Any]], largest: dict[str, float], y: int) -> tuple[list[str], int]:
    """Return the drawing of one panel with several columns of bars, and where the next one begins."""
    wide = (WIDTH - LEFT) / len(COLUMNS)
    starts = {column: LEFT + place * wide for place, column in enumerate(COLUMNS)}
    parts = [_text(0, y, title, "panel"), *(_text(starts[column], y, head, "") for column, head in COLUMNS.items())]
    y += 10
    for row in found:
        kind = "own" if row["contender"].startswith("talon_async") else "bar"
        parts.append(_text(LEFT - 8, y + 13, ENTRIES[row["contender"]].label, "", anchor="end"))
        for column, x in starts.items():
            width = max(row[column] / largest[column] * (wide - FIGURE - 28), 1)
            parts += [_piece(kind, x, y, width), _text(x + width + 6, y + 13, f"{row[column]:,.0f}", "")]
        y += BAR + GAP
    return parts, y + PANEL_GAP


def _bar(kind: str, y: int, width: float, *, is_cut: bool) -> list[str]:
    """Return a bar, or the two pieces of a bar that is cut."""
    pieces = [(LEFT, width - 20), (LEFT + width - 14, 14)] if is_cut else [(LEFT, width)]
    return [_piece(kind, x, y, wide) for x, wide in pieces]


def _piece(kind: str, x: float, y: int, wide: float) -> str:
    return f'<rect class="{kind}" fill="{PLAIN[kind]}" x="{x:.1f}" y="{y}" width="{wide:.1f}" height="{BAR}" rx="2"/>'


def _beside(end: float, line: float) -> float:
    """Return where the figure of a bar begins: after the bar, or after the dashed line if it would cross the figure."""
    return line + 6 if line - FIGURE < end + 6 < line + 6 else end + 6


def _text(x: float, y: float, text: str, kind: str, *, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'
