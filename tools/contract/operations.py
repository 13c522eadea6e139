"""Compares operations with stubs: which ones there are, what they send, and what they answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_origin

from talon_async.models._base import camel
from tools.contract.findings import Finding, Group
from tools.contract.package import home, python_name, stubs
from tools.contract.types import LISTS, described, fits, listed_words, notation, parts, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_async._endpoint import Endpoint
    from tools.contract.document import Document, Published

FOLDER = "talon_async/operations"
KEY = "Idempotency-Key"


def compare_operations(document: Document) -> Iterator[Finding]:
    """Find what the package lacks of a document's operations."""
    for operation in document.published.values():
        stub = stubs().get(python_name(operation.id))
        if stub is None:
            yield _missing(operation, document)
            continue
        for compare in (_route, _parameters, _key, _body, _answer):
            yield from (finding._replace(place=home(stub.stub)) for finding in compare(operation, stub, document))


def _missing(operation: Published, document: Document) -> Finding:
    """Write the head of the missing stub, for the file of its tag."""
    tag = next(iter(operation.operation.get("tags", ())), "")
    same = (stubs().get(python_name(other.id)) for other in document.published.values()
            if tag in other.operation.get("tags", ()))  # fmt: skip
    place = next((home(stub.stub) for stub in same if stub), f"{FOLDER}/{tag.lower().replace(' ', '_')}.py")
    parameters = [f"{python_name(entry['name'])}: {notation(entry['schema'], document)}"
             for entry in operation.parameters if entry["in"] == "path"]  # fmt: skip
    parameters += [f"body: {notation(operation.body, document)}"] if operation.body else []
    queries = [python_name(entry["name"]) for entry in operation.parameters if entry["in"] == "query"]
    parameters += [f"*, {', '.join(queries)}"] if queries else []
    answer = notation(operation.answers[0], document, operation.page) if operation.answers else "None"
    head = f"{python_name(operation.id)}({', '.join(parameters)}) -> {answer}"
    return Finding(
        Group.OPERATION, operation.id, f"{operation.method} {operation.path}", f"write a stub {head} in {place}", place
    )


def _route(operation: Published, stub: Endpoint, _: Document) -> Iterator[Finding]:
    path = re.sub(r"{(\w+)}", lambda match: f"{{{python_name(match[1])}}}", operation.path)
    if (operation.method, path) != (stub.operation.method, stub.operation.path):
        was = f"{stub.operation.method} {stub.operation.path}"
        yield Finding(
            Group.ROUTE, operation.id, f"was {was}", f'decorate it with @{operation.method.lower()}("{path}")'
            f" in {home(stub.stub)}",
        )  # fmt: skip


def _parameters(operation: Published, stub: Endpoint, document: Document) -> Iterator[Finding]:
    queries = {query.wire: query for query in stub.queries}
    for entry in operation.parameters:
        name, schema = entry["name"], entry["schema"]
        key, about = f"{operation.id}.{name}", f"{described(schema, document)}, {entry['in']}"
        if entry["in"] == "path":
            kind = stub.types.get(python_name(name))
            if kind and not fits(kind, schema, document):
                todo = f"change its type to {notation(schema, document)} in {home(stub.stub)}"
                yield Finding(Group.PARAMETER, key, about, todo)
        elif name == KEY:
            continue  # see _key
        elif entry["in"] != "query":
            yield Finding(Group.PARAMETER, key, about, f"stubs send no {entry['in']} values: let the client do it")
        elif name not in queries:
            kind = notation(schema, document)
            kind = kind if camel(python_name(name)) == name else f'Annotated[{kind}, Wire("{name}")]'
            todo = f"add {python_name(name)}: {kind} | None = None, keyword-only, in {home(stub.stub)}"
            yield Finding(Group.PARAMETER, key, about, todo)
        else:
            for todo in _differences(queries[name], entry, document):
                yield Finding(Group.PARAMETER, key, about, f"{todo} in {home(stub.stub)}")


def _differences(query: Any, entry: dict[str, Any], document: Document) -> Iterator[str]:
    """Describe the differences between a query value and that of the stub."""
    schema = entry["schema"]
    kind = notation(schema, document)
    is_list = any(get_origin(part) in LISTS for part in parts(query.kind))
    if not fits(query.kind, schema, document):
        yield f"change its type to {kind}"
    elif words(query.kind) and (new := listed_words(schema, document) - words(query.kind)):
        yield f"add {', '.join(sorted(new))} to its Literal"
    elif is_list and query.comma is entry.get("explode", True):
        yield "let it repeat: Sequence, not Csv" if query.comma else "let it be joined by commas: Csv, not Sequence"
    if entry.get("required"):
        yield "it must be given now: say so in the docstring, and take the default away"


def _key(operation: Published, stub: Endpoint, _: Document) -> Iterator[Finding]:
    declared = KEY in {entry["name"] for entry in operation.parameters}
    speaks = KEY in operation.operation.get("description", "")
    if (declared or speaks) and "idempotency_key" not in stub.signature.parameters:
        todo = f"add idempotency_key: str | None = None, keyword-only, in {home(stub.stub)}"
        about = "header" if declared else "header, in the description"
        yield Finding(Group.PARAMETER, f"{operation.id}.{KEY}", about, todo)


def _body(operation: Published, stub: Endpoint, document: Document) -> Iterator[Finding]:
    if operation.body is None:
        if stub.body_classes:
            yield Finding(Group.BODY, operation.id, "has none now", f"take body away in {home(stub.stub)}")
    elif "body" not in stub.types or not fits(stub.types["body"], operation.body, document):
        name = notation(operation.body, document)
        yield Finding(Group.BODY, operation.id, name, f"let body be {name} in {home(stub.stub)}")


def _answer(operation: Published, stub: Endpoint, document: Document) -> Iterator[Finding]:
    if not operation.answers:
        if stub.returns is not None:
            yield Finding(Group.ANSWER, operation.id, "has none now", f"let it return None in {home(stub.stub)}")
        return
    for answer in operation.answers:
        if not fits(stub.returns, answer, document, operation.page):
            name = notation(answer, document, operation.page)
            yield Finding(Group.ANSWER, operation.id, name, f"let it return {name} in {home(stub.stub)}")
