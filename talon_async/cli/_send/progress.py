"""Shows how a run goes: a bar on a terminal, a plain line now and then elsewhere. No customers' data is shown."""

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
    """How a run goes, at one moment.

    Attributes:
        read: rows that were read so far.
        before: rows that earlier runs have settled.
        succeeded: calls that the server settled in this run.
        failed: calls that failed in this run.
        pending: calls that were taken and are not settled, nor were in the end.
        paused: seconds for which the server took nothing.
        is_paused: whether that is so now.
        fraction: how much of the file was read, 0 to 1; None if that is not known.
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
        """Calls of this run whose fate is settled."""
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
        """Take note of how it stands."""
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
    """Return how much is settled: what was read, without the calls that are still on their way."""
    if state.fraction is None:
        return None
    return state.fraction * max(0, state.read - state.pending) / state.read if state.read else 0.0


def told(state: State, meter: Meter) -> str:
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
        """Show how it stands."""
        ...

    def say(self, text: str) -> None:
        """Print a line beside it."""
        ...


class Lines:
    """A line now and then, for logs and pipes."""

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
        self.say(f"{self._name}: {fraction}{told(state, self._meter)}")

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=self._file, flush=True)


def columns_of(file: TextIO) -> int:
    """Return the width of a terminal; of one that does not tell it, the usual one."""
    try:
        return os.get_terminal_size(file.fileno()).columns or USUAL_COLUMNS
    except OSError:
        return USUAL_COLUMNS


class OwnBar:
    """A bar drawn with a few characters, where tqdm is not installed."""

    every = BAR_EVERY
    WIDTH = 20

    def __init__(self, file: TextIO, name: str) -> None:
        self._file, self._name, self._meter = file, name, Meter(time.monotonic)

    def show(self, state: State, *, at_last: bool = False) -> None:
        """Draw the bar over the one before, and end its line at last."""
        self._meter.add(state)
        bar = ""
        if self._meter.fraction is not None:
            full = round(self.WIDTH * self._meter.fraction)
            bar = f" {self._meter.fraction:4.0%} |{'#' * full}{' ' * (self.WIDTH - full)}|"
        line = f"{self._name}:{bar} {told(state, self._meter)}"
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
        """Move the bar, and leave it as it is at last."""
        self._meter.add(state)
        bar, fraction = self._bar, self._meter.fraction
        bar.n, bar.ncols = fraction or 0.0, columns_of(self._file)
        shape = "" if fraction is None else f" {fraction:4.0%} |{{bar}}|"
        bar.bar_format = f"{{desc}}:{shape} {told(state, self._meter)}"
        bar.refresh()
        if at_last:
            bar.close()

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._tqdm.write(text, file=self._file)


def display_for(file: TextIO, name: str) -> Display:
    """Return what suits a file: a bar on a terminal, lines elsewhere."""
    if not file.isatty():
        return Lines(file, name)
    name = Path(name).name
    try:
        tqdm: Any = import_module("tqdm").tqdm
    except ImportError:
        return OwnBar(file, name)
    return TqdmBar(tqdm, file, name)
