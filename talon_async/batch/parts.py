"""What is larger than a request may be: sent in parts, in order where order matters.

1. A part holds at most as many items as the API takes, of one kind, and names each thing once.
2. Parts run at the same time only if they are of one kind and name different things; otherwise the later one waits, so
   that the outcome is that of the items one after the other.
3. A part that fails does not stop the others; each of its items is a failure of the report.
4. An item that cannot be sent is a failure by itself, and the others go without it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol, cast

import attrs

from talon_async._codec import encode
from talon_async.batch.engine import Engine, checked_concurrency, pulled
from talon_async.batch.report import BatchFailure, PartsReport, not_sent
from talon_async.errors import InvalidArgumentError, TalonOneError
from talon_async.models._base import evolve

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Hashable, Iterable

    from talon_async._clock import Clock
    from talon_async.batch.report import BatchReport
    from talon_async.models import (
        Catalog,
        CatalogAction,
        CatalogSyncRequest,
        CreateReferralsForMultipleAdvocatesResponse,
        CustomerProfileAudienceRequest,
        CustomerProfileAudienceRequestItem,
        MultipleCustomerProfileIntegrationRequest,
        MultipleCustomerProfileIntegrationRequestItem,
        MultipleCustomerProfileIntegrationResponseV2,
        NewReferralsForMultipleAdvocates,
    )

MOST = 1000
"""Items of one request, whatever they are."""


@attrs.frozen(eq=False)
class _Part:
    """The items of one request, their places in the source, and what they are about."""

    kind: Hashable
    places: list[int] = attrs.field(factory=list[int])
    items: list[Any] = attrs.field(factory=list[Any])
    names: set[Hashable] = attrs.field(factory=set["Hashable"])


class _PartsEngine(Engine):
    """A batch whose jobs are parts, and whose report counts items."""

    def __init__(  # noqa: PLR0913  # see Engine
        self,
        items: AsyncIterator[Any],
        send: Callable[[list[Any]], Awaitable[Any]],
        *,
        check: Callable[[Any], object],
        kind: Callable[[Any], Hashable] = lambda _: None,
        name: Callable[[Any], Hashable] = lambda _: None,
        report: PartsReport[Any, Any],
        concurrency: int,
        clock: Clock,
        progress: Callable[[Any], object] | None,
    ) -> None:
        super().__init__(
            self._split(items),
            lambda part: send(part.items),
            lane=id,
            report=report,
            concurrency=checked_concurrency(concurrency),
            clock=clock,
            progress=progress,
        )
        self._items, self._check, self._kind, self._name, self._answers = items, check, kind, name, report
        self._held: deque[_Part] = deque()
        self._open: set[_Part] = set()
        self._one_less = asyncio.Event()

    async def run(self) -> Any:
        try:
            return await super().run()
        finally:
            if close := getattr(self._items, "aclose", None):
                with contextlib.suppress(Exception):  # as in the engine: the report comes first
                    await close()

    # -- splitting

    async def _split(self, items: AsyncIterator[Any]) -> AsyncIterator[_Part]:
        trouble: Exception | None = None
        try:
            async for item in items:
                if not self._hold(item):
                    await asyncio.sleep(0)  # a source of nothing else must not keep the loop to itself
                elif len(self._held) > 1:
                    yield await self._cleared()
        except Exception as problem:  # noqa: BLE001  # raised again once what came before it is sent
            trouble = problem
        if self._held:
            yield await self._cleared()
        if trouble is not None:
            raise trouble

    def _hold(self, item: Any) -> bool:
        """Put an item into the part that is forming, the last, or begin another; tell whether it can be sent."""
        place = self.report.taken
        self.report.taken += 1
        try:
            self._check(item)
        except InvalidArgumentError as error:
            self.report.failures.append(BatchFailure(place, item, error))
            self._settled()
            return False
        kind, name = self._kind(item), self._name(item)
        part = self._held[-1] if self._held else None
        if part is None or len(part.items) >= MOST or part.kind != kind or name in part.names:
            part = _Part(kind)
            self._held.append(part)
        part.places.append(place)
        part.items.append(item)
        if name is not None:
            part.names.add(name)
        return True

    async def _cleared(self) -> _Part:
        """Return the first part, once no part under way is in its way."""
        part = self._held[0]
        while any(other.kind != part.kind or other.names & part.names for other in self._open):
            self._one_less.clear()
            await self._one_less.wait()
        self._open.add(part)
        return self._held.popleft()

    # -- accounting

    def _took(self, item: _Part) -> int:
        return item.places[0]

    def _succeeded(self, index: int, item: _Part, answer: Any) -> None:
        self.report.succeeded += len(item.items)
        self._answers.answered(index, answer)
        self._done(item)

    def _failed(self, index: int, item: _Part, error: TalonOneError) -> None:  # noqa: ARG002  # each has its own place
        for place, one in zip(item.places, item.items, strict=True):
            super()._failed(place, one, error)
        self._done(item)

    def _account_for_the_rest(self, why: str) -> None:
        while self._held:
            part, stopped = self._held.popleft(), self.report.stopped_by
            error = not_sent(stopped) if stopped else TalonOneError(f"{why} before the item was sent")
            self._failed(part.places[0], part, error)
        super()._account_for_the_rest(why)

    def _done(self, part: _Part) -> None:
        self._open.discard(part)
        self._one_less.set()


class _Sender(Protocol):
    @property
    def clock(self) -> Clock: ...

    async def update_customer_profiles_v2(
        self, body: MultipleCustomerProfileIntegrationRequest, *, silent: bool | None = None
    ) -> Any: ...

    async def update_customer_profile_audiences(self, body: CustomerProfileAudienceRequest) -> None: ...

    async def create_referrals_for_multiple_advocates(
        self, body: NewReferralsForMultipleAdvocates, *, silent: bool | None = None
    ) -> Any: ...

    async def sync_catalog(self, catalog_id: int, body: CatalogSyncRequest) -> Catalog: ...


class Parts:
    """Calls that take more than fits into one request."""

    async def update_customer_profiles_v2_in_parts(
        self: _Sender,
        profiles: Iterable[MultipleCustomerProfileIntegrationRequestItem]
        | AsyncIterable[MultipleCustomerProfileIntegrationRequestItem],
        *,
        silent: bool | None = None,
        concurrency: int = 4,
        progress: Callable[[BatchReport[MultipleCustomerProfileIntegrationRequestItem]], object] | None = None,
    ) -> PartsReport[MultipleCustomerProfileIntegrationRequestItem, MultipleCustomerProfileIntegrationResponseV2]:
        """Create or update any number of profiles, 1000 in a request.

        A profile that comes several times is updated in that order. One that cannot be sent fails alone.

        Args:
            profiles: the profiles, from any iterable, also an asynchronous one.
            silent: `False` asks for the profiles as they are afterwards, in the report's `answers`.
            concurrency: requests under way at the same time.
            progress: called with the report after each request, on the event loop: it must be quick.

        Returns:
            The counts of profiles, and every failure with its profile and error.

        Raises:
            InvalidArgumentError: `concurrency` is below 1, or `profiles` is no iterable.
            BatchInterruptedError: the source raised; what it gave before was sent, and `report` tells how it went.
        """
        from talon_async.models import (  # noqa: PLC0415  # on first use
            MultipleCustomerProfileIntegrationRequest,
            MultipleCustomerProfileIntegrationRequestItem,
        )

        return await _in_parts(
            self,
            ("profiles", profiles, MultipleCustomerProfileIntegrationRequestItem),
            lambda items: MultipleCustomerProfileIntegrationRequest(customer_profiles=items),
            lambda body: self.update_customer_profiles_v2(body, silent=silent),
            name=_customer,
            concurrency=concurrency,
            progress=progress,
        )

    async def update_customer_profile_audiences_in_parts(
        self: _Sender,
        changes: Iterable[CustomerProfileAudienceRequestItem] | AsyncIterable[CustomerProfileAudienceRequestItem],
        *,
        concurrency: int = 4,
        progress: Callable[[BatchReport[CustomerProfileAudienceRequestItem]], object] | None = None,
    ) -> PartsReport[CustomerProfileAudienceRequestItem, None]:
        """Put any number of customers into audiences and take them out, 1000 changes in a request.

        Several changes of one customer in one audience are made in that order.

        Args:
            changes: the changes, from any iterable, also an asynchronous one.
            concurrency: requests under way at the same time.
            progress: called with the report after each request, on the event loop: it must be quick.

        Returns:
            The counts of changes, and every failure with its change and error.

        Raises:
            InvalidArgumentError: `concurrency` is below 1, or `changes` is no iterable.
            BatchInterruptedError: the source raised; what it gave before was sent, and `report` tells how it went.
        """
        from talon_async.models import (  # noqa: PLC0415  # on first use
            CustomerProfileAudienceRequest,
            CustomerProfileAudienceRequestItem,
        )

        return await _in_parts(
            self,
            ("changes", changes, CustomerProfileAudienceRequestItem),
            lambda items: CustomerProfileAudienceRequest(data=items),
            self.update_customer_profile_audiences,
            name=_membership,
            concurrency=concurrency,
            progress=progress,
        )

    async def create_referrals_for_multiple_advocates_in_parts(
        self: _Sender,
        body: NewReferralsForMultipleAdvocates,
        *,
        silent: bool | None = None,
        concurrency: int = 4,
        progress: Callable[[BatchReport[str]], object] | None = None,
    ) -> PartsReport[str, CreateReferralsForMultipleAdvocatesResponse]:
        """Make a referral code for each of any number of customers, 1000 in a request.

        A request that may have reached the server is not repeated: its customers are failures whose `error.outcome`
        tells whether they may have a code.

        Args:
            body: as for one request, with as many customers as you like.
            silent: `False` asks for the codes, in the report's `answers`.
            concurrency: requests under way at the same time.
            progress: called with the report after each request, on the event loop: it must be quick.

        Returns:
            The counts of customers, and every failure with your ID of the customer and the error.

        Raises:
            InvalidArgumentError: `concurrency` is below 1, or `body` is not what it should be.
        """
        from talon_async.models import NewReferralsForMultipleAdvocates  # noqa: PLC0415  # on first use

        if not isinstance(cast("Any", body), NewReferralsForMultipleAdvocates):
            raise InvalidArgumentError(f"body must be NewReferralsForMultipleAdvocates, not {type(body).__name__}")
        return await _in_parts(
            self,
            ("advocate_profile_integration_ids", body.advocate_profile_integration_ids, str),
            lambda items: evolve(body, advocate_profile_integration_ids=items),
            lambda part: self.create_referrals_for_multiple_advocates(part, silent=silent),
            concurrency=concurrency,
            progress=progress,
        )

    async def sync_catalog_in_parts(
        self: _Sender,
        catalog_id: int,
        actions: Iterable[CatalogAction] | AsyncIterable[CatalogAction],
        *,
        concurrency: int = 1,
        progress: Callable[[BatchReport[CatalogAction]], object] | None = None,
    ) -> PartsReport[CatalogAction, Catalog]:
        """Apply any number of actions of any kinds to a catalog, up to 1000 of one kind in a request.

        The outcome is that of the actions one after the other: requests of another kind, or about a SKU that is under
        way, wait, and an action on many items goes alone. No `version` is sent, as each request makes a new one.

        Args:
            catalog_id: the API's ID of the catalog.
            actions: the actions, from any iterable, also an asynchronous one.
            concurrency: requests under way at the same time, of one kind and about different SKUs.
            progress: called with the report after each request, on the event loop: it must be quick.

        Returns:
            The counts of actions, every failure with its action and error, and the catalog after each request.

        Raises:
            InvalidArgumentError: `concurrency` is below 1, or `actions` is no iterable.
            BatchInterruptedError: the source raised; what it gave before was sent, and `report` tells how it went.
        """
        from talon_async.models import CatalogAction, CatalogSyncRequest  # noqa: PLC0415  # on first use

        return await _in_parts(
            self,
            ("actions", actions, CatalogAction),
            lambda items: CatalogSyncRequest(actions=items),
            lambda body: self.sync_catalog(catalog_id, body),
            kind=_kind,
            name=_sku,
            concurrency=concurrency,
            progress=progress,
        )


def _named(item: Any, *fields: str) -> Hashable:
    """Name what an item is about, as text: an ID that cannot be sent, such as a list, must not break the batch."""
    values = [getattr(item, field, None) for field in fields]
    return None if None in values else tuple(map(str, values))


def _customer(item: Any) -> Hashable:
    return _named(item, "integration_id")


def _membership(change: Any) -> Hashable:
    return _named(change, "profile_integration_id", "audience_id")


def _kind(action: Any) -> Hashable:
    """Return what actions of one request have in common; an action on many items has nothing in common with any."""
    return getattr(action, "type", None) if _sku(action) else object()


def _sku(action: Any) -> Hashable:
    return _named(getattr(action, "payload", None), "sku")


async def _in_parts(
    client: _Sender,
    source: tuple[str, Any, type],
    body: Callable[[list[Any]], Any],
    send: Callable[[Any], Awaitable[Any]],
    **options: Any,
) -> PartsReport[Any, Any]:
    what, items, one = source

    def check(item: Any) -> None:
        if not isinstance(item, one):
            raise InvalidArgumentError(f"each of {what} must be {one.__name__}, not {type(item).__name__}")
        encode(body([item]))

    report: PartsReport[Any, Any] = PartsReport()
    engine = _PartsEngine(
        pulled(items, what),
        lambda items: send(body(items)),
        check=check,
        report=report,
        clock=client.clock,
        **options,
    )
    await engine.run()
    return report
