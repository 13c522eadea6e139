"""Sends many calls from the workers of a Dask cluster, those of one profile in order. Needs distributed.

`driver` divides the calls and keeps the account; `worker` is what runs in a worker; `partitions` says which calls
belong together; `cluster` narrows the Dask client.
"""

from talon_async.bulk.dask.driver import DistributeOptions, distribute

__all__ = ["DistributeOptions", "distribute"]
