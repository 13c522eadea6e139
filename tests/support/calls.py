"""One realistic call of every operation, in the order in which a shop would make them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from talon_async import models as m

SPRING, AUTUMN = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
UUIDS = ["8f1a8d7c-9c3e-4a5e-9f0d-2c5f7a3b1cde", "0e0b3c9a-6f5d-4e4c-9a5b-1d2e3f4a5b6c"]
PROFILE, CARD, SESSION = "customer-7/ü", "card+0543@shop", "cart $7"
PROGRAM, CARDS_PROGRAM, CATALOG, ACHIEVEMENT, REWARD, CAMPAIGN = 5, 6, 3, 9, 4, 8
AUDIENCE = 7700


class Call(NamedTuple):
    """One call: the operation, its arguments, and whether its answer has no body."""

    name: str
    args: tuple[Any, ...]
    options: dict[str, Any]
    empty: bool = False


def cart(**more: Any) -> m.NewCustomerSessionV2:
    """Return a cart with two items."""
    return m.NewCustomerSessionV2(
        profile_id=PROFILE,
        store_integration_id="berlin-mitte",
        coupon_codes=["10$OFF_NOW"],
        identifiers=["91.11.156.141"],
        cart_items=[
            m.CartItem(name="Hike Boot", sku="boot", quantity=2, price=99.5, attributes={"colour": "red", "old": None}),
            m.CartItem(
                name="Sock", sku="sock", quantity=3, price=4, additional_costs={"wrap": m.AdditionalCost(price=0.5)}
            ),
        ],
        additional_costs={"shipping": m.AdditionalCost(price=4.9)},
        attributes={"payment": "card", "ordered": AUTUMN},
        **more,
    )


def call(name: str, *args: Any, empty: bool = False, **options: Any) -> Call:
    """Write a call down."""
    return Call(name, args, options, empty)


PROFILES = [
    call("update_customer_profile", PROFILE, m.NewCustomerProfile(attributes={"city": "Berlin"}), dry=False),
    call(
        "update_customer_profile_v2",
        PROFILE,
        m.CustomerProfileIntegrationRequestV2(attributes={"age": 42}, response_content=["customerProfile", "loyalty"]),
        run_rule_engine=True,
        dry=False,
        idempotency_key="profile-1",
    ),
    call(
        "update_customer_profiles_v2",
        m.MultipleCustomerProfileIntegrationRequest(
            customer_profiles=[
                m.MultipleCustomerProfileIntegrationRequestItem(integration_id=name, attributes={"vip": True})
                for name in (PROFILE, "friend")
            ]
        ),
        silent=False,
    ),
    call(
        "get_customer_inventory",
        PROFILE,
        profile=True,
        referrals=True,
        coupons=True,
        loyalty=True,
        giveaways=True,
        achievements=True,
    ),
]
CODES = [
    call("create_coupon_reservation", "10$OFF_NOW", m.CouponReservations(integration_ids=[PROFILE, "friend"])),
    call("get_reserved_customers", "10$OFF_NOW"),
    call("delete_coupon_reservation", "10$OFF_NOW", m.CouponReservations(integration_ids=["friend"]), empty=True),
    call(
        "create_referral",
        m.NewReferral(campaign_id=CAMPAIGN, advocate_profile_integration_id=PROFILE, expiry_date=AUTUMN, usage_limit=1),
    ),
    call(
        "create_referrals_for_multiple_advocates",
        m.NewReferralsForMultipleAdvocates(
            campaign_id=CAMPAIGN,
            advocate_profile_integration_ids=[PROFILE, "friend"],
            usage_limit=1,
            valid_characters=["A", "B", "7"],
            referral_pattern="SHOP-####",
        ),
        silent=False,
    ),
]
EVENTS = [
    call(
        "track_event",
        m.NewEvent(type="viewed", attributes={"page": "/"}, session_id="v1", profile_id=PROFILE),
        dry=False,
    ),
    call(
        "track_event_v2",
        m.IntegrationEventV2Request(type="looked", profile_id=PROFILE, attributes={}),
        dry=True,
        force_complete_evaluation=True,
        empty=True,
    ),
    call(
        "track_event_v3",
        m.IntegrationEventV3Request(integration_id="review/0", type="looked", profile_id=PROFILE),
        silent=True,
        dry=True,
        force_complete_evaluation=True,
        empty=True,
    ),
    call(
        "track_event_v2",
        m.IntegrationEventV2Request(
            type="shared_a_product",
            profile_id=PROFILE,
            attributes={"sku": "boot"},
            response_content=["customerProfile"],
        ),
        silent=False,
        dry=False,
    ),
]
SESSIONS = [
    call(
        "update_customer_session",
        "v1",
        m.NewCustomerSession(profile_id=PROFILE, state="open", total=9.9, coupon="10$OFF_NOW"),
        dry=False,
    ),
    call(
        "update_customer_session_v2",
        SESSION,
        m.IntegrationRequest(customer_session=cart(state="closed"), response_content=["customerSession", "coupons"]),
        idempotency_key="session-1",
    ),
    call(
        "track_event_v3",
        m.IntegrationEventV3Request(
            integration_id="review/1", type="reviewed", profile_id=PROFILE, connected_session_id=SESSION
        ),
        silent=False,
        dry=False,
    ),
    call("get_event_v3", "review/1"),
    call("get_customer_session", SESSION),
    call("reopen_customer_session", SESSION),
    call(
        "update_customer_session_v2",
        SESSION,
        m.IntegrationRequest(customer_session=m.NewCustomerSessionV2(state="closed")),
    ),
    call(
        "return_cart_items",
        SESSION,
        m.ReturnIntegrationRequest(
            return_=m.NewReturn(returned_cart_items=[m.ReturnedCartItem(position=1, quantity=1, sku="sock")]),
            response_content=["customerSession", "previousReturns"],
        ),
        run_rule_engine=True,
        dry=False,
    ),
    call(
        "update_customer_session_v2",
        "another",
        m.IntegrationRequest(customer_session=cart()),
        dry=True,
        now=datetime(2126, 1, 1, tzinfo=UTC),
    ),
]
LOYALTY = [
    call("join_loyalty_program", PROGRAM, "friend", empty=True),
    call(
        "get_loyalty_balances", PROGRAM, PROFILE,
        end_date=AUTUMN, subledger_id="stars", include_tiers=True, include_projected_tier=True,
    ),
    call(
        "get_loyalty_program_profile_points", PROGRAM, PROFILE,
        status="active", subledger_id=["", "stars"], customer_session_ids=["a", SESSION], transaction_uuids=UUIDS,
        page_size=1000, skip=0, sort="expiryDate",
    ),
    call(
        "get_loyalty_program_profile_transactions", PROGRAM, PROFILE,
        customer_session_ids=["a", SESSION], transaction_uuids=UUIDS, subledger_id="stars",
        loyalty_transaction_type="manual", start_date=SPRING, end_date=AUTUMN, page_size=1, skip=0,
        awaits_activation=True,
    ),
    call("activate_loyalty_points", PROGRAM, m.ActivateLoyaltyPoints(session_id=SESSION)),
    call(
        "delete_loyalty_transactions_from_ledgers", PROGRAM, PROFILE,
        m.DeleteLoyaltyTransactionsRequest(scope="SelectedSubledgers", subledger_ids=["", "stars"]), empty=True,
    ),
]  # fmt: skip
CARDS = [
    call("generate_loyalty_card", CARDS_PROGRAM, m.GenerateLoyaltyCard(status="active", card_identifier=CARD)),
    call("link_loyalty_card_to_profile", CARDS_PROGRAM, CARD, m.LoyaltyCardRegistration(integration_id=PROFILE)),
    call("get_loyalty_card_balances", CARDS_PROGRAM, CARD, end_date=AUTUMN, subledger_id=["", "stars"]),
    call(
        "get_loyalty_card_points", CARDS_PROGRAM, CARD,
        status="pending", subledger_id=["stars"], customer_session_ids=[SESSION], transaction_uuids=UUIDS,
        page_size=10, skip=0, sort="startDate",
    ),
    call(
        "get_loyalty_card_transactions", CARDS_PROGRAM, CARD,
        subledger_id=["", "stars"], loyalty_transaction_type="session", start_date=SPRING, end_date=AUTUMN,
        customer_session_ids=[SESSION, "b"], transaction_uuids=UUIDS, page_size=10, skip=0, awaits_activation=True,
    ),
    call("unlink_loyalty_card_from_profile", CARDS_PROGRAM, CARD, m.LoyaltyCardRegistration(integration_id=PROFILE)),
]  # fmt: skip
ACHIEVEMENTS = [
    call(
        "get_customer_achievements", PROFILE,
        campaign_ids=[str(CAMPAIGN), "2"], achievement_ids=[str(ACHIEVEMENT), "3"],
        achievement_status=["active", "scheduled"], current_progress_status=["inprogress", "not_started"],
        page_size=1000, skip=0,
    ),
    call(
        "get_customer_achievement_history", PROFILE, ACHIEVEMENT,
        progress_status=["completed", "expired"], start_date=SPRING, end_date=AUTUMN, page_size=1, skip=0,
    ),
]  # fmt: skip
AUDIENCES = [
    call("create_audience_v2", m.NewAudience(name="Travellers", integration="mparticle", integration_id="a-1")),
    call("update_audience_v2", AUDIENCE, m.UpdateAudience(name="Frequent travellers")),
    call(
        "update_customer_profile_audiences",
        m.CustomerProfileAudienceRequest(
            data=[
                m.CustomerProfileAudienceRequestItem(
                    action=action, profile_integration_id=PROFILE, audience_id=AUDIENCE
                )
                for action in ("add", "delete", "add")
            ]
        ),
        empty=True,
    ),
    call("update_audience_customers_attributes", AUDIENCE, {"city": "Hamburg", "age": None}, empty=True),
    call("delete_audience_memberships_v2", AUDIENCE, empty=True),
    call("delete_audience_v2", AUDIENCE, empty=True),
]
CATALOGS = [
    call(
        "sync_catalog",
        CATALOG,
        m.CatalogSyncRequest(
            actions=[
                m.CatalogAction(
                    payload=m.AddItemCatalogAction(
                        sku="boot", price=99.5, attributes={"colour": "red"}, product=m.Product(name="Boots")
                    )
                )
            ],
            version=1,
        ),
    ),
    call(
        "sync_catalog",
        CATALOG,
        m.CatalogSyncRequest(
            actions=[
                m.CatalogAction(
                    payload=m.PatchManyItemsCatalogAction(
                        price=89, filters=[m.CatalogActionFilter(attr="colour", op="EQ", value="red")]
                    )
                )
            ]
        ),
    ),
    call(
        "best_prior_price",
        m.BestPriorPriceRequest(
            skus=["boot"],
            timeframe_end_date=datetime(2126, 1, 1, tzinfo=UTC),
            timeframe="36500",
            timeframe_end_date_type="strict",
            target=m.BestPriorTarget(target_type="NONE"),
        ),
    ),
    call(
        "integration_get_all_campaigns",
        page_size=50, skip=0, campaign_ids=[str(CAMPAIGN), "2"], start_after=SPRING, start_before=AUTUMN,
        end_after=SPRING, end_before=AUTUMN, store_id=1, audience_id=AUDIENCE,
    ),
]  # fmt: skip
REWARDS = [
    call("get_customer_rewards", PROFILE, status=["unlocked"], page_size=10, skip=0, with_total_result_size=True),
    call(
        "integration_rewards_catalog",
        page_size=10, skip=0, points_from=0.5, points_to=100, include_free=True, loyalty_program_id=PROGRAM,
        subledger_id="", profile_integration_id=PROFILE,
    ),
    call(
        "unlock_reward",
        REWARD,
        m.IntegrationUnlockRewardRequest(integration_id="unlock-1", profile_integration_id=PROFILE),
        dry=True,
    ),
]  # fmt: skip
FORGETTING = [call("delete_customer_data", "friend", empty=True)]

CALLS = [
    *PROFILES, *CODES, *EVENTS, *SESSIONS, *LOYALTY, *CARDS, *ACHIEVEMENTS, *AUDIENCES, *CATALOGS, *REWARDS,
    *FORGETTING,
]  # fmt: skip
