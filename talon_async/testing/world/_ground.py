"""What all parts of the world stand on: the store, the time, the rules that users add, the attributes they define."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import attrs

from talon_async.models import CustomerProfile, CustomerSessionV2, evolve
from talon_async.testing._refusal import invalid, misused
from talon_async.testing.world._store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from datetime import datetime

    from talon_async._clock import Clock
    from talon_async.models import Effect, Event
    from talon_async.testing.world._store import StoredSession

T = TypeVar("T")
Entity = Literal["CustomerProfile", "CustomerSession", "CartItem", "Event", "Referral"]
APPLICATION = 1
"""The ID of the only Application."""
LONGEST_ID = 1000
LARGEST_PAGE = 1000


@attrs.define
class Rules:
    """What users let happen beside coupons and referrals."""

    on_session: list[Callable[[CustomerSessionV2], Iterable[Effect]]]
    on_profile: list[Callable[[CustomerProfile], Iterable[Effect]]]
    on_event: list[Callable[[Event], Iterable[Effect]]]


class Ground:
    """The parts that need no operation."""

    store: Store
    rules: Rules

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.store = Store.empty()
        self.rules = Rules([], [], [])
        self.referral_campaigns: dict[int, float | None] = {}  # the friend's discount by campaign
        self._defined: dict[Entity, frozenset[str]] = {}
        self._ids = itertools.count(1)

    def now(self) -> datetime:
        """Return the time it is in this world."""
        return self.clock.now()

    def new_id(self) -> int:
        """Return a number that nothing has yet."""
        return next(self._ids)

    @contextlib.contextmanager
    def change(self, dry: bool | None = None) -> Generator[Store]:
        """Give a layer to write to; it lands unless the change is refused, or dry."""
        layer = self.store.layer()
        yield layer
        if not dry:
            self.store.land(layer)

    # -- attributes

    def define_attributes(self, entity: Entity, *names: str) -> None:
        """Accept only these attributes, and those defined before, on an entity."""
        self._defined[entity] = self._defined.get(entity, frozenset()) | set(names)

    def check_attributes(self, entity: Entity, attributes: Mapping[str, Any] | None, pointer: str) -> None:
        """Refuse attributes that are not defined, if the user has defined any."""
        if (defined := self._defined.get(entity)) is None:
            return
        for name in attributes or ():
            if name not in defined:
                raise invalid(f"{pointer}/{name}", f'"{name}" is not a defined attribute of {entity}', "Unknown")

    # -- who and which

    def profile(self, store: Store, integration_id: str, pointer: str) -> CustomerProfile:
        """Return a profile, made if there is none; the pointer is where a request names it."""
        if (known := store.profiles.get(integration_id)) is not None:
            return known
        if len(integration_id) > LONGEST_ID:
            raise invalid(pointer, f"an ID has at most {LONGEST_ID} characters")
        new = CustomerProfile(
            id=self.new_id(),
            created=self.now(),
            integration_id=integration_id,
            account_id=1,
            closed_sessions=0,
            total_sales=0,
            last_activity=self.now(),
        )
        store.profiles[integration_id] = new
        return new

    def seen(self, store: Store, integration_id: str | None, pointer: str) -> CustomerProfile | None:
        """Note that a customer did something; nobody is behind the empty ID."""
        if not integration_id:
            return None
        profile = evolve(self.profile(store, integration_id, pointer), last_activity=self.now())
        store.profiles[integration_id] = profile
        return profile

    def owner(self, known: StoredSession | None, profile_id: str | None, pointer: str) -> str:
        """Return whose session it is; it stays with its profile, though an anonymous one may still get one."""
        owner = (known.session.profile_id or "") if known else ""
        if profile_id is None or profile_id == owner:
            return owner
        if owner:
            raise invalid(pointer, "the session belongs to another profile")
        return profile_id

    def new_session(self, integration_id: str) -> CustomerSessionV2:
        """Return a session with nothing in it."""
        return CustomerSessionV2(
            id=self.new_id(),
            created=self.now(),
            updated=self.now(),
            integration_id=integration_id,
            application_id=APPLICATION,
            profile_id="",
            referral_code="",
            state="open",
            first_session=True,
            update_count=0,
            total=0,
            cart_item_total=0,
            additional_cost_total=0,
            cart_item_additional_cost_total=0,
        )

    def is_first(self, store: Store, session_id: str, profile_id: str) -> bool:
        """Tell whether a session is the first of its profile, and remember it; anonymous ones always are."""
        return not profile_id or store.first_sessions.setdefault(profile_id, session_id) == session_id


def page(items: Sequence[T], page_size: int | None, skip: int | None, default: int) -> tuple[list[T], bool]:
    """Return one page of what there is, and whether there is more after it."""
    size, begin = default if page_size is None else page_size, skip or 0
    if not 1 <= size <= LARGEST_PAGE:
        raise misused("pageSize", f"must be 1 to {LARGEST_PAGE}, not {size}")
    if begin < 0:
        raise misused("skip", "must not be negative")
    return list(items[begin : begin + size]), begin + size < len(items)


def numbers(parameter: str, given: Sequence[str] | None) -> set[int] | None:
    """Read a query value of IDs; None is any."""
    try:
        return {int(text) for text in given} if given else None
    except ValueError:
        raise misused(parameter, "must be numbers") from None


def aware(*times: datetime | None) -> None:
    """Refuse times without a zone in what users script."""
    for time in times:
        if time is not None and time.tzinfo is None:
            raise ValueError(f"{time.isoformat()} has no time zone")


def merged(attributes: Mapping[str, Any], changes: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return attributes after changes to them; null deletes one."""
    return {name: value for name, value in {**attributes, **(changes or {})}.items() if value is not None}
