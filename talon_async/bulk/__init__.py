"""Many calls as one job: prepared, paced, recorded, resumed."""

from talon_async.bulk.journal import Journal, JournalCounts, JournaledCall

__all__ = ["Journal", "JournalCounts", "JournaledCall"]
