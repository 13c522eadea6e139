"""Profiles: attributes, audiences, the inventory, and forgetting a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async.models import (
    AudienceMembership,
    CustomerInventory,
    CustomerProfileIntegrationRequestV2,
    CustomerProfileIntegrationResponseV2,
    Event,
    IntegrationState,
    Loyalty,
    NewCustomerProfile,
    evolve,
)
from talon_async.models._base import camel
from talon_async.testing._refusal import misused, unknown
from talon_async.testing.world._effects import answer, in_version_1, rule_failure_reasons, triggered_campaigns
from talon_async.testing.world._ground import APPLICATION, LONGEST_ID, Ground, merged
from talon_async.testing.world.coupons import inventory_coupons

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_async.models import CustomerProfile, Effect, ProfileAudiencesChanges


class Profiles(Ground):
    """The operations on profiles."""

    def update_customer_profile_v2(  # the stub has as many
        self,
        integration_id: str,
        body: CustomerProfileIntegrationRequestV2 | NewCustomerProfile,
        *,
        run_rule_engine: bool | None = None,
        dry: bool | None = None,
    ) -> CustomerProfileIntegrationResponseV2:
        """Create or update a profile; the rules run, and answers hold more than nothing, only when asked to."""
        audiences = body.audiences_changes if isinstance(body, CustomerProfileIntegrationRequestV2) else None
        asked = body.response_content if isinstance(body, CustomerProfileIntegrationRequestV2) else None
        profile = self._update_profile(integration_id, body, audiences, dry=dry)
        effects = self._profile_effects(profile) if run_rule_engine else []
        return answer(
            CustomerProfileIntegrationResponseV2,
            {"effects": effects, "created_coupons": [], "created_referrals": []},
            {
                "customer_profile": lambda: profile,
                "event": lambda: self._profile_event(profile, effects),
                "loyalty": Loyalty,
                "triggered_campaigns": lambda: triggered_campaigns(effects),
                "rule_failure_reasons": lambda: rule_failure_reasons(effects),
                "campaign_eligibility": list,
                "awarded_giveaways": list,
                "achievements": list,
            },
            (asked or ()) if run_rule_engine else (),
        )

    def update_customer_profile(
        self, integration_id: str, body: NewCustomerProfile, *, dry: bool | None = None
    ) -> IntegrationState:
        """Create or update a profile the V1 way: the rules always run."""
        profile = self._update_profile(integration_id, body, None, dry=dry)
        return IntegrationState(profile=profile, event=self._profile_event(profile, self._profile_effects(profile)))

    def get_customer_inventory(  # noqa: PLR0913  # the stub has as many
        self,
        integration_id: str,
        *,
        profile: bool | None = None,
        referrals: bool | None = None,
        coupons: bool | None = None,
        loyalty: bool | None = None,
        giveaways: bool | None = None,
        achievements: bool | None = None,
    ) -> CustomerInventory:
        """Tell what a customer has, of what is asked for."""
        store = self.store
        if (known := store.profiles.get(integration_id)) is None:
            raise unknown("customer profile")
        mine = [one for one in store.referrals.values() if one.advocate_profile_integration_id == integration_id]
        wanted = {
            "profile": profile,
            "referrals": referrals,
            "coupons": coupons,
            "loyalty": loyalty,
            "giveaways": giveaways,
            "achievements": achievements,
        }
        return answer(
            CustomerInventory,
            {},
            {
                "profile": lambda: known,
                "referrals": lambda: mine,
                "coupons": lambda: inventory_coupons(store, integration_id, self.now()),
                "loyalty": Loyalty,
                "giveaways": list,
                "achievements": list,
            },
            [camel(name) for name, yes in wanted.items() if yes],
        )

    def delete_customer_data(self, integration_id: str) -> None:
        """Forget every attribute of a customer and of what refers to them."""
        with self.change() as store:
            if (known := store.profiles.get(integration_id)) is None:
                raise unknown("customer profile")
            store.profiles[integration_id] = evolve(known, attributes={})
            for name, stored in list(store.sessions.items()):
                if stored.session.profile_id == integration_id:
                    session = evolve(stored.session, attributes={})
                    store.sessions[name] = evolve(stored, session=session)
            for number, event in list(store.events.items()):
                if event.profile_id == integration_id:
                    store.events[number] = evolve(event, attributes={})
            for code, referral in list(store.referrals.items()):
                if referral.advocate_profile_integration_id == integration_id:
                    store.referrals[code] = evolve(referral, attributes={})

    def _update_profile(
        self,
        integration_id: str,
        body: CustomerProfileIntegrationRequestV2 | NewCustomerProfile,
        audiences: ProfileAudiencesChanges | None,
        *,
        dry: bool | None,
    ) -> CustomerProfile:
        if len(integration_id) > LONGEST_ID:
            raise misused("integrationId", f"an ID has at most {LONGEST_ID} characters")
        self.check_attributes("CustomerProfile", body.attributes, "/attributes")
        with self.change(dry) as store:
            old = self.profile(store, integration_id, "")
            new = evolve(
                old,
                attributes=merged(old.attributes, body.attributes),
                audience_memberships=_memberships(old.audience_memberships, audiences),
                last_activity=old.last_activity if dry else self.now(),
            )
            store.profiles[integration_id] = new
        return new

    def _profile_effects(self, profile: CustomerProfile) -> list[Effect]:
        return [effect for rule in self.rules.on_profile for effect in rule(profile)]

    def _profile_event(self, profile: CustomerProfile, effects: Sequence[Effect]) -> Event:
        return Event(
            id=self.new_id(),
            created=self.now(),
            application_id=APPLICATION,
            profile_id=profile.integration_id,
            type="talon_customer_profile_updated",
            effects=in_version_1(effects),
        )


def _memberships(
    old: Sequence[AudienceMembership], changes: ProfileAudiencesChanges | None
) -> Sequence[AudienceMembership]:
    if changes is None:
        return old
    ids = {one.id for one in old} | set(changes.adds)
    return [
        AudienceMembership(id=number, name=f"Audience {number}")
        for number in sorted(number for number in ids if number is not None and number not in changes.deletes)
    ]
