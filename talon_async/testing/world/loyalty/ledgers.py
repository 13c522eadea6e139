"""The ledgers of all programs: what users put into them, and what the effects of rules do to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict
from uuid import uuid4

import attrs

from talon_async.models import (
    AddLoyaltyPointsEffectProps,
    DeductLoyaltyPointsEffectProps,
    Loyalty,
    LoyaltyCard,
    LoyaltyMembership,
    LoyaltyProgramLedgers,
    evolve,
)
from talon_async.models._base import CARD_ID
from talon_async.testing._refusal import misused, unknown
from talon_async.testing.world._ground import Ground, aware
from talon_async.testing.world.loyalty._ledger import Movement, in_force, standing
from talon_async.testing.world.loyalty._program import StoredProgram

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from typing import Unpack

    from talon_async.models import CustomerProfile, Effect
    from talon_async.testing.world._store import Store

POINTS = (AddLoyaltyPointsEffectProps, DeductLoyaltyPointsEffectProps)


class LoyaltyProgramOptions(TypedDict, total=False):
    """What a loyalty program can be made with.

    Attributes:
        name: its name; `Program` and its ID by default.
        title: its name for customers; the name by default.
        cards: the points belong to cards, not to customers.
        users_per_card: how many customers can share a card; 0, the default, is without limit.
        tiers: the name of each tier, and the points in the main ledger that it takes. A tier follows the active points
            at once, up and down: it does not expire, and nobody is told by an effect.
        subledgers: the IDs of ledgers that balances show before there is anything in them; points can go to any.
    """

    name: str
    title: str
    cards: bool
    users_per_card: int
    tiers: Sequence[tuple[str, float]]
    subledgers: Sequence[str]


class PointsOptions(TypedDict, total=False):
    """How points can be given.

    Attributes:
        subledger: the ID of the ledger they go to; "", the default, is the main one.
        start: when they can be used; at once by default.
        expires: when they no longer can; never by default.
        awaits_activation: they cannot be used before `activate_loyalty_points`.
        name: the reason.
        session_id: the session they come from; without one, they were given by hand.
    """

    subledger: str
    start: datetime | None
    expires: datetime | None
    awaits_activation: bool
    name: str
    session_id: str | None


class Ledgers(Ground):
    """What sessions, profiles, events and the operations on loyalty have in common.

    Points can be spent beyond what there is: the balance is negative then, until the next points pay for it. A
    rollback makes a movement count as if it had never been. A `validity_duration` is told, but ends nothing.
    """

    # -- what users put in

    def add_loyalty_program(self, program_id: int, **options: Unpack[LoyaltyProgramOptions]) -> None:
        """Make a loyalty program."""
        if program_id in self.store.programs:
            raise ValueError(f"there is a loyalty program {program_id} already")
        name = options.get("name", f"Program {program_id}")
        self.store.programs[program_id] = StoredProgram(
            id=program_id,
            name=name,
            title=options.get("title", name),
            cards=options.get("cards", False),
            users_per_card=options.get("users_per_card", 0),
            tiers=sorted(options.get("tiers", ()), key=lambda tier: tier[1]),
            subledgers=tuple(options.get("subledgers", ())),
        )

    def add_points(self, program_id: int, who: str, points: float, **options: Unpack[PointsOptions]) -> str:
        """Give a customer or a card points; returns the UUID of the transaction."""
        if (program := self.store.programs.get(program_id)) is None:
            raise ValueError(f"there is no loyalty program {program_id}: add it first")
        aware(options.get("start"), options.get("expires"))
        if points <= 0:
            raise ValueError("points are given, not taken: a rule can deduct them")
        if program.cards and (program_id, who) not in self.store.cards:
            if (said := CARD_ID.refusal(who)) is not None:
                raise ValueError(f"the ID of a card {said}")
            self.new_card(self.store, program, who)
        given = dict(options)
        by_hand = given.get("session_id") is None
        return self._record(self.store, program, who, kind="addition", amount=points, by_hand=by_hand, **given).uuid

    def new_card(self, store: Store, program: StoredProgram, identifier: str, status: str = "active") -> LoyaltyCard:
        """Make a card that nobody is linked to."""
        card = LoyaltyCard(
            id=self.new_id(),
            created=self.now(),
            modified=self.now(),
            program_id=program.id,
            program_name=program.name,
            program_title=program.title,
            status=status,
            identifier=identifier,
            users_per_card_limit=program.users_per_card,
        )
        store.cards[program.id, identifier] = card
        return card

    # -- what effects do

    @staticmethod
    def identified(effects: Iterable[Effect], held: Sequence[Effect] = ()) -> list[Effect]:
        """Return effects of which each that moves points names its transaction: that of the same one, if it holds."""
        free = list(held)
        found: list[Effect] = []
        for one in effects:
            if not isinstance(one.props, POINTS) or one.props.transaction_uuid:
                found.append(one)
                continue
            same = next((other for other in free if one == _unidentified(other)), None)
            if same is not None:
                free.remove(same)
            found.append(same or evolve(one, props=evolve(one.props, transaction_uuid=str(uuid4()))))
        return found

    def move_points(
        self, store: Store, effects: Iterable[Effect], profile_id: str, step: int = 1, session_id: str | None = None
    ) -> None:
        """Move the points of effects, or with a step of -1 take their movements back; programs not known have none."""
        for one in effects:
            if not isinstance(one.props, POINTS) or not (place := _place(store, one.props, profile_id)):
                continue
            program, who = place
            if step > 0:
                more = {"profile_id": profile_id or None, "session_id": session_id or None}
                self._record(store, program, who, **_movement(one, one.props), **more)
            else:
                self._take_back(store, program, who, one.props.transaction_uuid)

    def _take_back(self, store: Store, program: StoredProgram, who: str, uuid: str | None) -> None:
        found = [one for one in in_force(store.ledgers.get((program.id, who), ())) if one.uuid == uuid]
        if not found:
            return  # it was deleted meanwhile
        one = found[-1]
        kind = "subtraction" if one.kind == "addition" else "addition"
        kept = {name: getattr(one, name) for name in ("amount", "name", "subledger", "session_id", "profile_id")}
        self._record(store, program, who, kind=kind, undoes=one.id, **kept)

    def _record(self, store: Store, program: StoredProgram, who: str, **fields: Any) -> Movement:
        """Write a movement to a ledger; whom it belongs to takes part in the program from then on."""
        if not program.cards:
            self.join(store, program.id, self.profile(store, who, ""))
        before = store.ledgers.get((program.id, who), ())
        told: dict[str, Any] = {"id": self.new_id(), "uuid": str(uuid4()), "created": self.now(), **fields}
        one = Movement(**told)
        same = [other for other in before if other.subledger == one.subledger]
        missing = [standing(ones, self.now()).missing for ones in (same, [*same, one])]
        one = attrs.evolve(one, overdraws=missing[0] < missing[1])
        store.ledgers[program.id, who] = (*before, one)
        return one

    def join(self, store: Store, program_id: int, profile: CustomerProfile) -> bool:
        """Let a customer take part in a program; False if they do already."""
        if joined(profile, program_id) is not None:
            return False
        new = LoyaltyMembership(joined=self.now(), loyalty_program_id=program_id)
        memberships = [*profile.loyalty_memberships, new]
        store.profiles[profile.integration_id or ""] = evolve(profile, loyalty_memberships=memberships)
        return True

    # -- what answers tell

    def loyalty(self, store: Store, profile_id: str, cards: Iterable[str] = (), later: Store | None = None) -> Loyalty:
        """Tell the programs a customer has joined, and the cards named; tentative balances are those of `later`."""
        profile = store.profiles.get(profile_id)
        programs: dict[str, LoyaltyProgramLedgers] = {}
        for one in profile.loyalty_memberships if profile else ():
            if (program := store.programs.get(one.loyalty_program_id or 0)) is not None:
                infos = self._infos(store, later or store, program, profile_id)
                programs[str(program.id)] = LoyaltyProgramLedgers(
                    id=program.id,
                    title=program.title,
                    name=program.name,
                    join_date=one.joined,
                    ledger=infos.pop(""),
                    sub_ledgers=infos,
                )
        named = set(cards)
        shown = [self.told(store, card, later) for (_, number), card in store.cards.items() if number in named]
        return Loyalty(cards=shown, programs=programs)

    def told(self, store: Store, card: LoyaltyCard, later: Store | None = None) -> LoyaltyCard:
        """Return a card with what is on it."""
        infos = self._infos(store, later or store, store.programs[card.program_id or 0], card.identifier or "")
        return evolve(card, ledger=infos.pop(""), subledgers=infos)

    def _infos(self, now: Store, later: Store, program: StoredProgram, who: str) -> dict[str, Any]:
        place = (program.id, who)
        return program.infos(now.ledgers.get(place, ()), later.ledgers.get(place, ()), self.now())

    # -- which

    @staticmethod
    def program(store: Store, program_id: int, *, cards: bool) -> StoredProgram:
        """Return a program of cards, or of customers."""
        if (known := store.programs.get(program_id)) is None:
            raise unknown("loyalty program")
        if known.cards is not cards:
            raise misused("loyaltyProgramId", f"is a program of {'cards' if known.cards else 'customers'}")
        return known


def joined(profile: CustomerProfile, program_id: int) -> datetime | None:
    """Return when a customer joined a program."""
    found = [one.joined for one in profile.loyalty_memberships if one.loyalty_program_id == program_id]
    return found[0] if found else None


def _unidentified(one: Effect) -> Effect | None:
    return evolve(one, props=evolve(one.props, transaction_uuid=None)) if isinstance(one.props, POINTS) else None


def _place(
    store: Store, props: AddLoyaltyPointsEffectProps | DeductLoyaltyPointsEffectProps, profile_id: str
) -> tuple[StoredProgram, str] | None:
    """Return the program and the customer or card whose ledger an effect is about, if there is one."""
    if (program := store.programs.get(props.program_id)) is None:
        return None
    if program.cards:
        card = props.card_identifier or ""
        return (program, card) if (program.id, card) in store.cards else None
    who = props.recipient_integration_id if isinstance(props, AddLoyaltyPointsEffectProps) else ""
    return (program, who or profile_id) if who or profile_id else None


def _movement(one: Effect, props: AddLoyaltyPointsEffectProps | DeductLoyaltyPointsEffectProps) -> dict[str, Any]:
    """Return what an effect says about its movement."""
    fields: dict[str, Any] = {
        "uuid": props.transaction_uuid,
        "kind": "subtraction",
        "amount": props.value,
        "name": props.name or "",
        "subledger": props.sub_ledger_id,
        "ruleset_id": one.ruleset_id,
        "rule_name": one.rule_name,
    }
    if isinstance(props, DeductLoyaltyPointsEffectProps):
        return fields | {"name": props.name or props.rule_title}
    return fields | {
        "kind": "addition",
        "start": props.start_date,
        "expires": props.expiry_date,
        "awaits_activation": bool(props.awaits_activation),
        "validity": props.validity_duration,
    }
