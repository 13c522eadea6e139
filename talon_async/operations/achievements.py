"""Achievements: what customers work towards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from talon_async._endpoint import get

if TYPE_CHECKING:
    from datetime import datetime

    from talon_async._endpoint import Csv, IntegrationId, PageSize
    from talon_async.models import GetCustomerAchievementHistoryResponse, GetCustomerAchievementsResponse


class Achievements:
    """Operations on achievements."""

    @get("/v1/customer_profiles/{integration_id}/achievements")
    async def get_customer_achievements(
        self,
        integration_id: IntegrationId,
        *,
        campaign_ids: Csv[str] | None = None,
        achievement_ids: Csv[str] | None = None,
        achievement_status: Csv[Literal["active", "scheduled"]] | None = None,
        current_progress_status: Csv[Literal["inprogress", "completed", "not_started"]] | None = None,
        page_size: PageSize | None = None,
        skip: int | None = None,
    ) -> GetCustomerAchievementsResponse:
        """Read the achievements that a customer can reach, and how far they got.

        Args:
            integration_id: your ID of the customer, at most 1000 characters.
            campaign_ids: only those of these campaigns.
            achievement_ids: only these.
            achievement_status: only those that run, or only those that are still to come; running ones if left out.
            current_progress_status: only those with this progress.
            page_size: 1 to 1000; 1000 if left out.
            skip: how many to leave out at the beginning.

        Raises:
            NotFoundError: there is no such profile.

        See https://docs.talon.one/integration-api#tag/Achievements/operation/getCustomerAchievements
        """
        ...

    @get("/v1/customer_profiles/{integration_id}/achievements/{achievement_id}")
    async def get_customer_achievement_history(
        self,
        integration_id: IntegrationId,
        achievement_id: int,
        *,
        progress_status: Csv[Literal["inprogress", "completed", "expired"]] | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        page_size: PageSize | None = None,
        skip: int | None = None,
    ) -> GetCustomerAchievementHistoryResponse:
        """Read how a customer got on in an achievement, each time they took part.

        Args:
            integration_id: your ID of the customer, at most 1000 characters.
            achievement_id: the API's ID of the achievement.
            progress_status: only progress of this kind.
            start_date: only what began then or later; needs a time zone.
            end_date: only what began then or earlier; needs a time zone.
            page_size: 1 to 1000; 1000 if left out.
            skip: how many to leave out at the beginning.

        Raises:
            NotFoundError: there is no such profile or achievement.

        See https://docs.talon.one/integration-api#tag/Achievements/operation/getCustomerAchievementHistory
        """
        ...
