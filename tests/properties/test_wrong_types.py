"""JSON of the wrong types: each reader raises its own error and no other."""

from __future__ import annotations

import asyncio
import contextlib
import json
import pickle
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, get_origin

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.strategies import JSON, complete
from properties.test_odd_answers import GONE, MUTATIONS, OBJECTS, ODD, each_answer, mutated, paths

from talon_async import TalonOne, from_json, to_json
from talon_async._codec import decoder
from talon_async._endpoint import endpoints_of
from talon_async._messages import Answer, Failure
from talon_async.errors import APIError, UnreadableAnswerError, error_for
from talon_async.models import (
    BestPriorPrice,
    CatalogAction,
    Coupon,
    Effect,
    EventEffect,
    IntegrationStateV2,
    UnknownEffectProps,
)
from talon_async.models._base import wire_name
from talon_async.testing import Sandbox
from talon_async.webhooks import NOTIFICATIONS, InvalidNotificationError, parse

STUBS = endpoints_of(TalonOne)
RETURNS = {name: stub.returns for name, stub in STUBS.items()}
RAW = [
    *[b"1e400", b"-1e400", b"9" * 400, b"-" + b"9" * 30, b"NaN", b"-Infinity", b"-0", b"tru", b""],
    *[b'"\\ud800"', b'"\\udc00\\ud800"', b'"\xff"', b'"\\u0000"', b'"unclosed'],
    *[b"[" * 1000 + b"]" * 1000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 2000 + b"1" + b"}" * 2000],
]
"""Texts that are no JSON, or that few readers can hold."""
MARK = "@@"
MODES = [{"strict": strict, "lazy": lazy} for strict in (True, False) for lazy in (True, False)]


def look(body: bytes, returns: Any) -> None:
    """Read a body in every way, also its lazy effects."""
    for mode in MODES:
        with contextlib.suppress(UnreadableAnswerError):
            read = decoder(returns)(body, **mode)
            if isinstance(effects := getattr(read, "effects", None), Sequence):
                list(effects)


def with_wrong_values(value: Any) -> Iterator[bytes]:
    """Write a JSON value with each wrong value in each of its places, and the wrong values alone."""
    yield from (json.dumps(odd).encode() for odd in ODD)
    yield from RAW
    text = json.dumps(value)
    for *above, last in paths(value):
        for odd in [*ODD, MARK]:
            changed = json.loads(text)
            holder = changed
            for step in above:
                holder = holder[step]
            if odd == GONE:
                del holder[last]
            else:
                holder[last] = odd
            body = json.dumps(changed).encode()
            if odd == MARK:
                yield from (body.replace(json.dumps(MARK).encode(), raw) for raw in RAW)
            else:
                yield body


@pytest.mark.parametrize("kind", [{"x": 1}, ["setDiscount"], 1, 1.5, True, None])
def test_strict_reading_is_refused_when_a_type_is_no_text(kind: Any) -> None:
    """Strict reading reports an effect's or a catalog action's type that is no text as a problem."""
    with pytest.raises(UnreadableAnswerError, match="is not a known effect type"):
        decoder(IntegrationStateV2)(json.dumps({"effects": [{"effectType": kind}]}).encode(), strict=True)
    if kind is not None:
        with pytest.raises(UnreadableAnswerError, match="/type: must be"):
            from_json(json.dumps({"type": kind, "payload": {}}), CatalogAction, strict=True)


@pytest.mark.parametrize("cls", OBJECTS, ids=lambda cls: cls.__name__)
def test_only_the_own_error_is_raised_when_a_field_has_a_wrong_type(cls: type[Any]) -> None:
    """Any odd value in any field of any model is read or raises `UnreadableAnswerError`, strict or not."""
    for name in complete(cls):
        for odd in ODD:
            with contextlib.suppress(UnreadableAnswerError):
                decoder(cls)(json.dumps({name: odd}).encode(), strict=True)


@pytest.mark.parametrize("returns", RETURNS.values(), ids=RETURNS)
def test_only_the_own_error_is_raised_when_an_answer_is_no_json(returns: Any) -> None:
    """A text that is no JSON, alone or in a field, is read or raises `UnreadableAnswerError`, strict or not."""
    for raw in RAW:
        look(raw, returns)
        look(b'{"effects": [%b], "data": %b, "id": %b}' % (raw, raw, raw), returns)
    for odd in ODD:
        look(json.dumps(odd).encode(), returns)


@each_answer
def test_only_the_own_error_is_raised_when_any_place_has_a_wrong_type(cls: type[Any]) -> None:
    """An answer with any changes is read or raises `UnreadableAnswerError`, strict or not, lazy or not."""

    @settings(max_examples=20)
    @given(MUTATIONS)
    def read(mutations: Any) -> None:
        look(json.dumps(mutated(cls, mutations)).encode(), cls)

    read()


def test_only_the_own_error_is_raised_when_a_place_of_an_effect_has_a_wrong_type() -> None:
    """Any wrong value in any place of an effect is read or raises `UnreadableAnswerError`."""
    for body in with_wrong_values({"effects": [complete(Effect) | {"effectType": "setDiscount"}]}):
        look(body, IntegrationStateV2)


@cache
def notified(name: str) -> dict[str, Any]:
    """Return a notification with every field, as it stands in JSON."""
    fields = complete(NOTIFICATIONS[name])
    return {key: value for key, value in fields.items() if key not in {"id", "raw"}} | {"NotificationType": name}


@pytest.mark.parametrize("name", NOTIFICATIONS)
def test_a_notification_is_read_when_any_place_has_a_wrong_type(name: str) -> None:
    """Every JSON object is read as a notification, and everything else raises an `InvalidNotificationError`."""
    places = list(paths(notified(name)))

    @settings(max_examples=60)
    @given(st.integers(0, len(places) - 1), st.sampled_from(ODD), st.sampled_from(RAW))
    def read(number: int, odd: Any, raw: bytes) -> None:
        value = json.loads(json.dumps(notified(name)))
        *above, last = places[number]
        holder = value
        for step in above:
            holder = holder[step]
        holder[last] = odd
        assert value == parse(json.dumps(value), {}).raw
        holder[last] = MARK
        with contextlib.suppress(InvalidNotificationError):
            parse(json.dumps(value).encode().replace(json.dumps(MARK).encode(), raw), {})

    read()


@pytest.mark.parametrize("body", [*(json.dumps(odd) for odd in ODD), *RAW, "\ud800", '{"a": "\ud800"}'])
def test_only_the_own_error_is_raised_when_a_body_is_no_notification(body: str | bytes) -> None:
    """A body that is no JSON object raises an `InvalidNotificationError`, also as text that cannot be encoded."""
    with contextlib.suppress(InvalidNotificationError):
        assert isinstance(parse(body, {}).raw, dict)


@pytest.mark.parametrize("body", [None, 5, {}])
def test_reading_says_what_it_needs_when_it_gets_no_text(body: Any) -> None:
    """Reading a value that is neither text nor bytes raises an error that says so."""
    with pytest.raises(TypeError, match="bytes-like object is required"):
        from_json(body, IntegrationStateV2)


def test_json_is_read_when_it_stands_in_another_kind_of_bytes() -> None:
    """A memoryview is read like bytes, and raises the same error if it is no JSON."""
    assert IntegrationStateV2() == from_json(memoryview(b"\xef\xbb\xbf{}"), IntegrationStateV2)  # type: ignore[arg-type]
    with pytest.raises(UnreadableAnswerError, match="unexpected end"):
        from_json(memoryview(b"["), IntegrationStateV2)  # type: ignore[arg-type]


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("cls", OBJECTS, ids=lambda cls: cls.__name__)
def test_a_model_or_the_own_error_comes_when_any_text_is_read(cls: type[Any], strict: bool) -> None:
    """`from_json` returns an instance of the class, or raises `UnreadableAnswerError` that says nothing was sent."""
    for text in [*(json.dumps(odd) for odd in ODD), *RAW]:
        try:
            read: Any = from_json(text, cls, strict=strict)
        except UnreadableAnswerError as error:
            read = error
        if isinstance(read, UnreadableAnswerError):
            assert ("not_sent", Failure.FINAL) == (read.outcome, read.failure)
            assert read.message.startswith(f"the text cannot be read as {cls.__name__}: ")
        else:
            assert type(read) is cls


@pytest.mark.parametrize("cls", [EventEffect, UnknownEffectProps, int, str, dict, list[Coupon]])
@pytest.mark.parametrize("strict", [True, False])
def test_a_value_of_the_class_or_the_own_error_comes_when_the_class_is_no_object(cls: Any, strict: bool) -> None:
    """Classes that are not an object in JSON are read by the same rule."""
    for odd in (*ODD, [1, 2, 3, ["a"]], [5], {"a": 1}):
        try:
            read: Any = from_json(json.dumps(odd), cls, strict=strict)
        except UnreadableAnswerError as error:
            read = error
        assert isinstance(read, (UnreadableAnswerError, get_origin(cls) or cls))


def test_classes_that_are_no_object_are_equal_when_they_are_written_and_read_again() -> None:
    """A V1 effect and unknown props, which stand inside others, can be read by themselves."""
    effect = EventEffect(campaign_id=1, ruleset_id=2, rule_index=3, name="a", args=[None, 1.5])
    for model in (effect, UnknownEffectProps(raw={"a": None}), UnknownEffectProps(raw=[1])):
        assert model == from_json(to_json(model), type(model), strict=True)


def test_strict_reading_is_refused_when_an_item_of_a_listing_is_wrong() -> None:
    """The items of an answer that is a list are compared with the documents, too."""
    with pytest.raises(UnreadableAnswerError, match="/0/sku: must be text, not 5; /1: must be an object, not 'x'"):
        decoder(STUBS["best_prior_price"].returns)(
            json.dumps([complete(BestPriorPrice) | {"sku": 5}, "x"]).encode(), strict=True
        )


@pytest.mark.parametrize("word", ["set", "updateAttribute"])
def test_null_is_a_value_when_any_value_may_be_set(word: str) -> None:
    """An effect that sets null passes strict reading, and null is written again. Without a value it is refused."""
    body = {"effectType": word, "props": {"path": "Session.Attributes.note", "value": None}}
    with_null, without = [{"effects": [effect]} for effect in (body, {**body, "props": {"path": "p"}})]
    read = from_json(json.dumps(with_null), IntegrationStateV2, strict=True)
    assert body["props"] == json.loads(to_json(read))["effects"][0]["props"]
    with pytest.raises(UnreadableAnswerError, match="/effects/0/props/value: must be given"):
        from_json(json.dumps(without), IntegrationStateV2, strict=True)
    (effect,) = from_json(json.dumps(without), IntegrationStateV2).effects
    assert UnknownEffectProps(raw={"path": "p"}) == effect.props


@pytest.mark.parametrize("cls", [IntegrationStateV2, CatalogAction, Effect])
def test_strict_reading_raises_only_its_own_error_when_it_reads_any_json(cls: type[Any]) -> None:
    """Random JSON, alone and in the fields of a class, is read as an instance or refused with a short message."""
    names = st.sampled_from([wire_name(field) for field in attrs.fields(cls)])

    @settings(max_examples=100)
    @given(JSON | st.dictionaries(names, JSON, max_size=4) | st.dictionaries(names, st.lists(JSON, max_size=30)))
    def read(value: Any) -> None:
        try:
            result: Any = from_json(json.dumps(value), cls, strict=True)
        except UnreadableAnswerError as error:
            result = error
        assert isinstance(result, cls) or len(str(result)) < 5000

    read()


def test_message_is_short_when_strict_reading_finds_much() -> None:
    """A message has the first ten problems, the number of the others, and the end of a long pointer."""
    effects = [{"effectType": "x" * 10_000}] * 5000
    with pytest.raises(UnreadableAnswerError, match="; and 4990 more$") as caught:
        from_json(json.dumps({"effects": effects}), IntegrationStateV2, strict=True)
    assert len(str(caught.value)) < 2000
    body = json.dumps({"customerSession": {"additionalCosts": {"x" * 10_000: {"price": "dear"}}}})
    with pytest.raises(UnreadableAnswerError, match=r": \.\.\.x{194}/price: must be a number, not 'dear'$"):
        from_json(body, IntegrationStateV2, strict=True)


REFUSED = {
    "message": "m",
    "Error": "x",
    "StatusCode": 400,
    "errors": [
        {"title": "t", "details": "d", "detail": "d", "source": {"pointer": "/p", "parameter": "q", "line": "3"}}
    ],
}


@pytest.mark.parametrize("status", [302, 400, 401, 404, 409, 418, 500, 999])
def test_a_refusal_is_reported_when_any_place_of_it_has_a_wrong_type(status: int) -> None:
    """Any body of a refusal becomes an error that can be printed and pickled."""
    for body in with_wrong_values(REFUSED):
        error = error_for(Answer(status, {}, body))
        assert isinstance(error, APIError)
        assert str(error).encode()
        assert str(error) == str(pickle.loads(pickle.dumps(error)))


@pytest.mark.parametrize("kind", [{"x": 1}, ["ADD"], 1])
def test_the_sandbox_says_no_when_a_type_is_no_text(kind: Any) -> None:
    """The sandbox answers 400 to a catalog action whose type is no text."""
    body = json.dumps({"actions": [{"type": kind, "payload": {}}]}).encode()
    handler, headers = Sandbox()._handler, {"Authorization": "ApiKey-v1 sandbox"}
    answer = asyncio.run(handler.handle("PUT", "/v1/catalogs/7/sync", headers, body))
    assert answer
    assert 400 == answer.status
    assert "/actions/0/type" in answer.body.decode()
