"""Achievements, and the progress of customers in them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from talon_async.models._base import model, wire

AchievementStatus = Literal["inprogress", "completed", "expired", "not_started"]
AchievementState = Literal["active", "scheduled"]
AchievementRecurrencePolicy = Literal["no_recurrence", "on_expiration", "on_completion"]
AchievementActivationPolicy = Literal["user_action", "fixed_schedule"]


@model
class CampaignReference:
    """A campaign, and the Application that it belongs to."""

    id: int | None = None
    application_id: int | None = None


@model
class AchievementProgress:
    """The progress of a customer in an achievement."""

    status: AchievementStatus | str | None = None
    progress: float | None = None
    start_date: datetime | None = None
    completion_date: datetime | None = None
    end_date: datetime | None = None


@model
class AchievementProgressWithDefinition:
    """The progress of a customer in an achievement, together with its definition.

    `campaign_id` is deprecated: it is the first of `campaign_ids`, and missing if there are none.
    """

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
    target: float | None = None  # a number of actions, or a sum
    achievement_recurrence_policy: AchievementRecurrencePolicy | str | None = None
    achievement_activation_policy: AchievementActivationPolicy | str | None = None
    achievement_fixed_start_date: datetime | None = None  # with `fixed_schedule` only
    achievement_end_date: datetime | None = None  # customers cannot take part after it
    achievement_allow_rollback_after_completion: bool | None = None
    campaign_ids: Sequence[int] = wire(factory=list)  # ascending
    referenced_by_campaigns: Sequence[CampaignReference] = wire(factory=list)  # ascending by ID


@model
class CustomerAchievement:
    """An achievement, and the progress of a customer who takes part in it.

    `campaign_id` is deprecated: it is the first of `campaign_ids`, and missing if there are none.
    """

    id: int | None = None
    name: str | None = None
    title: str | None = None
    description: str | None = None
    target: float | None = None  # a number of actions, or a sum
    recurrence_policy: AchievementRecurrencePolicy | str | None = None
    activation_policy: AchievementActivationPolicy | str | None = None
    fixed_start_date: datetime | None = None  # with `fixed_schedule` only
    end_date: datetime | None = None  # customers cannot take part after it
    allow_rollback_after_completion: bool | None = None
    current_progress: AchievementProgress | None = None
    campaign_id: int | None = None
    campaign_ids: Sequence[int] = wire(factory=list)  # ascending
    referenced_by_campaigns: Sequence[CampaignReference] = wire(factory=list)  # ascending by ID


@model
class TimePoint:
    """The time at which an achievement ends and starts again, in the time zone of the Application.

    The unit of the period decides which fields apply: `day_of_week` is for weeks, `day_of_month` for months and years,
    and `month` for years.
    """

    month: int | None = None
    day_of_month: int | None = None
    day_of_week: int | None = None  # 1 is Monday
    hour: int | None = None
    minute: int | None = None
    second: int | None = None


@model
class AchievementStatusEntry:
    """An achievement with its settings, and the progress of a customer who takes part in it.

    `period` is a number and a unit (`s m h D W M Y`). The achievement starts again for a customer after this period, or
    at the point in time of `period_end_override`. `campaign_id` is deprecated: see `campaign_ids`.
    """

    id: int | None = None
    created: datetime | None = None
    name: str | None = None
    title: str | None = None
    description: str | None = None
    target: float | None = None  # a number of actions, or a sum
    period: str | None = None
    period_end_override: TimePoint | None = None
    recurrence_policy: AchievementRecurrencePolicy | str | None = None
    activation_policy: AchievementActivationPolicy | str | None = None
    fixed_start_date: datetime | None = None  # with `fixed_schedule` only
    end_date: datetime | None = None  # customers cannot take part after it
    allow_rollback_after_completion: bool | None = None
    campaign_id: int | None = None
    status: AchievementState | str | None = None
    current_progress: AchievementProgress | None = None
    campaign_ids: Sequence[int] = wire(factory=list)  # ascending


@model
class GetCustomerAchievementsResponse:
    """One page of a customer's achievements."""

    total_result_size: int | None = None
    data: Sequence[AchievementStatusEntry] = wire(factory=list)


@model
class GetCustomerAchievementHistoryResponse:
    """One page of the history of a customer in an achievement, with one entry for each time it started."""

    total_result_size: int | None = None
    data: Sequence[AchievementProgress] = wire(factory=list)
