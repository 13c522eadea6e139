"""Calls as lines: how a run writes its failures, and how another run reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from talon_async import TalonOne
from talon_async.bulk import Failure, PreparedCall
from talon_async.cli._send.problems import InputError
from talon_async.cli._send.records import InDoubt, call_of, is_record, line_of_failure, write_lines
from talon_async.errors import TalonOneError
from talon_async.models import IntegrationEventV2Request, NewEvent

TALON = TalonOne("https://example.invalid", "key")


def v2(key: str | None = None) -> PreparedCall[Any]:
    event = IntegrationEventV2Request(profile_id="jane", type="t", attributes={"n": 1})
    return TALON.prepare(TALON.track_event_v2)(event, idempotency_key=key)


def v1() -> PreparedCall[Any]:
    return TALON.prepare(TALON.track_event)(NewEvent(type="t", session_id="s", profile_id="jane", attributes={}))


def again(
    call: PreparedCall[Any], outcome: Any, *, in_doubt: InDoubt = "refuse", hours: float = 1, **changes: Any
) -> PreparedCall[Any] | None:
    """Write a failed call, and read it so many hours later."""
    failure: Failure[Any] = Failure(index=0, item=call, error=TalonOneError("no"), outcome=outcome)
    values = orjson.loads(line_of_failure(failure))
    assert is_record(values)
    return call_of(
        {**values, **changes}, "FILE, line 1", TalonOne, in_doubt, lambda: datetime.now(UTC) + timedelta(hours=hours)
    )


def test_a_refused_call_gets_a_new_key_when_it_is_sent_again() -> None:
    """A refused call gets a new key, because the server may remember its refusal under the old one.

    A key of the caller's own is kept.
    """
    call = v2()
    read = again(call, "rejected")
    assert read is not None
    assert (call.target, call.body, call.ordering_keys) == (read.target, read.body, read.ordering_keys)
    assert (True, False) == (read.idempotency_key != call.idempotency_key, read.has_own_key)
    assert v2("mine") == again(v2("mine"), "rejected")


def test_a_call_of_unknown_outcome_keeps_its_key_when_the_key_protects_it() -> None:
    """A call of unknown outcome keeps its key, which a journal does not replace."""
    call = v2()
    read = again(call, "unknown")
    assert read is not None
    assert (call.idempotency_key, True) == (read.idempotency_key, read.has_own_key)


@pytest.mark.parametrize(("call", "hours"), [(v1(), 1), (v2(), 24)], ids=["V1", "an old key"])
def test_a_call_of_unknown_outcome_is_refused_when_no_key_protects_it(call: PreparedCall[Any], hours: float) -> None:
    """A call of unknown outcome that no key protects might act twice. It is refused or sent, as the command says."""
    with pytest.raises(InputError, match="the server may have recorded this call already"):
        again(call, "unknown", hours=hours)
    assert again(call, "unknown", hours=hours, in_doubt="skip") is None
    sent = again(call, "unknown", hours=hours, in_doubt="send")
    assert (call.target, call.body) == ((sent.target, sent.body) if sent is not None else None)


@pytest.mark.parametrize(
    "changes",
    [
        {"operation": "nonsense"}, {"operation": "aclose"}, {"target": "https://elsewhere.invalid/"}, {"target": 5},
        {"ordering_keys": 5}, {"idempotency_key": "\n"}, {"failure": 5}, {"failure": {"outcome": "unknown"}, "accepted": "x"},
    ],
)  # fmt: skip
def test_a_line_is_refused_when_it_is_damaged(changes: dict[str, Any]) -> None:
    """A line that an earlier run cannot have written is refused, and the error names only the line."""
    with pytest.raises(InputError) as caught:
        again(v2(), "rejected", **changes)
    assert str(caught.value) == "FILE, line 1: is a damaged call of an earlier run"


def test_a_file_of_failures_is_replaced_when_there_are_lines(tmp_path: Path) -> None:
    """A file of failures replaces the one before, and only its owner can read it. Without failures there is none."""
    path = tmp_path / "failed.ndjson"
    assert write_lines(path, [b"1\n", b"2\n"]) == 2
    assert (b"1\n2\n", 0o600) == (path.read_bytes(), path.stat().st_mode & 0o777)
    assert write_lines(path, []) == 0
    assert [] == list(tmp_path.iterdir())
