"""Retry-After headers of any text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from talon_async._core.retry import retry_after

NOW = datetime(1994, 11, 6, 8, 49, 30, tzinfo=UTC)
PIECES = st.sampled_from(
    [
        "Sun",
        "Nov",
        "06",
        "6",
        ",",
        " ",
        "-",
        "1994",
        "94",
        "0000",
        "99999",
        "08:49:37",
        "25:61:61",
        "GMT",
        "+9999",
        "-0000",
        "UTC",
        "٣",
    ]
)
TEXTS = st.text() | st.from_regex(r"[-+ ]?[0-9]{1,12}([.e][0-9]+)?") | st.lists(PIECES, max_size=10).map(" ".join)


@given(TEXTS, st.datetimes(timezones=st.just(UTC)))
@example("Sun, 06 Nov 9999 23:59:59 -2359", NOW)
@example("Sun, 06 Nov 0001 00:00:00 +2359", NOW)
@example("9" * 5000, NOW)
def test_wait_is_none_or_a_number_when_the_header_is_any_text(text: str, now: datetime) -> None:
    """Any text of the header gives no wait, or a finite number of seconds."""
    wait = retry_after(text, now)
    assert wait is None or (isinstance(wait, float) and 0 <= wait < float("inf"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("120", 120.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 7.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 7.0),
        ("Sun Nov  6 08:49:37 1994", 7.0),
        ("Sun, 06 Nov 1994 08:49:29 GMT", 0.0),
    ],
)
def test_wait_is_known_when_the_header_is_as_the_standard_says(text: str, expected: float) -> None:
    """Seconds and the three forms of an HTTP date are understood, and a date in the past means now."""
    assert expected == retry_after(text, NOW)


@pytest.mark.parametrize("text", [" 3 ", "+3", "-5", "٣", "nan", "inf", "1e3", "", "soon", "3.5", "3, 4", None])
def test_wait_is_unknown_when_the_header_is_no_number_and_no_date(text: str | None) -> None:
    """A text that only looks like a number gives no wait."""
    assert retry_after(text, NOW) is None


@given(st.integers(0, 10**6), st.integers(-12 * 60, 14 * 60))
def test_wait_is_the_same_when_now_is_given_in_another_zone(seconds: int, minutes: int) -> None:
    """The wait for a date does not depend on the time zone of the machine."""
    date = (NOW + timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert float(seconds) == retry_after(date, NOW.astimezone(timezone(timedelta(minutes=minutes))))
