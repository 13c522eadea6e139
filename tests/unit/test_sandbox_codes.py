"""The sandbox's codes: coupons with their reservations, and referrals."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from talon_async.models import CartItem, CouponReservations, IntegrationRequest, NewCustomerSessionV2, NewReferral
from talon_async.testing._refusal import Refusal
from talon_async.testing.world import World

if TYPE_CHECKING:
    from support.clock import FakeClock

    from talon_async.models import Effect

DAY = timedelta(days=1)
CART = [CartItem(sku="shoe", quantity=1, price=30.0)]


@pytest.fixture
def world(clock: FakeClock) -> World:
    return World(clock)


def put(world: World, identifier: str = "s", **fields: Any) -> list[tuple[Any, ...]]:
    """Update a session; return its effects as types and the values of their props."""
    options = {name: fields.pop(name) for name in ("dry", "now") if name in fields}
    request = IntegrationRequest(customer_session=NewCustomerSessionV2(**fields))
    return told(world.update_customer_session_v2(identifier, request, **options).effects)


def told(effects: Any) -> list[tuple[Any, ...]]:
    def one(effect: Effect) -> tuple[Any, ...]:
        props: Any = effect.props
        names = [name for name in ("value", "name", "rejection_reason") if getattr(props, name, None) is not None]
        return (effect.effect_type, *(getattr(props, name) for name in names))

    return [one(effect) for effect in effects]


def used(world: World, code: str = "C") -> int | None:
    return world.store.coupons[code].coupon.usage_counter


# -- what a coupon gives


def test_a_coupon_is_accepted_when_it_is_good(world: World) -> None:
    """A good coupon is accepted and gives a discount of its name, both triggered by the coupon."""
    coupon = world.add_coupon("C", discount=10, name="ten off", campaign_id=7)
    request = IntegrationRequest(customer_session=NewCustomerSessionV2(coupon_codes=["C"], cart_items=CART))
    effects = world.update_customer_session_v2("s", request).effects
    assert told(effects) == [("acceptCoupon", "C"), ("setDiscount", 10, "ten off")]
    assert {(effect.campaign_id, effect.triggered_by_coupon) for effect in effects} == {(7, coupon.id)}


def test_the_discount_is_a_share_when_the_coupon_has_a_percentage(world: World) -> None:
    """The discount of a percentage is that share of the session's total, to the cent."""
    world.add_coupon("C", percent=12.5)
    assert put(world, coupon_codes=["C"], cart_items=CART)[1] == ("setDiscount", 3.75, "C")


def test_a_discount_is_cut_when_it_is_worth_more_than_the_cart(world: World) -> None:
    """The discounts of two coupons never take off more than the cart costs."""
    world.add_coupon("C", discount=25)
    world.add_coupon("D", discount=25)
    effects = put(world, coupon_codes=["C", "D"], cart_items=CART)
    assert [effect[1] for effect in effects if effect[0] == "setDiscount"] == [25, 5]


def test_a_coupon_counts_once_when_a_session_names_it_twice(world: World) -> None:
    """A code that a session names twice is accepted once."""
    world.add_coupon("C")
    assert put(world, coupon_codes=["C", "C"]) == [("acceptCoupon", "C")]


@pytest.mark.parametrize(
    "options",
    [{"discount": 1, "percent": 1}, {"valid_from": datetime(2026, 1, 1)}],  # noqa: DTZ001
)
def test_a_coupon_is_not_made_when_it_makes_no_sense(world: World, options: dict[str, Any]) -> None:
    """Scripting a coupon with two kinds of discount, or a time without a zone, raises a ValueError."""
    with pytest.raises(ValueError, match="not both|no time zone"):
        world.add_coupon("C", **options)


def test_a_coupon_is_not_made_when_its_code_is_taken(world: World) -> None:
    """Scripting a coupon whose code is taken raises a ValueError, so that no redemption is lost by accident."""
    world.add_coupon("C")
    with pytest.raises(ValueError, match="already"):
        world.add_coupon("C")


# -- why one is rejected


def test_an_unknown_coupon_is_rejected_when_a_session_has_it(world: World) -> None:
    """An unknown coupon is rejected by an effect without a campaign, and the request succeeds."""
    request = IntegrationRequest(customer_session=NewCustomerSessionV2(coupon_codes=["C"]))
    effects = world.update_customer_session_v2("s", request).effects
    assert told(effects) == [("rejectCoupon", "C", "CouponNotFound")]
    assert effects[0].campaign_id == -1


@pytest.mark.parametrize(
    ("options", "profile", "reason"),
    [
        ({"recipient": "jane"}, "joe", "CouponRecipientDoesNotMatch"),
        ({"recipient": "jane"}, "", "CouponRecipientDoesNotMatch"),
        ({"reservation_mandatory": True}, "joe", "CouponReservationRequired"),
        ({"reservation_mandatory": True}, "", "ProfileRequired"),
    ],
)
def test_a_coupon_is_rejected_when_the_customer_may_not(
    world: World, options: dict[str, Any], profile: str, reason: str
) -> None:
    """A coupon for another recipient, or without its mandatory reservation, is rejected with the reason."""
    world.add_coupon("C", **options)
    assert put(world, profile_id=profile, coupon_codes=["C"]) == [("rejectCoupon", "C", reason)]


def test_a_coupon_is_rejected_when_it_is_not_its_time(world: World, clock: FakeClock) -> None:
    """A coupon is valid from its first moment until its last. `now` evaluates it at another time."""
    world.add_coupon("C", valid_from=clock.now() + DAY, valid_until=clock.now() + 2 * DAY)
    early = put(world, coupon_codes=["C"])
    there = put(world, coupon_codes=["C"], dry=True, now=clock.now() + DAY)
    clock.time += 2 * DAY.total_seconds()
    late = put(world, coupon_codes=["C"])
    assert [early[0][-1], there[0][0], late[0][-1]] == ["CouponStartDateInFuture", "acceptCoupon", "CouponExpired"]


# -- what it is used for


def test_a_coupon_is_redeemed_when_the_session_closes(world: World) -> None:
    """Closing a session redeems its coupon, and an open session does not."""
    world.add_coupon("C")
    put(world, coupon_codes=["C"])
    assert used(world) == 0
    put(world, state="closed")
    assert used(world) == 1


def test_the_limit_holds_when_several_sessions_use_a_coupon(world: World) -> None:
    """The last redemption of a coupon goes to the session that closes first."""
    world.add_coupon("C", usage_limit=1)
    assert put(world, "a", coupon_codes=["C"]) == put(world, "b", coupon_codes=["C"])
    put(world, "a", state="closed")
    assert put(world, "b", state="closed") == [("rejectCoupon", "C", "CouponLimitReached")]
    assert used(world) == 1


def test_a_coupon_is_given_back_when_the_order_is_cancelled(world: World) -> None:
    """Cancelling an order rolls back the redemption and the discount, and another session can use the coupon."""
    world.add_coupon("C", discount=10, usage_limit=1)
    put(world, state="closed", coupon_codes=["C", "NOPE"], cart_items=CART)
    assert put(world, state="cancelled") == [("rollbackCoupon", "C"), ("rollbackDiscount", 10, "C")]
    assert used(world) == 0
    assert put(world, "b", coupon_codes=["C"])[0] == ("acceptCoupon", "C")


def test_nothing_is_rolled_back_when_an_open_session_is_cancelled(world: World) -> None:
    """Cancelling an open session rolls nothing back, because it had redeemed nothing."""
    world.add_coupon("C", discount=10)
    put(world, coupon_codes=["C"], cart_items=CART)
    assert put(world, state="cancelled") == []
    assert used(world) == 0


def test_a_coupon_is_not_redeemed_when_the_close_is_dry(world: World) -> None:
    """A dry close accepts the coupon and does not redeem it."""
    world.add_coupon("C")
    assert put(world, dry=True, state="closed", coupon_codes=["C"]) == [("acceptCoupon", "C")]
    assert used(world) == 0


# -- reservations


def test_a_coupon_can_be_used_when_it_was_reserved(world: World) -> None:
    """A customer who has reserved a coupon can use it."""
    world.add_coupon("C", reservation_mandatory=True)
    coupon = world.create_coupon_reservation("C", CouponReservations(integration_ids=["jane", "joe"]))
    assert coupon.reservation_counter == 2
    assert put(world, profile_id="jane", coupon_codes=["C"]) == [("acceptCoupon", "C")]


def test_a_reservation_ends_when_it_is_deleted(world: World) -> None:
    """Deleting a reservation ends it for the customers that are named. A customer without one is no error."""
    world.add_coupon("C")
    world.create_coupon_reservation("C", CouponReservations(integration_ids=["jane", "joe"]))
    world.delete_coupon_reservation("C", CouponReservations(integration_ids=["joe", "jim"]))
    left = world.get_reserved_customers("C")
    assert (left.total_result_size, [profile.integration_id for profile in left.data]) == (1, ["jane"])


def test_a_reservation_has_its_time_when_it_is_answered(world: World, clock: FakeClock) -> None:
    """A reservation keeps its first time when it is made again. The answer has all reservations of the coupon."""
    coupon, first = world.add_coupon("C"), clock.now()
    world.create_coupon_reservation("C", CouponReservations(integration_ids=["jane"]))
    clock.time += 60
    answer = world.create_coupon_reservation("C", CouponReservations(integration_ids=["joe", "jane"]))
    assert {("jane", first), ("joe", clock.now())} == {
        (reservation.recipient_integration_id, reservation.created_at) for reservation in answer.reservations
    }
    assert {coupon.id} == {answer.id, *(reservation.coupon_id for reservation in answer.reservations)}
    reserved = world.get_reserved_customers("C").data
    assert [("jane", first), ("joe", clock.now())] == [
        (customer.integration_id, customer.reserved_at) for customer in reserved
    ]


def test_the_inventory_shows_a_coupon_when_it_belongs_to_the_customer(world: World, clock: FakeClock) -> None:
    """The inventory has the coupons that a customer has reserved, owns or has redeemed, with their state."""
    world.add_coupon("RESERVED", valid_from=clock.now() + DAY)
    world.add_coupon("PERSONAL", recipient="jane", valid_until=clock.now())
    world.add_coupon("REDEEMED", usage_limit=1)
    world.add_coupon("OTHER")
    world.create_coupon_reservation("RESERVED", CouponReservations(integration_ids=["jane"]))
    put(world, profile_id="jane", state="closed", coupon_codes=["REDEEMED"])
    coupons = world.get_customer_inventory("jane", coupons=True).coupons
    assert {coupon.value: coupon.state for coupon in coupons} == {
        "RESERVED": "pending",
        "PERSONAL": "expired",
        "REDEEMED": "used",
    }


@pytest.mark.parametrize("operation", ["create_coupon_reservation", "delete_coupon_reservation"])
def test_a_reservation_is_refused_when_there_is_no_such_coupon(world: World, operation: str) -> None:
    """A reservation of an unknown coupon is a 404, and no customer is created."""
    with pytest.raises(Refusal) as refused:
        getattr(world, operation)("C", CouponReservations(integration_ids=["jane"]))
    assert refused.value.status == 404
    assert not world.store.profiles


def test_reserved_customers_are_refused_when_there_is_no_such_coupon(world: World) -> None:
    """Reading the reservations of an unknown coupon is a 404."""
    with pytest.raises(Refusal) as refused:
        world.get_reserved_customers("C")
    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("ids", "where"),
    [(["a", ""], "/integrationIDs/1"), (["a"] * 1001, "/integrationIDs"), (["a", "b" * 1001], "/integrationIDs/1")],
)
def test_a_reservation_is_refused_when_its_customers_are_not_valid(world: World, ids: list[str], where: str) -> None:
    """A reservation with an empty or too long ID, or too many of them, is refused with a pointer."""
    world.add_coupon("C")
    with pytest.raises(Refusal) as refused:
        world.create_coupon_reservation("C", CouponReservations(integration_ids=ids))
    assert refused.value.flaws[0].source == {"pointer": where}
    assert not world.store.coupons["C"].reserved


# -- referrals


def referral(world: World, **options: Any) -> str:
    world.referral_campaigns[5] = None
    new = NewReferral(campaign_id=5, advocate_profile_integration_id="jane", **options)
    return world.create_referral(new).code or ""


def test_a_referral_code_is_made_when_an_advocate_asks(world: World) -> None:
    """Each call of an advocate makes another code, and creates the advocate."""
    first, second = referral(world), referral(world)
    assert first != second
    inventory = world.get_customer_inventory("jane", referrals=True)
    assert [one.code for one in inventory.referrals] == [first, second]


def test_a_referral_is_refused_when_the_campaign_takes_none(world: World) -> None:
    """A referral for a campaign without referrals is refused with a pointer to the campaign."""
    with pytest.raises(Refusal) as refused:
        world.create_referral(NewReferral(campaign_id=5, advocate_profile_integration_id="jane"))
    assert refused.value.flaws[0].source == {"pointer": "/campaignId"}


def test_a_friend_is_accepted_when_the_code_is_good(world: World) -> None:
    """A good code gives the friend the campaign's discount. Closing counts the use, and cancelling takes it back."""
    code = referral(world)
    world.referral_campaigns[5] = 4.0
    effects = put(world, profile_id="joe", referral_code=code, cart_items=CART, state="closed")
    assert effects == [("acceptReferral", code), ("setDiscount", 4, code)]
    assert list(world.store.referrals[code].referred_customers) == ["joe"]
    assert put(world, state="cancelled") == [("rollbackReferral", code), ("rollbackDiscount", 4, code)]
    given_back = world.store.referrals[code]
    assert (given_back.usage_counter, list(given_back.referred_customers)) == (0, [])


def test_an_unknown_referral_is_rejected_when_a_session_has_it(world: World) -> None:
    """An unknown referral code is rejected by an effect."""
    assert put(world, referral_code="R") == [("rejectReferral", "R", "ReferralNotFound")]


def test_a_referral_is_rejected_when_the_friend_is_the_advocate(world: World) -> None:
    """A code of the customer's own is rejected."""
    code = referral(world)
    rejected = put(world, profile_id="jane", referral_code=code)
    assert rejected == [("rejectReferral", code, "ReferralRecipientIdSameAsAdvocate")]


def test_a_referral_is_rejected_when_it_is_for_another_friend(world: World) -> None:
    """A code for one friend is rejected for another customer."""
    code = referral(world, friend_profile_integration_id="joe")
    assert put(world, profile_id="jim", referral_code=code)[0][-1] == "ReferralRecipientDoesNotMatch"
    assert put(world, "t", profile_id="joe", referral_code=code)[0][0] == "acceptReferral"


def test_a_referral_is_rejected_when_it_is_used_up(world: World) -> None:
    """A code whose limit other sessions have used up is rejected."""
    code = referral(world, usage_limit=1)
    put(world, profile_id="joe", referral_code=code, state="closed")
    assert put(world, "t", profile_id="jim", referral_code=code)[0][-1] == "ReferralLimitReached"


def test_a_friend_is_rejected_when_already_referred(world: World) -> None:
    """A friend who was referred in a campaign is rejected for any other code of it."""
    first, second = referral(world), referral(world)
    put(world, profile_id="joe", referral_code=first, state="closed")
    assert put(world, "t", profile_id="joe", referral_code=second)[0][-1] == "ReferralCustomerAlreadyReferred"


def test_a_referral_is_rejected_when_it_is_not_its_time(world: World, clock: FakeClock) -> None:
    """A code is rejected before its start and after its end."""
    early = referral(world, start_date=clock.now() + DAY)
    late = referral(world, expiry_date=clock.now())
    assert put(world, "a", referral_code=early)[0][-1] == "ReferralStartDateInFuture"
    assert put(world, "b", referral_code=late)[0][-1] == "ReferralExpired"
