"""Makes effects, in the form of either version of the API, and the parts of an answer that are told from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from talon_async.models import (
    EFFECT_PROPS,
    AcceptCouponEffectProps,
    AcceptReferralEffectProps,
    AddLoyaltyPointsEffectProps,
    Campaign,
    DeductLoyaltyPointsEffectProps,
    Effect,
    EffectProps,
    EventEffect,
    IncreaseAchievementProgressEffectProps,
    RejectCouponEffectProps,
    RejectReferralEffectProps,
    RollbackAddedLoyaltyPointsEffectProps,
    RollbackCouponEffectProps,
    RollbackDeductedLoyaltyPointsEffectProps,
    RollbackDiscountEffectProps,
    RollbackIncreasedAchievementProgressEffectProps,
    RollbackReferralEffectProps,
    RollbackUseRewardEffectProps,
    RuleFailureReason,
    SetDiscountEffectProps,
    SetDiscountPerAdditionalCostEffectProps,
    SetDiscountPerAdditionalCostPerItemEffectProps,
    SetDiscountPerItemEffectProps,
    UnknownEffectProps,
    UseRewardEffectProps,
)
from talon_async.models._base import camel
from talon_async.testing.world._store import recast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from talon_async.testing.world._store import StoredCampaign

T = TypeVar("T")
NO_CAMPAIGN = -1
"""Stands in effects that belong to no campaign, such as the rejection of an unknown coupon."""


def effect(props: EffectProps, *, campaign_id: int = 1, rule_name: str = "", **more: Any) -> Effect:
    """Make an effect from its props, as a campaign's rule would; `more` are further fields of `Effect`."""
    kind = next((kind for kind, cls in EFFECT_PROPS.items() if cls is type(props)), None)
    if kind is None or isinstance(props, UnknownEffectProps):
        raise TypeError(f"{type(props).__name__} does not say its effect type: make the Effect itself")
    ruleset: dict[str, Any] = {"ruleset_id": campaign_id, "rule_index": 0, **more}
    return Effect(effect_type=kind, props=props, campaign_id=campaign_id, rule_name=rule_name, **ruleset)


def undiscounted(total: float, effects: Iterable[Effect]) -> float:
    """Return what the discounts on the session have left of its total."""
    given = sum(one.props.value for one in effects if isinstance(one.props, SetDiscountEffectProps))
    return round(total - given, 2)


def undone(effects: Iterable[Effect], profile_id: str = "") -> list[Effect]:
    """Return the effects that take back what effects gave a customer."""
    return [
        effect(
            props,
            campaign_id=one.campaign_id or NO_CAMPAIGN,
            triggered_by_coupon=one.triggered_by_coupon,
            reward_id=one.reward_id,
            reward_integration_id=one.reward_integration_id,
        )
        for one in effects
        if (props := _undoing(one.props) or _giving_back(one.props, profile_id)) is not None
    ]


def _undoing(props: EffectProps) -> EffectProps | None:
    match props:
        case AcceptCouponEffectProps(value=code):
            return RollbackCouponEffectProps(value=code)
        case AcceptReferralEffectProps(value=code):
            return RollbackReferralEffectProps(value=code)
        case UseRewardEffectProps(integration_id=identifier, reward_id=number, application_id=application):
            return RollbackUseRewardEffectProps(integration_id=identifier, reward_id=number, application_id=application)
        case IncreaseAchievementProgressEffectProps(achievement_id=number, achievement_name=name):
            return RollbackIncreasedAchievementProgressEffectProps(
                achievement_id=number,
                achievement_name=name,
                progress_tracker_id=props.progress_tracker_id or 0,
                decrease_progress_by=props.delta,
                current_progress=props.value - props.delta,
                target=props.target,
            )
        case _:
            return _discount_undoing(props)


def _discount_undoing(props: EffectProps) -> RollbackDiscountEffectProps | None:
    match props:
        case SetDiscountEffectProps(name=name, value=value, scope=scope):
            return RollbackDiscountEffectProps(name=name, value=value, scope=scope)
        case SetDiscountPerItemEffectProps(name=name, value=value, position=position, sub_position=sub):
            return RollbackDiscountEffectProps(
                name=name, value=value, cart_item_position=position, cart_item_sub_position=sub
            )
        case SetDiscountPerAdditionalCostEffectProps(name=name, value=value):
            return RollbackDiscountEffectProps(
                name=name,
                value=value,
                additional_cost_id=props.additional_cost_id,
                additional_cost=props.additional_cost,
            )
        case SetDiscountPerAdditionalCostPerItemEffectProps(name=name, value=value):
            return RollbackDiscountEffectProps(
                name=name,
                value=value,
                cart_item_position=props.position,
                cart_item_sub_position=props.sub_position,
                additional_cost_id=props.additional_cost_id,
                additional_cost=props.additional_cost,
            )
        case _:
            return None


def _giving_back(props: EffectProps, profile_id: str) -> EffectProps | None:
    match props:
        case AddLoyaltyPointsEffectProps():
            return RollbackAddedLoyaltyPointsEffectProps(
                program_id=props.program_id,
                sub_ledger_id=props.sub_ledger_id,
                value=props.value,
                recipient_integration_id=props.recipient_integration_id,
                transaction_uuid=props.transaction_uuid or "",
                cart_item_position=props.cart_item_position,
                cart_item_sub_position=props.cart_item_sub_position,
                card_identifier=props.card_identifier,
            )
        case DeductLoyaltyPointsEffectProps():
            return RollbackDeductedLoyaltyPointsEffectProps(
                program_id=props.program_id,
                sub_ledger_id=props.sub_ledger_id,
                value=props.value,
                recipient_integration_id=profile_id,
                transaction_uuid=props.transaction_uuid or "",
                card_identifier=props.card_identifier,
            )
        case _:
            return None


def in_version_1(effects: Iterable[Effect]) -> list[EventEffect]:
    """Return effects as the first version of the API writes them: a name and its arguments."""
    return [
        EventEffect(
            campaign_id=one.campaign_id or NO_CAMPAIGN,
            ruleset_id=one.ruleset_id or 0,
            rule_index=one.rule_index or 0,
            name=one.effect_type,
            args=list(_arguments(one.props)),
        )
        for one in effects
    ]


def _arguments(props: EffectProps) -> Iterator[Any]:
    if isinstance(props, UnknownEffectProps):
        yield props.raw
        return
    fields: Any = attrs.fields
    for attribute in fields(type(props)):
        if (value := getattr(props, attribute.name)) is not None:
            yield value


def triggered_campaigns(effects: Iterable[Effect], known: Mapping[int, StoredCampaign]) -> list[Campaign]:
    """Return the campaigns that effects come from, also those that nobody has told of."""
    ids = sorted({one.campaign_id for one in effects if one.campaign_id and one.campaign_id > 0})
    return [
        recast(stored.campaign, Campaign)
        if (stored := known.get(number))
        else Campaign(id=number, name=f"Campaign {number}", state="enabled")
        for number in ids
    ]


def rule_failure_reasons(effects: Iterable[Effect]) -> list[RuleFailureReason]:
    """Return why the rules of known codes did not apply."""
    found: list[RuleFailureReason] = []
    for one in effects:
        if one.campaign_id == NO_CAMPAIGN:
            continue
        names = ("campaign_id", "ruleset_id", "rule_index")
        place: dict[str, Any] = {name: getattr(one, name) for name in names}
        match one.props:
            case RejectCouponEffectProps(value=code, rejection_reason=reason):
                found.append(RuleFailureReason(**place, coupon_value=code, details=reason))
            case RejectReferralEffectProps(value=code, rejection_reason=reason):
                found.append(RuleFailureReason(**place, referral_value=code, details=reason))
            case _:
                pass
    return found


def answer(cls: type[T], always: Mapping[str, Any], parts: Mapping[str, Callable[[], Any]], asked: Sequence[str]) -> T:
    """Make an answer of what always comes and the parts asked for by their words; the others stay out of the JSON."""
    fields: Any = attrs.fields
    # None is not in the types of lists, but it is what leaves them out; an empty list would be written
    content: dict[str, Any] = {attribute.name: None for attribute in fields(cls)} | dict(always)
    for attribute in fields(cls):
        part = parts.get(attribute.name)
        word = "unlockedRewards" if attribute.name == "rewards" else camel(attribute.name)
        if part is not None and word in asked:
            content[attribute.name] = part()
    return cls(**content)
