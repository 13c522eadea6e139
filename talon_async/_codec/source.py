"""Writes the functions that read and write one class.

Stock cattrs spends most of a session answer on three things that are not needed here: calling int() and str() on what
JSON has typed already, filling a dict of arguments, and a frozen __init__. A reader written here makes its object
through a twin class that is not frozen, with the same layout, and turns it into the real class at the end.

The text of a function uses names only: a class `X` under its own name, its twin as `X_`, its functions as `read_X` and
`write_X`, and what `support` has. `used` collects the classes, for whoever provides the names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import attrs

from talon_async._codec.shape import branches, hints, is_catalog_payload, is_effect_props, is_required
from talon_async.models._base import LIMIT, wire_name

if TYPE_CHECKING:
    from talon_async.models._base import Limit


class Source:
    """The functions of one class as text."""

    def __init__(self, cls: type) -> None:
        self.cls, self.name = cls, cls.__name__
        self.used: set[type] = set()

    # -- reading

    def reader(self) -> str:
        """Return the function that makes the class from a dict and passes anything else through."""
        lines = [f"def read_{self.name}(o, _=None):", "    if o.__class__ is not dict: return o"]
        lines.append(f"    get = o.get; m = {self.name}_()")
        for field in attrs.fields(self.cls):
            lines += ["    " + line for line in self._read_field(field)]
        return "\n".join([*lines, f"    m.__class__ = {self.name}", "    return m"])

    def _read_field(self, field: attrs.Attribute[Any]) -> list[str]:
        store, value = f"m.{field.name} = ", f"get({wire_name(field)!r})"
        annotation = hints(self.cls)[field.name]
        if is_effect_props(annotation):
            # inline, because there may be hundreds in an answer
            return [
                f"v = {value}",
                "try:",
                f"    {store}props_readers[o['effectType']](v) if v.__class__ is dict else unknown_props(v)",
                "except (Misfit, KeyError, TypeError):",
                f"    {store}unknown_props(v)",
            ]
        if is_catalog_payload(annotation):
            return [store + f"payload_of(o, {{{self._payloads()}}})"]
        test = _test(annotation, required=is_required(field)) if _checked(self.cls) else ""
        read, empty = self._convert(annotation, "v"), _empty(field)
        if read == "v" and empty == "None" and not test:
            return [store + value]
        lines = [f"v = {value}", *([f"if {test}: raise Misfit"] if test else [])]
        if read == "v":
            return [*lines, store + ("v" if empty == "None" else f"{empty} if v is None else v")]
        return [*lines, store + f"{empty} if v is None else {read}"]

    def _payloads(self) -> str:
        from talon_async.models import CATALOG_ACTIONS  # noqa: PLC0415  # models load on first use

        return ", ".join(f"{word!r}: {self._reader_of(kind)}" for word, kind in CATALOG_ACTIONS.items())

    def _reader_of(self, kind: type) -> str:
        self.used.add(kind)
        return f"read_{kind.__name__}"

    def _convert(self, annotation: Any, value: str) -> str:
        """Return the expression that reads a value of a type; a value that needs nothing is its own expression."""
        if len(models := [kind for kind in branches(annotation) if attrs.has(kind)]) > 1:
            words = {
                word: kind for kind in models for option in branches(hints(kind)["type"]) for word in get_args(option)
            }
            readers = ", ".join(f"{word!r}: {self._reader_of(kind)}" for word, kind in words.items())
            return f"tagged({value}, {{{readers}}})"
        for kind in branches(annotation):
            if kind is datetime:
                return f"when({value}) if {value}.__class__ is str else {value}"
            if isinstance(kind, type) and attrs.has(kind):
                return f"{self._reader_of(kind)}({value})"
            if get_origin(kind) in (Sequence, Mapping) and (inner := self._convert(get_args(kind)[-1], "x")) != "x":
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
            store = f"o[{wire_name(field)!r}] = {self._write(annotation, 'v', field.name)}"
            if (limit := field.metadata.get(LIMIT)) is None:
                lines.append(f"    if (v := m.{field.name}) is not None: {store}")
                continue
            lines.append(f"    if (v := m.{field.name}) is not None:")
            if any(get_origin(kind) is Sequence for kind in branches(annotation)):
                lines.append(f"        v = v if v.__class__ is list or v is NULL else listed({field.name!r}, v)")
            doubt = _doubt(limit, annotation)
            lines += [f"        if {doubt}: check({self.name}, {field.name!r}, v)", f"        {store}"]
        return "\n".join([*lines, "    return o"])

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
                    return value  # free-form: the user's own, also when an answer holds it in another form
                if get_origin(kind) is Mapping:
                    many = f"({value} if {value}.__class__ is dict else mapped({name!r}, {value}))"
                    each = f"{{k: {inner} for k, x in {many}.items()}}"
                else:
                    many = f"({value} if {value}.__class__ is list else listed({name!r}, {value}))"
                    each = f"[{inner} for x in {many}]"
                return f"({value} if {value} is NULL else {many if inner == 'x' else each})"
        return value


def _empty(field: attrs.Attribute[Any]) -> str:
    factory: Any = getattr(field.default, "factory", None)
    return {list: "[]", dict: "{}"}.get(factory, "None")


def _checked(cls: type) -> bool:
    from talon_async.models.effects import EFFECT_PROPS  # noqa: PLC0415  # models load on first use

    return cls in EFFECT_PROPS.values()


_CLASSES: dict[Any, tuple[str, ...]] = {
    float: ("float", "int"),
    int: ("int", "float"),
    Sequence: ("list",),
    Mapping: ("dict",),
    Literal: ("str",),
}


def _test(annotation: Any, *, required: bool) -> str:
    """Return the condition under which `v` is not of a type; times are judged by nobody."""
    allowed: dict[str, None] = {}
    for kind in branches(annotation):
        origin = get_origin(kind) or kind
        if origin is Any or origin is datetime:
            return "v is None" if required and origin is datetime else ""
        allowed |= dict.fromkeys(("dict",) if attrs.has(origin) else _CLASSES.get(origin, (origin.__name__,)))
    test = " and ".join(f"v.__class__ is not {name}" for name in allowed)
    return test if required else f"v is not None and {test}"


def _doubt(limit: Limit, annotation: Any) -> str:
    """Return the condition under which a value may be outside a limit: what is surely inside is not looked at again."""
    if limit.each is not None and limit.each.pattern is None and limit.each.most:
        return f"not are_within(v, {limit.least}, {limit.most}, {limit.each.least}, {limit.each.most})"
    if limit.each is not None or limit.pattern is not None:
        return "True"
    kind = branches(annotation)[0]
    name, size = ("int", "v") if kind in (int, float) else ("str" if kind is str else "list", "len(v)")
    most = "" if limit.most is None else f" <= {limit.most}"
    return f"not (v.__class__ is {name} and {limit.least} <= {size}{most})"
