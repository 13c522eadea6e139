"""The models against the tables of the API, in both directions.

The schemas are read without `tools/contract`, so that a mistake of the tool is noticed here, and the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import attrs
import pytest

from talon_async import models
from talon_async.models import EFFECT_PROPS, EffectProps, LedgerInfo, UnknownEffectProps
from talon_async.models._base import INTEGRATION_ID, LIMIT, Limit, wire_name
from tools.contract.tables import NEWEST

STAND_INS = {"LoyaltyProgramBalance": LedgerInfo}
"""Schemas without a class of their own, because another class holds all their properties."""

EXTRA_CLASSES = {
    "EventEffect": "a list of four in the documents, without a name",
    "UnknownEffectProps": "for effects that no document knows",
    "RewardUnlockRejection": "the body of an error",
    "RewardsCatalogPage": "an object in the answer, without a name",
}
EXTRA_FIELDS = {
    ("IntegrationUnlockRewardRequest", "cardIdentifier"): "the name of loyaltyCardId before 26.20",
    ("IntegrationUnlockRewardResponse", "ruleFailureReasons"): "a request can ask for it, so an answer has to hold it",
    ("CustomerProfileIntegrationResponseV2", "achievements"): "a request can ask for it, so an answer has to hold it",
}
REQUIRED_IN_PROSE = {
    ("IntegrationEventV2Request", "profileId"): "the text of trackEventV2 says that the schema is wrong",
}
FOLLOWS = {
    ("CatalogAction", "type"): "it follows from the class of the payload",
}
"""Required fields with a default that is neither empty nor the document's."""

CLOSED = {
    ("LabelTargetAudience", "type"): "it tells the class",
    ("LabelTargetNone", "type"): "it tells the class",
}
"""Words of answers that are all there can be."""

WORDS_IN_PROSE = {
    ("CampaignBudget", "action"),
    ("InventoryCoupon", "state"),
    ("LoyaltyCard", "status"),
    ("LoyaltyLedgerEntry", "type"),
    ("RejectCouponEffectProps", "campaignExclusionReason"),
    ("RejectCouponEffectProps", "rejectionReason"),
    ("RejectReferralEffectProps", "campaignExclusionReason"),
    ("RejectReferralEffectProps", "rejectionReason"),
    ("RollbackDiscountEffectProps", "scope"),
    ("SetDiscountEffectProps", "scope"),
    ("SetDiscountPerItemEffectProps", "scope"),
    ("ShowNotificationEffectProps", "notificationType"),
}
"""Fields whose words the documents mark as code in their prose only."""

MORE_WORDS = {
    ("CampaignEligibility", "state"): {"archived", "disabled"},  # as any campaign's
    ("CustomerSession", "state"): {"partially_returned"},  # what the answers of newer operations have
    ("IntegrationCampaign", "state"): {"archived", "disabled"},
    ("ReferralRejectionReason", "reason"): {"AdvocateNotFound", "ReferralCustomerAlreadyReferred"},  # as the effect's
}
"""Words that no enumeration of the same field has, and why."""

NO_EMPTY = "the documents let it be empty, though an ID or a code without a character is none"
EVERYWHERE = "an integration ID has at most 1000 characters everywhere"
IN_PROSE = "only the text beside it gives a limit"
OTHER_LIMITS = {
    ("AddPriceAdjustmentCatalogAction", "adjustments"): "26.16 has it one level too deep",
    ("CouponReservations", "integrationIDs"): EVERYWHERE,
    ("CustomerProfileAudienceRequest", "data"): IN_PROSE,
    ("CustomerProfileAudienceRequestItem", "profileIntegrationId"): NO_EMPTY,
    ("IntegrationUnlockRewardRequest", "integrationId"): EVERYWHERE,
    ("IntegrationUnlockRewardRequest", "profileIntegrationId"): EVERYWHERE,
    ("MultipleCustomerProfileIntegrationRequest", "customerProfiles"): IN_PROSE,
    ("MultipleCustomerProfileIntegrationRequestItem", "integrationId"): NO_EMPTY,
    ("NewCustomerSessionV2", "cartItems"): IN_PROSE,
    ("NewCustomerSessionV2", "couponCodes"): NO_EMPTY,
    ("NewReferral", "advocateProfileIntegrationId"): NO_EMPTY,
    ("NewReferralsForMultipleAdvocates", "advocateProfileIntegrationIds"): "as for a single advocate",
}
"""Limits that are not the schema's."""

OTHER_TYPES = {
    ("Event", "effects"): "lists of four elements, read as EventEffect",
    ("EventV3", "effects"): "lists of four elements, read as EventEffect",
    ("Effect", "props"): "an object in 2020, a choice since: see the tests of the effects",
    ("LedgerEntry", "amount"): "an integer on paper only: points have decimals",
    ("Campaign", "discountCount"): "an integer in 2020, a number since",
    ("UpdateAttributeEffectProps", "value"): "an object in 2020, anything since",
}
NO_PROPS = UnknownEffectProps.__name__
OTHER_NAMES = {
    "addNegativeLoyaltyPoints": NO_PROPS,
    "callApi": "TriggerWebhookEffectProps",
    "offsetNegativeLoyaltyPoints": NO_PROPS,
    "set": "UpdateAttributeEffectProps",
}
"""Effect types that no class is named after."""

MODELS: dict[str, type[Any]] = {name: value for name in models.__all__ if attrs.has(value := getattr(models, name))}
each_published = pytest.mark.parametrize("name", [name for name in MODELS if name not in EXTRA_CLASSES])


def fields(cls: type[Any]) -> dict[str, attrs.Attribute[Any]]:
    """Return the fields of a class by wire name."""
    return {wire_name(field): field for field in attrs.fields(cls)}


def parts(hint: Any) -> Iterator[Any]:
    """Split a union, however deep, into what it is made of; `Literal` counts as one part."""
    if get_origin(hint) in (None, Literal, Sequence, Mapping):
        yield hint
    else:
        for part in get_args(hint):
            yield from parts(part)


def words(hint: Any) -> set[str]:
    """Return the words of all `Literal` in a type, also inside a sequence."""
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    return {word for part in get_args(hint) for word in words(part)}


def is_open(hint: Any) -> bool:
    """Tell whether a type takes any string."""
    return hint is str or (get_origin(hint) is not Literal and any(is_open(part) for part in get_args(hint)))


def fits_object(hints: set[Any], name: str, schema: dict[str, Any], document: Any) -> bool:
    """Tell whether a type can hold an object: a class with all its properties, or a map."""
    properties = document.shape(schema).properties
    if properties:
        classes = [hint for hint in hints if attrs.has(hint)]
        return any(cls.__name__ == name or set(fields(cls)) >= set(properties) for cls in classes)
    inner = schema.get("additionalProperties")
    values = [get_args(hint)[1] for hint in hints if get_origin(hint) is Mapping]
    return any(fits(value, inner, document) if isinstance(inner, dict) else value is Any for value in values)


def fits_plain(hints: set[Any], kind: str, schema: dict[str, Any]) -> bool:
    """Tell whether a type can hold a text, a time, a number or a truth value."""
    listed = {word for hint in hints for word in words(hint)}
    match kind, schema.get("format"):
        case "const", _:
            return schema["const"] in listed
        case "string", "date-time":
            return datetime in hints
        case "string", _:
            return str in hints or bool(listed)
    return {"integer": int, "number": float, "boolean": bool}[kind] in hints


def fits(hint: Any, schema: dict[str, Any], document: Any) -> bool:
    """Tell whether a type can hold what a schema describes."""
    name, schema = document.resolve(schema)
    hints, kind = set(parts(hint)), document.kind(schema)
    options = schema.get("oneOf") or schema.get("anyOf")
    if options and not document.shape(schema).properties:
        return all(fits(hint, option, document) for option in options)
    if kind == "array":
        return any(fits(get_args(part)[0], schema["items"], document) for part in hints if get_args(part))
    if kind not in (None, "object"):
        return fits_plain(hints, kind, schema)
    if kind is None and not document.shape(schema).properties:
        return Any in hints
    return fits_object(hints, name, schema, document)


def test_class_exists_when_an_operation_reaches_a_schema(document: Any) -> None:
    """Every object that an operation sends or answers has a class, or one that holds all of it."""
    assert set() == document.schemas.keys() - MODELS.keys() - STAND_INS.keys()


def test_stand_in_holds_every_property_when_a_schema_has_no_class(documents: dict[str, Any]) -> None:
    """A class that stands in for a schema has all its properties."""
    for name, cls in STAND_INS.items():
        shapes = [document.schemas[name] for document in documents.values() if name in document.schemas]
        assert shapes
        assert all(fields(cls).keys() >= shape.properties.keys() for shape in shapes)


def test_schema_is_reachable_when_a_class_exists(documents: dict[str, Any]) -> None:
    """Every class has a schema in a document, or a reason to have none."""
    reachable = {name for document in documents.values() for name in document.schemas}
    assert EXTRA_CLASSES.keys() == MODELS.keys() - reachable


def test_field_exists_when_a_schema_has_a_property(document: Any) -> None:
    """Every property of a schema has a field with its wire name."""
    lost = {
        (name, property_)
        for name, shape in document.schemas.items()
        for property_ in shape.properties.keys() - fields(MODELS.get(name) or STAND_INS[name]).keys()
    }
    assert set() == lost


@each_published
def test_property_exists_when_a_class_has_a_field(name: str, documents: dict[str, Any]) -> None:
    """Every field is a property in one of the documents."""
    published = {
        property_
        for document in documents.values()
        for property_ in (document.schemas[name].properties if name in document.schemas else ())
    }
    extra = {(name, field) for field in fields(MODELS[name]).keys() - published}
    assert {key for key in EXTRA_FIELDS if key[0] == name} == extra


def test_type_fits_when_a_schema_gives_one(document: Any) -> None:
    """The type of every field can hold the values that its schema describes."""
    wrong: list[tuple[str, str, Any]] = []
    for name, shape in document.schemas.items():
        cls = MODELS.get(name) or STAND_INS[name]
        hints = get_type_hints(cls)
        for property_, schema in shape.properties.items():
            hint = hints[fields(cls)[property_].name]
            if (name, property_) not in OTHER_TYPES and not fits(hint, schema, document):
                wrong.append((name, property_, hint))
    assert wrong == []


def plain_types(hint: Any) -> set[type[Any]]:
    """Return the types of the single values in a type, at any depth but not in other models."""
    if get_origin(hint) is Literal:
        return {type(word) for word in get_args(hint)}
    inner = get_args(hint)[1:] if get_origin(hint) is Mapping else get_args(hint)
    return {hint for _ in [hint] if hint in (str, int, float, bool, datetime)}.union(*map(plain_types, inner))


def published_types(schema: dict[str, Any], document: Any) -> set[type[Any]]:
    """Return the types of the single values that a schema describes, at any depth but not in other objects."""
    _, schema = document.resolve(schema)
    if document.shape(schema).properties:
        return set()
    kinds = {"string": str, "integer": int, "number": float, "boolean": bool, "const": str}
    own = datetime if schema.get("format") == "date-time" else kinds.get(document.kind(schema) or "")
    below = [
        *schema.get("oneOf", ()),
        *schema.get("anyOf", ()),
        schema.get("items"),
        schema.get("additionalProperties"),
    ]
    return {kind for kind in [own] if kind}.union(
        *(published_types(part, document) for part in below if isinstance(part, dict))
    )


@each_published
def test_type_holds_no_more_when_the_documents_give_one(name: str, documents: dict[str, Any]) -> None:
    """A field holds only single values of the types that its schemas describe."""
    hints = get_type_hints(MODELS[name])
    for wire, field in fields(MODELS[name]).items():
        listed = [
            published_types(shape.properties[wire], document)
            for document in documents.values()
            if (shape := document.schemas.get(name)) and wire in shape.properties
        ]
        if listed and (name, wire) not in OTHER_TYPES:
            assert set() == plain_types(hints[field.name]).difference(*listed), wire


@each_published
def test_default_is_absent_only_when_the_field_is_required(name: str, documents: dict[str, Any]) -> None:
    """A field of a request or of an effect's props is required if all documents require it.

    No field of an answer is required.
    """
    required = {"effectType", "props"} if name == "Effect" else set[str]()
    requests = [document.requests[name] for document in documents.values() if name in document.requests]
    answers = [document.answers[name] for document in documents.values() if name in document.answers]
    strict = requests or (answers if name.endswith("EffectProps") else [])
    if strict:
        required = set.intersection(*(shape.required for shape in strict))
    required |= {field for cls, field in REQUIRED_IN_PROSE if cls == name}
    required -= {field for cls, field in FOLLOWS if cls == name}
    assert required == {wire for wire, field in fields(MODELS[name]).items() if field.default is attrs.NOTHING}


@each_published
def test_default_is_empty_when_there_is_one(name: str, documents: dict[str, Any]) -> None:
    """The default of a field is None or, in answers, an empty list or map.

    No default of a document is sent in the caller's name.
    """
    sent = name.endswith("EffectProps") or any(name in document.requests for document in documents.values())
    hints = get_type_hints(MODELS[name])
    for field in attrs.fields(MODELS[name]):
        if (name, wire_name(field)) in FOLLOWS:
            continue
        origins = {get_origin(part) for part in parts(hints[field.name])}
        kinds = [kind for origin, kind in ((Sequence, list), (Mapping, dict)) if origin in origins]
        expected = attrs.Factory(kinds[0]) if kinds and not sent else None
        assert field.default in (attrs.NOTHING, expected), field.name
        if field.default is None:
            assert {NoneType, Any} & set(parts(hints[field.name])), field.name


def test_literal_has_the_word_when_a_document_lists_it(document: Any) -> None:
    """Every word of every enumeration completes in an editor; answers take other words too, requests do not."""
    for name, shape in document.schemas.items():
        hints = get_type_hints(MODELS.get(name) or STAND_INS[name])
        for property_, schema in shape.properties.items():
            listed = schema.get("enum") or schema.get("items", {}).get("enum")
            if listed:
                hint = hints[fields(MODELS[name])[property_].name]
                assert set() == set(listed) - words(hint), (name, property_)
                closed = name in document.requests or (name, property_) in CLOSED
                assert is_open(hint) is not closed, (name, property_)


def published_limit(document: Any, schema: dict[str, Any]) -> Limit | None:
    """Return the limit that a schema gives."""
    _, schema = document.resolve(schema)
    least = next((schema[key] for key in ("minLength", "minItems", "minimum") if key in schema), 0)
    most = next((schema[key] for key in ("maxLength", "maxItems", "maximum") if key in schema), None)
    pattern = schema.get("pattern", "").removeprefix("^").removesuffix("$") or None
    each = published_limit(document, schema["items"]) if "items" in schema else None
    limit = Limit(least, most, each, pattern)
    return limit if limit != Limit() else None


def test_limit_is_the_documents_when_a_request_has_one(documents: dict[str, Any]) -> None:
    """A field of a request takes what its schema lets it take, but for those that say why."""
    different = {
        (name, property_)
        for name, shape in documents[NEWEST].requests.items()
        for property_, schema in shape.properties.items()
        if published_limit(documents[NEWEST], schema) != fields(MODELS[name])[property_].metadata.get(LIMIT)
    }
    assert OTHER_LIMITS.keys() == different
    for name, property_ in (key for key, why in OTHER_LIMITS.items() if why == EVERYWHERE):
        limit = fields(MODELS[name])[property_].metadata[LIMIT]
        assert INTEGRATION_ID in (limit, limit.each)


def listed_words(schema: dict[str, Any], document: Any) -> set[str]:
    """Return the words of an enumeration, also of the items of a list and of a choice."""
    _, schema = document.resolve(schema)
    below = [*schema.get("oneOf", ()), *schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())]
    own = {*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())}
    return own.union(*(listed_words(part, document) for part in below))


@each_published
def test_document_has_the_word_when_a_literal_lists_it(name: str, documents: dict[str, Any]) -> None:
    """Every word of a field stands in the enumeration of the same field in a document, but for those that say why."""
    hints = get_type_hints(MODELS[name])
    shapes = [
        (document, document.schemas[name].properties) for document in documents.values() if name in document.schemas
    ]
    for wire, field in fields(MODELS[name]).items():
        listed = set[str]().union(*(listed_words(shape[wire], document) for document, shape in shapes if wire in shape))
        more = words(hints[field.name]) - listed
        if more and not listed:
            assert (name, wire) in WORDS_IN_PROSE
            assert more == {
                word for word in more if any(f'"{word}"' in document.text for document in documents.values())
            }
        else:
            assert MORE_WORDS.get((name, wire), set()) == more, wire


def test_effect_is_registered_when_a_document_lists_it(document: Any) -> None:
    """The props of every effect type the documents know have their class."""
    registered = {effect: cls.__name__ for effect, cls in EFFECT_PROPS.items()}
    listed = {effect: name or NO_PROPS for effect, name in document.effects.items()}
    assert set() == listed.items() - registered.items()


def test_effect_is_published_when_it_is_registered(documents: dict[str, Any]) -> None:
    """The newest document lists all 46 effect types of the package."""
    assert documents[NEWEST].effects.keys() == EFFECT_PROPS.keys()
    assert len(EFFECT_PROPS) == 46


def test_effect_type_matches_the_class_when_it_is_registered() -> None:
    """An effect type has the name of its class, but for two that share another's props and two without props."""
    for effect, cls in EFFECT_PROPS.items():
        stem = effect.removesuffix("Effect")
        assert cls.__name__ == OTHER_NAMES.get(effect, stem[0].upper() + stem[1:] + "EffectProps")


def test_union_has_the_class_when_an_effect_is_registered() -> None:
    """The union of props has the class of every effect."""
    assert {*EFFECT_PROPS.values(), UnknownEffectProps} == set(get_args(EffectProps))
