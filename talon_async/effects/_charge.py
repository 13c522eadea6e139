"""Applies the discounts among effects to a session's cart."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

import attrs

from talon_async.effects._totals import EXACT, Amounts, CartTotals, Discount, ItemTotals, Line
from talon_async.models.effects import EFFECT_PROPS, Effect, UnknownEffectProps
from talon_async.models.effects.coupons import AcceptCouponEffectProps, RejectCouponEffectProps
from talon_async.models.effects.discounts import (
    AddFreeItemEffectProps,
    RollbackDiscountEffectProps,
    SetDiscountEffectProps,
    SetDiscountPerAdditionalCostEffectProps,
    SetDiscountPerAdditionalCostPerItemEffectProps,
    SetDiscountPerItemEffectProps,
)
from talon_async.models.effects.referrals import AcceptReferralEffectProps, RejectReferralEffectProps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from talon_async.models.cart import AdditionalCost, CartItem
    from talon_async.models.session import CustomerSessionV2, NewCustomerSessionV2

LINE_SCOPES = ["price", "additionalCosts", "itemTotal"]
SESSION_SCOPES = ["cartItems", "additionalCosts", "sessionTotal"]
"""Scopes in the order in which discounts are applied: narrow scopes first, as wide ones would use up their amounts."""


def cart_totals(session: CustomerSessionV2 | NewCustomerSessionV2, effects: Iterable[Effect]) -> CartTotals:
    """Apply the discounts among the effects to a session, and return the amounts to charge.

    Pass the effects and the session of one answer, or the cart as you sent it. All amounts are exact decimals: 0.1 is
    0.1. The order of the effects does not matter. No amount becomes negative; `excess` is the sum of discounts that
    would have made one negative.

    - `setDiscount` reduces the session as a whole: the goods for the scope `cartItems`, all additional costs for
      `additionalCosts`, otherwise everything.
    - `setDiscountPerItem` reduces the cart item at `position`, once per effect: one unit if there is a `sub_position`,
      otherwise all units together. The scope `additionalCosts` means the additional costs of the item, in their order;
      `itemTotal` means the price and then these costs; otherwise the price is reduced. Each effect of a pro rata
      discount has its share as its `value`; its total fields are not used.
    - `setDiscountPerAdditionalCost` and `setDiscountPerAdditionalCostPerItem` reduce the additional cost that they
      name.
    - `rollbackDiscount` undoes discounts of the same name and place among the effects, up to its `value`. Use it for a
      return: pass the discounts of the answer before the return together with the rollbacks of the return's answer.

    The function uses `value`, which budgets have already limited, and never `desired_value`. Discounts add up, also
    those with the same name. The additional costs of an item are per unit, like its price. Returned units are not
    charged. The `state` of the session is ignored; charge nothing for a cancelled session.

    Raises:
        ValueError: a cart item has no price. A request may leave the price to the catalog; the session of the answer
            has it.
    """
    with localcontext(EXACT):
        cart = _Cart(session)
        sorted_effects = _SortedEffects.of(effects)
        unapplied = [
            *sorted_effects.unreadable,
            *cart.place(sorted_effects.discounts),
            *cart.undo(sorted_effects.rollbacks),
        ]
        cart.take()
        return CartTotals(
            items=tuple(cart.item_totals(position) for position in range(len(cart.items))),
            additional_costs=cart.cost_totals(None, cart.costs),
            discounts=tuple(cart.discounts),
            excess=cart.excess,
            accepted_coupons=tuple(sorted_effects.accepted_coupons),
            rejected_coupons=tuple(sorted_effects.rejected_coupons),
            accepted_referrals=tuple(sorted_effects.accepted_referrals),
            rejected_referrals=tuple(sorted_effects.rejected_referrals),
            free_items=tuple(sorted_effects.free_items),
            unapplied=tuple(unapplied),
        )


@attrs.define
class _SortedEffects:
    """The effects that matter for totals, sorted by their kind."""

    discounts: list[Effect] = attrs.field(factory=list[Effect])
    rollbacks: list[Effect] = attrs.field(factory=list[Effect])
    unreadable: list[Effect] = attrs.field(factory=list[Effect])
    accepted_coupons: list[str] = attrs.field(factory=list[str])
    rejected_coupons: list[RejectCouponEffectProps] = attrs.field(factory=list[RejectCouponEffectProps])
    accepted_referrals: list[str] = attrs.field(factory=list[str])
    rejected_referrals: list[RejectReferralEffectProps] = attrs.field(factory=list[RejectReferralEffectProps])
    free_items: list[AddFreeItemEffectProps] = attrs.field(factory=list[AddFreeItemEffectProps])

    @classmethod
    def of(cls, effects: Iterable[Effect]) -> _SortedEffects:
        sorted_effects = cls()
        for effect in effects:
            match effect.props:
                case AcceptCouponEffectProps(value=code):
                    sorted_effects.accepted_coupons.append(code)
                case RejectCouponEffectProps() as props:
                    sorted_effects.rejected_coupons.append(props)
                case AcceptReferralEffectProps(value=code):
                    sorted_effects.accepted_referrals.append(code)
                case RejectReferralEffectProps() as props:
                    sorted_effects.rejected_referrals.append(props)
                case AddFreeItemEffectProps() as props:
                    sorted_effects.free_items.append(props)
                case RollbackDiscountEffectProps():
                    sorted_effects.rollbacks.append(effect)
                case UnknownEffectProps() if EFFECT_PROPS.get(effect.effect_type) is not UnknownEffectProps:
                    sorted_effects.unreadable.append(effect)
                case (
                    SetDiscountEffectProps()
                    | SetDiscountPerItemEffectProps()
                    | SetDiscountPerAdditionalCostEffectProps()
                    | SetDiscountPerAdditionalCostPerItemEffectProps()
                ):
                    sorted_effects.discounts.append(effect)
                case _:
                    pass
        return sorted_effects


@attrs.define
class _Wanted:
    """A discount or rollback, and the amount of it that is not applied yet."""

    effect: Effect
    name: str
    left: Decimal
    scope: str | None
    position: int | None
    sub_position: int | None
    additional_cost: str | None

    @classmethod
    def of(cls, effect: Effect) -> _Wanted:
        props = effect.props
        prefix = "cart_item_" if isinstance(props, RollbackDiscountEffectProps) else ""
        return cls(
            effect,
            name=getattr(props, "name", ""),
            left=_amount_of(getattr(props, "value", 0)),
            scope=getattr(props, "scope", None),
            position=_index(getattr(props, f"{prefix}position", None)),
            sub_position=_index(getattr(props, f"{prefix}sub_position", None)),
            additional_cost=getattr(props, "additional_cost", None),
        )

    @property
    def on_line(self) -> bool:
        """Whether it applies to an item or an additional cost, not to the session as a whole."""
        return self.position is not None or self.additional_cost is not None

    @property
    def place(self) -> tuple[Any, ...]:
        """The fields that are equal in a discount and its rollback."""
        return self.name, self.position, self.sub_position, self.additional_cost

    @property
    def turn(self) -> tuple[Any, ...]:
        """The sort key: narrower discounts come first. The last parts make the order unique."""
        scopes = LINE_SCOPES if self.on_line else SESSION_SCOPES
        scope = self.scope if self.scope in scopes else scopes[0 if self.on_line else -1]
        rank = (not self.on_line, scopes.index(scope), self.sub_position is None)
        at = -1 if self.position is None else self.position
        return *rank, at, self.name, self.left, repr((self.place, self.scope, self.effect.campaign_id))


@attrs.define
class _Line:
    """One item or additional cost, and the amount that discounts have taken off it."""

    price: Decimal
    quantity: int = 1
    taken: Decimal = Decimal(0)
    units: dict[int, Decimal] = attrs.field(factory=dict[int, Decimal])

    @property
    def gross(self) -> Decimal:
        return self.price * self.quantity

    def take(self, wanted: Decimal, unit: int | None) -> Decimal:
        """Take off as much as possible, of one unit or of all units; return the amount."""
        room = self.gross - self.taken
        if unit is not None:
            room = min(room, self.price - self.units.get(unit, Decimal(0)))
        amount = max(min(wanted, room), Decimal(0))
        self.taken += amount
        if unit is not None:
            self.units[unit] = self.units.get(unit, Decimal(0)) + amount
        return amount


class _Cart:
    """The lines of a session, and the discounts on them."""

    def __init__(self, session: CustomerSessionV2 | NewCustomerSessionV2) -> None:
        self.items: Sequence[CartItem] = session.cart_items or ()
        self.costs: Mapping[str, AdditionalCost] = session.additional_costs or {}
        self.lines: dict[Line, _Line] = {}
        for position, item in enumerate(self.items):
            if item.price is None:
                raise ValueError(
                    f"the cart item at position {position} has no price: use the session of the answer, which has it"
                )
            quantity = max(item.quantity - (item.returned_quantity or 0), 0)
            self.lines[position, None] = _Line(_decimal(item.price), quantity)
            for name, cost in (item.additional_costs or {}).items():
                self.lines[position, name] = _Line(_decimal(cost.price), quantity)
        for name, cost in self.costs.items():
            self.lines[None, name] = _Line(_decimal(cost.price))
        self.wanted: list[_Wanted] = []
        self.discounts: list[Discount] = []
        self.excess = Decimal(0)

    def place(self, effects: Iterable[Effect]) -> list[Effect]:
        """Keep the discounts that apply to this cart; return the others."""
        unmatched: list[Effect] = []
        for effect in effects:
            wanted = _Wanted.of(effect)
            if wanted.left >= 0 and self._has(wanted):
                self.wanted.append(wanted)
            else:
                unmatched.append(effect)
        self.wanted.sort(key=lambda wanted: wanted.turn)
        return unmatched

    def undo(self, effects: Iterable[Effect]) -> list[Effect]:
        """Reduce the discounts that were rolled back; return the rollbacks that could not be applied completely."""
        by_place: dict[tuple[Any, ...], list[_Wanted]] = {}
        for wanted in self.wanted:
            by_place.setdefault(wanted.place, []).append(wanted)
        rollbacks = sorted(map(_Wanted.of, effects), key=lambda wanted: (wanted.scope is None, wanted.turn))
        for rollback in rollbacks:
            for wanted in by_place.get(rollback.place, ()):
                if None in {rollback.scope, wanted.scope} or rollback.scope == wanted.scope:
                    undone = max(min(rollback.left, wanted.left), Decimal(0))
                    rollback.left -= undone
                    wanted.left -= undone
        return [rollback.effect for rollback in rollbacks if rollback.left]

    def take(self) -> None:
        """Apply the discounts: first those on lines, then those on the session to what the lines leave."""
        pools: dict[str, _Line] = {}
        for wanted in self.wanted:
            if wanted.on_line:
                for line in self._reach(wanted):
                    self._record(wanted, line, self.lines[line].take(wanted.left, wanted.sub_position))
            else:
                pools = pools or self._pools()
                amount = Decimal(0)
                for pool in [pools[wanted.scope]] if wanted.scope in pools else pools.values():
                    amount += pool.take(wanted.left - amount, None)
                self._record(wanted, (None, None), amount)
            self.excess += wanted.left

    def item_totals(self, position: int) -> ItemTotals:
        """Return the totals of an item."""
        item, line = self.items[position], self.lines[position, None]
        return ItemTotals(
            position=position,
            sku=item.sku,
            quantity=line.quantity,
            gross=line.gross,
            discount=line.taken,
            additional_costs=self.cost_totals(position, item.additional_costs),
        )

    def cost_totals(self, position: int | None, costs: Mapping[str, AdditionalCost] | None) -> dict[str, Amounts]:
        """Return the totals of the additional costs of an item, or of the session."""
        lines = {name: self.lines[position, name] for name in costs or ()}
        return {name: Amounts(gross=line.gross, discount=line.taken) for name, line in lines.items()}

    def _has(self, wanted: _Wanted) -> bool:
        """Tell whether a discount applies to a line of this cart."""
        if not wanted.on_line:
            return wanted.scope is None or wanted.scope in SESSION_SCOPES
        unit, at = wanted.sub_position, wanted.position
        return bool(self._reach(wanted)) and (unit is None or at is None or 0 <= unit < self.items[at].quantity)

    def _reach(self, wanted: _Wanted) -> list[Line]:
        """Return the lines that a discount on an item or a cost reduces, in order."""
        at, cost = wanted.position, wanted.additional_cost
        if (at, cost) not in self.lines:
            return []
        if at is None or cost is not None:
            return [(at, cost)]
        costs: list[Line] = [(at, name) for name in self.items[at].additional_costs or ()]
        lines: dict[str | None, list[Line]] = {"additionalCosts": costs, "itemTotal": [(at, None), *costs]}
        return lines.get(wanted.scope, [(at, None)] if wanted.scope in {None, "price"} else [])

    def _pools(self) -> dict[str, _Line]:
        """Return the remaining amounts of all lines, by the scope of discounts on the session."""
        left = [(name is None, line.gross - line.taken) for (_, name), line in self.lines.items()]
        goods, costs = (sum((rest for is_item, rest in left if is_item is kind), Decimal(0)) for kind in (True, False))
        return {"cartItems": _Line(goods), "additionalCosts": _Line(costs)}

    def _record(self, wanted: _Wanted, line: Line, amount: Decimal) -> None:
        wanted.left -= amount
        if amount:
            self.discounts.append(
                Discount(
                    name=wanted.name,
                    amount=amount,
                    position=line[0],
                    sub_position=wanted.sub_position,
                    additional_cost=line[1],
                    scope=wanted.scope,
                    campaign_id=wanted.effect.campaign_id,
                )
            )


def _decimal(number: float) -> Decimal:
    """Return the decimal that a number is written as: 0.1 is 0.1, not the binary fraction next to it."""
    return Decimal(str(number))


def _amount_of(value: float) -> Decimal:
    """Return the amount of a discount; -1 if it is not a finite number."""
    amount = _decimal(value)
    return amount if amount.is_finite() else Decimal(-1)


def _index(number: float | None) -> int | None:
    """Return an index; -1, which matches no line, for a number that is not an index."""
    if number is None:
        return None
    return int(number) if float(number).is_integer() and number >= 0 else -1
