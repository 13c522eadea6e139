"""The operations against the API's documents, in both directions."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any, get_args, get_type_hints

import attrs
import pytest
from support.published import (
    FEWER_WORDS,
    LISTS_BY_NOW,
    MORE_WORDS,
    READ_BY,
    RENAMED_PARAMETERS,
    STUBS,
    both,
    model,
    names,
    plain,
    published,
    query_kind,
    snake,
    versions,
    words,
)

from talon_async import TalonOne, TalonOneSync, models
from talon_async._endpoint import Endpoint
from talon_async._messages import Idempotency
from talon_async.models._base import wire_name
from tools.contract.docstrings import error_of, errors_named
from tools.contract.tables import NEWEST

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
REPEATED = {
    "best_prior_price": Idempotency.SAFE,  # it only reads
    "sync_catalog": Idempotency.NAMED,
    "track_event_v3": Idempotency.UNIQUE,
    "unlock_reward": Idempotency.UNIQUE,
    "update_audience_customers_attributes": Idempotency.SAFE,  # no rule runs
    "update_audience_v2": Idempotency.SAFE,
    "update_customer_profile": Idempotency.NAMED,
    "update_customer_profile_audiences": Idempotency.SAFE,
    "update_customer_session": Idempotency.NAMED,
}
"""Writes without a key that may be sent a second time, and what then happens."""

each_original = pytest.mark.parametrize("operation_id", ORIGINAL)
each_stub = pytest.mark.parametrize("stub", STUBS.values(), ids=STUBS)


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
    """The document of 2020 has all eleven original operations."""
    assert operation_id in published(documents["2020-05"])


def test_no_operation_is_invented_when_a_stub_exists(documents: dict[str, Any]) -> None:
    """Every stub is an operation of one of the documents."""
    published_names = {snake(name) for document in documents.values() for name in published(document)}
    assert set() == STUBS.keys() - published_names


def test_stub_exists_when_the_newest_table_has_an_operation(documents: dict[str, Any]) -> None:
    """Every operation of the newest table has a stub."""
    assert set() == {name for name in published(documents[NEWEST]) if snake(name) not in STUBS}


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
    """Every query value of a stub is in one of the documents."""
    listed = {p["name"] for operation in versions(documents, stub).values() for p in operation.parameters("query")}
    assert {query.wire for query in stub.queries} == listed


def test_query_type_and_style_match_when_a_document_gives_them(document: Any) -> None:
    """Query values have the documented type, and lists are repeated or joined as documented."""
    for operation, stub in both(document):
        queries = {query.wire: query for query in stub.queries}
        for parameter in operation.parameters("query"):
            query = queries[parameter["name"]]
            joined = parameter["schema"]["type"] == "array" and not parameter.get("explode", True)
            if (operation.id, query.wire) in LISTS_BY_NOW and parameter["schema"]["type"] != "array":
                assert Sequence[query_kind(parameter["schema"])] == query.kind
            elif parameter["name"] == "silent":
                assert (bool, {True: "yes", False: "no"}) == (query.kind, query.words)
            elif parameter["name"] not in FEWER_WORDS:
                assert (query_kind(parameter["schema"]), joined) == (plain(query.kind), query.comma), (
                    operation.id,
                    query,
                )
            assert parameter.get("required", False) is False


def test_words_are_those_listed_when_a_query_value_has_them(document: Any) -> None:
    """A query value takes exactly the words that the documents list for it in an enumeration or in their prose."""
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
    """Required arguments are positional. Every option is given by name and is not sent by default."""
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
    listed = {operation.schema_name(operation.body()) for operation in versions(documents, stub).values()}
    assert {model(name) for name in listed - {None}} == set(stub.body_classes)


def test_idempotency_key_is_taken_only_when_the_operation_has_the_header(documents: dict[str, Any]) -> None:
    """Exactly the operations whose documents have the Idempotency-Key take one. No operation takes another header."""
    headers = {stub.name: operation.parameters("header") for operation, stub in both(documents[NEWEST])}
    taking = {name for name, listed in headers.items() if listed}
    assert {"Idempotency-Key"} == {parameter["name"] for listed in headers.values() for parameter in listed}
    assert taking == {name for name, stub in STUBS.items() if "idempotency_key" in stub.signature.parameters}


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
    properties = next(document.schemas[old] for document in documents.values() if old in document.schemas).properties
    assert properties
    assert {name: old_hints[olds[name]] for name in properties} == {name: hints[fields[name]] for name in properties}


@each_stub
def test_error_is_listed_when_a_docstring_names_it(stub: Endpoint, documents: dict[str, Any]) -> None:
    """An error that a docstring names has a status that one of the documents lists for the operation."""
    operations = versions(documents, stub).values()
    listed = {status for operation in operations for status in operation.operation["responses"] if status[0] == "4"}
    extra = [
        cls
        for cls in errors_named(inspect.getdoc(stub.stub) or "")
        if not issubclass(cls, tuple(map(error_of, listed | {"400"})))
    ]
    assert [] == extra


@each_stub
def test_call_is_repeated_only_when_that_does_no_harm(stub: Endpoint, documents: dict[str, Any]) -> None:
    """Reads and deletions by ID are safe. Writes with a key are remembered. Other writes are only sent again if listed."""
    operations = versions(documents, stub).values()
    keyed = any(operation.parameters("header") for operation in operations)
    by_method = Idempotency.SAFE if stub.operation.method in {"GET", "DELETE"} else Idempotency.NEVER
    expected = Idempotency.KEYED if keyed else REPEATED.get(stub.name, by_method)
    assert expected is stub.operation.idempotency
