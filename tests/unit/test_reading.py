"""Reading answers: the server has acted, so no odd value in its answer may make the call fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import orjson
import pytest

from talon_async import converter, from_json
from talon_async._codec import decode, read
from talon_async.errors import UnreadableAnswerError
from talon_async.models import (
    EFFECT_PROPS,
    CartItem,
    Coupon,
    CustomerInventory,
    CustomerProfile,
    CustomerSessionV2,
    Effect,
    Event,
    EventEffect,
    IntegrationState,
    IntegrationStateV2,
    Loyalty,
    SetDiscountEffectProps,
    UnknownEffectProps,
)


def effect(kind: Any, props: Any, **envelope: Any) -> Effect:
    state: IntegrationStateV2 = read(
        {"effects": [{"effectType": kind, "props": props, **envelope}]}, IntegrationStateV2
    )
    return state.effects[0]


# -- absent, null, empty


@pytest.mark.parametrize("cls", [IntegrationStateV2, IntegrationState, CustomerInventory, Coupon, Event, CartItem])
def test_a_model_is_made_when_every_field_is_left_out(cls: type) -> None:
    """A model can be read without any of its fields, because answers may lack even required ones."""
    assert isinstance(decode(b"{}", cls), cls)


def test_null_is_absent_when_a_field_is_null() -> None:
    """A null is read as None or, for a list or map such as `loyaltyMemberships`, as an empty one."""
    profile = from_json(
        b'{"id": null, "loyaltyMemberships": null, "attributes": null, "audienceMemberships": null}', CustomerProfile
    )
    assert (None, [], {}, []) == (
        profile.id, profile.loyalty_memberships, profile.attributes, profile.audience_memberships,
    )  # fmt: skip
    assert from_json(b'{"effects": null}', IntegrationStateV2).effects == []


def test_unknown_fields_do_no_harm_when_they_come() -> None:
    """Unknown fields are ignored, because the API adds fields without notice."""
    assert from_json(b'{"value": "A", "brandNew": {"x": [1]}}', Coupon).value == "A"


# -- values of another type


@pytest.mark.parametrize("odd", [1, 1.9, True, "text", [1], {"a": 1}])
def test_a_value_stays_as_it_came_when_its_type_is_another(odd: Any) -> None:
    """A value of another type is kept as it came and never converted."""
    coupon = read({"value": odd, "usageLimit": odd, "reservation": odd, "startDate": odd, "attributes": odd}, Coupon)
    for value in (coupon.value, coupon.usage_limit, coupon.reservation, coupon.start_date, coupon.attributes):
        assert (type(odd), odd) == (type(value), value)


@pytest.mark.parametrize("odd", [1, "text", True, {"a": 1}])
def test_a_value_stays_as_it_came_when_a_list_is_expected(odd: Any) -> None:
    """A value in place of a list is kept as it came, also where models are expected."""
    state = read({"effects": odd, "coupons": odd, "customerSession": {"cartItems": odd}}, IntegrationStateV2)
    assert (odd, odd, odd) == (state.effects, state.coupons, state.customer_session.cart_items)


@pytest.mark.parametrize("odd", [1, "text", True, None, [1]])
def test_an_element_stays_as_it_came_when_it_is_no_object(odd: Any) -> None:
    """An element that is no object is kept as it came, and the other elements are read."""
    state = read({"coupons": [odd, {"value": "A"}], "customerSession": odd}, IntegrationStateV2)
    assert (odd, "A") == (state.coupons[0], state.coupons[1].value)
    assert odd == state.customer_session


def test_whole_and_fractional_numbers_are_kept_when_they_mix() -> None:
    """Whole and fractional numbers are kept as they came: money comes as 30 and as 1.3."""
    session = read({"total": 30, "cartItemTotal": 1.3, "updateCount": 2.0}, CustomerSessionV2)
    assert [(int, 30), (float, 1.3), (float, 2.0)] == [
        (type(v), v) for v in (session.total, session.cart_item_total, session.update_count)
    ]


def test_unknown_words_are_kept_when_an_enumeration_grows() -> None:
    """A word that the enumeration does not list is kept."""
    assert read({"state": "half_open"}, CustomerSessionV2).state == "half_open"


# -- times


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2020-06-10T09:05:27Z", datetime(2020, 6, 10, 9, 5, 27, tzinfo=UTC)),
        ("2020-06-10T09:05:27.34Z", datetime(2020, 6, 10, 9, 5, 27, 340000, tzinfo=UTC)),
        ("2020-06-10T09:05:27.993483Z", datetime(2020, 6, 10, 9, 5, 27, 993483, tzinfo=UTC)),
        ("2020-06-10T09:05:27.123456789Z", datetime(2020, 6, 10, 9, 5, 27, 123456, tzinfo=UTC)),
        ("2020-06-10T09:05:27.018206901+02:00",
         datetime(2020, 6, 10, 9, 5, 27, 18206, tzinfo=timezone(timedelta(hours=2)))),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_a_time_is_read_when_it_has_any_precision(text: str, time: datetime) -> None:
    """A time is read with up to nine digits of a second, with Z or an offset, and as the zero time."""
    assert time == read({"created": text}, Coupon).created


@pytest.mark.parametrize(
    "text",
    ["2022-01-02T15:04:05Z07:00", "2022-10-97T35:00:00Z", "2021-03-06T19: 26:04.790Z", "immediate", "", "2020-01-01",
     "2020-01-01T00:00:00", "2016-12-31T23:59:60Z"],
)  # fmt: skip
def test_a_text_stays_text_when_it_is_no_time_with_a_zone(text: str) -> None:
    """A text that is no time with a zone is kept as text."""
    assert text == read({"created": text}, Coupon).created


def test_a_word_is_kept_when_it_stands_for_a_date() -> None:
    """The words `unlimited`, `immediate` and `on_action` in place of a date are kept."""
    props = {"programId": 1, "subLedgerId": "", "value": 5, "recipientIntegrationId": "r", "name": "n",
             "transactionUUID": "u", "startDate": "on_action", "expiryDate": "unlimited"}  # fmt: skip
    read_props: Any = effect("addLoyaltyPoints", props).props
    assert ("on_action", "unlimited") == (read_props.start_date, read_props.expiry_date)


# -- effects


def test_props_are_typed_when_the_effect_type_is_known() -> None:
    """The props of a known effect type are of its class, so that code can match on them."""
    match effect("setDiscount", {"name": "10 off", "value": 10}, campaignId=-1, ruleName="").props:
        case SetDiscountEffectProps(name=name, value=value):
            assert (name, value) == ("10 off", 10)
        case other:
            pytest.fail(repr(other))


def test_an_effect_keeps_its_props_when_its_type_is_unknown() -> None:
    """An effect of an unknown type is read with its props as UnknownEffectProps."""
    read_effect = effect("boostUniverse", {"by": 3}, campaignId=7)
    assert (7, "boostUniverse", UnknownEffectProps(raw={"by": 3})) == (
        read_effect.campaign_id,
        read_effect.effect_type,
        read_effect.props,
    )


@pytest.mark.parametrize(
    "props",
    [{"name": "n"}, {"name": "n", "value": None}, {"name": "n", "value": "10"}, {"name": 1, "value": 1}, {}, None,
     [], 3,
     {"name": "n", "value": True}, {"name": "n", "value": 1, "scope": 5}],
)  # fmt: skip
def test_props_stay_raw_when_they_do_not_fit_their_type(props: Any) -> None:
    """Props with a missing or wrong value are read as UnknownEffectProps with everything that came."""
    assert UnknownEffectProps(raw=props) == effect("setDiscount", props).props


def test_props_are_typed_when_they_hold_more_than_is_known() -> None:
    """Props with an additional field are still of their class."""
    assert isinstance(effect("setDiscount", {"name": "n", "value": 1, "currency": "EUR"}).props, SetDiscountEffectProps)


@pytest.mark.parametrize("kind", [None, 3, [], {}])
def test_an_effect_keeps_its_props_when_its_type_is_no_text(kind: Any) -> None:
    """An effect whose type is no text is read with its props as UnknownEffectProps."""
    assert UnknownEffectProps(raw={"a": 1}) == effect(kind, {"a": 1}).props


def test_the_other_effects_are_read_when_one_is_strange() -> None:
    """Effects beside one that is no effect are read."""
    good = {"effectType": "setDiscount", "props": {"name": "n", "value": 1}}
    state = read({"effects": [None, "x", {}, good]}, IntegrationStateV2)
    assert isinstance(state.effects[3].props, SetDiscountEffectProps)


def test_every_effect_type_of_both_eras_is_known_when_props_are_read() -> None:
    """The effect types of all documents are known, among them those of 2020."""
    assert len(EFFECT_PROPS) >= 36
    assert {"setDiscount", "acceptCoupon", "customEffect", "error", "startAchievementProgress"} <= set(EFFECT_PROPS)


def test_v1_effects_are_read_when_they_are_lists_of_four() -> None:
    """The V1 effects, which are lists of four, are read into their class."""
    event = from_json(b'{"effects": [[59, 124, 0, ["setDiscount", "My Cool Discount", 34.56]]]}', Event)
    expected = EventEffect(
        campaign_id=59, ruleset_id=124, rule_index=0, name="setDiscount", args=["My Cool Discount", 34.56]
    )
    assert [expected] == event.effects


@pytest.mark.parametrize("odd", [[1, 2, 3], [1, 2, 3, []], [1, 2, 3, [5]], {}, "x", [1, 2, 3, ["a"], 5]])
def test_a_v1_effect_stays_as_it_came_when_its_shape_is_another(odd: Any) -> None:
    """A V1 effect of another shape is kept as it came."""
    assert [odd] == read({"effects": [odd]}, Event).effects


# -- names


def test_irregular_names_are_found_when_a_rule_would_miss_them() -> None:
    """Irregular names, such as `return`, `campaignID` and `experimentId`, are read into their fields."""
    state = read(
        {"return": {"id": 5}, "effects": [{"evaluationGroupID": 7, "experimentId": 8, "effectType": "x", "props": {}}],
         "campaignEligibility": [], "ruleFailureReasons": [{"campaignID": 3, "couponID": 4, "rulesetID": 5}]},
        IntegrationStateV2,
    )  # fmt: skip
    assert (5, 7, 8) == (state.return_.id, state.effects[0].evaluation_group_id, state.effects[0].experiment_id)
    reason = state.rule_failure_reasons[0]
    assert (3, 4, 5) == (reason.campaign_id, reason.coupon_id, reason.ruleset_id)


def test_keys_of_maps_are_kept_when_they_are_the_users() -> None:
    """The keys of users' maps, such as program IDs and names of subledgers and costs, are kept."""
    loyalty = read({"programs": {"7": {"ledger": {"currentBalance": 3}, "subLedgers": {"Gold_card": {}}}}}, Loyalty)
    assert loyalty.programs["7"].ledger.current_balance == 3
    assert list(loyalty.programs["7"].sub_ledgers) == ["Gold_card"]
    session = read(
        {"additionalCosts": {"my_shipping": {"price": 1}}, "attributes": {"snake_case": {"inner_key": 1}}},
        CustomerSessionV2,
    )
    assert session.additional_costs["my_shipping"].price == 1
    assert session.attributes == {"snake_case": {"inner_key": 1}}


# -- whole answers


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"3", b'"x"', b"{", b"<html>", b"\xff", b'{"a": NaN}', b"{} {}"])
def test_an_answer_is_unreadable_when_it_is_no_object(body: bytes) -> None:
    """An answer that is no JSON object is unreadable, and its error says that the server accepted the request."""
    with pytest.raises(UnreadableAnswerError) as caught:
        decode(body, IntegrationStateV2)
    assert caught.value.outcome == "accepted"


def test_a_byte_order_mark_is_skipped_when_an_answer_begins_with_one() -> None:
    """A byte order mark before an answer, which some gateways add, is skipped."""
    assert decode(b'\xef\xbb\xbf{"value": "A"}', Coupon).value == "A"


def test_nothing_is_read_when_the_operation_answers_nothing() -> None:
    """The body of an answer is ignored for an operation that answers nothing."""
    assert [None, None] == [decode(b"", None), decode(b'"ignored"', None)]


# -- strict


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"customerSession": {"total": "3"}}, "/customerSession/total"),
        ({"effects": {}}, "/effects"),
        ({"effects": [{"effectType": "setDiscount", "props": {"name": "n"}}]}, "/effects/0/props/value"),
        ({"effects": [{"effectType": "new", "props": {}}]}, "/effects/0/props"),
        ({"event": {"created": "soon"}}, "/event/created"),
        ({"customerSession": {"cartItems": [{"sku": "a"}]}}, "/customerSession/cartItems/0/quantity"),
        ({"coupons": [{"usageLimit": 1.5}]}, "/coupons/0/usageLimit"),
        ({"coupons": [{"usageLimit": True}]}, "/coupons/0/usageLimit"),
        ({"customerSession": {"additionalCosts": {"x": 3}}}, "/customerSession/additionalCosts/x"),
    ],
)  # fmt: skip
def test_strict_reading_raises_when_something_is_not_as_documented(body: Any, pointer: str) -> None:
    """Strict reading raises an error with a pointer to the value, where tolerant reading accepts the answer."""
    data = orjson.dumps(body)
    assert isinstance(decode(data, IntegrationStateV2), IntegrationStateV2)
    with pytest.raises(UnreadableAnswerError, match=f"{pointer}:"):
        decode(data, IntegrationStateV2, strict=True)


def test_strict_reading_passes_when_all_is_as_documented() -> None:
    """Strict reading accepts whole numbers for floats, null for absent fields, and unknown fields."""
    body = {"customerSession": {"total": 3, "state": "open", "referralCode": None, "updateCount": 2.0},
            "effects": [{"effectType": "setDiscount", "props": {"name": "n", "value": 1}}], "newField": 1}  # fmt: skip
    assert decode(orjson.dumps(body), IntegrationStateV2, strict=True).customer_session.total == 3


def test_models_are_read_inside_other_classes_when_a_cattrs_converter_is_asked_for() -> None:
    """Classes that hold models can be read and written by a cattrs converter with the package's hooks."""

    @attrs.define
    class Order:
        number: int
        coupon: Coupon

    own = converter()
    order = own.structure({"number": 1, "coupon": {"value": "A", "usageLimit": 2}}, Order)
    assert Order(1, Coupon(value="A", usage_limit=2)) == order
    assert {"number": 1, "coupon": {"value": "A", "limits": [], "attributes": {}}} == own.unstructure(
        Order(1, Coupon(value="A"))
    )
