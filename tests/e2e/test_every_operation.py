"""Every operation, called as a shop would, against the sandbox."""

from __future__ import annotations

from typing import Any

from support.calls import ACHIEVEMENT, AUDIENCE, CALLS, CAMPAIGN, CARDS_PROGRAM, CATALOG, PROFILE, PROGRAM, REWARD
from support.twins import KEY, OPERATIONS

from talon_async.testing import Sandbox


def furnish(sandbox: Sandbox) -> None:
    """Set up what a shop sets up in the Campaign Manager."""
    sandbox.add_coupon("10$OFF_NOW", discount=10)
    sandbox.add_campaign(CAMPAIGN, "Spring")
    sandbox.add_campaign(2, "Summer")
    sandbox.add_referral_campaign(CAMPAIGN)
    sandbox.add_audience(AUDIENCE, "Guests")
    sandbox.add_catalog(CATALOG)
    sandbox.add_achievement(ACHIEVEMENT, "Three orders", 3, campaign_id=CAMPAIGN)
    sandbox.add_achievement(3, "A review", 1, campaign_id=2)
    sandbox.add_loyalty_program(PROGRAM, subledgers=["stars"])
    sandbox.add_loyalty_program(CARDS_PROGRAM, cards=True)
    sandbox.add_points(PROGRAM, PROFILE, 100)
    sandbox.add_reward(REWARD, "A mug")


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
