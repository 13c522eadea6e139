"""What a run does where a source, a server, a journal or its own end is unusual."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.clock import FakeClock
from support.transport import Immediate, inner
from unit.test_bulk_journal import MemoryJournal, Server, run, v1, v2

from talon_async._messages import Answer, Request


def refusing(server: Server, status: int, after: int) -> Callable[[Request], Any]:
    """Answer as the server does, and from some request on with a status."""
    count = 0

    async def answer(request: Request) -> Answer:
        nonlocal count
        count += 1
        return Answer(status, {}, b"{}") if count > after else await server(request)

    return answer


# -- what a refused key leaves


@pytest.mark.parametrize("make", [v1, v2])
async def test_calls_are_left_to_the_next_run_when_the_api_key_is_refused(make: Callable[[int], Any]) -> None:
    """A 401 is no reason of the call: it is unsent, stays in the journal, and loses its mark."""
    server, journal = Server(), MemoryJournal()
    async with inner(Immediate(refusing(server, 401, 30)), clock=FakeClock()) as talon:
        report = await talon.track_events(map(make, range(100)), journal=journal, concurrency=8)
    assert (30, 0, 0) == (report.succeeded, report.rejected, report.unknown)
    assert report.unsent == report.taken - 30 > 0
    assert not journal.failures
    again = await run(server, journal, map(make, range(100)))
    assert (0, 0, set(range(100))) == (again.rejected, again.unknown, set(server.numbers))
