"""What every model is made of: `model` for the class, `wire` for an irregular name, `NULL` for a JSON null."""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import Enum
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast, dataclass_transform

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

C = TypeVar("C")
WIRE, LIMIT = "wire", "limit"


class _Null(Enum):
    """A JSON null, told apart from "left out"."""

    NULL = None  # what an Enum member is in JSON is its value

    def __repr__(self) -> str:
        return "NULL"

    def __bool__(self) -> bool:
        return False


NULL: Final[Any] = _Null.NULL
"""Sends a JSON null for a field; `None`, the default of optional fields, leaves the field out instead."""


@attrs.frozen
class Limit:
    """What the API takes: characters of a text, items of a list, the value of a number.

    Attributes:
        least: the smallest that is taken.
        most: the largest that is taken.
        each: what holds for each item of a list.
        pattern: what a text must match as a whole.
    """

    least: int = 0
    most: int | None = None
    each: Limit | None = None
    pattern: str | None = None

    def refusal(self, value: Any) -> str | None:
        """Say what a value should be, if it is not; what has neither size nor order is not judged here."""
        if isinstance(value, bool) or not isinstance(value, int | float | Collection):
            return None
        number = isinstance(value, int | float)
        size: float = value if isinstance(value, int | float) else len(cast("Collection[Any]", value))
        if size < self.least or (self.most is not None and size > self.most):
            bounds = f"{self.least} or more" if self.most is None else f"{self.least} to {self.most}"
            unit = "" if number else " characters" if isinstance(value, str) else " items"
            return f"must be {bounds}{unit}, not {size}"
        if isinstance(value, str) and self.pattern and not re.fullmatch(self.pattern, value):
            return f"must match {self.pattern}"
        if self.each is None or number or isinstance(value, str):
            return None
        found = ((index, self.each.refusal(item)) for index, item in enumerate(cast("Collection[Any]", value)))
        return next((f"item {index} {said}" for index, said in found if said), None)


INTEGRATION_ID = Limit(1, 1000)
CARD_ID = Limit(4, 108, pattern=r"[A-Za-z0-9._%+@-]+")
CODE = Limit(1, 100)


def wire(
    name: str | None = None,
    *,
    default: Any = attrs.NOTHING,
    factory: Callable[[], Any] | None = None,
    limit: Limit | None = None,
) -> Any:
    """Declare a field: its name in JSON where that is not the camelCase form of the Python name, default, limit."""
    given = {WIRE: name, LIMIT: limit}
    metadata = {key: value for key, value in given.items() if value is not None}
    return attrs.field(default=default, factory=factory, metadata=metadata)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(attrs.field, wire))
def model(cls: type[C]) -> type[C]:
    """Make a frozen, slotted class whose fields are given by keyword.

    Comparing and showing are the same functions for all models: those that attrs would compile for each class take half
    the time of importing them. Without a slot for weak references a class has the layout that its reader needs.
    """
    made = attrs.frozen(kw_only=True, weakref_slot=False, eq=False, repr=False, init=False)(cls)
    for name, method in (("eq", _eq), ("hash", _hash), ("repr", _repr), ("init", _first_init(made))):
        setattr(made, f"__{name}__", method)
    return made


def _first_init(cls: Any) -> Callable[..., None]:
    """Return the `__init__` of a class that has no instances yet: the first one makes it."""

    def init(self: Any, **given: Any) -> None:
        prepare(cls)
        cls.__init__ = made = _prepared[cls]
        made(self, **given)

    return _named(init, cls)


def prepare(cls: Any) -> None:
    """Compile what making an instance needs, if nothing has yet: the first one would wait for it."""
    if cls not in _prepared:
        cls.__init__ = _prepared[cls] = _init(cls)


_prepared: dict[Any, Callable[..., None]] = {}


def _init(cls: Any) -> Callable[..., None]:
    """Compile an `__init__` that sets the fields through the twin: a frozen class's own takes twice as long."""
    names: dict[str, Any] = {"NOTHING": attrs.NOTHING, "twin": twin(cls), "cls": cls, "become": object.__setattr__}
    parameters, stores, given = ["self", *(["*"] if cls.__attrs_attrs__ else [])], list[str](), list[str]()
    for field in cls.__attrs_attrs__:
        name, default = field.name, field.default
        given.append(f"{name}={name}")
        names[f"{name}_default"] = getattr(default, "factory", default)
        if default is attrs.NOTHING:
            parameters.append(name)
            stores.append(f"self.{name} = {name}")
        elif hasattr(default, "factory"):
            parameters.append(f"{name}=NOTHING")
            made = f"{name}_default({'self' if default.takes_self else ''})"
            stores.append(f"self.{name} = {made} if {name} is NOTHING else {name}")
        else:
            parameters.append(f"{name}={name}_default")
            stores.append(f"self.{name} = {name}")
    # a subclass has a layout of its own
    other = f"if self.__class__ is not cls: return cls.__attrs_init__(self, {', '.join(given)})"
    body = "\n    ".join([other, "become(self, '__class__', twin)", *stores, "self.__class__ = cls"])
    exec(compile(f"def init({', '.join(parameters)}):\n    {body}", f"<init {cls.__name__}>", "exec"), names)  # noqa: S102
    init: Callable[..., None] = names["init"]
    return _named(init, cls)


def _named(init: Callable[..., None], cls: Any) -> Callable[..., None]:
    """Let messages and `inspect.signature` tell of an `__init__` what they would of attrs's own."""
    update_wrapper(init, cls.__attrs_init__, assigned=("__module__", "__annotations__"))
    init.__name__, init.__qualname__ = "__init__", f"{cls.__name__}.__init__"
    return init


def twin(cls: type) -> type:
    """Return a class of the same layout whose fields can be set; its instances become the frozen class's in the end.

    It must not inherit from the frozen class: stores to an instance of a class with a `__setattr__` of its own, or its
    parent's, cost twenty times as much (80 ns instead of 4, of which a cart item has 22).
    """
    if cls.__base__ is object:
        return type(cls.__name__, (), {"__slots__": vars(cls)["__slots__"]})
    own = {"__slots__": (), "__setattr__": object.__setattr__, "__init__": object.__init__}
    return type(cls.__name__, (cls,), own)


def _values(instance: Any) -> tuple[Any, ...]:
    return tuple(getattr(instance, field.name) for field in instance.__attrs_attrs__)


def _eq(self: Any, other: object) -> Any:
    return _values(self) == _values(other) if other.__class__ is self.__class__ else NotImplemented


def _hash(self: Any) -> int:
    return hash((self.__class__, _values(self)))


def _repr(self: Any) -> str:
    shown = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in self.__attrs_attrs__)
    return f"{self.__class__.__name__}({shown})"


def evolve(instance: C, **changes: Any) -> C:
    """Return a copy of a model with other values in some fields; TypeError for a field it does not have."""
    copy: Any = attrs.evolve(cast("Any", instance), **changes)  # checkers do not take the models for attrs classes
    return cast("C", copy)


def camel(name: str) -> str:
    """Return the regular wire name of a Python name: `cart_items` is `cartItems`."""
    head, *rest = name.rstrip("_").split("_")
    return head + "".join(word.capitalize() for word in rest)


def wire_name(attribute: attrs.Attribute[Any]) -> str:
    """Return the name of a field in JSON."""
    name: str = attribute.metadata.get(WIRE) or camel(attribute.name)
    return name
