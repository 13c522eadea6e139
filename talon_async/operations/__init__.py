"""What can be asked of the API: typed stubs, one class for each of its tags."""

from __future__ import annotations

from talon_async.operations.coupons import Coupons
from talon_async.operations.events import Events
from talon_async.operations.profiles import Profiles
from talon_async.operations.referrals import Referrals
from talon_async.operations.sessions import Sessions


class Operations(Sessions, Profiles, Events, Coupons, Referrals):
    """Every operation."""
