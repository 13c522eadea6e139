"""Reads long listings, page after page.

1. The next page begins after the items that were received, whose number may be smaller than the requested page size.
2. A listing ends when the server says so or a page is empty. The server says so by `hasMore`, or else by the total
   number of items. A page that is not a list is an error, because the listing would otherwise look complete.
3. A page that was received before is an error: the server ignores `skip`, and the iteration would not end.
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
    _pages: int = 0
    _last: Sequence[Any] = ()
    _kept: Sequence[Any] = ()

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
        more, total = getattr(page, "has_more", None), getattr(page, "total_result_size", None)
        counted = more is None and isinstance(total, int) and 0 < total <= self._taken
        self._ended = not data or counted or more is False
        return wanted

    def _refuse_repetition(self, data: Sequence[Any]) -> None:
        """Raise for a page that equals the last one or the kept one.

        The first, second, fourth, eighth page and so on is kept until the next of these. This finds a cycle of any
        length (Brent's algorithm), and holds only two pages in memory.
        """
        if data and data in (self._last, self._kept):
            raise self._unreadable(f"the page after {self._taken} items was received before: the server ignores `skip`")
        self._pages += 1
        self._last = data
        if self._pages & (self._pages - 1) == 0:
            self._kept = data

    def _unreadable(self, message: str) -> TalonOneError:
        return UnreadableAnswerError(message).about(self._operation)


def pager(method: Callable[..., Any], limit: int | None, page_size: int | None, *args: Any, **options: Any) -> Pager:
    """Make the pager of an operation. Invalid arguments raise here, not when the first item is read."""
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"limit must be 0 or more, not {limit!r}")
    endpoint = endpoint_of(method)
    size = LARGEST if page_size is None else page_size
    endpoint.request(*args, page_size=size, skip=0, **options)
    return Pager(endpoint.operation, partial(endpoint.request, *args, **options), limit, size)
