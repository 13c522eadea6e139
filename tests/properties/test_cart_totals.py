"""Sums of any cart and any discounts: the parts make the whole, no money is lost, and no order matters."""

from __future__ import annotations

from collections import Counter
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talon_async.effects import CartTotals, cart_totals
from talon_async.models import (
    AdditionalCost,
    CartItem,
    CustomerSessionV2,
    Effect,
    RollbackDiscountEffectProps,
    SetDiscountEffectProps,
    SetDiscountPerAdditionalCostEffectProps,
    SetDiscountPerAdditionalCostPerItemEffectProps,
    SetDiscountPerItemEffectProps,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

CENTS = st.integers(0, 5000).map(lambda cents: cents / 100)
ODD = st.integers(0, 50000).map(lambda thousandths: thousandths / 1000) | st.floats(0, 40)
NAMES = st.sampled_from(["wrap", "card", "shipping"])
POSITIONS = st.sampled_from([0, 0, 0, 1, 1.0, 2, 5, -1, 0.5])
UNITS = st.none() | st.sampled_from([0, 0, 1, 2, 7])
ITEM_SCOPES = st.sampled_from([None, "price", "additionalCosts", "itemTotal", "newer"])
SESSION_SCOPES = st.sampled_from([None, "cartItems", "additionalCosts", "sessionTotal"])
DISCOUNT = st.sampled_from(["a", "b"])
CAMPAIGNS = st.sampled_from([None, -1, 7])


@pytest.fixture(scope="module", autouse=True)
def exact() -> Iterator[None]:
    """Make the tests' own sums as exact as those they check."""
    with localcontext(Context(prec=2000)):
        yield


def carts(prices: st.SearchStrategy[float]) -> st.SearchStrategy[CustomerSessionV2]:
    additional = st.dictionaries(NAMES, st.builds(AdditionalCost, price=prices), max_size=2)
    item = st.builds(
        CartItem,
        sku=st.just("a"),
        price=prices,
        quantity=st.integers(1, 3),
        returned_quantity=st.sampled_from([None, 0, 1]),
        additional_costs=additional,
    )
    return st.builds(CustomerSessionV2, cart_items=st.lists(item, max_size=3), additional_costs=additional)


PROPS: st.SearchStrategy[Any] = st.one_of(
    st.builds(SetDiscountEffectProps, name=DISCOUNT, value=ODD, scope=SESSION_SCOPES),
    st.builds(
        SetDiscountPerItemEffectProps,
        name=DISCOUNT, value=ODD, position=POSITIONS, sub_position=UNITS, scope=ITEM_SCOPES,
    ),
    st.builds(
        SetDiscountPerAdditionalCostEffectProps,
        name=DISCOUNT, value=ODD, additional_cost=NAMES, additional_cost_id=st.just(1),
    ),
    st.builds(
        SetDiscountPerAdditionalCostPerItemEffectProps,
        name=DISCOUNT, value=ODD, additional_cost=NAMES, additional_cost_id=st.just(1), position=POSITIONS,
        sub_position=UNITS,
    ),
    st.builds(
        RollbackDiscountEffectProps,
        name=DISCOUNT, value=ODD, cart_item_position=st.none() | POSITIONS, cart_item_sub_position=UNITS,
        scope=SESSION_SCOPES | ITEM_SCOPES,
    ),
)  # fmt: skip
EFFECTS = st.lists(st.builds(Effect, effect_type=st.just("any"), props=PROPS, campaign_id=CAMPAIGNS), max_size=8)


def check_sums(totals: CartTotals) -> None:
    """Check the equations that hold before and after rounding."""
    lines = totals.lines.values()
    off_lines = sum(line.discount for line in lines)
    parts = totals.cart_item_total + totals.cart_item_additional_cost_total + totals.additional_cost_total
    assert parts - totals.session_discount == totals.total
    assert totals.gross == totals.total + totals.discount_total
    assert totals.discount_total == off_lines + totals.session_discount
    assert all(line.gross == line.net + line.discount for line in lines)
    for place, line in totals.lines.items():
        assert line.discount == sum(discount.amount for discount in totals.discounts if discount.line == place)


@given(carts(ODD), EFFECTS)
def test_the_parts_are_the_whole_when_discounts_are_applied(session: CustomerSessionV2, effects: list[Effect]) -> None:
    """The total and the discounts add up to the gross.

    Each line is its price less its discounts, and no sum is negative.
    """
    totals = cart_totals(session, effects)
    check_sums(totals)
    assert min([totals.total, totals.excess, *(line.net for line in totals.lines.values())]) >= 0
    assert all(discount.amount > 0 for discount in totals.discounts)


@given(carts(ODD), EFFECTS)
def test_no_money_is_lost_when_nothing_is_rolled_back(session: CustomerSessionV2, effects: list[Effect]) -> None:
    """The value of every effect is taken off, is in the excess, or the effect is reported."""
    discounting = [effect for effect in effects if not isinstance(effect.props, RollbackDiscountEffectProps)]
    totals = cart_totals(session, discounting)
    wanted: Any = sum(Decimal(str(getattr(effect.props, "value", 0))) for effect in discounting)
    unapplied: Any = sum(Decimal(str(getattr(effect.props, "value", 0))) for effect in totals.unapplied)
    assert wanted == totals.discount_total + totals.excess + unapplied


@given(carts(ODD), EFFECTS.flatmap(lambda effects: st.tuples(st.just(effects), st.permutations(effects))))
def test_the_totals_are_the_same_when_the_effects_come_in_another_order(
    session: CustomerSessionV2, orders: tuple[list[Effect], list[Effect]]
) -> None:
    """The order of the effects changes nothing but the order of the effects that could not be applied."""
    one, other = (cart_totals(session, effects) for effects in orders)
    assert attrs.evolve(one, unapplied=()) == attrs.evolve(other, unapplied=())
    assert Counter(map(repr, one.unapplied)) == Counter(map(repr, other.unapplied))


@given(carts(ODD), EFFECTS, st.sampled_from([0, 2, 3]))
def test_the_sums_hold_when_everything_is_rounded(
    session: CustomerSessionV2, effects: list[Effect], places: int
) -> None:
    """The rounded total is the exact one, rounded half up.

    Every part is in whole cents, not negative, and close to its exact value.
    """
    exact = cart_totals(session, effects)
    rounded = exact.rounded(places)
    check_sums(rounded)
    cent = Decimal(1).scaleb(-places)
    assert exact.total.quantize(cent, ROUND_HALF_UP) == rounded.total
    amounts = [rounded.total, *(discount.amount for discount in rounded.discounts)]
    amounts += [amount for line in rounded.lines.values() for amount in (line.gross, line.discount, line.net)]
    assert all(amount == amount.quantize(cent) and amount >= 0 for amount in amounts)
    pairs = zip(exact.lines.values(), rounded.lines.values(), strict=True)
    assert all(abs(one.net - other.net) < cent and abs(one.discount - other.discount) < cent for one, other in pairs)
    assert rounded == rounded.rounded(places)


@given(carts(CENTS), EFFECTS)
def test_prices_stay_when_they_are_whole_cents(session: CustomerSessionV2, effects: list[Effect]) -> None:
    """Only lines with discounts are rounded if all prices are whole cents, each by less than a cent."""
    exact = cart_totals(session, effects)
    rounded = exact.rounded()
    assert [line.gross for line in exact.lines.values()] == [line.gross for line in rounded.lines.values()]
    pairs = zip(exact.discounts, rounded.discounts, strict=True)
    assert all(abs(one.amount - other.amount) < Decimal("0.01") for one, other in pairs)
