"""Effects on loyalty points and tiers."""

from collections.abc import Sequence
from datetime import datetime

from talon_async.models._base import model, wire
from talon_async.models.effects._registry import effect_props


@model
class LoyaltyLedgerEntryExpiryDateChange:
    """A transaction of points whose expiry moved."""

    transaction_uuid: str | None = wire("transactionUUID", default=None)
    previous_expiry_date: datetime | None = None
    new_expiry_date: datetime | None = None


@effect_props("addLoyaltyPoints")
@model
class AddLoyaltyPointsEffectProps:
    """Points were added to a profile, or to a card if `card_identifier` is there.

    `desired_value` is what it would have been without a budget. `validity_duration` is a count with a unit, such as
    `30D` or `1M_D`.
    """

    name: str
    program_id: int
    sub_ledger_id: str
    value: float
    recipient_integration_id: str
    desired_value: float | None = None
    start_date: datetime | None = None
    expiry_date: datetime | None = None
    transaction_uuid: str | None = wire("transactionUUID", default=None)
    cart_item_position: float | None = None  # an index, although its type is a number; the next field too
    cart_item_sub_position: float | None = None
    card_identifier: str | None = None
    bundle_index: int | None = None
    bundle_name: str | None = None
    awaits_activation: bool | None = None  # they start with an action, not at a time
    validity_duration: str | None = None
    expiry_condition: str | None = None  # days, in the API of 2020


@effect_props("deductLoyaltyPoints")
@model
class DeductLoyaltyPointsEffectProps:
    """Points were spent from a profile, or from a card if `card_identifier` is there."""

    rule_title: str
    program_id: int
    sub_ledger_id: str
    value: float
    transaction_uuid: str | None = wire("transactionUUID", default=None)
    name: str | None = None
    card_identifier: str | None = None


@effect_props("rollbackAddedLoyaltyPoints")
@model
class RollbackAddedLoyaltyPointsEffectProps:
    """Added points were taken back, because their session was cancelled or items were returned."""

    program_id: int
    sub_ledger_id: str
    value: float
    recipient_integration_id: str
    transaction_uuid: str = wire("transactionUUID")
    cart_item_position: float | None = None  # an index, although its type is a number; the next field too
    cart_item_sub_position: float | None = None
    card_identifier: str | None = None


@effect_props("rollbackDeductedLoyaltyPoints")
@model
class RollbackDeductedLoyaltyPointsEffectProps:
    """Spent points were given back."""

    program_id: int
    sub_ledger_id: str
    value: float
    recipient_integration_id: str
    transaction_uuid: str = wire("transactionUUID")
    start_date: datetime | None = None
    expiry_date: datetime | None = None
    card_identifier: str | None = None


@effect_props("extendLoyaltyPointsExpiryDate")
@model
class ExtendLoyaltyPointsExpiryDateEffectProps:
    """Points expire later by a duration.

    `extension_duration` is `immediate` or a count with one of the units s, m, h, D, W, M, Y; with the suffix
    `_D` it starts with the day, with `_U` it lasts to the end of the unit.
    """

    program_id: int
    sub_ledger_id: str
    extension_duration: str
    affected_transactions: Sequence[LoyaltyLedgerEntryExpiryDateChange] | None = None


@effect_props("setLoyaltyPointsExpiryDate")
@model
class SetLoyaltyPointsExpiryDateEffectProps:
    """All points of a subledger expire at one time, also those that never would have."""

    program_id: int
    sub_ledger_id: str
    new_expiry_date: datetime
    affected_transactions: Sequence[LoyaltyLedgerEntryExpiryDateChange] | None = None


@effect_props("changeLoyaltyTierLevel")
@model
class ChangeLoyaltyTierLevelEffectProps:
    """The customer rose to a higher tier."""

    rule_title: str
    program_id: int
    sub_ledger_id: str
    new_tier_name: str
    previous_tier_name: str | None = None  # none if it is the first
    expiry_date: datetime | None = None


@effect_props("joinLoyaltyProgram")
@model
class JoinLoyaltyProgramEffectProps:
    """The customer joined a loyalty program.

    The effect fails in an anonymous session, for a member, and for a program of cards.
    """

    program_id: int
    join_date: datetime


@effect_props("boostLoyaltyTier")
@model
class BoostLoyaltyTierEffectProps:
    """The customer has a higher tier until `expiry_date`; the points stay as they are.

    An empty `sub_ledger_id` is the main ledger. The `rollbackTierBoost` effect that takes the tier back has the same
    `boost_uuid`.
    """

    program_id: int
    sub_ledger_id: str
    tier_name: str
    expiry_date: datetime
    boost_uuid: str
    reason: str | None = None


@effect_props("rollbackTierBoost")
@model
class RollbackTierBoostEffectProps:
    """The higher tier of a boost was taken back, as its session was cancelled.

    A partial return does not take it back. An empty `sub_ledger_id` is the main ledger.
    """

    program_id: int
    sub_ledger_id: str
    tier_name: str
    boost_uuid: str
