"""Facts about every model, and about the index that imports models on first use."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import attrs
import pytest

from talon_async import models
from talon_async.models._base import camel

ROOT = Path(__file__).resolve().parents[2]
MODELS: dict[str, type[Any]] = {name: value for name in models.__all__ if attrs.has(value := getattr(models, name))}
each_model = pytest.mark.parametrize("cls", MODELS.values(), ids=MODELS)


def sample(hint: Any) -> Any:
    """Make a value of a type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return arguments[0]
    if origin is Sequence:
        return [sample(arguments[0])]
    if origin is Mapping:
        return {"key": sample(arguments[1])}
    if arguments:
        return sample(next(argument for argument in arguments if argument is not NoneType))
    if attrs.has(hint):
        return filled(hint)
    plain = {str: "text", int: 1, float: 1.5, bool: True, datetime: datetime(2026, 8, 1, 12, tzinfo=UTC)}
    return plain.get(hint, "anything")


def filled(cls: type[Any]) -> Any:
    """Make an instance with a value in every field."""
    return cls(**{name: sample(hint) for name, hint in get_type_hints(cls).items()})


@each_model
def test_hints_resolve_when_asked_at_run_time(cls: type[Any]) -> None:
    """Every annotation can be evaluated, as the codec does, and belongs to a field."""
    assert [field.name for field in attrs.fields(cls)] == list(get_type_hints(cls))


@each_model
def test_instances_are_equal_when_copied_or_pickled(cls: type[Any]) -> None:
    """A copied or unpickled model is equal to the original."""
    instance = filled(cls)
    assert filled(cls) == instance
    assert copy.deepcopy(instance) == instance
    assert attrs.evolve(instance) == instance
    assert pickle.loads(pickle.dumps(instance)) == instance


@each_model
def test_hashes_are_equal_when_instances_are(cls: type[Any]) -> None:
    """Equal models have equal hashes when the values of all their fields can be hashed."""
    first, second = (filled(cls) for _ in range(2))
    try:
        hash(tuple(getattr(first, field.name) for field in attrs.fields(cls)))
    except TypeError:
        with pytest.raises(TypeError, match="unhashable"):
            hash(first)
    else:
        assert hash(first) == hash(second)


@each_model
def test_field_can_be_set_when_no_checker_looks(cls: type[Any]) -> None:
    """A field can be set at run time, where a model is a plain slotted class.

    Only type checkers refuse it, as tests/typing/misuse.py shows.
    """
    instance, name = filled(cls), attrs.fields(cls)[0].name
    setattr(instance, name, None)
    assert getattr(instance, name) is None


@each_model
def test_attribute_is_refused_when_it_is_not_a_field(cls: type[Any]) -> None:
    """Setting a misspelt field raises an AttributeError at run time."""
    with pytest.raises(AttributeError):
        filled(cls).no_such_field = 1


@each_model
def test_fields_are_bound_by_name_when_an_instance_is_matched(cls: type[Any]) -> None:
    """`match` takes fields by keyword.

    Models have no positional patterns, because their fields are given by keyword.
    """
    assert () == cls.__match_args__


@pytest.mark.skipif(sys.version_info < (3, 13), reason="copy.replace is new in Python 3.13")
def test_replace_makes_a_changed_copy_when_given_a_field() -> None:
    """`copy.replace` makes a changed copy of a model."""
    item = models.CartItem(sku="a", quantity=1)
    assert models.CartItem(sku="a", quantity=2) == copy.replace(item, quantity=2)  # type: ignore[attr-defined,unused-ignore]


def test_null_stays_itself_when_copied_or_pickled() -> None:
    """A copied or unpickled `NULL` is the same object."""
    assert copy.deepcopy(models.NULL) is models.NULL
    assert pickle.loads(pickle.dumps(models.NULL)) is models.NULL


@pytest.mark.parametrize(
    ("name", "expected"),
    [("cart_items", "cartItems"), ("return_", "return"), ("created_in_3rd_party", "createdIn3rdParty"), ("id", "id")],
)
def test_camel_gives_the_wire_name_when_it_is_regular(name: str, expected: str) -> None:
    """A Python name becomes the wire name by rule, also where it holds a digit."""
    assert expected == camel(name)


def test_index_is_current_when_checked() -> None:
    """The generated index lists what the modules define."""
    command = [sys.executable, str(ROOT / "tools" / "generate_models_index.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_no_module_is_loaded_when_the_index_is_imported() -> None:
    """Importing the index loads no module. A name loads only its own module, once."""
    code = (
        "import sys, talon_async.models as m\n"
        "loaded = lambda: sorted(k[19:] for k in sys.modules if k.startswith('talon_async.models.') and k[19] != '_')\n"
        "print(loaded()); m.CartItem; print(loaded(), 'CartItem' in vars(m), 'Effect' in dir(m))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "['cart'] True True"]


def test_every_effect_is_registered_when_one_module_is_imported() -> None:
    """Importing any single module registers every effect."""
    code = "from talon_async.models.effects._registry import EFFECT_PROPS; print(len(EFFECT_PROPS))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) == len(models.EFFECT_PROPS)


def test_attribute_error_names_the_package_when_there_is_no_such_model() -> None:
    """A misspelt name raises an AttributeError that names the package, as for any module."""
    with pytest.raises(AttributeError, match=r"module 'talon_async\.models' has no attribute 'CartItme'"):
        _ = models.CartItme  # type: ignore[attr-defined]
