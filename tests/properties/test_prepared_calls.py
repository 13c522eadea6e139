"""Prepared calls of every operation: their bytes and their pickles give the same calls again."""

from __future__ import annotations

import pickle
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties.strategies import arguments_of
from support.twins import KEY, OPERATIONS

from talon_async import PreparedCall, TalonOne
from talon_async._messages import Idempotency
from talon_async.bulk.calls import request_of
from talon_async.errors import InvalidArgumentError

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
KEYS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
TARGETS = st.from_regex(r"/([!-.0-~][!-~]{0,30})?", fullmatch=True)
CALLS = st.builds(
    PreparedCall[Any],
    operation=TEXT,
    target=TARGETS,
    body=st.none() | st.binary(max_size=60),
    ordering_keys=st.lists(TEXT, max_size=3).map(tuple),
    idempotency=st.sampled_from(Idempotency),
    idempotency_key=st.none() | KEYS,
    has_own_key=st.booleans(),
)


@given(CALLS)
def test_a_call_is_the_same_when_it_comes_back_from_bytes_or_a_pickle(call: PreparedCall[Any]) -> None:
    """A call that is read from its bytes or its pickle is equal to the original and has an equal hash."""
    for again in (PreparedCall[Any].from_bytes(bytes(call)), pickle.loads(pickle.dumps(call))):
        assert (call, hash(call), bytes(call)) == (again, hash(again), bytes(again))


@given(CALLS, KEYS)
def test_the_fingerprint_is_the_same_when_only_a_made_key_differs(call: PreparedCall[Any], key: str) -> None:
    """A call with another made key has the same fingerprint.

    `with_key` does not replace a key that the caller chose.
    """
    other = call.with_key(key)
    assert call.fingerprint == other.fingerprint
    assert other.idempotency_key == (call.idempotency_key if call.has_own_key or call.idempotency_key is None else key)


@given(st.binary(max_size=60) | CALLS.map(lambda call: bytes(call)[:-1] + b"\xff") | CALLS.map(lambda c: bytes(c)[:9]))
def test_other_bytes_are_refused_when_they_are_read_as_a_call(data: bytes) -> None:
    """Any bytes are refused with one kind of error, or become a call with the same bytes."""
    try:
        call = PreparedCall[Any].from_bytes(data)
    except InvalidArgumentError:
        return
    assert PreparedCall[Any].from_bytes(bytes(call)) == call


@given(CALLS)
def test_a_newer_form_is_refused_when_it_is_read(call: PreparedCall[Any]) -> None:
    """The first digit of a call's bytes is the version of their format, and a newer one is refused by name."""
    with pytest.raises(InvalidArgumentError, match="the format 2 of prepared calls"):
        PreparedCall[Any].from_bytes(b"2" + bytes(call)[1:])


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_request_is_the_same_when_a_call_was_prepared(name: str) -> None:
    """A prepared call holds the request that the method would send, without the host and the API key."""
    talon = TalonOne("https://shop.example", KEY)
    stub = OPERATIONS[name]
    arguments = arguments_of(stub)
    call = talon.prepare(getattr(talon, name))(**arguments)
    sent, direct = request_of(PreparedCall[Any].from_bytes(bytes(call)), TalonOne), stub.request(**arguments)
    for field in ("operation", "target", "body", "idempotency", "ordering_keys", "decode"):
        assert getattr(direct, field) == getattr(sent, field)
    assert (sent.idempotency_key is not None) == (stub.operation.idempotency is Idempotency.KEYED)
    assert KEY.encode() not in bytes(call)
    assert b"shop.example" not in bytes(call)


def test_an_unknown_operation_is_refused_when_a_call_names_it() -> None:
    """A call of an unknown operation is refused with its name, also if a method has that name."""
    for name in ("nothing", "aclose"):
        call: PreparedCall[Any] = PreparedCall(name, "/", None, (), Idempotency.SAFE, None)
        with pytest.raises(InvalidArgumentError, match=f"'{name}' is not an operation of TalonOne"):
            request_of(call, TalonOne)


HOSTILE = [
    "", "/", "//evil.example/v2/events", "http://evil.example/v2/events", "/v2/events HTTP/1.1\r\nX: y", "/v2/events\n",
    "/v2/events?a=\r\nX:y", "/v2/events?a= b", "/v2/events?ä", "/v1/events", "/v2/events/x", "v2/events",
]  # fmt: skip


@pytest.mark.parametrize("target", HOSTILE)
def test_a_target_is_refused_when_it_belongs_to_another_operation(target: str) -> None:
    """Bytes of a call cannot add a header or a request, nor name another host or operation."""
    call: PreparedCall[Any] = PreparedCall("track_event_v2", target, b"{}", (), Idempotency.KEYED, "k")
    with pytest.raises(InvalidArgumentError, match="target of this prepared call"):
        request_of(call, TalonOne)
    if target not in ("/", "/v1/events", "/v2/events/x"):
        with pytest.raises(InvalidArgumentError, match="damaged"):
            PreparedCall[Any].from_bytes(bytes(call))


@pytest.mark.parametrize("value", [".", "..", "", "a/b", "a b", "a?b/inventory", "ä"])
def test_a_target_is_refused_when_a_value_of_its_path_is_not_encoded(value: str) -> None:
    """A call with a path value that is not encoded is refused, because it would address another resource."""
    target = f"/v1/customer_profiles/{value}/inventory"
    with pytest.raises(InvalidArgumentError, match="target of this prepared call"):
        request_of(PreparedCall[Any]("get_customer_inventory", target, None, (), Idempotency.SAFE, None), TalonOne)


@pytest.mark.parametrize("value", ["...", ".a", "..a", "%2F", "a-b_c~d"])
def test_a_target_is_taken_when_the_values_of_its_path_are_encoded(value: str) -> None:
    """A call with encoded path values is read, also if dots in them look like steps to another resource."""
    target = f"/v1/customer_profiles/{value}/inventory?x=y"
    call: PreparedCall[Any] = PreparedCall("get_customer_inventory", target, None, (), Idempotency.SAFE, None)
    assert target == request_of(call, TalonOne).target


@pytest.mark.parametrize(
    ("name", "target", "claimed", "is_taken"),
    [
        ("track_event", "/v1/events", Idempotency.SAFE, False),
        ("track_event", "/v1/events", Idempotency.KEYED, False),
        ("track_event", "/v1/events", Idempotency.NEVER, True),
        ("track_event", "/v1/events?dry=true", Idempotency.SAFE, True),
        ("track_event", "/v1/events?dry=false", Idempotency.SAFE, False),
        ("create_referral", "/v1/referrals?dry=true", Idempotency.SAFE, False),
        ("track_event_v2", "/v2/events", Idempotency.UNIQUE, False),
        ("track_event_v2", "/v2/events", Idempotency.NEVER, True),
    ],
)
def test_a_call_is_refused_when_it_claims_to_be_safer_to_repeat(
    name: str, target: str, claimed: Idempotency, is_taken: bool
) -> None:
    """A call may be safer to repeat than its operation only if it is a dry run, which its operation must have."""
    call: PreparedCall[Any] = PreparedCall(name, target, b"{}", (), claimed, None)
    if is_taken:
        assert claimed is request_of(call, TalonOne).idempotency
    else:
        with pytest.raises(InvalidArgumentError, match=f"a call of {name} is not {claimed.value}"):
            request_of(call, TalonOne)


def test_an_idempotency_key_is_refused_when_it_is_no_header() -> None:
    """An idempotency key that cannot be a header is refused, also in a call that was never read from bytes."""
    call: PreparedCall[Any] = PreparedCall("track_event_v2", "/v2/events", b"", (), Idempotency.KEYED, "a\r\nX: y")
    with pytest.raises(InvalidArgumentError, match="idempotency_key"):
        request_of(call, TalonOne)


@given(CALLS, st.data())
def test_a_call_is_refused_when_its_bytes_were_cut_off(call: PreparedCall[Any], data: st.DataObject) -> None:
    """The bytes of a call are refused when they were cut off at any place, or when something follows."""
    record = bytes(call)
    for other in (record[: data.draw(st.integers(0, len(record) - 1))], record + b"x"):
        with pytest.raises(InvalidArgumentError):
            PreparedCall[Any].from_bytes(other)


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_a_call_is_read_when_its_bytes_are_of_another_kind(kind: Any) -> None:
    """A call that is read from a bytearray or a memoryview is equal to the original, and holds its own bytes."""
    call: PreparedCall[Any] = PreparedCall("track_event_v2", "/v2/events", b"{}", (), Idempotency.KEYED, "k")
    again = PreparedCall[Any].from_bytes(kind(bytes(call)))
    assert (call, bytes, hash(call)) == (again, type(again.body), hash(again))


@pytest.mark.parametrize("other", [None, "1[]", 5, [1]])
def test_an_argument_is_refused_when_a_call_is_read_from_no_bytes(other: Any) -> None:
    """A value that is no bytes is refused as an argument: the number five is not five bytes."""
    with pytest.raises(InvalidArgumentError, match="read from bytes, not"):
        PreparedCall[Any].from_bytes(other)


def test_the_repr_is_short_when_a_call_is_shown() -> None:
    """The repr of a call shows neither the customer's ID nor the body, and the call cannot be changed."""
    talon = TalonOne("https://shop.example", KEY)
    call = talon.prepare(talon.get_customer_inventory)("jane")
    assert "jane" not in repr(call)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        call.target = "/"  # type: ignore[misc]
