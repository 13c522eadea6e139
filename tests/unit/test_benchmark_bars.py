"""The chart of the README, and how new figures take the place of older ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import merged
from benchmarks.show.bars import BEGIN, END, bar, chart, inserted

ROOT = Path(__file__).parents[2]
ROWS: list[dict[str, Any]] = [
    {"scenario": "event-16", "contender": "talon_async", "ratio": [0.5, 0.4, 0.6]},
    {"scenario": "event-16", "contender": "official", "ratio": [9.0, 8.0, 9.5]},
    {
        "scenario": "bulk-10k",
        "contender": "talon_async-bulk",
        "ratio": None,
        "per_second": 12345,
        "peak_mib": 46.4,
        "cpu_microseconds": 72.4,
    },
]


@pytest.mark.parametrize(("share", "drawn"), [(1.0, 40), (2.0, 40), (0.5, 20), (0.0, 1)])
def test_a_bar_is_as_long_as_its_share_when_it_is_drawn(share: float, drawn: int) -> None:
    """A bar has at least one letter and at most forty."""
    assert drawn == len(bar(share))


def test_the_chart_shows_every_figure_when_it_is_drawn() -> None:
    """A ratio stands beside its bar, a long bar is cut, and many events have three figures."""
    lines = chart(ROWS).splitlines()
    assert any("talon_async " in line and " 0.50  █████" in line for line in lines)
    assert any(" 9.00 " in line and line.endswith("…") for line in lines)
    assert any("12,345        46      72" in line for line in lines)


def test_only_the_chart_changes_when_it_is_put_into_a_page() -> None:
    """What stands around the marks stays, and the same figures change nothing."""
    page = inserted(f"before\n{BEGIN}old\n{END}after\n", ROWS)
    assert page.startswith(f"before\n{BEGIN}```text\n")
    assert page.endswith(f"```\n{END}after\n")
    assert page == inserted(page, ROWS)


def test_a_page_is_refused_when_it_has_no_place_for_the_chart() -> None:
    """A page without the marks would lose its chart without a word."""
    with pytest.raises(ValueError, match="marks"):
        inserted("no marks", ROWS)


def test_the_readme_shows_the_kept_figures_when_it_is_read() -> None:
    """The chart of the README is drawn from `benchmarks/results.json`."""
    rows = json.loads((ROOT / "benchmarks/results.json").read_text(encoding="utf-8"))["rows"]
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert page == inserted(page, rows)


def test_new_figures_replace_those_of_their_scenario_when_they_are_merged() -> None:
    """Other scenarios keep their figures."""
    new = [{"scenario": "event-16", "contender": "aiohttp"}]
    assert [ROWS[2], *new] == merged(ROWS, new, "scenario")
