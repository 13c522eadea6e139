"""Writes and reads calls as lines of JSON, for failed calls and `talon-async journal export`. `send` reads both.

1. A call that was refused gets a new idempotency key, since the server may remember the refusal under the old key.
2. A call of unknown outcome keeps its key for 23 hours, in which the server remembers it. A call with neither such a
   key nor a unique ID may act twice if it is sent again; `--in-doubt send` is needed for that.
"""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson

from talon_async._core.retry import KEY_LIFETIME
from talon_async._messages import Idempotency
from talon_async.bulk import PreparedCall
from talon_async.bulk.calls import endpoint_for
from talon_async.cli._send.problems import InputError
from talon_async.errors import TalonOneError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from talon_async.bulk import Failure, JournaledCall

InDoubt = Literal["refuse", "skip", "send"]
OUTCOMES_IN_DOUBT = ("unknown", "accepted")
MARKS = frozenset(("operation", "target", "body", "ordering_keys"))
"""The keys by which a line is recognised as a call, not a row."""


def is_record(values: Mapping[str, Any]) -> bool:
    """Tell whether a line is a call."""
    return values.keys() >= MARKS


def call_of(
    values: Mapping[str, Any], place: str, client: type, in_doubt: InDoubt, now: Callable[[], datetime]
) -> PreparedCall[Any] | None:
    """Return the call of a line; None if it is skipped because of `in_doubt`."""
    if values["operation"] is None:
        raise InputError(place, "", "is an item that an earlier run could not encode, so there is no call to send")
    try:
        endpoint = endpoint_for(client, str(values["operation"]))
        failure: dict[str, Any] = values.get("failure") or {}
        outcome = str(failure.get("outcome"))
        key = values.get("idempotency_key")
        call = PreparedCall[Any](
            endpoint.name,
            _target(values["target"]),
            None if values["body"] is None else orjson.dumps(values["body"]),
            tuple(map(str, values["ordering_keys"])),
            endpoint.operation.idempotency,
            None if key is None else str(key),
            values.get("has_own_key") is True and key is not None,
        )
        # from_bytes checks more
        call = PreparedCall.from_bytes(bytes(call))
        since = (
            datetime.fromisoformat(values.get("accepted") or values["settled"])
            if outcome in OUTCOMES_IN_DOUBT
            else None
        )
    except (TalonOneError, ValueError, TypeError, KeyError, AttributeError):
        raise InputError(place, "", "is a damaged call of an earlier run") from None
    return _again(call, place, in_doubt, None if since is None else now() - since)


def _target(value: Any) -> str:
    if not isinstance(value, str) or not value.startswith("/"):
        raise ValueError
    return value


def _again(call: PreparedCall[Any], place: str, in_doubt: InDoubt, age: timedelta | None) -> PreparedCall[Any] | None:
    """Return the call to send again; None to skip it. `age` is the age of a call of unknown outcome, else None."""
    if age is None:
        return _with_key(call, None)
    if call.idempotency is Idempotency.KEYED:
        is_protected = call.idempotency_key is not None and age < timedelta(seconds=KEY_LIFETIME)
    else:
        is_protected = call.idempotency is not Idempotency.NEVER
    if is_protected or in_doubt == "send":
        return _with_key(call, call.idempotency_key)
    if in_doubt == "skip":
        return None
    raise InputError(place, "", "the server may have recorded this call already: see --in-doubt")


def _with_key(call: PreparedCall[Any], key: str | None) -> PreparedCall[Any]:
    """Return the call with a key that is kept, or, for None, with a new key that a journal may replace."""
    if call.has_own_key or call.idempotency is not Idempotency.KEYED:
        return call
    return PreparedCall[Any](
        call.operation,
        call.target,
        call.body,
        call.ordering_keys,
        call.idempotency,
        key or os.urandom(16).hex(),
        has_own_key=key is not None,
    )


def line_of_failure(failure: Failure[PreparedCall[Any]]) -> bytes:
    """Return the line of a call that failed in a run without a journal."""
    error = failure.error
    ended = datetime.now(UTC)
    description = {
        "outcome": failure.outcome,
        "error": type(error).__name__,
        "message": error.message,
        "status": error.status,
        "attempts": failure.attempts,
    }
    return _line(failure.index, failure.item, description, ended - timedelta(seconds=failure.seconds), ended)


def lines_of_journaled(entries: Iterable[JournaledCall]) -> Iterator[bytes]:
    """Return the lines of the calls of a journal, without items that could not be encoded."""
    for entry in entries:
        if entry.call is not None:
            yield _line(entry.index, entry.call, entry.failure, entry.accepted, entry.settled)


def _line(
    index: int,
    call: PreparedCall[Any],
    failure: Mapping[str, Any] | None,
    accepted: datetime,
    settled: datetime | None,
) -> bytes:
    record = {
        "index": index,
        "operation": call.operation,
        "target": call.target,
        "body": None if call.body is None else orjson.Fragment(call.body),
        "ordering_keys": call.ordering_keys,
        "idempotency_key": call.idempotency_key,
        "has_own_key": call.has_own_key,
        "accepted": accepted,
        "settled": settled,
        "failure": failure,
    }
    return orjson.dumps(record) + b"\n"


def write_lines(path: Path, lines: Iterable[bytes]) -> int:
    """Write a file that only its owner can read, atomically; return the number of lines. Without lines, remove it."""
    descriptor, name = tempfile.mkstemp(prefix=".talon-async-", dir=path.parent)  # an unused name
    beside, count = Path(name), 0
    try:
        with os.fdopen(descriptor, "wb") as file:
            for line in lines:
                file.write(line)
                count += 1
        if count:
            beside.replace(path)
        else:
            path.unlink(missing_ok=True)
    finally:
        beside.unlink(missing_ok=True)
    return count
