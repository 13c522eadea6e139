"""The sandbox's answers against the tables: the status of each, and the shape of its body."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from support.asking import KEY
from support.calls import CALLS
from support.clock import FakeClock
from support.published import published, snake
from support.shapes import misfits
from support.stocked import furnish, stocked
from support.twins import KEY as API_KEY
from support.twins import OPERATIONS
from support.wrong import bodies, path_of, wrong_bodies, wrong_targets

from talon_async._messages import Answer
from talon_async.testing import Sandbox
from talon_async.testing._faults import failure
from talon_async.testing._refusal import PLAIN
from tools.contract.document import Document
from tools.contract.tables import NEWEST, content

if TYPE_CHECKING:
    from talon_async._endpoint import Endpoint
    from talon_async.testing._handler import Handler

OLDEST = "2020-05"
SAYS_NOTHING = "the document lists no errors"
UNREADABLE = "the document lists no 400, but a request may always be one that cannot be read"
NOT_THERE = "the document lists no 404, but the ID may always be one that does not exist"
UNLISTED = {
    **{(name, status): SAYS_NOTHING
       for name in ("best_prior_price", "track_event", "update_customer_profile", "update_customer_session")
       for status in (400, 401)},
    **{(name, 400): UNREADABLE
       for name in ("delete_audience_memberships_v2", "delete_customer_data", "get_customer_inventory", "get_event_v3",
                    "update_audience_customers_attributes", "update_audience_v2")},
    **{(name, 404): NOT_THERE for name in ("get_customer_session", "reopen_customer_session", "return_cart_items")},
    ("get_event_v3", 401): "the document lists 404 only, but every operation needs a key",
    ("track_event_v3", 204): "`silent` is on by default, as in V2, whose document lists 204 for it",
}  # fmt: skip
"""The statuses that the sandbox gives although the tables do not list them for the operation, and why."""

NEVER = {
    ("delete_audience_v2", 409): "the sandbox has no experiments",
    ("unlock_reward", 403): "nothing tells what it is for",
}
"""The listed errors that the sandbox never gives unless it is told to, and why."""
MISMATCH = {"message": "HMAC signature mismatch."}
"""The only error with a message alone: the documentation shows it so."""
EMPTY = {"join_loyalty_program"}
"""The operations whose 200 has no body."""
ERROR = 400

each = pytest.mark.parametrize("endpoint", OPERATIONS.values(), ids=OPERATIONS)


def together() -> Document:
    """Return the newest table, with the operations, schemas and fields that only the oldest one has."""
    all_of, old = copy.deepcopy(content(NEWEST)), copy.deepcopy(content(OLDEST))
    schemas = all_of["components"]["schemas"]
    newer = {operation["operationId"] for item in all_of["paths"].values() for operation in item.values()}
    for path, item in old["paths"].items():
        missing = {method: one for method, one in item.items() if one["operationId"] not in newer}
        all_of["paths"].setdefault(path, {}).update(missing)
    for name, schema in old["components"]["schemas"].items():
        known = schemas.setdefault(name, schema)
        known["properties"] = {**schema.get("properties", {}), **known.get("properties", {})}
    schemas["IntegrationState"]["required"].remove("session")  # an update of a profile has none
    return Document(json.dumps(all_of))


DOCUMENT = together()
PUBLISHED = {snake(name): operation for name, operation in published(DOCUMENT).items()}


class Table:
    """What the tables say of the answers of one operation."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.responses: dict[str, Any] = PUBLISHED[name].operation["responses"]

    def schema(self, status: int) -> Any:
        """Return the schema of a status, for one that is not listed that of most errors; None if there is no body."""
        if status >= ERROR and str(status) not in self.responses:
            return {"$ref": "ErrorResponseWithStatus"}
        listed = self.responses.get(str(status), {})
        return next((media["schema"] for media in listed.get("content", {}).values()), None)

    def problems(self, answer: Answer) -> Iterator[str]:
        """Yield what is wrong with an answer."""
        status, schema = answer.status, self.schema(answer.status)
        if str(status) not in self.responses and (self.name, status) not in UNLISTED:
            yield f"{status} is not listed"
        if schema is None or not answer.body:
            if answer.body or (schema is not None and self.name not in EMPTY):
                yield f"{status} has the body {answer.body[:100]!r}"
            return
        value = json.loads(answer.body)
        yield from (f"{status}: {misfit}" for misfit in misfits(value, schema, DOCUMENT))
        names = DOCUMENT.shape(schema).properties.keys()
        if status >= ERROR and names != value.keys() and value != MISMATCH:
            yield f"{status} has {sorted(value)}, not {sorted(names)}"


async def ask(handler: Handler, method: str, target: str, body: Any, headers: Any = KEY) -> Answer:
    sent = json.dumps(body).encode() if isinstance(body, dict) else body
    answer = await handler.handle(method, target, headers, sent)
    assert answer is not None
    return answer


async def wrong(endpoint: Endpoint, handler: Handler) -> list[Answer]:
    """Return the answers to wrong requests of all sorts for an operation, and to a right one."""
    method, target, body = endpoint.operation.method, path_of(endpoint, {}), next(bodies(endpoint), b"")
    sent: list[tuple[str, Any, dict[str, str]]] = [(target, body, {}), (target, body, KEY)]
    sent += [(target, body, {"Content-Signature": "x"})] if target.startswith("/v1/") else []
    sent += [(target, unreadable, KEY) for unreadable in (None, b"{", b"[]", b"\xff", b"[" * 300 + b"]" * 300)]
    sent += [(wrong_target, body, KEY) for wrong_target in (f"{target}?unknown=1", *wrong_targets(endpoint))]
    sent += [(target, json.dumps(wrong_body).encode(), KEY) for wrong_body in wrong_bodies(endpoint)]
    return [await ask(handler, method, *request) for request in sent]


@each
async def test_every_answer_is_as_listed_when_a_request_is_wrong(endpoint: Endpoint, clock: FakeClock) -> None:
    """Each answer to a wrong request has a listed status, and a body with exactly the fields of that status.

    The statuses that are not listed are those that are written down with a reason.
    """
    table, answers = Table(endpoint.name), await wrong(endpoint, stocked(clock))
    assert [] == sorted({problem for answer in answers for problem in table.problems(answer)})
    unlisted = {answer.status for answer in answers if str(answer.status) not in table.responses}
    assert unlisted == {status for name, status in UNLISTED if name == endpoint.name}


AUDIENCE = {"name": "a", "integration": "mparticle", "integrationId": "a"}
UNLOCK = {"integrationId": "u", "profileIntegrationId": "abcd", "loyaltyProgramId": 1, "subledgerId": "abcd"}
REPEATED = [
    ("create_audience_v2", "POST /v2/audiences", AUDIENCE, 409),
    ("track_event_v3", "POST /v3/events", {"integrationId": "e", "type": "a", "profileId": "p"}, 409),
    ("unlock_reward", "POST /v1/rewards/1/unlock", UNLOCK, 409),
    ("unlock_reward", "POST /v1/rewards/1/unlock", UNLOCK, 422),
]
"""What is refused when it comes a second time; with 422, under another ID."""
PARALLEL = [
    ("update_customer_session_v2", "PUT /v2/customer_sessions/s", {"customerSession": {}}),
    ("update_customer_profile_v2", "PUT /v2/customer_profiles/p", {}),
    ("track_event_v2", "POST /v2/events", {"type": "a", "profileId": "p"}),
    ("track_event_v3", "POST /v3/events", {"integrationId": "e", "type": "a", "profileId": "p"}),
]


@pytest.mark.parametrize(("name", "target", "body", "status"), REPEATED)
async def test_a_refusal_is_as_listed_when_a_request_comes_twice(
    name: str, target: str, body: dict[str, Any], status: int, clock: FakeClock
) -> None:
    """A conflict, or a rejection by the rules, has exactly the fields that are listed for it."""
    handler = stocked(clock)
    await ask(handler, *target.split(" "), body)
    answer = await ask(handler, *target.split(" "), {**body, "integrationId": "v"} if status == 422 else body)
    assert (status, []) == (answer.status, list(Table(name).problems(answer)))


@pytest.mark.parametrize(("name", "target", "body"), PARALLEL)
async def test_a_refusal_is_as_listed_when_updates_are_too_many(
    name: str, target: str, body: dict[str, Any], clock: FakeClock
) -> None:
    """A conflict of parallel updates has exactly the fields that are listed for it."""
    handler = stocked(clock)
    handler.latency = 1
    answers = await asyncio.gather(*(ask(handler, *target.split(" "), body) for _ in range(4)))
    [refused] = [answer for answer in answers if b"Too many requests" in answer.body]
    assert (409, []) == (refused.status, list(Table(name).problems(refused)))


def test_every_error_is_tried_when_the_tables_list_it() -> None:
    """Every 403, 409 and 422 of the tables is one that is tried here, or that the sandbox never gives."""
    listed = {
        (name, int(status))
        for name in OPERATIONS
        for status in Table(name).responses
        if status.startswith("4") and status not in {"400", "401", "404"}
    }
    tried = {(name, status) for name, _, _, status in REPEATED} | {(name, 409) for name, _, _ in PARALLEL}
    assert listed == tried | NEVER.keys()


def test_a_400_lacks_the_status_only_when_the_tables_say_so() -> None:
    """The operations whose 400 does not repeat the status are those of the tables."""
    bare = {"message", "errors"}
    shapes = {
        name: DOCUMENT.shape(schema).properties.keys()
        for name in OPERATIONS
        if (schema := Table(name).schema(ERROR)) is not None
    }
    assert {name for name, fields in shapes.items() if fields == bare} == PLAIN


@each
@pytest.mark.parametrize("status", [400, 403, 422, 503])
def test_a_scripted_failure_is_as_listed_when_it_is_given_no_body(endpoint: Endpoint, status: int) -> None:
    """A scripted failure without a body has exactly the fields that its operation lists for the status."""
    answer, table = failure(endpoint.name, status, None, None), Table(endpoint.name)
    assert [] == [problem for problem in table.problems(answer) if not problem.endswith("is not listed")]


@pytest.mark.parametrize(("target", "status"), [("GET /v1/nothing", 404), ("GET /v2/events", 405)])
async def test_an_error_has_the_usual_fields_when_there_is_no_such_operation(
    target: str, status: int, clock: FakeClock
) -> None:
    """An unknown path or method has the fields of most errors; no document can list its status."""
    answer = await ask(stocked(clock), *target.split(" "), b"")
    assert (status, status) == (answer.status, json.loads(answer.body)["StatusCode"])
    assert [] == list(misfits(json.loads(answer.body), {"$ref": "ErrorResponseWithStatus"}, DOCUMENT))


async def test_every_answer_is_as_listed_when_a_shop_calls_all_operations() -> None:
    """Each answer of success has a listed status, and only fields that the tables know, of their types."""
    problems: list[str] = []
    async with Sandbox(api_key=API_KEY) as sandbox, sandbox.client() as talon:
        furnish(sandbox)
        for call in CALLS:
            operation: Any = talon.raw(getattr(talon, call.name))
            response = await operation(*call.args, **call.options)
            answer = Answer(response.status, {}, response.body)
            problems += [f"{call.name}: {problem}" for problem in Table(call.name).problems(answer)]
    assert [] == problems
