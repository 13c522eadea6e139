"""Remembers what was answered to an Idempotency-Key, for a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_async._messages import Answer

LIFETIME = timedelta(hours=24)


@attrs.define
class Keys:
    """The successful answers by operation and key."""

    now: Callable[[], datetime]
    _answers: dict[tuple[str, str], tuple[datetime, Answer]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._answers = {}

    def recall(self, operation: str, key: str) -> Answer | None:
        """Return what was answered before, unless it is forgotten."""
        if (kept := self._answers.get((operation, key))) is None:
            return None
        since, answer = kept
        return answer if self.now() - since < LIFETIME else None

    def keep(self, operation: str, key: str, answer: Answer) -> None:
        """Remember an answer."""
        self._answers[operation, key] = (self.now(), answer)
