"""A cattrs converter that reads what JSON has as what it is, for classes of users.

Stock cattrs calls `str`, `int` and `bool`: null becomes the text 'None', 1.9 becomes 1, and 'false' becomes True. Here:

1. A value of another type than its field has is a ValueError that names the field. A whole number is also a float or a
   Decimal, and 2.0 is also an int; neither loses anything.
2. null is unset: the field has its default. Without one it must be there, unless its type has None.
3. Names are those of the fields, or what `attribute` says. What the class does not have is ignored.
4. None is not written, and NULL is null. Times need a zone; NaN is refused.

Hooks that users register come first, as everywhere in cattrs.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

import attrs
import cattrs
from cattrs.errors import StructureHandlerNotFoundError

from talon_async._codec.shape import hints, is_list, is_mapping, shown
from talon_async._codec.support import rfc3339, when
from talon_async.errors import InvalidArgumentError
from talon_async.models._base import WIRE

Hook = Callable[..., Any]


class Converter(cattrs.Converter):
    """What `converter()` makes."""

    def __init__(self, *values: Any, **options: Any) -> None:
        if not values:  # there are some when a converter is copied
            options.setdefault("detailed_validation", False)
        super().__init__(*values, **options)
        for kind, read in _READ.items():
            self.register_structure_hook(kind, _scalar(kind, read))
        self.register_structure_hook(Enum, _read_member)
        for predicate, factory in _FACTORIES:
            self.register_structure_hook_factory(predicate, factory)
        for written, write in _WRITE.items():
            self.register_unstructure_hook(written, write)
        self.register_unstructure_hook_factory(_is_list_class, _list_writer)
        self.register_unstructure_hook_factory(_is_mapping_class, _mapping_writer)
        self.register_unstructure_hook_factory(_is_own_class, _class_writer)


def wrong(expected: str, value: Any) -> ValueError:
    """Return the error of a value that is not what it must be."""
    return ValueError(f"must be {expected}, not {shown(value)}")


def key_of(field: attrs.Attribute[Any]) -> str:
    """Return the name under which a field of a user's class travels: its own, or what `attribute` says."""
    key: str = field.metadata.get(WIRE) or field.name
    return key


# -- reading single values


def _text(value: Any) -> str:
    if value.__class__ is str:
        return str(value)
    raise wrong("text", value)


def _truth(value: Any) -> bool:
    if value.__class__ is bool:
        return bool(value)
    raise wrong("true or false", value)


def _whole(value: Any) -> int:
    if value.__class__ is int or (value.__class__ is float and value.is_integer()):
        return int(value)
    raise wrong("a whole number", value)


def _number(value: Any) -> float:
    if value.__class__ in (int, float):
        return float(value)
    raise wrong("a number", value)


def _money(value: Any) -> Decimal:
    if value.__class__ in (int, float, Decimal):
        return Decimal(str(value))
    raise wrong("a number", value)


def _time(value: Any) -> datetime:
    time = when(value) if value.__class__ is str else value
    if isinstance(time, datetime) and time.tzinfo:
        return time
    raise wrong("an RFC 3339 time", value)


def _day(value: Any) -> date:
    try:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if len(text := _text(value)) == len("2026-12-31"):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise wrong("a date such as 2026-12-31", value)


def _uuid(value: Any) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(_text(value))
    except ValueError:
        raise wrong("a UUID", value) from None


_READ: dict[Any, Callable[[Any], Any]] = {
    str: _text, bool: _truth, int: _whole, float: _number, Decimal: _money, datetime: _time, date: _day, UUID: _uuid,
}  # fmt: skip


def _scalar(kind: type, read: Callable[[Any], Any]) -> Hook:
    """Return the hook of a class, which cattrs also asks for subclasses of it."""

    def hook(value: Any, cls: Any) -> Any:
        if issubclass(cls, Enum):
            return _read_word([(member.value, member) for member in cls], value)
        return read(value) if cls is kind else cls(read(value))

    return hook


def _read_word(words: Sequence[tuple[Any, Any]], value: Any, _: Any = None) -> Any:
    """Return what stands for one of several words; True is not 1 here."""
    for word, meaning in words:
        if word.__class__ is value.__class__ and word == value:
            return meaning
    raise wrong(" or ".join(repr(word) for word, _ in words), value)


# -- reading what holds other values


def _read_member(value: Any, cls: Any) -> Any:
    return _read_word([(member.value, member) for member in cls], value, cls)


def _literal_reader(kind: Any) -> Hook:
    words = [(word.value if isinstance(word, Enum) else word, word) for word in get_args(kind)]
    return partial(_read_word, words)


def _union_reader(kind: Any, converter: cattrs.Converter) -> Hook:
    kinds = [branch for branch in get_args(kind) if branch is not type(None)]
    takes_null = len(kinds) < len(get_args(kind))

    def read(value: Any, _: Any) -> Any:
        if value is None and takes_null:
            return None
        if value.__class__ in kinds and isinstance(value, bool | int | float):
            return value
        problems: list[ValueError] = []
        for branch in sorted(kinds, key=lambda branch: -_common_keys(value, branch)):
            try:
                return converter.structure(value, branch)
            except ValueError as problem:
                problems.append(problem)
        if len(problems) == 1:
            raise problems[0]
        raise ValueError(" or ".join(dict.fromkeys(map(str, problems))))

    return read


def _common_keys(value: Any, kind: Any) -> int:
    """Return how many keys of an object are fields of a class: the first class with the most is tried first."""
    if not is_mapping(value) or not _is_own_class(kind):
        return 0
    return sum(key_of(field) in value for field in attrs.fields(kind))


_LISTS: dict[Any, Callable[[list[Any]], Any]] = {list: list, tuple: tuple, set: set, frozenset: frozenset}


def _list_reader(kind: Any, converter: cattrs.Converter) -> Hook:
    origin, arguments = get_origin(kind) or kind, get_args(kind)
    make = _LISTS[origin if origin in _LISTS else frozenset if issubclass(origin, AbstractSet) else list]
    is_fixed = origin is tuple and arguments and arguments[-1] is not ...

    def read(value: Any, _: Any) -> Any:
        if not is_list(value):
            raise wrong("a list", value)
        items = list(value)
        if is_fixed and len(items) != len(arguments):
            raise ValueError(f"must be a list of {len(arguments)}, not of {len(items)}")
        kinds: Sequence[Any] = arguments if is_fixed else (arguments[:1] or (Any,)) * len(items)
        pairs = enumerate(zip(items, kinds, strict=True))
        return make([_inside(f"item {index}", converter, *pair) for index, pair in pairs])

    return read


def _mapping_reader(kind: Any, converter: cattrs.Converter) -> Hook:
    key_kind, item_kind = get_args(kind) or (Any, Any)

    def read(value: Any, _: Any) -> Any:
        if not is_mapping(value):
            raise wrong("an object", value)
        return {
            converter.structure(key, key_kind): _inside(str(key), converter, item, item_kind)
            for key, item in value.items()
        }

    return read


def _inside(name: str, converter: cattrs.Converter, value: Any, kind: Any) -> Any:
    """Read a value that another one holds; an error says where it is."""
    try:
        return converter.structure(value, kind)
    except StructureHandlerNotFoundError:
        raise TypeError(f"{name}: no hook reads {kind}; register one with a converter() of your own") from None
    except ValueError as problem:
        raise ValueError(f"{name}: {problem}") from None


def _class_reader(cls: Any, converter: cattrs.Converter) -> Hook:
    try:
        kinds = hints(cls)
    except NameError as problem:
        raise TypeError(f"{cls.__name__}: {problem}; the types of its fields must be known in its module") from None
    fields = [field for field in attrs.fields(cls) if field.init]

    def read(value: Any, _: Any = None) -> Any:
        if not is_mapping(value):
            raise wrong("an object", value)
        given: dict[str, Any] = {}
        problems: list[str] = []
        for field in fields:
            item = value.get(key_of(field))
            if item is None and field.default is not attrs.NOTHING:
                continue
            if item is None and not _takes_null(kinds[field.name]):
                problems.append(f"{key_of(field)}: must be given")
                continue
            try:
                given[field.alias or field.name] = _inside(key_of(field), converter, item, kinds[field.name])
            except ValueError as problem:
                problems.append(str(problem))
        if problems:
            raise ValueError("; ".join(problems))
        return cls(**given)

    return read


def _takes_null(kind: Any) -> bool:
    return kind is Any or type(None) in get_args(kind)


# -- which types


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType)


def _is_list_type(kind: Any) -> bool:
    origin: Any = get_origin(kind) or kind
    return (
        origin in _LISTS or origin in (Sequence, AbstractSet) or _is_abstract(origin, "MutableSequence", "MutableSet")
    )


def _is_mapping_type(kind: Any) -> bool:
    origin: Any = get_origin(kind) or kind
    return origin in (dict, Mapping) or _is_abstract(origin, "MutableMapping")


def _is_abstract(origin: Any, *names: str) -> bool:
    return getattr(origin, "__module__", "") == "collections.abc" and origin.__name__ in names


def _is_own_class(cls: Any) -> bool:
    """Tell whether a class is an attrs class of a user, and no model or subclass of one."""
    return isinstance(cls, type) and attrs.has(cls) and not is_ours(cls)


def is_ours(cls: Any) -> bool:
    """Tell whether a class is a model of this package, or a subclass of one."""
    return attrs.has(cls) and any(base.__module__.startswith("talon_async.") for base in cls.__mro__)


_FACTORIES: list[tuple[Callable[[Any], bool], Hook]] = [
    (lambda kind: get_origin(kind) is Literal, _literal_reader),
    (_is_union, _union_reader),
    (_is_list_type, _list_reader),
    (_is_mapping_type, _mapping_reader),
    (_is_own_class, _class_reader),
]

# -- writing


def _finite(value: Any) -> Any:
    if not math.isfinite(value):
        raise InvalidArgumentError(f"{value} is not a JSON number")
    return value


_WRITE: dict[Any, Callable[[Any], Any]] = {
    datetime: rfc3339, date: date.isoformat, Decimal: _finite, float: _finite, UUID: str,
}  # fmt: skip


def _is_list_class(cls: Any) -> bool:
    return issubclass(cls, Sequence | AbstractSet) and not issubclass(cls, str | bytes | bytearray)


def _is_mapping_class(cls: Any) -> bool:
    return issubclass(cls, Mapping)


def _list_writer(_: Any, converter: cattrs.Converter) -> Hook:
    def write(value: Sequence[Any]) -> list[Any]:
        return [_written(f"item {index}", converter, item) for index, item in enumerate(value)]

    return write


def _mapping_writer(_: Any, converter: cattrs.Converter) -> Hook:
    def write(value: Mapping[Any, Any]) -> dict[Any, Any]:
        return {key: _written(str(key), converter, item) for key, item in value.items()}

    return write


def _class_writer(cls: Any, converter: cattrs.Converter) -> Hook:
    fields = attrs.fields(cls)

    def write(value: Any) -> dict[str, Any]:
        items = ((key_of(field), getattr(value, field.name)) for field in fields)
        return {key: _written(key, converter, item) for key, item in items if item is not None}

    return write


def _written(name: str, converter: cattrs.Converter, value: Any) -> Any:
    """Write a value that another one holds; an error says where it is."""
    try:
        return converter.unstructure(value)
    except ValueError as problem:
        raise InvalidArgumentError(f"{name}: {problem}") from None
