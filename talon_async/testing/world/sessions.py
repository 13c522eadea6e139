"""Sessions: one stored form for both versions of the API, from the first item to the order and its cancellation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from talon_async.models import (
    CustomerSession,
    CustomerSessionV2,
    Event,
    IntegrationCustomerSessionResponse,
    IntegrationRequest,
    IntegrationState,
    IntegrationStateV2,
    NewCustomerSession,
    NewCustomerSessionV2,
    SetDiscountEffectProps,
    evolve,
)
from talon_async.testing._refusal import invalid, misused, unknown
from talon_async.testing.world import achievements, coupons, referrals
from talon_async.testing.world._effects import (
    answer,
    rule_failure_reasons,
    triggered_campaigns,
    undone,
)
from talon_async.testing.world._effects import in_version_1 as effects_in_version_1
from talon_async.testing.world._ground import APPLICATION, merged
from talon_async.testing.world._store import StoredSession, recast
from talon_async.testing.world.loyalty import unlocks
from talon_async.testing.world.loyalty.ledgers import Ledgers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from talon_async.models import CartItem, Effect, Loyalty, Return
    from talon_async.testing.world._store import Store

_NEXT: dict[str | None, tuple[str, ...]] = {
    None: ("open", "closed"),
    "open": ("open", "closed", "cancelled"),
    "closed": ("closed", "cancelled"),
    "partially_returned": ("partially_returned", "cancelled"),
    "cancelled": ("cancelled",),
}
"""The states an update can lead to; None is a session that is new."""
_REPLACED = (
    "store_integration_id",
    "evaluable_campaign_ids",
    "coupon_codes",
    "referral_code",
    "loyalty_cards",
    "experiment_variant_allocations",
    "additional_costs",
    "identifiers",
    "reward_integration_ids",
)
"""What stays when an update leaves it out, and is replaced when it is given, be it empty."""


class Sessions(Ledgers):
    """The operations on sessions."""

    def update_customer_session_v2(
        self,
        customer_session_id: str,
        body: IntegrationRequest,
        *,
        dry: bool | None = None,
        now: datetime | None = None,
    ) -> IntegrationStateV2:
        """Create or update a session; the answer holds the effects and what was asked for."""
        if now is not None and (not dry or now <= self.now()):
            raise misused("now", "must be in the future" if dry else "needs dry=true")
        with self.change(dry) as store:
            stored = self._update(
                store, customer_session_id, body.customer_session, pointer="/customerSession", dry=dry, now=now
            )
        return self._state(store, stored, self._event(stored.session, stored.effects), body.response_content)

    def get_customer_session(self, customer_session_id: str) -> IntegrationCustomerSessionResponse:
        """Tell a session and the effects that hold for it."""
        if (known := self.store.sessions.get(customer_session_id)) is None:
            raise unknown("customer session")
        return IntegrationCustomerSessionResponse(customer_session=known.session, effects=known.valid)

    def update_customer_session(
        self, customer_session_id: str, body: NewCustomerSession, *, dry: bool | None = None
    ) -> IntegrationState:
        """Create or update a session the V1 way; V2 sees the same session."""
        given: dict[str, Any] = {"referral_code": body.referral}
        if body.coupon is not None:
            given["coupon_codes"] = [body.coupon] if body.coupon else []
        new = recast(body, NewCustomerSessionV2, **given)
        with self.change(dry) as store:
            stored = self._update(store, customer_session_id, new, dry=dry, total=body.total)
        session = stored.session
        known = [store.coupons[code].coupon for code in session.coupon_codes if code in store.coupons]
        return IntegrationState(
            session=in_version_1(session, stored.effects),
            profile=store.profiles.get(session.profile_id or ""),
            event=self._event(session, stored.effects),
            coupon=known[0] if known else None,
        )

    def _state(
        self, store: Store, stored: StoredSession, event: Event, asked: Sequence[str] | None, **always: Any
    ) -> IntegrationStateV2:
        """Answer with what a session led to, and what was asked for."""
        session, effects, owner = stored.session, stored.effects, stored.session.profile_id or ""
        return answer(
            IntegrationStateV2,
            {"effects": effects, "created_coupons": [], "created_referrals": [], **always},
            {
                "customer_session": lambda: session,
                "customer_profile": lambda: store.profiles.get(owner),
                "coupons": lambda: coupons.session_coupons(store, session),
                "triggered_campaigns": lambda: triggered_campaigns(effects, store.campaigns),
                "referral": lambda: store.referrals.get(session.referral_code or ""),
                "loyalty": lambda: self._loyalty(store, session, effects),
                "event": lambda: event,
                "awarded_giveaways": list,
                "rule_failure_reasons": lambda: rule_failure_reasons(effects),
                "previous_returns": lambda: previous_returns(store, session, always.get("return_")),
                "campaign_eligibility": list,
                "achievements": lambda: achievements.customer_achievements(store, owner, self.now()),
                "rewards": lambda: unlocks.with_unlocks(store, owner),
            },
            asked or (),
        )

    def _loyalty(self, store: Store, session: CustomerSessionV2, effects: Sequence[Effect]) -> Loyalty:
        """Tell the points of whom a session is, tentatively as they will be once it is closed."""
        owner, later = session.profile_id or "", store.layer()
        if session.state == "open":
            self.move_points(later, effects, owner, 1, session.integration_id)
        return self.loyalty(store, owner, session.loyalty_cards, later)

    def profile_of(self, customer_session_id: str) -> str:
        """Return whose a session is; empty for nobody's."""
        known = self.store.sessions.get(customer_session_id)
        return (known.session.profile_id or "") if known else ""

    def _update(  # noqa: PLR0913  # both versions, dry or not
        self,
        store: Store,
        session_id: str,
        new: NewCustomerSessionV2,
        *,
        pointer: str = "",
        dry: bool | None,
        now: datetime | None = None,
        total: float | None = None,
    ) -> StoredSession:
        self._check(new, pointer)
        known = store.sessions.get(session_id)
        owner = self.owner(known, new.profile_id, f"{pointer}/profileId")
        state = _next_state(known, new, pointer)
        session = self._merged(known, session_id, new, dry)
        session = evolve(
            session,
            profile_id=owner,
            state=state,
            first_session=self.is_first(store, session_id, owner),
            **({} if total is None else {"total": total}),
        )
        if known is not None and not dry and known.session.state == state != "open":
            if _content(session) != _content(known.session):
                raise invalid(f"{pointer}/state", f"a {state} session does not change any more")
            return known
        self.seen(store, owner, f"{pointer}/profileId")
        session = evolve(session, update_count=(session.update_count or 0) + 1, updated=self.now())
        stored = self._settled(store, known, session, now or self.now())
        store.sessions[session_id] = stored
        return stored

    def _settled(
        self, store: Store, known: StoredSession | None, session: CustomerSessionV2, now: datetime
    ) -> StoredSession:
        """Return a session with its effects, after they were counted where its state asks for it."""
        was_closed = known is not None and known.session.state in ("closed", "partially_returned")
        if known is not None and session.state == "cancelled":
            session = evolve(known.session, state="cancelled", updated=now, update_count=session.update_count)
            return self._taken_back(store, session, known.valid) if was_closed else StoredSession(session)
        effects = self.identified(self._judged(store, session, now))
        if session.state == "closed":
            self._count(store, session, effects, 1)
            self._sold(store, session, 1, session.total or 0)
        return StoredSession(session, effects)

    def _judged(self, store: Store, session: CustomerSessionV2, now: datetime) -> list[Effect]:
        """Return what codes and rules make of a session."""
        effects = coupons.judged(store, session, now)
        effects += referrals.judged(store, session, now, self.referral_campaigns, effects)
        effects += unlocks.used(store, session.reward_integration_ids, session.profile_id or "")
        return effects + [effect for rule in self.rules.on_session for effect in rule(session)]

    def _taken_back(self, store: Store, session: CustomerSessionV2, valid: Sequence[Effect]) -> StoredSession:
        """Return a session whose closing is undone, with the effects that take back what held until then."""
        self._count(store, session, valid, -1)
        self._sold(store, session, -1, -(session.total or 0))
        return StoredSession(
            session, undone(valid, session.profile_id or ""), [one for one in valid if not undone([one])]
        )

    def _count(self, store: Store, session: CustomerSessionV2, effects: Sequence[Effect], step: int) -> None:
        """Let effects happen, or with a step of -1 let it be as if they had not."""
        owner = session.profile_id or ""
        coupons.count(store, effects, owner, step)
        referrals.count(store, effects, owner, step)
        achievements.count(store, effects, owner, self.now(), step)
        unlocks.count(store, effects, owner, self.now(), step)
        self.move_points(store, effects, owner, step, session.integration_id)

    def _sold(self, store: Store, session: CustomerSessionV2, sessions: int, sales: float) -> None:
        if (profile := store.profiles.get(owner := session.profile_id or "")) is not None:
            store.profiles[owner] = evolve(
                profile,
                closed_sessions=(profile.closed_sessions or 0) + sessions,
                total_sales=round((profile.total_sales or 0) + sales, 2),
            )

    def _merged(
        self, known: StoredSession | None, session_id: str, new: NewCustomerSessionV2, dry: bool | None
    ) -> CustomerSessionV2:
        """Return the content after an update; a dry one forgets what was there before, except whose it is."""
        base = self.new_session(session_id)
        if known is not None:
            old = known.session
            kept = {"id": old.id, "created": old.created, "update_count": old.update_count}
            base = evolve(base, **kept) if dry else old
        given = {name: value for name in _REPLACED if (value := getattr(new, name)) is not None}
        if new.cart_items is not None:
            given["cart_items"] = [_shown(position, item) for position, item in enumerate(new.cart_items)]
        session = evolve(base, **given, attributes=merged(base.attributes, new.attributes))
        # a total that V1 gave stays until the cart changes
        recount = known is None or dry or new.cart_items is not None or new.additional_costs is not None
        return evolve(session, **totals(session)) if recount else session

    def _check(self, new: NewCustomerSessionV2, pointer: str) -> None:
        items = new.cart_items or ()
        for index, item in enumerate(items):
            if item.quantity < 1:
                raise invalid(f"{pointer}/cartItems/{index}/quantity", "must be at least 1")
            self.check_attributes("CartItem", item.attributes, f"{pointer}/cartItems/{index}/attributes")
        limits = [
            ("cartItems", len(items), 1000, "items"),
            ("cartItems", sum(item.quantity for item in items), 10_000, "pieces in all"),
            ("identifiers", len(new.identifiers or ()), 5, "identifiers"),
            ("loyaltyCards", len(new.loyalty_cards or ()), 1, "card"),
            ("couponCodes", max(map(len, new.coupon_codes or ("",)), default=0), 100, "characters in a code"),
            ("referralCode", len(new.referral_code or ""), 100, "characters"),
        ]
        for field, number, most, what in limits:
            if number > most:
                raise invalid(f"{pointer}/{field}", f"at most {most} {what}, not {number}")
        self.check_attributes("CustomerSession", new.attributes, f"{pointer}/attributes")

    def _event(self, session: CustomerSessionV2, effects: Iterable[Effect], kind: str = "") -> Event:
        return Event(
            id=self.new_id(),
            created=self.now(),
            application_id=APPLICATION,
            profile_id=session.profile_id,
            session_id=session.integration_id,
            type=kind or ("talon_session_created" if session.update_count == 1 else "talon_session_updated"),
            effects=effects_in_version_1(effects),
        )


def _next_state(known: StoredSession | None, new: NewCustomerSessionV2, pointer: str) -> str:
    """Return the state after an update, which stays when the update does not name one."""
    before = known.session.state if known else None
    after = new.state or before or "open"
    if after not in _NEXT[before]:
        came_from = f"a session that is {before}" if before else "a new session"
        raise invalid(f"{pointer}/state", f"{came_from} cannot become {after} by an update")
    return after


def _content(session: CustomerSessionV2) -> CustomerSessionV2:
    return evolve(session, updated=None, update_count=None)


def previous_returns(store: Store, session: CustomerSessionV2, latest: Return | None) -> list[Return]:
    """Return what has come back from a session before."""
    return [one for one in store.returns.values() if one.session_id == session.id and one != latest]


def _shown(position: int, item: CartItem) -> CartItem:
    """Return a cart item as answers show it."""
    return evolve(
        item,
        position=position,
        returned_quantity=0,
        remaining_quantity=item.quantity,
        attributes=merged({}, item.attributes),
    )


def totals(session: CustomerSessionV2) -> dict[str, float]:
    """Add up what has not come back."""
    left = [(item, item.quantity - (item.returned_quantity or 0)) for item in session.cart_items]
    goods = math.fsum((item.price or 0) * units for item, units in left)
    on_items = math.fsum(cost.price * units for item, units in left for cost in (item.additional_costs or {}).values())
    additional = math.fsum(cost.price for cost in session.additional_costs.values())
    return {
        "cart_item_total": round(goods, 2),
        "cart_item_additional_cost_total": round(on_items, 2),
        "additional_cost_total": round(additional, 2),
        "total": round(goods + on_items + additional, 2),
    }


def in_version_1(session: CustomerSessionV2, effects: Iterable[Effect]) -> CustomerSession:
    """Return a session as the first version of the API shows it, with the first of its coupons."""
    discounts = {one.props.name: one.props.value for one in effects if isinstance(one.props, SetDiscountEffectProps)}
    return recast(
        session,
        CustomerSession,
        coupon=next(iter(session.coupon_codes), ""),
        referral=session.referral_code or "",
        discounts=discounts,
    )
