"""Faults, and the outcomes that a call which meets one may report."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

import attrs

from talon_async import Timeout
from tools.faults.natures import Nature

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tools.faults.scene import Scene
    from tools.faults.wire import Exchange

    Script = Callable[[Exchange], Awaitable[None]]


class Tell(Enum):
    """The result of one attempt that meets the fault; each value is an outcome, and whether it is final."""

    SUCCESS = "success"
    NOT_SENT = "not_sent"
    NOT_SENT_FINAL = "not_sent final"
    REFUSED = "rejected"
    REJECTED = "rejected final"
    UNKNOWN = "unknown"
    UNKNOWN_FINAL = "unknown final"
    ACCEPTED = "accepted"
    ACCEPTED_FINAL = "accepted final"

    @property
    def outcome(self) -> str:
        """Return the outcome that the caller sees."""
        return self.value.partition(" ")[0]

    def is_repeated(self, nature: Nature) -> bool:
        """Tell whether the client sends the request again."""
        if self in (Tell.NOT_SENT, Tell.REFUSED):
            return True
        if self is Tell.UNKNOWN:
            return nature in (Nature.SAFE, Nature.KEYED, Nature.UNIQUE)
        return self is Tell.ACCEPTED and nature in (Nature.SAFE, Nature.KEYED)


class Pace(Enum):
    """How many cells of a kind may run at once."""

    QUICK = 8
    HEAVY = 4
    WAITS = 40
    ALONE = 1


BY_PACE = {
    Pace.QUICK: Timeout(total=30, attempt=4, connect=2),
    Pace.HEAVY: Timeout(total=4, attempt=1.5, connect=1),
    Pace.WAITS: Timeout(total=0.8, attempt=0.3, connect=0.2),
    Pace.ALONE: Timeout(total=0.8, attempt=0.3, connect=0.2),
}
"""The timeouts of a call in a cell."""

EVERY = tuple(Nature)


@attrs.frozen(eq=False)
class Fault:
    """One fault.

    Attributes:
        tells: what an attempt may tell; more than one where the client cannot be held to one of them.
        script: what the server does with a request that meets the fault; None if the fault is none of an answer.
        acts: whether the server does what is asked before that.
        scene: where it happens.
        session_tells: what an attempt may tell besides on the session transport, which has aiohttp's limits.
        except_for: what an attempt tells for some natures instead.
        options: further options of the client.
        only_always: whether it makes no sense that only the first attempt meets it.
    """

    name: str
    tells: tuple[Tell, ...]
    script: Script | None = None
    acts: bool = False
    pace: Pace = Pace.QUICK
    scene: type[Scene] | None = None
    session_tells: tuple[Tell, ...] = ()
    except_for: dict[Nature, tuple[Tell, ...]] = attrs.field(factory=dict)
    natures: tuple[Nature, ...] = EVERY
    transports: tuple[str, ...] = ("session", "direct")
    options: dict[str, Any] = attrs.field(factory=dict)
    only_always: bool = False

    def may_tell(self, transport: str, nature: Nature) -> tuple[Tell, ...]:
        """Return the outcomes that one attempt may report."""
        tells = self.except_for.get(nature, self.tells)
        return tells + self.session_tells if transport == "session" else tells

    def is_worth_meeting_once(self, transport: str, nature: Nature) -> bool:
        """Tell whether the fault has another effect when only the first attempt meets it."""
        return any(tell.is_repeated(nature) for tell in self.may_tell(transport, nature))

    def expected(self, transport: str, nature: Nature, *, always: bool) -> set[str]:
        """Return the outcomes that a call may report when every attempt, or only the first one, meets the fault."""
        outcomes: set[str] = set()
        for tell in self.may_tell(transport, nature):
            if always or not tell.is_repeated(nature):
                outcomes.add(tell.outcome)
            elif nature is Nature.UNIQUE and self.acts:
                outcomes.add("unknown")  # the second attempt is refused, most likely because of the first
            else:
                outcomes.add("success")
        return outcomes
