"""The methods that send many items in chunks, each as large as one request may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from talon_async._messages import Idempotency
from talon_async.bulk.calls import endpoint_for
from talon_async.bulk.chunks import ChunkSource, kinds
from talon_async.bulk.methods.base import Runs, key_maker
from talon_async.bulk.results import ChunksReport
from talon_async.bulk.runner import PacingOptions, Runner, plan_of
from talon_async.bulk.sources import as_source
from talon_async.errors import InvalidArgumentError
from talon_async.models._base import evolve

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable
    from typing import Unpack

    from talon_async._messages import Request
    from talon_async.bulk.chunks import ChunkKind
    from talon_async.models import (
        Catalog,
        CatalogAction,
        CreateReferralsForMultipleAdvocatesResponse,
        CustomerProfileAudienceRequestItem,
        MultipleCustomerProfileIntegrationRequestItem,
        MultipleCustomerProfileIntegrationResponseV2,
        NewReferralsForMultipleAdvocates,
    )

CHUNKS_AT_ONCE = 4


class InChunks(Runs):
    """Methods that take more items than fit into one request."""

    async def update_customer_profiles_in_chunks(
        self,
        profiles: Iterable[MultipleCustomerProfileIntegrationRequestItem]
        | AsyncIterable[MultipleCustomerProfileIntegrationRequestItem],
        *,
        silent: bool | None = None,
        **options: Unpack[PacingOptions],
    ) -> ChunksReport[MultipleCustomerProfileIntegrationRequestItem, MultipleCustomerProfileIntegrationResponseV2]:
        """Create or update any number of profiles, up to 1000 in a request.

        Several updates of one profile are applied in the order of `profiles`. A profile that cannot be encoded fails
        alone.

        Args:
            profiles: the profiles, from an iterable or asynchronous iterable.
            silent: `False` asks for the updated profiles, which are then in the report's `answers`.
            **options: see `PacingOptions`. By default 4 requests are under way at once.

        Returns:
            The counts of profiles, and every failure with its profile and error.

        Raises:
            InvalidArgumentError: an option is invalid, or `profiles` is not iterable. Nothing was sent.
            BulkInterruptedError: the source or `progress` raised. Its `report` is the report.

        See https://docs.talon.one/integration-api#tag/Customer-profiles/operation/updateCustomerProfilesV2
        """
        return await self._in_chunks(
            kinds()["update_customer_profiles_v2"],
            profiles,
            lambda request, body: request(body, silent=silent),
            options,
        )

    async def update_customer_profile_audiences_in_chunks(
        self,
        changes: Iterable[CustomerProfileAudienceRequestItem] | AsyncIterable[CustomerProfileAudienceRequestItem],
        **options: Unpack[PacingOptions],
    ) -> ChunksReport[CustomerProfileAudienceRequestItem, None]:
        """Add any number of customers to audiences, or remove them, up to 1000 changes in a request.

        Several changes of one customer in one audience are made in the order of `changes`.

        Args:
            changes: the changes, from an iterable or asynchronous iterable.
            **options: see `PacingOptions`. By default 4 requests are under way at once.

        Returns:
            The counts of changes, and every failure with its change and error.

        Raises:
            InvalidArgumentError: an option is invalid, or `changes` is not iterable. Nothing was sent.
            BulkInterruptedError: the source or `progress` raised. Its `report` is the report.

        See https://docs.talon.one/integration-api#tag/Audiences/operation/updateCustomerProfileAudiences
        """
        return await self._in_chunks(
            kinds()["update_customer_profile_audiences"], changes, lambda request, body: request(body), options
        )

    async def create_referrals_for_multiple_advocates_in_chunks(
        self,
        body: NewReferralsForMultipleAdvocates,
        *,
        silent: bool | None = None,
        **options: Unpack[PacingOptions],
    ) -> ChunksReport[str, CreateReferralsForMultipleAdvocatesResponse]:
        """Create a referral code for each of any number of customers, up to 1000 in a request.

        A request that may have reached the server is not repeated. Its customers are failures, whose `error.outcome`
        tells whether they may have a code.

        Args:
            body: the body as for one request, with any number of customers.
            silent: `False` asks for the codes, which are then in the report's `answers`.
            **options: see `PacingOptions`. By default 4 requests are under way at once.

        Returns:
            The counts of customers, and every failure with your ID of the customer and the error.

        Raises:
            InvalidArgumentError: an option is invalid, or `body` has the wrong type. Nothing was sent.
            BulkInterruptedError: `progress` raised. Its `report` is the report.

        See https://docs.talon.one/integration-api#tag/Referrals/operation/createReferralsForMultipleAdvocates
        """
        kind = kinds()["create_referrals_for_multiple_advocates"]
        (expected,) = endpoint_for(type(self), kind.operation).body_classes
        if not isinstance(body, expected):
            raise InvalidArgumentError(f"body must be {expected.__name__}, not {type(body).__name__}")

        def with_advocates(ids: list[str]) -> NewReferralsForMultipleAdvocates:
            part: NewReferralsForMultipleAdvocates = evolve(body, advocate_profile_integration_ids=ids)
            return part

        return await self._in_chunks(
            attrs.evolve(kind, body=with_advocates),
            body.advocate_profile_integration_ids,
            lambda request, part: request(part, silent=silent),
            options,
        )

    async def sync_catalog_in_chunks(
        self,
        catalog_id: int,
        actions: Iterable[CatalogAction] | AsyncIterable[CatalogAction],
        **options: Unpack[PacingOptions],
    ) -> ChunksReport[CatalogAction, Catalog]:
        """Apply any number of actions of any kinds to a catalog, up to 1000 of one kind in a request.

        The result is the same as for the actions one after the other. A request waits while requests of another kind,
        or about the same SKU, are under way. An action on many items is sent alone. No `version` is sent, because each
        request creates a new version of the catalog.

        Args:
            catalog_id: the ID of the catalog in Talon.One.
            actions: the actions, from an iterable or asynchronous iterable.
            **options: see `PacingOptions`. By default 1 request is under way at once.

        Returns:
            The counts of actions, every failure with its action and error, and in `answers` the catalog after each
            request.

        Raises:
            InvalidArgumentError: an option is invalid, or `actions` is not iterable. Nothing was sent.
            BulkInterruptedError: the source or `progress` raised. Its `report` is the report.

        See https://docs.talon.one/integration-api#tag/Catalogs/operation/syncCatalog
        """
        return await self._in_chunks(
            kinds()["sync_catalog"], actions, lambda request, body: request(catalog_id, body), options, at_once=1
        )

    async def _in_chunks(
        self,
        kind: ChunkKind,
        items: Any,
        make: Callable[[Callable[..., Request], Any], Request],
        options: PacingOptions,
        *,
        at_once: int = CHUNKS_AT_ONCE,
    ) -> ChunksReport[Any, Any]:
        request_for = endpoint_for(type(self), kind.operation).request
        report: ChunksReport[Any, Any] = ChunksReport()
        source = ChunkSource(as_source(items, kind.what, self._core.clock.monotonic), kind, report)

        def build(chunk: Any) -> tuple[Request, tuple[str, ...]]:
            if chunk.error is not None:
                raise chunk.error
            request = make(request_for, kind.body(chunk.items))
            if request.operation.idempotency is Idempotency.KEYED:
                request.idempotency_key = key_maker(self._options)()
            return request, tuple(chunk.names)

        runner = Runner(
            self._core,
            self._options,
            type(self),
            source=source,
            build=build,
            plan=plan_of(self._core, options, PacingOptions, concurrency=at_once, buffer=1),
            report=report,
            settled=source.settled,
        )
        await self._ended(runner)
        return report
