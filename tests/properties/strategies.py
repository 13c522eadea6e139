"""Makes values for the properties: any JSON, any model from its own types, any sample with every field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import attrs
from hypothesis import strategies as st

from talon_async import models
from talon_async.models import EFFECT_PROPS, AcceptCouponEffectProps, Effect, EventEffect, UnknownEffectProps
from talon_async.models._base import wire_name

MODELS: dict[str, type[Any]] = {name: value for name in models.__all__ if attrs.has(value := getattr(models, name))}
NOT_OBJECTS = {"EventEffect", "UnknownEffectProps"}
"""Classes that are a list, or anything, in JSON: they stand only inside an event or an effect."""

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
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    Any: JSON,
    NoneType: st.none(),
    bool: st.booleans(),
    datetime: TIMES,
    float: NUMBERS,
    int: INTEGERS,
    str: st.text(max_size=12),
}


def of(hint: Any) -> st.SearchStrategy[Any]:
    """Make values of a type."""
    arguments = get_args(hint)
    if get_origin(hint) is Literal:
        return st.sampled_from(arguments)
    if get_origin(hint) is Sequence:
        return st.lists(of(arguments[0]), max_size=2)
    if get_origin(hint) is Mapping:
        return st.dictionaries(KEYS, of(arguments[1]), max_size=2)
    if arguments:
        return st.one_of(*map(of, sorted(arguments, key=lambda argument: argument is not NoneType)))
    return PLAIN[hint] if hint in PLAIN else instances(hint)


@cache
def instances(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Make instances of a model; the props of an effect fit its type, or the type is one nobody knows."""
    hints = get_type_hints(cls)
    if cls is not Effect:
        return st.builds(cls, **{name: of(hint) for name, hint in hints.items()})
    rest = {name: of(hint) for name, hint in hints.items() if name not in ("effect_type", "props")}
    known = [
        st.builds(cls, **rest, effect_type=st.just(name), props=instances(props))
        for name, props in EFFECT_PROPS.items()
    ]
    new = st.text(max_size=12).filter(lambda name: name not in EFFECT_PROPS)
    return st.one_of(st.builds(cls, **rest, effect_type=new, props=st.builds(UnknownEffectProps, raw=JSON)), *known)


def sample(hint: Any) -> Any:
    """Return one value of a type, as an answer would have it in JSON."""
    arguments = get_args(hint)
    if get_origin(hint) is Literal:
        return arguments[0]
    if hint == Sequence[Effect]:
        types = [*EFFECT_PROPS.items(), ("newerThanThisRelease", AcceptCouponEffectProps)]
        return [complete(Effect) | {"effectType": name, "props": complete(props)} for name, props in types]
    if get_origin(hint) is Sequence:
        return [sample(arguments[0]) for _ in range(2)]
    if get_origin(hint) is Mapping:
        return {"userKey": sample(arguments[1]), "user_key": sample(arguments[1])}
    if arguments:
        return sample(next(argument for argument in arguments if argument is not NoneType))
    time = datetime(2026, 8, 1, 12, 30, 15, 123456, UTC).isoformat()
    plain = {str: "text", int: 7, float: 1.5, bool: True, datetime: time, Any: {"any": [None, 1, "x"]}}
    return plain[hint] if hint in plain else complete(hint)


def complete(cls: type[Any]) -> Any:
    """Return a model with every field, as it stands in JSON."""
    if cls is EventEffect:
        return [1, 2, 3, ["setDiscount", "10%", 2.5]]
    hints = get_type_hints(cls)
    return {wire_name(field): sample(hints[field.name]) for field in attrs.fields(cls)}
