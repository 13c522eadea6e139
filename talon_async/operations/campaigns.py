"""Campaigns: which ones run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async._endpoint import get

if TYPE_CHECKING:
    from datetime import datetime

    from talon_async._endpoint import Csv, PageSize
    from talon_async.models import IntegrationGetAllCampaignsResponse


class Campaigns:
    """Operations on campaigns."""

    @get("/v1/integration/campaigns")
    async def integration_get_all_campaigns(
        self,
        *,
        page_size: PageSize | None = None,
        skip: int | None = None,
        campaign_ids: Csv[str] | None = None,
        start_after: datetime | None = None,
        start_before: datetime | None = None,
        end_after: datetime | None = None,
        end_before: datetime | None = None,
        store_id: int | None = None,
        audience_id: int | None = None,
    ) -> IntegrationGetAllCampaignsResponse:
        """Read the running campaigns of the Application.

        All times need a time zone, and include the moment itself.

        Args:
            page_size: 1 to 1000; 50 if left out.
            skip: how many to leave out at the beginning.
            campaign_ids: only these.
            start_after: only those that start then or later.
            start_before: only those that start then or earlier.
            end_after: only those that end then or later.
            end_before: only those that end then or earlier.
            store_id: only those linked to this store, by the API's ID.
            audience_id: only those linked to this audience, by the API's ID.

        Raises:
            NotFoundError: there is no such campaign.

        See https://docs.talon.one/integration-api#tag/Campaigns/operation/integrationGetAllCampaigns
        """
        ...
