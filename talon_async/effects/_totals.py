"""What `cart_totals` returns, and how it is rounded.

Only what cannot be derived is stored: what a line costs, and what is taken off it. All totals are sums of that, so they
agree with their parts before and after rounding.
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
"""Which line: its item's position and its additional cost. Without both it is the session as a whole."""


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Add up without rounding, whatever the caller's decimal context."""
    with localcontext(EXACT):
        return sum(amounts, Decimal(0))


@attrs.frozen(kw_only=True)
class Amounts:
    """What a line costs, what is taken off, and what is left to pay.

    Attributes:
        gross: before discounts.
        discount: what is taken off, as a positive number.
    """

    gross: Decimal
    discount: Decimal = Decimal(0)

    @property
    def net(self) -> Decimal:
        """What is left to pay."""
        return exact_sum([self.gross, self.discount.copy_negate()])


@attrs.frozen(kw_only=True)
class ItemTotals(Amounts):
    """The amounts of all units of a cart item together; its additional costs are not in them, but beside them.

    Attributes:
        position: the index in the session's `cart_items`.
        sku: the article.
        quantity: the units that count, without those that came back.
        additional_costs: the amounts of the item's own additional costs, for all units, by name.
    """

    position: int
    sku: str
    quantity: int
    additional_costs: Mapping[str, Amounts] = attrs.field(factory=dict[str, Amounts])


@attrs.frozen(kw_only=True)
class Discount:
    """What one effect takes off one line; an effect that reaches several lines is listed once for each.

    Attributes:
        name: the discount's name.
        amount: what is taken off, as a positive number.
        position: the index of the cart item; None for discounts on the session and its additional costs.
        sub_position: the unit of the cart item, if the effect names one.
        additional_cost: the name of the additional cost, if the amount is taken off one.
        scope: the effect's own.
        campaign_id: the effect's own.
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
        """Which line it is taken off."""
        return self.position, self.additional_cost


@attrs.frozen(kw_only=True)
class CartTotals:
    """What to charge for a cart, and how it came about.

    `total` is `cart_item_total` + `cart_item_additional_cost_total` + `additional_cost_total` - `session_discount`, and
    also `gross` - `discount_total`. Unlike the totals in a session, these are after discounts. All are exact:
    `rounded()` makes whole cents of them.

    Attributes:
        items: the cart items, in the order of the cart.
        additional_costs: the amounts of the session's own additional costs, by name.
        discounts: what is taken off where; the amounts add up to `discount_total`.
        excess: what discounts would have taken below zero, and did not.
        accepted_coupons: codes that can be used.
        rejected_coupons: codes that cannot be used, and why.
        accepted_referrals: codes that can be used.
        rejected_referrals: codes that cannot be used, and why.
        free_items: articles to put in the cart at no price; they are not among the `items`.
        unapplied: discounts for a place that this cart does not have or with a value that makes no sense, rollbacks
            of what is not among the effects, and every effect that cannot be read, as it may be about money.
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
        found: dict[Line, Amounts] = {}
        for item in self.items:
            found[item.position, None] = item
            found |= {(item.position, name): cost for name, cost in item.additional_costs.items()}
        return found | {(None, name): cost for name, cost in self.additional_costs.items()}

    @property
    def total(self) -> Decimal:
        """What to charge."""
        return exact_sum([self.gross, self.discount_total.copy_negate()])

    @property
    def gross(self) -> Decimal:
        """What it would be without discounts: the session's own `total`."""
        return exact_sum(line.gross for line in self.lines.values())

    @property
    def discount_total(self) -> Decimal:
        """All that is taken off."""
        return exact_sum(discount.amount for discount in self.discounts)

    @property
    def session_discount(self) -> Decimal:
        """What is taken off the session as a whole, after the lines."""
        return exact_sum(discount.amount for discount in self.discounts if discount.line == (None, None))

    @property
    def cart_item_total(self) -> Decimal:
        """The goods, after the discounts on items."""
        return exact_sum(item.net for item in self.items)

    @property
    def cart_item_additional_cost_total(self) -> Decimal:
        """The items' own additional costs, after the discounts on them."""
        return exact_sum(cost.net for item in self.items for cost in item.additional_costs.values())

    @property
    def additional_cost_total(self) -> Decimal:
        """The session's own additional costs, after the discounts on them."""
        return exact_sum(cost.net for cost in self.additional_costs.values())

    def rounded(self, places: int = 2) -> CartTotals:
        """Return the totals in whole cents, or what `places` decimals are in the currency: 0 for yen.

        `total` is rounded half up. What the lines and the session's discount make of it is rounded down, and the cents
        that are missing go to those that lost most, so that all parts still add up. No price that is in whole cents
        changes; one that is not becomes what is left to pay of it and what is taken off. `excess` stays as it is.
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
    """Round parts so that they add up to a rounded total: by the largest remainder, earlier parts first."""
    floors = [part.quantize(cent, ROUND_FLOOR) for part in parts]
    missing = int((total - sum(floors)) / cent)
    neediest = sorted(range(len(parts)), key=lambda index: floors[index] - parts[index])
    for index in neediest[:missing]:
        floors[index] += cent
    return floors


def _fitted(line: Amounts, net: Decimal, cent: Decimal) -> Amounts:
    """Return rounded amounts of a line that leave a net."""
    gross = _half_up(line.gross, cent)
    discount = gross - net if gross == line.gross else _half_up(line.discount, cent)
    return Amounts(gross=net + discount, discount=discount)


def _item_of(item: ItemTotals, new: Mapping[Line, Amounts]) -> ItemTotals:
    own = new[item.position, None]
    costs = {name: new[item.position, name] for name in item.additional_costs}
    return attrs.evolve(item, gross=own.gross, discount=own.discount, additional_costs=costs)


def _discounts_of(discounts: Sequence[Discount], off: Mapping[Line, Decimal], cent: Decimal) -> tuple[Discount, ...]:
    """Round discounts so that those of a line add up to what is taken off it."""
    indexes: dict[Line, list[int]] = {}
    for index, discount in enumerate(discounts):
        indexes.setdefault(discount.line, []).append(index)
    rounded = list(discounts)
    for line, here in indexes.items():
        amounts = _spread([discounts[index].amount for index in here], off[line], cent)
        for index, amount in zip(here, amounts, strict=True):
            rounded[index] = attrs.evolve(discounts[index], amount=amount)
    return tuple(rounded)
