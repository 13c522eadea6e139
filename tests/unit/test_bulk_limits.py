"""The gate, the concurrency and the pace of a run, at times that the tests set."""

from __future__ import annotations

import errno
import pickle
from itertools import pairwise
from typing import Any

import pytest

from talon_async._messages import Failure
from talon_async.bulk.limits import AdaptiveConcurrency, Concurrency, Gate, Pacer, Sign, sign_of
from talon_async.errors import (
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    ConnectError,
    ConnectionLostError,
    ParallelUpdateError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    TalonOneError,
)


def error(kind: type[TalonOneError], status: int | None = None, **attributes: Any) -> TalonOneError:
    made = kind("no")
    made.status = status
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def refuse(gate: Gate, now: float, sign: Sign, *, key: str = "p", after: float | None = None, active: int = 10) -> None:
    gate.refused(now, gate.generation, sign, key=key, retry_after=after, active=active)


@pytest.mark.parametrize(
    ("problem", "sign"),
    [
        (error(RateLimitError, 429), Sign.THROTTLED),
        (error(ServerError, 503), Sign.UNAVAILABLE),
        (error(ServerError, 500), Sign.TROUBLE),
        (error(RequestTimeoutError), Sign.TROUBLE),
        (error(ConnectionLostError), Sign.TROUBLE),
        (error(ConnectError), Sign.UNREACHABLE),
        (error(ConnectError, errno=errno.EMFILE), Sign.DESCRIPTORS),
        (error(ConnectError, failure=Failure.FINAL), Sign.FATAL),
        (error(AuthenticationError, 401), Sign.FATAL),
        (error(ClientClosedError), Sign.FATAL),
        (error(ParallelUpdateError, 409), Sign.WORKS),
        (error(BadRequestError, 400), Sign.WORKS),
        (error(RequestTimeoutError, failure=Failure.FINAL), Sign.NONE),
    ],
)
def test_an_error_is_a_sign_when_it_says_something_of_the_server(problem: TalonOneError, sign: Sign) -> None:
    """The kind of an error tells what it says of the server, also after the error was pickled."""
    assert sign == sign_of(problem) == sign_of(pickle.loads(pickle.dumps(problem)))


def test_the_limit_is_what_is_under_way_when_a_call_is_throttled() -> None:
    """A throttled call lowers the limit to the calls under way, and the gate stays open while others succeed."""
    gate = Gate(Concurrency(64))
    gate.succeeded(0.0, 0, 0.01, 64)
    refuse(gate, 0.01, Sign.THROTTLED, active=20)
    assert (True, 20) == (gate.is_open, gate.limit())


def test_the_gate_closes_when_nothing_succeeds_during_throttling() -> None:
    """The gate closes after throttling without a success for 50 ms or three round trips, whichever is longer."""
    gate = Gate(Concurrency(64))
    gate.succeeded(0.0, 0, 0.03, 64)
    refuse(gate, 1.0, Sign.THROTTLED)
    refuse(gate, 1.08, Sign.THROTTLED)
    assert gate.is_open
    refuse(gate, 1.09, Sign.THROTTLED)
    assert (False, 0, 1.0) == (gate.is_open, gate.limit(), gate.closed_at)


def test_the_limit_grows_to_its_former_value_when_the_gate_was_closed_by_throttling() -> None:
    """A gate that throttling closed says nothing of the limit, which afterwards grows to its former value."""
    gate = Gate(Concurrency(64))
    for active in range(63, -1, -1):
        refuse(gate, 1.0, Sign.THROTTLED, active=active)
    assert not gate.is_open
    for _ in range(61):
        gate.succeeded(3.0, gate.generation, 0.01, 1)
    assert 64 == gate.limit()


def test_the_gate_closes_when_as_many_are_throttled_in_a_row_as_the_limit_was() -> None:
    """The gate closes when as many calls in a row are throttled as the limit was, however quickly."""
    gate = Gate(Concurrency(8))
    for active in range(7, -1, -1):
        assert gate.is_open
        refuse(gate, 0.001, Sign.THROTTLED, active=active)
    assert not gate.is_open


@pytest.mark.parametrize(("after", "count"), [(None, 5), (2.0, 3)])
def test_the_gate_closes_when_the_server_is_away(after: float | None, count: int) -> None:
    """The gate closes after five 503 in a row, or three with a Retry-After, and stays closed for that time."""
    gate = Gate(Concurrency(8))
    for _ in range(count - 1):
        refuse(gate, 1.0, Sign.UNAVAILABLE, after=after)
    gate.succeeded(1.0, 0, 0.01, 8)  # not in a row
    for _ in range(count):
        assert gate.is_open
        refuse(gate, 2.0, Sign.UNAVAILABLE, after=after)
    assert (False, 2.0 + (after or 0.05)) == (gate.is_open, gate.until)


def test_the_gate_stays_open_when_the_trouble_is_that_of_few_profiles() -> None:
    """The gate stays open while four profiles are in trouble. A fifth closes it."""
    gate = Gate(Concurrency(8))
    for n in range(40):
        refuse(gate, 1.0, Sign.TROUBLE, key=f"p{n % 4}")
    assert gate.is_open
    refuse(gate, 1.0, Sign.TROUBLE, key="p4")
    assert not gate.is_open


def test_the_gate_forgets_the_profiles_in_trouble_when_a_call_succeeds() -> None:
    """Eight profiles in trouble leave the gate open if a call succeeds after the first four."""
    gate = Gate(Concurrency(8))
    for n in range(8):
        refuse(gate, 1.0, Sign.TROUBLE, key=f"p{n}")
        if n == 3:
            gate.succeeded(1.0, 0, 0.01, 1)
    assert gate.is_open


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE])
def test_descriptors_have_run_out_when_the_process_or_the_machine_has_none(code: int) -> None:
    """Both error numbers for a lack of descriptors lead to the same sign."""
    problem = ConnectError("no connection")
    problem.errno = code
    assert sign_of(problem) is Sign.DESCRIPTORS


def test_the_gate_closes_at_once_when_no_connection_can_be_made() -> None:
    """The gate closes at once when no connection can be made."""
    gate = Gate(Concurrency(8))
    refuse(gate, 1.0, Sign.UNREACHABLE)
    assert not gate.is_open


@pytest.mark.parametrize(("active", "is_open"), [(5, True), (0, False)])
def test_the_limit_is_what_is_under_way_when_descriptors_run_out(active: int, is_open: bool) -> None:
    """A lack of descriptors lowers the limit to the calls under way. Without any, the gate closes."""
    gate = Gate(Concurrency(64))
    refuse(gate, 1.0, Sign.DESCRIPTORS, active=active)
    assert (is_open, active) == (gate.is_open, gate.limit())


def test_pauses_double_when_probes_fail() -> None:
    """The pauses of the gate double from 50 ms to a second, unless the server gives a time."""
    gate = Gate(Concurrency(64))
    refuse(gate, 0.0, Sign.UNREACHABLE)
    pauses = [gate.until]
    for _ in range(6):
        now = gate.until
        refuse(gate, now, Sign.UNREACHABLE)
        pauses.append(round(gate.until - now, 3))
    assert [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0] == pauses
    refuse(gate, 10.0, Sign.UNAVAILABLE, after=7.0)
    assert gate.until == 17.0


def test_the_gate_stays_closed_when_an_answer_is_to_what_was_sent_before() -> None:
    """Only an answer to a request that was sent after the closing opens the gate.

    The limit begins at a sixteenth and grows with each success.
    """
    gate = Gate(Concurrency(64))
    refuse(gate, 0.0, Sign.UNREACHABLE)
    gate.succeeded(0.01, 0, 0.01, 60)
    assert not gate.is_open
    gate.succeeded(2.0, 1, 0.01, 1)
    assert (True, 4, 2.0) == (gate.is_open, gate.limit(), gate.paused)
    for _ in range(5):
        gate.succeeded(2.1, 1, 0.01, 4)
    assert gate.limit() == 9
    for _ in range(100):
        gate.succeeded(2.2, 1, 0.01, 4)
    assert gate.limit() == 64


def test_the_limit_grows_when_a_refusal_is_more_than_a_second_ago() -> None:
    """A limit that a refusal has lowered stays for a second.

    Then it grows by one, two, four and so on, each after a round of calls.
    """
    limit = Concurrency(64)
    limit.refused(0.0, 4)
    seen = [limit.limit]
    for n in range(400):
        limit.succeeded(0.9 if n < 100 else 1.1, 0.01, 4)
        if limit.limit != seen[-1]:
            seen.append(limit.limit)
    assert [4, 5, 7, 11, 19, 35, 64] == seen


def test_the_adaptive_limit_grows_when_round_trips_stay_short_and_shrinks_when_they_do_not() -> None:
    """The adaptive limit grows while round trips are short, and shrinks when they get longer.

    Round trips of an idle client do not change it.
    """
    limit = AdaptiveConcurrency(100)
    for _ in range(2000):
        limit.succeeded(0.0, 0.01, limit.limit)
    assert limit.limit == 100
    for _ in range(500):
        limit.succeeded(0.0, 0.05, limit.limit)
    assert limit.limit < 95
    idle = AdaptiveConcurrency(100)
    for _ in range(2000):
        idle.succeeded(0.0, 0.01, 1)
    assert idle.limit == 16


def test_the_ceiling_is_not_raised_when_the_adaptive_limit_stays_below_it() -> None:
    """The ceiling of a refusal stays while long round trips keep the adaptive limit below it."""
    limit = AdaptiveConcurrency(100)
    limit.refused(0.0, 16)
    limit.succeeded(0.5, 0.01, limit.limit)
    for n in range(200):
        limit.succeeded(0.5 if n < 50 else 2.0, 0.2, limit.limit)
    assert (16, True) == (limit.ceiling, limit.limit < 16)


def test_calls_are_evenly_spaced_when_a_rate_is_asked_for() -> None:
    """Calls follow each other at the interval of the rate.

    Late ones are caught up with at least three quarters of the interval between them.
    """
    pacer, now, times = Pacer(100), 0.0, list[float]()
    for n in range(100):
        now = max(now, pacer.due) + (0.004 if n % 10 == 0 else 0.0)
        pacer.sent(now)
        times.append(now)
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert min(gaps) >= 0.0075 - 1e-9
    assert times[-1] <= 0.99 + 0.01


def test_no_burst_follows_when_nothing_was_sent_for_a_while() -> None:
    """After a pause at most 50 ms are caught up."""
    pacer = Pacer(100)
    pacer.sent(0.0)
    now, sent = 60.0, 0
    while now < 61.0:
        pacer.sent(now)
        sent += 1
        now = pacer.due
    assert 100 <= sent <= 106


def test_one_call_may_go_when_the_limit_is_as_low_as_it_gets() -> None:
    """Neither a refusal with nothing else under way nor a sixteenth of a few makes it 0, which would stop the run."""
    refused, ramped = Concurrency(8), Concurrency(8)
    refused.refused(0.0, 0)
    ramped.ramp()
    assert (1, 1) == (refused.limit, ramped.limit)


def test_the_pause_stays_when_a_late_refusal_is_of_what_was_sent_before_the_gate_closed() -> None:
    """Only a probe tells whether the server still refuses; and what came before it opened counts no more."""
    gate = Gate(Concurrency(8))
    for _ in range(5):
        gate.refused(1.0, 0, Sign.UNAVAILABLE, key="a", retry_after=None, active=3)
    until = gate.until
    gate.refused(1.01, 0, Sign.UNAVAILABLE, key="a", retry_after=None, active=3)
    assert (False, until) == (gate.is_open, gate.until)
    gate.succeeded(2.0, 1, 0.1, 1)
    gate.refused(2.1, 1, Sign.UNAVAILABLE, key="a", retry_after=None, active=1)
    assert gate.is_open
