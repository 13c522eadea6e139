"""A page of use: every line is accepted by mypy and pyright, and every type is the one asserted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, assert_type

from talon_async import NULL, BatchReport, Response, RetryPolicy, TalonOne, TalonOneError, TalonOneSync, Timeout
from talon_async.errors import APIError, BadRequestError, ErrorDetail
from talon_async.models import (
    CartItem,
    Coupon,
    CouponReservations,
    CustomerInventory,
    CustomerProfileIntegrationRequestV2,
    CustomerProfileIntegrationResponseV2,
    Effect,
    EventEffect,
    GetReservedCustomersResponse,
    IntegrationRequest,
    IntegrationState,
    IntegrationStateV2,
    NewCustomerProfile,
    NewCustomerSession,
    NewCustomerSessionV2,
    NewEvent,
    NewReferral,
    Referral,
    SetDiscountEffectProps,
    UnknownEffectProps,
)

RESERVATIONS = CouponReservations(integration_ids=["a"])
EVENT = NewEvent(type="t", session_id="s", profile_id="p", attributes={"any": [1, None]})
REFERRAL = NewReferral(campaign_id=1, advocate_profile_integration_id="a", expiry_date=datetime(2027, 1, 1, tzinfo=UTC))
ITEMS = [CartItem(sku="a", quantity=1, price=1)]
LISTS = NewCustomerSessionV2(coupon_codes=["A"], cart_items=ITEMS, identifiers=["x"])
TUPLES = NewCustomerSessionV2(coupon_codes=("A",), cart_items=tuple(ITEMS), identifiers=("x",))
NULLS = NewCustomerSessionV2(coupon_codes=NULL, referral_code=NULL, cart_items=NULL, state=NULL)
SESSION = IntegrationRequest(customer_session=LISTS, response_content=("customerSession", "coupons"))


async def awaited(talon: TalonOne) -> None:
    """Every operation, awaited."""
    assert_type(await talon.create_coupon_reservation("A", RESERVATIONS), Coupon)
    assert_type(await talon.create_referral(REFERRAL), Referral)
    await talon.delete_coupon_reservation("A", RESERVATIONS)
    await talon.delete_customer_data("a")
    assert_type(await talon.get_customer_inventory("a", profile=True, loyalty=None), CustomerInventory)
    assert_type(await talon.get_reserved_customers("A"), GetReservedCustomersResponse)
    assert_type(await talon.track_event(EVENT, dry=True), IntegrationState)
    assert_type(await talon.update_customer_profile("a", NewCustomerProfile()), IntegrationState)
    body = CustomerProfileIntegrationRequestV2()
    profile = await talon.update_customer_profile_v2("a", body, run_rule_engine=True, idempotency_key="k")
    assert_type(profile, CustomerProfileIntegrationResponseV2)
    await talon.update_customer_profile_v2("a", NewCustomerProfile())
    assert_type(await talon.update_customer_session("s", NewCustomerSession(profile_id="p")), IntegrationState)
    state = await talon.update_customer_session_v2("s", SESSION, dry=True, now=datetime(2027, 1, 1, tzinfo=UTC))
    assert_type(state, IntegrationStateV2)
    assert_type(await talon.raw(talon.create_referral)(REFERRAL), Response[Referral])
    assert_type((await talon.raw(talon.get_customer_inventory)("a", profile=True)).headers, Mapping[str, str])
    assert_type(talon.with_options(timeout=3, retry=RetryPolicy.off()), TalonOne)
    assert_type(await talon.track_events([EVENT]), BatchReport)
    await talon.track_events((EVENT,), concurrency=3, progress=print)
    await talon.track_events(generated())
    await talon.track_events(streamed())


def blocking(talon: TalonOneSync) -> None:
    """Every operation, blocking."""
    assert_type(talon.create_coupon_reservation("A", RESERVATIONS), Coupon)
    assert_type(talon.create_referral(REFERRAL), Referral)
    talon.delete_coupon_reservation("A", RESERVATIONS)
    talon.delete_customer_data("a")
    assert_type(talon.get_customer_inventory("a", profile=True), CustomerInventory)
    assert_type(talon.get_reserved_customers("A"), GetReservedCustomersResponse)
    assert_type(talon.track_event(EVENT, dry=True), IntegrationState)
    assert_type(talon.update_customer_profile("a", NewCustomerProfile()), IntegrationState)
    profile = talon.update_customer_profile_v2("a", NewCustomerProfile(), dry=True)
    assert_type(profile, CustomerProfileIntegrationResponseV2)
    assert_type(talon.update_customer_session("s", NewCustomerSession(profile_id="p")), IntegrationState)
    assert_type(talon.update_customer_session_v2("s", SESSION), IntegrationStateV2)
    assert_type(talon.raw(talon.create_referral)(REFERRAL), Response[Referral])
    assert_type(talon.with_options(timeout=Timeout(total=3)), TalonOneSync)
    assert_type(talon.track_events(generated()), BatchReport)


def generated() -> Iterator[NewEvent]:
    """Give events from a generator."""
    yield EVENT


async def streamed() -> AsyncIterator[NewEvent]:
    """Give events from an asynchronous generator."""
    yield EVENT


def effects(state: IntegrationStateV2) -> float:
    """Match on typed props."""
    total = 0.0
    assert_type(state.effects, Sequence[Effect])
    for effect in state.effects:
        assert_type(effect.effect_type, str)
        match effect.props:
            case SetDiscountEffectProps(name=n, value=v):
                assert_type(n, str)
                assert_type(v, float)
                total += v
            case UnknownEffectProps(raw=raw):
                assert_type(raw, Mapping[str, Any] | Any)
            case _:
                pass
    return total


def fields(state: IntegrationState) -> None:
    """Fields of answers are optional; lists are not."""
    if state.event is not None:
        assert_type(state.event.type, str | None)
        assert_type(state.event.created, datetime | None)
        assert_type(state.event.effects, Sequence[EventEffect])


async def clients() -> None:
    """Open and close both."""
    async with TalonOne.from_env(timeout=3) as talon:
        await awaited(talon)
    with TalonOneSync("https://a.b", "key", allow_http=False) as twin:
        blocking(twin)


def failures(error: TalonOneError) -> None:
    """Errors tell what is known."""
    assert_type(error.attempts, int)
    assert_type(error.idempotency_key, str | None)
    assert_type(error.errors, Sequence[ErrorDetail])
    if isinstance(error, BadRequestError):
        parent: APIError = error
        assert_type(parent.status, int | None)
