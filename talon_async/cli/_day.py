"""The demo: a day in a shop, as calls of the client to a sandbox, with a line printed for each."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from talon_async.errors import BadRequestError
from talon_async.models import (
    AcceptCouponEffectProps,
    AcceptReferralEffectProps,
    AddLoyaltyPointsEffectProps,
    CartItem,
    CouponReservations,
    CustomerProfileIntegrationRequestV2,
    IntegrationRequest,
    NewCustomerProfile,
    NewCustomerSession,
    NewCustomerSessionV2,
    NewEvent,
    NewReferral,
    RejectCouponEffectProps,
    SetDiscountEffectProps,
)
from talon_async.testing import Sandbox, effect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Self

    from talon_async._sync_client import TalonOneSync
    from talon_async.bulk import Snapshot
    from talon_async.client import TalonOne
    from talon_async.models import CustomerSessionV2, Effect

SUMMER = 7
"""The campaign of the demo."""


def show(events: int) -> int:
    """Show the day, and return the exit code: 0 if every event was recorded once."""
    with Sandbox() as sandbox:
        _prepare(sandbox)
        _say(f"A local stand-in for Talon.One listens on {sandbox.url}\n")
        asyncio.run(_awaited(sandbox, events))
        with ThreadPoolExecutor(1) as thread:
            thread.submit(_blocking, sandbox).result()
        return _sum_up(sandbox, events)


def _prepare(sandbox: Sandbox) -> None:
    sandbox.add_coupon("10$OFF_NOW", discount=10, name="10 dollars off", campaign_id=SUMMER)
    sandbox.add_coupon("LAST-ONE", percent=20, usage_limit=1, campaign_id=SUMMER)
    sandbox.add_referral_campaign(SUMMER, discount=5)
    sandbox.define_attributes("CustomerProfile", "tier", "newsletter")
    sandbox.on_session(_points_for_a_closed_session)


def _points_for_a_closed_session(session: CustomerSessionV2) -> Iterable[Effect]:
    if session.state == "closed" and session.total:
        yield effect(
            AddLoyaltyPointsEffectProps(
                name="a point per dollar",
                program_id=1,
                sub_ledger_id="",
                value=int(session.total),
                recipient_integration_id=session.profile_id or "",
                transaction_uuid="00000000-0000-4000-8000-000000000001",
            ),
            campaign_id=SUMMER,
        )


# -- awaited


async def _awaited(sandbox: Sandbox, events: int) -> None:
    async with sandbox.client() as talon:
        _say("AWAITED")
        await _profile_and_cart(talon)
        await _friends(talon)
        await _reservations(talon)
        await _many(talon, events)
        await _mistake(talon)


async def _profile_and_cart(talon: TalonOne) -> None:
    profile = CustomerProfileIntegrationRequestV2(attributes={"tier": "gold", "newsletter": True})
    await talon.update_customer_profile_v2("jane", profile)
    _show_call("update_customer_profile_v2", "jane has tier gold")

    cart = [CartItem(sku="shoe-42", quantity=1, price=89.5), CartItem(sku="sock-m", quantity=3, price=6.0)]
    session = NewCustomerSessionV2(profile_id="jane", cart_items=cart, coupon_codes=["10$OFF_NOW", "TYPO"])
    request = IntegrationRequest(customer_session=session, response_content=["customerSession"])
    state = await talon.update_customer_session_v2("cart-1", request)
    total = state.customer_session.total if state.customer_session else None
    _show_call("update_customer_session_v2", f"cart-1 is worth {total:.2f}; its effects:")
    _show_effects(state.effects)

    closing = IntegrationRequest(customer_session=NewCustomerSessionV2(state="closed", coupon_codes=["10$OFF_NOW"]))
    state = await talon.update_customer_session_v2("cart-1", closing)
    _show_call("update_customer_session_v2", "cart-1 is closed, its coupon redeemed:")
    _show_effects(state.effects)


async def _friends(talon: TalonOne) -> None:
    referral = await talon.create_referral(NewReferral(campaign_id=SUMMER, advocate_profile_integration_id="jane"))
    _show_call("create_referral", f"jane recommends the shop with {referral.code}")
    session = NewCustomerSessionV2(
        profile_id="joe", referral_code=referral.code, cart_items=[CartItem(sku="hat", quantity=1, price=25.0)]
    )
    state = await talon.update_customer_session_v2("cart-2", IntegrationRequest(customer_session=session))
    _show_call("update_customer_session_v2", "joe uses the code:")
    _show_effects(state.effects)


async def _reservations(talon: TalonOne) -> None:
    both = CouponReservations(integration_ids=["jane", "joe"])
    coupon = await talon.create_coupon_reservation("LAST-ONE", both)
    _show_call("create_coupon_reservation", f"{coupon.value} is reserved for {coupon.reservation_counter} customers")
    await talon.delete_coupon_reservation("LAST-ONE", CouponReservations(integration_ids=["joe"]))
    left = await talon.get_reserved_customers("LAST-ONE")
    names = ", ".join(str(profile.integration_id) for profile in left.data)
    _show_call("delete_coupon_reservation", f"joe gave it back; get_reserved_customers: {names}")
    inventory = await talon.get_customer_inventory("jane", profile=True, coupons=True, referrals=True)
    coupons = ", ".join(f"{coupon.value} ({coupon.state})" for coupon in inventory.coupons)
    codes = ", ".join(str(referral.code) for referral in inventory.referrals)
    _show_call("get_customer_inventory", f"jane has coupons {coupons}; referrals {codes}")


async def _many(talon: TalonOne, count: int) -> None:
    with _Bar(count) as bar:
        report = await talon.track_events(_clicks(count), concurrency=64, progress=bar)
    _show_call("track_events", f"{report.succeeded:,} events, 64 at a time, {report.rate:,.0f} a second")
    report.raise_for_failures()


def _clicks(count: int) -> Iterator[NewEvent]:
    for n in range(count):
        visitor = n % 500
        yield NewEvent(
            type="product_viewed", profile_id=f"visitor-{visitor}", session_id=f"visit-{visitor}", attributes={"n": n}
        )


async def _mistake(talon: TalonOne) -> None:
    try:
        await talon.update_customer_profile("jane", NewCustomerProfile(attributes={"teir": "gold"}))
    except BadRequestError as error:
        _show_call("update_customer_profile", f"a mistake is a {type(error).__name__}, status {error.status}")
        for detail in error.errors:
            _say(f"      {detail.pointer}  {detail.details}")


# -- blocking


def _blocking(sandbox: Sandbox) -> None:
    with sandbox.sync_client() as talon:
        _say("\nBLOCKING, from a thread")
        _older_calls(talon)
        report = talon.track_events(_clicks(100))
        _show_call("track_events", f"{report.succeeded} more events")
        response = talon.raw(talon.delete_customer_data)("joe")
        _show_call("delete_customer_data", f"joe is forgotten: status {response.status}, attempts {response.attempts}")


def _older_calls(talon: TalonOneSync) -> None:
    state = talon.update_customer_profile("jim", NewCustomerProfile(attributes={"tier": "silver"}))
    tier = state.profile.attributes["tier"] if state.profile else None
    _show_call("update_customer_profile", f"jim has tier {tier}")
    session = NewCustomerSession(
        profile_id="jim", coupon="10$OFF_NOW", cart_items=[CartItem(sku="hat", quantity=1, price=25.0)]
    )
    state = talon.update_customer_session("cart-3", session)
    effects = ", ".join(f"{effect.name}{effect.args}" for effect in state.event.effects) if state.event else "none"
    _show_call("update_customer_session", f"V1 returns effects as lists: {effects}")
    event = NewEvent(type="newsletter_read", profile_id="jim", session_id="cart-3", attributes={})
    recorded = talon.track_event(event).event
    _show_call("track_event", f"recorded as number {recorded.id if recorded else '?'}")
    shown = talon.get_customer_inventory("jim", profile=True)
    _show_call("get_customer_inventory", f"jim again: {shown.profile.integration_id if shown.profile else '?'}")


# -- printing


def _show_effects(effects: Iterable[Effect]) -> None:
    for shown in effects:
        match shown.props:
            case AcceptCouponEffectProps(value=code):
                text = f"coupon {code} accepted"
            case RejectCouponEffectProps(value=code, rejection_reason=reason):
                text = f"coupon {code} rejected: {reason}"
            case AcceptReferralEffectProps(value=code):
                text = f"referral {code} accepted"
            case SetDiscountEffectProps(name=name, value=value):
                text = f"discount {name!r}: {value:.2f} off"
            case AddLoyaltyPointsEffectProps(name=name, value=value):
                text = f"loyalty {name!r}: {value} points"
            case other:
                text = repr(other)
        _say(f"      {shown.effect_type:<18}{text}")


def _show_call(operation: str, result: str) -> None:
    _say(f"  {operation:<28}{result}")


def _say(line: str) -> None:
    print(line, flush=True)


class _Bar:
    """A progress bar if tqdm is installed, and otherwise a line on how to install it."""

    def __init__(self, total: int) -> None:
        try:
            from tqdm import tqdm
        except ImportError:
            _say("  (for a progress bar: pip install 'talon-async[demo]')")
            self._bar: Any = None
        else:
            self._bar = tqdm(total=total, unit=" events", desc="  track_events", leave=False, mininterval=0.2)

    def __call__(self, snapshot: Snapshot) -> None:
        if self._bar is not None:
            self._bar.update(snapshot.done - self._bar.n)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


def _sum_up(sandbox: Sandbox, events: int) -> int:
    numbers = Counter(event.attributes.get("n") for event in sandbox.events if event.type == "product_viewed")
    sent = events + 100
    recorded = sum(numbers.values())
    twice = recorded - events - sum(1 for n in range(100) if n in numbers)
    _say(f"\n{sandbox.received:,} requests; {sent:,} views sent, {recorded:,} recorded, {max(twice, 0)} of them twice.")
    return 0 if (recorded, twice) == (sent, 0) else 1
