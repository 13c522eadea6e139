"""The policy that decides whether a call is repeated, and after which wait."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from talon_async._core.retry import Budget, may_repeat, retry_after, retry_delay
from talon_async._messages import Failure, Idempotency
from talon_async.config import RetryPolicy
from talon_async.errors import ConfigurationError

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
POLICY = RetryPolicy()


@pytest.mark.parametrize("repeat", Idempotency)
@pytest.mark.parametrize("failure", [Failure.NOT_SENT, Failure.REFUSED])
def test_any_operation_is_repeated_when_the_server_did_nothing(repeat: Idempotency, failure: Failure) -> None:
    """A request that was not sent, or that the server refused for now, is repeated whatever its operation."""
    assert may_repeat(POLICY, repeat, "POST", failure)


@pytest.mark.parametrize("repeat", Idempotency)
def test_nothing_is_repeated_when_the_answer_is_final(repeat: Idempotency) -> None:
    """A final failure is not repeated, even of a safe operation."""
    assert not may_repeat(POLICY, repeat, "GET", Failure.FINAL)


@pytest.mark.parametrize(
    ("repeat", "unknown", "accepted"),
    [
        (Idempotency.SAFE, True, True),
        (Idempotency.KEYED, True, True),
        (Idempotency.NAMED, False, False),
        (Idempotency.NEVER, False, False),
    ],
)
def test_repetition_follows_the_operation_when_the_outcome_is_open(
    repeat: Idempotency, unknown: bool, accepted: bool
) -> None:
    """A call of open outcome is repeated if its operation is safe or keyed."""
    assert (unknown, accepted) == (
        may_repeat(POLICY, repeat, "PUT", Failure.UNKNOWN),
        may_repeat(POLICY, repeat, "PUT", Failure.ACCEPTED),
    )


def test_named_writes_are_repeated_when_asked_for() -> None:
    """With `repeat_named`, a write under the client's own ID is repeated after an unknown outcome.

    Once accepted, it is not.
    """
    policy = RetryPolicy(repeat_named=True)
    assert may_repeat(policy, Idempotency.NAMED, "PUT", Failure.UNKNOWN)
    assert not may_repeat(policy, Idempotency.NAMED, "PUT", Failure.ACCEPTED)


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_keyed_writes_are_not_repeated_when_keys_are_not_trusted(method: str) -> None:
    """With `trust_keys=False` a keyed write of unknown outcome is not repeated."""
    policy = RetryPolicy(trust_keys=False)
    assert not may_repeat(policy, Idempotency.KEYED, method, Failure.UNKNOWN)
    assert may_repeat(policy, Idempotency.KEYED, method, Failure.NOT_SENT)


def test_only_puts_follow_repeat_named_when_keys_are_not_trusted() -> None:
    """With `trust_keys=False`, a keyed PUT is repeated as a named write.

    A keyed POST makes a new object each time, and is not repeated.
    """
    policy = RetryPolicy(trust_keys=False, repeat_named=True)
    assert may_repeat(policy, Idempotency.KEYED, "PUT", Failure.UNKNOWN)
    assert not may_repeat(policy, Idempotency.KEYED, "POST", Failure.UNKNOWN)


def waits(attempt: int, **given: object) -> float | None:
    arguments: dict[str, object] = {"status": None, "retry_after": None, "remaining": 1000.0}
    return retry_delay(POLICY, attempt, uniform=lambda _, high: high, **{**arguments, **given})  # type: ignore[arg-type]


def test_waits_double_up_to_the_cap_when_attempts_go_on() -> None:
    """The bound of the random wait doubles each time, and stays at the cap."""
    assert [0.25, 0.5, 1.0, 10.0, 10.0] == [waits(attempt) for attempt in (1, 2, 3, 9, 5000)]


def test_the_first_wait_depends_on_why_when_the_server_refused() -> None:
    """The first wait is 0.1 s after a refusal of parallel updates, and a second after a rate limit."""
    assert (0.1, 1.0) == (waits(1, status=409), waits(1, status=429))


def test_the_wait_is_random_from_zero_when_nothing_is_asked_for() -> None:
    """A wait is random from zero to its bound, so that callers that failed together do not come back together."""
    bounds: list[tuple[float, float]] = []
    retry_delay(POLICY, 3, status=503, retry_after=None, remaining=99,
                uniform=lambda *given: bounds.append(given) or 0.0)  # type: ignore[func-returns-value]  # fmt: skip
    assert [(0, 1.0)] == bounds


def test_the_server_is_waited_for_when_it_names_a_time() -> None:
    """The wait is at least the Retry-After, plus up to a tenth of it, and no shorter than without it."""
    assert waits(1, retry_after=20.0) == 22.0
    assert waits(3, retry_after=0.5) == 1.0


def test_nothing_is_waited_for_when_the_server_asks_for_too_long() -> None:
    """A Retry-After beyond the cap ends the call at once; one that is just the cap is waited for."""
    assert waits(1, retry_after=61.0) is None
    assert waits(1, retry_after=60.0) == 66.0


def test_nothing_is_waited_for_when_the_deadline_comes_first() -> None:
    """A wait that would end after the deadline, or at it, is not begun."""
    assert waits(3, remaining=0.9) is None
    assert waits(3, remaining=1.0) is None
    assert waits(3, remaining=1.1) == 1.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3.0), ("0", 0.0), (" 3 ", None), ("+3", None), ("-5", None), ("٣", None), ("nan", None), ("inf", None),
        ("1e3", None), ("", None), (None, None), ("soon", None), ("9999999999", 1e9), ("1790000000", 1e9), ("9" * 400, 1e9),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0), ("Monday, 23-Nov-26 12:00:30 GMT", 30.0),
        ("Mon Nov 23 12:00:30 2026", 30.0), ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
    ],
)  # fmt: skip
def test_retry_after_is_read_when_it_is_one(text: str | None, seconds: float | None) -> None:
    """Retry-After is understood as seconds and in the three forms of an HTTP date. Any other text gives no wait."""
    assert seconds == retry_after(text, NOW)


def test_the_budget_ends_repetition_when_everything_fails() -> None:
    """A hundred repetitions empty the budget. Successes refill it up to its size."""
    budget = Budget()
    assert sum(budget.take() for _ in range(1000)) == 100
    for _ in range(5):
        budget.give()
    assert [True, False] == [budget.take(), budget.take()]
    for _ in range(10_000):
        budget.give()
    assert budget.tokens == budget.capacity


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"base": -1.0}, {"cap": float("nan")}, {"base": float("inf")}])
def test_a_policy_is_refused_when_a_number_makes_no_sense(wrong: dict[str, float]) -> None:
    """A number that makes no sense is refused with the name of its field."""
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        RetryPolicy(**wrong)  # type: ignore[arg-type]


def test_nothing_is_ever_repeated_when_the_policy_is_off() -> None:
    """`RetryPolicy.off()` allows one attempt for each call."""
    assert RetryPolicy.off().attempts == 1
