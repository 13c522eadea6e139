"""Unlocked rewards: whose they are, what uses them, and how answers tell them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from talon_async.models import (
    CustomerProfileReward,
    CustomerReward,
    RewardWithUnlocks,
    UseRewardEffectProps,
)
from talon_async.testing.world._effects import effect
from talon_async.testing.world._ground import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from talon_async.models import Effect
    from talon_async.testing.world._store import Store
    from talon_async.testing.world.loyalty._reward import CardKey, StoredUnlock


def is_linked(store: Store, card: CardKey, profile_id: str) -> bool:
    """Tell whether a customer is linked to a card."""
    known = store.cards.get(card)
    return known is not None and any(one.integration_id == profile_id for one in known.profiles)


def unlocks_of(store: Store, profile_id: str) -> list[StoredUnlock]:
    """Return what belongs to a customer, or to a card that the customer is linked to."""
    return [one for one in store.unlocked.values() if _belongs(store, one, profile_id)]


def _belongs(store: Store, one: StoredUnlock, profile_id: str) -> bool:
    return one.profile_id == profile_id if one.card is None else is_linked(store, one.card, profile_id)


def waits(store: Store, reward_id: int, profile_id: str | None, card: CardKey | None) -> bool:
    """Tell whether a card, or without one a customer, has unlocked a reward and not used it."""
    return any(
        one.reward.id == reward_id
        and one.used_at is None
        and one.card == card
        and (card is not None or one.profile_id == profile_id)
        for one in store.unlocked.values()
    )


def used(store: Store, identifiers: Sequence[str] | None, profile_id: str) -> list[Effect]:
    """Return the effects of using rewards; those that the customer cannot use have none."""
    effects: list[Effect] = []
    for identifier in dict.fromkeys(identifiers or ()):
        one = store.unlocked.get(identifier)
        if one is None or one.used_at is not None or not profile_id or not _belongs(store, one, profile_id):
            continue
        props = UseRewardEffectProps(integration_id=identifier, reward_id=one.reward.id, application_id=APPLICATION)
        effects.append(effect(props, reward_id=one.reward.id, reward_integration_id=identifier))
    return effects


def count(store: Store, effects: Iterable[Effect], profile_id: str, now: datetime, step: int) -> None:
    """Let the rewards of effects be used, or with a step of -1 let them be unused again."""
    for one in effects:
        if isinstance(one.props, UseRewardEffectProps) and (known := store.unlocked.get(one.props.integration_id)):
            at, by = (now, profile_id) if step > 0 else (None, None)
            store.unlocked[known.integration_id] = attrs.evolve(known, used_at=at, used_by=by)


def with_unlocks(store: Store, profile_id: str) -> list[RewardWithUnlocks]:
    """Return the rewards that a customer has unlocked and not used."""
    found: dict[int, list[StoredUnlock]] = {}
    for one in unlocks_of(store, profile_id):
        if one.used_at is None:
            found.setdefault(one.reward.id, []).append(one)
    return [
        RewardWithUnlocks(
            id=reward.id,
            integration_id=reward.integration_id,
            name=reward.name,
            description=reward.description,
            rule=reward.rule,
            unlocked=[_told(one) for one in unlocks],
        )
        for unlocks in found.values()
        for reward in [unlocks[0].reward]
    ]


def _told(one: StoredUnlock) -> CustomerReward:
    return CustomerReward(
        application_id=APPLICATION,
        profile_integration_id=one.profile_id,
        integration_id=one.integration_id,
        unlocked_at=one.at,
    )


def listed(one: StoredUnlock) -> CustomerProfileReward:
    """Return an unlocked reward as the listing of a customer's rewards shows it."""
    program, card = one.card if one.card is not None else (None, None)
    return CustomerProfileReward(
        id=one.id,
        integration_id=one.integration_id,
        reward_id=one.reward.id,
        reward_integration_id=one.reward.integration_id,
        reward_name=one.reward.name,
        description=one.reward.description,
        rule=one.reward.rule,
        status="unlocked" if one.used_at is None else "used",
        unlocked_at=one.at,
        unlocked_by_profile_integration_id=one.profile_id,
        used_at=one.used_at,
        used_by_profile_integration_id=one.used_by,
        loyalty_program_id=program,
        loyalty_card_id=card,
    )
