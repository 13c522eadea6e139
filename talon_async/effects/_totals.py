"""The result of `cart_totals`, and its rounding.

Only the amounts of lines and discounts are stored. All totals are sums of them, so they agree with their parts before
and after rounding.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, localcontext
from typing import TYPE_CHECKING, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from talon_async.models.effects import Effect
    from talon_async.models.effects.coupons import RejectCouponEffectProps
    from talon_async.models.effects.discounts import AddFreeItemEffectProps
    from talon_async.models.effects.referrals import RejectReferralEffectProps

EXACT = Context(prec=2000)  # enough for the sum of any two floats: the caller's own context may be narrow
Line: TypeAlias = tuple[int | None, str | None]
"""A line: the position of its item and the name of its additional cost. Both are None for the session as a whole."""


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Return the sum without rounding, in any decimal context of the caller."""
    with localcontext(EXACT):
        return sum(amounts, Decimal(0))


@attrs.frozen(kw_only=True)
class Amounts:
    """The amounts of a line: before discounts, the discounts, and the rest.

    Attributes:
        gross: the amount before discounts.
        discount: the sum of the discounts, as a positive number.
    """

    gross: Decimal
    discount: Decimal = Decimal(0)

    @property
    def net(self) -> Decimal:
        """The amount to pay: `gross` - `discount`."""
        return exact_sum([self.gross, self.discount.copy_negate()])


@attrs.frozen(kw_only=True)
class ItemTotals(Amounts):
    """The amounts of all units of a cart item together, without its additional costs.

    Attributes:
        position: the index in the session's `cart_items`.
        sku: the SKU.
        quantity: the number of units, without returned ones.
        additional_costs: the amounts of the item's own additional costs, for all units, by name.
    """

    position: int
    sku: str
    quantity: int
    additional_costs: Mapping[str, Amounts] = attrs.field(factory=dict[str, Amounts])


@attrs.frozen(kw_only=True)
class Discount:
    """The discount of one effect on one line. An effect that reduces several lines has one `Discount` for each.

    Attributes:
        name: the name of the discount.
        amount: the amount, as a positive number.
        position: the index of the cart item; None for discounts on the session and its additional costs.
        sub_position: the unit of the cart item, if the effect names one.
        additional_cost: the name of the additional cost, if the discount reduces one.
        scope: the scope of the effect.
        campaign_id: the ID of the campaign of the effect.
    """

    name: str
    amount: Decimal
    position: int | None = None
    sub_position: int | None = None
    additional_cost: str | None = None
    scope: str | None = None
    campaign_id: int | None = None

    @property
    def line(self) -> Line:
        """The line that the discount reduces."""
        return self.position, self.additional_cost


@attrs.frozen(kw_only=True)
class CartTotals:
    """The amounts to charge for a cart, with all discounts.

    `total` is `cart_item_total` + `cart_item_additional_cost_total` + `additional_cost_total` - `session_discount`, and
    also `gross` - `discount_total`. Unlike the totals in a session, these are after discounts. All are exact;
    `rounded()` returns them in whole cents.

    Attributes:
        items: the cart items, in the order of the cart.
        additional_costs: the amounts of the session's own additional costs, by name.
        discounts: the discounts by line; their amounts add up to `discount_total`.
        excess: the sum of the discounts that were not applied because an amount would have become negative.
        accepted_coupons: the coupon codes that can be used.
        rejected_coupons: the coupon codes that cannot be used, with the reasons.
        accepted_referrals: the referral codes that can be used.
        rejected_referrals: the referral codes that cannot be used, with the reasons.
        free_items: items to add to the cart for free; they are not in `items`.
        unapplied: effects that may change the total but were not applied: discounts for a line that this cart does not
            have or with an invalid value, rollbacks of discounts that are not among the effects, and effects that
            cannot be read.
    """

    items: tuple[ItemTotals, ...] = ()
    additional_costs: Mapping[str, Amounts] = attrs.field(factory=dict[str, Amounts])
    discounts: tuple[Discount, ...] = ()
    excess: Decimal = Decimal(0)
    accepted_coupons: tuple[str, ...] = ()
    rejected_coupons: tuple[RejectCouponEffectProps, ...] = ()
    accepted_referrals: tuple[str, ...] = ()
    rejected_referrals: tuple[RejectReferralEffectProps, ...] = ()
    free_items: tuple[AddFreeItemEffectProps, ...] = ()
    unapplied: tuple[Effect, ...] = ()

    @property
    def lines(self) -> dict[Line, Amounts]:
        """The amounts of every item and every additional cost, by the item's position and the cost's name."""
        lines: dict[Line, Amounts] = {}
        for item in self.items:
            lines[item.position, None] = item
            lines |= {(item.position, name): cost for name, cost in item.additional_costs.items()}
        return lines | {(None, name): cost for name, cost in self.additional_costs.items()}

    @property
    def total(self) -> Decimal:
        """The amount to charge."""
        return exact_sum([self.gross, self.discount_total.copy_negate()])

    @property
    def gross(self) -> Decimal:
        """The amount without discounts, which is the `total` of the session."""
        return exact_sum(line.gross for line in self.lines.values())

    @property
    def discount_total(self) -> Decimal:
        """The sum of all discounts."""
        return exact_sum(discount.amount for discount in self.discounts)

    @property
    def session_discount(self) -> Decimal:
        """The sum of the discounts on the session as a whole."""
        return exact_sum(discount.amount for discount in self.discounts if discount.line == (None, None))

    @property
    def cart_item_total(self) -> Decimal:
        """The sum of the items, after the discounts on them."""
        return exact_sum(item.net for item in self.items)

    @property
    def cart_item_additional_cost_total(self) -> Decimal:
        """The sum of the additional costs of items, after the discounts on them."""
        return exact_sum(cost.net for item in self.items for cost in item.additional_costs.values())

    @property
    def additional_cost_total(self) -> Decimal:
        """The sum of the additional costs of the session, after the discounts on them."""
        return exact_sum(cost.net for cost in self.additional_costs.values())

    def rounded(self, places: int = 2) -> CartTotals:
        """Return the totals in whole cents, or with as many decimal places as the currency has: 0 for yen.

        `total` is rounded half up. The nets of the lines and the discount on the session are rounded down; then the
        missing cents go to the parts that lost most, so that all parts still add up. A `gross` in whole cents does not
        change; any other becomes the sum of its rounded net and discount. `excess` is not rounded.
        """
        with localcontext(EXACT):
            cent = Decimal(1).scaleb(-places)
            lines = self.lines
            parts = [*(line.net for line in lines.values()), -self.session_discount]
            *nets, session = _spread(parts, _half_up(self.total, cent), cent)
            new = {key: _fitted(line, net, cent) for (key, line), net in zip(lines.items(), nets, strict=True)}
            off = {key: line.discount for key, line in new.items()} | {(None, None): -session}
            return attrs.evolve(
                self,
                items=tuple(_item_of(item, new) for item in self.items),
                additional_costs={name: new[None, name] for name in self.additional_costs},
                discounts=_discounts_of(self.discounts, off, cent),
            )


def _half_up(amount: Decimal, cent: Decimal) -> Decimal:
    return amount.quantize(cent, ROUND_HALF_UP)


def _spread(parts: Sequence[Decimal], total: Decimal, cent: Decimal) -> list[Decimal]:
    """Round parts so that they add up to a rounded total, by the largest-remainder method, earlier parts first."""
    floors = [part.quantize(cent, ROUND_FLOOR) for part in parts]
    missing = int((total - sum(floors)) / cent)
    neediest = sorted(range(len(parts)), key=lambda index: floors[index] - parts[index])
    for index in neediest[:missing]:
        floors[index] += cent
    return floors


def _fitted(line: Amounts, net: Decimal, cent: Decimal) -> Amounts:
    """Return rounded amounts of a line with this net."""
    gross = _half_up(line.gross, cent)
    discount = gross - net if gross == line.gross else _half_up(line.discount, cent)
    return Amounts(gross=net + discount, discount=discount)


def _item_of(item: ItemTotals, new: Mapping[Line, Amounts]) -> ItemTotals:
    own = new[item.position, None]
    costs = {name: new[item.position, name] for name in item.additional_costs}
    return attrs.evolve(item, gross=own.gross, discount=own.discount, additional_costs=costs)


def _discounts_of(discounts: Sequence[Discount], off: Mapping[Line, Decimal], cent: Decimal) -> tuple[Discount, ...]:
    """Round discounts so that those of a line add up to the line's rounded discount."""
    indexes: dict[Line, list[int]] = {}
    for index, discount in enumerate(discounts):
        indexes.setdefault(discount.line, []).append(index)
    rounded = list(discounts)
    for line, here in indexes.items():
        amounts = _spread([discounts[index].amount for index in here], off[line], cent)
        for index, amount in zip(here, amounts, strict=True):
            rounded[index] = attrs.evolve(discounts[index], amount=amount)
    return tuple(rounded)
