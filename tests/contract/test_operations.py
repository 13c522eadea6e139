"""The operations against the API's documents, in both directions, and the two clients against each other."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, get_args, get_origin, get_type_hints

import attrs
import pytest

from talon_async import TalonOne, TalonOneSync, models
from talon_async._endpoint import Endpoint, Query, endpoints_of
from talon_async.models._base import wire_name

ORIGINAL = (
    "createCouponReservation",
    "createReferral",
    "deleteCouponReservation",
    "deleteCustomerData",
    "getCustomerInventory",
    "getReservedCustomers",
    "trackEvent",
    "updateCustomerProfile",
    "updateCustomerProfileV2",
    "updateCustomerSession",
    "updateCustomerSessionV2",
)
KNOWN_GAPS: dict[str, str] = {}
"""Operations of the newer document that the package lacks, and why. The only way to be silent about one."""

INFERRED = "newer than the documents; known from the official SDKs"
UNPUBLISHED = dict.fromkeys(("get_customer_rewards", "integration_rewards_catalog", "unlock_reward"), INFERRED)
"""Stubs of operations that no document has, and why."""

UNPUBLISHED_QUERIES = {("get_customer_inventory", "unlockedRewards"): INFERRED}
"""Query values that no document has, and why."""

BARE = {"AttributeQuery": Mapping[str, Any], "BestPriorPriceResponse": list[models.BestPriorPrice]}
"""Schemas that are no object with fields of its own, and what stands for them."""

MORE_WORDS = {"sort": {"-startDate", "-expiryDate"}}
"""Words of a query value that stand in its description only."""

FEWER_WORDS = {"awaitsActivation": {True}}
"""Query values of which the API takes less than their type: the description says that false is refused."""

EMPTY_AFTER_ALL = {"trackEventV3": "its description lists no 204, that of `silent` does"}
"""Operations that may answer with nothing although no such answer is listed, and why."""

RENAMED_PARAMETERS = {("updateCustomerProfileV2", "customerProfileId"): "integrationId"}
"""The document of 2020 had another word for the same place in the same path."""

READ_BY = {("updateCustomerProfileV2", "CustomerProfileUpdate"): "CustomerProfileIntegrationResponseV2"}
"""An answer of 2020 that a newer class reads, because it has all its fields."""

RENAMED_METHODS = {"aclose": "close"}
"""Methods that the blocking client calls by another name."""

PAGES = {
    "26.16": "https://docs.talon.one/integration-api#tag/{tag}/operation/{id}",
    "2020-05": "https://github.com/talon-one/talon_one.js/blob/v4.1.0/docs/IntegrationApi.md#{id}",
}
KINDS = {"string": str, "boolean": bool, "integer": int, "number": float}
STUBS = endpoints_of(TalonOne)
each_original = pytest.mark.parametrize("operation_id", ORIGINAL)
ITERATORS = [name for name in dir(TalonOne) if name.startswith("iter_")]
each_iterator = pytest.mark.parametrize("name", ITERATORS)
each_stub = pytest.mark.parametrize("stub", STUBS.values(), ids=STUBS)


def snake(name: str) -> str:
    """Return the Python name of an operation or parameter."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@attrs.frozen
class Published:
    """One operation as a document has it."""

    document: Any
    method: str
    path: str
    operation: dict[str, Any]

    @property
    def id(self) -> str:
        """Its name."""
        name: str = self.operation["operationId"]
        return name

    def parameters(self, place: str) -> list[dict[str, Any]]:
        """List the parameters of the path or of the query."""
        components = json.loads(self.document.text)["components"].get("parameters", {})
        listed = [
            components[p["$ref"].rpartition("/")[2]] if "$ref" in p else p for p in self.operation.get("parameters", [])
        ]
        return [parameter for parameter in listed if parameter["in"] == place]

    def stub_path(self) -> str:
        """Return the path as a stub must have it."""

        def named(match: re.Match[str]) -> str:
            return f"{{{snake(RENAMED_PARAMETERS.get((self.id, match[1]), match[1]))}}}"

        return re.sub(r"{(\w+)}", named, self.path)

    def body(self) -> dict[str, Any]:
        """Return the request body, empty if there is none; some are kept apart and referred to."""
        body: dict[str, Any] = self.operation.get("requestBody", {})
        if "$ref" in body:
            name = body["$ref"].rpartition("/")[2]
            body = json.loads(self.document.text)["components"]["requestBodies"][name]
        return body

    def answer(self) -> dict[str, Any]:
        """Return the answer to a success that has a body, if any has."""
        found = [answer for status, answer in self.operation["responses"].items() if status in ("200", "201")]
        return dict(found[0]) if found else {}

    def may_be_empty(self) -> bool:
        """Tell whether a success may have no body although another has one."""
        return "204" in self.operation["responses"] or self.id in EMPTY_AFTER_ALL

    def schema_name(self, content: dict[str, Any]) -> str | None:
        """Name the model that a body or an answer is; a schema without a name is named after its operation."""
        for media in content.get("content", {}).values():
            page = f"{self.id[0].upper()}{self.id[1:]}Response"
            if media["schema"].get("type") == "string":
                return None  # said of answers that are empty
            return self.document.resolve(media["schema"])[0] or page
        return None


def published(document: Any) -> dict[str, Published]:
    """Return all operations of a document, also those the package lacks."""
    return {
        operation["operationId"]: Published(document, method.upper(), path, operation)
        for path, item in document.paths.items()
        for method, operation in item.items()
        if isinstance(operation, dict) and "operationId" in operation
    }


def both(document: Any) -> Iterator[tuple[Published, Endpoint]]:
    """Pair the operations of a document with the package's stubs."""
    for name, operation in published(document).items():
        if snake(name) in STUBS:
            yield operation, STUBS[snake(name)]


def versions(documents: dict[str, Any], stub: Endpoint) -> dict[str, Published]:
    """Return what each document says of a stub's operation."""
    found = {era: published(document) for era, document in documents.items()}
    return {
        era: operation
        for era, operations in found.items()
        for name, operation in operations.items()
        if snake(name) == stub.name
    }


def names(stub: Endpoint, *kinds: Any) -> list[str]:
    """List the parameters of some kinds, in order."""
    parameters = list(stub.signature.parameters.values())[1:]
    return [parameter.name for parameter in parameters if parameter.kind in kinds]


def query_kind(schema: dict[str, Any]) -> Any:
    """Return the type that a query value must have."""
    if schema["type"] == "array":
        return Sequence[query_kind(schema["items"])]
    return datetime if schema.get("format") == "date-time" else KINDS[schema["type"]]


def plain(kind: Any) -> Any:
    """Return the type of a query value, with texts in place of words."""
    if get_origin(kind) is Sequence:
        return Sequence[plain(get_args(kind)[0])]
    return type(get_args(kind)[0]) if get_origin(kind) is Literal else kind


def words(query: Query) -> set[Any]:
    """Return the words that a query value, or each value of its list, must be one of; none if any will do."""
    kind = get_args(query.kind)[0] if get_origin(query.kind) is Sequence else query.kind
    return set(get_args(kind)) if get_origin(kind) is Literal else set()


def model(name: str | None) -> Any:
    """Return what stands for a schema."""
    return BARE.get(name or "") or (getattr(models, name) if name else None)


# -- which operations there are


@each_original
def test_method_exists_on_both_clients_when_the_operation_is_original(operation_id: str) -> None:
    """Each of the eleven operations is a method of its own name, awaited on one client and not on the other."""
    name = snake(operation_id)
    assert inspect.iscoroutinefunction(getattr(TalonOne, name))
    assert inspect.isfunction(getattr(TalonOneSync, name))
    assert not inspect.iscoroutinefunction(getattr(TalonOneSync, name))
    assert name in STUBS


@each_original
def test_original_operation_is_published_when_the_documents_are_read(
    operation_id: str, documents: dict[str, Any]
) -> None:
    """The document of 2020 has all eleven: the list is not made up."""
    assert operation_id in published(documents["2020-05"])


def test_no_operation_is_invented_when_a_stub_exists(documents: dict[str, Any]) -> None:
    """Every stub is an operation of one of the documents."""
    known = {snake(name) for document in documents.values() for name in published(document)}
    assert UNPUBLISHED.keys() == STUBS.keys() - known


def test_gap_is_listed_when_the_package_lacks_an_operation(documents: dict[str, Any]) -> None:
    """What the package lacks is listed with a reason, and what is listed is lacking."""
    lacking = {name for name in published(documents["26.16"]) if snake(name) not in STUBS}
    assert lacking == KNOWN_GAPS.keys()
    assert all(KNOWN_GAPS.values())


# -- what they send


def test_method_and_path_match_when_a_document_has_the_operation(document: Any) -> None:
    """Stubs use the method and the path of the documents, with parameter names in snake_case."""
    for operation, stub in both(document):
        assert (operation.method, operation.stub_path()) == (stub.operation.method, stub.operation.path)


def test_path_parameter_exists_when_a_document_lists_it(document: Any) -> None:
    """The path parameters of a stub are those of the documents, with their types."""
    for operation, stub in both(document):
        listed = [p["name"] for p in operation.parameters("path")]
        expected = [snake(RENAMED_PARAMETERS.get((operation.id, name), name)) for name in listed]
        assert sorted(expected) == sorted(stub.path_parameters), operation.id
        assert {query_kind(p["schema"]) for p in operation.parameters("path")} == {
            get_args(kind)[0] if get_args(kind := stub.types[name]) else kind for name in stub.path_parameters
        }, operation.id


def test_query_value_exists_when_a_document_lists_it(document: Any) -> None:
    """Every query value of the documents can be given, under its wire name."""
    for operation, stub in both(document):
        wires = {query.wire for query in stub.queries}
        assert set() == {p["name"] for p in operation.parameters("query")} - wires, operation.id


@each_stub
def test_query_value_is_published_when_a_stub_has_it(stub: Endpoint, documents: dict[str, Any]) -> None:
    """No query value is made up: each is in one of the documents."""
    if stub.name in UNPUBLISHED:
        pytest.skip(UNPUBLISHED[stub.name])
    listed = {p["name"] for operation in versions(documents, stub).values() for p in operation.parameters("query")}
    listed |= {wire for name, wire in UNPUBLISHED_QUERIES if name == stub.name}
    assert {query.wire for query in stub.queries} == listed


def test_query_type_and_style_match_when_a_document_gives_them(document: Any) -> None:
    """Query values have the documented type, and lists are repeated or joined as documented."""
    for operation, stub in both(document):
        queries = {query.wire: query for query in stub.queries}
        for parameter in operation.parameters("query"):
            query = queries[parameter["name"]]
            joined = parameter["schema"]["type"] == "array" and not parameter.get("explode", True)
            if parameter["name"] == "silent":
                assert (bool, {True: "yes", False: "no"}) == (query.kind, query.words)
            elif parameter["name"] not in FEWER_WORDS:
                assert (query_kind(parameter["schema"]), joined) == (plain(query.kind), query.comma), (
                    operation.id,
                    query,
                )
            assert parameter.get("required", False) is False


def test_words_are_those_listed_when_a_query_value_has_them(document: Any) -> None:
    """A query value takes exactly the words that the documents list for it, in their enumeration or their prose."""
    for operation, stub in both(document):
        queries = {query.wire: query for query in stub.queries}
        for parameter in operation.parameters("query"):
            name, schema = parameter["name"], parameter["schema"]
            listed = set(schema.get("enum") or schema.get("items", {}).get("enum") or ())
            expected = FEWER_WORDS.get(name) or listed | (MORE_WORDS.get(name, set()) if listed else set())
            assert expected == words(queries[name]), (operation.id, name)


def test_limit_is_that_listed_when_a_value_has_one(document: Any) -> None:
    """The values of path and query are held to the bounds the documents give them."""
    for operation, stub in both(document):
        wires = {query.wire: query.parameter for query in stub.queries}
        for parameter in operation.parameters("query") + operation.parameters("path"):
            schema = parameter["schema"]
            least, most = (schema.get(f"{side}Length", schema.get(f"{side}imum")) for side in ("min", "max"))
            if (least, most) != (None, None):
                limit = stub.limits[wires.get(parameter["name"]) or snake(parameter["name"])]
                assert (least, most) == (limit.least, limit.most), (operation.id, parameter)


@each_stub
def test_order_is_path_then_body_when_arguments_are_positional(stub: Endpoint) -> None:
    """Positional arguments come as in the API's own clients: what is in the path, in its order, then the body."""
    placed = [name for _, name in re.findall(r"({)(\w+)}", stub.operation.path)]
    body = ["body"] if "body" in stub.types else []
    assert placed + body == names(stub, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    variadic = names(stub, inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    assert variadic == []


@each_stub
def test_option_is_keyword_only_when_it_can_be_left_out(stub: Endpoint) -> None:
    """What must be given is positional; every option is given by name, and is not sent by default."""
    for parameter in list(stub.signature.parameters.values())[1:]:
        optional = parameter.kind is parameter.KEYWORD_ONLY
        assert (None if optional else parameter.empty) is parameter.default, parameter


def test_body_is_the_schema_when_a_document_has_one(document: Any) -> None:
    """The body may be the class named like the schema, and there is none where the documents have none."""
    for operation, stub in both(document):
        name = operation.schema_name(operation.body())
        assert (name is not None) is bool(stub.body_classes), operation.id
        if name is not None:
            assert model(name) in stub.body_classes, operation.id
            assert operation.body()["required"] is True, operation.id


@each_stub
def test_body_class_is_published_when_a_stub_takes_it(stub: Endpoint, documents: dict[str, Any]) -> None:
    """A body is of a class that one of the documents names for this operation, and of no other."""
    if stub.name in UNPUBLISHED:
        pytest.skip(UNPUBLISHED[stub.name])
    listed = {operation.schema_name(operation.body()) for operation in versions(documents, stub).values()}
    assert {model(name) for name in listed - {None}} == set(stub.body_classes)


def test_idempotency_key_is_taken_only_when_its_description_says_so(documents: dict[str, Any]) -> None:
    """The Idempotency-Key is a parameter of exactly those operations whose description speaks of it."""
    speaking = {
        stub.name
        for operation, stub in both(documents["26.16"])
        if "Idempotency-Key" in operation.operation["description"]
    }
    assert speaking == {name for name, stub in STUBS.items() if "idempotency_key" in stub.signature.parameters}
    assert speaking  # the documents have not changed their words


# -- what they answer


def test_answer_is_the_schema_when_a_document_has_one(document: Any) -> None:
    """The class of an answer is named like its schema; an answer without content is None, always or at times."""
    for operation, stub in both(document):
        name = operation.schema_name(operation.answer())
        expected = model(READ_BY.get((operation.id, name or ""), name))
        if expected is not None and operation.may_be_empty():
            expected |= None
        assert expected == stub.returns, operation.id


@pytest.mark.parametrize(("old", "new"), [(old, new) for (_, old), new in READ_BY.items()])
def test_field_is_reachable_when_a_newer_class_reads_an_old_answer(
    old: str, new: str, documents: dict[str, Any]
) -> None:
    """A newer class that reads an older answer has every property of it, with the same type."""
    fields = {wire_name(field): field.name for field in attrs.fields(getattr(models, new))}
    olds = {wire_name(field): field.name for field in attrs.fields(getattr(models, old))}
    hints, old_hints = get_type_hints(getattr(models, new)), get_type_hints(getattr(models, old))
    properties = documents["2020-05"].schemas[old].properties
    assert properties
    assert {name: old_hints[olds[name]] for name in properties} == {name: hints[fields[name]] for name in properties}


# -- the two clients


@each_stub
def test_signatures_are_equal_when_the_blocking_client_has_the_operation(stub: Endpoint) -> None:
    """Both clients have the same parameters, types, answers and words for an operation."""
    awaited, blocking = getattr(TalonOne, stub.name), getattr(TalonOneSync, stub.name)
    assert inspect.signature(awaited) == inspect.signature(blocking)
    assert inspect.getdoc(awaited) == inspect.getdoc(blocking)


def test_signatures_are_equal_when_a_batch_runs_on_either_client() -> None:
    """The blocking batch differs in one thing: it takes no asynchronous source."""
    awaited, blocking = inspect.signature(TalonOne.track_events), inspect.signature(TalonOneSync.track_events)
    only_awaited = " | AsyncIterable[NewEvent]"
    assert str(awaited).replace(only_awaited, "").replace("self: '_Sender'", "self") == str(blocking)
    assert only_awaited in str(awaited)


@each_iterator
def test_signatures_are_equal_when_the_blocking_client_has_the_iterator(name: str) -> None:
    """Both clients have the same iterators, which differ in nothing but that one is asynchronous."""
    awaited, blocking = (inspect.signature(getattr(cls, name)) for cls in (TalonOne, TalonOneSync))
    assert awaited.parameters == blocking.parameters
    assert re.sub(r"Async(.*), None]", r"\1, None, None]", awaited.return_annotation) == blocking.return_annotation
    assert inspect.getdoc(getattr(TalonOne, name)) == inspect.getdoc(getattr(TalonOneSync, name))


@pytest.mark.parametrize("name", [name for name in dir(TalonOne) if name.endswith("_in_parts")])
def test_signatures_are_equal_when_parts_are_sent_by_either_client(name: str) -> None:
    """The blocking client differs in one thing: it takes no asynchronous source."""
    awaited, blocking = (str(inspect.signature(getattr(cls, name))) for cls in (TalonOne, TalonOneSync))
    assert re.sub(r" \| AsyncIterable\[\w+\]", "", awaited).replace("self: '_Sender'", "self") == blocking


def test_iterator_exists_when_an_operation_comes_in_pages() -> None:
    """Each operation with `page_size` and `skip` has an iterator with all its other arguments, and no other has one."""
    paged = {stub for stub in STUBS.values() if {"page_size", "skip"} <= stub.signature.parameters.keys()}
    assert {"iter_" + stub.name.replace("get_", "", 1) for stub in paged} == set(ITERATORS)
    for stub in paged:
        iterator = inspect.signature(getattr(TalonOne, "iter_" + stub.name.replace("get_", "", 1)))
        assert {*stub.signature.parameters, "limit"} - {"skip"} == set(iterator.parameters)


def test_public_names_are_equal_when_both_clients_are_compared() -> None:
    """What one client can do the other can do, under the same name but for closing."""
    awaited = {RENAMED_METHODS.get(name, name) for name in dir(TalonOne) if not name.startswith("_")}
    assert awaited == {name for name in dir(TalonOneSync) if not name.startswith("_")}


@pytest.mark.parametrize("name", ["from_env", "with_options", "__init__"])
def test_signatures_are_equal_when_a_client_is_made(name: str) -> None:
    """Both clients are made and copied with the same options."""
    assert inspect.signature(getattr(TalonOne, name)) == inspect.signature(getattr(TalonOneSync, name))


@each_stub
def test_docstring_links_the_page_when_an_operation_is_documented(stub: Endpoint, documents: dict[str, Any]) -> None:
    """The last line of every docstring is the link to the operation's own page, the newest there is."""
    if stub.name in UNPUBLISHED:
        pytest.skip(UNPUBLISHED[stub.name])
    eras = versions(documents, stub)
    era = "26.16" if "26.16" in eras else "2020-05"
    operation = eras[era]
    tag = operation.operation["tags"][0].replace(" ", "-")
    page = PAGES[era].format(tag=tag, id=operation.id)
    assert f"See {page}" == (inspect.getdoc(getattr(TalonOne, stub.name)) or "").splitlines()[-1]


@each_stub
def test_argument_is_explained_when_an_operation_takes_it(stub: Endpoint) -> None:
    """Every parameter has a line of its own in the docstring, in the order of the signature."""
    text = inspect.getdoc(getattr(TalonOne, stub.name)) or ""
    explained = re.findall(r"^    (\w+): ", text.partition("Args:")[2].partition("Raises:")[0], re.MULTILINE)
    assert list(stub.signature.parameters)[1:] == explained
