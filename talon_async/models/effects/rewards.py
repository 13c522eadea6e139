"""Effects on achievements, giveaways and rewards."""

from datetime import datetime

from talon_async.models._base import model
from talon_async.models.effects._registry import effect_props


@effect_props("increaseAchievementProgress")
@model
class IncreaseAchievementProgressEffectProps:
    """The progress of a customer in an achievement rose by `delta` to `value`, out of `target`."""

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
    """The customer started on an achievement, at 0.

    It comes before `increaseAchievementProgress`, which has the same `progress_tracker_id`, and for the first start of
    a recurring achievement only. If the achievement has started already, or its end date is past, an `error` effect
    comes instead, and the other effects of the rule are not applied. There is no effect that takes it back.
    """

    achievement_id: int
    achievement_name: str
    target: float
    start_date: datetime
    progress_tracker_id: int | None = None
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
    """A customer unlocked a reward.

    `integration_id` is the ID of the unlocking, which `reward_integration_ids` of a session takes. The reward of a
    `loyalty_card_id` belongs to the card: each customer who is linked to it can use it.
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
    """A customer used an unlocked reward; `integration_id` is the ID of its unlocking."""

    integration_id: str
    reward_id: int
    application_id: int


@effect_props("rollbackUseReward")
@model
class RollbackUseRewardEffectProps:
    """The use of a reward was undone, as its session was cancelled: it can be used again."""

    integration_id: str
    reward_id: int
    application_id: int
