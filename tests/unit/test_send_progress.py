"""The progress that `talon-async send` shows."""

from __future__ import annotations

import io
from typing import Any

from talon_async.cli._send.progress import Lines, Meter, OwnBar, State, describe, duration


def state(**values: Any) -> State:
    usual: dict[str, Any] = {
        "read": 0, "before": 0, "succeeded": 0, "failed": 0, "pending": 0, "paused": 0.0, "is_paused": False, "fraction": None,
    }  # fmt: skip
    return State(**{**usual, **values})


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_time_left_follows_the_rate_when_a_run_goes_on() -> None:
    """The rate is that of the last seconds, and the time left is that of the rest of the file at this rate."""
    time = Time()
    meter = Meter(time)
    for second in range(1, 41):
        time.now = second
        speed = 10 if second > 20 else 100
        done = 100 * min(second, 20) + 10 * max(0, second - 20)
        meter.add(state(read=done, succeeded=done, fraction=done / 4000))
        assert second < 5 or second > 34 or 10 <= meter.rate <= 100
    assert (round(meter.rate), round(meter.left or 0)) == (speed, 180)


def test_rows_that_are_only_read_again_do_not_count_when_the_time_left_is_shown() -> None:
    """Rows that earlier runs have sent do not count towards the rate."""
    time = Time()
    meter = Meter(time)
    meter.add(state(read=500, before=500, fraction=0.5))
    assert describe(state(before=500), meter) == "500 rows of earlier runs read again"
    time.now = 10.0
    meter.add(state(read=600, before=500, succeeded=100, fraction=0.6))
    assert (10, 40) == (round(meter.rate), round(meter.left or 0))


def test_a_pause_is_reported_when_the_server_takes_nothing() -> None:
    """A pause is shown while it lasts, and its length afterwards."""
    meter = Meter(Time())
    assert "waiting for the server (12 s so far)" in describe(state(succeeded=1, paused=12.3, is_paused=True), meter)
    assert describe(state(succeeded=1, failed=2, paused=12.3), meter) == "1 sent, 2 failed, 0/s, paused 12 s"


def test_times_are_shown_as_on_a_clock_when_they_are_long() -> None:
    """Times are shown as minutes and seconds, with hours where there are some."""
    assert ["0:05", "1:40", "2:46:40"] == [duration(seconds) for seconds in (5, 100, 10_000)]


def test_a_line_has_no_control_characters_when_it_goes_to_a_file() -> None:
    """A line for a file has no control characters."""
    file = io.StringIO()
    lines = Lines(file, "a.csv")
    lines.show(state(read=1, succeeded=1, fraction=0.25))  # it is too early for a line
    lines.show(state(read=2, succeeded=2, fraction=0.5), at_last=True)
    assert file.getvalue().startswith("a.csv: 50%, 2 sent, 0 failed, ")


def test_the_own_bar_fits_a_line_when_it_is_drawn() -> None:
    """The package's own bar is drawn over the last one, and is never longer than the line."""
    file = io.StringIO()
    bar = OwnBar(file, "a" * 100)
    bar.show(state(read=2, succeeded=2, fraction=0.5), at_last=True)
    assert ("\r" + "a" * 79 + "\n") == file.getvalue()
