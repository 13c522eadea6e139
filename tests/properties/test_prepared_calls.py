"""Prepared calls of every operation: their byte form and their pickles are the same calls again."""

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
CALLS = st.builds(
    PreparedCall[Any],
    operation=TEXT,
    target=TEXT,
    body=st.none() | st.binary(max_size=60),
    ordering_keys=st.lists(TEXT, max_size=3).map(tuple),
    idempotency=st.sampled_from(Idempotency),
    idempotency_key=st.none() | KEYS,
    has_own_key=st.booleans(),
)


@given(CALLS)
def test_a_call_is_the_same_when_it_comes_back_from_bytes_or_a_pickle(call: PreparedCall[Any]) -> None:
    """Nothing of it is lost: equal, with an equal hash."""
    for again in (PreparedCall[Any].from_bytes(bytes(call)), pickle.loads(pickle.dumps(call))):
        assert (call, hash(call), bytes(call)) == (again, hash(again), bytes(again))


@given(CALLS, KEYS)
def test_the_fingerprint_is_the_same_when_only_a_made_key_differs(call: PreparedCall[Any], key: str) -> None:
    """A key that the caller chose is part of what the call asks for, and is not replaced."""
    other = call.with_key(key)
    assert call.fingerprint == other.fingerprint
    assert other.idempotency_key == (call.idempotency_key if call.has_own_key or call.idempotency_key is None else key)


@given(st.binary(max_size=60) | CALLS.map(lambda call: bytes(call)[:-1] + b"\xff") | CALLS.map(lambda c: bytes(c)[:9]))
def test_other_bytes_are_refused_when_they_are_read_as_a_call(data: bytes) -> None:
    """With one error; what can be read is a call whose bytes are the same."""
    try:
        call = PreparedCall[Any].from_bytes(data)
    except InvalidArgumentError:
        return
    assert PreparedCall[Any].from_bytes(bytes(call)) == call


@given(CALLS)
def test_a_newer_form_is_told_when_it_is_read(call: PreparedCall[Any]) -> None:
    """The digit in front is the form."""
    with pytest.raises(InvalidArgumentError, match="form 2 is unknown"):
        PreparedCall[Any].from_bytes(b"2" + bytes(call)[1:])


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_request_is_the_same_when_a_call_was_prepared(name: str) -> None:
    """A prepared call of each operation stands for the request that the method would send; no host, no API key."""
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


def test_an_unknown_operation_is_told_when_a_call_names_it() -> None:
    """Also one that is a method, but no operation."""
    for name in ("nothing", "aclose"):
        call: PreparedCall[Any] = PreparedCall(name, "/", None, (), Idempotency.SAFE, None)
        with pytest.raises(InvalidArgumentError, match=f"'{name}' is no operation of TalonOne"):
            request_of(call, TalonOne)


def test_the_repr_is_short_when_a_call_is_shown() -> None:
    """It holds neither the customer's ID nor the body, and the call cannot be changed."""
    talon = TalonOne("https://shop.example", KEY)
    call = talon.prepare(talon.get_customer_inventory)("jane")
    assert "jane" not in repr(call)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        call.target = "/"  # type: ignore[misc]
