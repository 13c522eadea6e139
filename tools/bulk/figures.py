"""Figures with their targets: prints them as a table, and tells whether all targets are met."""

from __future__ import annotations

import sys
import time

WIDTHS = (46, 26, 26)


class Figures:
    """The figures of one command."""

    def __init__(self, title: str) -> None:
        self._missed, self._begun = 0, time.monotonic()
        print(f"{title}\n\n{'':<{WIDTHS[0]}}{'seen':<{WIDTHS[1]}}{'to reach':<{WIDTHS[2]}}", flush=True)

    def add(self, name: str, seen: object, to_reach: str = "", *, reached: bool = True) -> None:
        """Print a figure; one without a target is not judged."""
        verdict = "" if not to_reach else "reached" if reached else "MISSED"
        self._missed += not reached
        line = f"{name:<{WIDTHS[0]}}{seen!s:<{WIDTHS[1]}}{to_reach:<{WIDTHS[2]}}{verdict}"
        print(line.rstrip(), flush=True)

    def none(self, name: str, seen: int) -> None:
        """Print a figure that must be 0."""
        self.add(name, seen, "0", reached=seen == 0)

    def at_most(self, name: str, seen: float, most: float, unit: str = "", digits: int = 1) -> None:
        """Print a figure with an upper bound."""
        self.add(name, f"{seen:.{digits}f}{unit}", f"at most {most:g}{unit}", reached=seen <= most)

    def at_least(self, name: str, seen: float, least: float, unit: str = "", digits: int = 2) -> None:
        """Print a figure with a lower bound."""
        self.add(name, f"{seen:.{digits}f}{unit}", f"at least {least:g}{unit}", reached=seen >= least)

    def end(self) -> None:
        """Print the verdict, and exit with 1 if a target is missed."""
        verdict = f"{self._missed} missed" if self._missed else "all reached"
        print(f"\n{verdict}; {time.monotonic() - self._begun:.0f} s")
        sys.exit(1 if self._missed else 0)
