"""Achievements: what a customer works towards."""

from datetime import datetime
from typing import Literal

from talon_async.models._base import model

AchievementStatus = Literal["inprogress", "completed", "expired", "not_started"]
AchievementRecurrencePolicy = Literal["no_recurrence", "on_expiration", "on_completion"]
AchievementActivationPolicy = Literal["user_action", "fixed_schedule"]


@model
class AchievementProgress:
    """How far a customer got in an achievement."""

    status: AchievementStatus | str | None = None
    progress: float | None = None
    start_date: datetime | None = None
    completion_date: datetime | None = None
    end_date: datetime | None = None


@model
class AchievementProgressWithDefinition:
    """How far a customer got in an achievement, together with its definition."""

    status: AchievementStatus | str | None = None
    progress: float | None = None
    start_date: datetime | None = None
    completion_date: datetime | None = None
    end_date: datetime | None = None  # the progress ends and starts again
    achievement_id: int | None = None
    name: str | None = None
    title: str | None = None
    description: str | None = None
    campaign_id: int | None = None
    target: float | None = None  # how many actions, or which sum
    achievement_recurrence_policy: AchievementRecurrencePolicy | str | None = None
    achievement_activation_policy: AchievementActivationPolicy | str | None = None
    achievement_fixed_start_date: datetime | None = None  # with `fixed_schedule` only
    achievement_end_date: datetime | None = None  # nobody takes part after it
    achievement_allow_rollback_after_completion: bool | None = None


@model
class CustomerAchievement:
    """An achievement, and how far the customer got, if they take part."""

    id: int | None = None
    name: str | None = None
    title: str | None = None
    description: str | None = None
    target: float | None = None  # how many actions, or which sum
    recurrence_policy: AchievementRecurrencePolicy | str | None = None
    activation_policy: AchievementActivationPolicy | str | None = None
    fixed_start_date: datetime | None = None  # with `fixed_schedule` only
    end_date: datetime | None = None  # nobody takes part after it
    allow_rollback_after_completion: bool | None = None
    current_progress: AchievementProgress | None = None
