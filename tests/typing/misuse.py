"""A page of mistakes: each is found by mypy and by pyright, or its comment is an error of its own.

What no checker can see, and the package refuses when it runs: a text for a list of texts (`coupon_codes="A"`), as every
text is a sequence of texts; a time without zone; NULL where the API takes none, as it fits every field; an attribute
that the Campaign Manager does not define.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=error

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from talon_async import RetryPolicy, TalonOne, TalonOneError, TalonOneSync, read_attributes
from talon_async.models import (
    CartItem,
    CatalogAction,
    CouponReservations,
    IntegrationEventV2Request,
    IntegrationRequest,
    NewCustomerProfile,
    NewCustomerSessionV2,
    NewEvent,
    SetDiscountEffectProps,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from talon_async.models import Effect, IntegrationStateV2

EVENT = NewEvent(type="t", session_id="s", profile_id="p", attributes={})
TRACKED = IntegrationEventV2Request(type="t", profile_id="p")
SESSION = IntegrationRequest(customer_session=NewCustomerSessionV2())


async def streamed() -> AsyncIterator[NewEvent]:
    """Give events from an asynchronous generator."""
    yield EVENT


def models() -> None:
    """Make mistakes in models."""
    NewEvent(type="t", profile_id="p", attributes={})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    CartItem("a", 1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    CartItem(sku="a", quantity="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    NewCustomerSessionV2(couponCodes=[])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    NewCustomerSessionV2(state="opne")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    NewCustomerSessionV2(cart_items="a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    NewCustomerSessionV2(evaluable_campaign_ids="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    NewCustomerSessionV2(attributes=["own"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    CouponReservations(integration_ids=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    IntegrationRequest(customer_session={})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    EVENT.type = "u"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    EVENT.attributes = {}  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


async def awaited(talon: TalonOne) -> None:
    """Make mistakes in calls."""
    await talon.track_event()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await talon.track_event(NewCustomerProfile())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await talon.track_event(EVENT, True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # noqa: FBT003
    await talon.track_event(EVENT, dyr=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await talon.track_event(EVENT, dry="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await talon.track_event(EVENT, idempotency_key="k")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await talon.update_customer_session_v2(SESSION, "s")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await talon.update_customer_session_v2("s", SESSION, now="2027")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await talon.delete_customer_data(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    talon.track_event(EVENT)  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
    (talon.track_event(EVENT)).event  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018
    talon.trackEvent(EVENT)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    await talon.raw(talon.track_event)("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    (await talon.raw(talon.track_event)(EVENT)).event  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018
    await talon.track_events(["a"])  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    await talon.track_events(EVENT)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def prepared(talon: TalonOne) -> None:
    """Make mistakes with prepared calls."""
    talon.prepare(talon.track_event)("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    talon.prepare(talon.track_event)(EVENT, dyr=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    call = talon.prepare(talon.track_event)(EVENT)
    (await talon.send(call)).effects  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018
    await talon.bulk([EVENT])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await talon.bulk([call], concurrency="many")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await talon.bulk([call], retries=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    call.body = b""  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


async def blocking(talon: TalonOneSync) -> None:
    """Make mistakes with the blocking twin."""
    await talon.track_event(EVENT)  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    talon.track_events(streamed())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    talon.track_event(EVENT, True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # noqa: FBT003
    await talon.aclose()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    async with talon:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass


def clients(talon: TalonOne) -> None:
    """Make mistakes in making clients."""
    TalonOneSync("https://a.b", "key", timeuot=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    TalonOne("https://a.b")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    TalonOne("https://a.b", "key", timeout="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    talon.with_options(headers={})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    RetryPolicy(4)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with talon:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass


def answers(state: IntegrationStateV2, error: TalonOneError) -> None:
    """Make mistakes with answers."""
    state.customer_session.id  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]  # noqa: B018
    state.effects = []  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    state.efects  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018
    error.status_code  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018


def effects(effect: Effect, props: SetDiscountEffectProps) -> None:
    """Make mistakes with effects."""
    props.value = 0  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    props.vlaue  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018
    effect.props.value  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018


async def younger(talon: TalonOne) -> None:
    """Make mistakes with the newer operations."""
    await talon.get_loyalty_card_transactions(1, "card", awaits_activation=False)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await talon.get_loyalty_card_points(1, "card", status="gone")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await talon.get_customer_achievements("p", achievement_status=["over"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    await talon.get_customer_rewards("p", status=["gone"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    await talon.update_audience_customers_attributes(1, ["a"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    CatalogAction(payload=EVENT)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    talon.iter_customer_achievements("p", skip=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await talon.iter_customer_achievements("p")  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    (await talon.track_event_v2(TRACKED)).effects  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]  # noqa: B018


@attrs.define
class Shopper:
    """What a shop keeps of its customers."""

    tier: str | None = None


def attributes() -> None:
    """Mistakes with attributes of one's own."""
    Shopper(teir="gold")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Shopper(tier=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    read_attributes(["gold"], Shopper)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    read_attributes({}, Shopper).teir  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018
    read_attributes({}, Shopper, converter=Shopper())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    CartItem(sku="a", quantity=1, attributes=Shopper())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
