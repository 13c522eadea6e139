"""Answers that are not as documented: they are delivered, and no value in them changes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from properties.strategies import INTEGERS, JSON, MODELS, NOT_OBJECTS, WORDS, branches, complete

from talon_async import from_json, to_json
from talon_async._codec import decode
from talon_async._endpoint import endpoints_of
from talon_async.client import TalonOne
from talon_async.errors import InvalidArgumentError, UnreadableAnswerError
from talon_async.models import (
    CATALOG_ACTIONS,
    EFFECT_PROPS,
    AcceptCouponEffectProps,
    CatalogAction,
    CustomerProfile,
    Effect,
    EventEffect,
    IntegrationStateV2,
    UnknownEffectProps,
)
from talon_async.models._base import wire_name

ANSWERS = {
    kind.__name__: kind
    for stub in endpoints_of(TalonOne).values()
    for kind in branches(stub.returns)
    if attrs.has(kind)
}
OBJECTS = [cls for name, cls in MODELS.items() if name not in NOT_OBJECTS]
each_answer = pytest.mark.parametrize("cls", ANSWERS.values(), ids=ANSWERS)

Path = tuple[str | int, ...]


def paths(value: Any, above: Path = ()) -> Iterator[Path]:
    """List the places in a JSON value."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*above, step)
        yield from paths(inner, (*above, step))


def nested(depth: int) -> Any:
    """Return lists and maps in each other."""
    value: Any = "deep"
    for _ in range(depth):
        value = [{"deeper": value}]
    return value


GONE = "(gone)"
"""Instead of a value: its key is left out."""
ODD: list[Any] = [
    *[None, GONE, "", "text", 0, -1, 1.0, 1.5, 1e308, True, False, [], {}, [[]], [None], ["text"], [{}], {"a": None}],
    *[2**53 + 1, 2**63, 2**64 - 1, nested(50), {"effectType": "setDiscount"}, [1, 2, 3, ["name"]], [1, 2, 3, "name"]],
    *["2026-13-45T99:99:99Z", "2026-08-01T12:30:15", "2026-08-01", "12:30", "immediate", "2022-01-02T15:04:05Z07:00"],
    *["0001-01-01T00:00:00Z", "2026-08-01T12:30:15.123456789+14:00"],
]
NEW_VALUES = st.sampled_from(ODD) | INTEGERS | JSON
MUTATIONS = st.lists(
    st.tuples(st.integers(0, 10**6), st.sampled_from(["instead", "instead", "beside"]), NEW_VALUES),
    min_size=1,
    max_size=4,
)
"""Where, among all places of an answer, what is put, and whether under a new name."""


@cache
def documented(cls: type[Any]) -> tuple[str, list[Path]]:
    """Return an answer with every field, and all places in it."""
    return json.dumps(complete(cls)), list(paths(complete(cls)))


def tries(cls: type[Any], most: int) -> settings:
    """Try the cases of an answer, more of them for a larger answer."""
    return settings(max_examples=min(most, 5 + len(documented(cls)[1]) // 6))


def mutated(cls: type[Any], mutations: list[tuple[int, str, Any]]) -> Any:
    """Return an answer with every field, some of which have another value, are missing, or have unknown neighbours."""
    text, places = documented(cls)
    answer = json.loads(text)
    for number, how, new in mutations:
        *above, last = places[number % len(places)]
        holder = answer
        try:
            for step in above:
                holder = holder[step]
            if how == "beside" and isinstance(holder, dict):
                holder["newField"] = new
            elif new == GONE:
                del holder[last]
            else:
                holder[last] = deepcopy(new)
        except (KeyError, IndexError, TypeError):
            pass  # an earlier one has taken the place away
    return answer


def identical(one: Any, other: Any) -> bool:
    """Tell whether two values of JSON are the same, of the same types."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(identical(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(identical, one, other))
    return bool(one == other)


def is_when(text: str, value: Any) -> bool:
    """Tell whether a value is the time that a text says, or the text."""
    if not isinstance(value, datetime):
        return identical(text, value)
    return value.tzinfo is not None and value == datetime.fromisoformat(text)


hints_of = cache(get_type_hints)


@cache
def parts(hint: Any) -> tuple[Any, ...]:
    """Split a union; a list or map is one part."""
    return (hint,) if get_origin(hint) in (None, Sequence, Mapping, Literal) else get_args(hint)


def kinds_of(hint: Any, value: Any) -> Sequence[Any]:
    """Return what a value may be; of several models, the one whose word it has."""
    kinds = parts(hint)
    if sum(map(attrs.has, kinds)) <= 1:
        return kinds
    return [kind for kind in kinds if isinstance(value, dict) and value.get("type") == WORDS.get(kind)]


def changed(value: Any, read: Any, hint: Any, where: str = "") -> Iterator[str]:
    """Name the places where a model differs from the JSON that it was read from."""
    same = identical(value, read)
    for kind in kinds_of(hint, value):
        origin = get_origin(kind) or kind
        match value:
            case str() if kind is datetime:
                same = is_when(value, read)
            case list() if kind is EventEffect and isinstance(read, EventEffect):
                same = identical(value, [read.campaign_id, read.ruleset_id, read.rule_index, [read.name, *read.args]])
            case list() if origin is Sequence:
                pairs = enumerate(zip(value, read, strict=True))
                return (yield from _each(((i, one, other) for i, (one, other) in pairs), get_args(kind)[0], where))
            case dict() if origin is Mapping:
                assert value.keys() == read.keys(), where
                return (yield from _each(((k, v, read[k]) for k, v in value.items()), get_args(kind)[1], where))
            case dict() if attrs.has(origin) and kind is not EventEffect:
                assert type(read) is kind, where
                return (yield from changed_fields(value, read, kind, where))
    if not same:
        yield f"{where}: {value!r} became {read!r}"


def _each(pairs: Iterable[tuple[Any, Any, Any]], hint: Any, where: str) -> Iterator[str]:
    for step, value, read in pairs:
        yield from changed(value, read, hint, f"{where}/{step}")


def changed_fields(given_: dict[str, Any], read: Any, cls: type[Any], where: str) -> Iterator[str]:
    """Name the fields of an object that differ; a field that is absent or null is empty."""
    hints = hints_of(cls)
    for field in attrs.fields(cls):
        value, held = given_.get(wire_name(field)), getattr(read, field.name)
        place = f"{where}/{wire_name(field)}"
        if field.name == "props" and isinstance(held, UnknownEffectProps):
            yield from () if identical(value, held.raw) else (f"{place}: {value!r} became {held!r}",)
        elif field.name == "props":
            assert type(held) is EFFECT_PROPS[given_["effectType"]], place
            yield from changed(value, held, type(held), place)
        elif cls is CatalogAction and field.name == "payload":
            yield from changed(value, held, payload_of(given_.get("type")), place)
        elif value is None:
            yield from () if held in (None, [], {}) else (f"{place}: nothing became {held!r}",)
        else:
            yield from changed(value, held, hints[field.name], place)


def payload_of(word: Any) -> Any:
    """Return what a catalog action of a type holds; any JSON if the type is unknown."""
    return CATALOG_ACTIONS.get(word, Any) if isinstance(word, str) else Any


@each_answer
def test_answer_is_read_completely_when_all_of_it_is_as_documented(cls: type[Any]) -> None:
    """An answer with every field is read with every field."""
    read = decode(json.dumps(complete(cls)).encode(), cls, strict=False)
    assert list(changed(complete(cls), read, cls)) == []
    assert all(getattr(read, field.name) for field in attrs.fields(cls))


@pytest.mark.parametrize("cls", OBJECTS, ids=lambda cls: cls.__name__)
def test_nothing_changes_when_a_field_is_not_as_documented(cls: type[Any]) -> None:
    """Every odd value in any field of any model, also in the props of an effect, is read unchanged."""
    effect_type = next((name for name, props in EFFECT_PROPS.items() if props is cls), "")
    sample = complete(cls)
    for name in sample:
        for value in ODD:
            answer = {**(sample if effect_type else {}), name: value}
            if value == GONE:
                del answer[name]
            answer = {"effectType": effect_type, "props": answer} if effect_type else answer
            read = from_json(json.dumps(answer), Effect if effect_type else cls)
            assert list(changed(answer, read, type(read))) == []


@each_answer
def test_nothing_changes_when_an_answer_is_not_as_documented(cls: type[Any]) -> None:
    """An answer with any changes is read without an error, and every value in it is unchanged."""

    @tries(cls, 25)
    @given(MUTATIONS)
    def delivered(mutations: Any) -> None:
        answer = mutated(cls, mutations)
        read = decode(json.dumps(answer).encode(), cls)
        assert list(changed(answer, read, cls)) == []

    delivered()


@each_answer
def test_odd_answer_is_written_again_when_it_can_be(cls: type[Any]) -> None:
    """Writing a model of an odd answer gives JSON that reads the same, or an error that names the field."""

    @tries(cls, 15)
    @given(MUTATIONS)
    def written(mutations: Any) -> None:
        read = from_json(json.dumps(mutated(cls, mutations)), cls)
        try:
            again = to_json(read)
        except InvalidArgumentError:
            return
        assert read == from_json(again, cls)

    written()


@given(st.integers(-(2**63), 2**64 - 1))
@example(2**64 - 1)
@example(-(2**63))
@example(2**53 + 1)
def test_number_is_the_same_when_it_fills_a_machine_word(number: int) -> None:
    """A whole number of 64 bits is read exactly."""
    read = decode(json.dumps({"id": number, "attributes": {"own": number}}).encode(), CustomerProfile)
    assert (number, int) == (read.id, type(read.id))
    assert {"own": number} == read.attributes


@given(JSON.filter(lambda value: not isinstance(value, dict)))
def test_answer_is_unreadable_when_it_is_no_object(value: Any) -> None:
    """An answer that is JSON but no object raises an UnreadableAnswerError."""
    with pytest.raises(UnreadableAnswerError):
        decode(json.dumps(value).encode(), IntegrationStateV2)


def test_props_can_be_read_alone_when_they_do_not_fit() -> None:
    """Tolerant reading of props that do not fit their class raises only errors of its own."""
    with contextlib.suppress(UnreadableAnswerError):
        from_json(b"{}", AcceptCouponEffectProps)
