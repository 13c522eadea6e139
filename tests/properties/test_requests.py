"""Arguments of any content: what is sent is what was meant, or nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, get_args, get_origin, get_type_hints
from urllib.parse import unquote

import attrs
import pytest
import yarl
from hypothesis import example, given, settings
from hypothesis import strategies as st
from properties.strategies import JSON, complete

from talon_async import from_json, to_json
from talon_async._codec import encode
from talon_async._endpoint import Endpoint, endpoints_of
from talon_async.client import TalonOne
from talon_async.errors import InvalidArgumentError
from talon_async.models._base import wire_name

STUBS = endpoints_of(TalonOne)
ADDRESSED = {name: stub for name, stub in STUBS.items() if stub.path_parameters}


def below(cls: type[Any]) -> set[type[Any]]:
    """Return a model and every model in it."""
    found = {cls}
    hints: list[Any] = list(get_type_hints(cls).values())
    while hints:
        hint = hints.pop()
        hints += get_args(hint)
        if attrs.has(hint):
            found |= below(hint)
    return found


SENT = {inner.__name__: inner for stub in STUBS.values() for cls in stub.body_classes for inner in below(cls)}
FIELDS = [pytest.param(cls, f, id=f"{name}.{f.name}") for name, cls in sorted(SENT.items()) for f in attrs.fields(cls)]
LISTS = [
    (cls, name)
    for cls in SENT.values()
    for name, hint in get_type_hints(cls).items()
    if Sequence in map(get_origin, (hint, *get_args(hint)))
]
TEXTS = st.text(st.characters()) | st.text("./\\?#%&+ \x00\n:;=@", max_size=6)
"""Any text, with halves of characters too, and often with what has a meaning in addresses."""


def request_of(stub: Endpoint, path: Any, **options: Any) -> Any:
    """Make the request of an operation with one path parameter."""
    bodies = [from_json(json.dumps(complete(cls)), cls) for cls in stub.body_classes[:1]]
    return stub.request(path, *bodies, **options)


@pytest.mark.parametrize("stub", ADDRESSED.values(), ids=ADDRESSED)
def test_path_value_is_one_segment_when_it_is_any_text(stub: Endpoint) -> None:
    """A path value stays in its segment and says the same text, also after the address is taken apart again."""
    head, tail = stub.operation.path.split("{" + stub.path_parameters[0] + "}")

    @settings(max_examples=100)
    @example("a/../b")
    @example("%2e%2E")
    @example("\ud83d")
    @given(TEXTS)
    def addressed(text: str) -> None:
        try:
            target = request_of(stub, text).target
        except InvalidArgumentError:
            assert text in ("", ".", "..") or not _encodable(text)
            return
        segment = target.removeprefix(head).removesuffix(tail)
        assert target == head + segment + tail
        assert set() == set(segment) & set("/?#\\ ")
        assert segment not in ("", ".", "..")
        assert text == unquote(segment, errors="strict")
        assert target == yarl.URL(f"https://shop.example{target}", encoded=True).raw_path_qs

    addressed()


@pytest.mark.parametrize("stub", ADDRESSED.values(), ids=ADDRESSED)
@pytest.mark.parametrize("text", ["", ".", ".."])
def test_path_value_is_refused_when_it_would_address_something_else(stub: Endpoint, text: str) -> None:
    """An empty value and the dots are refused, with the parameter's name, before anything is sent."""
    with pytest.raises(InvalidArgumentError, match=stub.path_parameters[0]):
        request_of(stub, text)


def _encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


@given(st.text(st.characters()) | st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7F), max_size=300))
@example("")
@example("a" * 255)
@example("a" * 256)
@example("key\n")
@example("٣")
@example("!~")
@example("\x7f")
def test_idempotency_key_is_taken_only_when_all_of_it_is_visible_ascii(key: str) -> None:
    """A key has 1 to 255 characters, each visible ASCII; it is sent as it is or refused."""
    valid = 1 <= len(key) <= 255 and all(0x21 <= ord(character) <= 0x7E for character in key)
    try:
        sent = request_of(STUBS["update_customer_session_v2"], "s", idempotency_key=key).idempotency_key
    except InvalidArgumentError:
        assert not valid
    else:
        assert (True, key) == (valid, sent)


@pytest.mark.parametrize(("cls", "field"), FIELDS)
def test_body_is_sent_or_refused_when_a_field_holds_anything(cls: type[Any], field: Any) -> None:
    """Whatever a field is given, the body is JSON that has it, or the package's own error says why not."""
    body = from_json(json.dumps(complete(cls)), cls)

    @settings(max_examples=15)
    @example([1])
    @example("text")
    @example({"a": 1})
    @example([b"bytes"])
    @example({1: 2})
    @example({"a": float("nan")})
    @example("\ud800")
    @example({"a": {"\udfff": 1}})
    @example(2**64)
    @example(object())
    @given(JSON)
    def sent(value: Any) -> None:
        try:
            written = json.loads(encode(attrs.evolve(body, **{field.name: value})))
        except InvalidArgumentError:
            return
        assert (value is None) is (wire_name(field) not in written)

    sent()


@pytest.mark.parametrize("odd", ["text", "", 7, 0, {"a": 1}, {}], ids=repr)
def test_value_is_refused_when_a_list_is_expected(odd: Any) -> None:
    """What is no list is not sent as one, be it full or empty: the API would answer a 400 that says less."""
    assert LISTS
    for cls, name in LISTS:
        body = attrs.evolve(from_json(json.dumps(complete(cls)), cls), **{name: odd})
        with pytest.raises(InvalidArgumentError, match=name):
            to_json(body)
