"""Describes the package: its stubs, its classes and their fields, and the files that they are in."""

from __future__ import annotations

import re
from functools import cache
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, get_type_hints

import attrs

from talon_async import TalonOne, models
from talon_async._endpoint import Endpoint, endpoints_of
from talon_async.models._base import wire_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+\d*(?![a-z])|[A-Z]?[a-z0-9]+")


@cache
def stubs() -> Mapping[str, Endpoint]:
    """Return the stubs by name."""
    return endpoints_of(TalonOne)


@cache
def classes() -> Mapping[str, type[Any]]:
    """Return the models by name."""
    return {name: value for name in models.__all__ if attrs.has(value := getattr(models, name))}


def fields(cls: type[Any]) -> Mapping[str, attrs.Attribute[Any]]:
    """Return the fields of a class by wire name."""
    return {wire_name(field): field for field in attrs.fields(cls)}


def hints(cls: type[Any]) -> Mapping[str, Any]:
    """Return the types of a class's fields by wire name."""
    type_hints = get_type_hints(cls)
    return {wire: type_hints[field.name] for wire, field in fields(cls).items()}


def home(thing: Any) -> str:
    """Return the file in which a class or a stub is written."""
    module: str = thing.__module__
    return module.replace(".", "/") + ".py"


def python_name(wire: str) -> str:
    """Return the name that a property, parameter or operation has in Python."""
    name = "_".join(_WORDS.findall(wire)).lower()
    return f"{name}_" if iskeyword(name) else name
