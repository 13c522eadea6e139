"""Reads long listings, page after page.

1. The next page begins after the items that were received, whose number may be smaller than the requested page size.
2. A listing ends when a page is empty, or when the server says so: by `hasMore`, or by `totalResultSize` if it counts
   the items. A server that counts may say `hasMore: false` on every page, so a larger total has the last word. A total
   of 0 beside `hasMore` means that the server did not count.
3. A page that is not a list is an error, because the listing would otherwise look complete.
4. Pages without a new item are held back, because others may have been added in front of their items. They are given
   when a new item follows, or at the end. After three such pages in a row with six items or more the iteration ends
   with an error: the server ignores `skip`. An item is known by its ID, or else by all of its fields. The order of the
   items does not matter, nor do the other fields of an item with an ID.
5. A server that goes on for more than a page after the total that it counts itself is an error. The total may be 0. So
   is one that counts more items than it has given, if its last page has the items of the page before, by their IDs.

If a later page fails, pages that are held back are not given.

The IDs are remembered up to the end, about 100 bytes for each. A server that makes up new items for ever, and counts
none or always more, cannot be told from one with a long listing. Only `limit` bounds that.
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
PAGES, ITEMS = 3, 6
"""The number of pages in a row without a new item, and of items on them, that are an error."""


@attrs.define(eq=False)
class Pager:
    """One listing: makes the request for the next page, and detects the end. It does not send requests."""

    _operation: Operation
    _make: Callable[..., Request]
    _limit: int | None
    _page_size: int
    _taken: int = 0
    _ended: bool = False
    _known: set[int] = attrs.Factory(set[int])
    _last: set[int] = attrs.Factory(set[int])
    _repeated: int = 0
    _again: int = 0
    _is_same: bool = False
    _are_named: bool = True
    _held: list[Any] = attrs.Factory(list[Any])
    _beyond: int = 0

    def request(self) -> Request | None:
        """Return the request for the next page, or None at the end."""
        left = self._page_size if self._limit is None else min(self._page_size, self._limit - self._taken)
        if self._ended or left <= 0:
            return None
        return self._make(page_size=left, skip=self._taken)

    def items(self, answer: Any) -> Sequence[Any]:
        """Return the items that are to be given now, up to the limit: those of a page, or those that were held back."""
        page = getattr(answer, "catalog", answer)  # the catalog of rewards has its page one level down
        data: Sequence[Any] = getattr(page, "data", ())
        if isinstance(data, str) or not isinstance(data, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise self._unreadable(f"the page must be a list, not {type(cast('Any', data)).__name__}")
        wanted = data if self._limit is None else data[: self._limit - self._taken]
        self._taken += len(data)
        self._remember(data)
        is_full = self._limit is not None and self._taken >= self._limit
        self._ended = not data or is_full or not self._goes_on(page, len(data))
        held = [*self._held, *wanted] if self._held or self._repeated else wanted
        self._held = list(held) if self._repeated and not self._ended else []
        return () if self._held else held

    def _remember(self, data: Sequence[Any]) -> None:
        """Count the pages in a row that have no new item; raise if they are too many."""
        names = set(map(_name, data))
        is_known = bool(names) and names <= self._known
        self._repeated = self._repeated + 1 if is_known else 0
        self._again = self._again + len(data) if is_known else 0
        if self._repeated >= PAGES and self._again >= ITEMS:
            raise self._unreadable(
                f"the pages after {self._taken - self._again} items have only items that came before: "
                "the server ignores `skip`; `limit` ends the iteration earlier"
            )
        self._known |= names
        self._is_same, self._last = is_known and names == self._last, names
        self._are_named = all(getattr(item, "id", None) is not None for item in data)

    def _goes_on(self, page: Any, size: int) -> bool:
        """Return whether more items may follow a page. Raise if the server contradicts the total that it counts."""
        more, said = getattr(page, "has_more", None), getattr(page, "total_result_size", None)
        total = said if type(said) is int and (said > 0 or more is None) else -1  # 0 beside `hasMore`: it did not count
        if total > self._taken:
            return True
        if more is None and self._is_same and self._are_named and size > 1 and total > len(self._known):
            raise self._unreadable(
                f"the server counts {total} items, but has given only {len(self._known)}: it ignores `skip`"
            )
        if more is False or (more is None and total > 0):
            return False
        if total >= 0:
            if self._beyond >= self._page_size:
                raise self._unreadable(
                    f"the server counts {total} items, and goes on after {self._taken}; "
                    "`limit` ends the iteration earlier"
                )
            self._beyond += size
        return True

    def _unreadable(self, message: str) -> TalonOneError:
        return UnreadableAnswerError(message).about(self._operation)


def _name(item: Any) -> int:
    """Return what tells an item from others: its ID, or else all of its fields.

    What is no whole number is named by its digest, which takes little memory.
    """
    name = getattr(item, "id", None)
    if isinstance(name, int):
        return name
    try:
        return hash(repr(item if name is None else name))
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
