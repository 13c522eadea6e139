"""The options of a queue, which are checked before it is made, and its statistics."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import attrs

from talon_async.bulk.runner import values
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
    """The types of items that a queue accepts."""

SIZE = 10_000
DRAIN_TIMEOUT = 10.0
OVERFLOWS = ("wait", "raise", "drop_oldest")
Overflow = Literal["wait", "raise", "drop_oldest"]


class QueueOptions(TypedDict, total=False):
    """The options of a queue.

    Attributes:
        size: the highest number of events that are accepted and not settled, including those under way; 10,000 by
            default.
        overflow: what `put` does when the queue is full. `wait`, the default, waits for room. `raise` raises
            `QueueFullError`. `drop_oldest` drops the oldest event that is not being sent yet; it needs a `size` of 2 or
            more, and cannot be combined with a journal.
        on_drop: called with each event that is dropped, on the event loop, so it must be quick. Its exceptions are
            logged.
        on_failure: called with the `Failure` of each event that failed, on the event loop, so it must be quick. Its
            exceptions are logged. Without it failures are only counted, and kept in the journal if there is one.
        journal: a folder for journals, which is created if it does not exist. `put` then returns when the event is on
            the disk. Each process has a file of its own in the folder, so any number of processes can share it. A queue
            that is opened takes over the files of processes that have ended.
        drain_timeout: the highest number of seconds that closing waits for the delivery of events; 10 by default. No
            event is sent in the last tenth of this time.
        concurrency: as in `PacingOptions`.
        rate: as in `PacingOptions`; each process counts its own calls.
        patience: as in `PacingOptions`, but without a bound by default, so the queue fills during an outage.
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
    """The state of a queue at one moment.

    Attributes:
        depth: the number of events that are accepted and not settled, including those taken over from other processes.
        oldest_age: seconds since this process accepted the oldest unsettled event; 0 if there is none.
        delivered: the number of events that succeeded.
        failed: the number of events that were rejected, or whose outcome is unknown.
        dropped: the number of events that were dropped for newer ones.
        paused_until: the time of the next attempt during an outage of the server; None while there is no outage.
    """

    depth: int = 0
    oldest_age: float = 0.0
    delivered: int = 0
    failed: int = 0
    dropped: int = 0
    paused_until: datetime | None = None


@attrs.frozen(kw_only=True, eq=False)
class QueueSettings:
    """The checked options of a queue. `pacing` holds the options of the runner."""

    size: int
    overflow: Overflow
    on_drop: Callable[[Any], object] | None
    on_failure: Callable[[Failure[Any]], object] | None
    folder: Path | None
    drain_timeout: float
    pacing: Mapping[str, Any]

    @property
    def capacity(self) -> int:
        """How many events the runner may hold: half of the size with `drop_oldest`, so that others can be dropped."""
        return self.size // 2 if self.overflow == "drop_oldest" else self.size


def settings_of(options: Mapping[str, Any]) -> QueueSettings:
    """Check the options of a queue.

    Raises:
        InvalidArgumentError: an option is invalid; the message names it.
        TypeError: there is no such option.
    """
    check_words("QueueOptions", options, QueueOptions.__annotations__)
    overflow = options.get("overflow", "wait")
    journal = options.get("journal")
    if overflow not in OVERFLOWS:
        raise InvalidArgumentError(f"overflow must be one of {', '.join(OVERFLOWS)}, not {overflow!r}")
    if overflow == "drop_oldest" and journal is not None:
        raise InvalidArgumentError("overflow='drop_oldest' cannot be combined with a journal, as it would lose events")
    least = 2 if overflow == "drop_oldest" else 1
    drain_timeout = values.seconds("drain_timeout", options.get("drain_timeout"))
    pacing = {name: options[name] for name in ("concurrency", "rate") if name in options}
    patience = options.get("patience")
    return QueueSettings(
        size=values.whole("size", options.get("size"), least, SIZE),
        overflow=overflow,
        on_drop=values.function("on_drop", options.get("on_drop")),
        on_failure=values.function("on_failure", options.get("on_failure")),
        folder=_folder(journal),
        drain_timeout=DRAIN_TIMEOUT if drain_timeout is None else drain_timeout,
        pacing={**pacing, "patience": math.inf if patience is None else patience},
    )


def _folder(path: Any) -> Path | None:
    if path == "":
        raise InvalidArgumentError("journal must be the path of a folder, not an empty text")
    try:
        return None if path is None else Path(path)
    except TypeError:
        raise InvalidArgumentError(f"journal must be the path of a folder, not {type(path).__name__}") from None
