"""Arguments of any content: the request says what was meant, or no request is made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import quote, unquote

import attrs
import pytest
import yarl
from hypothesis import example, given, settings
from hypothesis import strategies as st
from properties.strategies import INTEGERS, JSON, KEYS, arguments_of, branches, filled

from talon_async import NULL, from_json, to_json
from talon_async._codec import encode
from talon_async._endpoint import Endpoint, endpoints_of
from talon_async.client import TalonOne
from talon_async.errors import InvalidArgumentError
from talon_async.models import CartItem, CustomerProfileAudienceRequestItem, NewCustomerSessionV2
from talon_async.models._base import Limit, wire_name

STUBS = endpoints_of(TalonOne)
ADDRESSED = [
    pytest.param(stub, name, id=f"{stub.name}.{name}") for stub in STUBS.values() for name in stub.path_parameters
]
each_path_value = pytest.mark.parametrize(("stub", "name"), ADDRESSED)
NUMBERED = [(stub, name) for stub in STUBS.values() for name in stub.path_parameters if stub.types[name] is int]
TEXTUAL = [given_ for given_ in ADDRESSED if tuple(given_.values) not in NUMBERED]


def below(hint: Any) -> set[type[Any]]:
    """Return the models in a type, and every model in those."""
    hints = list(get_type_hints(hint).values()) if attrs.has(hint) else get_args(hint)
    return {hint for _ in [hint] if attrs.has(hint)}.union(*map(below, hints))


SENT = {inner.__name__: inner for stub in STUBS.values() for cls in stub.body_classes for inner in below(cls)}
FIELDS = [pytest.param(cls, f, id=f"{name}.{f.name}") for name, cls in sorted(SENT.items()) for f in attrs.fields(cls)]
LISTS = [
    pytest.param(cls, field, id=f"{name}.{field.name}")
    for name, cls in sorted(SENT.items())
    for field in attrs.fields(cls)
    if Sequence in map(get_origin, branches(get_type_hints(cls)[field.name]))
]


def words_of(cls: type[Any], field: Any) -> tuple[tuple[str, ...], bool]:
    """Return the words that a field, or each item of its list, must be one of, and whether it is a list."""
    (kind, *_) = branches(get_type_hints(cls)[field.name])
    is_list = get_origin(kind) is Sequence
    items = [
        part
        for option in (get_args(kind) if is_list else [get_type_hints(cls)[field.name]])
        for part in branches(option)
    ]
    closed = all(get_origin(part) is Literal for part in items)
    return (tuple(word for part in items for word in get_args(part)) if closed else ()), is_list


WORDED = [pytest.param(*given_.values, id=given_.id) for given_ in FIELDS if words_of(*given_.values)[0]]
TEXTS = st.text(st.characters()) | st.text("./\\?#%&+ \x00\n:;=@", max_size=6)
"""Any text, with halves of characters too, and often with what has a meaning in addresses."""


def request_of(stub: Endpoint, **given_: Any) -> Any:
    """Make the request of an operation, with something else for some of its arguments."""
    return stub.request(**arguments_of(stub) | given_)


def path_around(stub: Endpoint, name: str) -> tuple[str, str]:
    """Return the text before a path value and after it."""
    given_ = {other: quote(str(value)) for other, value in arguments_of(stub).items()}
    head, _, tail = stub.operation.path.partition("{" + name + "}")
    return head.format_map(given_), tail.format_map(given_)


@pytest.mark.parametrize(("stub", "name"), TEXTUAL)
def test_path_value_is_one_segment_when_it_is_any_text(stub: Endpoint, name: str) -> None:
    """A path value stays one segment with the same text, also after the URL is parsed again."""
    head, tail = path_around(stub, name)
    limit = stub.limits.get(name, Limit())

    @settings(max_examples=20)
    @example("a/../b")
    @example("%2e%2E")
    @example("\ud83d")
    @example("a" * 1000)
    @example("a" * 1001)
    @given(TEXTS)
    def addressed(text: str) -> None:
        try:
            target = request_of(stub, **{name: text}).target
        except InvalidArgumentError:
            assert text in ("", ".", "..") or not _encodable(text) or limit.refusal(text)
            return
        segment = target.removeprefix(head).removesuffix(tail)
        assert target == head + segment + tail
        assert set() == set(segment) & set("/?#\\ ")
        assert segment not in ("", ".", "..")
        assert text == unquote(segment, errors="strict")
        assert target == yarl.URL(f"https://shop.example{target}", encoded=True).raw_path_qs

    addressed()


@settings(max_examples=20)
@given(INTEGERS | st.integers())
@example(2**63 - 1)
@example(-(2**63))
@example(2**63)
def test_path_value_is_its_digits_when_it_is_a_number(number: int) -> None:
    """A number of 64 bits stands in the path with all its digits, and a larger one is refused by name."""
    for stub, name in NUMBERED:
        head, tail = path_around(stub, name)
        if -(2**63) <= number < 2**63:
            assert f"{head}{number}{tail}" == request_of(stub, **{name: number}).target
            continue
        with pytest.raises(InvalidArgumentError, match=f"{name} must be a whole number of 64 bits, not "):
            request_of(stub, **{name: number})


@each_path_value
def test_path_value_is_refused_when_it_is_of_another_type(stub: Endpoint, name: str) -> None:
    """A text is no number, also if it has digits only, and a number is no text."""
    wrong = "1" if stub.types[name] is int else 5
    with pytest.raises(InvalidArgumentError, match=f"{name} must be (a whole number|text).*, not '?{wrong}"):
        request_of(stub, **{name: wrong})


@each_path_value
def test_path_value_is_refused_when_it_would_address_something_else(stub: Endpoint, name: str) -> None:
    """An empty path value, one of dots, and one that is no ID are refused by name before anything is sent."""
    for value in ("", ".", "..", None, True, 1.5, b"bytes", ["list"]):
        with pytest.raises(InvalidArgumentError, match=name):
            request_of(stub, **{name: value})


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
    """A key of 1 to 255 visible ASCII characters is sent as it is, and any other key is refused."""
    valid = 1 <= len(key) <= 255 and all(0x21 <= ord(character) <= 0x7E for character in key)
    try:
        sent = request_of(STUBS["update_customer_session_v2"], idempotency_key=key).idempotency_key
    except InvalidArgumentError:
        assert not valid
    else:
        assert (True, key) == (valid, sent)


@pytest.mark.parametrize(("cls", "field"), FIELDS)
def test_body_is_sent_or_refused_when_a_field_holds_anything(cls: type[Any], field: Any) -> None:
    """Any value of a field makes a body that has it, or an error of the package. None is sent only as a value."""
    body = filled(cls)
    takes_null = field.default is attrs.NOTHING and get_type_hints(cls)[field.name] is Any

    @settings(max_examples=5)
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
        is_left_out = value is None and not takes_null
        assert is_left_out is (wire_name(field) not in written)

    sent()


@given(st.dictionaries(KEYS, JSON, max_size=4))
@example({"a": float("nan")})
@example({1: 2})
@example({"a": {"\udfff": 1}})
@example({"a": object()})
def test_body_is_untouched_when_it_is_a_mapping(body: dict[Any, Any]) -> None:
    """A body that is the user's own mapping is sent as it is, or refused with an error of the package."""
    (stub,) = [stub for stub in STUBS.values() if not all(map(attrs.has, stub.body_classes))]
    try:
        request = request_of(stub, body=body)
    except InvalidArgumentError:
        return
    assert body == json.loads(request.body)


@pytest.mark.parametrize(("cls", "field"), LISTS)
def test_value_is_refused_when_a_list_is_expected(cls: type[Any], field: Any) -> None:
    """A value that is no list is refused where a list is expected, be it empty or not."""
    body = filled(cls)
    for odd in ("text", "", 7, 0, {"a": 1}, {}):
        with pytest.raises(InvalidArgumentError, match=f"^{field.name} must be a list, not "):
            to_json(attrs.evolve(body, **{field.name: odd}))


@pytest.mark.parametrize(("cls", "field"), WORDED)
def test_word_is_refused_when_it_is_none_of_those_listed(cls: type[Any], field: Any) -> None:
    """A closed list of words is checked before anything is sent: every word of it is taken, and no other value."""
    words, is_list = words_of(cls, field)
    body = filled(cls)

    def written(value: Any) -> Any:
        given_ = [words[0], value] if is_list else value
        return json.loads(encode(attrs.evolve(body, **{field.name: given_})))[wire_name(field)]

    assert [*words] == [written(word)[-1] if is_list else written(word) for word in words]
    assert encode(attrs.evolve(body, **{field.name: NULL}))
    for odd in ("", words[0] + " ", words[0].swapcase(), 1, True, ["a"], {"a": 1}):
        with pytest.raises(
            InvalidArgumentError, match=rf"^{field.name}{' item 1' * is_list} must be .*{words[-1]}', not "
        ):
            written(odd)


@pytest.mark.parametrize(("cls", "field"), WORDED)
def test_unknown_word_is_kept_when_it_was_read(cls: type[Any], field: Any) -> None:
    """A word that was read is written again by `to_json`, also if this release does not know it."""
    _, is_list = words_of(cls, field)
    stored = {wire_name(field): ["new"] if is_list else "new"}
    assert stored.items() <= json.loads(to_json(from_json(json.dumps(stored), cls))).items()


def test_number_is_refused_when_its_field_takes_text_of_a_certain_length() -> None:
    """A number is no text of some length, and a text is no number above a bound."""
    for cls, wrong in (
        (NewCustomerSessionV2, {"referral_code": 5}),
        (CustomerProfileAudienceRequestItem, {"profile_integration_id": True}),
    ):
        with pytest.raises(InvalidArgumentError, match="must be text, not (5|True)"):
            encode(attrs.evolve(filled(cls), **wrong))
    with pytest.raises(InvalidArgumentError, match="quantity must be a whole number of 64 bits, not 'two'"):
        encode(attrs.evolve(filled(CartItem), quantity="two"))
