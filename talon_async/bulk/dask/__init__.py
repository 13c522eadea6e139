"""Sends many calls from the workers of a Dask cluster, in order for each profile. Needs the package distributed.

`driver` divides the calls and counts the results; `worker` runs in a worker; `partitions` says which calls belong
together; `cluster` is the part of the Dask client that is used.
"""

try:
    from talon_async.bulk.dask.driver import DistributeOptions, distribute
except ModuleNotFoundError as _problem:
    _problem.msg = f"{_problem.msg}: pip install talon-async[dask]"
    raise

__all__ = ["DistributeOptions", "distribute"]
