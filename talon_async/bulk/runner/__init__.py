"""The scheduler of all runs of many calls: bounded, in order, through outages, with every call counted once.

`scheduler` has the workers; `intake` reads the source; `gatekeeper` says when calls may be sent; `failures` handles
calls that do not succeed; `account` counts; `recorder` keeps the journal; `plan` holds the options; `jobs` are the
calls on their way.
"""

from talon_async.bulk.runner.account import Results
from talon_async.bulk.runner.plan import BulkOptions, PacingOptions, Plan, plan_of
from talon_async.bulk.runner.scheduler import Runner

__all__ = ["BulkOptions", "PacingOptions", "Plan", "Results", "Runner", "plan_of"]
