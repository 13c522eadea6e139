"""Names with several spellings, or none: each spelling is read, and nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from talon_async import UnreadableAnswerError, from_json, to_json
from talon_async.effects import cart_totals
from talon_async.models import (
    AchievementProgressWithDefinition,
    BestPriorPrice,
    CampaignReference,
    Effect,
    IntegrationEventV3Request,
    IntegrationUnlockRewardRequest,
    NewCustomerSessionV2,
    PriceDetail,
    StartAchievementProgressEffectProps,
    TriggerWebhookEffectProps,
    UnknownEffectProps,
    UpdateAttributeEffectProps,
)
from talon_async.webhooks import GiveawayPoolData, GiveawayPoolNotification, TierUpgrade, parse

PROPSLESS = ["addNegativeLoyaltyPoints", "offsetNegativeLoyaltyPoints"]


def effect(kind: str, **fields: Any) -> Effect:
    return from_json(orjson.dumps({"effectType": kind, **fields}), Effect, strict=True)


@pytest.mark.parametrize("kind", ["triggerWebhook", "callApi"])
def test_a_webhook_is_typed_when_it_has_either_word(kind: str) -> None:
    """A webhook is read into its class under either spelling of its type, which stays as it came."""
    read_effect = effect(kind, props={"webhookId": 1, "webhookName": "a"})
    assert (kind, TriggerWebhookEffectProps(webhook_id=1, webhook_name="a")) == (
        read_effect.effect_type,
        read_effect.props,
    )


@pytest.mark.parametrize("kind", ["updateAttribute", "set"])
def test_an_attribute_is_typed_when_it_has_either_word(kind: str) -> None:
    """An attribute is read into its class under either spelling of its type, which stays as it came."""
    read_effect = effect(kind, props={"path": "Session.a", "value": [1]})
    assert (kind, UpdateAttributeEffectProps(path="Session.a", value=[1])) == (
        read_effect.effect_type,
        read_effect.props,
    )


@pytest.mark.parametrize("kind", PROPSLESS)
@pytest.mark.parametrize("fields", [{}, {"props": None}, {"props": {}}, {"props": {"value": 1}}])
def test_an_effect_keeps_its_word_when_its_props_are_not_documented(kind: str, fields: dict[str, Any]) -> None:
    """Props that are not documented are kept as they came, and strict reading accepts them."""
    read_effect = effect(kind, **fields)
    assert (kind, UnknownEffectProps(raw=fields.get("props"))) == (read_effect.effect_type, read_effect.props)


@pytest.mark.parametrize("kind", PROPSLESS)
def test_a_total_is_certain_when_an_effect_is_about_points(kind: str) -> None:
    """An effect on points leaves the totals certain, even if its props are not documented."""
    assert () == cart_totals(NewCustomerSessionV2(), [effect(kind)]).unapplied


def test_an_achievement_is_typed_when_it_has_no_tracker() -> None:
    """An achievement is read into its class without a tracker ID."""
    props = {"achievementId": 1, "achievementName": "a", "target": 3, "startDate": "2026-01-01T00:00:00Z"}
    read_props = effect("startAchievementProgress", props=props).props
    assert isinstance(read_props, StartAchievementProgressEffectProps)
    assert read_props.progress_tracker_id is None


@pytest.mark.parametrize("prefix", ["effective", "adjustmentEffective"])
def test_the_time_of_a_price_is_read_when_it_has_either_name(prefix: str) -> None:
    """The time of a price is read under the documented name and under that of the API's examples.

    It is written under the documented one.
    """
    names = [f"{prefix}From", f"{prefix}Until"]
    price = from_json(orjson.dumps(dict.fromkeys(names, "2026-01-01T00:00:00Z")), PriceDetail, strict=True)
    first = datetime(2026, 1, 1, tzinfo=UTC)
    assert (first, first) == (price.adjustment_effective_from, price.adjustment_effective_until)
    assert {"adjustmentEffectiveFrom", "adjustmentEffectiveUntil"} == orjson.loads(to_json(price)).keys()


def test_the_documented_name_is_read_when_both_are_there() -> None:
    """The documented name takes precedence over the other one, unless its value is null."""
    both = {"adjustmentEffectiveFrom": "2026-01-01T00:00:00Z", "effectiveFrom": "2020-01-01T00:00:00Z"}
    null = {"adjustmentEffectiveFrom": None, "effectiveFrom": "2020-01-01T00:00:00Z"}
    times = [from_json(orjson.dumps(value), PriceDetail).adjustment_effective_from for value in (both, null)]
    assert [datetime(2026, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)] == times


def test_a_wrong_value_is_reported_when_it_has_the_other_name() -> None:
    """Strict reading reports a wrong value with a pointer to the name that came."""
    with pytest.raises(UnreadableAnswerError, match="/effectiveFrom: must be an RFC 3339 time"):
        from_json(b'{"effectiveFrom": 1}', PriceDetail, strict=True)


def test_a_field_is_read_when_newer_releases_do_not_have_it() -> None:
    """A field that only older servers send is read."""
    price = from_json(b'{"contextId": "sale", "contextIds": ["sale"]}', BestPriorPrice, strict=True)
    assert ("sale", ["sale"]) == (price.context_id, price.context_ids)


def test_an_achievement_has_all_its_campaigns_when_there_are_several() -> None:
    """An achievement in several campaigns has all their IDs, and may lack the single ID."""
    value = {"campaignIds": [1, 2], "referencedByCampaigns": [{"id": 1, "applicationId": 7}]}
    achievement = from_json(orjson.dumps(value), AchievementProgressWithDefinition, strict=True)
    assert (None, [1, 2], [CampaignReference(id=1, application_id=7)]) == (
        achievement.campaign_id,
        achievement.campaign_ids,
        achievement.referenced_by_campaigns,
    )


def test_the_newer_name_of_the_card_is_sent_when_a_reward_is_unlocked() -> None:
    """Unlocking a reward sends the newer name of the card. The older name is sent only if it is given."""
    new = IntegrationUnlockRewardRequest(integration_id="u", profile_integration_id="p", loyalty_card_id="card-1")
    assert {"integrationId": "u", "profileIntegrationId": "p", "loyaltyCardId": "card-1"} == orjson.loads(to_json(new))


def test_a_referral_code_is_refused_when_it_is_too_long_for_an_event() -> None:
    """A referral code of more than 100 characters is refused in an event."""
    for length, fits in ((100, True), (101, False)):
        event = IntegrationEventV3Request(profile_id="p", type="a", integration_id="e", referral_code="x" * length)
        if fits:
            assert b"x" * 100 in to_json(event)
            continue
        with pytest.raises(ValueError, match="referral_code must be 0 to 100 characters, not 101"):
            to_json(event)


def test_a_pool_of_giveaways_is_read_when_it_runs_low() -> None:
    """A notification about a low pool of giveaways has the counts of codes."""
    data = {
        "Event": "giveaway_codes_low", "PoolId": 1, "PoolName": "a", "PoolDescription": "b", "AccountId": 2,
        "ApplicationId": 3, "TotalCodes": 100, "UsedCodes": 90, "RemainingCodes": 10, "ThresholdPercent": 10,
    }  # fmt: skip
    body = {"TotalResultSize": 1, "NotificationType": "GiveawayPoolNotification", "Data": [data]}
    notification = parse(orjson.dumps(body), {})
    assert isinstance(notification, GiveawayPoolNotification)
    assert (1, [
        GiveawayPoolData(
            event="giveaway_codes_low", pool_id=1, pool_name="a", pool_description="b", account_id=2, application_id=3,
            total_codes=100, used_codes=90, remaining_codes=10, threshold_percent=10,
        )
    ]) == (notification.total_result_size, notification.data)  # fmt: skip


def test_a_tier_says_what_gives_it_when_it_is_a_boost() -> None:
    """A tier has the source and the reason of its boost."""
    body = {"NotificationType": "TierUpgrade", "Data": [{"Source": "boost", "Reason": "Birthday"}]}
    notification = parse(orjson.dumps(body), {})
    assert isinstance(notification, TierUpgrade)
    assert [("boost", "Birthday")] == [(tier.source, tier.reason) for tier in notification.data]
