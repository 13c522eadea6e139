"""A shop against the sandbox: all eleven operations, awaited and blocking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.clock import FakeClock
from support.twins import OPERATIONS

from talon_async.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectionLostError,
    NotFoundError,
    ServerError,
)
from talon_async.models import (
    AcceptCouponEffectProps,
    AcceptReferralEffectProps,
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
    RollbackCouponEffectProps,
    RollbackDiscountEffectProps,
    SetDiscountEffectProps,
)
from talon_async.testing import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

ODD_IDS = ["a/b?c#d", "100%", "10$OFF_NOW", "a+b & c", "jürgen@例え.jp", "a%2Fb", "...", " "]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def talon(client: Any, sandbox: Sandbox) -> Any:
    """Return a strict client, which raises when the sandbox answers otherwise than documented."""
    return client(sandbox.url, sandbox.api_key, strict=True)


def session(**fields: Any) -> IntegrationRequest:
    content = ["customerSession", "customerProfile", "coupons"]
    return IntegrationRequest(customer_session=NewCustomerSessionV2(**fields), response_content=content)  # type: ignore[arg-type]


CART = [CartItem(sku="shoe", quantity=2, price=50.0, attributes={"colour": "red"})]


async def test_a_coupon_is_redeemed_and_given_back_when_it_is_good(talon: Any, sandbox: Sandbox) -> None:
    """A good coupon is accepted and discounts the session.

    Closing redeems it, and cancelling the order gives it back.
    """
    sandbox.add_coupon("10$OFF_NOW", discount=10.0, usage_limit=1)
    state = await talon.update_customer_session_v2(
        "s", session(profile_id="p", cart_items=CART, coupon_codes=["10$OFF_NOW"])
    )
    assert [AcceptCouponEffectProps, SetDiscountEffectProps] == [type(effect.props) for effect in state.effects]
    assert (100.0, "open", "p") == (
        state.customer_session.total, state.customer_session.state, state.customer_profile.integration_id,
    )  # fmt: skip
    state = await talon.update_customer_session_v2("s", session(state="closed"))
    assert (1, "closed") == (state.coupons[0].usage_counter, state.customer_session.state)
    state = await talon.update_customer_session_v2(
        "t", session(profile_id="q", cart_items=CART, coupon_codes=["10$OFF_NOW"])
    )
    assert RejectCouponEffectProps(value="10$OFF_NOW", rejection_reason="CouponLimitReached") == state.effects[0].props
    state = await talon.update_customer_session_v2("s", session(state="cancelled"))
    assert {RollbackCouponEffectProps, RollbackDiscountEffectProps} == {type(effect.props) for effect in state.effects}
    state = await talon.update_customer_session_v2("t", session())
    assert isinstance(state.effects[0].props, AcceptCouponEffectProps)


async def test_codes_stay_or_go_when_they_are_left_out_or_emptied(talon: Any, sandbox: Sandbox) -> None:
    """Coupon codes that an update leaves out stay, and an empty list discards them."""
    sandbox.add_coupon("A", discount=1.0)
    await talon.update_customer_session_v2("s", session(cart_items=CART, coupon_codes=("A",)))
    assert (await talon.update_customer_session_v2("s", session())).customer_session.coupon_codes == ["A"]
    assert (await talon.update_customer_session_v2("s", session(coupon_codes=[]))).customer_session.coupon_codes == []


async def test_nothing_is_stored_when_a_call_is_dry(talon: Any, sandbox: Sandbox) -> None:
    """A dry call stores no session, event or profile."""
    await talon.update_customer_session_v2("s", session(profile_id="p", cart_items=CART), dry=True)
    await talon.track_event(NewEvent(type="t", session_id="s", profile_id="p", attributes={}), dry=True)
    assert sandbox.events == []
    with pytest.raises(NotFoundError):
        await talon.get_customer_inventory("p", profile=True)


async def test_the_first_versions_work_when_an_older_shop_calls(talon: Any, sandbox: Sandbox) -> None:
    """The V1 operations for profiles, sessions and events answer with the whole state, and with effects as lists."""
    sandbox.add_coupon("A", discount=5.0)
    state = await talon.update_customer_profile("p", NewCustomerProfile(attributes={"tier": "gold"}))
    assert state.profile.attributes == {"tier": "gold"}
    state = await talon.update_customer_session("s", NewCustomerSession(profile_id="p", coupon="A", cart_items=CART))
    assert ["acceptCoupon", "setDiscount"] == [effect.name for effect in state.event.effects]
    assert ("A", 100.0) == (state.session.coupon, state.session.total)
    state = await talon.track_event(NewEvent(type="t", session_id="s", profile_id="p", attributes={"x": 1}))
    assert ("t", {"x": 1}, "s") == (state.event.type, state.event.attributes, state.event.session_id)
    assert ["t"] == [event.type for event in sandbox.events]


async def test_attributes_are_merged_and_deleted_when_a_profile_is_updated(talon: Any) -> None:
    """An attribute that is None is deleted, and attributes that are left out stay."""
    await talon.update_customer_profile("p", NewCustomerProfile(attributes={"a": 1, "b": 2}))
    await talon.update_customer_profile_v2("p", CustomerProfileIntegrationRequestV2(attributes={"a": None, "c": 3}))
    profile = (await talon.get_customer_inventory("p", profile=True)).profile
    assert profile.attributes == {"b": 2, "c": 3}


async def test_a_friend_is_referred_when_a_code_is_used(talon: Any, sandbox: Sandbox) -> None:
    """A referral code is made for an advocate, stands in the advocate's inventory, and is accepted for a friend."""
    sandbox.add_referral_campaign(7, discount=5.0)
    referral = await talon.create_referral(NewReferral(campaign_id=7, advocate_profile_integration_id="jane"))
    state = await talon.update_customer_session_v2(
        "s", session(profile_id="joe", cart_items=CART, referral_code=referral.code)
    )
    assert AcceptReferralEffectProps(value=referral.code) == state.effects[0].props
    inventory = await talon.get_customer_inventory("jane", referrals=True)
    assert [referral.code] == [referral.code for referral in inventory.referrals]


async def test_reservations_come_and_go_when_customers_hold_a_coupon(talon: Any, sandbox: Sandbox) -> None:
    """A reservation is created, listed, shown in the inventory of its customer, and deleted."""
    sandbox.add_coupon("A/B 100%")
    await talon.create_coupon_reservation("A/B 100%", CouponReservations(integration_ids=("jane", "joe")))
    reserved = await talon.get_reserved_customers("A/B 100%")
    assert (2, ["jane", "joe"]) == (reserved.total_result_size, [profile.integration_id for profile in reserved.data])
    assert (await talon.get_customer_inventory("joe", coupons=True)).coupons[0].value == "A/B 100%"
    assert await talon.delete_coupon_reservation("A/B 100%", CouponReservations(integration_ids=["joe"])) is None
    assert (await talon.get_reserved_customers("A/B 100%")).total_result_size == 1


async def test_a_customer_is_forgotten_when_their_data_is_deleted(talon: Any) -> None:
    """Deleting a customer's data removes their attributes. Deleting those of an unknown customer is a 404."""
    await talon.update_customer_profile("p", NewCustomerProfile(attributes={"name": "Jane"}))
    assert await talon.delete_customer_data("p") is None
    assert (await talon.get_customer_inventory("p", profile=True)).profile.attributes == {}
    with pytest.raises(NotFoundError):
        await talon.delete_customer_data("nobody")


@pytest.mark.parametrize("identifier", ODD_IDS)
async def test_an_id_arrives_unchanged_when_it_holds_any_characters(
    talon: Any, sandbox: Sandbox, identifier: str
) -> None:
    """Any ID that a shop uses, with any characters, comes back as it was sent."""
    await talon.update_customer_profile_v2(identifier, NewCustomerProfile(attributes={}))
    assert (await talon.get_customer_inventory(identifier, profile=True)).profile.integration_id == identifier
    sandbox.add_coupon(identifier)
    coupon = await talon.create_coupon_reservation(identifier, CouponReservations(integration_ids=[identifier]))
    assert coupon.value == identifier


async def test_a_mistake_is_reported_with_its_pointer_when_a_body_is_wrong(talon: Any, sandbox: Sandbox) -> None:
    """The error of a wrong type, an undefined attribute or an impossible state has a pointer to it."""
    with pytest.raises(BadRequestError) as caught:
        await talon.update_customer_session_v2("s", IntegrationRequest(customer_session={"profileId": 5}))  # type: ignore[arg-type]
    assert caught.value.errors[0].pointer == "/customerSession/profileId"
    sandbox.define_attributes("CustomerProfile", "tier")
    with pytest.raises(BadRequestError, match="/attributes/teir"):
        await talon.update_customer_profile("p", NewCustomerProfile(attributes={"teir": "gold"}))
    await talon.update_customer_session_v2("s", session(state="closed"))
    with pytest.raises(BadRequestError, match="/customerSession/state"):
        await talon.update_customer_session_v2("s", session(state="open"))


async def test_the_key_is_checked_when_a_call_comes(client: Any, sandbox: Sandbox) -> None:
    """A wrong API key is a 401. V1 operations accept a signature, and refuse a wrong one."""
    from talon_async import ContentSignature

    with pytest.raises(AuthenticationError):
        await client(sandbox.url, "wrong").get_customer_inventory("a")
    signer = ContentSignature(sandbox.application_id, sandbox.application_key)
    signed = client(sandbox.url, signer)
    await signed.update_customer_profile("p", NewCustomerProfile(attributes={}))
    assert (await signed.get_customer_inventory("p", profile=True)).profile.integration_id == "p"
    with pytest.raises(BadRequestError, match="HMAC signature mismatch"):
        await client(sandbox.url, ContentSignature(sandbox.application_id, "00")).get_customer_inventory("p")


async def test_a_keyed_write_acts_once_when_its_answer_was_lost(
    client: Any, sandbox: Sandbox, clock: FakeClock
) -> None:
    """A keyed write whose answer was lost is sent again, and the sandbox answers from memory."""
    talon = client(sandbox.url, sandbox.api_key, clock=clock)
    sandbox.drop("update_customer_session_v2")
    response = await talon.raw(talon.update_customer_session_v2)("s", session(profile_id="p", cart_items=CART))
    assert (2, 1) == (response.attempts, response.data.customer_session.update_count)
    sandbox.trust_keys = False
    sandbox.drop("update_customer_session_v2")
    response = await talon.raw(talon.update_customer_session_v2)("s", session())
    assert (2, 3) == (response.attempts, response.data.customer_session.update_count)


async def test_an_event_is_recorded_once_when_its_answer_was_lost(
    client: Any, sandbox: Sandbox, clock: FakeClock
) -> None:
    """An event whose answer was lost is not repeated, and the error has the outcome unknown."""
    talon = client(sandbox.url, sandbox.api_key, clock=clock)
    sandbox.drop("track_event")
    with pytest.raises(ConnectionLostError) as caught:
        await talon.track_event(NewEvent(type="t", session_id="s", profile_id="p", attributes={}))
    assert ("unknown", 1) == (caught.value.outcome, len(sandbox.events))
    sandbox.fail("track_event", status=500)
    with pytest.raises(ServerError):
        await talon.track_event(NewEvent(type="t", session_id="s", profile_id="p", attributes={}))
    assert len(sandbox.events) == 1


async def test_many_updates_meet_no_conflict_when_they_wait_for_each_other(client: Any, sandbox: Sandbox) -> None:
    """Thirty updates at once of one profile meet no conflict, because they wait for each other.

    Without waiting, the fourth is refused.
    """
    import asyncio

    from talon_async import Limits, RetryPolicy
    from talon_async.errors import ParallelUpdateError

    sandbox.latency = 0.01
    body = CustomerProfileIntegrationRequestV2(attributes={})
    patient = client(sandbox.url, sandbox.api_key, retry=RetryPolicy.off())
    await asyncio.gather(*(patient.update_customer_profile_v2("p", body) for _ in range(30)))
    assert {200} == {request.status for request in sandbox.requests}
    sandbox.latency = 0.2  # all six are there before the first is done
    hasty = client(sandbox.url, sandbox.api_key, retry=RetryPolicy.off(), limits=Limits(parallel_updates=0))
    calls = [hasty.update_customer_profile_v2("p", body) for _ in range(6)]
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(end, ParallelUpdateError) for end in ends) == 3
    sandbox.latency = 0.01
    both = client(sandbox.url, sandbox.api_key, limits=Limits(parallel_updates=3))
    await asyncio.gather(*(both.update_customer_profile_v2("p", body) for _ in range(9)))


def test_every_operation_has_a_route_when_the_sandbox_starts(sandbox: Sandbox) -> None:
    """Every operation of the client is an operation of the sandbox."""
    assert all(hasattr(sandbox._handler.world, name) for name in OPERATIONS)
