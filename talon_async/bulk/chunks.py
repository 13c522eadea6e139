"""What is more than a request takes: put into chunks, in order where order matters. One table for the four operations.

1. A chunk holds at most as many items as the API takes, of one kind, and names each thing once.
2. Chunks run at the same time only if they are of one kind and name different things; otherwise the later one waits, so
   that the outcome is that of the items one after the other.
3. A chunk that fails does not stop the others; each of its items is a failure of the report.
4. An item that cannot be sent is a failure by itself, and the others go without it.
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
"""Items of one request, whatever they are."""


@attrs.frozen(eq=False)
class ChunkKind:
    """How the items of one operation are put into requests.

    Attributes:
        operation: the operation that takes many.
        what: the parameter of the method in chunks that the items come in.
        item: their class.
        body: makes a request's body of items.
        kind: what the items of one request have in common.
        name: what an item is about; one request names each thing once.
    """

    operation: str
    what: str
    item: type
    body: Callable[[list[Any]], Any]
    kind: Callable[[Any], Hashable]
    name: Callable[[Any], str | None]


@cache
def kinds() -> dict[str, ChunkKind]:
    """Return the table of the operations, by name of the operation."""
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
    """Name what an item is about, as text: an ID that cannot be sent, such as a list, must not break the run."""
    values = [getattr(item, field, None) for field in fields]
    return None if None in values else repr(tuple(map(str, values)))


def _customer(item: Any) -> str | None:
    return _named(item, "integration_id")


def _membership(change: Any) -> str | None:
    return _named(change, "profile_integration_id", "audience_id")


def _action_kind(action: Any) -> Hashable:
    """Return what actions of one request have in common; an action on many items has nothing in common with any."""
    return getattr(action, "type", None) if _sku(action) else object()


def _sku(action: Any) -> str | None:
    return _named(getattr(action, "payload", None), "sku")


class Chunker:
    """Puts items into chunks. Pure."""

    def __init__(self, kind: ChunkKind) -> None:
        self._kind = kind
        self._forming: Chunk | None = None
        self._place = 0

    def add(self, item: Any) -> list[Chunk]:
        """Add an item; return the chunks that are complete now, and what cannot be sent, alone."""
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
            return WrongItemError(f"each of {kind.what} must be {kind.item.__name__}, not {type(item).__name__}")
        try:
            encode(kind.body([item]))
        except InvalidArgumentError as error:
            return error
        return None


class ChunkSource:
    """Gives the chunks of a source's items; one of another kind only when those before it are settled."""

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
            except BaseException as problem:  # noqa: BLE001  # raised again once what came before it is given
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
        """Let the next kind go when the last chunk of this one is settled, and keep what the server answered."""
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
        """What the user's source gave too late."""
        return self._items.late_items

    @property
    def exit_by(self) -> BaseException | None:
        """What closing raised that wants to end the process."""
        return self._items.exit_by

    async def close(self) -> list[Any]:
        """Read no further; return the chunks of what was read and not given."""
        for item in await self._items.close():
            self._complete.extend(self._chunker.add(item))
        return [*self._complete, *self._chunker.rest()]
