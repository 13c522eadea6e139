"""Packs the items of four operations into chunks, each as large as one request may be.

1. A chunk holds at most 1,000 items, all of one kind, and at most one item about each thing (such as a profile).
2. Chunks run at the same time only if they are of one kind and about different things. Otherwise the later chunk waits,
   so the outcome is the same as for the items one after the other.
3. A chunk that fails does not stop the others. Each of its items is a failure in the report.
4. An item that cannot be encoded fails alone. The others are sent without it.
"""

from __future__ import annotations

from bisect import bisect
from collections import deque
from functools import cache
from typing import TYPE_CHECKING, Any

import attrs

from talon_async._codec import encode
from talon_async.bulk.calls import WrongItemError
from talon_async.bulk.runner.jobs import Chunk
from talon_async.bulk.sources import END, WAIT
from talon_async.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from talon_async.bulk.results import ChunksReport
    from talon_async.bulk.runner.jobs import Job
    from talon_async.bulk.sources import Source

MOST = 1000
"""The highest number of items in one request, for all four operations."""


@attrs.frozen(eq=False)
class ChunkKind:
    """How the items of one operation are put into requests.

    Attributes:
        operation: the operation that takes many items.
        what: the parameter of the `..._in_chunks` method that takes the items.
        item: the class of the items.
        body: makes the body of a request from its items.
        kind: returns the kind of an item; the items of one request have the same kind.
        name: returns the name of the thing that an item is about; a request has one item for each thing.
    """

    operation: str
    what: str
    item: type
    body: Callable[[list[Any]], Any]
    kind: Callable[[Any], Hashable]
    name: Callable[[Any], str | None]


@cache
def kinds() -> dict[str, ChunkKind]:
    """Return the kinds of all four operations, by name of the operation."""
    from talon_async import models as m  # noqa: PLC0415  # on first use

    table = [
        ChunkKind(
            "update_customer_profiles_v2",
            "profiles",
            m.MultipleCustomerProfileIntegrationRequestItem,
            lambda items: m.MultipleCustomerProfileIntegrationRequest(customer_profiles=items),
            _nothing,
            _customer,
        ),
        ChunkKind(
            "update_customer_profile_audiences",
            "changes",
            m.CustomerProfileAudienceRequestItem,
            lambda items: m.CustomerProfileAudienceRequest(data=items),
            _nothing,
            _membership,
        ),
        ChunkKind(
            "sync_catalog",
            "actions",
            m.CatalogAction,
            lambda items: m.CatalogSyncRequest(actions=items),
            _action_kind,
            _sku,
        ),
        ChunkKind(
            "create_referrals_for_multiple_advocates",
            "advocate_profile_integration_ids",
            str,
            list,  # put into the caller's body, which has the other fields
            _nothing,
            _nothing,
        ),
    ]
    return {kind.operation: kind for kind in table}


def _nothing(_: Any) -> None:
    return None


def _named(item: Any, *fields: str) -> str | None:
    """Return the name of the thing that an item is about. IDs of any type are accepted, also invalid ones."""
    values = [getattr(item, field, None) for field in fields]
    return None if None in values else repr(tuple(map(str, values)))


def _customer(item: Any) -> str | None:
    return _named(item, "integration_id")


def _membership(change: Any) -> str | None:
    return _named(change, "profile_integration_id", "audience_id")


def _action_kind(action: Any) -> Hashable:
    """Return the kind of an action. An action without a SKU, which changes many items, has a kind of its own."""
    return getattr(action, "type", None) if _sku(action) else object()


def _sku(action: Any) -> str | None:
    return _named(getattr(action, "payload", None), "sku")


class Chunker:
    """Packs items into chunks. Pure: it waits for nothing and sends nothing."""

    def __init__(self, kind: ChunkKind) -> None:
        self._kind = kind
        self._forming: Chunk | None = None
        self._place = 0

    def add(self, item: Any) -> list[Chunk]:
        """Add an item; return the chunks that are complete now. An item that cannot be encoded gets its own chunk."""
        place, kind = self._place, self._kind
        self._place += 1
        if (error := self._error(item)) is not None:
            return [Chunk(None, [place], [item], error=error)]
        of_kind, name = kind.kind(item), kind.name(item)
        chunk, done = self._forming, list[Chunk]()
        if chunk is not None and (chunk.kind != of_kind or name in chunk.names):
            done.append(chunk)
            chunk = None
        if chunk is None:
            chunk = Chunk(of_kind)
        chunk.places.append(place)
        chunk.items.append(item)
        if name is not None:
            chunk.names.add(name)
        self._forming = chunk
        if len(chunk.items) >= MOST:
            done.append(chunk)
            self._forming = None
        return done

    def rest(self) -> list[Chunk]:
        """Return the chunk that was forming, if there is one."""
        rest = [] if self._forming is None else [self._forming]
        self._forming = None
        return rest

    def _error(self, item: Any) -> InvalidArgumentError | None:
        kind = self._kind
        if not isinstance(item, kind.item):
            return WrongItemError(
                f"every item of {kind.what} must be a {kind.item.__name__}, not {type(item).__name__}"
            )
        try:
            encode(kind.body([item]))
        except InvalidArgumentError as error:
            return _alone(item) or error
        return None


def _alone(item: Any) -> InvalidArgumentError | None:
    """Return the error of an item by itself, which names its fields without its place in a body, if there is one."""
    try:
        encode(item)
    except InvalidArgumentError as error:
        return error
    return None


class ChunkSource:
    """A source of chunks. A chunk of another kind is given when all chunks before it are settled."""

    def __init__(self, items: Source, kind: ChunkKind, report: ChunksReport[Any, Any]) -> None:
        self._items, self._chunker, self._report = items, Chunker(kind), report
        self._complete: deque[Chunk] = deque()
        self._answered: list[int] = []
        self._kind: Hashable = None
        self._open = 0
        self._ended = False
        self._problem: BaseException | None = None
        self._notify: Callable[[], None] = lambda: None

    def start(self, notify: Callable[[], None], has_room: Callable[[int], bool]) -> None:
        """Begin to read."""
        self._notify = notify
        self._items.start(notify, lambda waiting: waiting < MOST and has_room(0))

    def take(self) -> Any:
        """Return the next chunk, WAIT or END."""
        while not self._complete:
            if self._ended:
                if self._problem is not None:
                    problem, self._problem = self._problem, None
                    raise problem
                return END
            try:
                item = self._items.take()
            except BaseException as problem:  # noqa: BLE001  # raised again after the items before it
                item, self._problem = END, problem
            if item is WAIT:
                return WAIT
            self._ended = item is END
            self._complete.extend(self._chunker.rest() if self._ended else self._chunker.add(item))
        chunk = self._complete[0]
        if chunk.error is None:
            if self._open and chunk.kind != self._kind:
                return WAIT
            self._kind = chunk.kind
            self._open += 1
        return self._complete.popleft()

    def settled(self, job: Job, answer: Any) -> None:
        """Note that a chunk is settled, which may let a chunk of another kind go, and keep the server's answer."""
        chunk: Chunk = job.item
        if chunk.error is None:
            self._open -= 1
            if not self._open:
                self._notify()
        if answer is not None:
            at = bisect(self._answered, chunk.places[0])
            self._answered.insert(at, chunk.places[0])
            self._report.answers.insert(at, answer)

    @property
    def late_items(self) -> list[Any]:
        """The items that the user's source gave after the end of the run."""
        return self._items.late_items

    @property
    def exit_by(self) -> BaseException | None:
        """The exit (such as SystemExit) that closing the source raised."""
        return self._items.exit_by

    async def close(self) -> list[Any]:
        """Stop reading; return the chunks of the items that were read and not given."""
        for item in await self._items.close():
            self._complete.extend(self._chunker.add(item))
        return [*self._complete, *self._chunker.rest()]
