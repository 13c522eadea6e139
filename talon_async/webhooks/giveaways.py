"""Giveaway pools that are about to run out of codes."""

from collections.abc import Sequence

from talon_async.models._base import model, wire
from talon_async.webhooks._base import Notification


@model
class GiveawayPoolData:
    """A pool of giveaway codes, and how many of them are left.

    `event` is a word such as `giveaway_codes_low`. `threshold_percent` is the share of codes at which it is sent.
    """

    event: str | None = wire("Event", default=None)
    pool_id: int | None = wire("PoolId", default=None)
    pool_name: str | None = wire("PoolName", default=None)
    pool_description: str | None = wire("PoolDescription", default=None)
    account_id: int | None = wire("AccountId", default=None)
    application_id: int | None = wire("ApplicationId", default=None)
    total_codes: int | None = wire("TotalCodes", default=None)
    used_codes: int | None = wire("UsedCodes", default=None)
    remaining_codes: int | None = wire("RemainingCodes", default=None)
    threshold_percent: int | None = wire("ThresholdPercent", default=None)


@model
class GiveawayPoolNotification(Notification):
    """Giveaway pools have few codes left."""

    total_result_size: int | None = wire("TotalResultSize", default=None)
    data: Sequence[GiveawayPoolData] = wire("Data", factory=list)
