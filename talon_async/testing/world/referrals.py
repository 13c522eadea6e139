"""Referrals: codes that customers give to friends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async.models import (
    AcceptReferralEffectProps,
    InventoryReferral,
    NewReferral,
    Referral,
    RejectReferralEffectProps,
    SetDiscountEffectProps,
    evolve,
)
from talon_async.testing._refusal import invalid
from talon_async.testing.world._effects import NO_CAMPAIGN, effect, undiscounted
from talon_async.testing.world._ground import Ground, merged
from talon_async.testing.world._store import Store, recast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from talon_async.models import CustomerSessionV2, Effect, ReferralRejectionCode


class Referrals(Ground):
    """The operation on referrals."""

    def create_referral(self, body: NewReferral) -> Referral:
        """Make a code for an advocate; each call makes another one."""
        if body.campaign_id not in self.referral_campaigns:
            raise invalid("/campaignId", f"{body.campaign_id} is not a campaign with referrals")
        if not body.advocate_profile_integration_id:
            raise invalid("/advocateProfileIntegrationId", "must not be empty")
        self.check_attributes("Referral", body.attributes, "/attributes")
        with self.change() as store:
            self.profile(store, body.advocate_profile_integration_id, "/advocateProfileIntegrationId")
            number = self.new_id()
            referral = recast(
                body,
                InventoryReferral,
                id=number,
                created=self.now(),
                code=f"FRIEND-{number:05d}",
                usage_limit=body.usage_limit or 0,
                usage_counter=0,
                attributes=merged({}, body.attributes),
            )
            store.referrals[f"FRIEND-{number:05d}"] = referral
        return recast(referral, Referral)


def judged(
    store: Store,
    session: CustomerSessionV2,
    now: datetime,
    discounts: Mapping[int, float | None],
    earlier: Sequence[Effect],
) -> list[Effect]:
    """Return what the referral code of a session leads to; `earlier` effects have taken their share of the total."""
    if not (code := session.referral_code):
        return []
    referral = store.referrals.get(code)
    if referral is None:
        props = RejectReferralEffectProps(value=code, rejection_reason="ReferralNotFound")
        return [effect(props, campaign_id=NO_CAMPAIGN)]
    campaign = referral.campaign_id or NO_CAMPAIGN
    if (reason := _objection(store, referral, session, now)) is not None:
        return [effect(RejectReferralEffectProps(value=code, rejection_reason=reason), campaign_id=campaign)]
    accepted = [effect(AcceptReferralEffectProps(value=code), campaign_id=campaign)]
    if amount := max(0, min(discounts.get(campaign) or 0, undiscounted(session.total or 0, earlier))):
        accepted.append(effect(SetDiscountEffectProps(name=code, value=amount), campaign_id=campaign))
    return accepted


def _objection(
    store: Store, referral: InventoryReferral, session: CustomerSessionV2, now: datetime
) -> ReferralRejectionCode | None:
    """Return why a customer may not use a code now."""
    friend, limit = session.profile_id or "", referral.usage_limit or 0
    others = (one for one in store.referrals.values() if one.campaign_id == referral.campaign_id)
    reasons: list[tuple[ReferralRejectionCode, bool]] = [
        ("ReferralStartDateInFuture", referral.start_date is not None and now < referral.start_date),
        ("ReferralExpired", referral.expiry_date is not None and now >= referral.expiry_date),
        ("ReferralRecipientIdSameAsAdvocate", friend == referral.advocate_profile_integration_id),
        ("ReferralRecipientDoesNotMatch", referral.friend_profile_integration_id not in (None, "", friend)),
        ("ReferralCustomerAlreadyReferred", any(friend in one.referred_customers for one in others)),
        ("ReferralLimitReached", 0 < limit <= (referral.usage_counter or 0)),
    ]
    return next((reason for reason, applies in reasons if applies), None)


def count(store: Store, effects: Iterable[Effect], profile_id: str, step: int) -> None:
    """Count the code that effects accept as used by a friend, or with a step of -1 as given back."""
    for one in effects:
        if isinstance(one.props, AcceptReferralEffectProps) and (referral := store.referrals.get(one.props.value)):
            friends = [friend for friend in referral.referred_customers if friend != profile_id]
            store.referrals[one.props.value] = evolve(
                referral,
                usage_counter=(referral.usage_counter or 0) + step,
                referred_customers=[*friends, profile_id] if step > 0 and profile_id else friends,
            )
