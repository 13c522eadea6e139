"""Arguments of any content: the request says what was meant, or no request is made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from typing import Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import quote, unquote

import attrs
import numpy as np
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


class Text(str):
    """A text of a user's own class."""

    __slots__ = ()


class Plain(Enum):
    """Words and numbers as members of an enum that is neither text nor number."""

    NAME, STATE, STATUS, NUMBER = "jane", "open", "active", 5


Named = Enum("Named", {"NAME": "jane"}, type=str)  # its `str` is another text


@pytest.mark.parametrize("name", [Named.NAME, Plain.NAME, Text("jane"), "jane"])
def test_value_of_a_member_is_sent_when_it_stands_anywhere(name: Any) -> None:
    """The value of an enum's member is sent in paths, queries and bodies, and orders the calls of a profile."""
    profile = request_of(STUBS["update_customer_profile_v2"], integration_id=name)
    assert ("/v2/customer_profiles/jane", ("profile:jane",)) == (profile.target, profile.ordering_keys)
    rewards = request_of(STUBS["integration_rewards_catalog"], profile_integration_id=name)
    assert "profileIntegrationId=jane" in rewards.target
    assert b'{"profileId":"jane"}' == encode(NewCustomerSessionV2(profile_id=name))


@pytest.mark.parametrize("word", [Plain.STATUS, Text("active"), np.str_("active")])
def test_word_is_taken_when_it_is_a_text_of_another_class(word: Any) -> None:
    """Members of enums and texts of other classes are words like plain texts."""
    assert "status=active" in request_of(STUBS["get_loyalty_card_points"], status=word).target
    state = Plain.STATE if word is Plain.STATUS else type(word)("open")
    assert b'{"state":"open"}' == encode(NewCustomerSessionV2(state=state))


@pytest.mark.parametrize("number", [Decimal("0.5"), Fraction(1, 2), np.float32(0.5)])
def test_number_is_written_in_digits_when_it_is_of_another_class(number: Any) -> None:
    """A number of any library is written in a query as its digits."""
    assert "pointsFrom=0.5" in request_of(STUBS["integration_rewards_catalog"], points_from=number).target


@pytest.mark.parametrize(
    "number", [Decimal("sNaN"), Decimal("Infinity"), Fraction(10**400), Decimal("5.5"), Decimal("1e-400"), Fraction(1, 2),
               np.datetime64("2026-01-01T00:00:00", "ns"), float("nan"), 2**63, 1j],
)  # fmt: skip
def test_number_is_refused_when_it_is_not_whole(number: Any) -> None:
    """What is no whole number of 64 bits is refused by name in a path, a query and a body, and raises nothing else."""
    for name, given_ in (("delete_audience_v2", "audience_id"), ("integration_rewards_catalog", "loyalty_program_id")):
        with pytest.raises(InvalidArgumentError, match=f"{given_} "):
            request_of(STUBS[name], **{given_: number})
    with pytest.raises(InvalidArgumentError, match="^quantity must be "):
        encode(attrs.evolve(filled(CartItem), quantity=number))


@pytest.mark.parametrize("number", [Decimal(-5), Decimal(0), np.int64(-1), IntEnum("Odd", {"NONE": 0}).NONE])
def test_limit_holds_when_a_number_is_of_another_class(number: Any) -> None:
    """A limit holds for numbers of any class."""
    with pytest.raises(InvalidArgumentError, match="^quantity must be 1 or more, not "):
        encode(attrs.evolve(filled(CartItem), quantity=number))
