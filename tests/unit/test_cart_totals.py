"""The price that a customer pays, in carts that were worked out by hand."""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any

import pytest

from talon_async import NULL
from talon_async.effects import Amounts, CartTotals, Discount, cart_totals
from talon_async.models import (
    AcceptCouponEffectProps,
    AcceptReferralEffectProps,
    AddFreeItemEffectProps,
    AdditionalCost,
    CartItem,
    CustomerSessionV2,
    Effect,
    NewCustomerSessionV2,
    RejectCouponEffectProps,
    RejectReferralEffectProps,
    RollbackDiscountEffectProps,
    SetDiscountEffectProps,
    SetDiscountPerAdditionalCostEffectProps,
    SetDiscountPerAdditionalCostPerItemEffectProps,
    SetDiscountPerItemEffectProps,
    ShowNotificationEffectProps,
    UnknownEffectProps,
)

D = Decimal


def costs(**prices: float) -> dict[str, AdditionalCost]:
    return {name: AdditionalCost(price=price) for name, price in prices.items()}


def cart(*items: CartItem, **session_costs: float) -> NewCustomerSessionV2:
    return NewCustomerSessionV2(cart_items=items, additional_costs=costs(**session_costs))


def item(price: float | None, quantity: int = 1, **item_costs: float) -> CartItem:
    return CartItem(sku="a", price=price, quantity=quantity, additional_costs=costs(**item_costs))


def effect(props: Any) -> Effect:
    return Effect(effect_type="any", props=props, campaign_id=7)


def off(value: float, scope: str | None = None, name: str = "off") -> Effect:
    return effect(SetDiscountEffectProps(name=name, value=value, scope=scope))


def off_item(
    value: float, position: float = 0, unit: float | None = None, scope: str | None = None, **more: Any
) -> Effect:
    props = SetDiscountPerItemEffectProps(
        name=f"off#{position}", value=value, position=position, sub_position=unit, scope=scope, **more
    )
    return effect(props)


def off_cost(value: float, name: str = "shipping") -> Effect:
    props = SetDiscountPerAdditionalCostEffectProps(name="off", additional_cost_id=1, additional_cost=name, value=value)
    return effect(props)


def off_item_cost(value: float, position: float = 0, unit: float | None = None, name: str = "wrap") -> Effect:
    props = SetDiscountPerAdditionalCostPerItemEffectProps(
        name=f"off#{position}", additional_cost_id=1, additional_cost=name, value=value, position=position,
        sub_position=unit,
    )  # fmt: skip
    return effect(props)


def rollback(value: float, name: str = "off", **place: Any) -> Effect:
    return effect(RollbackDiscountEffectProps(name=name, value=value, **place))


def summed(totals: CartTotals) -> tuple[Decimal, Decimal, Decimal, Decimal, Decimal]:
    return (
        totals.cart_item_total,
        totals.cart_item_additional_cost_total,
        totals.additional_cost_total,
        totals.session_discount,
        totals.total,
    )


def test_the_gross_is_charged_when_there_are_no_discounts() -> None:
    """The gross is 2 x 10.10 + 5 for goods, 2 x 1 for wrapping and 4.90 for shipping. An item's costs are per unit."""
    totals = cart_totals(cart(item(10.1, 2, wrap=1), item(5), shipping=4.9), [])
    assert (D("25.2"), D(2), D("4.9"), D(0), D("32.1")) == summed(totals)
    assert (D("32.1"), D(0), (), ()) == (totals.gross, totals.discount_total, totals.discounts, totals.unapplied)


def test_decimals_are_exact_when_floats_are_not() -> None:
    """Amounts that floats cannot hold are added exactly: 0.1 + 0.2 is 0.3, and 3 x 1.1 is 3.3."""
    assert D("0.3") == cart_totals(cart(item(0.1), item(0.2)), []).total
    assert D("3.3") == cart_totals(cart(item(1.1, 3)), []).total


@pytest.mark.parametrize(
    "session",
    [NewCustomerSessionV2(), NewCustomerSessionV2(cart_items=NULL, additional_costs=NULL), CustomerSessionV2()],
)
def test_nothing_is_charged_when_the_cart_is_empty(session: Any) -> None:
    """A cart whose parts are left out, null or empty costs nothing, and a discount on it is all in the excess."""
    totals = cart_totals(session, [off(5)])
    assert (D(0), D(0), D(5)) == (totals.total, totals.discount_total, totals.excess)
    assert D("0.00") == totals.rounded().total


@pytest.mark.parametrize("scope", [None, "sessionTotal"])
def test_the_total_is_reduced_when_a_discount_is_on_the_session(scope: str | None) -> None:
    """A discount on the session is taken off the total, 10 + 5 - 12 = 3, and the lines keep their own amounts."""
    totals = cart_totals(cart(item(10), shipping=5), [off(12, scope)])
    assert (D(10), D(0), D(5), D(12), D(3)) == summed(totals)


def test_the_scope_is_the_limit_when_a_discount_on_the_session_has_one() -> None:
    """A discount on the session takes no more than its scope.

    Of 12 off goods of 10, and 9 off costs of 7, 4 are in the excess.
    """
    totals = cart_totals(cart(item(10, wrap=2), shipping=5), [off(12, "cartItems"), off(9, "additionalCosts")])
    assert (D(0), D(17), D(4)) == (totals.total, totals.session_discount, totals.excess)


def test_narrow_scopes_go_first_when_all_scopes_are_there() -> None:
    """Discounts with narrow scopes are applied first.

    Of 15, they leave 4 of the goods and 2 of the costs for the discount of 8 on the total.
    """
    effects = [off(8, "sessionTotal", "c"), off(3, "additionalCosts", "b"), off(6, "cartItems", "a")]
    totals = cart_totals(cart(item(10), shipping=5), effects)
    assert (D(0), D(2)) == (totals.total, totals.excess)
    assert [("a", 6), ("b", 3), ("c", 6)] == [(discount.name, discount.amount) for discount in totals.discounts]


@pytest.mark.parametrize("scope", [None, "price"])
def test_a_discount_is_taken_off_once_when_no_unit_is_named(scope: str | None) -> None:
    """A discount without a unit is taken off its line once: 3 x 10 - 12 = 18."""
    totals = cart_totals(cart(item(10, 3)), [off_item(12, scope=scope)])
    assert (D(30), D(12), D(18)) == (totals.items[0].gross, totals.items[0].discount, totals.items[0].net)


def test_a_discount_is_taken_off_its_unit_when_units_are_named() -> None:
    """A discount on a unit takes no more than the unit costs: 30 - 4 - 10 = 16.

    The second discount leaves 2 in the excess.
    """
    totals = cart_totals(cart(item(10, 3)), [off_item(4, 0, 0), off_item(12, 0, 2.0)])
    assert (D(16), D(2)) == (totals.total, totals.excess)
    assert [(0, D(4)), (2, D(10))] == [(discount.sub_position, discount.amount) for discount in totals.discounts]


def test_every_share_counts_once_when_a_discount_is_pro_rata() -> None:
    """A pro-rata discount takes off the share in each effect: 5 + 2.5 + 2.5.

    Each effect repeats the total of 10, which is not taken off.
    """
    session = cart(item(20), item(10, 2))
    effects = [
        off_item(5, 0, 0, total_discount=10),
        off_item(2.5, 1, 0, total_discount=10),
        off_item(2.5, 1, 1, total_discount=10),
    ]
    totals = cart_totals(session, effects)
    assert ([D(15), D(15)], D(30)) == ([line.net for line in totals.items], totals.total)


def test_the_value_counts_when_a_budget_limited_the_discount() -> None:
    """The value of an effect is taken off, not its desired value: 20 - 3 = 17."""
    assert D(17) == cart_totals(cart(item(20)), [off_item(3, desired_value=10)]).total


def test_an_items_costs_are_reduced_when_the_scope_is_additional_costs() -> None:
    """A discount of 3 on an item's costs takes 2 off the wrapping and 1 off the card, in their order.

    The price stays.
    """
    totals = cart_totals(cart(item(10, wrap=2, card=4)), [off_item(3, scope="additionalCosts")])
    assert {"wrap": Amounts(gross=D(2), discount=D(2)), "card": Amounts(gross=D(4), discount=D(1))} == totals.items[
        0
    ].additional_costs
    assert (D(10), D(3), D(0), D(0), D(13)) == summed(totals)


def test_an_items_costs_are_reduced_last_when_the_scope_is_the_item_total() -> None:
    """A discount of 12 on an item takes 10 off its price and 2 off its wrapping, as one discount for each line."""
    totals = cart_totals(cart(item(10, wrap=4)), [off_item(12, scope="itemTotal")])
    first, second = totals.discounts
    assert Discount(name="off#0", amount=D(10), position=0, scope="itemTotal", campaign_id=7) == first
    assert (
        Discount(name="off#0", amount=D(2), position=0, additional_cost="wrap", scope="itemTotal", campaign_id=7)
        == second
    )
    assert (D(0), D(2), D(2)) == (totals.items[0].net, totals.items[0].additional_costs["wrap"].net, totals.total)


def test_the_named_cost_is_reduced_when_a_discount_is_on_an_additional_cost() -> None:
    """A discount on an additional cost is taken off the cost that it names, of the session or of an item."""
    effects = [off_cost(4.9), off_item_cost(1.5, 0, 1), off_item_cost(0.5)]
    totals = cart_totals(cart(item(10, 2, wrap=2), shipping=4.9), effects)
    assert (D(20), D(2), D(0), D(0), D(22)) == summed(totals)
    assert {"shipping": Amounts(gross=D("4.9"), discount=D("4.9"))} == totals.additional_costs


def test_units_that_came_back_are_not_charged_when_the_answer_counts_them() -> None:
    """Units that came back are not charged: of three units at 10, two are left."""
    back = CartItem(sku="a", price=10, quantity=3, returned_quantity=1)
    totals = cart_totals(CustomerSessionV2(cart_items=[back]), [])
    assert (2, D(20)) == (totals.items[0].quantity, totals.total)


def test_a_discount_is_undone_when_its_unit_comes_back() -> None:
    """Rolling back the discount of a unit that came back leaves that of the other one: 10 - 4 = 6."""
    back = CartItem(sku="a", price=10, quantity=2, returned_quantity=1)
    effects = [off_item(4, 0, 0), off_item(4, 0, 1)]
    returned = rollback(4, "off#0", cart_item_position=0, cart_item_sub_position=1)
    totals = cart_totals(CustomerSessionV2(cart_items=[back]), [returned, *effects])
    assert (D(6), ()) == (totals.total, totals.unapplied)


@pytest.mark.parametrize(
    ("undo", "paid"),
    [
        (rollback(2), 14),
        (rollback(5), 17),
        (rollback(5, scope="sessionTotal"), 17),
        (rollback(1, cart_item_position=0, name="off#0", scope="price"), 13),
        (rollback(2, additional_cost="shipping", additional_cost_id=1), 14),
        (rollback(1, additional_cost="wrap", cart_item_position=0, name="off#0"), 13),
    ],
)
def test_as_much_as_was_rolled_back_is_charged_again_when_a_discount_is_undone(undo: Effect, paid: int) -> None:
    """The cart costs 12 after discounts on the session, shipping, the item and its wrapping.

    Each rollback is added to that.
    """
    effects = [off(5), off_cost(2), off_item(2), off_item_cost(1), undo]
    totals = cart_totals(cart(item(10, wrap=4), shipping=8), effects)
    assert (D(paid), ()) == (totals.total, totals.unapplied)


@pytest.mark.parametrize(
    "undo",
    [
        rollback(1, "other"),
        rollback(6),
        rollback(1, scope="cartItems"),
        rollback(1, cart_item_position=0),
        rollback(1, additional_cost="shipping"),
        rollback(-1),
    ],
)
def test_a_rollback_is_reported_when_not_all_of_it_can_be_undone(undo: Effect) -> None:
    """A rollback of another name, scope or place, of too much, or of a negative amount is reported as unapplied."""
    assert (undo,) == cart_totals(cart(item(10)), [off(5, "sessionTotal"), undo]).unapplied


@pytest.mark.parametrize(
    "lost",
    [
        off_item(1, 1),
        off_item(1, -1),
        off_item(1, 0.5),
        off_item(1, 0, 2),
        off_item(1, 0, -1),
        off_item(1, 0, 0.5),
        off_item(1, float("inf")),
        off_item(1, scope="additionalCosts"),
        off_item(1, scope="newer"),
        off_item(-1),
        off_cost(1, "duty"),
        off_item_cost(1),
        off_item_cost(1, 1),
        off(1, "newer"),
        off(-1),
        off(float("nan")),
        effect(UnknownEffectProps(raw={"name": "off"})),
    ],
)
def test_an_effect_is_reported_when_it_cannot_be_applied(lost: Effect) -> None:
    """An effect whose place, scope or value makes no sense, or whose props cannot be read, is reported as unapplied.

    Nothing is taken off.
    """
    totals = cart_totals(cart(item(10, 2), shipping=5), [lost])
    assert ((lost,), D(25), D(0)) == (totals.unapplied, totals.total, totals.excess)


def test_codes_and_free_items_are_listed_when_effects_tell_of_them() -> None:
    """The totals list accepted and rejected codes and free items, with the props of the rejections.

    Other effects change nothing.
    """
    coupon = RejectCouponEffectProps(value="B", rejection_reason="CouponExpired", details="late")
    referral = RejectReferralEffectProps(value="D", rejection_reason="ReferralNotFound")
    free = AddFreeItemEffectProps(sku="mug", name="free mug")
    accepted = [AcceptCouponEffectProps(value="A"), AcceptReferralEffectProps(value="C")]
    note = ShowNotificationEffectProps(notification_type="Info", title="t", body="b")
    totals = cart_totals(cart(item(10)), map(effect, [coupon, *accepted, note, referral, free]))
    assert (("A",), ("C",)) == (totals.accepted_coupons, totals.accepted_referrals)
    assert ((coupon,), (referral,), (free,)) == (totals.rejected_coupons, totals.rejected_referrals, totals.free_items)
    assert (D(10), (), 1) == (totals.total, totals.unapplied, len(totals.items))


def test_a_missing_price_is_refused_when_it_is_left_to_the_catalog() -> None:
    """A cart item without a price, which the server takes from its catalog, is refused with its position."""
    with pytest.raises(ValueError, match="the cart item at position 1 has no price"):
        cart_totals(cart(item(1), item(None)), [])


def test_amounts_are_exact_when_the_callers_context_is_narrow() -> None:
    """Amounts are exact although the caller's decimal context has a precision of three digits."""
    with decimal.localcontext(prec=3):
        totals = cart_totals(cart(item(1000.01), item(2000.02)), [off_item(0.01)])
        rounded = totals.rounded()
        assert (D("3000.02"), D("3000.02")) == (totals.total, rounded.total)
        assert ["1000.00", "2000.02"] == [str(line.net) for line in rounded.items]


def test_the_missing_cent_is_given_to_one_line_when_thirds_are_rounded() -> None:
    """Rounding gives the missing cent to single lines: three times 6.665 are 6.67 + 6.67 + 6.66, in total 20.00."""
    totals = cart_totals(
        cart(item(10), item(10), item(10)), [off_item(3.335, 0), off_item(3.335, 1), off_item(3.335, 2)]
    )
    rounded = totals.rounded()
    assert (D("19.995"), D("20.00"), D("10.00")) == (totals.total, rounded.total, rounded.discount_total)
    assert [D("6.67"), D("6.67"), D("6.66")] == [line.net for line in rounded.items]
    assert [D("3.33"), D("3.33"), D("3.34")] == [discount.amount for discount in rounded.discounts]
    assert {D(10)} == {line.gross for line in rounded.items}


def test_half_a_cent_is_charged_when_the_total_is_rounded() -> None:
    """A total is rounded half up: 9.875 is 9.88 in cents, 9.9 in tenths and 10 in whole units.

    The discount follows it.
    """
    totals = cart_totals(cart(item(10)), [off(0.125)])
    assert ("9.88", "0.12") == (str(totals.rounded().total), str(totals.rounded().session_discount))
    assert ("9.9", "10", "9.875") == (
        str(totals.rounded(1).total),
        str(totals.rounded(0).total),
        str(totals.rounded(3).total),
    )


def test_a_gross_is_net_and_discount_when_a_price_is_not_in_whole_cents() -> None:
    """The gross of a rounded line is its net and its discount: 0.335 - 0.1 becomes 0.34 = 0.24 + 0.10."""
    (line,) = cart_totals(cart(item(0.335)), [off_item(0.1)]).rounded().items
    assert (D("0.34"), D("0.10"), D("0.24")) == (line.gross, line.discount, line.net)
