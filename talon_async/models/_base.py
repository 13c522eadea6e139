"""The building blocks of models: `model` for classes, `wire` for fields, `NULL` for a JSON null."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from decimal import Decimal
from enum import Enum
from inspect import Parameter, Signature
from numbers import Real
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, cast, dataclass_transform

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

C = TypeVar("C")
WIRE, LIMIT, ALSO = "wire", "limit", "also"
MADE_HERE = "<__init__ of a model>"


class _Null(Enum):
    """A JSON null, which is not the same as a field that is left out."""

    NULL = None  # JSON has an Enum member's value

    def __repr__(self) -> str:
        return "NULL"

    def __bool__(self) -> bool:
        return False


NULL: Final[Any] = _Null.NULL
"""Sends a JSON null for a field; `None`, the default of optional fields, leaves the field out instead."""


@attrs.frozen
class Limit:
    """What the API accepts: a number of characters or items, or the value of a number.

    Attributes:
        least: the smallest size or value.
        most: the largest size or value.
        each: the limit of each item of a list.
        pattern: a regular expression that the whole text must match.
        above: a bound of a number that is itself not accepted.
    """

    least: int = 0
    most: int | None = None
    each: Limit | None = None
    pattern: str | None = None
    above: int | None = None

    def refusal(self, value: Any) -> str | None:
        """Return why a value is outside the limit; None if it is inside, or has neither an order nor a size."""
        has_no_order = isinstance(value, bool) or (isinstance(value, Decimal) and value.is_nan())
        if has_no_order or not isinstance(value, Real | Decimal | Collection):
            return None
        number = isinstance(value, Real | Decimal)
        size: Any = value if number else len(cast("Collection[Any]", value))
        if self.above is not None and not size > self.above:
            return f"must be above {self.above}, not {size}"
        if size < self.least or (self.most is not None and size > self.most):
            bounds = f"{self.least} or more" if self.most is None else f"{self.least} to {self.most}"
            unit = "" if number else " characters" if isinstance(value, str) else " items"
            return f"must be {bounds}{unit}, not {size}"
        if isinstance(value, str) and self.pattern and not re.fullmatch(self.pattern, value):
            return f"must match {self.pattern}"
        if self.each is None or number or isinstance(value, str):
            return None
        refusals = ((index, self.each.refusal(item)) for index, item in enumerate(cast("Collection[Any]", value)))
        return next((f"item {index} {refusal}" for index, refusal in refusals if refusal), None)


INTEGRATION_ID = Limit(1, 1000)
CARD_ID = Limit(4, 108, pattern=r"[A-Za-z0-9._%+@-]+")
CODE = Limit(1, 100)


def wire(
    name: str | None = None,
    *,
    default: Any = attrs.NOTHING,
    factory: Callable[[], Any] | None = None,
    limit: Limit | None = None,
    also: str | None = None,
) -> Any:
    """Declare a field, with its default, its limit, and its JSON name if that is not the camelCase form of the name.

    `also` is a second JSON name of an optional field. It is read if the first is missing or null, and never written.
    """
    options = {WIRE: name, LIMIT: limit, ALSO: also}
    metadata = {key: value for key, value in options.items() if value is not None}
    return attrs.field(default=default, factory=factory, metadata=metadata)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(attrs.field, wire))
def model(cls: type[C]) -> type[C]:
    """Make a slotted class with keyword-only fields, which type checkers treat as frozen.

    At run time it is not frozen, because a frozen instance takes twice as long to make and readers set its fields.
    `evolve` makes a changed copy.
    """
    if cls.__base__ is object:
        inside = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
        based: Any = type(cls.__name__, (Model,), inside)
        cls = based
    made = attrs.define(kw_only=True, weakref_slot=False, eq=False, repr=False)(cls)
    # all models share these: if attrs compiled them for each class, importing all would take 1.7 times as long
    methods = {"__eq__": _eq, "__hash__": _hash, "__repr__": _repr, "__getstate__": _get_state}
    methods |= {"__setstate__": _set_state, "__init__": _init_of(made)}
    for name, method in methods.items():
        setattr(made, name, method)
    return made


class _Signature:
    """Has `inspect.signature` show the fields of a model as the parameters."""

    def __get__(self, _: object, cls: Any) -> Signature:
        if cls.__init__.__code__.co_filename not in (model.__code__.co_filename, MADE_HERE):
            raise AttributeError("__signature__")  # a subclass with an `__init__` of its own
        return Signature(
            [
                Parameter(
                    field.name,
                    Parameter.KEYWORD_ONLY,
                    default=Parameter.empty if field.default is attrs.NOTHING else field.default,
                    annotation=field.type,
                )
                for field in cls.__attrs_attrs__
            ]
        )


class Model:
    """What all models have besides their fields.

    Attributes:
        is_made: set by `__init__`, which readers do not call. `to_json` checks what was made, and writes the values of
            what was read without checks.
    """

    __slots__ = ("is_made",)
    __signature__ = _Signature()

    def __attrs_post_init__(self) -> None:
        """Do the same for a subclass of a user, whose `__init__` attrs makes."""
        object.__setattr__(self, "is_made", True)


def execute(name: str, source: str, scope: dict[str, Any]) -> None:
    """Run source that this package has written; `name` stands in tracebacks."""
    exec(compile(source, name, "exec"), scope)  # noqa: S102  # written here


def _init_of(cls: Any) -> Any:
    """Return an `__init__` that compiles that of a model when the first instance is made.

    Compiling those of all models would double the time that importing them takes.
    """

    def init(self: Any, *values: Any, **words: Any) -> None:
        cls.__init__ = compiled = _compiled_init(cls)
        compiled(self, *values, **words)

    return init


def _compiled_init(cls: Any) -> Any:
    """Return the `__init__` of a model: as attrs makes it, but it says which field was meant.

    Every field has a default in it, so that a wrong name is told before the field that is missing because of it.
    """
    scope: dict[str, Any] = {"NOTHING": attrs.NOTHING, "refuse": _refuse, "cls": cls}
    parameters: list[str] = []
    lines: list[str] = []
    is_wrong = "unknown_"
    for field in cls.__attrs_attrs__:
        name, factory = field.name, getattr(field.default, "factory", None)
        scope[f"{name}_"] = factory or field.default
        parameters.append(f"{name}={'NOTHING' if factory else name + '_'}")
        of_self = "self" if getattr(field.default, "takes_self", False) else ""
        lines.append(f"self.{name} = {f'{name}_({of_self}) if {name} is NOTHING else ' if factory else ''}{name}")
        is_wrong += f" or {name} is NOTHING" if field.default is attrs.NOTHING else ""
    head = f"def __init__(self, *, {', '.join(parameters)}, **unknown_):"
    lines = [f"if {is_wrong}: refuse(cls, unknown_, locals())", "self.is_made = True", *lines]
    execute(MADE_HERE, "\n    ".join([head, *lines]), scope)
    init = scope["__init__"]
    init.__qualname__ = f"{cls.__name__}.__init__"
    return init


def _refuse(cls: Any, unknown: Mapping[str, Any], given: Mapping[str, Any]) -> NoReturn:
    """Say what is wrong with the fields that a model is made with."""
    fields = cls.__attrs_attrs__
    if unknown:
        raise TypeError(unknown_word(cls.__name__, "field", min(unknown), [field.name for field in fields]))
    missing = [field.name for field in fields if field.default is given[field.name] is attrs.NOTHING]
    raise TypeError(f"{cls.__name__} needs {' and '.join(missing)}")


def _get_state(self: Any) -> dict[str, Any]:
    names = [field.name for field in self.__attrs_attrs__]
    return {name: getattr(self, name) for name in (*names, "is_made") if hasattr(self, name)}


def _set_state(self: Any, state: Mapping[str, Any]) -> None:
    for name, value in state.items():
        object.__setattr__(self, name, value)


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
    """Return a copy of a model with changed fields; raise TypeError for a field that the model does not have."""
    copy: Any = attrs.evolve(cast("Any", instance), **changes)  # for checkers, the models are not attrs classes
    return cast("C", copy)


def unknown_word(what: str, kind: str, word: str, known: Iterable[str]) -> str:
    """Say that there is no such word, and name the nearest of those that there are, in whatever case it is written."""
    plain = {name.replace("_", "").lower(): name for name in known}
    near = difflib.get_close_matches(word.replace("_", "").lower(), plain, n=1)
    hint = f"; did you mean {plain[near[0]]!r}?" if near else ""
    return f"{what} has no {kind} {word!r}{hint}"


def camel(name: str) -> str:
    """Return the regular wire name of a Python name: `cart_items` is `cartItems`."""
    head, *rest = name.rstrip("_").split("_")
    return head + "".join(word.capitalize() for word in rest)


def wire_name(attribute: attrs.Attribute[Any]) -> str:
    """Return the name of a field in JSON."""
    name: str = attribute.metadata.get(WIRE) or camel(attribute.name)
    return name
