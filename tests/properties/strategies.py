"""Makes values for the properties: any JSON, any model within its types and limits, samples with every field."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs
from hypothesis import strategies as st

from talon_async import from_json, models
from talon_async._endpoint import Endpoint
from talon_async.models import (
    CATALOG_ACTIONS,
    EFFECT_PROPS,
    AcceptCouponEffectProps,
    CatalogAction,
    Effect,
    EventEffect,
    LabelTargetAudience,
    LabelTargetNone,
    UnknownEffectProps,
)
from talon_async.models._base import LIMIT, Limit, wire_name

MODELS: dict[str, type[Any]] = {name: value for name in models.__all__ if attrs.has(value := getattr(models, name))}
NOT_OBJECTS = {"EventEffect", "UnknownEffectProps"}
"""Classes that are a list, or anything, in JSON: they stand only inside an event or an effect."""

WORDS = {LabelTargetNone: "NONE", LabelTargetAudience: "AUDIENCE"}

INTEGERS = st.integers(-(2**63), 2**63 - 1)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(timezones=ZONES)
KEYS = st.sampled_from(["cart_items", "cartItems", "ID", "a b", "", "Größe", "🛒", "effectType"]) | st.text(max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | INTEGERS | NUMBERS | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
ALLOWED = "AZaz09._%+@-"
"""Characters of the one pattern that there is, that of loyalty cards."""
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    Any: JSON,
    NoneType: st.none(),
    bool: st.booleans(),
    datetime: TIMES,
    float: NUMBERS,
    int: INTEGERS,
    str: st.text(max_size=12),
}


def branches(hint: Any) -> tuple[Any, ...]:
    """Return what a value may be, besides None."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return tuple(kind for kind in kinds if kind is not NoneType)


def of(hint: Any, limit: Limit | None = None) -> st.SearchStrategy[Any]:
    """Make values of a type, within what a field of it may hold."""
    arguments = get_args(hint)
    if get_origin(hint) is Literal:
        return st.sampled_from(arguments)
    if get_origin(hint) is Sequence:
        least, most = (limit.least, limit.most) if limit else (0, None)
        each = of(arguments[0], limit and limit.each)
        return st.lists(each, min_size=least, max_size=least + 2 if most is None else min(least + 2, most))
    if get_origin(hint) is Mapping:
        return st.dictionaries(KEYS, of(arguments[1]), max_size=2)
    if arguments:
        kinds = sorted(arguments, key=lambda argument: argument is not NoneType)
        return st.one_of(*[of(kind, limit if kind is not NoneType else None) for kind in kinds])
    if limit:
        return within(hint, limit)
    return PLAIN[hint] if hint in PLAIN else instances(hint)


def within(kind: Any, limit: Limit) -> st.SearchStrategy[Any]:
    """Make the texts or numbers that are within a limit, often on its edge."""
    if limit.above is not None:
        return st.floats(min_value=limit.above, max_value=1e15, exclude_min=True)
    edges = st.sampled_from([limit.least, limit.least + 1, limit.least + 12 if limit.most is None else limit.most])
    if kind is int:
        return edges | st.integers(limit.least, limit.most if limit.most is not None else 2**63 - 1)
    alphabet = st.sampled_from(ALLOWED) if limit.pattern else st.characters(codec="utf-8")
    return st.text(alphabet, min_size=limit.least, max_size=limit.least + 12) | edges.map(lambda size: "x" * size)


@cache
def instances(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Make instances of a model.

    Its effects and catalog actions have the type of what they hold, or an unknown type.
    """
    hints = get_type_hints(cls)
    fields = {field.name: of(hints[field.name], field.metadata.get(LIMIT)) for field in attrs.fields(cls)}
    if cls is CatalogAction:
        return st.one_of(*[st.builds(cls, payload=instances(payload)) for payload in CATALOG_ACTIONS.values()])
    if cls in (LabelTargetNone, LabelTargetAudience):
        fields["type"] = st.just(WORDS[cls])  # without the type the two classes cannot be told apart
    if cls is not Effect:
        return st.builds(cls, **fields)
    rest = {name: values for name, values in fields.items() if name not in ("effect_type", "props")}
    known = [
        st.builds(cls, **rest, effect_type=st.just(name), props=instances(props))
        for name, props in EFFECT_PROPS.items()
    ]
    new = st.text(max_size=12).filter(lambda name: name not in EFFECT_PROPS)
    return st.one_of(st.builds(cls, **rest, effect_type=new, props=st.builds(UnknownEffectProps, raw=JSON)), *known)


def effects() -> list[Any]:
    """Return an effect of every type, and of one more, as they stand in JSON."""
    types = [*EFFECT_PROPS.items(), ("newerThanThisRelease", AcceptCouponEffectProps)]
    return [complete(Effect) | {"effectType": name, "props": complete(props)} for name, props in types]


def actions() -> list[Any]:
    """Return a catalog action of every type, as they stand in JSON."""
    return [{"type": name, "payload": complete(payload)} for name, payload in CATALOG_ACTIONS.items()]


MIXED: dict[Any, Callable[[], Any]] = {Sequence[Effect]: effects, Sequence[CatalogAction]: actions}
SAMPLES: dict[Any, Any] = {
    str: "text",
    int: 7,
    float: 1.5,
    bool: True,
    datetime: datetime(2026, 8, 1, 12, 30, 15, 123456, UTC).isoformat(),
    Any: {"any": [None, 1, "x"]},
}


def sample(hint: Any, limit: Limit | None = None) -> Any:
    """Return one value of a type, as an answer would have it in JSON."""
    arguments, kinds = get_args(hint), branches(hint)
    if hint in MIXED:
        return MIXED[hint]()
    if kinds != (hint,):
        return sample(LabelTargetAudience if LabelTargetAudience in kinds else kinds[0], limit)
    if get_origin(hint) is Literal:
        return arguments[0]
    if get_origin(hint) is Sequence:
        return [sample(arguments[0]) for _ in range(min(2, limit.most or 2) if limit else 2)]
    if get_origin(hint) is Mapping:
        return {"userKey": sample(arguments[1]), "user_key": sample(arguments[1])}
    return deepcopy(SAMPLES[hint]) if hint in SAMPLES else complete(hint)


def complete(cls: type[Any]) -> Any:
    """Return a model with every field, as it stands in JSON."""
    if cls is EventEffect:
        return [1, 2, 3, ["setDiscount", "10%", 2.5]]
    hints = get_type_hints(cls)
    return {wire_name(field): sample(hints[field.name], field.metadata.get(LIMIT)) for field in attrs.fields(cls)}


def filled(cls: type[Any]) -> Any:
    """Return a model with every field."""
    return from_json(json.dumps(complete(cls)), cls)


def arguments_of(stub: Endpoint) -> dict[str, Any]:
    """Return what an operation needs to be called with."""
    arguments: dict[str, Any] = {name: 7 if stub.types[name] is int else "text" for name in stub.path_parameters}
    for kind in stub.body_classes[:1]:
        arguments["body"] = filled(kind) if attrs.has(kind) else sample(kind)
    return arguments


async def trickling(source: Iterable[Any]) -> AsyncIterator[Any]:
    """Give items with pauses between them."""
    for item in source:
        await asyncio.sleep(0)
        yield item


def failing(source: Iterable[Any]) -> Iterator[Any]:
    """Give items, then raise."""
    yield from source
    raise KeyError("the file is broken")
