"""What a report and a snapshot of a run tell, by the results that were counted."""

from __future__ import annotations

import attrs
import pytest

from talon_async import Failure, Report, Snapshot, Success
from talon_async.bulk.results import FailureOutcome
from talon_async.errors import TalonOneError


def failure(index: int, outcome: FailureOutcome) -> Failure[str]:
    return Failure(index=index, item=f"customer-{index}", error=TalonOneError(f"no {index}"), outcome=outcome)


def counted() -> Report[str]:
    """Two calls succeeded, one was rejected, three are in doubt, four unsent, five pending."""
    report: Report[str] = Report(taken=12, resumed=3, skipped=6, pending=15, elapsed=4.0, paused=1.5)
    for index in range(2):
        report.add(Success(index=index, item="x", data=None, attempts=1, idempotency_key=None, seconds=0.1))
    outcomes: list[FailureOutcome] = ["rejected", *["unknown"] * 3, *["unsent"] * 4]
    for index, outcome in enumerate(outcomes, 2):
        report.add(failure(index, outcome))
    return report


def test_a_report_adds_up_when_results_were_counted() -> None:
    """Each result is in one count, the failures are kept, and the rate is of all that is settled."""
    report = counted()
    assert (2, 1, 3, 4, 5) == (report.succeeded, report.rejected, report.unknown, report.unsent, report.pending)
    assert (10, 4, 2.5) == (report.done, report.failed, report.rate)
    assert list(range(2, 10)) == [failure.index for failure in report.failures]


def test_a_snapshot_is_how_the_report_stands_when_it_is_taken() -> None:
    """It has every count of the report, and what it tells by them is the same."""
    report = counted()
    snapshot = report.snapshot(under_way=3, limit=7)
    assert {
        "taken": 12, "resumed": 3, "skipped": 6, "succeeded": 2, "rejected": 1, "unknown": 3, "unsent": 4,
        "under_way": 3, "limit": 7, "paused": 1.5, "elapsed": 4.0,
    } == attrs.asdict(snapshot)  # fmt: skip
    assert (10, 4, 2.5, 5, False) == (
        snapshot.done,
        snapshot.failed,
        snapshot.rate,
        snapshot.pending,
        snapshot.is_paused,
    )
    report.succeeded += 1
    assert 2 == snapshot.succeeded


def test_there_is_no_rate_when_no_time_has_passed() -> None:
    """A rate of 0 is told, and nothing is divided by 0."""
    report: Report[str] = Report(succeeded=3)
    snapshot: Snapshot = report.snapshot(under_way=0, limit=0)
    assert (0.0, 0.0, True) == (report.rate, snapshot.rate, snapshot.is_paused)


def test_a_report_is_one_line_when_it_is_printed() -> None:
    """Counts that are 0 are left out, apart from those that everyone looks for; no customer is named."""
    assert "2 succeeded, 4 failed, 4 unsent, 6 skipped, 4.0 s (2/s)" == str(counted())
    assert "0 succeeded, 0 failed, 0.0 s (0/s)" == str(Report[str]())
    assert "customer" not in repr(counted())


def test_every_error_is_raised_when_there_are_failures() -> None:
    """As one group, which says of how many calls; without failures nothing is raised."""
    with pytest.raises(ExceptionGroup, match="8 of 15 did not succeed") as caught:
        counted().raise_for_failures()
    assert [f"no {index}" for index in range(2, 10)] == [str(error) for error in caught.value.exceptions]
    Report[str](taken=3, succeeded=3).raise_for_failures()
