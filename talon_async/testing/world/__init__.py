"""The world behind the sandbox: in memory, without any network. Its operations have the names of the client's."""

from talon_async.testing.world._effects import effect
from talon_async.testing.world._ground import Entity
from talon_async.testing.world.achievements import AchievementOptions, Achievements
from talon_async.testing.world.audiences import Audiences
from talon_async.testing.world.catalogs import CampaignOptions, Catalogs
from talon_async.testing.world.coupons import CouponOptions, Coupons
from talon_async.testing.world.events import Events
from talon_async.testing.world.loyalty.cards import Cards
from talon_async.testing.world.loyalty.ledgers import LoyaltyProgramOptions, PointsOptions
from talon_async.testing.world.loyalty.programs import Programs
from talon_async.testing.world.loyalty.rewards import RewardOptions, Rewards
from talon_async.testing.world.profiles import Profiles
from talon_async.testing.world.referrals import Referrals
from talon_async.testing.world.returns import Returns

__all__ = [
    "AchievementOptions",
    "CampaignOptions",
    "CouponOptions",
    "Entity",
    "LoyaltyProgramOptions",
    "PointsOptions",
    "RewardOptions",
    "World",
    "effect",
]


class World(Returns, Profiles, Events, Coupons, Referrals, Audiences, Achievements, Catalogs, Programs, Cards, Rewards):
    """Everything Talon.One would remember, and what it would do."""
