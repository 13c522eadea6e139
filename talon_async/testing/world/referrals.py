"""Referrals: codes that customers give to friends."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from talon_async.models import (
    AcceptReferralEffectProps,
    CreateReferralsForMultipleAdvocatesResponse,
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

    from talon_async.models import (
        CustomerSessionV2,
        Effect,
        NewReferralsForMultipleAdvocates,
        ReferralRejectionCode,
    )

MOST_ADVOCATES = 1000
PATTERN_LENGTH = range(3, 101)


class Referrals(Ground):
    """The operations on referrals."""

    def create_referral(self, body: NewReferral) -> Referral:
        """Make a code for an advocate; each call makes another one."""
        self._check_referrals(body)
        with self.change() as store:
            return self._refer(store, body, body.advocate_profile_integration_id, "/advocateProfileIntegrationId")

    def create_referrals_for_multiple_advocates(
        self, body: NewReferralsForMultipleAdvocates, *, silent: bool | None = None
    ) -> CreateReferralsForMultipleAdvocatesResponse | None:
        """Make a code for each of many advocates, for all or none."""
        self._check_referrals(body)
        advocates, field = body.advocate_profile_integration_ids, "/advocateProfileIntegrationIds"
        if not 1 <= len(advocates) <= MOST_ADVOCATES:
            raise invalid(field, f"1 to {MOST_ADVOCATES} customers at once")
        if body.referral_pattern is not None and len(body.referral_pattern) not in PATTERN_LENGTH:
            raise invalid("/referralPattern", "must have 3 to 100 characters")
        if body.valid_characters is not None and not all(body.valid_characters or [""]):
            raise invalid("/validCharacters", "must not be empty")
        with self.change() as store:
            made = [self._refer(store, body, who, f"{field}/{index}") for index, who in enumerate(advocates)]
        if silent is not False:
            return None
        return CreateReferralsForMultipleAdvocatesResponse(total_result_size=len(made), data=made)

    def _check_referrals(self, body: NewReferral | NewReferralsForMultipleAdvocates) -> None:
        if body.campaign_id not in self.referral_campaigns:
            raise invalid("/campaignId", f"{body.campaign_id} is not a campaign with referrals")
        self.check_attributes("Referral", body.attributes, "/attributes")

    def _refer(
        self, store: Store, body: NewReferral | NewReferralsForMultipleAdvocates, advocate: str, pointer: str
    ) -> Referral:
        if not advocate:
            raise invalid(pointer, "must not be empty")
        self.profile(store, advocate, pointer)
        number = self.new_id()
        code = f"FRIEND-{number:05d}" if isinstance(body, NewReferral) else _code(store, body, number)
        referral = recast(
            body,
            InventoryReferral,
            id=number,
            created=self.now(),
            code=code,
            advocate_profile_integration_id=advocate,
            usage_limit=body.usage_limit or 0,
            usage_counter=0,
            attributes=merged({}, body.attributes),
        )
        store.referrals[code] = referral
        return recast(referral, Referral)


def _code(store: Store, body: NewReferralsForMultipleAdvocates, number: int) -> str:
    """Return a code that follows the pattern and that nobody has: the number in the digits that are wished for."""
    pattern = body.referral_pattern or "FRIEND-#####"
    digits = list(dict.fromkeys(body.valid_characters or string.ascii_uppercase + string.digits))
    places = [place for place, character in enumerate(pattern) if character == "#"]
    for candidate in range(number, number + len(digits) ** len(places)):
        rest, characters = candidate, list(pattern)
        for place in reversed(places):
            rest, digit = divmod(rest, len(digits))
            characters[place] = digits[digit]
        if (code := "".join(characters)) not in store.referrals:
            return code
    raise invalid("/referralPattern", "has no code left")


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
