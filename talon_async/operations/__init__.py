"""The operations of the API as typed stubs, one class for each tag of the API."""

from __future__ import annotations

from talon_async.operations.achievements import Achievements
from talon_async.operations.audiences import Audiences
from talon_async.operations.campaigns import Campaigns
from talon_async.operations.catalogs import Catalogs
from talon_async.operations.coupons import Coupons
from talon_async.operations.events import Events
from talon_async.operations.loyalty import Loyalty
from talon_async.operations.loyalty_cards import LoyaltyCards
from talon_async.operations.profiles import Profiles
from talon_async.operations.referrals import Referrals
from talon_async.operations.rewards import Rewards
from talon_async.operations.sessions import Sessions


class Operations(
    Sessions,
    Profiles,
    Events,
    Coupons,
    Referrals,
    Loyalty,
    LoyaltyCards,
    Achievements,
    Audiences,
    Campaigns,
    Catalogs,
    Rewards,
):
    """Every operation."""
