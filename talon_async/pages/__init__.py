"""Reads long listings, page after page.

1. The next page begins after the items that were received, whose number may be smaller than the requested page size.
2. A listing ends when the server says so or a page is empty. The server says so by `hasMore`, or else by the total
   number of items. A page that is not a list is an error, because the listing would otherwise look complete.
3. A page that has only items which came before is an error: the server ignores `skip`, and the iteration would not end.
   An item is known by its `id`, or by all of its fields if it has none, so it does not matter in which order the items
   come or which fields have changed. A single item may come again once, because another one was added meanwhile.
4. A server that says that more items follow, although more than a page beyond its own total has come, is an error.

The IDs are remembered up to the end, about 100 bytes for each. A server that makes up new items for ever cannot be told
from one with a long listing. Only `limit` bounds that.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import attrs

from talon_async._endpoint import endpoint_of
from talon_async.errors import InvalidArgumentError, UnreadableAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_async._messages import Operation, Request
    from talon_async.errors import TalonOneError

LARGEST = 1000
"""The number of items in a page, which is the largest that the API allows."""


@attrs.define(eq=False)
class Pager:
    """One listing: makes the request for the next page, and detects the end. It does not send requests."""

    _operation: Operation
    _make: Callable[..., Request]
    _limit: int | None
    _page_size: int
    _taken: int = 0
    _ended: bool = False
    _known: set[int | str] = attrs.Factory(set[int | str])
    _repeated: int = 0

    def request(self) -> Request | None:
        """Return the request for the next page, or None at the end."""
        left = self._page_size if self._limit is None else min(self._page_size, self._limit - self._taken)
        if self._ended or left <= 0:
            return None
        return self._make(page_size=left, skip=self._taken)

    def items(self, answer: Any) -> Sequence[Any]:
        """Return the items of a page, up to the limit."""
        page = getattr(answer, "catalog", answer)  # the catalog of rewards has its page one level down
        data: Sequence[Any] = getattr(page, "data", ())
        if isinstance(data, str) or not isinstance(data, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise self._unreadable(f"the page must be a list, not {type(cast('Any', data)).__name__}")
        self._refuse_repetition(data)
        wanted = data if self._limit is None else data[: self._limit - self._taken]
        self._taken += len(data)
        more, said = getattr(page, "has_more", None), getattr(page, "total_result_size", None)
        total = said if isinstance(said, int) and said > 0 else self._taken + 1  # some servers say 0, and count nothing
        self._ended = not data or (more is None and total <= self._taken) or more is False
        if not self._ended:
            self._refuse_contradiction(total, len(data))
        return wanted

    def _refuse_contradiction(self, total: int, size: int) -> None:
        """Raise if more than a page beyond the total has come. Some servers give the size of the page as the total."""
        if total != size and self._taken > total + self._page_size:
            raise self._unreadable(f"the server counts {total} items, and says that more follow after {self._taken}")

    def _refuse_repetition(self, data: Sequence[Any]) -> None:
        """Raise for a page without a new item, or for the second one in a row if they have one item each."""
        names = set(map(_name, data))
        self._repeated = self._repeated + len(data) if names <= self._known else 0
        if self._repeated > 1:
            raise self._unreadable(
                f"the page after {self._taken} items has only items that came before: the server ignores `skip`"
            )
        self._known |= names

    def _unreadable(self, message: str) -> TalonOneError:
        return UnreadableAnswerError(message).about(self._operation)


def _name(item: Any) -> int | str:
    """Return what tells an item from others: its ID, or else a digest of all of its fields."""
    number = getattr(item, "id", None)
    if isinstance(number, int | str):
        return number
    try:
        return hash(repr(item))
    except RecursionError:  # it is nested as deeply as JSON can be
        return 0


def pager(method: Callable[..., Any], limit: int | None, page_size: int | None, *args: Any, **options: Any) -> Pager:
    """Make the pager of an operation. Invalid arguments raise here, not when the first item is read."""
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"limit must be 0 or more, not {limit!r}")
    endpoint = endpoint_of(method)
    size = LARGEST if page_size is None else page_size
    endpoint.request(*args, page_size=size, skip=0, **options)
    return Pager(endpoint.operation, partial(endpoint.request, *args, **options), limit, size)
