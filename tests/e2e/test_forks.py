"""A busy process that forks: `make forks` does more of it."""

from __future__ import annotations

import os

import pytest

from tools import forks

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")]


@pytest.mark.timeout(240)
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("transport", ["session", "direct"])
def test_no_child_hangs_when_a_busy_process_forks_at_random_moments(transport: str) -> None:
    """No child hangs, in forks or in a pool, while 64 threads call, run batches and use queues."""
    with forks.Server(0.001) as server:
        assert {"fine": 16, "fine in the pool": 24} == forks.busy(server.url, transport, 16, 64)


@pytest.mark.parametrize("transport", ["session", "direct"])
def test_no_child_hangs_when_a_process_forks_during_its_first_call(transport: str) -> None:
    """At a random moment of it."""
    with forks.Server(0.001) as server:
        assert {"fine": 2} == forks.starts(server.url, transport, 2)
