"""Answers with values of other types than documented: what was read can be written again, and is the same."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from properties.strategies import MODELS, NOT_OBJECTS, complete

from talon_async import TalonOne, from_json, to_json
from talon_async._endpoint import endpoint_of
from talon_async.errors import InvalidArgumentError
from talon_async.models import EFFECT_PROPS, CustomerSessionV2, Effect, IntegrationRequest, NewCustomerSessionV2, evolve
from talon_async.models._base import wire_name

WRONG: list[Any] = ["A", "", 0, 7, 1.5, True, [], ["A"], [[7]], [None], [True, "A"]]
OBJECTS: list[Any] = [{}, {"a": 1}, {"a": ["A"]}, {"a": None}, [{"a": 1}], [[{"a": 1}]]]
"""Values that may also be a model with fields that are not known: those are not kept."""
CLASSES = {
    name: cls for name, cls in MODELS.items() if name not in NOT_OBJECTS and cls not in (*EFFECT_PROPS.values(), Effect)
}  # fmt: skip
each_class = pytest.mark.parametrize("cls", CLASSES.values(), ids=CLASSES)


def answers(cls: type[Any], values: list[Any]) -> Iterator[dict[str, Any]]:
    """Return an answer with every field, once for each field and each value, also as an item of the field."""
    plain = complete(cls)
    for field in attrs.fields(cls):
        name = wire_name(field)
        several = [*values, *([value] for value in values), *({"k": value} for value in values)]
        is_many = isinstance(plain[name], list | dict)
        yield from (plain | {name: value} for value in (several if is_many else values))


@each_class
def test_json_is_equal_when_a_field_of_another_type_is_read_and_written_again(cls: type[Any]) -> None:
    """Reading keeps a value of an undocumented type, and writing returns it."""
    for answer in answers(cls, WRONG):
        if not any(isinstance(value, dict) and "k" in value for value in answer.values()):
            assert answer == json.loads(to_json(from_json(json.dumps(answer), cls)))


@each_class
def test_nothing_is_refused_when_any_answer_is_read_and_written_again(cls: type[Any]) -> None:
    """Writing what was read never fails; reading that and writing it again changes nothing more."""
    for answer in answers(cls, OBJECTS):
        written = to_json(from_json(json.dumps(answer), cls))
        assert written == to_json(from_json(written, cls))


@each_class
def test_a_copy_is_written_alike_when_a_field_is_of_another_type(cls: type[Any]) -> None:
    """What was read counts as read in every copy of it, also in another process."""
    for answer in list(answers(cls, WRONG))[::29]:
        model = from_json(json.dumps(answer), cls)
        for again in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            assert to_json(model) == to_json(again)


@pytest.mark.parametrize("name", EFFECT_PROPS)
def test_json_is_equal_when_props_of_another_type_are_read_and_written_again(name: str) -> None:
    """Props that do not fit the type of their effect are kept as they came."""
    props = EFFECT_PROPS[name]
    for values in answers(props, [*WRONG, *OBJECTS]):
        effect = complete(Effect) | {"effectType": name, "props": values}
        written = json.loads(to_json(from_json(json.dumps(effect), Effect)))["props"]
        assert {key: value for key, value in written.items() if key in values} == written


def test_a_value_is_refused_when_a_model_is_made_with_it() -> None:
    """What was read is written as it came; the same value in a model of the user's own is a mistake, also in a copy."""
    read = from_json(b'{"couponCodes":"A"}', CustomerSessionV2)
    assert b'"couponCodes":"A"' in to_json(read)
    made = NewCustomerSessionV2(coupon_codes="A")  # type: ignore[arg-type]
    for model in (made, copy.deepcopy(made), pickle.loads(pickle.dumps(made)), evolve(read, referral_code="B")):
        with pytest.raises(InvalidArgumentError, match="coupon_codes must be a list, not str"):
            to_json(model)


def test_a_value_is_refused_when_what_was_read_is_sent() -> None:
    """A request that was read, such as a message of a queue, is checked like any other when it is sent."""
    body = from_json(b'{"customerSession":{"couponCodes":"A"}}', IntegrationRequest)
    assert b'{"customerSession":{"couponCodes":"A"}}' == to_json(body)
    with pytest.raises(InvalidArgumentError, match="coupon_codes must be a list, not str"):
        endpoint_of(TalonOne.update_customer_session_v2).request("s", body)
