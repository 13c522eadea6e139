"""Achievements: what customers work towards, and how the effects of rules bring them on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict

from talon_async.models import (
    AchievementProgress,
    AchievementProgressWithDefinition,
    AchievementStatusEntry,
    CampaignReference,
    CustomerAchievement,
    GetCustomerAchievementHistoryResponse,
    GetCustomerAchievementsResponse,
    IncreaseAchievementProgressEffectProps,
    evolve,
)
from talon_async.testing._refusal import unknown
from talon_async.testing.world._ground import APPLICATION, LARGEST_PAGE, Ground, aware, numbers, page
from talon_async.testing.world._store import Store, recast

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from typing import Unpack

    from talon_async.models import AchievementRecurrencePolicy, Effect

NOT_STARTED = AchievementProgress(status="not_started", progress=0)


class AchievementOptions(TypedDict, total=False):
    """What an achievement can be made with.

    Attributes:
        title: its name for customers; the name by default.
        description: what customers have to do.
        campaign_id: the campaign it belongs to; 1 by default.
        recurrence: whether a customer can start again, and after what; `no_recurrence` by default.
        lasts: how long a customer has from their first step; without it, there is no end.
        starts: nobody takes part before.
        ends: nobody takes part after.
    """

    title: str
    description: str
    campaign_id: int
    recurrence: AchievementRecurrencePolicy
    lasts: timedelta | None
    starts: datetime | None
    ends: datetime | None


class Achievements(Ground):
    """The operations on achievements."""

    def add_achievement(
        self, achievement_id: int, name: str, target: float, **options: Unpack[AchievementOptions]
    ) -> AchievementStatusEntry:
        """Make an achievement."""
        if achievement_id in self.store.achievements:
            raise ValueError(f"there is an achievement {achievement_id} already")
        starts, ends, lasts = options.get("starts"), options.get("ends"), options.get("lasts")
        campaign = options.get("campaign_id", 1)
        aware(starts, ends)
        new = AchievementStatusEntry(
            id=achievement_id,
            created=self.now(),
            name=name,
            title=options.get("title", name),
            description=options.get("description", ""),
            target=target,
            period=None if lasts is None else f"{lasts.total_seconds():.0f}s",
            recurrence_policy=options.get("recurrence", "no_recurrence"),
            activation_policy="user_action" if starts is None else "fixed_schedule",
            fixed_start_date=starts,
            end_date=ends,
            allow_rollback_after_completion=True,
            campaign_id=campaign,
            campaign_ids=[campaign],
        )
        self.store.achievements[achievement_id] = new
        return new

    def get_customer_achievements(  # noqa: PLR0913  # the stub has as many
        self,
        integration_id: str,
        *,
        campaign_ids: Sequence[str] | None = None,
        achievement_ids: Sequence[str] | None = None,
        achievement_status: Sequence[str] | None = None,
        current_progress_status: Sequence[str] | None = None,
        page_size: int | None = None,
        skip: int | None = None,
    ) -> GetCustomerAchievementsResponse:
        """List the achievements that a customer can reach, those that run unless asked otherwise."""
        self._must_be_known(integration_id)
        campaigns, ids = numbers("campaignIds", campaign_ids), numbers("achievementIds", achievement_ids)
        found = [
            one
            for one in _entries(self.store, integration_id, self.now())
            if one.status in (achievement_status or ("active",))
            and (campaigns is None or one.campaign_id in campaigns)
            and (ids is None or one.id in ids)
            and (not current_progress_status or (one.current_progress or NOT_STARTED).status in current_progress_status)
        ]
        data, _ = page(found, page_size, skip, LARGEST_PAGE)
        return GetCustomerAchievementsResponse(total_result_size=len(found), data=data)

    def get_customer_achievement_history(  # noqa: PLR0913  # the stub has as many
        self,
        integration_id: str,
        achievement_id: int,
        *,
        progress_status: Sequence[str] | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        page_size: int | None = None,
        skip: int | None = None,
    ) -> GetCustomerAchievementHistoryResponse:
        """List how a customer got on in an achievement, the first time first."""
        self._must_be_known(integration_id)
        if achievement_id not in self.store.achievements:
            raise unknown("achievement")
        found = [
            one
            for one in _history(self.store, integration_id, achievement_id, self.now())
            if (not progress_status or one.status in progress_status)
            and one.start_date is not None
            and (start_date is None or one.start_date >= start_date)
            and (end_date is None or one.start_date <= end_date)
        ]
        data, _ = page(found, page_size, skip, LARGEST_PAGE)
        return GetCustomerAchievementHistoryResponse(total_result_size=len(found), data=data)

    def _must_be_known(self, integration_id: str) -> None:
        if integration_id not in self.store.profiles:
            raise unknown("customer profile")


def _history(store: Store, profile_id: str, achievement_id: int, now: datetime) -> list[AchievementProgress]:
    """Return the progress of a customer, the last of which may still go on."""
    return [
        evolve(one, status="expired")
        if one.status == "inprogress" and one.end_date is not None and now >= one.end_date
        else one
        for one in store.progress.get((profile_id, achievement_id), ())
    ]


def _entries(store: Store, profile_id: str, now: datetime) -> list[AchievementStatusEntry]:
    """Return the achievements that run or will run, with the progress of a customer."""
    return [
        evolve(
            one,
            status="scheduled" if one.fixed_start_date is not None and now < one.fixed_start_date else "active",
            current_progress=(_history(store, profile_id, number, now) or [NOT_STARTED])[-1],
        )
        for number, one in store.achievements.items()
        if one.end_date is None or now < one.end_date
    ]


def customer_achievements(store: Store, profile_id: str, now: datetime) -> list[CustomerAchievement]:
    """Return the achievements that run, as answers to updates show them."""
    return [
        recast(one, CustomerAchievement, referenced_by_campaigns=_campaigns(one))
        for one in _entries(store, profile_id, now)
        if one.status == "active"
    ]


def _campaigns(one: AchievementStatusEntry) -> list[CampaignReference]:
    return [CampaignReference(id=number, application_id=APPLICATION) for number in one.campaign_ids]


def inventory_achievements(store: Store, profile_id: str, now: datetime) -> list[AchievementProgressWithDefinition]:
    """Return the achievements a customer takes part in."""
    return [
        recast(
            progress,
            AchievementProgressWithDefinition,
            achievement_id=one.id,
            name=one.name,
            title=one.title,
            description=one.description,
            campaign_id=one.campaign_id,
            campaign_ids=one.campaign_ids,
            referenced_by_campaigns=_campaigns(one),
            target=one.target,
            achievement_recurrence_policy=one.recurrence_policy,
            achievement_activation_policy=one.activation_policy,
            achievement_fixed_start_date=one.fixed_start_date,
            achievement_end_date=one.end_date,
            achievement_allow_rollback_after_completion=one.allow_rollback_after_completion,
        )
        for one in _entries(store, profile_id, now)
        if (progress := one.current_progress) is not None and progress != NOT_STARTED
    ]


def count(store: Store, effects: Iterable[Effect], profile_id: str, now: datetime, step: int) -> None:
    """Bring a customer on by the `delta` of effects, or with a step of -1 back again; nobody is behind the empty ID."""
    for one in effects:
        if not isinstance(one.props, IncreaseAchievementProgressEffectProps) or not profile_id:
            continue
        number, delta = one.props.achievement_id, one.props.delta
        if (achievement := store.achievements.get(number)) is None:
            continue
        history = _history(store, profile_id, number, now)
        if step < 0:
            changed = [*history[:-1], _moved(achievement, history[-1], -delta, now)] if history else []
        else:
            changed = _raised(achievement, history, delta, now)
        store.progress[profile_id, number] = tuple(changed)


def _moved(
    achievement: AchievementStatusEntry, progress: AchievementProgress, delta: float, now: datetime
) -> AchievementProgress:
    """Return progress after a step either way; what has expired stays so."""
    reached = max(0, (progress.progress or 0) + delta)
    if progress.status == "expired":
        return evolve(progress, progress=reached)
    if reached >= (achievement.target or 0):
        return evolve(progress, progress=reached, status="completed", completion_date=progress.completion_date or now)
    return evolve(progress, progress=reached, status="inprogress", completion_date=None)


def _raised(
    achievement: AchievementStatusEntry, history: list[AchievementProgress], delta: float, now: datetime
) -> list[AchievementProgress]:
    """Return a history with one more step, unless the customer may not take it now."""
    starts, ends = achievement.fixed_start_date, achievement.end_date
    if (starts is not None and now < starts) or (ends is not None and now >= ends):
        return history
    if not history or history[-1].status != "inprogress":
        if history and not _starts_again(achievement, history[-1], now):
            return history
        begun = AchievementProgress(status="inprogress", progress=0, start_date=now, end_date=_end(achievement, now))
        history = [*history, begun]
    return [*history[:-1], _moved(achievement, history[-1], delta, now)]


def _starts_again(achievement: AchievementStatusEntry, last: AchievementProgress, now: datetime) -> bool:
    match achievement.recurrence_policy:
        case "on_completion":
            return last.status == "completed"
        case "on_expiration":
            return last.end_date is not None and now >= last.end_date
        case _:
            return False


def _end(achievement: AchievementStatusEntry, now: datetime) -> datetime | None:
    if not achievement.period:
        return None
    return now + timedelta(seconds=int(achievement.period.removesuffix("s")))
