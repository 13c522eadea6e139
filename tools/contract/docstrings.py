"""Compares operations with the docstrings of stubs: the statuses, whether they are experimental, and the defaults."""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING, Any

from talon_async import errors
from talon_async._messages import Answer
from talon_async.errors import APIError, error_for
from tools.contract.findings import Finding, Group
from tools.contract.package import home, python_name, stubs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_async._endpoint import Endpoint
    from tools.contract.document import Document, Published

EVERYWHERE = {"400", "401"}
"""The statuses of nearly all operations, about which a docstring may be silent."""

EXPERIMENTAL = "The operation is experimental"


def compare_docstrings(document: Document) -> Iterator[Finding]:
    """Find what docstrings lack of a document's operations. An error that only a docstring lists is no finding."""
    for operation in document.published.values():
        stub = stubs().get(python_name(operation.id))
        if stub is not None:
            place, text = home(stub.stub), inspect.getdoc(stub.stub) or ""
            for compare in (_statuses, _stability, _defaults):
                for finding in compare(operation, stub, text):
                    yield finding._replace(todo=f"{finding.todo} in {place}", place=place)


def _statuses(operation: Published, _: Endpoint, text: str) -> Iterator[Finding]:
    raised = errors_named(text)
    for status in operation.operation.get("responses", {}):
        key = f"{operation.id}.{status}"
        if not re.fullmatch(r"[1-5]\d\d", status):
            yield Finding(Group.STATUS, key, "not a single status", "look what it stands for")
        elif status >= "400" and status not in EVERYWHERE:
            error = error_of(status)
            is_told = status in text if error is APIError else any(issubclass(cls, error) for cls in raised)
            if not is_told:
                name = f"{error.__name__} with {status}" if error is APIError else error.__name__
                yield Finding(Group.STATUS, key, "", f"add {name} to what it raises")


def errors_named(text: str) -> list[type[APIError]]:
    """Return the errors of certain statuses that a docstring lists."""
    named = re.findall(r"^    (\w+Error): ", text.partition("\nRaises:\n")[2], re.MULTILINE)
    return [cls for name in named if issubclass(cls := getattr(errors, name), APIError) and cls is not APIError]


def error_of(status: str) -> type[APIError]:
    """Return the error for a status."""
    return type(error_for(Answer(int(status), {}, b"")))


def _stability(operation: Published, _: Endpoint, text: str) -> Iterator[Finding]:
    states = {
        EXPERIMENTAL: operation.operation.get("x-scalar-stability") == "experimental",
        "deprecated": bool(operation.operation.get("deprecated")),
    }
    for said, is_so in states.items():
        if (said in text) is not is_so:
            todo = f'let its docstring {"say" if is_so else "no longer say"} "{said}"'
            yield Finding(Group.STABILITY, operation.id, "", todo)


def _defaults(operation: Published, stub: Endpoint, text: str) -> Iterator[Finding]:
    """Compare the defaults, but for false, which goes without saying."""
    names = {query.wire: query.parameter for query in stub.queries}
    for entry in operation.parameters:
        default = entry["schema"].get("default", False)
        explained = re.search(rf"^    {names.get(entry['name'])}: (.*(?:\n     +.*)*)", text, re.MULTILINE)
        if default is not False and explained and _said(default) not in explained[1]:
            about = f"{json.dumps(default)} by default"
            yield Finding(
                Group.DEFAULT, f"{operation.id}.{entry['name']}", about, f"let its docstring say {_said(default)}"
            )


def _said(default: Any) -> str:
    """Return how a docstring tells a default: of what is true by default, it tells what `False` does."""
    if default is True or default == "yes":
        return "False"
    return f"{default} by default" if isinstance(default, int) else str(default)
