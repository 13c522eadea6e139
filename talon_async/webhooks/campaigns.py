"""Notifications about campaigns that were created, changed or deleted, and about their order of evaluation."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from talon_async.models._base import model, wire
from talon_async.models.campaign import Campaign
from talon_async.webhooks._base import Notification

CampaignEvent = Literal[
    "campaign_created",
    "campaign_deleted",
    "campaign_edited",
    "campaign_ruleset_changed",
    "campaign_state_changed",
]
CampaignChangeState = Literal["running", "disabled", "scheduled", "expired", "archived"]
CampaignSetOperator = Literal["ALL", "FIRST"]
EvaluationMode = Literal["stackable", "listOrder", "lowestDiscount", "highestDiscount"]
EvaluationScope = Literal["cartItem", "session"]


@model
class Binding:
    """A name in a rule for the result of a Talang expression, such as a placeholder of a template."""

    name: str | None = None
    type: str | None = None
    expression: Sequence[Any] = wire(factory=list)
    value_type: str | None = None
    min_value: float | None = None
    max_value: float | None = None
    attribute_id: int | None = None
    description: str | None = None


@model
class Rule:
    """A rule: its condition and effects are Talang expressions, which are nested lists."""

    id: str | None = None
    parent_id: str | None = None  # the rule it was copied from
    title: str | None = None
    description: str | None = None
    bindings: Sequence[Binding] = wire(factory=list)  # evaluated in this order
    condition: Sequence[Any] = wire(factory=list)
    effects: Sequence[Any] = wire(factory=list)


@model
class Ruleset:
    """The rules of a campaign, or of a campaign template."""

    id: int | None = None
    created: datetime | None = None
    user_id: int | None = None
    rules: Sequence[Rule] = wire(factory=list)
    strikethrough_rules: Sequence[Rule] = wire(factory=list)
    bindings: Sequence[Binding] = wire(factory=list)
    rb_version: str | None = None  # of the rule builder
    activate: bool | None = None
    campaign_id: int | None = None
    template_id: int | None = None
    activated_at: datetime | None = None


@model
class PlaceholderDetails:
    """A placeholder of a campaign made from a template, and what was filled in."""

    name: str | None = None
    type: str | None = None
    value: Sequence[Any] = wire(factory=list)


@model
class CampaignEvaluationPosition:
    """The position of a campaign in its evaluation group."""

    group_id: int | None = None
    group_name: str | None = None
    position: int | None = None


@model
class Collection:
    """A collection of values that rules refer to, without the values."""

    id: int | None = None
    created: datetime | None = None
    account_id: int | None = None
    modified: datetime | None = None
    description: str | None = None
    subscribed_applications_ids: Sequence[int] = wire(factory=list)
    name: str | None = None
    modified_by: int | None = None
    created_by: int | None = None
    application_id: int | None = None
    campaign_id: int | None = None


@model
class CampaignChange:
    """A change of a campaign. `event` names the kind of change; fields that do not concern it are empty.

    The documentation lists no `event` for an edited collection; `collection` is then set.
    """

    event: CampaignEvent | str | None = wire("Event", default=None)
    campaign: Campaign | None = None
    old_campaign: Campaign | None = None  # before it was edited
    old_state: CampaignChangeState | str | None = None
    new_state: CampaignChangeState | str | None = None
    ruleset: Ruleset | None = None
    old_ruleset: Ruleset | None = None
    placeholders: Sequence[PlaceholderDetails] = wire(factory=list)
    old_placeholders: Sequence[PlaceholderDetails] = wire(factory=list)
    evaluation_position: CampaignEvaluationPosition | None = None  # of a new campaign
    collection: Collection | None = None
    deleted_at: datetime | None = None


@model
class CampaignNotification(Notification):
    """Campaigns were created, edited or deleted, or their state, rules or a collection changed."""

    total_result_size: int | None = wire("TotalResultSize", default=None)
    data: Sequence[CampaignChange] = wire("Data", factory=list)


@model
class CampaignSetBranchNode:
    """An evaluation group: which of its elements apply, and how.

    The elements are plain dicts, because groups may be nested to any depth: `type` is `SET` for a group, with the keys
    of the API's own, and `CAMPAIGN` for a campaign, with its `campaignId`.
    """

    type: Literal["SET"] | str | None = None
    name: str | None = None
    operator: CampaignSetOperator | str | None = None
    elements: Sequence[Mapping[str, Any]] = wire(factory=list)
    group_id: int | None = None
    locked: bool | None = None
    description: str | None = None
    evaluation_mode: EvaluationMode | str | None = None
    evaluation_scope: EvaluationScope | str | None = None


@model
class CampaignSet:
    """The evaluation tree of an Application in one of its versions."""

    application_id: int | None = None
    id: int | None = None
    version: int | None = None
    set: CampaignSetBranchNode | None = None
    updated_by: str | None = None


@model
class EvaluationTreeChange:
    """The evaluation tree of an Application before and after a change."""

    event: Literal["campaign_evaluation_tree_changed"] | str | None = None
    application_id: int | None = None
    old_evaluation_tree: CampaignSet | None = None
    evaluation_tree: CampaignSet | None = None


@model
class CampaignEvaluationTreeChanged(Notification):
    """The order in which campaigns are evaluated changed.

    The documentation names two values of its `notification_type`, this name and `CampaignNotification`. The class is
    therefore recognised by its content.
    """

    total_result_size: int | None = wire("TotalResultSize", default=None)
    data: Sequence[EvaluationTreeChange] = wire("Data", factory=list)
