"""Coupons: who may use one, what it gives, and who has reserved it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from talon_async.models import (
    AcceptCouponEffectProps,
    Coupon,
    CouponReservation,
    CouponReservations,
    CouponWithReservations,
    CustomerReservation,
    GetReservedCustomersResponse,
    IntegrationCoupon,
    InventoryCoupon,
    RejectCouponEffectProps,
    SetDiscountEffectProps,
    evolve,
)
from talon_async.testing._refusal import invalid, unknown
from talon_async.testing.world._effects import NO_CAMPAIGN, effect, undiscounted
from talon_async.testing.world._ground import Ground, aware
from talon_async.testing.world._store import Store, StoredCoupon, recast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from typing import Unpack

    from talon_async.models import CouponRejectionCode, CouponState, CustomerSessionV2, Effect

MOST_RESERVATIONS = 1000


class CouponOptions(TypedDict, total=False):
    """What a coupon can be made with.

    Attributes:
        discount: money off the session.
        percent: or so many percent off the session's total.
        name: the name of the discount; the code by default.
        usage_limit: how often it can be redeemed; 0, the default, is without limit.
        valid_from: the first moment it can be used.
        valid_until: the first moment it no longer can.
        recipient: the ID of the only customer who can use it.
        reservation_mandatory: only customers who have reserved it can use it.
        campaign_id: the campaign it belongs to; 1 by default.
    """

    discount: float | None
    percent: float | None
    name: str | None
    usage_limit: int
    valid_from: datetime | None
    valid_until: datetime | None
    recipient: str | None
    reservation_mandatory: bool
    campaign_id: int


class Coupons(Ground):
    """The operations on coupons."""

    def add_coupon(self, value: str, **options: Unpack[CouponOptions]) -> Coupon:
        """Make a coupon."""
        discount, percent = options.get("discount"), options.get("percent")
        if not value or value in self.store.coupons:
            raise ValueError(f"there is a coupon {value!r} already" if value else "a coupon needs a code")
        if discount is not None and percent is not None:
            raise ValueError("a coupon gives a discount or a percentage, not both")
        aware(options.get("valid_from"), options.get("valid_until"))
        coupon = Coupon(
            id=self.new_id(),
            created=self.now(),
            campaign_id=options.get("campaign_id", 1),
            value=value,
            usage_limit=options.get("usage_limit", 0),
            start_date=options.get("valid_from"),
            expiry_date=options.get("valid_until"),
            usage_counter=0,
            reservation_counter=0,
            recipient_integration_id=options.get("recipient"),
            reservation=options.get("recipient") is None,
            is_reservation_mandatory=options.get("reservation_mandatory", False),
            implicitly_reserved=False,
        )
        name = options.get("name") or value
        self.store.coupons[value] = StoredCoupon(coupon=coupon, name=name, discount=discount, percent=percent)
        return coupon

    def create_coupon_reservation(self, coupon_value: str, body: CouponReservations) -> CouponWithReservations:
        """Reserve a coupon for customers; those not known yet are created."""
        with self.change() as store:
            for index, customer in enumerate(body.integration_ids):
                self.profile(store, customer, f"/integrationIDs/{index}")
            stored = _coupon(store, coupon_value)
            new = dict.fromkeys(body.integration_ids, self.now())
            coupon = self._reserve(store, stored, body, {**new, **stored.reserved})
        reservations = [
            CouponReservation(coupon_id=coupon.id, recipient_integration_id=customer, created_at=since)
            for customer, since in store.coupons[coupon_value].reserved.items()
        ]
        return recast(coupon, CouponWithReservations, reservations=reservations)

    def delete_coupon_reservation(self, coupon_value: str, body: CouponReservations) -> None:
        """Take reservations back; those that are not there are none already."""
        with self.change() as store:
            stored, gone = _coupon(store, coupon_value), set(body.integration_ids)
            kept = {customer: since for customer, since in stored.reserved.items() if customer not in gone}
            self._reserve(store, stored, body, kept)

    def get_reserved_customers(self, coupon_value: str) -> GetReservedCustomersResponse:
        """List the customers who have reserved a coupon, and since when."""
        found = [
            recast(self.store.profiles[customer], CustomerReservation, reserved_at=since)
            for customer, since in sorted(_coupon(self.store, coupon_value).reserved.items())
        ]
        return GetReservedCustomersResponse(total_result_size=len(found), data=found)

    @staticmethod
    def _reserve(
        store: Store, stored: StoredCoupon, body: CouponReservations, reserved: Mapping[str, datetime]
    ) -> Coupon:
        if len(body.integration_ids) > MOST_RESERVATIONS:
            raise invalid("/integrationIDs", f"at most {MOST_RESERVATIONS} customers at once")
        if "" in body.integration_ids:
            raise invalid(f"/integrationIDs/{list(body.integration_ids).index('')}", "an ID must not be empty")
        coupon = evolve(stored.coupon, reservation_counter=len(reserved))
        store.coupons[coupon.value or ""] = evolve(stored, coupon=coupon, reserved=reserved)
        return coupon


def _coupon(store: Store, value: str) -> StoredCoupon:
    if (stored := store.coupons.get(value)) is None:
        raise unknown("coupon")
    return stored


def judged(store: Store, session: CustomerSessionV2, now: datetime) -> list[Effect]:
    """Return what the coupons of a session lead to."""
    effects: list[Effect] = []
    for code in dict.fromkeys(session.coupon_codes):
        stored = store.coupons.get(code)
        if stored is None:
            props = RejectCouponEffectProps(value=code, rejection_reason="CouponNotFound")
            effects.append(effect(props, campaign_id=NO_CAMPAIGN))
            continue
        campaign, coupon_id = stored.coupon.campaign_id or NO_CAMPAIGN, stored.coupon.id
        if (reason := _objection(stored, session.profile_id or "", now)) is not None:
            props = RejectCouponEffectProps(value=code, rejection_reason=reason)
            effects.append(effect(props, campaign_id=campaign, triggered_by_coupon=coupon_id))
            continue
        accepted = AcceptCouponEffectProps(value=code)
        effects.append(effect(accepted, campaign_id=campaign, triggered_by_coupon=coupon_id))
        if amount := _worth(stored, session.total or 0, undiscounted(session.total or 0, effects)):
            discount = SetDiscountEffectProps(name=stored.name, value=amount)
            effects.append(effect(discount, campaign_id=campaign, triggered_by_coupon=coupon_id))
    return effects


def _objection(stored: StoredCoupon, profile_id: str, now: datetime) -> CouponRejectionCode | None:
    """Return why a customer may not use a coupon now."""
    coupon = stored.coupon
    reasons: list[tuple[CouponRejectionCode, bool]] = [
        ("CouponStartDateInFuture", coupon.start_date is not None and now < coupon.start_date),
        ("CouponExpired", coupon.expiry_date is not None and now >= coupon.expiry_date),
        ("CouponRecipientDoesNotMatch", coupon.recipient_integration_id not in (None, profile_id)),
        ("ProfileRequired", bool(coupon.is_reservation_mandatory) and not profile_id),
        ("CouponReservationRequired", bool(coupon.is_reservation_mandatory) and profile_id not in stored.reserved),
        ("CouponLimitReached", _used_up(coupon)),
    ]
    return next((reason for reason, applies in reasons if applies), None)


def _used_up(coupon: Coupon) -> bool:
    return 0 < (coupon.usage_limit or 0) <= (coupon.usage_counter or 0)


def _worth(stored: StoredCoupon, total: float, left: float) -> float:
    """Return what a coupon takes off a session, which is never more than what is left to pay."""
    wished = stored.discount if stored.percent is None else total * stored.percent / 100
    return max(0, min(round(wished or 0, 2), left))


def count(store: Store, effects: Iterable[Effect], profile_id: str, step: int) -> None:
    """Count the coupons that effects accept as redeemed, or with a step of -1 as given back."""
    for one in effects:
        if isinstance(one.props, AcceptCouponEffectProps) and (stored := store.coupons.get(one.props.value)):
            coupon = evolve(stored.coupon, usage_counter=(stored.coupon.usage_counter or 0) + step)
            redeemed = {**stored.redeemed, profile_id: stored.redeemed.get(profile_id, 0) + step}
            store.coupons[one.props.value] = evolve(stored, coupon=coupon, redeemed=redeemed)


def session_coupons(store: Store, session: CustomerSessionV2) -> list[IntegrationCoupon]:
    """Return the coupons of a session that exist."""
    profile_id = session.profile_id or ""
    return [
        recast(stored.coupon, IntegrationCoupon, profile_redemption_count=stored.redeemed.get(profile_id, 0))
        for code in dict.fromkeys(session.coupon_codes)
        if (stored := store.coupons.get(code))
    ]


def inventory_coupons(store: Store, profile_id: str, now: datetime) -> list[InventoryCoupon]:
    """Return the coupons a customer has reserved, was given alone, or has redeemed."""
    return [
        recast(
            stored.coupon,
            InventoryCoupon,
            profile_redemption_count=stored.redeemed.get(profile_id, 0),
            state=_state(stored.coupon, now),
        )
        for stored in store.coupons.values()
        if profile_id in stored.reserved
        or stored.coupon.recipient_integration_id == profile_id
        or stored.redeemed.get(profile_id)
    ]


def _state(coupon: Coupon, now: datetime) -> CouponState:
    if _used_up(coupon):
        return "used"
    if coupon.expiry_date is not None and now >= coupon.expiry_date:
        return "expired"
    return "pending" if coupon.start_date is not None and now < coupon.start_date else "active"
