"""A page of use for `talon_async.effects`: what it says of every type is checked by mypy and pyright."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from decimal import Decimal
from typing import Any, assert_type

from talon_async.effects import Amounts, CartTotals, Discount, EffectHandlers, ItemTotals, cart_totals
from talon_async.models import (
    AcceptCouponEffectProps,
    AddFreeItemEffectProps,
    AddLoyaltyPointsEffectProps,
    CartItem,
    Effect,
    EffectProps,
    IntegrationStateV2,
    NewCustomerSessionV2,
    RejectCouponEffectProps,
    RejectReferralEffectProps,
    SetDiscountEffectProps,
    UnknownEffectProps,
)


async def handled(state: IntegrationStateV2) -> None:
    """Handlers may return anything, and plain and coroutine functions may be mixed."""
    handlers = EffectHandlers()
    assert_type(handlers, EffectHandlers[Any])

    @handlers.on(SetDiscountEffectProps)
    def discount(effect: Effect, props: SetDiscountEffectProps) -> float:
        assert_type(effect.campaign_id, int | None)
        return props.value

    @handlers.on(AddLoyaltyPointsEffectProps)
    async def points(_: Effect, props: AddLoyaltyPointsEffectProps) -> str:
        return props.recipient_integration_id

    @handlers.on(AcceptCouponEffectProps, RejectCouponEffectProps)
    def code(_: Effect, props: AcceptCouponEffectProps | RejectCouponEffectProps) -> str:
        return props.value

    @handlers.default
    def rest(effect: Effect, props: EffectProps) -> str:
        return f"{effect.effect_type} {props}"

    assert_type(discount, Callable[[Effect, SetDiscountEffectProps], Any])
    assert_type(await handlers.apply_async(state.effects), list[Any])
    del points, code, rest


async def handled_alike(state: IntegrationStateV2) -> None:
    """Handlers may all return the same type."""
    handlers = EffectHandlers[str]()

    @handlers.on(SetDiscountEffectProps)
    async def discount(_: Effect, props: SetDiscountEffectProps) -> str:
        return props.name

    @handlers.default
    def rest(effect: Effect, _: object) -> str:
        return effect.effect_type

    assert_type(discount, Callable[[Effect, SetDiscountEffectProps], Coroutine[Any, Any, str]])
    assert_type(await handlers.apply_async(state.effects), list[str])
    del rest


def handled_plainly(state: IntegrationStateV2) -> None:
    """Plain functions, also existing ones, are called without `await`."""

    def unknown(_: Effect, props: UnknownEffectProps) -> Any:
        return props.raw

    handlers = EffectHandlers[None]()
    handlers.on(UnknownEffectProps)(unknown)
    assert_type(handlers.apply(state.effects), list[None])


def charged(state: IntegrationStateV2) -> Decimal:
    """All amounts are decimals."""
    cart = NewCustomerSessionV2(cart_items=[CartItem(sku="a", quantity=1, price=10)])
    totals = cart_totals(state.customer_session or cart, state.effects)
    assert_type(totals, CartTotals)
    assert_type(totals.rounded(places=2), CartTotals)
    assert_type(totals.items, tuple[ItemTotals, ...])
    assert_type([(item.position, item.sku, item.net) for item in totals.items], list[tuple[int, str, Decimal]])
    assert_type(totals.additional_costs, Mapping[str, Amounts])
    assert_type(totals.discounts, tuple[Discount, ...])
    assert_type(totals.accepted_coupons, tuple[str, ...])
    assert_type(totals.rejected_coupons, tuple[RejectCouponEffectProps, ...])
    assert_type(totals.rejected_referrals, tuple[RejectReferralEffectProps, ...])
    assert_type(totals.free_items, tuple[AddFreeItemEffectProps, ...])
    assert_type(totals.unapplied, tuple[Effect, ...])
    assert_type(totals.total, Decimal)
    return totals.total
