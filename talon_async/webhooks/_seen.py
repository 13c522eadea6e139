"""Messages that come again."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

from talon_async.errors import ConfigurationError

if TYPE_CHECKING:
    from talon_async.webhooks._base import Notification


class Seen:
    """Remembers the newest IDs of notifications, to handle each notification once.

    It is safe with threads, and lives in one process: several processes, or one that is restarted, need a store that
    they share, such as a database with the ID as a unique key.
    """

    def __init__(self, size: int = 10_000) -> None:
        if size < 1:
            raise ConfigurationError("the number of IDs to remember must be 1 or more")
        self._size = size
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def first(self, notification: Notification) -> bool:
        """Tell whether a notification comes for the first time, and remember it; always true of one without ID."""
        if notification.id is None:
            return True
        with self._lock:
            new = notification.id not in self._ids
            self._ids[notification.id] = None
            self._ids.move_to_end(notification.id)
            if len(self._ids) > self._size:
                self._ids.popitem(last=False)
        return new

    def forget(self, notification: Notification) -> None:
        """Let a notification count as new when it comes again: for one whose handling failed."""
        if notification.id is not None:
            with self._lock:
                self._ids.pop(notification.id, None)
