"""Campaigns, their limits, and why a campaign or one of its rules did not apply."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from talon_async.models._base import model, wire

CampaignState = Literal["enabled", "disabled", "archived"]
CampaignFeature = Literal[
    "coupons", "referrals", "loyalty", "giveaways", "strikethrough", "achievements", "advancedEvents"
]
CampaignType = Literal["cartItem", "advanced"]
CampaignFrontendState = Literal["expired", "scheduled", "running", "disabled", "archived", "staged"]
CampaignRevisionState = Literal["revised", "pending"]
CampaignFailureCode = Literal["ALL_RULES_FAILED", "SKIPPED", "AUDIENCE_NOT_MATCHED"]
RuleFailureCode = Literal["CONDITION_NOT_MET", "EFFECT_FAILED"]
LimitAction = Literal["redeemCoupon", "redeemReferral", "setDiscount", "createCoupon", "setDiscountEffect"]
LimitPeriod = Literal["daily", "weekly", "monthly", "yearly"]
LimitEntity = Literal["Coupon", "Referral", "Profile", "Identifier", "Store", "Session"]


@model
class CodeGeneratorSettings:
    """How codes are made: each `#` of the pattern becomes one of the valid characters."""

    valid_characters: Sequence[str] = wire(factory=list)
    coupon_pattern: str | None = None


@model
class LimitConfig:
    """A limit on how often an action may happen, or on the sum of its values."""

    action: LimitAction | str | None = None
    limit: float | None = None
    period: LimitPeriod | str | None = None  # when the count starts again
    entities: Sequence[LimitEntity | str] = wire(factory=list)  # what it is counted for


@model
class CampaignBudget:
    """One limit of a campaign and how much of it is used up."""

    action: LimitAction | str | None = None
    limit: float | None = None
    counter: float | None = None


@model
class Campaign:
    """A campaign with its settings, its budgets and the state of its revisions.

    `state` is what was set; `frontend_state` is what the Campaign Manager shows, which looks at the dates too.
    """

    id: int | None = None
    created: datetime | None = None
    application_id: int | None = None
    user_id: int | None = None
    name: str | None = None
    description: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    attributes: Mapping[str, Any] = wire(factory=dict)
    state: CampaignState | str | None = None
    active_ruleset_id: int | None = None
    tags: Sequence[str] = wire(factory=list)
    reevaluate_on_return: bool | None = None
    features: Sequence[CampaignFeature | str] = wire(factory=list)
    coupon_settings: CodeGeneratorSettings | None = None
    referral_settings: CodeGeneratorSettings | None = None
    limits: Sequence[LimitConfig] = wire(factory=list)
    campaign_groups: Sequence[int] = wire(factory=list)
    type: CampaignType | str | None = None
    linked_store_ids: Sequence[int] = wire(factory=list)
    coupon_attributes: Mapping[str, Any] = wire(factory=dict)
    budgets: Sequence[CampaignBudget] = wire(factory=list)
    # deprecated, like all counters down to `reservecoupon_effect_count`: see `budgets`
    coupon_redemption_count: int | None = None
    referral_redemption_count: int | None = None
    discount_count: float | None = None
    discount_effect_count: int | None = None
    coupon_creation_count: int | None = None
    custom_effect_count: int | None = None
    referral_creation_count: int | None = None
    add_free_item_effect_count: int | None = None
    awarded_giveaways_count: int | None = None
    created_loyalty_points_count: float | None = None
    created_loyalty_points_effect_count: int | None = None
    redeemed_loyalty_points_count: float | None = None
    redeemed_loyalty_points_effect_count: int | None = None
    call_api_effect_count: int | None = None
    reservecoupon_effect_count: int | None = None
    last_activity: datetime | None = None
    updated: datetime | None = None
    created_by: str | None = None
    updated_by: str | None = None
    template_id: int | None = None
    frontend_state: CampaignFrontendState | str | None = None
    stores_imported: bool | None = None
    value_maps_ids: Sequence[int] = wire(factory=list)
    experiment_id: int | None = None
    revision_frontend_state: CampaignRevisionState | str | None = None
    active_revision_id: int | None = None
    active_revision_version_id: int | None = None
    version: int | None = None
    current_revision_id: int | None = None
    current_revision_version_id: int | None = None
    stage_revision: bool | None = None


@model
class RuleMetadata:
    """A rule, described for customers."""

    title: str | None = None
    display_name: str | None = None
    display_description: str | None = None
    related_data: str | None = None  # free text of your own, such as the address of a picture


@model
class IntegrationCampaign:
    """A running campaign with its rules, described for customers."""

    application_id: int | None = None
    id: int | None = None
    name: str | None = None
    description: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    attributes: Mapping[str, Any] = wire(factory=dict)
    state: CampaignState | str | None = None  # only enabled ones are listed
    tags: Sequence[str] = wire(factory=list)
    features: Sequence[CampaignFeature | str] = wire(factory=list)
    rules: Sequence[RuleMetadata] = wire(factory=list)
    linked_store_ids: Sequence[int] = wire(factory=list)
    linked_audience_ids: Sequence[int] = wire(factory=list)


@model
class IntegrationGetAllCampaignsResponse:
    """One page of the running campaigns."""

    has_more: bool | None = None
    data: Sequence[IntegrationCampaign] = wire(factory=list)


@model
class CampaignEligibilityFailureDetails:
    """The reason why a customer is not eligible for a campaign."""

    failure_code: CampaignFailureCode | str | None = None


@model
class CampaignEligibilityDetails:
    """Whether a customer is eligible for a campaign; for one coupon code if the campaign has codes."""

    passed: bool | None = None
    coupon_code: str | None = None
    details: CampaignEligibilityFailureDetails | None = None  # only if `passed` is false


@model
class CampaignEligibilityExperiment:
    """The variant of an experiment that the customer was given."""

    id: int | None = None
    variant_id: int | None = None


@model
class RuleEligibilityFailureDetails:
    """Why a rule did not apply: which condition or effect, counted from the rule's first."""

    failure_code: RuleFailureCode | str | None = None
    coupon_id: int | None = wire("couponID", default=None)
    coupon_value: str | None = None
    referral_id: int | None = wire("referralID", default=None)
    referral_value: str | None = None
    condition_index: int | None = None
    effect_index: int | None = None
    details: str | None = None
    ruleset_id: int | None = None
    rule_index: int | None = None


@model
class RuleEligibility:
    """Whether all conditions of a rule were met; for one coupon code if the campaign has codes."""

    passed: bool | None = None
    coupon_code: str | None = None
    details: RuleEligibilityFailureDetails | None = None  # only if `passed` is false


@model
class RuleMetadataEligibility:
    """A rule, described for customers, and whether it applied."""

    title: str | None = None
    display_name: str | None = None
    display_description: str | None = None
    related_data: str | None = None  # free text of your own, such as the address of a picture
    eligibility: Sequence[RuleEligibility] = wire(factory=list)


@model
class CampaignEligibility:
    """A campaign, and whether the customer is eligible for it. Only answers to dry requests have it."""

    application_id: int | None = None
    id: int | None = None
    name: str | None = None
    description: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    attributes: Mapping[str, Any] = wire(factory=dict)
    state: CampaignState | str | None = None
    tags: Sequence[str] = wire(factory=list)
    features: Sequence[CampaignFeature | str] = wire(factory=list)
    eligibility: Sequence[CampaignEligibilityDetails] = wire(factory=list)
    rules: Sequence[RuleMetadataEligibility] = wire(factory=list)
    experiment: CampaignEligibilityExperiment | None = None


@model
class RuleFailureReason:
    """Why one rule of a campaign did not apply: which condition or effect failed."""

    campaign_id: int | None = wire("campaignID", default=None)
    campaign_name: str | None = None
    ruleset_id: int | None = wire("rulesetID", default=None)
    coupon_id: int | None = wire("couponID", default=None)
    coupon_value: str | None = None
    referral_id: int | None = wire("referralID", default=None)
    referral_value: str | None = None
    rule_index: int | None = None
    rule_name: str | None = None
    condition_index: int | None = None
    effect_index: int | None = None
    details: str | None = None
    evaluation_group_id: int | None = wire("evaluationGroupID", default=None)
    evaluation_group_mode: str | None = None
    reward_id: int | None = None
    reward_integration_id: str | None = None
