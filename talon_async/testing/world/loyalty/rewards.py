"""Rewards: what customers unlock with their points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

import attrs

from talon_async._codec import plain_of
from talon_async.models import (
    DeductLoyaltyPointsEffectProps,
    GetCustomerRewardsResponse,
    IntegrationRewardsCatalogResponse,
    IntegrationUnlockRewardResponse,
    LoyaltyBalances,
    RewardsCatalogPage,
    UnlockRewardEffectProps,
)
from talon_async.testing._refusal import Refusal, invalid, unknown
from talon_async.testing.world._effects import answer, effect
from talon_async.testing.world._ground import APPLICATION, LARGEST_PAGE, page
from talon_async.testing.world.loyalty.ledgers import Ledgers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Unpack

    from talon_async.models import Effect, IntegrationUnlockRewardRequest
    from talon_async.testing.world._store import Store
    from talon_async.testing.world.loyalty._program import StoredProgram

UNLOCKED = "unlocked"
"""The only status of a reward here."""


class RewardOptions(TypedDict, total=False):
    """What a reward can be made with.

    Attributes:
        points: what it costs; 0, the default, is nothing.
        program_id: the loyalty program whose points these are; needed if there are any.
        subledger: the ID of the ledger that pays; "", the default, is the main one.
    """

    points: float
    program_id: int
    subledger: str


@attrs.frozen(kw_only=True)
class StoredReward:
    """A reward and its price."""

    id: int
    name: str
    points: float
    program: StoredProgram | None
    subledger: str


@attrs.frozen(kw_only=True)
class StoredUnlock:
    """Who has a reward since when."""

    reward: StoredReward
    profile_id: str
    at: datetime


class Rewards(Ledgers):
    """The operations on rewards; what an item of a list looks like is made up, as nothing is published."""

    def add_reward(self, reward_id: int, name: str, **options: Unpack[RewardOptions]) -> None:
        """Make a reward."""
        points, program = options.get("points", 0), self.store.programs.get(options.get("program_id", 0))
        if reward_id in self.store.rewards:
            raise ValueError(f"there is a reward {reward_id} already")
        if program is None and (points or "program_id" in options):
            raise ValueError("a reward for points needs a loyalty program that is there")
        self.store.rewards[reward_id] = StoredReward(
            id=reward_id, name=name, points=points, program=program, subledger=options.get("subledger", "")
        )

    def get_customer_rewards(
        self,
        integration_id: str,
        *,
        status: Sequence[str] | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        with_total_result_size: bool | None = None,
    ) -> GetCustomerRewardsResponse:
        """List the rewards a customer has unlocked."""
        if integration_id not in self.store.profiles:
            raise unknown("customer profile")
        found = [
            _item(one.reward) | {"integrationId": name, "status": UNLOCKED, "unlockedAt": one.at.isoformat()}
            for name, one in self.store.unlocked.items()
            if one.profile_id == integration_id and (not status or UNLOCKED in status)
        ]
        data, more = page(found, page_size, skip, LARGEST_PAGE)
        total = len(found) if with_total_result_size else None
        return GetCustomerRewardsResponse(has_more=more, total_result_size=total, data=data)

    def integration_rewards_catalog(  # noqa: PLR0913  # the stub has as many
        self,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        points_from: float | None = None,
        points_to: float | None = None,
        include_free: bool | None = None,
        loyalty_program_id: int | None = None,
        subledger_id: str | None = None,
        profile_integration_id: str | None = None,
        loyalty_card_id: str | None = None,
    ) -> IntegrationRewardsCatalogResponse:
        """List rewards, and what a customer or a card has in the programs they are paid from."""
        self._check_who(loyalty_program_id, profile_integration_id, loyalty_card_id)
        found = [
            one
            for one in self.store.rewards.values()
            if (points_from is None or one.points >= points_from)
            and (points_to is None or one.points <= points_to)
            and (include_free is not False or one.points)
            and (loyalty_program_id is None or (one.program is not None and one.program.id == loyalty_program_id))
            and (subledger_id is None or one.subledger == subledger_id)
        ]
        data, more = page([_item(one) for one in found], page_size, skip, LARGEST_PAGE)
        loyalty = {
            str(one.program.id): self._balances(self.store, one.program, who)
            for one in found
            if one.program is not None
            and (who := (loyalty_card_id if one.program.cards else profile_integration_id)) is not None
        }
        return IntegrationRewardsCatalogResponse(catalog=RewardsCatalogPage(has_more=more, data=data), loyalty=loyalty)

    def unlock_reward(
        self, reward_id: int, body: IntegrationUnlockRewardRequest, *, dry: bool | None = None
    ) -> IntegrationUnlockRewardResponse:
        """Give a customer a reward, once under an ID, if their points are enough."""
        with self.change(dry) as store:
            if (reward := store.rewards.get(reward_id)) is None:
                raise unknown("reward")
            if (profile := store.profiles.get(body.profile_integration_id)) is None:
                raise unknown("customer profile")
            if body.integration_id in store.unlocked:
                raise Refusal(409, "A reward with this integrationId is unlocked already")
            who = self._payer(store, reward, body)
            effects = self.identified(_effects(reward, body, self.now(), who))
            self.move_points(store, effects, body.profile_integration_id)
            new = StoredUnlock(reward=reward, profile_id=body.profile_integration_id, at=self.now())
            store.unlocked[body.integration_id] = new
        return answer(
            IntegrationUnlockRewardResponse,
            {"effects": effects},
            {
                "customer_profile": lambda: store.profiles.get(body.profile_integration_id, profile),
                "rule_failure_reasons": list,
                "loyalty": lambda: (
                    {str(reward.program.id): plain_of(self._balances(store, reward.program, who))}
                    if reward.program is not None
                    else {}
                ),
            },
            body.response_content or (),
        )

    def _payer(self, store: Store, reward: StoredReward, body: IntegrationUnlockRewardRequest) -> str:
        """Return the customer or the card that pays, if they can."""
        program = reward.program
        if program is None:
            return body.profile_integration_id
        if body.loyalty_program_id not in (None, program.id):
            raise invalid("/loyaltyProgramId", f"the reward is paid from program {program.id}")
        if body.subledger_id not in (None, reward.subledger):
            raise invalid("/subledgerId", f'the reward is paid from the ledger "{reward.subledger}"')
        who = body.profile_integration_id
        if program.cards:
            who = body.loyalty_card_id or body.card_identifier or ""
            if (program.id, who) not in store.cards:
                raise unknown("loyalty card")
        ledgers = program.standings(store.ledgers.get((program.id, who), ()), self.now())
        if (ledgers[reward.subledger].total("active") if reward.subledger in ledgers else 0) < reward.points:
            raise Refusal(422, f"{reward.points:g} points are needed")
        return who

    def _balances(self, store: Store, program: StoredProgram, who: str) -> LoyaltyBalances:
        standings = program.standings(store.ledgers.get((program.id, who), ()), self.now())
        balances = {name: one.balance for name, one in standings.items()}
        return LoyaltyBalances(balance=balances.pop(""), subledger_balances=balances)

    def _check_who(self, program_id: int | None, profile_id: str | None, card_id: str | None) -> None:
        if program_id is not None and program_id not in self.store.programs:
            raise unknown("loyalty program")
        if profile_id is not None and profile_id not in self.store.profiles:
            raise unknown("customer profile")
        if card_id is not None and all(card_id != identifier for _, identifier in self.store.cards):
            raise unknown("loyalty card")


def _item(reward: StoredReward) -> dict[str, Any]:
    item: dict[str, Any] = {"rewardId": reward.id, "name": reward.name, "points": reward.points}
    if reward.program is None:
        return item
    return item | {"loyaltyProgramId": reward.program.id, "subledgerId": reward.subledger}


def _effects(reward: StoredReward, body: IntegrationUnlockRewardRequest, now: datetime, who: str) -> list[Effect]:
    """Return what unlocking a reward leads to."""
    card = who if reward.program is not None and reward.program.cards else None
    unlocked = UnlockRewardEffectProps(
        integration_id=body.integration_id,
        reward_id=reward.id,
        application_id=APPLICATION,
        profile_integration_id=body.profile_integration_id,
        unlocked_at=now,
        loyalty_card_id=card,
    )
    if reward.program is None or not reward.points:
        return [effect(unlocked)]
    paid = DeductLoyaltyPointsEffectProps(
        rule_title=reward.name,
        name=reward.name,
        program_id=reward.program.id,
        sub_ledger_id=reward.subledger,
        value=reward.points,
        card_identifier=card,
    )
    return [effect(unlocked), effect(paid)]
