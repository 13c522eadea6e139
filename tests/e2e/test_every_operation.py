"""Every operation, called as a shop would, against the sandbox."""

from __future__ import annotations

from typing import Any

from support.calls import CALLS
from support.stocked import furnish
from support.twins import KEY, OPERATIONS

from talon_async.testing import Sandbox


async def test_every_operation_answers_when_a_shop_calls_them_in_turn(client: Any) -> None:
    """Either twin can make all calls of a shop in turn.

    Each gets the answer that its operation documents, empty or of its type.
    """
    with Sandbox(api_key=KEY) as sandbox:
        furnish(sandbox)
        talon = client(sandbox.url, strict=True)
        for call in CALLS:
            result = await getattr(talon, call.name)(*call.args, **call.options)
            assert (result is None) is call.empty, call.name
        assert set(OPERATIONS) == {call.name for call in CALLS}
        assert [call.name for call in CALLS] == [request.operation for request in sandbox.requests]
