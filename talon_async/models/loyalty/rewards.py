"""Experimental: rewards, which customers unlock, often with points.

No published document describes them yet. All names in JSON are inferred from the official SDKs, and so is what an
answer holds; what its items look like is not known at all, which is why they are plain maps.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from talon_async.models._base import CARD_ID, INTEGRATION_ID, model, wire
from talon_async.models.campaign import RuleFailureReason
from talon_async.models.effects.envelope import Effect
from talon_async.models.loyalty.balances import LoyaltyBalances
from talon_async.models.profile import CustomerProfile

RewardResponseContent = Literal["customerProfile", "effects", "ruleFailureReasons", "loyalty"]


@model
class GetCustomerRewardsResponse:
    """Experimental: one page of a customer's rewards. The names `hasMore` and `totalResultSize` are inferred.

    `total_result_size` comes only if the request asks for it.
    """

    has_more: bool | None = None
    total_result_size: int | None = None
    data: Sequence[Mapping[str, Any]] = wire(factory=list)


@model
class RewardsCatalogPage:
    """Experimental: one page of the rewards that can be had. The name `hasMore` is inferred."""

    has_more: bool | None = None
    data: Sequence[Mapping[str, Any]] = wire(factory=list)


@model
class IntegrationRewardsCatalogResponse:
    """Experimental: the rewards that can be had, and what the customer has to pay for them.

    The names `catalog` and `loyalty` are inferred. The page is one level deeper than in other answers; what the keys
    of `loyalty` stand for is not documented.
    """

    catalog: RewardsCatalogPage | None = None
    loyalty: Mapping[str, LoyaltyBalances] = wire(factory=dict)


@model
class IntegrationUnlockRewardRequest:
    """Experimental: who unlocks a reward, and which ledger pays for it. All names in JSON are inferred.

    `integration_id` is an ID of your own for this unlocking; the API takes each only once. An empty `subledger_id` is
    the main ledger. The card that pays is `card_identifier` in one release of the API and `loyalty_card_id` in
    another: give the one that yours knows.
    """

    integration_id: str = wire(limit=INTEGRATION_ID)
    profile_integration_id: str = wire(limit=INTEGRATION_ID)
    loyalty_program_id: int | None = None
    subledger_id: str | None = None
    card_identifier: str | None = wire(default=None, limit=CARD_ID)
    loyalty_card_id: str | None = wire(default=None, limit=CARD_ID)
    response_content: Sequence[RewardResponseContent] | None = None


@model
class IntegrationUnlockRewardResponse:
    """Experimental: what the rules made of the unlocking. All names in JSON but `effects` are inferred.

    All but `effects` comes only if `response_content` asks for it.
    """

    effects: Sequence[Effect] = wire(factory=list)
    customer_profile: CustomerProfile | None = None
    rule_failure_reasons: Sequence[RuleFailureReason] = wire(factory=list)
    loyalty: Mapping[str, Any] = wire(factory=dict)
