"""What a queue is told, checked before it is made, and what it tells about itself."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import attrs

from talon_async.errors import InvalidArgumentError, check_words

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from typing import TypeAlias

    from talon_async.bulk.calls import PreparedCall
    from talon_async.bulk.results import Failure
    from talon_async.models import IntegrationEventV2Request, IntegrationEventV3Request, NewEvent

    QueueItem: TypeAlias = NewEvent | IntegrationEventV2Request | IntegrationEventV3Request | PreparedCall[Any]
    """What can be put into a queue."""

SIZE = 10_000
DRAIN_TIMEOUT = 10.0
OVERFLOWS = ("wait", "raise", "drop_oldest")
Overflow = Literal["wait", "raise", "drop_oldest"]


class QueueOptions(TypedDict, total=False):
    """What a queue can be told.

    Attributes:
        size: events that are accepted and not settled at most, those under way included; 10,000 by default.
        overflow: what `put` does when there are so many. `wait`, the default: it waits for room. `raise`: it raises
            `QueueFullError`. `drop_oldest`: the oldest event that was not taken for sending gives way; refused with a
            journal, which exists to lose nothing, and it needs a `size` of 2 or more.
        on_drop: called with each event that gave way, on the event loop: it must be quick. What it raises is logged.
        on_failure: called with the `Failure` of each event that failed, in the same way. Without it failures are only
            counted, and kept in the journal if there is one.
        journal: a folder for journals, made if there is none; `put` then returns when the event is on the disk. Each
            process has a file of its own there, so any number of them can share the folder. When a queue is opened, it
            takes over the files of processes that have ended.
        drain_timeout: seconds that closing waits at most for what is not delivered yet; 10 by default. No more is sent
            in the last tenth of it.
        concurrency: as in `PacingOptions`.
        rate: as in `PacingOptions`; each process counts its own calls.
        patience: as in `PacingOptions`, but without a bound by default: the queue fills while the server is away.
    """

    size: int
    overflow: Overflow
    on_drop: Callable[[Any], object] | None
    on_failure: Callable[[Failure[Any]], object] | None
    journal: str | os.PathLike[str] | None
    drain_timeout: float
    concurrency: int | Literal["auto"]
    rate: float | None
    patience: float | None


@attrs.frozen(kw_only=True)
class QueueStatistics:
    """How a queue is, at one moment.

    Attributes:
        depth: events that are accepted and not settled, those that were taken over from other processes included.
        oldest_age: seconds since the oldest of them was accepted by this process; 0 when there is none.
        delivered: events that the server settled.
        failed: events that were rejected, or may have had an effect.
        dropped: events that gave way to newer ones.
        paused_until: when the server is tried again; None while it takes calls.
    """

    depth: int = 0
    oldest_age: float = 0.0
    delivered: int = 0
    failed: int = 0
    dropped: int = 0
    paused_until: datetime | None = None


@attrs.frozen(kw_only=True, eq=False)
class QueueSettings:
    """The options of one queue, checked; `pacing` is for the runner."""

    size: int
    overflow: Overflow
    on_drop: Callable[[Any], object] | None
    on_failure: Callable[[Failure[Any]], object] | None
    folder: Path | None
    drain_timeout: float
    pacing: Mapping[str, Any]

    @property
    def capacity(self) -> int:
        """How many events the runner may hold: fewer than all where some must be there to give way."""
        return self.size // 2 if self.overflow == "drop_oldest" else self.size


def settings_of(options: Mapping[str, Any]) -> QueueSettings:
    """Check the options of a queue.

    Raises:
        InvalidArgumentError: one of them makes no sense; the message names it.
    """
    check_words("QueueOptions", options, QueueOptions.__annotations__)
    overflow = options.get("overflow", "wait")
    journal = options.get("journal")
    if overflow not in OVERFLOWS:
        raise InvalidArgumentError(f"overflow must be one of {', '.join(OVERFLOWS)}, not {overflow!r}")
    if overflow == "drop_oldest" and journal is not None:
        raise InvalidArgumentError("overflow: 'drop_oldest' loses events, and a journal exists to lose none")
    size = options.get("size", SIZE)
    least = 2 if overflow == "drop_oldest" else 1
    if isinstance(size, bool) or not isinstance(size, int) or size < least:
        raise InvalidArgumentError(f"size must be a whole number of {least} or more, not {size!r}")
    seconds = options.get("drain_timeout", DRAIN_TIMEOUT)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:
        raise InvalidArgumentError(f"drain_timeout must be seconds of 0 or more, not {seconds!r}")
    pacing = {name: options[name] for name in ("concurrency", "rate") if name in options}
    patience = options.get("patience")
    return QueueSettings(
        size=size,
        overflow=overflow,
        on_drop=_callable(options, "on_drop"),
        on_failure=_callable(options, "on_failure"),
        folder=_folder(journal),
        drain_timeout=float(seconds),
        pacing={**pacing, "patience": math.inf if patience is None else patience},
    )


def _folder(path: Any) -> Path | None:
    if path == "":
        raise InvalidArgumentError("journal must be the path of a folder, not an empty text")
    try:
        return None if path is None else Path(path)
    except TypeError:
        raise InvalidArgumentError(f"journal must be the path of a folder, not {type(path).__name__}") from None


def _callable(options: Mapping[str, Any], name: str) -> Callable[[Any], object] | None:
    function: Callable[[Any], object] | None = options.get(name)
    if function is not None and not callable(function):
        raise InvalidArgumentError(f"{name} must be a function, not {type(function).__name__}")
    return function
