"""Models of any content: a model that is written and read again is the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_type_hints

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.strategies import JSON, KEYS, MODELS, NOT_OBJECTS, branches, complete, instances

from talon_async import from_json, to_json
from talon_async.models._base import wire_name

OBJECTS = {name: cls for name, cls in MODELS.items() if name not in NOT_OBJECTS}
STATES = {"CustomerInventory", "CustomerProfileIntegrationResponseV2", "IntegrationState", "IntegrationStateV2"}
each_object = pytest.mark.parametrize("cls", OBJECTS.values(), ids=OBJECTS)
FREE = [
    pytest.param(cls, wire_name(field), id=f"{name}.{field.name}")
    for name, cls in OBJECTS.items()
    for field in attrs.fields(cls)
    if Mapping[str, Any] in branches(get_type_hints(cls)[field.name])
]
"""The fields in which users keep what they like."""


@each_object
def test_model_is_equal_when_it_is_written_and_read_again(cls: type[Any]) -> None:
    """Any model that is written and read again is equal to the original."""

    @settings(max_examples=6 if cls.__name__ in STATES else 10)
    @given(instances(cls))
    def same(model: Any) -> None:
        assert model == from_json(to_json(model), cls)

    same()


@each_object
def test_json_is_equal_when_it_is_read_and_written_again(cls: type[Any]) -> None:
    """An answer with every field that is read and written again is the same JSON, key by key."""
    assert complete(cls) == json.loads(to_json(from_json(json.dumps(complete(cls)), cls)))


@pytest.mark.parametrize(("cls", "wire"), FREE)
def test_keys_stay_untouched_when_they_are_the_users(cls: type[Any], wire: str) -> None:
    """The keys of a user's map, in any case and script, come back as they were sent, with nulls and nested maps."""

    @settings(max_examples=10)
    @given(st.dictionaries(KEYS, JSON, min_size=1, max_size=4))
    def untouched(attributes: dict[str, Any]) -> None:
        answer = complete(cls) | {wire: attributes}
        assert attributes == json.loads(to_json(from_json(json.dumps(answer), cls)))[wire]

    untouched()
