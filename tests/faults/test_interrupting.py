"""Ctrl-C and signal handlers at every moment of a blocking call: everything is settled before the exception goes on."""

from __future__ import annotations

import asyncio
import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from support.interrupting import moments
from support.raw import Exchange, RawServer, answer
from support.twins import KEY

from talon_async import TalonOneSync
from talon_async.models import MultipleCustomerProfileIntegrationRequestItem, NewEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Python 3.12 traces the instructions of a function only from its second run on
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.version_info[:2] == (3, 12), reason="no trace of each instruction"),
]
TRANSPORTS = pytest.mark.parametrize("transport", ["session", "direct"])
HAND_OVER = "blocking/portal.py", "blocking/thread.py", "_core/handover.py", "_transport/threads.py", "base_events.py"
READING = "bulk/callers.py", "sources/pushed.py"
# a coroutine that was made and not handed over is dropped; Python says so
DROPPED = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")


async def soon(exchange: Exchange) -> None:
    """Answer after a moment."""
    await asyncio.sleep(0.002)
    await exchange.send(answer({}))


def is_idle(talon: TalonOneSync) -> bool:
    """Tell whether nothing is under way on the client's thread."""
    thread = talon._portal.thread()

    async def look() -> bool:
        state = talon._client._core.state()
        calls, tasks = len(thread._calls), len(asyncio.all_tasks())
        # the one call is this, and the other task keeps the thread
        return (state is None or not state.is_in_use()) and (calls, tasks) == (1, 2)

    return talon._portal.run(look)


@DROPPED
@TRANSPORTS
def test_a_call_is_settled_when_its_caller_is_interrupted_at_any_moment(transport: Any) -> None:
    """Before, while and after it is handed over, waited for and answered; the next call works."""
    with RawServer(soon) as server, TalonOneSync(server.url, KEY, transport=transport) as talon:
        count = 0
        for interruption in moments(*HAND_OVER, step=1):
            try:
                with interruption:
                    talon.get_customer_inventory("a")
            except KeyboardInterrupt:
                count += 1
            assert is_idle(talon), interruption
        assert count > 20
        talon.get_customer_inventory("b")


def has_started(problem: BaseException) -> bool:
    """Tell whether the exception came out of a run, and not of what happens before."""
    names = {frame.name for frame in traceback.extract_tb(problem.__traceback__)}
    return bool(names & {"_to_end", "_all_results"})


def has_complete_report(problem: BaseException, taken: int | None) -> bool:
    """Tell whether the exception has a report, which it must have out of a run, and which must count everything."""
    report = getattr(problem, "report", None)
    if report is None:
        assert not has_started(problem)
        assert not taken
        return False
    assert (report.done, 0) == (report.taken, report.pending)
    assert taken in (None, report.done)
    return True


TAKEN: list[int] = []
PROFILES = [MultipleCustomerProfileIntegrationRequestItem(integration_id=f"p{n}", attributes={}) for n in range(5)]


def events() -> Iterator[NewEvent]:
    """Give five events, and count those that were taken."""
    for n in range(5):
        TAKEN.append(n)
        yield NewEvent(type="t", session_id="s", profile_id=f"p{n}", attributes={})


@DROPPED
@TRANSPORTS
@pytest.mark.parametrize("run", ["track_events", "stream_events", "bulk", "chunks"])
def test_a_batch_is_settled_and_reported_when_its_caller_is_interrupted_at_any_moment(transport: Any, run: str) -> None:
    """Each event that was taken from the source is in the report of the exception."""
    with RawServer(soon) as server, TalonOneSync(server.url, KEY, transport=transport) as talon:
        prepared = talon.prepare(talon.track_event)
        ways: dict[str, Callable[[], object]] = {
            "track_events": lambda: talon.track_events(events()),
            "stream_events": lambda: list(talon.stream_events(events())),
            "bulk": lambda: talon.bulk(map(prepared, events())),
            "chunks": lambda: talon.update_customer_profiles_in_chunks(PROFILES),
        }
        talon.get_customer_inventory("a")
        reported = 0
        for interruption in moments(*HAND_OVER, *READING, step=2):
            TAKEN.clear()
            try:
                with interruption:
                    ways[run]()
            except KeyboardInterrupt as problem:
                reported += has_complete_report(problem, None if run == "chunks" else len(TAKEN))
            assert is_idle(talon)
        assert reported > 10
