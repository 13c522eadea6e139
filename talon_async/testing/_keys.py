"""Remembers what was answered to an Idempotency-Key, for a day, and tells so in headers."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
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
        if self.now() - since >= LIFETIME:
            return None
        return attrs.evolve(answer, headers={**answer.headers, "Idempotent-Replayed": "true"})

    def keep(self, operation: str, key: str, body: bytes, answer: Answer) -> Answer:
        """Remember an answer; return it with the headers that tell of it."""
        now = self.now()
        told = {
            "Idempotency-Key": key,
            "X-Idempotency-Created-At": now.isoformat(),
            "X-Idempotency-Expires-At": (now + LIFETIME).isoformat(),
            "X-Idempotency-Fingerprint": sha256(operation.encode() + b"\n" + body).hexdigest(),
        }
        answer = attrs.evolve(answer, headers={**answer.headers, **told})
        self._answers[operation, key] = (now, answer)
        return answer
