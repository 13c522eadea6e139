"""The sandbox never answers 500, whatever a request holds."""

from __future__ import annotations

import gzip
import http.client
import inspect
import json
import random
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from support.asking import ask, content
from support.clock import FakeClock
from support.stocked import stocked
from support.twins import OPERATIONS
from support.wrong import VALUES, bodies, path_of, places, replaced, wrong_bodies, wrong_targets

from talon_async.testing import Sandbox
from talon_async.testing._handler import Handler
from talon_async.testing.world import World

if TYPE_CHECKING:
    from talon_async._endpoint import Endpoint

each = pytest.mark.parametrize("endpoint", OPERATIONS.values(), ids=OPERATIONS)


@pytest.fixture
def handler(clock: FakeClock) -> Handler:
    """Make a sandbox that has something under each ID that the wrong requests name."""
    return stocked(clock)


async def failed(handler: Handler, method: str, target: str, body: Any) -> str | None:
    answer = await ask(handler, method, target, None if body is None else json.dumps(body).encode())
    return None if answer.status < 500 else f"{method} {target[:200]} {str(body)[:300]}: {content(answer)['message']}"


@each
def test_the_sandbox_takes_every_parameter_when_an_operation_has_it(endpoint: Endpoint) -> None:
    """Each operation of the sandbox has the parameters of the client's method."""
    parameters = list(inspect.signature(getattr(World, endpoint.name)).parameters)
    assert [name for name in endpoint.signature.parameters if name != "idempotency_key"] == parameters


@each
async def test_the_answer_is_never_500_when_a_field_of_the_body_is_wrong(endpoint: Endpoint, handler: Handler) -> None:
    """No wrong value in any one field of a body is answered with 500."""
    method, target = endpoint.operation.method, path_of(endpoint, {})
    failures: list[str | None] = []
    for body in wrong_bodies(endpoint):
        if "dry" in endpoint.types:
            failures.append(await failed(handler, method, f"{target}?dry=true", body))
        failures.append(await failed(handler, method, target, body))
    assert [] == [failure for failure in failures if failure]


@each
async def test_the_answer_is_never_500_when_the_target_is_wrong(endpoint: Endpoint, handler: Handler) -> None:
    """No wrong value in the path or the query is answered with 500."""
    body = next(bodies(endpoint), None)
    failures = [await failed(handler, endpoint.operation.method, target, body) for target in wrong_targets(endpoint)]
    assert [] == [failure for failure in failures if failure]


@each
async def test_the_answer_is_never_500_when_several_fields_are_wrong(endpoint: Endpoint, handler: Handler) -> None:
    """No combination of two to five wrong values in a body is answered with 500.

    The state that earlier requests have left is kept.
    """
    choose = random.Random(endpoint.name)
    method, target = endpoint.operation.method, path_of(endpoint, {})
    failures: list[str | None] = []
    for body in bodies(endpoint):
        for _ in range(300):
            broken = body
            for _ in range(choose.randint(2, 5)):
                broken = replaced(broken, choose.choice(list(places(broken))), choose.choice(VALUES))
            dry = "?dry=true" * (choose.random() < 0.3) if "dry" in endpoint.types else ""
            failures.append(await failed(handler, method, target + dry, broken))
    assert [] == [failure for failure in failures if failure]


@pytest.mark.parametrize("costs", [{"cartItems": [{"sku": "a", "quantity": 10, "price": 1e308}]}, {}])
async def test_a_session_is_refused_when_its_sum_is_no_number(handler: Handler, costs: dict[str, Any]) -> None:
    """Amounts whose sum is infinite are refused with 400."""
    session = {"additionalCosts": {"a": {"price": 1e308}, "b": {"price": 1e308}}, **costs}
    answer = await ask(handler, "PUT", "/v2/customer_sessions/s", {"customerSession": session})
    assert (400, "Invalid value") == (answer.status, content(answer)["errors"][0]["title"])


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("body", [b"not compressed", b"\xff" * 30, b"\x1f\x8b\x08\x00" + b"\xff" * 20])
def test_a_request_is_refused_when_its_body_cannot_be_decoded(coding: str, body: bytes) -> None:
    """A body that cannot be decompressed is answered with 400 on the wire, and the next request is served."""
    headers = {"Authorization": "ApiKey-v1 sandbox", "Content-Encoding": coding}
    with Sandbox() as sandbox:
        for sent, status in ((body, 400), (zlib.compress(b"{}") if coding == "deflate" else gzip.compress(b"{}"), 200)):
            connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
            connection.request("PUT", "/v2/customer_profiles/p", sent, headers)
            assert status == connection.getresponse().status
            connection.close()


@pytest.mark.parametrize(
    "body",
    [
        {"attributes": {"a": 1}, "responseContent": "loyalty"},
        {"attributes": {"a": 1}, "rewardIntegrationIds": [1]},
        {"attributes": {"a": 1}, "audiencesChanges": {"adds": [1]}},
    ],
)
async def test_a_body_is_refused_when_only_an_older_model_would_take_it(handler: Handler, body: dict[str, Any]) -> None:
    """A body with a field that only the newer model has is read as the newer model, and refused if it does not fit.

    Nothing is stored.
    """
    answer = await ask(handler, "PUT", "/v2/customer_profiles/new", body)
    assert (400, False) == (answer.status, "new" in handler.world.store.profiles)


@pytest.mark.parametrize(
    ("target", "body", "pointer"),
    [
        ("PUT /v2/customer_sessions/s", {"customerSession": {"cartItems": [{"sku": "", "quantity": 1}]}},
         "/customerSession/cartItems/0/sku"),
        ("PUT /v2/customer_sessions/s", {"customerSession": {"storeIntegrationId": "x" * 1001}},
         "/customerSession/storeIntegrationId"),
        ("PUT /v1/catalogs/1/sync", {"actions": [{"type": "ADD_PRICE_ADJUSTMENT", "payload": {
            "sku": "a", "adjustments": [{"priceType": "a", "referenceId": ""}]}}]},
         "/actions/0/payload/adjustments/0/referenceId"),
        ("PUT /v1/catalogs/1/sync", {"actions": [{"payload": {"sku": "a"}}]}, "/actions/0/type"),
        ("POST /v1/referrals", {"campaignId": 1, "advocateProfileIntegrationId": "1", "usageLimit": 10**6},
         "/usageLimit"),
        ("POST /v2/audiences", {"name": ""}, "/name"),
        ("PUT /v2/customer_profiles", {"customerProfiles": [{"integrationId": ""}]}, "/customerProfiles/0/integrationId"),
    ],
)  # fmt: skip
async def test_a_body_is_refused_when_a_field_is_outside_its_limit(
    handler: Handler, target: str, body: dict[str, Any], pointer: str
) -> None:
    """A field outside its limit is refused with a pointer to it, however deeply it is nested."""
    answer = await ask(handler, *target.split(" "), body)
    assert 400 == answer.status
    assert {"pointer": pointer} == content(answer)["errors"][0]["source"]


@pytest.mark.parametrize(("depth", "status"), [(150, 200), (250, 400), (1000, 400), (2000, 400)])
async def test_a_body_is_refused_when_it_is_nested_too_deeply(handler: Handler, depth: int, status: int) -> None:
    """A body is refused if it is nested too deeply to be sent back in an answer."""
    deep = "[" * depth + "]" * depth
    body = f'{{"customerSession": {{"attributes": {{"a": {deep}}}}}, "responseContent": ["customerSession"]}}'
    assert status == (await ask(handler, "PUT", "/v2/customer_sessions/s", body.encode())).status
