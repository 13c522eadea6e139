"""Profiles: attributes, audiences, the inventory, and forgetting a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async.models import (
    CustomerInventory,
    CustomerProfileIntegrationRequestV2,
    CustomerProfileIntegrationResponseV2,
    CustomerProfileUpdateV2Response,
    Event,
    IntegrationState,
    MultipleCustomerProfileIntegrationResponseV2,
    NewCustomerProfile,
    evolve,
)
from talon_async.models._base import camel
from talon_async.testing._refusal import invalid, misused, unknown
from talon_async.testing.world import achievements as progress
from talon_async.testing.world import audiences
from talon_async.testing.world._effects import answer, in_version_1, rule_failure_reasons, triggered_campaigns
from talon_async.testing.world._ground import APPLICATION, LONGEST_ID, merged
from talon_async.testing.world.coupons import inventory_coupons
from talon_async.testing.world.loyalty import unlocks
from talon_async.testing.world.loyalty.ledgers import Ledgers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_async.models import (
        CustomerProfile,
        Effect,
        MultipleCustomerProfileIntegrationRequest,
        MultipleCustomerProfileIntegrationRequestItem,
    )
    from talon_async.testing.world._store import Store

MOST_PROFILES = 1000


class Profiles(Ledgers):
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
        asked = body.response_content if isinstance(body, CustomerProfileIntegrationRequestV2) else None
        with self.change(dry) as store:
            profile = self._update_profile(store, integration_id, body, dry=dry)
            rewards = body.reward_integration_ids if isinstance(body, CustomerProfileIntegrationRequestV2) else ()
            effects = self._profile_effects(store, profile, rewards) if run_rule_engine else []
        return answer(
            CustomerProfileIntegrationResponseV2,
            {"effects": effects, "created_coupons": [], "created_referrals": []},
            {
                "customer_profile": lambda: store.profiles[integration_id],
                "event": lambda: self._profile_event(profile, effects),
                "loyalty": lambda: self.loyalty(store, integration_id),
                "triggered_campaigns": lambda: triggered_campaigns(effects, store.campaigns),
                "rule_failure_reasons": lambda: rule_failure_reasons(effects),
                "campaign_eligibility": list,
                "awarded_giveaways": list,
                "achievements": lambda: progress.customer_achievements(store, integration_id, self.now()),
                "rewards": lambda: unlocks.with_unlocks(store, integration_id),
            },
            (asked or ()) if run_rule_engine else (),
        )

    def update_customer_profiles_v2(
        self, body: MultipleCustomerProfileIntegrationRequest, *, silent: bool | None = None
    ) -> MultipleCustomerProfileIntegrationResponseV2 | None:
        """Create or update many profiles, all or none; the rules do not run."""
        given = body.customer_profiles or ()
        if len(given) > MOST_PROFILES:
            raise invalid("/customerProfiles", f"at most {MOST_PROFILES} profiles at once")
        with self.change() as store:
            for index, one in enumerate(given):
                pointer = f"/customerProfiles/{index}"
                if not 1 <= len(one.integration_id) <= LONGEST_ID:
                    raise invalid(f"{pointer}/integrationId", f"an ID has 1 to {LONGEST_ID} characters")
                self._update_profile(store, one.integration_id, one, pointer=pointer)
        if silent is not False:
            return None
        states = [CustomerProfileUpdateV2Response(customer_profile=store.profiles[one.integration_id]) for one in given]
        return MultipleCustomerProfileIntegrationResponseV2(integration_states=states)

    def update_customer_profile(
        self, integration_id: str, body: NewCustomerProfile, *, dry: bool | None = None
    ) -> IntegrationState:
        """Create or update a profile the V1 way: the rules always run."""
        with self.change(dry) as store:
            profile = self._update_profile(store, integration_id, body, dry=dry)
            effects = self._profile_effects(store, profile)
        return IntegrationState(profile=store.profiles[integration_id], event=self._profile_event(profile, effects))

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
        unlocked_rewards: bool | None = None,
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
            "unlocked_rewards": unlocked_rewards,
        }
        return answer(
            CustomerInventory,
            {},
            {
                "profile": lambda: known,
                "referrals": lambda: mine,
                "coupons": lambda: inventory_coupons(store, integration_id, self.now()),
                "loyalty": lambda: self.loyalty(store, integration_id),
                "giveaways": list,
                "achievements": lambda: progress.inventory_achievements(store, integration_id, self.now()),
                "rewards": lambda: unlocks.with_unlocks(store, integration_id),
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
            for name, advanced in list(store.advanced_events.items()):
                if advanced.profile_id == integration_id:
                    store.advanced_events[name] = evolve(advanced, attributes={})
            for code, referral in list(store.referrals.items()):
                if referral.advocate_profile_integration_id == integration_id:
                    store.referrals[code] = evolve(referral, attributes={})

    def _update_profile(
        self,
        store: Store,
        integration_id: str,
        body: CustomerProfileIntegrationRequestV2 | NewCustomerProfile | MultipleCustomerProfileIntegrationRequestItem,
        *,
        pointer: str = "",
        dry: bool | None = None,
    ) -> CustomerProfile:
        if len(integration_id) > LONGEST_ID:
            raise misused("integrationId", f"an ID has at most {LONGEST_ID} characters")
        self.check_attributes("CustomerProfile", body.attributes, f"{pointer}/attributes")
        changes = body.audiences_changes if isinstance(body, CustomerProfileIntegrationRequestV2) else None
        old = self.profile(store, integration_id, "")
        new = evolve(
            old,
            attributes=merged(old.attributes, body.attributes),
            audience_memberships=audiences.changed(store, old.audience_memberships, changes, self.now()),
            last_activity=old.last_activity if dry else self.now(),
        )
        store.profiles[integration_id] = new
        return new

    def _profile_effects(
        self, store: Store, profile: CustomerProfile, rewards: Sequence[str] | None = None
    ) -> list[Effect]:
        integration_id = profile.integration_id or ""
        effects = unlocks.used(store, rewards, integration_id)
        effects += self.identified(effect for rule in self.rules.on_profile for effect in rule(profile))
        progress.count(store, effects, integration_id, self.now(), 1)
        unlocks.count(store, effects, integration_id, self.now(), 1)
        self.move_points(store, effects, integration_id)
        return effects

    def _profile_event(self, profile: CustomerProfile, effects: Sequence[Effect]) -> Event:
        return Event(
            id=self.new_id(),
            created=self.now(),
            application_id=APPLICATION,
            profile_id=profile.integration_id,
            type="talon_customer_profile_updated",
            effects=in_version_1(effects),
        )
