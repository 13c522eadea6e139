"""Shows the progress of a run: a bar on a terminal, a line every 10 seconds elsewhere. It shows no customers' data."""

from __future__ import annotations

import os
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

LINE_EVERY = 10.0
"""Seconds between two plain lines."""
BAR_EVERY = 0.2
USUAL_COLUMNS = 80
WINDOW = 15.0
"""Seconds over which the rate is measured."""


@attrs.frozen(kw_only=True)
class State:
    """The state of a run at one moment.

    Attributes:
        read: the number of rows that were read so far.
        before: the number of rows that earlier runs have settled.
        succeeded: the number of calls that succeeded in this run.
        failed: the number of calls that failed in this run.
        pending: the number of calls that were taken and are not settled, or were not sent at the end of the run.
        paused: seconds for which the run has waited because of outages of the server.
        is_paused: whether the run is waiting now.
        fraction: the part of the file that was read, from 0 to 1; None if the size is unknown.
    """

    read: int
    before: int
    succeeded: int
    failed: int
    pending: int
    paused: float
    is_paused: bool
    fraction: float | None

    @property
    def done(self) -> int:
        """The number of settled calls of this run."""
        return self.succeeded + self.failed


class Meter:
    """Measures the rate and the time left."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._points: list[tuple[float, int, float | None]] = [(monotonic(), 0, 0.0)]
        self._before = 0
        self.rate = 0.0
        self.left: float | None = None
        self.fraction: float | None = None

    def add(self, state: State) -> None:
        """Add a state to the measurements."""
        now = self._monotonic()
        self.fraction = _settled_fraction(state)
        if state.before != self._before:
            self._before = state.before
            self._points.clear()  # rows are only read again, which is quick
        self._points.append((now, state.done, self.fraction))
        while now - self._points[0][0] > WINDOW and self._points[1:-1]:
            self._points.pop(0)
        then, done, fraction = self._points[0]
        seconds = now - then
        self.rate = (state.done - done) / seconds if seconds else 0.0
        gained = 0.0 if fraction is None or self.fraction is None else self.fraction - fraction
        self.left = (1 - (self.fraction or 0.0)) / gained * seconds if gained > 0 else None


def _settled_fraction(state: State) -> float | None:
    """Return the part of the file that is settled: the part that was read, without pending calls."""
    if state.fraction is None:
        return None
    return state.fraction * max(0, state.read - state.pending) / state.read if state.read else 0.0


def describe(state: State, meter: Meter) -> str:
    """Return a state in words."""
    if state.before and not state.done and not state.pending:
        return f"{state.before:,} rows of earlier runs read again"
    parts = [f"{state.succeeded:,} sent", f"{state.failed:,} failed", f"{meter.rate:,.0f}/s"]
    if state.before:
        parts.append(f"{state.before:,} sent before")
    if state.is_paused:
        parts.append(f"waiting for the server ({state.paused:.0f} s so far)")
    elif state.paused >= 1:
        parts.append(f"paused {state.paused:.0f} s")
    if meter.left is not None:
        parts.append(f"{duration(meter.left)} left")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Return a time as 0:45 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Display(Protocol):
    """Shows states."""

    every: float
    """Seconds between two states."""

    def show(self, state: State, *, at_last: bool = False) -> None:
        """Show a state."""
        ...

    def say(self, text: str) -> None:
        """Print a line without disturbing the display."""
        ...


class Lines:
    """Prints a line every 10 seconds, for logs and pipes."""

    every = 1.0

    def __init__(self, file: TextIO, name: str) -> None:
        self._file, self._name, self._meter = file, name, Meter(time.monotonic)
        self._shown = time.monotonic()

    def show(self, state: State, *, at_last: bool = False) -> None:
        """Print a line, if it is time for one."""
        self._meter.add(state)
        if not at_last and time.monotonic() - self._shown < LINE_EVERY:
            return
        self._shown = time.monotonic()
        fraction = "" if self._meter.fraction is None else f"{self._meter.fraction:.0%}, "
        self.say(f"{self._name}: {fraction}{describe(state, self._meter)}")

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=self._file, flush=True)


def columns_of(file: TextIO) -> int:
    """Return the width of a terminal; 80 if it is unknown."""
    try:
        return os.get_terminal_size(file.fileno()).columns or USUAL_COLUMNS
    except OSError:
        return USUAL_COLUMNS


class OwnBar:
    """A plain bar, used if tqdm is not installed."""

    every = BAR_EVERY
    WIDTH = 20

    def __init__(self, file: TextIO, name: str) -> None:
        self._file, self._name, self._meter = file, name, Meter(time.monotonic)

    def show(self, state: State, *, at_last: bool = False) -> None:
        """Draw the bar over the previous one. The last bar ends with a newline."""
        self._meter.add(state)
        bar = ""
        if self._meter.fraction is not None:
            full = round(self.WIDTH * self._meter.fraction)
            bar = f" {self._meter.fraction:4.0%} |{'#' * full}{' ' * (self.WIDTH - full)}|"
        line = f"{self._name}:{bar} {describe(state, self._meter)}"
        width = columns_of(self._file) - 1
        self._write(f"\r{line[:width]:<{width}}" + "\n" * at_last)

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._write("\r\x1b[K" + text + "\n")

    def _write(self, text: str) -> None:
        self._file.write(text)
        self._file.flush()


class TqdmBar:
    """The bar of tqdm."""

    every = BAR_EVERY

    def __init__(self, tqdm: Any, file: TextIO, name: str) -> None:
        self._file, self._tqdm, self._meter = file, tqdm, Meter(time.monotonic)
        self._bar = tqdm(total=1.0, file=file, desc=name, ncols=columns_of(file), bar_format="{desc}", mininterval=0)

    def show(self, state: State, *, at_last: bool = False) -> None:
        """Update the bar, and close it at the end."""
        self._meter.add(state)
        bar, fraction = self._bar, self._meter.fraction
        bar.n, bar.ncols = fraction or 0.0, columns_of(self._file)
        shape = "" if fraction is None else f" {fraction:4.0%} |{{bar}}|"
        bar.bar_format = f"{{desc}}:{shape} {describe(state, self._meter)}"
        bar.refresh()
        if at_last:
            bar.close()

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._tqdm.write(text, file=self._file)


def display_for(file: TextIO, name: str) -> Display:
    """Return the display for a file: a bar on a terminal, lines elsewhere."""
    if not file.isatty():
        return Lines(file, name)
    name = Path(name).name
    try:
        tqdm: Any = import_module("tqdm").tqdm
    except ImportError:
        return OwnBar(file, name)
    return TqdmBar(tqdm, file, name)
