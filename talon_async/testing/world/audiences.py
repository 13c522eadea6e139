"""Audiences: who is in them is kept in the profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_async.models import Audience, AudienceMembership, evolve
from talon_async.testing._refusal import Refusal, invalid, unknown
from talon_async.testing.world._ground import Ground, merged
from talon_async.testing.world._store import Store, recast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from talon_async.models import (
        CustomerProfile,
        CustomerProfileAudienceRequest,
        NewAudience,
        ProfileAudiencesChanges,
        UpdateAudience,
    )

MOST_CHANGES = 1000


class Audiences(Ground):
    """The operations on audiences."""

    def add_audience(self, audience_id: int, name: str) -> Audience:
        """Make an audience of one's own."""
        if audience_id in self.store.audiences:
            raise ValueError(f"there is, or was, an audience {audience_id}")
        new = Audience(id=audience_id, created=self.now(), account_id=1, name=name, sandbox=False)
        self.store.audiences[audience_id] = new
        return new

    def create_audience_v2(self, body: NewAudience) -> Audience:
        """Make an audience, unless one stands for the same audience of another system."""
        if not body.name:
            raise invalid("/name", "must not be empty")
        with self.change() as store:
            counterpart = (body.integration, body.integration_id)
            if body.integration_id and any(
                one is not None and counterpart == (one.integration, one.integration_id)
                for one in store.audiences.values()
            ):
                raise Refusal(409, "An audience with this integrationId exists already")
            while (number := self.new_id()) in store.audiences:
                pass
            audience = recast(
                body,
                Audience,
                id=number,
                created=self.now(),
                account_id=1,
                sandbox=body.sandbox or False,
                subscribed_applications_ids=body.subscribed_applications_ids or [],
            )
            store.audiences[number] = audience
        return audience

    def update_audience_v2(self, audience_id: int, body: UpdateAudience) -> Audience:
        """Rename an audience, for its members too."""
        if not body.name:
            raise invalid("/name", "must not be empty")
        with self.change() as store:
            audience = evolve(_audience(store, audience_id), name=body.name)
            if body.subscribed_applications_ids is not None:
                audience = evolve(audience, subscribed_applications_ids=body.subscribed_applications_ids)
            store.audiences[audience_id] = audience
            for profile in _members(store, audience_id):
                _keep(store, profile, moved(store, profile.audience_memberships, [audience_id], [], self.now()))
        return audience

    def delete_audience_v2(self, audience_id: int) -> None:
        """Delete an audience, after everybody has left it."""
        with self.change() as store:
            self._leave(store, audience_id)
            store.audiences[audience_id] = None

    def delete_audience_memberships_v2(self, audience_id: int) -> None:
        """Let everybody leave an audience."""
        with self.change() as store:
            self._leave(store, audience_id)

    def update_customer_profile_audiences(self, body: CustomerProfileAudienceRequest) -> None:
        """Let customers join and leave audiences; those who join and are not known yet are created."""
        changes = body.data or ()
        if len(changes) > MOST_CHANGES:
            raise invalid("/data", f"at most {MOST_CHANGES} changes at once")
        with self.change() as store:
            for index, one in enumerate(changes):
                pointer = f"/data/{index}/profileIntegrationId"
                _audience(store, one.audience_id)
                if not one.profile_integration_id:
                    raise invalid(pointer, "must not be empty")
                if one.action == "delete" and one.profile_integration_id not in store.profiles:
                    raise unknown("customer profile")
                profile = self.profile(store, one.profile_integration_id, pointer)
                adds, deletes = ([one.audience_id], []) if one.action == "add" else ([], [one.audience_id])
                _keep(store, profile, moved(store, profile.audience_memberships, adds, deletes, self.now()))

    def update_audience_customers_attributes(self, audience_id: int, body: Mapping[str, Any]) -> None:
        """Set attributes on all who are in an audience."""
        self.check_attributes("CustomerProfile", body, "")
        with self.change() as store:
            _audience(store, audience_id)
            for profile in _members(store, audience_id):
                changed = evolve(profile, attributes=merged(profile.attributes, body))
                store.profiles[profile.integration_id or ""] = changed

    def _leave(self, store: Store, audience_id: int) -> None:
        _audience(store, audience_id)
        for profile in _members(store, audience_id):
            _keep(store, profile, moved(store, profile.audience_memberships, [], [audience_id], self.now()))


def _audience(store: Store, audience_id: int) -> Audience:
    if (known := store.audiences.get(audience_id)) is None:
        raise unknown("audience")
    return known


def _members(store: Store, audience_id: int) -> list[CustomerProfile]:
    return [one for one in store.profiles.values() if any(audience_id == m.id for m in one.audience_memberships)]


def _keep(store: Store, profile: CustomerProfile, memberships: Sequence[AudienceMembership]) -> None:
    store.profiles[profile.integration_id or ""] = evolve(profile, audience_memberships=memberships)


def moved(
    store: Store, old: Sequence[AudienceMembership], adds: Iterable[int], deletes: Iterable[int], now: datetime
) -> list[AudienceMembership]:
    """Return memberships after changes to them, and note in the audiences that they changed."""
    before = {one.id for one in old if one.id is not None}
    after = (before | set(adds)) - set(deletes)
    for number in before ^ after:
        if (audience := store.audiences.get(number)) is not None:
            store.audiences[number] = evolve(audience, last_update=now)
    known = {number: audience.name for number in after if (audience := store.audiences.get(number))}
    return [AudienceMembership(id=n, name=known.get(n, f"Audience {n}")) for n in sorted(after)]


def changed(
    store: Store, old: Sequence[AudienceMembership], changes: ProfileAudiencesChanges | None, now: datetime
) -> Sequence[AudienceMembership]:
    """Return memberships after a profile's changes; any audience will do until the first is made."""
    if changes is None:
        return old
    for field in ("adds", "deletes"):
        for index, number in enumerate(getattr(changes, field)):
            if store.audiences and store.audiences.get(number) is None:
                raise invalid(f"/audiencesChanges/{field}/{index}", f"{number} is not an audience", "Unknown")
    return moved(store, old, changes.adds, changes.deletes, now)
