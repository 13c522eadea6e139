"""One ledger of a loyalty program: its balances, and the tier they lead to."""

from datetime import datetime
from typing import Literal

from talon_async.models._base import model

TierDowngradePolicy = Literal["one_down", "balance_based"]
TierSource = Literal["points", "boost"]


@model
class Tier:
    """A level of a loyalty program; its dates are in the program's time zone.

    `source` says what gives the tier: the customer's points, or a boost, which gives a higher tier for a time. Servers
    before API release 26.20 do not send it.
    """

    id: int | None = None
    name: str | None = None
    start_date: datetime | None = None
    expiry_date: datetime | None = None
    downgrade_policy: TierDowngradePolicy | str | None = None
    source: TierSource | str | None = None
    reason: str | None = None  # of a boost


@model
class LedgerInfo:
    """The balances of one ledger, and the tier they lead to.

    The tentative balances count the session at hand as if it were closed, and no other open session. A balance of the
    API of 2020 has `current_balance` only.
    """

    current_balance: float | None = None
    pending_balance: float | None = None
    negative_balance: float | None = None  # any here means a `current_balance` of 0
    expired_balance: float | None = None  # deprecated: always 0
    spent_balance: float | None = None  # deprecated: always 0
    tentative_current_balance: float | None = None
    tentative_pending_balance: float | None = None
    tentative_negative_balance: float | None = None
    current_tier: Tier | None = None  # during a boost, the higher tier
    points_to_next_tier: float | None = None
    next_tier_name: str | None = None  # none on the highest tier
