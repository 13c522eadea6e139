"""Runs many calls: bounded, in order, through one gate, with an exact account. The only scheduler.

`scheduler` has the workers; `intake` reads the source, `gatekeeper` says when calls may go, `failures` what follows
when they do not succeed, `account` counts, `recorder` keeps the journal, `plan` holds the options, `jobs` what goes
through all of them.
"""

from talon_async.bulk.runner.account import Results
from talon_async.bulk.runner.plan import BulkOptions, PacingOptions, Plan, plan_of
from talon_async.bulk.runner.scheduler import Runner

__all__ = ["BulkOptions", "PacingOptions", "Plan", "Results", "Runner", "plan_of"]
