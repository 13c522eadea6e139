"""What a person sees of errors and reports: their `repr`, and the frames of a traceback."""

from __future__ import annotations

import asyncio
import traceback
from datetime import datetime
from typing import Any

import pytest
from support.raw import RawServer, Script, answer, hang, reset
from support.twins import KEY

from talon_async import RetryPolicy, TalonOne, TalonOneSync, Timeout
from talon_async._messages import Idempotency, Operation
from talon_async.bulk import ChunksReport, Failure, Report
from talon_async.errors import BadRequestError, ErrorDetail, TalonOneError
from talon_async.models import CartItem, IntegrationEventV2Request, IntegrationRequest, NewCustomerSessionV2

OPERATION = Operation("track_event_v2", "POST", "/v2/events", Idempotency.KEYED)
REFUSAL = answer(
    {"message": "no", "errors": [{"details": "not defined", "source": {"pointer": "/attributes/a"}}]}, status=400
)


def failure(index: int) -> Failure[Any]:
    error = BadRequestError("jane@shop.example is unknown").about(OPERATION)
    error.status, error.errors = 400, (ErrorDetail(details="jane is unknown", pointer="/profileId"),)
    return Failure(index=index, item={"id": "jane"}, error=error, outcome="rejected")


def test_operation_status_and_pointer_are_shown_when_an_error_is_printed_in_code() -> None:
    """The `repr` of an error tells what its text tells, behind its class."""
    error = failure(0).error
    assert "BadRequestError('track_event_v2: 400 jane@shop.example is unknown; /profileId: jane is unknown')" == repr(
        error
    )
    assert "TalonOneError('no')" == repr(TalonOneError("no"))


@pytest.mark.parametrize("kind", [Report, ChunksReport])
def test_counts_and_the_first_failures_are_shown_when_a_report_is_printed_in_code(kind: Any) -> None:
    """The `repr` of a report with many failures is short, and holds nothing of a customer."""
    report = kind(taken=500, pending=500, stopped_by=failure(0).error)
    for index in range(500):
        report.add(failure(index))
    text = repr(report)
    assert len(text) < 500
    assert "rejected=500" in text
    assert "failures=[0: rejected BadRequestError track_event_v2 400 /profileId, 1: rejected" in text
    assert "2: rejected BadRequestError track_event_v2 400 /profileId, and 497 more]" in text
    assert "jane" not in text
    assert len(repr(report.failures)) < 300


def test_failures_are_in_the_order_of_the_source_when_they_come_in_another() -> None:
    """Calls end in any order; the report sorts those that failed."""
    report: Report[Any] = Report(taken=6, pending=6)
    for index in (3, 0, 5, 1, 4, 2):
        report.add(failure(index))
    assert [0, 1, 2, 3, 4, 5] == [failed.index for failed in report.failures]


def frames(error: BaseException) -> list[str]:
    """Return the frames of a traceback that are not the test's own."""
    return [frame.name for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]


NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001
EVENT = IntegrationEventV2Request(type="t", profile_id="p")
WRONG: dict[str, Any] = {
    "limit": lambda talon: talon.track_event_v2(IntegrationEventV2Request(type="", profile_id="p")),
    "time": lambda talon: talon.track_event_v2(
        IntegrationEventV2Request(type="t", profile_id="p", attributes={"a": NAIVE})
    ),
    "nested": lambda talon: talon.update_customer_session_v2(
        "s", IntegrationRequest(customer_session=NewCustomerSessionV2(cart_items=[CartItem(sku="", quantity=1)]))
    ),
    "path": lambda talon: talon.get_customer_inventory(""),
    "query": lambda talon: talon.get_customer_inventory("a", profile=[3]),
    "body": lambda talon: talon.track_event_v2({}),
    "word": lambda talon: talon.get_customer_inventory("a", profil=True),
    "model": lambda _: IntegrationEventV2Request(profileId="p"),  # type: ignore[call-arg]
    "option": lambda talon: talon.with_options(timout=3),
    "queue": lambda talon: talon.queue(sise=3),
}  # fmt: skip


def caught(call: Any, client: Any) -> BaseException:
    async def awaited() -> None:
        await call(client)

    with pytest.raises((TalonOneError, TypeError)) as problem:
        if isinstance(client, TalonOne):
            asyncio.run(awaited())
        else:
            call(client)
    return problem.value


@pytest.mark.parametrize("kind", [TalonOne, TalonOneSync])
@pytest.mark.parametrize("what", WRONG)
def test_five_frames_at_most_are_shown_when_a_call_is_wrong(kind: Any, what: str) -> None:
    """The traceback of a mistake ends near the line of the user that made it."""
    own = frames(caught(WRONG[what], kind("https://shop.example", KEY)))
    assert len([name for name in own if name not in ("run", "run_until_complete")]) <= 5


@pytest.mark.parametrize("transport", ["session", "direct"])
@pytest.mark.parametrize("kind", [TalonOne, TalonOneSync])
@pytest.mark.parametrize("script", [REFUSAL, hang, reset, answer(b"{")], ids=["refused", "late", "lost", "unreadable"])
def test_five_frames_at_most_are_shown_when_a_call_fails(kind: Any, script: Script, transport: str) -> None:
    """Where in the package a failure was found is of no use to the user, whose own lines all stay."""
    options: Any = {"transport": transport, "retry": RetryPolicy.off(), "timeout": Timeout(total=0.2)}
    with RawServer(script) as server:
        client = kind(server.url, KEY, **options)

        async def awaited() -> list[str]:
            async with client:
                with pytest.raises(TalonOneError) as problem:
                    await client.track_event_v2(EVENT)
            return frames(problem.value)

        def blocking() -> list[str]:
            with client:
                with pytest.raises(TalonOneError) as problem:
                    client.track_event_v2(EVENT)
            return frames(problem.value)

        own = asyncio.run(awaited()) if kind is TalonOne else blocking()
    assert {TalonOne: ["track_event_v2", "run"], TalonOneSync: ["track_event_v2", "_call", "run", "result"]}[
        kind
    ] == own
