"""Every operation's request against the API's documents, judged by openapi-core and not by this package."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import openapi_core
import pytest
from openapi_core.datatypes import RequestParameters
from openapi_core.templating.paths.exceptions import OperationNotFound, PathNotFound
from support.calls import CALLS, Call
from support.raw import EMPTY, Exchange, RawServer, answer
from support.twins import OPERATIONS
from werkzeug.datastructures import Headers, ImmutableMultiDict

pytestmark = pytest.mark.filterwarnings("ignore:Use of allowEmptyValue:DeprecationWarning")
HOST, KEY = "http://shop.example", "ApiKey-v1 k"


class Sent:
    """A request as openapi-core looks at it."""

    def __init__(self, exchange: Exchange) -> None:
        method, target, _ = exchange.line.split(" ")
        self.path, _, query = target.partition("?")
        self.host_url, self.method = HOST, method.lower()
        self.body = exchange.body or None
        self.content_type = exchange.headers.get("content-type", "")
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(parse_qsl(query, keep_blank_values=True)),
            header=Headers(list(exchange.headers.items())),
        )


def judging(documents: dict[str, Any]) -> list[Any]:
    """Return judges by some documents, the newest first; the server, which they leave open, is that of the tests."""
    contents = [json.loads(document.text) for document in reversed(documents.values())]
    return [openapi_core.OpenAPI.from_dict(content | {"servers": [{"url": HOST}]}) for content in contents]


@pytest.fixture(scope="session")
def judges(documents: dict[str, Any]) -> list[Any]:
    """Return judges by the tables."""
    return judging(documents)


def verdict(judges: list[Any], exchange: Exchange) -> str:
    """Say what is wrong with a request, by the newest document that has its operation; empty if it is valid."""
    for judge in judges:
        try:
            judge.validate_request(Sent(exchange))
        except (PathNotFound, OperationNotFound):
            continue
        except openapi_core.exceptions.OpenAPIError as problem:
            causes = [problem, problem.__cause__, *getattr(problem.__cause__, "schema_errors", ())]
            return "; ".join(str(cause) for cause in causes if cause)
        return ""
    return "no document has it"


def written(call: Call, headers: str = "", body: bytes | None = None) -> Exchange:
    """Write the request of a call as it would be sent, with other headers or another body if they are given."""
    request = OPERATIONS[call.name].request(*call.args, **call.options)
    head = f"{request.operation.method} {request.target} HTTP/1.1\r\nContent-Type: application/json\r\n{headers}\r\n"
    return Exchange(head.encode(), body or request.body or b"", None)  # type: ignore[arg-type]


def test_every_operation_is_called_when_the_requests_are_judged() -> None:
    """The calls cover every operation, every query value and every option."""
    assert set(OPERATIONS) == {call.name for call in CALLS}
    used = {(call.name, option) for call in CALLS for option in call.options}
    offered = {(name, query.parameter) for name, stub in OPERATIONS.items() for query in stub.queries}
    assert {("get_customer_inventory", "unlocked_rewards"), ("integration_rewards_catalog", "loyalty_card_id")} == (
        offered - used
    )


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
async def test_request_is_valid_when_an_operation_is_called(client: Any, judges: list[Any], call: Call) -> None:
    """A realistic call of each operation is, from either twin, a request that the API's own document allows."""
    body: Any = [] if call.name == "best_prior_price" else {}
    with RawServer(EMPTY if call.empty else answer(body)) as server:
        await getattr(client(server.url), call.name)(*call.args, **call.options)
    (exchange,) = server.received
    assert verdict(judges, exchange) == ""


def test_request_is_valid_when_the_published_documents_judge(originals: dict[str, Any]) -> None:
    """The published documents, which say more than the tables, allow the same requests."""
    judges = judging(originals)
    verdicts = {call.name: verdict(judges, written(call, f"Authorization: {KEY}\r\n")) for call in CALLS}
    newer = {"get_customer_rewards", "integration_rewards_catalog", "unlock_reward"}
    assert dict.fromkeys(newer, "no document has it") == {name: said for name, said in verdicts.items() if said}


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
async def test_judge_objects_when_a_request_is_wrong(judges: list[Any], call: Call) -> None:
    """The judge refuses a request without its key, and one whose body is a list."""
    assert "Security not found" in verdict(judges, written(call))
    if written(call).body:
        keyed = written(call, f"Authorization: {KEY}\r\n", b"[[1]]")
        assert "not of type 'object'" in verdict(judges, keyed) or "is not valid under" in verdict(judges, keyed)
