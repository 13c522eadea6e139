"""For tests: a stand-in for Talon.One that runs on this machine."""

from talon_async.testing._faults import ReceivedRequest
from talon_async.testing.sandbox import Sandbox
from talon_async.testing.world import (
    AchievementOptions,
    CampaignOptions,
    CouponOptions,
    LoyaltyProgramOptions,
    PointsOptions,
    RewardOptions,
    effect,
)

__all__ = [
    "AchievementOptions",
    "CampaignOptions",
    "CouponOptions",
    "LoyaltyProgramOptions",
    "PointsOptions",
    "ReceivedRequest",
    "RewardOptions",
    "Sandbox",
    "effect",
]
