"""Where calls come from: `iterables` are read in the loop or in a thread, `pushed` is filled by another thread."""

from talon_async.bulk.sources.iterables import SLOW, Caught, Source, as_source, checked_iterable
from talon_async.bulk.sources.pushed import END, WAIT, PushedSource, ThreadSource

__all__ = ["END", "SLOW", "WAIT", "Caught", "PushedSource", "Source", "ThreadSource", "as_source", "checked_iterable"]
