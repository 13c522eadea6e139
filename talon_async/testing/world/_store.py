"""What the world remembers; a change is made on a layer over it, and lands whole or not at all."""

from __future__ import annotations

from collections import ChainMap
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

    from talon_async.models import Coupon, CustomerProfile, CustomerSessionV2, Effect, Event, InventoryReferral

T = TypeVar("T")


@attrs.frozen
class StoredSession:
    """A session and what its last update led to."""

    session: CustomerSessionV2
    effects: Sequence[Effect] = ()


@attrs.frozen(kw_only=True)
class StoredCoupon:
    """A coupon, what it gives, who reserved it and who redeemed it how often."""

    coupon: Coupon
    name: str
    discount: float | None
    percent: float | None
    reserved: frozenset[str]
    redeemed: Mapping[str, int] = attrs.field(factory=dict[str, int])


@attrs.frozen(eq=False)
class Store:
    """All there is. Nothing in it is ever changed or removed, only replaced, so that a layer is cheap."""

    profiles: MutableMapping[str, CustomerProfile] = attrs.field(factory=dict[str, "CustomerProfile"])
    sessions: MutableMapping[str, StoredSession] = attrs.field(factory=dict[str, "StoredSession"])
    first_sessions: MutableMapping[str, str] = attrs.field(factory=dict[str, str])  # session by profile
    coupons: MutableMapping[str, StoredCoupon] = attrs.field(factory=dict[str, "StoredCoupon"])
    referrals: MutableMapping[str, InventoryReferral] = attrs.field(factory=dict[str, "InventoryReferral"])
    events: MutableMapping[int, Event] = attrs.field(factory=dict[int, "Event"])

    @classmethod
    def empty(cls) -> Store:
        """Return a store with nothing in it."""
        return cls({}, {}, {}, {}, {}, {})

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
