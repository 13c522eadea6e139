"""Compiles the functions that read and write one class, and gives them to cattrs as its hooks.

Compiled because stock cattrs spends most of a session answer on three things that are not needed here: calling int()
and str() on what JSON has typed already, filling a dict of arguments, and a frozen __init__. A compiled reader makes
its object through a twin class that is not frozen, with the same layout, and turns it into the real class at the end.
"""

# What stands in JSON is Any.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import attrs

from talon_async.models._base import LIMIT, NULL, Limit, wire_name

if TYPE_CHECKING:
    import cattrs

Hook = Callable[..., Any]


@cache
def hints(cls: type) -> dict[str, Any]:
    """Return the resolved types of a model's fields."""
    return get_type_hints(cls)


def branches(annotation: Any) -> tuple[Any, ...]:
    """Return the types a value may have, without None."""
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(arg for arg in get_args(annotation) if arg is not type(None))
    return (annotation,)


def is_required(attribute: attrs.Attribute[Any]) -> bool:
    """Tell whether a field has no default."""
    return attribute.default is attrs.NOTHING


def is_effect_props(annotation: Any) -> bool:
    """Tell whether a field holds effect props, whose class is chosen by the effect's type."""
    from talon_async.models.effects import UnknownEffectProps  # noqa: PLC0415  # models load on first use

    return UnknownEffectProps in branches(annotation)


def is_catalog_payload(annotation: Any) -> bool:
    """Tell whether a field holds what a catalog action does, whose class is chosen by the action's type."""
    from talon_async.models import AddItemCatalogAction  # noqa: PLC0415  # models load on first use

    return AddItemCatalogAction in branches(annotation)


def when(text: str) -> Any:
    """Read an RFC 3339 time of any precision; what is none stays as it came."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text
    return time if time.tzinfo else text


def listed(name: str, value: Any) -> Any:
    """Let any sequence be sent as a list, but not a text, which is one by accident."""
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes | bytearray):
        return list(cast("Sequence[Any]", value))
    raise _refused(name, "a list", value)


def mapped(name: str, value: Any) -> Any:
    """Let any mapping be sent as an object."""
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    raise _refused(name, "a mapping", value)


def _refused(name: str, expected: str, value: Any) -> Exception:
    from talon_async.errors import InvalidArgumentError  # noqa: PLC0415  # only on the way to an error

    return InvalidArgumentError(f"{name} must be {expected}, not {type(value).__name__}")


def _within(name: str, limit: Limit) -> Callable[[Any], None]:
    """Return the check of one field, as a function of its value."""

    def check(value: Any) -> None:
        if said := limit.refusal(value):
            from talon_async.errors import InvalidArgumentError  # noqa: PLC0415  # only on the way to an error

            raise InvalidArgumentError(f"{name} {said}")

    return check


class Misfit(ValueError):  # noqa: N818  # not an error inside an effect: its props are then kept raw
    """Raised by a checking reader when a value is not of its type."""


class Compiler:
    """Writes the source of a class's reader and writer, and compiles it."""

    def __init__(self, converter: cattrs.Converter) -> None:
        self._converter = converter
        self._ours: set[Hook] = set()
        self._making: set[Any] = set()

    # -- reading

    def reader(self, cls: type) -> Hook:
        """Return the function that makes a `cls` from a dict and passes anything else through."""
        from talon_async.models import EventEffect  # noqa: PLC0415  # models load on first use

        if cls is EventEffect:
            return _read_event_effect
        scope: dict[str, Any] = {"cls": cls, "twin": _twin(cls), "new": object.__new__, "when": when}
        self._making.add(("read", cls))
        lines = ["def read(o, _=None):", "    if o.__class__ is not dict: return o", "    get = o.get; m = new(twin)"]
        checks = [] if not _checked(cls) else ["    " + check for check in self._checks(cls)]
        for attribute in attrs.fields(cls):
            lines += ["    " + line for line in self._read_field(cls, attribute, scope)]
        return self._compile("\n".join([*lines, *checks, "    m.__class__ = cls", "    return m"]), "read", cls, scope)

    def _read_field(self, cls: type, attribute: attrs.Attribute[Any], scope: dict[str, Any]) -> list[str]:
        name, wire, annotation = attribute.name, wire_name(attribute), hints(cls)[attribute.name]
        if is_effect_props(annotation):
            scope["props_of"] = self._props_reader()
            return [f"m.{name} = props_of(o)"]
        if is_catalog_payload(annotation):
            scope["payload_of"] = self._payload_reader()
            return [f"m.{name} = payload_of(o)"]
        lines = [f"v = get({wire!r})"]
        default = _empty(attribute)
        if (expression := self._convert(annotation, "v", f"{name}_", scope)) != "v":
            lines.append(f"if v is not None: v = {expression}")
            lines += [f"else: v = {default}"] if default != "None" else []
        elif default != "None":
            lines.append(f"if v is None: v = {default}")
        return [*lines, f"m.{name} = v"]

    def _convert(self, annotation: Any, value: str, scratch: str, scope: dict[str, Any]) -> str:
        """Return the expression that reads a value of a type; a value that needs nothing is its own expression."""
        if len(models := [kind for kind in branches(annotation) if attrs.has(kind)]) > 1:
            scope[scratch] = self._chooser(models)
            return f"{scratch}({value})"
        for kind in branches(annotation):
            if kind is datetime:
                return f"when({value}) if {value}.__class__ is str else {value}"
            if isinstance(kind, type) and attrs.has(kind):
                scope[scratch] = self._hook(kind)
                return f"{scratch}({value})"
            if get_origin(kind) in (Sequence, Mapping):
                inner = self._convert(get_args(kind)[-1], "x", scratch, scope)
                if inner == "x":
                    continue
                if get_origin(kind) is Mapping:
                    return f"{{k: {inner} for k, x in {value}.items()}} if {value}.__class__ is dict else {value}"
                return f"[{inner} for x in {value}] if {value}.__class__ is list else {value}"
        return value

    def _hook(self, kind: type) -> Hook:
        if ("read", kind) in self._making:  # a class that holds itself
            return lambda value: self._converter.get_structure_hook(kind)(value, kind)
        hook: Hook = self._converter.get_structure_hook(kind)
        return hook if hook in self._ours else lambda value: hook(value, kind)

    def _chooser(self, kinds: Sequence[type]) -> Hook:
        """Return the reader of a union whose classes are told apart by the word in `type`; others stay as they came."""
        readers = {
            word: self._hook(kind)
            for kind in kinds
            for option in branches(hints(kind)["type"])
            for word in get_args(option)
        }

        def choose(value: Any) -> Any:
            word = value.get("type") if value.__class__ is dict else None
            return readers[word](value) if word.__class__ is str and word in readers else value

        return choose

    def _payload_reader(self) -> Hook:
        from talon_async.models import CATALOG_ACTIONS  # noqa: PLC0415  # models load on first use

        readers = {word: self._hook(kind) for word, kind in CATALOG_ACTIONS.items()}

        def payload_of(action: dict[str, Any]) -> Any:
            word, payload = action.get("type"), action.get("payload")
            return readers[word](payload) if word.__class__ is str and word in readers else payload

        return payload_of

    def _props_reader(self) -> Hook:
        from talon_async.models.effects import EFFECT_PROPS, UnknownEffectProps  # noqa: PLC0415

        readers: dict[str, Hook] = {}

        def props_of(effect: dict[str, Any]) -> Any:
            props: Any = effect.get("props")
            kind: Any = effect.get("effectType")
            try:
                read = readers.get(kind)
                if read is None:
                    read = readers[kind] = self._hook(EFFECT_PROPS[kind])
                if props.__class__ is dict:
                    return read(props)
            except (Misfit, KeyError, TypeError):
                pass
            return UnknownEffectProps(raw=props)

        return props_of

    def _checks(self, cls: type) -> list[str]:
        """Return the lines that hold the fields of effect props to their types."""
        tests = [_test(f"m.{a.name}", hints(cls)[a.name], required=is_required(a)) for a in attrs.fields(cls)]
        return [f"if not ({test}): raise Misfit" for test in tests if test]

    # -- writing

    def writer(self, cls: type) -> Hook:
        """Return the function that makes a dict from a `cls`."""
        from talon_async.models import EventEffect  # noqa: PLC0415  # models load on first use
        from talon_async.models.effects import UnknownEffectProps  # noqa: PLC0415

        special: dict[type, Hook] = {EventEffect: _write_event_effect, UnknownEffectProps: lambda props: props.raw}
        if cls in special:
            return special[cls]
        scope: dict[str, Any] = {"NULL": NULL, "listed": listed, "mapped": mapped, "other": self._write_other}
        self._making.add(("write", cls))
        lines = ["def write(m):", "    o = {}"]
        for attribute in attrs.fields(cls):
            name = attribute.name
            expression = self._write(hints(cls)[name], "v", f"{name}_", scope, name)
            lines.append(f"    v = m.{name}")
            if (limit := attribute.metadata.get(LIMIT)) is not None:
                scope[f"{name}_limit"] = _within(wire_name(attribute), limit)
                lines.append(f"    if v is not None: {name}_limit(v)")
            lines.append(f"    if v is not None: o[{wire_name(attribute)!r}] = {expression}")
        return self._compile("\n".join([*lines, "    return o"]), "write", cls, scope)

    def _write(self, annotation: Any, value: str, scratch: str, scope: dict[str, Any], name: str) -> str:
        if is_effect_props(annotation):
            return f"other({value})"
        for kind in branches(annotation):
            if isinstance(kind, type) and attrs.has(kind):
                scope[scratch], scope[f"{scratch}class"] = self._writer_of(kind), kind
                return f"({scratch}({value}) if {value}.__class__ is {scratch}class else other({value}))"
            if get_origin(kind) in (Mapping, Sequence):
                inner = self._write(get_args(kind)[-1], "x", scratch, scope, name)
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

    def _writer_of(self, kind: type) -> Hook:
        if ("write", kind) in self._making:  # a class that holds itself
            return self._write_other
        return self._converter.get_unstructure_hook(kind)

    def _write_other(self, value: Any) -> Any:
        """Write what stands where a model is expected: NULL, a plain dict, an answer's odd value."""
        return self._writer_of(type(value))(value) if attrs.has(type(value)) else value

    # -- both

    def _compile(self, source: str, name: str, cls: type, scope: dict[str, Any]) -> Hook:
        scope["Misfit"] = Misfit
        exec(compile(source, f"<{name} {cls.__name__}>", "exec"), scope)  # noqa: S102  # the source is ours
        hook: Hook = scope[name]
        self._ours.add(hook)
        self._making.discard((name, cls))
        return hook


@cache
def _twin(cls: type) -> type:
    """Return a class of the same layout whose fields can be set."""
    return type(cls.__name__, (cls,), {"__slots__": (), "__setattr__": object.__setattr__})


def _empty(attribute: attrs.Attribute[Any]) -> str:
    factory: Any = getattr(attribute.default, "factory", None)
    return {list: "[]", dict: "{}"}.get(factory, "None")


def _checked(cls: type) -> bool:
    from talon_async.models.effects import EFFECT_PROPS  # noqa: PLC0415  # models load on first use

    return cls in EFFECT_PROPS.values()


def _test(value: str, annotation: Any, *, required: bool) -> str:
    """Return the condition under which a value is of a type; times are judged by nobody."""
    allowed: list[str] = []
    for kind in branches(annotation):
        origin = get_origin(kind) or kind
        if origin in (Any, datetime):
            return f"{value} is not None" if required and origin is not Any else ""
        classes = {
            float: "(float, int)",
            Sequence: "(list,)",
            Mapping: "(dict,)",
            int: "(int, float)",
            Literal: "(str,)",
        }
        allowed.append(classes.get(origin, f"({origin.__name__},)") if not attrs.has(origin) else "(cls,)")
    test = " or ".join(f"{value}.__class__ in {kinds}" for kinds in allowed)
    return test if required else f"{value} is None or {test}"


def _read_event_effect(value: Any, _: Any = None) -> Any:
    """Read a V1 effect, `[campaign, ruleset, rule, [name, *args]]`; any other shape stays as it came."""
    from talon_async.models import EventEffect  # noqa: PLC0415  # models load on first use

    match value:
        case [int(campaign), int(ruleset), int(rule), [str(name), *args]]:
            return EventEffect(campaign_id=campaign, ruleset_id=ruleset, rule_index=rule, name=name, args=args)
        case _:
            return value


def _write_event_effect(effect: Any) -> Any:
    return [effect.campaign_id, effect.ruleset_id, effect.rule_index, [effect.name, *effect.args]]
