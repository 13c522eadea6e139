"""The journal: calls that outlive the process. `journal` is what a run uses, `tools` what people use between runs."""

from talon_async.bulk.journal.journal import Journal
from talon_async.bulk.journal.tools import JournalCounts, JournaledCall

__all__ = ["Journal", "JournalCounts", "JournaledCall"]
