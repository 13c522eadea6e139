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

        All actions of one request must be of one kind, and name each SKU once; `sync_catalog_in_chunks` makes such
        requests of any actions. After an unknown outcome it is not repeated by itself, unless `repeat_named` is set.

        Args:
            catalog_id: the API's ID of the catalog.
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
        """Read the best earlier price of items, as the law on price reductions wants it shown.

        Experimental in the API, which documents no error for it.

        Args:
            body: the SKUs, how many days to look back, a number written as text, and from when.

        Raises:
            InvalidArgumentError: no SKU; nothing was sent.

        See https://docs.talon.one/integration-api#tag/Catalogs/operation/bestPriorPrice
        """
        ...
