"""Many things at once: bounded, in order where order matters, nothing lost."""

from talon_async.batch.events import EventBatches
from talon_async.batch.parts import Parts
from talon_async.batch.report import BatchFailure, BatchReport, PartsReport

__all__ = ["BatchFailure", "BatchReport", "Batches", "PartsReport"]


class Batches(EventBatches, Parts):
    """Calls that make many requests."""
