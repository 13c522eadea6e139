"""Ledgers: additions and deductions of points, in the forms of the different operations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from talon_async.models._base import Limit, model, wire

LoyaltyTransactionType = Literal["addition", "subtraction"]
LoyaltyLedgerEntryType = Literal["addition", "subtraction", "expire", "expiring"]
LoyaltyDeletionScope = Literal["AllSubledgers", "SelectedSubledgers"]


@model
class LedgerEntry:
    """One change of points, in the form of events."""

    id: int | None = None
    created: datetime | None = None
    profile_id: str | None = None
    account_id: int | None = None
    loyalty_program_id: int | None = None
    event_id: int | None = None
    amount: float | None = None  # the documentation says integer, the server sends decimals
    reason: str | None = None
    expiry_date: datetime | None = None
    reference_id: int | None = None  # the entry that this one balances


@model
class LoyaltyLedgerEntryFlags:
    """Flags of a change of points."""

    creates_negative_balance: bool | None = None


@model
class LoyaltyLedgerEntry:
    """One change of points, in the form of the activation of points. An empty `sub_ledger_id` is the main ledger.

    `validity_duration`, such as `30D`, counts from the activation. It is set for points that wait for their activation
    and have no `expiry_date`.
    """

    created: datetime | None = None
    program_id: int | None = wire("programID", default=None)
    customer_profile_id: str | None = wire("customerProfileID", default=None)
    card_id: int | None = wire("cardID", default=None)
    customer_session_id: str | None = wire("customerSessionID", default=None)
    event_id: int | None = wire("eventID", default=None)
    type: LoyaltyLedgerEntryType | str | None = None
    amount: float | None = None
    start_date: datetime | None = None
    expiry_date: datetime | None = None
    name: str | None = None  # the reason
    sub_ledger_id: str | None = wire("subLedgerID", default=None)
    user_id: int | None = wire("userID", default=None)  # the user who made the change manually
    archived: bool | None = None  # its session is archived
    flags: LoyaltyLedgerEntryFlags | None = None
    validity_duration: str | None = None


@model
class LedgerPointsEntryIntegrationAPI:
    """Points of a customer, and their validity. An empty `subledger_id` is the main ledger.

    `start_date` is `immediate` or a time, and `expiry_date` is `unlimited` or a time, so both are text.
    `validity_duration`, such as `30D`, counts from the activation.
    """

    id: int | None = None
    transaction_uuid: str | None = wire("transactionUUID", default=None)
    created: datetime | None = None
    program_id: int | None = None
    customer_session_id: str | None = None
    name: str | None = None  # the reason
    start_date: str | None = None
    expiry_date: str | None = None
    subledger_id: str | None = None
    amount: float | None = None
    validity_duration: str | None = None


@model
class CardLedgerPointsEntryIntegrationAPI:
    """Points of a card: the fields of `LedgerPointsEntryIntegrationAPI`, and the customer who earned them."""

    id: int | None = None
    transaction_uuid: str | None = wire("transactionUUID", default=None)
    created: datetime | None = None
    program_id: int | None = None
    customer_profile_id: str | None = wire("customerProfileID", default=None)
    customer_session_id: str | None = None
    name: str | None = None
    start_date: str | None = None
    expiry_date: str | None = None
    subledger_id: str | None = None
    amount: float | None = None
    validity_duration: str | None = None


@model
class LedgerTransactionLogEntryIntegrationAPI:
    """One addition or deduction of a customer's points; an empty `subledger_id` is the main ledger.

    `start_date` is `immediate`, `on_action` (the points wait for their activation) or a time, and `expiry_date` is
    `unlimited` or a time, so both are text. `validity_duration`, such as `30D`, counts from the
    activation.
    """

    transaction_uuid: str | None = wire("transactionUUID", default=None)
    created: datetime | None = None
    program_id: int | None = None
    customer_session_id: str | None = None
    store_integration_id: str | None = None
    type: LoyaltyTransactionType | str | None = None
    name: str | None = None  # the reason
    start_date: str | None = None
    expiry_date: str | None = None
    subledger_id: str | None = None
    amount: float | None = None  # never negative: `type` says which way
    id: int | None = None
    ruleset_id: int | None = None
    rule_name: str | None = None
    flags: LoyaltyLedgerEntryFlags | None = None
    validity_duration: str | None = None


@model
class CardLedgerTransactionLogEntryIntegrationAPI:
    """One addition or deduction of a card's points: see `LedgerTransactionLogEntryIntegrationAPI`."""

    transaction_uuid: str | None = wire("transactionUUID", default=None)
    created: datetime | None = None
    program_id: int | None = None
    card_identifier: str | None = None
    customer_session_id: str | None = None
    type: LoyaltyTransactionType | str | None = None
    name: str | None = None
    start_date: str | None = None
    expiry_date: str | None = None
    subledger_id: str | None = None
    amount: float | None = None
    id: int | None = None
    ruleset_id: int | None = None
    rule_name: str | None = None
    validity_duration: str | None = None


@model
class GetLoyaltyProgramProfilePointsResponse:
    """One page of the points of a customer."""

    has_more: bool | None = None
    data: Sequence[LedgerPointsEntryIntegrationAPI] = wire(factory=list)


@model
class GetLoyaltyProgramProfileTransactionsResponse:
    """One page of the transactions of a customer."""

    has_more: bool | None = None
    data: Sequence[LedgerTransactionLogEntryIntegrationAPI] = wire(factory=list)


@model
class GetLoyaltyCardPointsResponse:
    """One page of the points of a card."""

    has_more: bool | None = None
    data: Sequence[CardLedgerPointsEntryIntegrationAPI] = wire(factory=list)


@model
class GetLoyaltyCardTransactionsResponse:
    """One page of the transactions of a card."""

    has_more: bool | None = None
    data: Sequence[CardLedgerTransactionLogEntryIntegrationAPI] = wire(factory=list)


@model
class ActivateLoyaltyPoints:
    """The pending points to activate, either those of up to 50 transactions or those of one session. Set one field."""

    transaction_uuids: Sequence[str] | None = wire("transactionUUIDs", default=None, limit=Limit(1, 50))  # no doubles
    session_id: str | None = wire(default=None, limit=Limit(1))


@model
class ActivateLoyaltyPointsResponse:
    """The ledger entries whose points became active."""

    ledger_entries: Sequence[LoyaltyLedgerEntry] = wire(factory=list)


@model
class DeleteLoyaltyTransactionsRequest:
    """The ledgers whose transactions are deleted: all ledgers of a program, or the selected ones.

    `subledger_ids` is required with `SelectedSubledgers` only. An empty text in it is the main ledger.
    """

    scope: LoyaltyDeletionScope
    subledger_ids: Sequence[str] | None = None
