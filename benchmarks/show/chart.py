"""The chart of the README: what a request costs, as bars; written by hand, readable on light and dark ground."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from benchmarks.contenders import ENTRIES

if TYPE_CHECKING:
    from collections.abc import Iterable

PANELS = {
    "event-16": "Event (0.3 KB)",
    "session-16": "Session with 6 effects (3 KB)",
    "large-16": "Session with 200 items and 300 effects (90 KB)",
}
CONTENDERS = ("aiohttp", "talon_async", "talon_async-lazy", "official", "httpx", "requests")
WIDTH, LEFT, BAR, GAP, PANEL_GAP, TOP = 760, 210, 16, 6, 34, 50
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
    found = {row["contender"]: row["ratio"] for row in rows if row["scenario"] == scenario and row["ratio"]}
    return [
        (ENTRIES[name].label, found[name][0], name.startswith("talon_async")) for name in CONTENDERS if name in found
    ]


def chart(rows: list[dict[str, Any]]) -> str:
    """Return the whole picture; every panel has its own scale, and the dashed line is plain aiohttp."""
    parts, y = [_text(0, 20, "CPU time of a request, 16 in flight; plain aiohttp with dictionaries = 1", "title")], TOP
    for scenario, title in PANELS.items():
        if bars := bars_of(rows, scenario):
            drawn, y = _panel(title, bars, y)
            parts += drawn
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" role="img" width="{WIDTH}" height="{y}">',
        "<title>CPU time of a request, relative to plain aiohttp</title>",
        f"<style>{STYLE}</style>", *parts, "</svg>", "",
    ])  # fmt: skip


def _panel(title: str, bars: list[Bar], y: int) -> tuple[list[str], int]:
    """Return the drawing of one panel, and where the next one begins."""
    scale = (WIDTH - LEFT - 60) / max(ratio for _, ratio, _ in bars)
    parts, first = [_text(0, y, title, "panel")], y + 10
    y = first
    for label, ratio, own in bars:
        width = max(ratio * scale, 1)
        kind = "own" if own else "bar"
        parts += [
            _text(LEFT - 8, y + 13, label, "", anchor="end"),
            f'<rect class="{kind}" fill="{PLAIN[kind]}" x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2"/>',
            _text(LEFT + width + 6, y + 13, f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}", ""),  # noqa: PLR2004
        ]
        y += BAR + GAP
    x = LEFT + scale
    parts.append(
        f'<line class="line" stroke="{PLAIN["line"]}" x1="{x:.1f}" x2="{x:.1f}" y1="{first - 3}" y2="{y - 3}"/>'
    )
    return parts, y + PANEL_GAP


def _text(x: float, y: float, text: str, kind: str, *, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'
