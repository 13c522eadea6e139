"""Many items, as many in a request as the API takes."""

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
    """Calls that take more than fits into a request."""

    async def update_customer_profiles_in_chunks(
        self,
        profiles: Iterable[MultipleCustomerProfileIntegrationRequestItem]
        | AsyncIterable[MultipleCustomerProfileIntegrationRequestItem],
        *,
        silent: bool | None = None,
        **options: Unpack[PacingOptions],
    ) -> ChunksReport[MultipleCustomerProfileIntegrationRequestItem, MultipleCustomerProfileIntegrationResponseV2]:
        """Create or update any number of profiles, 1000 in a request.

        A profile that comes several times is updated in that order. One that cannot be sent fails alone.

        Args:
            profiles: the profiles, from any iterable, also an asynchronous one.
            silent: `False` asks for the profiles as they are afterwards, in the report's `answers`.
            **options: see `PacingOptions`; 4 requests are under way at once by default.

        Returns:
            The counts of profiles, and every failure with its profile and error.

        Raises:
            InvalidArgumentError: an option makes no sense, or `profiles` is no iterable; nothing was sent.
            BulkInterruptedError: the source or `progress` raised.
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
        """Put any number of customers into audiences and take them out, 1000 changes in a request.

        Several changes of one customer in one audience are made in that order.

        Args:
            changes: the changes, from any iterable, also an asynchronous one.
            **options: see `PacingOptions`; 4 requests are under way at once by default.

        Returns:
            The counts of changes, and every failure with its change and error.

        Raises:
            InvalidArgumentError: an option makes no sense, or `changes` is no iterable; nothing was sent.
            BulkInterruptedError: the source or `progress` raised.
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
        """Make a referral code for each of any number of customers, 1000 in a request.

        A request that may have reached the server is not repeated: its customers are failures whose `error.outcome`
        tells whether they may have a code.

        Args:
            body: as for one request, with as many customers as you like.
            silent: `False` asks for the codes, in the report's `answers`.
            **options: see `PacingOptions`; 4 requests are under way at once by default.

        Returns:
            The counts of customers, and every failure with your ID of the customer and the error.

        Raises:
            InvalidArgumentError: an option makes no sense, or `body` is not what it should be; nothing was sent.
            BulkInterruptedError: `progress` raised.
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

        The outcome is that of the actions one after the other: requests of another kind, or about a SKU that is under
        way, wait, and an action on many items goes alone. No `version` is sent, as each request makes a new one.

        Args:
            catalog_id: the API's ID of the catalog.
            actions: the actions, from any iterable, also an asynchronous one.
            **options: see `PacingOptions`; 1 request is under way at once by default.

        Returns:
            The counts of actions, every failure with its action and error, and the catalog after each request.

        Raises:
            InvalidArgumentError: an option makes no sense, or `actions` is no iterable; nothing was sent.
            BulkInterruptedError: the source or `progress` raised.
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
