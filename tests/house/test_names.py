"""Names that pages and docstrings mention can be imported, from the package or from a public module."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import talon_async
from talon_async import TalonOneError, errors

PACKAGE = Path(talon_async.__file__).parent
PUBLIC = [
    *["talon_async", "talon_async.auth", "talon_async.bulk", "talon_async.bulk.dask", "talon_async.bulk.kafka"],
    *["talon_async.config", "talon_async.effects", "talon_async.errors", "talon_async.models", "talon_async.testing"],
    "talon_async.webhooks",
]
"""The modules that the README, the changelog and docstrings name."""


def names_of(module: str) -> list[str]:
    """Return the names that a module offers."""
    loaded = importlib.import_module(module)
    return getattr(loaded, "__all__", None) or [name for name in vars(loaded) if not name.startswith("_")]


OFFERED = {name: getattr(importlib.import_module(module), name) for module in PUBLIC for name in names_of(module)}
CLASSES = {
    node.name
    for path in PACKAGE.rglob("*.py")
    if "cli" not in path.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.ClassDef)
}


def docstrings() -> Iterator[tuple[str, str]]:
    """Yield the docstrings of everything that is offered, and of its methods, by name."""
    for name, value in OFFERED.items():
        yield name, str(getattr(value, "__doc__", None) or "")
        if isinstance(value, type):
            for part, member in inspect.getmembers(value):
                if not part.startswith("_"):
                    yield f"{name}.{part}", inspect.getdoc(member) or ""


def every_error() -> list[type[Any]]:
    """Return the errors of the package that it may raise to users."""
    for module in pkgutil.walk_packages([str(PACKAGE)], "talon_async."):
        if module.name != "talon_async.__main__":
            importlib.import_module(module.name)

    def below(cls: type[Any]) -> Iterator[type[Any]]:
        for sub in cls.__subclasses__():
            yield sub
            yield from below(sub)

    return [cls for cls in below(TalonOneError) if cls.__module__.startswith("talon_async.")]


@pytest.mark.parametrize(
    "name", ["CallOptions", "ClientOptions", "Clock", "ErrorDetail", "Idempotency", "Outcome", "evolve"]
)
def test_a_name_can_be_imported_from_the_package_when_signatures_have_it(name: str) -> None:
    """`talon_async` offers the names that callers need for annotations and for tests of their own."""
    assert name in talon_async.__all__
    assert getattr(talon_async, name) is not None


def test_an_error_can_be_imported_from_the_package_when_it_is_in_the_tree() -> None:
    """`talon_async` offers every class of `talon_async.errors`, so `from talon_async import RateLimitError` works."""
    tree = {
        name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, TalonOneError)
    }
    assert set() == tree - set(talon_async.__all__)


def test_an_error_is_offered_when_it_can_be_raised() -> None:
    """A public module offers every error that the package can raise."""
    assert [] == [cls for cls in every_error() if OFFERED.get(cls.__name__) is not cls]


def test_a_class_is_offered_when_a_docstring_names_it() -> None:
    """A public module offers every class that a docstring names in backticks or below `Raises:`."""
    named = {
        (where, word)
        for where, text in docstrings()
        for word in re.findall(r"`([A-Z]\w+)", text) + re.findall(r"^\s+(\w+Error):", text, re.MULTILINE)
        if word in CLASSES
    }
    assert len(named) > 50
    assert [] == sorted(pair for pair in named if pair[1] not in OFFERED)


def test_a_class_is_offered_when_a_signature_has_it() -> None:
    """A public module offers every class in a signature, so that a function around a method can be annotated."""
    named = {
        (f"{name}.{part}", word)
        for name in ("TalonOne", "TalonOneSync", "PreparedCall", "Report", "Sandbox")
        for part, member in inspect.getmembers(OFFERED[name], inspect.isfunction)
        if not part.startswith("_") or part == "__init__"
        for word in re.findall(r"\b[A-Z]\w+", str(inspect.signature(member)))
        if word in CLASSES - {"Wire"}  # it stands inside Annotated
    }
    assert len(named) > 50
    assert [] == sorted(pair for pair in named if pair[1] not in OFFERED)
