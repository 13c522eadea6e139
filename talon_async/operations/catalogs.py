"""Catalogs: the items that shops sell, and what they have cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async._endpoint import post, put
from talon_async._messages import Idempotency

if TYPE_CHECKING:
    from talon_async.models import BestPriorPrice, BestPriorPriceRequest, Catalog, CatalogSyncRequest


class Catalogs:
    """Operations on catalogs."""

    @put("/v1/catalogs/{catalog_id}/sync")
    async def sync_catalog(self, catalog_id: int, body: CatalogSyncRequest) -> Catalog:
        """Add, change or remove up to 1000 items of a catalog.

        All actions of a request must have the same type, and each SKU may occur once. `sync_catalog_in_chunks` splits
        any actions into such requests. The client does not repeat it after an unknown outcome, unless
        `RetryPolicy.repeat_named` is set.

        Args:
            catalog_id: the ID of the catalog in Talon.One.
            body: the actions, and the version of the catalog they are meant for.

        Raises:
            InvalidArgumentError: no action, or more than 1000; nothing was sent.
            BadRequestError: actions of several kinds, a SKU twice, or another version of the catalog.
            NotFoundError: there is no such catalog.

        See https://docs.talon.one/integration-api#tag/Catalogs/operation/syncCatalog
        """
        ...

    @post("/v1/best_prior_price", idempotency=Idempotency.SAFE)
    async def best_prior_price(self, body: BestPriorPriceRequest) -> list[BestPriorPrice]:
        """Return the best prior price of items, which laws on price reductions require shops to show.

        The operation is experimental in the API, which documents no errors for it.

        Args:
            body: the SKUs, the number of days to look back (written as text), and the end of these days.

        Raises:
            InvalidArgumentError: no SKU; nothing was sent.

        See https://docs.talon.one/integration-api#tag/Catalogs/operation/bestPriorPrice
        """
        ...
