"""Writing requests: what the caller gives is sent, and nothing else."""

from __future__ import annotations

import enum
from collections import OrderedDict, deque
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson
import pytest

from talon_async import NULL, to_json
from talon_async.errors import InvalidArgumentError
from talon_async.models import (
    AdditionalCost,
    CartItem,
    CouponReservations,
    CustomerProfileIntegrationRequestV2,
    Effect,
    Event,
    EventEffect,
    IntegrationRequest,
    IntegrationStateV2,
    NewCustomerProfile,
    NewCustomerSessionV2,
    NewEvent,
    NewReferral,
    SetDiscountEffectProps,
    UnknownEffectProps,
)


def written(model: Any) -> Any:
    return orjson.loads(to_json(model))


def attributes(value: Any) -> Any:
    return written(NewCustomerProfile(attributes={"a": value}))["attributes"]["a"]


def test_nothing_is_sent_when_nothing_is_given() -> None:
    """No default of the documents is sent, because `state: open` would reopen sessions."""
    assert written(IntegrationRequest(customer_session=NewCustomerSessionV2())) == {"customerSession": {}}
    assert written(CustomerProfileIntegrationRequestV2()) == {}


def test_empty_differs_from_left_out_when_codes_are_discarded() -> None:
    """An empty list or text is sent, which discards the codes. A field that is left out keeps them."""
    assert written(NewCustomerSessionV2(coupon_codes=[], referral_code="", additional_costs={})) == {
        "couponCodes": [], "referralCode": "", "additionalCosts": {},
    }  # fmt: skip


def test_null_is_sent_when_it_is_asked_for() -> None:
    """`NULL` is sent as a JSON null in any field, and None is left out."""
    session = NewCustomerSessionV2(referral_code=NULL, cart_items=NULL, additional_costs=NULL, profile_id=None)
    assert written(session) == {"referralCode": None, "cartItems": None, "additionalCosts": None}
    assert written(IntegrationRequest(customer_session=NULL)) == {"customerSession": None}


def test_nulls_inside_attributes_are_sent_when_they_delete() -> None:
    """A None inside attributes is sent as null, at any depth."""
    assert to_json(NewCustomerProfile(attributes={"a": None, "b": [None, {"c": None}]})) == (
        b'{"attributes":{"a":null,"b":[null,{"c":null}]}}'
    )


def test_keys_of_users_go_out_untouched_when_they_look_like_ours() -> None:
    """The keys of users' maps are sent as they are, also in snake_case."""
    session = NewCustomerSessionV2(
        attributes={"coupon_codes": {"inner_key": 1}}, additional_costs={"my_shipping": AdditionalCost(price=3)},
        cart_items=[CartItem(sku="a", quantity=1, attributes={"cart_item_color": "red"})],
    )  # fmt: skip
    assert written(session) == {
        "attributes": {"coupon_codes": {"inner_key": 1}}, "additionalCosts": {"my_shipping": {"price": 3}},
        "cartItems": [{"sku": "a", "quantity": 1, "attributes": {"cart_item_color": "red"}}],
    }  # fmt: skip


def test_irregular_names_are_written_when_the_api_has_them() -> None:
    """Irregular names of the API, such as `integrationIDs`, are written."""
    assert to_json(CouponReservations(integration_ids=["a"])) == b'{"integrationIDs":["a"]}'


@pytest.mark.parametrize("items", [["A", "B"], ("A", "B"), deque(["A", "B"])])
def test_any_sequence_is_sent_as_a_list_when_one_is_taken(items: Any) -> None:
    """A list field takes any sequence, such as a tuple or a deque."""
    assert written(NewCustomerSessionV2(coupon_codes=items)) == {"couponCodes": ["A", "B"]}


@pytest.mark.parametrize("wrong", ["ABC", b"AB", 5, {"a": 1}])
def test_a_text_is_refused_when_a_list_is_needed(wrong: Any) -> None:
    """A text in place of a list is refused, because `coupon_codes="ABC"` would be three codes."""
    with pytest.raises(InvalidArgumentError, match="coupon_codes must be a list"):
        to_json(NewCustomerSessionV2(coupon_codes=wrong))
    with pytest.raises(InvalidArgumentError, match="cart_items must be a list"):
        to_json(NewCustomerSessionV2(cart_items=wrong))


def test_times_are_written_with_their_offset_when_they_have_one() -> None:
    """Times are written as RFC 3339 with their offset, in fields and in attributes."""
    time = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=timezone(timedelta(hours=-5)))
    assert attributes(time) == "2026-01-02T03:04:05.678900-05:00"
    assert attributes(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00+00:00"
    assert written(NewReferral(campaign_id=1, advocate_profile_integration_id="a", start_date=time))["startDate"] == (
        "2026-01-02T03:04:05.678900-05:00"
    )


def test_a_naive_time_is_refused_when_it_stands_anywhere() -> None:
    """A time without a zone is refused with a pointer to it and the way to write it."""
    naive = datetime(2026, 1, 2)  # noqa: DTZ001
    with pytest.raises(InvalidArgumentError, match=r"/attributes/born/0: 2026-01-02T00:00:00 has no time zone: use"):
        to_json(NewCustomerProfile(attributes={"born": [naive]}))
    with pytest.raises(InvalidArgumentError, match="/startDate"):
        to_json(NewReferral(campaign_id=1, advocate_profile_integration_id="a", start_date=naive))


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")])
def test_a_number_is_refused_when_json_does_not_have_it(wrong: Any) -> None:
    """A number that JSON does not have, such as NaN, is refused. As null it would delete the attribute."""
    with pytest.raises(InvalidArgumentError, match="/attributes/x"):
        to_json(NewCustomerProfile(attributes={"x": wrong, "y": None}))
    with pytest.raises(InvalidArgumentError, match="/cartItems/0/price"):
        to_json(NewCustomerSessionV2(cart_items=[CartItem(sku="a", quantity=1, price=wrong)]))


@pytest.mark.parametrize("holder", [frozenset, deque, tuple, lambda items: [{"deep": items}]])
def test_nan_is_refused_when_any_container_holds_it(holder: Any) -> None:
    """NaN in any container is refused with a pointer to it."""
    with pytest.raises(InvalidArgumentError, match=r"/attributes/x/0.*nan is not a JSON number"):
        to_json(NewCustomerProfile(attributes={"x": holder([float("nan")])}))


def test_decimals_are_numbers_when_they_are_sent() -> None:
    """A Decimal is sent as a number with all its digits."""
    assert to_json(CartItem(sku="a", quantity=1, price=Decimal("19.90"))) == b'{"sku":"a","quantity":1,"price":19.90}'  # type: ignore[arg-type]
    assert to_json(NewCustomerProfile(attributes={"a": Decimal("1E+3")})) == b'{"attributes":{"a":1000}}'


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (date(2026, 1, 2), "2026-01-02"), (UUID(int=1), str(UUID(int=1))), (Colour.RED, "red"), (True, True),
        (MappingProxyType({"b": 1}), {"b": 1}), (OrderedDict(b=1), {"b": 1}), ((1, 2), [1, 2]), (frozenset({1}), [1]),
        (2**63, 2**63), ("ünï", "ünï"), (0.1, 0.1), (AdditionalCost(price=1), {"price": 1}),
    ],
)  # fmt: skip
def test_attributes_are_sent_when_json_has_a_form_for_them(given: Any, sent: Any) -> None:
    """Dates, UUIDs, enums, sets and other values that JSON has a form for are sent in that form."""
    assert sent == attributes(given)


@pytest.mark.parametrize("wrong", [object(), b"bytes", {1: "a"}, 2**70, "\ud800", 1j])
def test_a_value_is_refused_when_json_has_no_form_for_it(wrong: Any) -> None:
    """A value that JSON has no form for is refused with a pointer to it."""
    with pytest.raises(InvalidArgumentError, match="/attributes/x"):
        to_json(NewCustomerProfile(attributes={"ok": 1, "x": wrong}))


def test_a_circle_is_refused_when_attributes_hold_themselves() -> None:
    """Attributes that hold themselves are refused with an error of the package."""
    circle: dict[str, Any] = {}
    circle["self"] = circle
    with pytest.raises(InvalidArgumentError):
        to_json(NewCustomerProfile(attributes=circle))


def test_required_fields_are_asked_for_when_they_are_missing() -> None:
    """A missing required field raises a TypeError that names it when the model is made."""
    with pytest.raises(TypeError, match="session_id"):
        NewEvent(type="t", profile_id="p", attributes={})  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="quantity"):
        CartItem(sku="a")  # type: ignore[call-arg]


def test_a_misspelt_field_is_refused_when_a_model_is_made() -> None:
    """A misspelt field raises a TypeError that names it when the model is made."""
    with pytest.raises(TypeError, match="couponCodes"):
        NewCustomerSessionV2(couponCodes=[])  # type: ignore[call-arg]


def test_answers_can_be_written_when_they_are_kept() -> None:
    """Typed props, unknown props and V1 effects are written as the JSON that they were read from."""
    state = IntegrationStateV2(
        effects=[
            Effect(effect_type="setDiscount", props=SetDiscountEffectProps(name="n", value=1)),
            Effect(effect_type="new", props=UnknownEffectProps(raw={"a_b": None})),
        ],
        event=Event(effects=[EventEffect(campaign_id=1, ruleset_id=2, rule_index=3, name="x", args=[4])]),
    )
    content = written(state)
    assert content["effects"] == [
        {"effectType": "setDiscount", "props": {"name": "n", "value": 1}},
        {"effectType": "new", "props": {"a_b": None}},
    ]  # fmt: skip
    assert content["event"]["effects"] == [[1, 2, 3, ["x", 4]]]
