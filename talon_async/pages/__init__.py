"""Long listings, page after page.

1. The next page begins after what has come, not after what was asked for.
2. The listing ends when the server says so (`hasMore` is false or, where it is not told, as many came as there are)
   or a page is empty. A page that is no list is an error: ending there would look like a complete listing.
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

LARGEST = 1000
"""Items of a page: fewer requests, and less that can change between them."""


@attrs.define(eq=False)
class Pager:
    """One listing: which page to ask for next, and when to stop. Knows no network."""

    _operation: Operation
    _make: Callable[..., Request]
    _limit: int | None
    _page_size: int
    _taken: int = 0
    _ended: bool = False

    def request(self) -> Request | None:
        """Return the request for the next page, or None at the end."""
        left = self._page_size if self._limit is None else min(self._page_size, self._limit - self._taken)
        if self._ended or left <= 0:
            return None
        return self._make(page_size=left, skip=self._taken)

    def items(self, answer: Any) -> Sequence[Any]:
        """Return what a page holds, up to the limit."""
        page = getattr(answer, "catalog", answer)  # the catalog of rewards has its page one level down
        data: Sequence[Any] = getattr(page, "data", ())
        if isinstance(data, str) or not isinstance(data, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]
            error = UnreadableAnswerError(f"the page must be a list, not {type(cast('Any', data)).__name__}")
            raise error.about(self._operation)
        wanted = data if self._limit is None else data[: self._limit - self._taken]
        self._taken += len(data)
        more, total = getattr(page, "has_more", None), getattr(page, "total_result_size", None)
        counted = more is None and isinstance(total, int) and 0 < total <= self._taken
        self._ended = not data or counted or more is False
        return wanted


def pager(method: Callable[..., Any], limit: int | None, page_size: int | None, *args: Any, **options: Any) -> Pager:
    """Make the pager of an operation; what is wrong with the arguments is told now, not with the first item."""
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"limit must be 0 or more, not {limit!r}")
    endpoint = endpoint_of(method)
    size = LARGEST if page_size is None else page_size
    endpoint.request(*args, page_size=size, skip=0, **options)
    return Pager(endpoint.operation, partial(endpoint.request, *args, **options), limit, size)
