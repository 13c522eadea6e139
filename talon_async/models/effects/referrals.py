"""Effects on referral codes."""

from talon_async.models._base import model
from talon_async.models.codes import ReferralRejectionCode
from talon_async.models.effects._registry import effect_props
from talon_async.models.effects.coupons import CampaignExclusionReason


@effect_props("acceptReferral")
@model
class AcceptReferralEffectProps:
    """The referral code can be used; closing the session redeems it."""

    value: str


@effect_props("redeemReferral")
@model
class RedeemReferralEffectProps:
    """The referral code was redeemed; deprecated in favour of `acceptReferral`."""

    id: int
    value: str


@effect_props("rejectReferral")
@model
class RejectReferralEffectProps:
    """The referral code cannot be used; this arrives in an ordinary answer, not as an error."""

    value: str
    rejection_reason: ReferralRejectionCode | str
    condition_index: int | None = None
    effect_index: int | None = None
    details: str | None = None
    campaign_exclusion_reason: CampaignExclusionReason | str | None = None


@effect_props("rollbackReferral")
@model
class RollbackReferralEffectProps:
    """The redemption of a referral code was undone: it can be used again."""

    value: str


@effect_props("referralCreated")
@model
class ReferralCreatedEffectProps:
    """A referral code was created."""

    value: str
