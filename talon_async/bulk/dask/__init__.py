"""Sends many calls from the workers of a Dask cluster, those of one profile in order. Needs distributed.

`driver` divides the calls and keeps the account; `worker` is what runs in a worker; `partitions` says which calls
belong together; `cluster` narrows the Dask client.
"""

try:
    from talon_async.bulk.dask.driver import DistributeOptions, distribute
except ModuleNotFoundError as _problem:
    _problem.msg = f"{_problem.msg}: pip install talon-async[dask]"
    raise

__all__ = ["DistributeOptions", "distribute"]
