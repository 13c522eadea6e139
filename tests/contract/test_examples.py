"""The examples of the API's documents: every one is read, and nothing of it is lost."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from talon_async import from_json, models, to_json
from talon_async._codec.strict import problems
from talon_async._messages import Answer
from talon_async.errors import ParallelUpdateError, error_for

if TYPE_CHECKING:
    from collections.abc import Iterator

STAND_INS = {"LoyaltyProgramBalance": "LedgerInfo"}
"""Schemas that another class holds."""

LAYOUT = "the zone is the word of a time layout, not a zone"
NO_MAP = "the text of a map in the place of a map"
NONE = "it is required, and has no example"
KNOWN_BAD: dict[tuple[str, str, Any], str] = {
    ("26.16", "achievementEndDate", "2024-02-15T15:04:05Z07:00"): LAYOUT,
    ("26.16", "achievementFixedStartDate", "2024-01-15T15:04:05Z07:00"): LAYOUT,
    ("26.16", "completionDate", "2024-01-15T15:04:05Z07:00"): LAYOUT,
    ("26.16", "created", "2022-01-02T15:04:05Z07:00"): LAYOUT,
    ("26.16", "endDate", "2023-01-02T15:04:05Z07:00"): LAYOUT,
    ("26.16", "endDate", "2024-02-01T15:04:05Z07:00"): LAYOUT,
    ("26.16", "endDate", "2024-02-15T15:04:05Z07:00"): LAYOUT,
    ("26.16", "expiryDate", "2022-08-02T15:04:05Z07:00"): LAYOUT,
    ("26.16", "fixedStartDate", "2024-01-15T15:04:05Z07:00"): LAYOUT,
    ("26.16", "joinDate", "2024-04-30T15:04:05Z07:00"): LAYOUT,
    ("26.16", "payload", None): NONE,
    ("26.16", "sku", None): NONE,
    ("26.16", "startDate", "2021-05-03T12:32:00Z07:00"): LAYOUT,
    ("26.16", "startDate", "2022-01-02T15:04:05Z07:00"): LAYOUT,
    ("26.16", "startDate", "2024-01-01T15:04:05Z07:00"): LAYOUT,
    ("2020-05", "attributes", "{}"): NO_MAP,
    ("2020-05", "campaigns", "{}"): NO_MAP,
    ("2020-05", "coupons", "{}"): NO_MAP,
    ("2020-05", "props", "{}"): "the effect's type is the word `effectType`",
    ("2020-05", "warnings", "{}"): NO_MAP,
}
"""What strict reading finds, by era, property and value, and why. The only way to be silent about it."""

BARE = {
    "CampaignEligibilityDetails",
    "CampaignEligibilityExperiment",
    "CampaignEligibilityFailureDetails",
    "CatalogActionFilter",
    "InfluencingCampaignDetails",
    "LabelTargetNone",
    "LoyaltyLedgerEntryExpiryDateChange",
    "LoyaltyLedgerEntryFlags",
    "RemoveItemCatalogAction",
    "RemoveManyItemsCatalogAction",
    "updateAudienceCustomersAttributes request",  # a map of the users' own keys, which has no class
}
"""What has no example of anything in it, or no class, in the newer document."""

OTHER_SPELLINGS = {
    "effectiveFrom": "adjustmentEffectiveFrom",
    "effectiveUntil": "adjustmentEffectiveUntil",
}
"""Names of properties in examples, and what their schema calls them: both are read."""


@attrs.frozen
class Example:
    """One example, and the schema that it is an example of."""

    era: str
    where: str
    schema: dict[str, Any]
    value: Any

    def of(self, document: Any) -> type[Any]:
        """Return the class that holds it."""
        name, _ = document.resolve(self.schema)
        name = name or f"{self.where.split()[0][0].upper()}{self.where.split()[0][1:]}Response"
        return getattr(models, STAND_INS.get(name, name))  # type: ignore[no-any-return]


def composed(document: Any, schema: dict[str, Any], above: tuple[str, ...] = ()) -> Any:
    """Put an example together from those of the properties; None where there is none."""
    name, target = document.resolve(schema)
    if name in above:
        return None
    above = (*above, name) if name else above
    if "example" in target or "const" in target:
        return target.get("example", target.get("const"))
    properties = document.shape(target).properties
    if properties:
        values = {key: composed(document, value, above) for key, value in properties.items()}
        if "oneOf" in properties.get("props", {}):
            values["props"] = composed(document, {"$ref": document.effects[values["effectType"]]})
        return {key: value for key, value in values.items() if value is not None} or None
    if "oneOf" in target:
        return composed(document, target["oneOf"][0], above)
    inner = target.get("items", target.get("additionalProperties"))
    item = composed(document, inner, above) if isinstance(inner, dict) else None
    if item is None:
        return None
    return [item] if "items" in target else {"userKey": item}


def effects(document: Any) -> Iterator[dict[str, Any]]:
    """Put an example of an effect together for every type that the document lists."""
    for effect_type, name in document.effects.items():
        rest = composed(document, {"$ref": "Effect"})
        yield {**rest, "effectType": effect_type, "props": composed(document, {"$ref": name})}


def bodies(document: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """List the contents of all requests and answers of the package's operations."""
    for operation in document.operations():
        for media in document.follow(operation.get("requestBody", {}))[1].get("content", {}).values():
            yield f"{operation['operationId']} request", media
        for status, answer in operation["responses"].items():
            for media in answer.get("content", {}).values():
                yield f"{operation['operationId']} {status}", media


def written(era: str, where: str, holder: dict[str, Any], schema: dict[str, Any]) -> Iterator[Example]:
    """List the examples that stand beside a schema."""
    if "example" in holder:
        yield Example(era, where, schema, holder["example"])
    for title, example in holder.get("examples", {}).items():
        yield Example(era, f"{where} {title}", schema, example["value"])


def examples(era: str, document: Any, *, failures: bool = False) -> list[Example]:
    """List all examples of requests, answers and models; or those of answers that say no."""
    collected: list[Example] = []
    for where, media in bodies(document):
        if where.split()[1].startswith(("4", "5")) is failures:
            collected += written(era, where, media, media["schema"])
            collected.append(Example(era, where, media["schema"], composed(document, media["schema"])))
    if not failures:
        for name in document.schemas.keys() & document.components.keys():
            reference = {"$ref": name}
            collected += written(era, name, document.components[name], reference)
            forms = document.components[name].get("oneOf", [reference])
            collected += (Example(era, name, reference, composed(document, form)) for form in forms)
        collected += (Example(era, "Effect", {"$ref": "Effect"}, effect) for effect in effects(document))
    return [example for each in collected if each.value is not None for example in objects(document, each)]


def objects(document: Any, example: Example) -> Iterator[Example]:
    """Take a list apart, and pass over what has no class: a map of the users' own keys."""
    _, target = document.resolve(example.schema)
    if target.get("type") == "array":
        yield from (attrs.evolve(example, schema=target["items"], value=item) for item in example.value)
    elif document.shape(target).properties:
        yield example


def instant(text: str) -> datetime | str:
    """Return a time to the microsecond, or the text that is none."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text
    return time if time.tzinfo else text


def tells(document: Any, option: dict[str, Any], value: Any, effect: str) -> bool:
    """Tell whether one of several schemas is that of a value: by the type of the effect, or by its own type."""
    _, target = document.resolve(option)
    own = target.get("properties", {}).get("type", {})
    return target.get("title", "") == effect != "" or value.get("type") in [own.get("const"), *own.get("enum", [])]


def known(document: Any, schema: dict[str, Any], value: Any, effect: str = "") -> Any:
    """Return what an example says in documented properties; null and empty are absent, and times are instants."""
    _, target = document.resolve(schema)
    if "oneOf" in target:
        fitting = [option for option in target["oneOf"] if tells(document, option, value, effect)]
        return known(document, fitting[0], value) if fitting else value
    properties = document.shape(target).properties
    if isinstance(value, dict) and properties:
        kind = value.get("effectType", "")
        named = {key if key in properties else OTHER_SPELLINGS.get(key, key): item for key, item in value.items()}
        pairs = [
            (key, known(document, properties[key], item, kind)) for key, item in named.items() if key in properties
        ]
        return {key: item for key, item in pairs if item not in (None, [], {})}
    inner = target.get("additionalProperties")
    if isinstance(value, dict) and isinstance(inner, dict):
        return {key: known(document, inner, item) for key, item in value.items()}
    if isinstance(value, list):
        return [known(document, target.get("items", {}), item) for item in value]
    return instant(value) if target.get("format") == "date-time" and isinstance(value, str) else value


@pytest.fixture
def era(original: Any, originals: dict[str, Any]) -> str:
    """Give the name of each document in turn."""
    return next(name for name, other in originals.items() if other is original)


@pytest.fixture
def all_examples(era: str, original: Any) -> list[Example]:
    """Return all examples of the document, but for those of errors."""
    return examples(era, original)


def test_examples_are_found_when_a_document_is_read(all_examples: list[Example], original: Any, era: str) -> None:
    """Every body and every model has an example, but for a few. The document of 2020 has no props of effects."""
    models_of_it = original.schemas.keys() & original.components.keys()
    expected = {where for where, _ in bodies(original) if where.split()[1] in ("request", "200", "201")} | models_of_it
    bare = BARE if era == "26.16" else {name for name in models_of_it if name.endswith("EffectProps")}
    assert bare == expected - {example.where for example in all_examples}


def test_example_is_read_when_it_is_published(all_examples: list[Example], original: Any) -> None:
    """Every example becomes an object of the documented class."""
    for example in all_examples:
        cls = example.of(original)
        assert type(from_json(json.dumps(example.value), cls)) is cls, example.where


def test_example_is_equal_when_it_is_read_written_and_read_again(all_examples: list[Example], original: Any) -> None:
    """An example that is read, written and read again is the same object."""
    for example in all_examples:
        cls = example.of(original)
        read = from_json(json.dumps(example.value), cls)
        assert read == from_json(to_json(read), cls), example.where


def test_nothing_known_is_lost_when_an_example_is_written_again(all_examples: list[Example], original: Any) -> None:
    """Every documented property of an example has the same value after reading and writing, and none is added."""
    for example in all_examples:
        again = json.loads(to_json(from_json(json.dumps(example.value), example.of(original))))
        expected = known(original, example.schema, example.value)
        assert expected == known(original, example.schema, again), example.where


def test_strict_reading_raises_only_when_an_example_is_known_to_be_bad(originals: dict[str, Any]) -> None:
    """Strict reading accepts every example, but for those listed with what is wrong with them."""
    bad_fields: set[tuple[str, str, Any]] = set()
    for era, original in originals.items():
        for example in examples(era, original):
            for problem in problems(example.value, example.of(original)):
                value: Any = example.value
                for step in problem.pointer.split("/")[1:]:
                    value = value[int(step)] if isinstance(value, list) else value.get(step)
                bad_fields.add((era, problem.pointer.rpartition("/")[2], value))
    assert KNOWN_BAD.keys() == bad_fields


def test_error_says_what_the_server_said_when_the_answer_is_an_example(originals: dict[str, Any]) -> None:
    """Every example of an error answer becomes an error with its status and message."""
    failures = examples("26.16", originals["26.16"], failures=True)
    assert failures
    for example in failures:
        status = int(example.where.split()[1])
        error = error_for(Answer(status, {}, json.dumps(example.value).encode()))
        assert (status, example.value["message"]) == (error.status, error.message)
        assert isinstance(error, ParallelUpdateError) is (status == 409)
