"""Recognises notifications that are sent again."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

from talon_async.errors import ConfigurationError

if TYPE_CHECKING:
    from talon_async.webhooks._base import Notification


class Seen:
    """Remembers the newest `size` IDs of notifications, so that each notification can be handled once.

    It is thread-safe, and keeps the IDs in the memory of one process. For several processes, or across restarts, use a
    shared store instead, such as a database with the ID as a unique key.
    """

    def __init__(self, size: int = 10_000) -> None:
        if size < 1:
            raise ConfigurationError("the number of IDs to remember must be 1 or more")
        self._size = size
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def first(self, notification: Notification) -> bool:
        """Tell whether a notification is new, and remember it. A notification without an ID is always new."""
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
        """Forget a notification, for example because its handling failed, so that it counts as new when sent again."""
        if notification.id is not None:
            with self._lock:
                self._ids.pop(notification.id, None)
