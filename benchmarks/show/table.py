"""Tables of plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.contenders import ENTRIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HEAD = ("scenario", "contender", "CPU, ratio", "[quartiles]", "CPU us", "req/s", "peak MiB", "growth MiB")


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """Return one line of figures as text; what was not measured is a dash."""
    name = row["contender"]
    middle, low, high = row["ratio"] or (None, None, None)
    return (
        row["scenario"],
        ENTRIES[name].label if name in ENTRIES and row["per_second"] else name,
        "-" if middle is None else f"{middle:.2f}",
        "-" if middle is None else f"[{low:.2f}-{high:.2f}]",
        f"{row['cpu_microseconds']:.1f}",
        "-" if row["per_second"] is None else f"{row['per_second']}",
        "-" if row["peak_mib"] is None else f"{row['peak_mib']:.1f}",
        "-" if row["growth_mib"] is None else f"{row['growth_mib']:.1f}",
    )


def table(lines: Iterable[Sequence[str]], head: Sequence[str] = (), *, text_columns: int = 2) -> str:
    """Return lines in columns; text is aligned left, figures right."""
    everything = [*([head] if head else []), *lines]
    widths = [max(len(line[column]) for line in everything) for column in range(len(everything[0]))]
    aligned = [
        [text.ljust(width) if column < text_columns else text.rjust(width)
         for column, (text, width) in enumerate(zip(line, widths, strict=True))]
        for line in everything
    ]  # fmt: skip
    return "\n".join("  ".join(line).rstrip() for line in aligned)
