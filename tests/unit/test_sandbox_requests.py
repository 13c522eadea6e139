"""How the sandbox takes requests: authentication, reading, faults, the record."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
import pytest
from support.asking import EVENT, KEY, SECRET, ask, content

from talon_async.testing import _handler
from talon_async.testing._faults import failure
from talon_async.testing._guards import Guard
from talon_async.testing._handler import Handler
from talon_async.testing.world.events import Events

if TYPE_CHECKING:
    from support.clock import FakeClock

    from talon_async._messages import Answer


@pytest.fixture
def handler(clock: FakeClock) -> Handler:
    return Handler(Guard("k", "7", SECRET), clock)


def source(answer: Answer) -> Any:
    assert answer.status == 400
    return content(answer)["errors"][0]["source"]


# -- the way in


@pytest.mark.parametrize("header", ["", "k", "ApiKey-v1", "ApiKey-v1 other", "ManagementKey-v1 k", "ApiKey-v1 é"])
async def test_a_request_is_refused_when_its_key_is_wrong(handler: Handler, header: str) -> None:
    """A wrong API key is a 401, whose body has the status."""
    answer = await ask(handler, "POST", "/v1/events", EVENT, Authorization=header)
    assert (answer.status, content(answer)["StatusCode"]) == (401, 401)
    assert not handler.world.store.events


def signed(body: bytes, signer: str = "7") -> dict[str, str]:
    digest = hmac.new(bytes.fromhex(SECRET), body, hashlib.md5).hexdigest()
    return {"Content-Signature": f"signer={signer}; signature={digest}"}


async def test_a_signature_is_enough_when_the_operation_is_of_version_1(handler: Handler) -> None:
    """A signature over the bytes of the body, or over none, is enough for a V1 operation."""
    body = orjson.dumps(EVENT)
    event = await handler.handle("POST", "/v1/events", signed(body), body)
    inventory = await handler.handle("GET", "/v1/customer_profiles/p/inventory", signed(b""), b"")
    assert [answer.status for answer in (event, inventory) if answer] == [201, 200]


@pytest.mark.parametrize("headers", [signed(b"other"), signed(orjson.dumps(EVENT), "8"), {"Content-Signature": "x"}])
async def test_a_signature_is_refused_when_it_does_not_match(handler: Handler, headers: dict[str, str]) -> None:
    """A wrong signature is a 400 with only a message."""
    answer = await handler.handle("POST", "/v1/events", headers, orjson.dumps(EVENT))
    assert answer is not None
    assert (answer.status, content(answer)) == (400, {"message": "HMAC signature mismatch."})


async def test_a_signature_is_refused_when_the_operation_is_of_version_2(handler: Handler) -> None:
    """A V2 operation refuses a signature with 401."""
    answer = await handler.handle("PUT", "/v2/customer_profiles/p", signed(b"{}"), b"{}")
    assert answer is not None
    assert answer.status == 401


# -- reading


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [("GET", "/v1/nothing", 404), ("GET", "/v1/events", 405), ("PUT", "/v2/customer_profiles/", 404)],
)
async def test_a_request_is_refused_when_there_is_no_such_operation(
    handler: Handler, method: str, target: str, status: int
) -> None:
    """An unknown path or an empty ID is a 404, and another method is a 405."""
    assert status == (await ask(handler, method, target)).status


@pytest.mark.parametrize(
    "identifier", ["a/b", "10$OFF", "?x=1", "#", "100%", "%2F", "a+b c", "ünï 漢字", "..", "a;b&c=d"]
)
async def test_an_id_is_decoded_once_when_it_holds_any_characters(handler: Handler, identifier: str) -> None:
    """An ID with any characters is decoded once, to the text that was encoded."""
    await ask(handler, "PUT", f"/v2/customer_profiles/{quote(identifier, safe='')}", {})
    assert [identifier] == list(handler.world.store.profiles)


async def test_an_id_is_refused_when_it_is_not_text(handler: Handler) -> None:
    """An ID whose bytes are not UTF-8 is refused with the name of its parameter."""
    assert source(await ask(handler, "PUT", "/v2/customer_profiles/%FF", {})) == {"parameter": "integrationId"}


@pytest.mark.parametrize(
    "query", ["dry=yes", "dry=", "dry=true&dry=true", "now=yesterday", "now=2030-01-01T00:00:00", "other=1"]
)
async def test_a_query_is_refused_when_it_is_not_as_documented(handler: Handler, query: str) -> None:
    """A query value of a wrong type, without a zone, given twice or unknown is refused with its name."""
    answer = await ask(handler, "PUT", f"/v2/customer_sessions/s?{query}", {"customerSession": {}})
    assert source(answer) == {"parameter": query.partition("=")[0]}


async def test_a_query_is_read_when_it_is_as_documented(handler: Handler) -> None:
    """Query values for bools and times are read, also with the offset of a zone."""
    target = "/v2/customer_sessions/s?dry=true&now=2030-01-01T00%3A00%3A00%2B02%3A00"
    assert (await ask(handler, "PUT", target, {"customerSession": {}})).status == 200
    assert not handler.world.store.sessions
    query = handler.log[-1].query
    assert (query["dry"], str(query["now"])) == (True, "2030-01-01 00:00:00+02:00")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"NaN", b"[" * 5000])
async def test_a_body_is_refused_when_it_is_not_json(handler: Handler, body: bytes) -> None:
    """A body that is not JSON is a 400 that says so."""
    answer = await ask(handler, "POST", "/v1/events", body)
    assert answer.status == 400
    assert content(answer)["message"].startswith("The body is not JSON")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ({**EVENT, "type": 1}, "/type"),
        ({"type": "a", "attributes": {}}, "/sessionId"),
        ({**EVENT, "attributes": []}, "/attributes"),
    ],
)
async def test_a_body_is_refused_when_it_does_not_fit_its_model(handler: Handler, body: Any, pointer: str) -> None:
    """A body that does not fit its model is refused with a pointer to the field."""
    assert source(await ask(handler, "POST", "/v1/events", body)) == {"pointer": pointer}


async def test_every_mistake_is_reported_when_a_body_has_several(handler: Handler) -> None:
    """One answer reports all mistakes of a body."""
    answer = await ask(handler, "POST", "/v1/events", {"attributes": {}})
    assert {error["source"]["pointer"] for error in content(answer)["errors"]} == {"/type", "/sessionId"}


async def test_a_body_is_refused_when_the_operation_takes_none(handler: Handler) -> None:
    """A body is refused for an operation that takes none."""
    assert (await ask(handler, "GET", "/v1/customer_profiles/p/inventory", {})).status == 400


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        ("POST", "/v1/events", EVENT, 201),
        ("POST", "/v1/referrals", {"campaignId": 1, "advocateProfileIntegrationId": "p"}, 201),
        ("POST", "/v1/coupon_reservations/C", {"integrationIDs": ["p"]}, 201),
        ("DELETE", "/v1/coupon_reservations/C", {"integrationIDs": ["p"]}, 204),
        ("GET", "/v1/coupon_reservations/customerprofiles/C", None, 200),
        ("PUT", "/v1/customer_profiles/p", {}, 200),
        ("PUT", "/v2/customer_profiles/p", {}, 200),
        ("PUT", "/v1/customer_sessions/s", {}, 200),
        ("PUT", "/v2/customer_sessions/s", {"customerSession": {}}, 200),
    ],
)
async def test_the_status_is_the_documented_one_when_all_is_well(
    handler: Handler, method: str, target: str, body: Any, status: int
) -> None:
    """Each operation answers with its documented status: 201 if it makes something, 204 if its answer is empty."""
    handler.world.add_coupon("C")
    handler.world.referral_campaigns[1] = None
    answer = await ask(handler, method, target, body)
    assert status == answer.status
    assert (status == 204) == (answer.body == b"")


async def test_an_operation_is_answered_with_501_when_the_sandbox_does_not_know_it(
    handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operation that the sandbox does not know is answered with 501 and its name."""
    monkeypatch.delattr(Events, "track_event")
    answer = await ask(handler, "POST", "/v1/events", EVENT)
    assert (answer.status, "track_event" in content(answer)["message"]) == (501, True)


async def test_the_answer_is_an_error_when_a_rule_of_the_user_fails(
    handler: Handler, caplog: pytest.LogCaptureFixture
) -> None:
    """A rule that raises is answered with 500 and the name of its error, and is logged."""
    handler.world.rules.on_event.append(lambda _: 1 // 0)  # type: ignore[arg-type,return-value]
    answer = await ask(handler, "POST", "/v1/events", EVENT)
    assert (answer.status, "ZeroDivisionError" in content(answer)["message"]) == (500, True)
    assert "track_event" in caplog.text


# -- faults


async def test_a_request_does_not_act_when_a_failure_is_scripted(handler: Handler) -> None:
    """A scripted failure is answered as often as scripted, with its headers and body.

    The requests do not act, and later ones succeed.
    """
    handler.faults.fail("track_event", failure("track_event", 503, {"Retry-After": "1"}, b"busy"), 2)
    answers = [await ask(handler, "POST", "/v1/events", EVENT) for _ in range(3)]
    assert [answer.status for answer in answers] == [503, 503, 201]
    assert (answers[0].headers["Retry-After"], answers[0].body) == ("1", b"busy")
    assert len(handler.world.store.events) == 1


async def test_a_failure_has_the_documented_shape_when_it_is_given_no_body(handler: Handler) -> None:
    """A scripted failure without a body has a message and the status."""
    handler.faults.fail("track_event", failure("track_event", 502, None, None), 1)
    told = {"message": "The sandbox was told to fail with 502", "errors": None, "StatusCode": 502}
    assert told == content(await ask(handler, "POST", "/v1/events", EVENT))


async def test_the_request_has_acted_when_its_answer_is_dropped(handler: Handler) -> None:
    """A request whose answer is dropped has acted, and has None as status. The next request is answered."""
    handler.faults.drop("track_event", 1)
    dropped = await handler.handle("POST", "/v1/events", KEY, orjson.dumps(EVENT))
    assert (dropped, handler.log[-1].status) == (None, None)
    await ask(handler, "POST", "/v1/events", EVENT)
    assert len(handler.world.store.events) == 2


async def test_a_refusal_arrives_when_an_answer_shall_be_dropped(handler: Handler) -> None:
    """A refused request is answered although its answer was to be dropped.

    The drop applies to the next request that acts.
    """
    handler.faults.drop("track_event", 1)
    assert (await ask(handler, "POST", "/v1/events", {})).status == 400
    assert await handler.handle("POST", "/v1/events", KEY, orjson.dumps(EVENT)) is None


async def test_other_operations_are_answered_when_one_has_a_fault(handler: Handler) -> None:
    """A fault of one operation does not affect others."""
    handler.faults.fail("track_event", failure("track_event", 503, None, None), 1)
    handler.faults.drop("track_event", 1)
    assert (await ask(handler, "PUT", "/v2/customer_profiles/p", {})).status == 200


# -- the record


async def test_a_request_is_on_record_when_it_was_received(handler: Handler) -> None:
    """The record of a request has its operation, path, query, headers, body and status, but no key."""
    body = orjson.dumps({})
    headers = {**KEY, **signed(body), "Idempotency-Key": "one"}
    await handler.handle("PUT", "/v2/customer_profiles/a%2Fb?dry=true", headers, body)
    received = handler.log[-1]
    assert (received.operation, received.method, received.status) == ("update_customer_profile_v2", "PUT", 200)
    assert (received.path, received.query) == ({"integration_id": "a/b"}, {"dry": True})
    assert (received.headers, received.body) == ({"Idempotency-Key": "one"}, body)


async def test_a_request_is_on_record_when_it_was_refused(handler: Handler) -> None:
    """A refused request is recorded, also if it is for no operation."""
    await ask(handler, "GET", "/v1/nothing")
    await ask(handler, "POST", "/v1/events", EVENT, Authorization="no")
    assert [(request.operation, request.status) for request in handler.log] == [(None, 404), ("track_event", 401)]


async def test_the_record_stays_small_when_requests_are_many(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record keeps the last requests, and counts all."""
    monkeypatch.setattr(_handler, "LOG", 3)
    handler = Handler(Guard("k", "7", SECRET), clock)
    for _ in range(5):
        await ask(handler, "GET", "/v1/nothing")
    assert (len(handler.log), handler.count) == (3, 5)
