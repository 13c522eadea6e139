"""The options of a run, which are checked before anything is taken from its source."""

from __future__ import annotations

import hashlib
import math
import os
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import attrs

from talon_async.auth import ApiKey
from talon_async.bulk.limits import AdaptiveConcurrency, Concurrency
from talon_async.bulk.runner import values
from talon_async.errors import LONGEST, InvalidArgumentError, check_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_async._clock import Clock
    from talon_async._core.core import Core
    from talon_async.bulk.journal_base import Journal
    from talon_async.bulk.results import Snapshot
    from talon_async.config import RetryPolicy

DEFAULT_CONCURRENCY = 64
BUFFER_WITH_JOURNAL = 1024
PATIENCE = 300.0


class PacingOptions(TypedDict, total=False):
    """The options of every run of many calls.

    Attributes:
        concurrency: the highest number of calls under way at once, 64 by default, and at most `Limits.connections`.
            `"auto"` finds the number from round trips and refusals (see `AdaptiveConcurrency`).
        rate: the highest number of calls a second, evenly spaced.
        patience: seconds without any success after which the run stops, 300 by default. Calls that were not sent are
            then `unsent`, not failed. With a journal there is no bound after a first success.
        max_failures: the number of failed calls after which the run stops, 10,000 by default. The run waits for the
            calls under way at that moment, which may fail as well. Calls that were never sent do not count as failed;
            the report lists them as `unsent`.
        progress: called with a `Snapshot` at most ten times a second, and once at the end. It is called on the event
            loop, so it must be quick. An exception in it, also `SystemExit`, ends the run.
    """

    concurrency: int | Literal["auto"]
    rate: float | None
    patience: float | None
    max_failures: int
    progress: Callable[[Snapshot], object] | None


class BulkOptions(PacingOptions, total=False):
    """The options of a run of calls or events, in addition to `PacingOptions`.

    Attributes:
        buffer: the highest number of calls that are taken ahead of those under way. The default is four times
            `concurrency`, or 1,024 with a journal.
        after_failure: what happens after a call with an ordering key has failed. `continue`, the default, sends the
            next call of the key. `hold` sends no more calls of the key; with a journal this also holds for later runs,
            until the failed call is requeued or erased. The report lists the held keys. `stop` sends no more calls at
            all and waits for those under way; with a journal the next run goes on behind the failed call, unless that
            is requeued. A call fails after its last attempt, and its key waits until then: forty calls of one key that
            always fail, with four attempts each, can take half a minute.
        journal: a path, or a `Journal`. Calls are stored before they are sent. However a run ends, the next run with
            the same source and journal continues it. The idempotency key of an item is derived from its place in the
            source, unless the caller chose the key. A call that the source gives twice therefore acts twice.
        item_id: a function that returns what identifies an item. A journal needs it if an item holds something that
            differs when the source is read again, such as a time.
        sent_before: whether an earlier run without a journal may have sent these calls. A 409 for a call that creates a
            thing under an ID, such as an event of V3, then means that the thing is recorded.
    """

    buffer: int | None
    after_failure: Literal["continue", "hold", "stop"]
    journal: str | os.PathLike[str] | Journal | None
    item_id: Callable[[Any], object] | None
    sent_before: bool


@attrs.frozen(kw_only=True, eq=False)
class Plan:
    """The options of one run, checked."""

    width: int
    adaptive: bool
    buffer: int
    rate: float | None
    patience: float
    patience_after_success: float
    after_failure: Literal["continue", "hold", "stop"]
    max_failures: int
    progress: Callable[[Snapshot], object] | None
    journal: Journal | None
    item_id: Callable[[Any], object] | None
    destination: str
    sent_before: bool = False

    def new_concurrency(self) -> Concurrency:
        """Return the concurrency at the beginning of the run."""
        return AdaptiveConcurrency(self.width) if self.adaptive else Concurrency(self.width)

    def retry(self, policy: RetryPolicy) -> RetryPolicy:
        """Return the client's policy with the patience of the run as its `retry_after_cap`."""
        return attrs.evolve(policy, retry_after_cap=min(self.patience_after_success, LONGEST))


def plan_of(
    core: Core,
    options: Mapping[str, Any],
    allowed: type = BulkOptions,
    *,
    concurrency: int = DEFAULT_CONCURRENCY,
    buffer: int | None = None,
) -> Plan:
    """Check the options of a run. `concurrency` and `buffer` are the defaults.

    Raises:
        InvalidArgumentError: an option is invalid; the message names it.
        TypeError: there is no such option.
    """
    check_words(allowed.__name__, options, _names(allowed))
    most = core.settings.limits.connections
    width = values.width(options.get("concurrency", concurrency), most)
    journal = _journal(options.get("journal"), core.clock)
    buffer = buffer if buffer is not None else 4 * width if journal is None else BUFFER_WITH_JOURNAL
    buffer = values.whole("buffer", options.get("buffer"), 0, buffer)
    patience = values.seconds("patience", options.get("patience"))
    after_failure = options.get("after_failure", "continue")
    if after_failure not in ("continue", "hold", "stop"):
        raise InvalidArgumentError(f"after_failure must be 'continue', 'hold' or 'stop', not {after_failure!r}")
    return Plan(
        width=width,
        adaptive=options.get("concurrency") == "auto",
        buffer=buffer,
        rate=values.rate(options.get("rate")),
        patience=PATIENCE if patience is None else patience,
        patience_after_success=patience if patience is not None else PATIENCE if journal is None else math.inf,
        after_failure=after_failure,
        max_failures=values.whole("max_failures", options.get("max_failures"), 1, 10_000),
        progress=values.function("progress", options.get("progress")),
        journal=journal,
        item_id=values.function("item_id", options.get("item_id")),
        destination=_destination(core),
        sent_before=values.truth("sent_before", options.get("sent_before", False)),
    )


def _names(options: type) -> set[str]:
    return {name for cls in (PacingOptions, options) for name in cls.__annotations__}


def _journal(journal: Any, clock: Clock) -> Journal | None:
    if journal is None:
        return None
    if journal == "":
        raise InvalidArgumentError("journal must be the path of a file, not an empty text")
    if isinstance(journal, str | os.PathLike):
        kept: Journal = import_module("talon_async.bulk.journal").Journal(journal, clock=clock)
        return kept
    if not callable(getattr(journal, "accept", None)):
        raise InvalidArgumentError(f"journal must be the path of a file, or a Journal, not {type(journal).__name__}")
    given: Journal = journal
    return given


def _destination(core: Core) -> str:
    """Return a hash of the base URL and the API key or signer."""
    auth = core.settings.auth
    identity = repr(sorted(auth.common.items())) if isinstance(auth, ApiKey) else auth.signer
    return hashlib.sha256(f"{core.settings.base_url}\n{identity}".encode()).hexdigest()
