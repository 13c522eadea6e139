"""Effects on achievements, giveaways and rewards."""

from datetime import datetime

from talon_async.models._base import model
from talon_async.models.effects._registry import effect_props


@effect_props("increaseAchievementProgress")
@model
class IncreaseAchievementProgressEffectProps:
    """The customer came nearer to an achievement: by `delta`, to `value`, of `target`."""

    achievement_id: int
    achievement_name: str
    delta: float
    value: float
    target: float
    is_just_completed: bool  # in this session
    progress_tracker_id: int | None = None


@effect_props("rollbackIncreasedAchievementProgress")
@model
class RollbackIncreasedAchievementProgressEffectProps:
    """Progress in an achievement was taken back."""

    achievement_id: int
    achievement_name: str
    progress_tracker_id: int
    decrease_progress_by: float
    current_progress: float
    target: float


@effect_props("startAchievementProgress")
@model
class StartAchievementProgressEffectProps:
    """The customer started on an achievement, at 0."""

    achievement_id: int
    achievement_name: str
    progress_tracker_id: int
    target: float
    start_date: datetime
    end_date: datetime | None = None  # only if the end is fixed


@effect_props("awardGiveaway")
@model
class AwardGiveawayEffectProps:
    """A giveaway was awarded; only a closed session gives the code away."""

    pool_id: int
    pool_name: str
    recipient_integration_id: str
    giveaway_id: int
    code: str


@effect_props("willAwardGiveaway")
@model
class WillAwardGiveawayEffectProps:
    """A giveaway will be awarded when the session closes; the code stays secret until then."""

    pool_id: int
    pool_name: str
    recipient_integration_id: str


@effect_props("unlockReward")
@model
class UnlockRewardEffectProps:
    """Experimental: a customer unlocked a reward.

    The published documents lack it as yet: the effect type's name is inferred and may change.
    """

    integration_id: str
    reward_id: int
    application_id: int
    profile_integration_id: str
    unlocked_at: datetime
    loyalty_card_id: str | None = None


@effect_props("useReward")
@model
class UseRewardEffectProps:
    """Experimental: a customer used a reward.

    The published documents lack it as yet: the effect type's name is inferred and may change.
    """

    integration_id: str
    reward_id: int
    application_id: int


@effect_props("rollbackUseReward")
@model
class RollbackUseRewardEffectProps:
    """Experimental: the use of a reward was undone.

    The published documents lack it as yet: the effect type's name is inferred and may change.
    """

    integration_id: str
    reward_id: int
    application_id: int
