"""Operations on campaigns."""

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
        """Return the running campaigns of the Application.

        All times need a time zone. A campaign that starts or ends exactly at a time is included.

        Args:
            page_size: the number of entries in a page, 1 to 1000; 50 by default.
            skip: the number of entries to skip at the beginning.
            campaign_ids: only these campaigns.
            start_after: only campaigns that start at this time or later.
            start_before: only campaigns that start at this time or earlier.
            end_after: only campaigns that end at this time or later.
            end_before: only campaigns that end at this time or earlier.
            store_id: only those linked to this store, by its ID in Talon.One.
            audience_id: only those linked to this audience, by its ID in Talon.One.

        Raises:
            NotFoundError: there is no such campaign.

        See https://docs.talon.one/integration-api#tag/Campaigns/operation/integrationGetAllCampaigns
        """
        ...
