"""A reward, and each time that a customer unlocked one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from talon_async.models import RuleMetadata

if TYPE_CHECKING:
    from datetime import datetime

    from talon_async.testing.world.loyalty._program import StoredProgram


CardKey = tuple[int, str]
"""What the store keeps a card under: the ID of its program, and its own."""


@attrs.frozen(kw_only=True)
class StoredReward:
    """A reward and its price."""

    id: int
    name: str
    description: str
    points: float
    program: StoredProgram | None
    subledger: str

    @property
    def integration_id(self) -> str:
        """The ID that stands beside the number in answers."""
        return f"reward-{self.id}"

    @property
    def rule(self) -> RuleMetadata:
        """The rule of the reward, in words for customers."""
        return RuleMetadata(title=self.name)


@attrs.frozen(kw_only=True)
class StoredUnlock:
    """Who unlocked a reward and when, which card it belongs to, and who used it and when.

    A reward without a card belongs to the customer.
    """

    id: int
    integration_id: str
    reward: StoredReward
    profile_id: str
    at: datetime
    card: CardKey | None = None
    used_at: datetime | None = None
    used_by: str | None = None
