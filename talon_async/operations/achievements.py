"""Operations on achievements."""

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
        """Return the achievements of a customer, with the progress in each.

        Args:
            integration_id: your ID of the customer, at most 1000 characters.
            campaign_ids: only achievements of these campaigns.
            achievement_ids: only these achievements.
            achievement_status: only active or only scheduled achievements; active ones by default.
            current_progress_status: only achievements with this progress.
            page_size: the number of entries in a page, 1 to 1000; 1000 by default.
            skip: the number of entries to skip at the beginning.

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
        """Return the history of a customer in an achievement, with one entry for each time it started.

        Args:
            integration_id: your ID of the customer, at most 1000 characters.
            achievement_id: the ID of the achievement in Talon.One.
            progress_status: only entries with this status.
            start_date: only entries that began at this time or later; needs a time zone.
            end_date: only entries that began at this time or earlier; needs a time zone.
            page_size: the number of entries in a page, 1 to 1000; 1000 by default.
            skip: the number of entries to skip at the beginning.

        Raises:
            NotFoundError: there is no such profile or achievement.

        See https://docs.talon.one/integration-api#tag/Achievements/operation/getCustomerAchievementHistory
        """
        ...
