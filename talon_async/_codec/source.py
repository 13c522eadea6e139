"""Writes the functions that read and write one class.

Stock cattrs calls int() and str() on values that JSON has typed already, and collects the arguments of `__init__` in a
dict: most of the time of reading a session answer. A reader written here makes an instance without calling `__init__`
and sets its fields one by one.

The text of a function uses names only: a class `X` under its own name, its functions as `read_X` and `write_X`, the
tables of the class, and what `support` has. `used` collects the classes whose names must be provided; `tables` collects
the assignments that must stand beside the functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import attrs

from talon_async import models
from talon_async._codec.shape import (
    LEAST,
    MOST,
    branches,
    closed_words,
    hints,
    is_catalog_payload,
    is_effect_props,
    is_required,
)
from talon_async.models._base import ALSO, LIMIT, wire_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_async.models._base import Limit


class Source:
    """The functions of one class as text; `is_sent` tells whether the types of its fields are checked in writing."""

    def __init__(self, cls: type, *, is_sent: bool) -> None:
        self.cls, self.name, self._is_sent = cls, cls.__name__, is_sent
        self.used: set[type] = set()
        self.tables: list[str] = []
        setter: Any = cls.__setattr__
        self._is_frozen = setter is not object.__setattr__

    # -- reading

    def reader(self) -> str:
        """Return the function that makes an instance from a dict, and returns anything else unchanged."""
        lines = [f"def read_{self.name}(o, _=None):", "    if o.__class__ is not dict: return o"]
        lines.append(f"    get = o.get; m = new({self.name})")
        for field in attrs.fields(self.cls):
            lines += ["    " + line for line in self._read_field(field)]
        return "\n".join([*lines, "    return m"])

    def _read_field(self, field: attrs.Attribute[Any]) -> list[str]:
        value, annotation = f"get({wire_name(field)!r})", hints(self.cls)[field.name]
        if (also := field.metadata.get(ALSO)) is not None:
            value = f"x if (x := {value}) is not None else get({also!r})"
        if is_effect_props(annotation):
            table = self._table(field.name, models.EFFECT_PROPS)
            # inline, because there may be hundreds in an answer
            return [
                f"v = {value}",
                "try:",
                f"    v = {table}[o['effectType']](v) if v.__class__ is dict else unknown_props(v)",
                "except (Misfit, KeyError, TypeError):",
                "    v = unknown_props(v)",
                self._store(field, "v"),
            ]
        if is_catalog_payload(annotation):
            return [self._store(field, f"payload_of(o, {self._table(field.name, models.CATALOG_ACTIONS)})")]
        test = _test(annotation, required=is_required(field)) if _checked(self.cls) else ""
        if _checked(self.cls) and _takes_null(field, annotation):
            test = f"{wire_name(field)!r} not in o"
        read, empty = self._convert(field.name, annotation, "v"), _empty(field)
        if read == "v" and empty == "None" and not test:
            return [self._store(field, value)]
        lines = [f"v = {value}", *([f"if {test}: raise Misfit"] if test else [])]
        if read != "v" or empty != "None":
            read = f"{empty} if v is None else {read}"
        return [*lines, self._store(field, read)]

    def _store(self, field: attrs.Attribute[Any], value: str) -> str:
        return f"put(m, {field.name!r}, {value})" if self._is_frozen else f"m.{field.name} = {value}"

    def _table(self, field: str, classes: Mapping[str, type]) -> str:
        """Return the name of a table of readers by the word that tells which class a field holds."""
        name = f"{self.name}_{field}"
        readers = ", ".join(f"{word!r}: {self._reader_of(kind)}" for word, kind in classes.items())
        self.tables.append(f"{name} = {{{readers}}}")
        return name

    def _reader_of(self, kind: type) -> str:
        if kind is models.UnknownEffectProps:
            return "unknown_props"
        self.used.add(kind)
        return f"read_{kind.__name__}"

    def _convert(self, field: str, annotation: Any, value: str) -> str:
        """Return the expression that reads a value of a type; a value that needs nothing is its own expression."""
        if len(kinds := [kind for kind in branches(annotation) if attrs.has(kind)]) > 1:
            words = {
                word: kind for kind in kinds for option in branches(hints(kind)["type"]) for word in get_args(option)
            }
            return f"tagged({value}, {self._table(field, words)})"
        for kind in branches(annotation):
            if kind is datetime:
                return f"when({value}) if {value}.__class__ is str else {value}"
            if isinstance(kind, type) and attrs.has(kind):
                return f"{self._reader_of(kind)}({value})"
            if get_origin(kind) in (Sequence, Mapping):
                inner = self._convert(field, get_args(kind)[-1], "x")
                if inner == "x":
                    continue
                if get_origin(kind) is Mapping:
                    return f"{{k: {inner} for k, x in {value}.items()}} if {value}.__class__ is dict else {value}"
                return f"[{inner} for x in {value}] if {value}.__class__ is list else {value}"
        return value

    # -- writing

    def writer(self) -> str:
        """Return the function that makes a dict from the class."""
        lines = [f"def write_{self.name}(m):", "    o = {}"]
        for field in attrs.fields(self.cls):
            annotation = hints(self.cls)[field.name]
            if _takes_null(field, annotation):
                lines.append(f"    o[{wire_name(field)!r}] = m.{field.name}")
                continue
            store = f"o[{wire_name(field)!r}] = {self._write(annotation, 'v', field.name)}"
            if not (checks := list(self._checks(field, annotation))):
                lines.append(f"    if (v := m.{field.name}) is not None: {store}")
                continue
            lines.append(f"    if (v := m.{field.name}) is not None:")
            if any(get_origin(kind) is Sequence for kind in branches(annotation)):
                lines.append(f"        v = v if v.__class__ is list or v is NULL else listed(m, {field.name!r}, v)")
            lines += [f"        {line}" for line in (*checks, store)]
        return "\n".join([*lines, "    return o"])

    def _checks(self, field: attrs.Attribute[Any], annotation: Any) -> Iterator[str]:
        """Return the statements that refuse a value outside the type, the limit or the words of its field."""
        wrong = self._misfits(annotation) if self._is_sent else ""
        if (limit := field.metadata.get(LIMIT)) is not None:
            has_more = wrong and limit.each is None and _is_list_type(annotation)  # the types of its items
            wrong = f"{_needs_check(limit, annotation)} or {wrong}" if has_more else _needs_check(limit, annotation)
        if wrong:
            yield f"if {wrong}: check(m, {field.name!r}, v)"
        kind = branches(annotation)[0]
        is_sequence = _is_list_type(annotation)
        if words := closed_words(get_args(kind)[0] if is_sequence else annotation):
            table = f"{self.name}_{field.name}_words"
            self.tables.append(f"{table} = {words!r}")
            known = "x.__class__ is str and x in" if is_sequence else "v.__class__ is str and v in"
            condition = f"not ({known} {table})"
            if is_sequence:
                condition = f"v.__class__ is list and not all({known} {table} for x in v)"
            yield f"if {condition}: check_words(m, {field.name!r}, v, {table})"

    def _misfits(self, annotation: Any) -> str:
        """Return the condition under which `v` is not plainly of a type; empty if any value is, or words tell."""
        kinds = branches(annotation)
        self.used |= {part for kind in kinds for part in (kind, *get_args(kind)) if attrs.has(part)}
        conditions = [_misfit(get_origin(kind) or kind, *get_args(kind)[-1:]) for kind in kinds]
        return " and ".join(conditions) if all(conditions) else ""

    def _write(self, annotation: Any, value: str, name: str) -> str:
        if is_effect_props(annotation) or is_catalog_payload(annotation):
            return f"other({value})"
        for kind in branches(annotation):
            if isinstance(kind, type) and attrs.has(kind):
                self.used.add(kind)
                this = kind.__name__
                return f"(write_{this}({value}) if {value}.__class__ is {this} else other({value}))"
            if get_origin(kind) in (Mapping, Sequence):
                inner = self._write(get_args(kind)[-1], "x", name)
                if get_origin(kind) is Mapping and inner == "x":
                    return value  # free-form values are sent unchanged
                return _write_many(value, name, inner, is_list=get_origin(kind) is Sequence)
        return value


def _write_many(value: str, name: str, inner: str, *, is_list: bool) -> str:
    """Return the expression that writes a list or a mapping; what was read as something else is written as it is."""
    kind, make = ("list", "listed") if is_list else ("dict", "mapped")
    if inner == "x":
        return f"({value} if {value}.__class__ is {kind} or {value} is NULL else {make}(m, {name!r}, {value}))"
    each = f"[{inner} for x in %s]" if is_list else f"{{k: {inner} for k, x in %s.items()}}"
    is_kept = f"{value} is NULL or (y := {make}(m, {name!r}, {value})) is {value}"
    return f"({each % value} if {value}.__class__ is {kind} else {value} if {is_kept} else {each % 'y'})"


def _empty(field: attrs.Attribute[Any]) -> str:
    factory: Any = getattr(field.default, "factory", None)
    return {list: "[]", dict: "{}"}.get(factory, "None")


def _takes_null(field: attrs.Attribute[Any], annotation: Any) -> bool:
    """Tell whether None is a value of a field, not its absence."""
    return is_required(field) and annotation is Any


def _checked(cls: type) -> bool:
    return cls in models.EFFECT_PROPS.values()


_CLASSES: dict[Any, tuple[str, ...]] = {
    float: ("float", "int"),
    int: ("int", "float"),
    Sequence: ("list",),
    Mapping: ("dict",),
    Literal: ("str",),
}


def _test(annotation: Any, *, required: bool) -> str:
    """Return the condition under which `v` is not of a type; times are not tested."""
    allowed: dict[str, None] = {}
    for kind in branches(annotation):
        origin = get_origin(kind) or kind
        if origin is Any or origin is datetime:
            return "v is None" if required and origin is datetime else ""
        allowed |= dict.fromkeys(("dict",) if attrs.has(origin) else _CLASSES.get(origin, (origin.__name__,)))
    test = " and ".join(f"v.__class__ is not {name}" for name in allowed)
    return test if required else f"v is not None and {test}"


_PLAIN = (str, bool, int, float, datetime)


def _misfit(kind: Any, item: Any = Any) -> str:
    """Return the condition under which `v`, or an item in it, may not be of a type, which `check` looks at closely."""
    is_checked = item in _PLAIN or attrs.has(item)
    if kind is Sequence and is_checked:
        return "not are_whole(v)" if item is int else f"not are(v, {item.__name__})"
    if kind is Mapping and is_checked:
        return f"not (v.__class__ is dict and {{*map(type, v.values())}} <= {{{item.__name__}}})"
    if kind is int:
        return f"not (v.__class__ is int and {LEAST} <= v <= {MOST})"
    if kind in (Sequence, Mapping):
        return f"v.__class__ is not {'list' if kind is Sequence else 'dict'}"
    if kind not in _PLAIN and not attrs.has(kind):
        return ""
    names = ("float", "int", "Decimal") if kind is float else (kind.__name__,)  # money is often a Decimal
    return " and ".join(f"v.__class__ is not {name}" for name in names)


def _is_list_type(annotation: Any) -> bool:
    return get_origin(branches(annotation)[0]) is Sequence


def _needs_check(limit: Limit, annotation: Any) -> str:
    """Return the condition under which `check` is called for a value: it may be outside the limit of its field."""
    if limit.each is not None and limit.each.pattern is None and limit.each.most:
        return f"not are_within(v, {limit.least}, {limit.most}, {limit.each.least}, {limit.each.most})"
    if limit.each is not None or limit.pattern is not None or limit.above is not None:
        return "True"
    kind = branches(annotation)[0]
    name, size = ("int", "v") if kind in (int, float) else ("str" if kind is str else "list", "len(v)")
    most = MOST if name == "int" and limit.most is None else limit.most
    upper = "" if most is None else f" <= {most}"
    return f"not (v.__class__ is {name} and {limit.least} <= {size}{upper})"
