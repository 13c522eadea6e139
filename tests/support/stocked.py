"""Sandboxes that have something in them: what a shop sets up, and what the wrong requests name."""

from __future__ import annotations

from support.asking import SECRET
from support.calls import ACHIEVEMENT, AUDIENCE, CAMPAIGN, CARDS_PROGRAM, CATALOG, PROFILE, PROGRAM, REWARD
from support.clock import FakeClock
from support.wrong import CARD, CLOSED
from talon_async.models import CartItem, IntegrationRequest, NewCustomerSessionV2
from talon_async.testing import Sandbox
from talon_async.testing._guards import Guard
from talon_async.testing._handler import Handler


def stocked(clock: FakeClock) -> Handler:
    """Make a sandbox that has something under each ID that the wrong requests name."""
    handler = Handler(Guard("k", "7", SECRET), clock)
    world = handler.world
    world.add_coupon("1", discount=1)
    world.add_coupon("abcd", percent=10)
    world.referral_campaigns[1] = 2.0
    world.add_campaign(1, "a")
    world.add_audience(1, "a")
    world.add_catalog(1)
    world.add_achievement(1, "a", 3)
    world.add_loyalty_program(1)
    world.add_points(1, "1", 10)
    world.add_points(1, "abcd", 10_000, subledger="abcd")
    world.add_loyalty_program(2, cards=True)
    world.add_points(2, CARD, 10)
    world.add_reward(1, "a", points=1, program_id=1, subledger="abcd")
    cart = [CartItem(sku="abcd", quantity=5000, price=1), CartItem(sku="abcd", quantity=5000, price=2)]
    session = NewCustomerSessionV2(profile_id="abcd", state="closed", cart_items=cart, coupon_codes=["abcd"])
    world.update_customer_session_v2(CLOSED, IntegrationRequest(customer_session=session))
    return handler


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
