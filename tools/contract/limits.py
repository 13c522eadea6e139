"""Compares the limits of a document with those that the package holds its callers to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async.models._base import LIMIT, Limit
from tools.contract.findings import Finding, Group
from tools.contract.package import classes, fields, home, python_name, stubs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.contract.document import Document, Schema

BOUNDS = ("Length", "Items", "imum")


def schema_limit(schema: Schema, document: Document) -> Limit | None:
    """Return the limit that a schema gives."""
    _, schema = document.resolve(schema)
    least = next((schema[f"min{bound}"] for bound in BOUNDS if f"min{bound}" in schema), 0)
    most = next((schema[f"max{bound}"] for bound in BOUNDS if f"max{bound}" in schema), None)
    pattern = schema.get("pattern", "").removeprefix("^").removesuffix("$") or None
    each = schema_limit(schema["items"], document) if "items" in schema else None
    found = Limit(least, most, each, pattern, schema.get("exclusiveMinimum"))
    return found if found != Limit() else None


def limits(document: Document) -> dict[str, tuple[Limit, Limit | None, str]]:
    """Return every limit of requests by what it limits: the document's, the package's, and the file of the latter."""
    limits: dict[str, tuple[Limit, Limit | None, str]] = {}
    for name, shape in document.requests.items():
        cls = classes().get(name)
        held = fields(cls) if cls else {}
        for property_, schema in shape.properties.items():
            limit = schema_limit(schema, document)
            if cls and limit and property_ in held:
                limits[f"{name}.{property_}"] = limit, held[property_].metadata.get(LIMIT), home(cls)
    for operation in document.published.values():
        stub = stubs().get(python_name(operation.id))
        wires = {query.wire: query.parameter for query in stub.queries} if stub else {}
        for entry in operation.parameters:
            limit = schema_limit(entry["schema"], document)
            if stub and limit:
                own = stub.limits.get(wires.get(entry["name"], python_name(entry["name"])))
                limits[f"{operation.id}.{entry['name']}"] = limit, own, home(stub.stub)
    return limits


def compare_limits(document: Document) -> Iterator[Finding]:
    """Find limits that the package lacks or has otherwise; a bound that only the package has is no finding."""
    for key, (limit, held, place) in limits(document).items():
        if not _holds(held, limit):
            about = f"{_said(held)} until now" if held else ""
            yield Finding(Group.LIMIT, key, about, f"let its limit be {_said(limit)} in {place}", place)


def _holds(held: Limit | None, limit: Limit) -> bool:
    """Tell whether a limit has all bounds of another, and perhaps more."""
    if held is None:
        return False
    given = [(limit.least or held.least, held.least), (limit.most or held.most, held.most),
             (limit.pattern or held.pattern, held.pattern), (limit.above or held.above, held.above)]  # fmt: skip
    return all(bound == own for bound, own in given) and (limit.each is None or _holds(held.each, limit.each))


def _said(limit: Limit) -> str:
    """Write a limit as in the package, without the bounds that are not set."""
    each = f"each={_said(limit.each)}" if limit.each else ""
    pattern = f"pattern={limit.pattern!r}" if limit.pattern else ""
    above = f"above={limit.above}" if limit.above is not None else ""
    bounds = [str(limit.least), *([str(limit.most)] if limit.most is not None else ())]
    return f"Limit({', '.join([*bounds, *filter(None, (each, pattern, above))])})"
