"""What the world remembers; a change is made on a layer over it, and lands whole or not at all."""

from __future__ import annotations

from collections import ChainMap
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence
    from datetime import datetime

    from talon_async.models import (
        AchievementProgress,
        AchievementStatusEntry,
        Audience,
        Catalog,
        Coupon,
        CustomerProfile,
        CustomerSessionV2,
        Effect,
        Event,
        EventV3,
        IntegrationCampaign,
        InventoryReferral,
        LoyaltyCard,
        NewPriceAdjustment,
        Product,
        Return,
    )
    from talon_async.testing.world.loyalty._ledger import Movement
    from talon_async.testing.world.loyalty._program import StoredProgram
    from talon_async.testing.world.loyalty._reward import StoredReward, StoredUnlock

T = TypeVar("T")


@attrs.frozen
class StoredSession:
    """A session, what its last update led to, and what of all that it led to still holds."""

    session: CustomerSessionV2
    effects: Sequence[Effect] = ()
    valid: Sequence[Effect] = attrs.Factory(lambda self: self.effects, takes_self=True)


@attrs.frozen(kw_only=True)
class StoredCoupon:
    """A coupon, what it gives, who reserved it when, and who redeemed it how often."""

    coupon: Coupon
    name: str
    discount: float | None
    percent: float | None
    reserved: Mapping[str, datetime] = attrs.field(factory=dict[str, "datetime"])
    redeemed: Mapping[str, int] = attrs.field(factory=dict[str, int])


@attrs.frozen
class StoredCampaign:
    """A campaign, and whether its rules look again at what a return has left."""

    campaign: IntegrationCampaign
    reevaluate_on_return: bool


@attrs.frozen
class StoredItem:
    """An item of a catalog."""

    price: float | None = None
    attributes: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    product: Product | None = None


@attrs.frozen
class StoredCatalog:
    """A catalog and its items by SKU."""

    catalog: Catalog
    items: Mapping[str, StoredItem]


@attrs.frozen
class StoredPrice:
    """A price an article was given, by a sync without a type; None as price ends what was there before."""

    id: int
    given: datetime
    adjustment: NewPriceAdjustment


@attrs.frozen(eq=False)
class Store:
    """All there is. Nothing in it is ever changed or removed, only replaced, so that a layer is cheap."""

    profiles: MutableMapping[str, CustomerProfile] = attrs.field(factory=dict[str, "CustomerProfile"])
    sessions: MutableMapping[str, StoredSession] = attrs.field(factory=dict[str, "StoredSession"])
    first_sessions: MutableMapping[str, str] = attrs.field(factory=dict[str, str])  # session by profile
    coupons: MutableMapping[str, StoredCoupon] = attrs.field(factory=dict[str, "StoredCoupon"])
    referrals: MutableMapping[str, InventoryReferral] = attrs.field(factory=dict[str, "InventoryReferral"])
    events: MutableMapping[int, Event] = attrs.field(factory=dict[int, "Event"])
    advanced_events: MutableMapping[str, EventV3] = attrs.field(factory=dict[str, "EventV3"])
    returns: MutableMapping[int, Return] = attrs.field(factory=dict[int, "Return"])
    audiences: MutableMapping[int, Audience | None] = attrs.field(factory=dict[int, "Audience | None"])  # None: deleted
    achievements: MutableMapping[int, AchievementStatusEntry] = attrs.field(factory=dict[int, "AchievementStatusEntry"])
    progress: MutableMapping[tuple[str, int], tuple[AchievementProgress, ...]] = attrs.field(
        factory=dict[tuple[str, int], "tuple[AchievementProgress, ...]"]
    )  # oldest first, by profile and achievement
    campaigns: MutableMapping[int, StoredCampaign] = attrs.field(factory=dict[int, StoredCampaign])
    catalogs: MutableMapping[int, StoredCatalog] = attrs.field(factory=dict[int, StoredCatalog])
    prices: MutableMapping[str, tuple[StoredPrice, ...]] = attrs.field(
        factory=dict[str, tuple[StoredPrice, ...]]
    )  # by SKU
    programs: MutableMapping[int, StoredProgram] = attrs.field(factory=dict[int, "StoredProgram"])
    cards: MutableMapping[tuple[int, str], LoyaltyCard] = attrs.field(factory=dict[tuple[int, str], "LoyaltyCard"])
    ledgers: MutableMapping[tuple[int, str], tuple[Movement, ...]] = attrs.field(
        factory=dict[tuple[int, str], "tuple[Movement, ...]"]
    )  # in order, by program and by profile or card
    rewards: MutableMapping[int, StoredReward] = attrs.field(factory=dict[int, "StoredReward"])
    unlocked: MutableMapping[str, StoredUnlock] = attrs.field(factory=dict[str, "StoredUnlock"])

    @classmethod
    def empty(cls) -> Store:
        """Return a store with nothing in it."""
        return cls()

    def layer(self) -> Store:
        """Return a store that shows this one, and keeps what is written to itself."""
        return Store(*(ChainMap[Any, Any]({}, getattr(self, name)) for name in _NAMES))

    def land(self, layer: Store) -> None:
        """Take over what was written to a layer."""
        for name in _NAMES:
            if written := getattr(layer, name).maps[0]:
                getattr(self, name).update(written)


_NAMES = tuple(attribute.name for attribute in attrs.fields(Store))


def recast(source: Any, cls: type[T], **more: Any) -> T:
    """Make another model of what it has in common with a given one."""
    fields: Any = attrs.fields
    common = {a.name for a in fields(cls)} & {a.name for a in fields(type(source))} - more.keys()
    return cls(**{name: getattr(source, name) for name in common}, **more)
