"""A page of mistakes: each is found by mypy and by pyright, or its comment is an error of its own."""
# pyright: reportUnnecessaryTypeIgnoreComment=error

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async import TalonOne, TalonOneSync
from talon_async.models import CartItem, IntegrationRequest, NewCustomerProfile, NewCustomerSessionV2, NewEvent

if TYPE_CHECKING:
    from talon_async.models import SetDiscountEffectProps

EVENT = NewEvent(type="t", session_id="s", profile_id="p", attributes={})


def models() -> None:
    """Mistakes in models."""
    NewEvent(type="t", profile_id="p", attributes={})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    CartItem("a", 1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    CartItem(sku="a", quantity="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    NewCustomerSessionV2(couponCodes=[])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    NewCustomerSessionV2(state="opne")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    IntegrationRequest(customer_session={})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    EVENT.type = "u"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


async def awaited(talon: TalonOne) -> None:
    """Mistakes in calls."""
    await talon.track_event()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await talon.track_event(NewCustomerProfile())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await talon.track_event(EVENT, True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # noqa: FBT003
    await talon.track_event(EVENT, dyr=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await talon.delete_customer_data(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    (talon.track_event(EVENT)).event  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018
    talon.trackEvent(EVENT)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    await talon.raw(talon.track_event)("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await talon.track_events(["a"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


async def blocking(talon: TalonOneSync) -> None:
    """Mistakes with the blocking twin."""
    await talon.track_event(EVENT)  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    TalonOneSync("https://a.b", "key", timeuot=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    TalonOne("https://a.b")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def effects(props: SetDiscountEffectProps) -> None:
    """Mistakes with effects."""
    props.vlaue  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018
