"""Everything that the package hands out can be copied and pickled, except what holds a key."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from typing import Any

import pytest
from properties.strategies import effects
from support.raw import RawServer, answer
from support.twins import KEY

from talon_async import NULL, RetryPolicy, TalonOne, TalonOneSync, Timeout
from talon_async.bulk import ChunksReport, Failure, QueueStatistics, Report, Success
from talon_async.errors import BulkInterruptedError, TalonOneError
from talon_async.models import CartItem, IntegrationEventV2Request, IntegrationRequest, NewCustomerSessionV2

STATE = {"effects": effects(), "customerSession": {"cartItems": "odd"}}
SESSION = IntegrationRequest(customer_session=NewCustomerSessionV2(referral_code=NULL, profile_id="p"))


def shown(value: Any) -> Any:
    """Return what is equal if and only if two values are."""
    if isinstance(value, BaseException):
        return type(value), str(value), {name: shown(held) for name, held in vars(value).items()}
    return repr(value)


@pytest.mark.parametrize("kind", [TalonOne, TalonOneSync])
async def test_a_method_keeps_the_options_of_its_client_when_another_one_prepares_it(kind: Any) -> None:
    """A call that one client prepares with a method of its copy has the idempotency key that the copy makes."""
    talon = kind("https://shop.example", KEY)
    copied = talon.with_options(idempotency_keys=lambda: "of-the-copy")
    event = IntegrationEventV2Request(profile_id="p", type="t", attributes={})
    keys = [talon.prepare(owner.track_event_v2)(event).idempotency_key for owner in (copied, talon)]
    assert "of-the-copy" == keys[0] != keys[1]


def everything() -> dict[str, Any]:
    """Return one of everything, of real calls."""
    talon = TalonOne("https://shop.example", KEY)
    call = talon.prepare(talon.update_customer_session_v2)("s", SESSION)
    with (
        RawServer(answer(STATE), answer(STATE), answer({"message": "no"}, status=400)) as server,
        TalonOneSync(server.url, KEY) as client,
    ):
        lazy = client.with_options(lazy_effects=True)
        responses = [client.raw(client.update_customer_session_v2)("s", SESSION)]
        responses.append(lazy.raw(lazy.update_customer_session_v2)("s", SESSION))
        with pytest.raises(TalonOneError) as refused:
            client.update_customer_session_v2("s", SESSION)
    failure = Failure(index=3, item=call, error=refused.value, outcome="rejected", seconds=1.5)
    success = Success(index=0, item=call, data=responses[0].data, attempts=1, idempotency_key=None, seconds=0.5)
    report: Report[Any] = Report(taken=2, pending=2)
    report.add(failure)
    report.add(success)
    interrupted = BulkInterruptedError("the source raised KeyError")
    interrupted.report = report
    chunks: ChunksReport[Any, Any] = ChunksReport(taken=1)
    chunks.answers.append(responses[0].data)
    return {
        "answer": responses[0].data, "call": call, "chunks": chunks, "error": refused.value, "failure": failure,
        "interruption": interrupted, "lazy": responses[1].data, "model": SESSION, "null": NULL, "policy": RetryPolicy(),
        "report": report, "response": responses[0], "lazy response": responses[1], "snapshot": report.snapshot(under_way=0, limit=1),
        "statistics": QueueStatistics(depth=3), "success": success, "timeout": Timeout(total=3),
    }  # fmt: skip


@pytest.fixture(scope="module")
def things() -> dict[str, Any]:
    return everything()


NAMES = [
    "answer", "call", "chunks", "error", "failure", "interruption", "lazy", "model", "null", "policy", "report",
    "response", "lazy response", "snapshot", "statistics", "success", "timeout",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_is_equal_when_a_value_is_copied_or_pickled(name: str, things: dict[str, Any]) -> None:
    """`copy`, `deepcopy` and every protocol of `pickle` give the same again."""
    assert set(NAMES) == set(things)
    value = things[name]
    copies = [copy.copy(value), copy.deepcopy(value)]
    copies += [pickle.loads(pickle.dumps(value, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)]
    for again in copies:
        assert type(value) is type(again)
        assert shown(value) == shown(again)


def test_null_stays_the_one_null_when_it_is_copied() -> None:
    """Code compares with `is NULL`."""
    assert copy.deepcopy(NULL) is NULL
    assert pickle.loads(pickle.dumps(NULL)) is NULL


def test_headers_are_found_in_any_case_when_a_response_was_pickled(things: dict[str, Any]) -> None:
    """They stay what they are: names without case."""
    again = pickle.loads(pickle.dumps(things["response"]))
    assert "application/json" == again.headers["CONTENT-TYPE"]


def test_effects_are_read_when_a_lazy_answer_was_pickled(things: dict[str, Any]) -> None:
    """A pickle holds the effects themselves."""
    assert things["answer"].effects == pickle.loads(pickle.dumps(things["lazy"])).effects
    assert things["answer"] == copy.deepcopy(things["lazy"])


@pytest.mark.slow
def test_values_come_back_when_another_process_returns_them() -> None:
    """A pool of processes takes and gives them, started anew as on macOS and Windows."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        item = CartItem(sku="a", quantity=1)
        report: Report[Any] = Report(taken=1, pending=1)
        error = TalonOneError("no")
        report.add(Failure(index=0, item=item, error=error, outcome="unknown"))
        for value in (item, report, error, IntegrationEventV2Request(type="t", profile_id=NULL)):
            assert shown(value) == shown(pool.apply(copy.deepcopy, (value,)))
