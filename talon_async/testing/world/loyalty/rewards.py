"""Rewards: what customers unlock, often with points, and use afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from talon_async.models import (
    DeductLoyaltyPointsEffectProps,
    GetCustomerRewardsResponse,
    IntegrationRewardsCatalogResponse,
    IntegrationUnlockRewardResponse,
    LoyaltyBalances,
    RewardCatalogItem,
    RewardEligibility,
    RewardEligibilityFailureDetails,
    RewardPointsRequired,
    RewardsCatalogPage,
    RuleFailureReason,
    UnlockRewardEffectProps,
    evolve,
)
from talon_async.testing._refusal import Refusal, Rejection, invalid, misused, unknown
from talon_async.testing.world._effects import NO_CAMPAIGN, answer, effect
from talon_async.testing.world._ground import APPLICATION, LARGEST_PAGE, page
from talon_async.testing.world.loyalty import unlocks
from talon_async.testing.world.loyalty._reward import CardKey, StoredReward, StoredUnlock
from talon_async.testing.world.loyalty.ledgers import Ledgers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Unpack

    from talon_async.models import Effect, IntegrationUnlockRewardRequest, RewardFailureCode
    from talon_async.testing.world._store import Store
    from talon_async.testing.world.loyalty._program import StoredProgram


class RewardOptions(TypedDict, total=False):
    """What a reward can be made with.

    Attributes:
        points: what it costs; 0, the default, is nothing.
        program_id: the loyalty program whose points these are; needed if there are any.
        subledger: the ID of the ledger that pays; "", the default, is the main one.
        description: what it is.
    """

    points: float
    program_id: int
    subledger: str
    description: str


class Rewards(Ledgers):
    """The operations on rewards."""

    def add_reward(self, reward_id: int, name: str, **options: Unpack[RewardOptions]) -> None:
        """Make a reward."""
        points, program = options.get("points", 0), self.store.programs.get(options.get("program_id", 0))
        if reward_id in self.store.rewards:
            raise ValueError(f"there is a reward {reward_id} already")
        if program is None and (points or "program_id" in options):
            raise ValueError("a reward for points needs a loyalty program that is there")
        self.store.rewards[reward_id] = StoredReward(
            id=reward_id,
            name=name,
            description=options.get("description", ""),
            points=points,
            program=program,
            subledger=options.get("subledger", ""),
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
        """List the rewards a customer has unlocked, also those of the customer's cards."""
        if integration_id not in self.store.profiles:
            raise unknown("customer profile")
        told = map(unlocks.listed, unlocks.unlocks_of(self.store, integration_id))
        found = [one for one in told if not status or one.status in status]
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
        """List rewards, whether a customer or a card can unlock them, and what they have in the program."""
        for name, points in (("pointsFrom", points_from), ("pointsTo", points_to)):
            if points is not None and points <= 0:
                raise misused(name, "must be greater than 0")
        if subledger_id is not None and loyalty_program_id is None:
            raise misused("subledgerId", "needs loyaltyProgramId")
        self._check_who(loyalty_program_id, profile_integration_id, loyalty_card_id)
        found = [
            one
            for one in self.store.rewards.values()
            if (include_free is not False if not one.points else _costs(one, points_from, points_to))
            and (loyalty_program_id is None or (one.program is not None and one.program.id == loyalty_program_id))
            and (subledger_id is None or one.subledger == subledger_id)
        ]
        items = [self._item(one, profile_integration_id, loyalty_card_id) for one in found]
        data, more = page(items, page_size, skip, LARGEST_PAGE)
        program = self.store.programs.get(loyalty_program_id or 0)
        who = loyalty_card_id if program is not None and program.cards else profile_integration_id
        return IntegrationRewardsCatalogResponse(
            catalog=RewardsCatalogPage(has_more=more, data=data),
            loyalty={str(program.id): self._balances(program, who)} if program is not None and who else {},
        )

    def unlock_reward(
        self, reward_id: int, body: IntegrationUnlockRewardRequest, *, dry: bool | None = None
    ) -> IntegrationUnlockRewardResponse:
        """Give a customer a reward, once under an ID, if their points are enough and none waits to be used."""
        who = body.profile_integration_id
        with self.change(dry) as store:
            if (reward := store.rewards.get(reward_id)) is None:
                raise unknown("reward")
            if who not in store.profiles:
                raise unknown("customer profile")
            if body.integration_id in store.unlocked:
                raise Refusal(409, "A reward with this integrationId is unlocked already")
            key = self._pay(store, reward, body)
            card = key[1] if key is not None else None
            effects = self.identified(_effects(reward, body, self.now(), card))
            self.move_points(store, effects, who)
            store.unlocked[body.integration_id] = StoredUnlock(
                id=self.new_id(),
                integration_id=body.integration_id,
                reward=reward,
                profile_id=who,
                at=self.now(),
                card=key,
            )
        return answer(
            IntegrationUnlockRewardResponse,
            {"effects": effects},
            {
                "customer_profile": lambda: store.profiles[who],
                "rule_failure_reasons": list,
                "loyalty": lambda: self.loyalty(store, who, [card] if card is not None else ()),
            },
            body.response_content or (),
        )

    def _pay(self, store: Store, reward: StoredReward, body: IntegrationUnlockRewardRequest) -> CardKey | None:
        """Check what pays for a reward, and that the reward may be unlocked; return the card that it belongs to."""
        _check_ledger(store, reward, body)
        card, who = _card_of(store, reward, body), body.profile_integration_id
        if unlocks.waits(store, reward.id, who, card):
            raise _rejected(reward, "The reward is unlocked already, and is not used")
        if self._active(store, reward, card[1] if card is not None else who) < reward.points:
            raise _rejected(reward, f"{reward.points:g} points are needed")
        return card

    def _active(self, store: Store, reward: StoredReward, who: str) -> float:
        """Return the points that can be spent on a reward."""
        if reward.program is None:
            return 0
        ledgers = reward.program.standings(store.ledgers.get((reward.program.id, who), ()), self.now())
        return ledgers[reward.subledger].total("active") if reward.subledger in ledgers else 0

    def _item(self, reward: StoredReward, profile_id: str | None, card: str | None) -> RewardCatalogItem:
        item = RewardCatalogItem(id=reward.id, name=reward.name, description=reward.description, rule=reward.rule)
        if reward.program is not None and reward.points:
            price = RewardPointsRequired(
                id=reward.id,
                amount=reward.points,
                loyalty_program_id=reward.program.id,
                subledger_id=reward.subledger,
            )
            item = evolve(item, points_required=[price])
        if profile_id is None and card is None:
            return item
        codes = self._objections(reward, profile_id, card)
        details = [RewardEligibilityFailureDetails(failure_code=code) for code in codes]
        return evolve(item, eligibility=RewardEligibility(passed=not codes, details=details))

    def _objections(self, reward: StoredReward, profile_id: str | None, card: str | None) -> list[RewardFailureCode]:
        """Return why a customer or a card cannot unlock a reward."""
        needs_card = reward.program is not None and reward.program.cards
        who = card if needs_card else profile_id
        cards: Sequence[CardKey | None] = _cards_named(self.store, card, reward.program) or (
            [] if needs_card else [None]
        )
        reasons: list[tuple[RewardFailureCode, bool]] = [
            ("CARD_REQUIRED", needs_card and card is None),
            ("PROFILE_REQUIRED", profile_id is None),
            ("CONDITION_NOT_MET", any(unlocks.waits(self.store, reward.id, profile_id, one) for one in cards)),
            ("INSUFFICIENT_BALANCE", who is not None and self._active(self.store, reward, who) < reward.points),
        ]
        return [code for code, applies in reasons if applies]

    def _balances(self, program: StoredProgram, who: str) -> LoyaltyBalances:
        standings = program.standings(self.store.ledgers.get((program.id, who), ()), self.now())
        balances = {name: one.balance for name, one in standings.items()}
        return LoyaltyBalances(balance=balances.pop(""), subledger_balances=balances)

    def _check_who(self, program_id: int | None, profile_id: str | None, card_id: str | None) -> None:
        if program_id is not None and program_id not in self.store.programs:
            raise unknown("loyalty program")
        if profile_id is not None and profile_id not in self.store.profiles:
            raise unknown("customer profile")
        if card_id is None:
            return
        programs = [number for number, identifier in self.store.cards if identifier == card_id]
        if not programs:
            raise unknown("loyalty card")
        if profile_id is not None and not any(
            unlocks.is_linked(self.store, (number, card_id), profile_id) for number in programs
        ):
            raise misused("loyaltyCardId", "the card must be linked to the customer")


def _costs(reward: StoredReward, least: float | None, most: float | None) -> bool:
    return (least is None or reward.points >= least) and (most is None or reward.points <= most)


def _check_ledger(store: Store, reward: StoredReward, body: IntegrationUnlockRewardRequest) -> None:
    """Refuse a ledger that does not exist, and one that does not pay for this reward."""
    given, ledger, program = body.loyalty_program_id, body.subledger_id, reward.program
    if given is not None and given not in store.programs:
        raise unknown("loyalty program")
    if program is not None and given != program.id and (reward.points or given is not None):
        raise invalid("/loyaltyProgramId", f"the reward is paid from program {program.id}")
    if given is None and ledger is not None:
        raise invalid("/subledgerId", "needs loyaltyProgramId")
    if program is not None and ledger != reward.subledger and (reward.points or ledger is not None):
        raise invalid("/subledgerId", f'the reward is paid from the ledger "{reward.subledger}"')


def _card_of(store: Store, reward: StoredReward, body: IntegrationUnlockRewardRequest) -> CardKey | None:
    """Return the card that unlocks a reward; a reward of no program takes a card of any program, or none."""
    given, program = body.loyalty_card_id or body.card_identifier, reward.program
    if program is not None and not program.cards and given is not None:
        raise invalid("/loyaltyCardId", f"program {program.id} has no cards")
    if given is None and not (program is not None and program.cards):
        return None
    keys = _cards_named(store, given, program or store.programs.get(body.loyalty_program_id or 0))
    if not keys:
        raise unknown("loyalty card")
    for key in keys:
        if store.cards[key].status == "active" and unlocks.is_linked(store, key, body.profile_integration_id):
            return key
    raise invalid("/loyaltyCardId", "the card must be active and linked to the customer")


def _cards_named(store: Store, card: str | None, program: StoredProgram | None) -> list[CardKey]:
    """Return the cards that an ID may mean: of this program, or without one of any."""
    return [key for key in store.cards if key[1] == card and (program is None or key[0] == program.id)]


def _rejected(reward: StoredReward, message: str) -> Rejection:
    """Refuse to unlock a reward, as its rule does."""
    place: dict[str, Any] = {"campaign_id": NO_CAMPAIGN, "campaign_name": "", "ruleset_id": 0, "rule_index": 0}
    return Rejection(message, [RuleFailureReason(**place, rule_name=reward.name, reward_id=reward.id, effect_index=0)])


def _effects(
    reward: StoredReward, body: IntegrationUnlockRewardRequest, now: datetime, card: str | None
) -> list[Effect]:
    """Return what unlocking a reward leads to."""
    unlocked = UnlockRewardEffectProps(
        integration_id=body.integration_id,
        reward_id=reward.id,
        application_id=APPLICATION,
        profile_integration_id=body.profile_integration_id,
        unlocked_at=now,
        loyalty_card_id=card,
    )
    if reward.program is None or not reward.points:
        return [effect(unlocked, reward_id=reward.id)]
    paid = DeductLoyaltyPointsEffectProps(
        rule_title=reward.name,
        name=reward.name,
        program_id=reward.program.id,
        sub_ledger_id=reward.subledger,
        value=reward.points,
        card_identifier=card,
    )
    return [effect(unlocked, reward_id=reward.id), effect(paid, reward_id=reward.id)]
