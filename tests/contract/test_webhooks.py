"""The notifications against the API's document of them, in both directions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import attrs
import pytest

from talon_async import webhooks
from talon_async._codec.strict import problems
from talon_async.models._base import wire_name
from talon_async.webhooks import NOTIFICATIONS, CampaignEvaluationTreeChanged, Notification, parse
from tools.contract.tables import content

FILE = "openapi-notifications.json"
TREE = "campaignEvaluationTreeChangedNotification"
TYPED_BY_PROSE = {TREE: ["CampaignEvaluationTreeChanged"]}
"""Webhooks whose type the schema and the prose give differently; `parse` understands both."""

KNOWN_GAPS = {
    ("CampaignSetBranchNode", "elements"): "groups in groups to any depth, left as they are",
}
"""Properties that are not typed all the way down, by class and wire name, and why."""

OTHER_EXAMPLES = {"couponsData": "CouponsUpdated"}
"""Webhooks whose example is of another webhook's type."""

BUDGETS = {"createCoupon", "redeemCoupon", "redeemReferral", "setDiscount", "setDiscountEffect"}
MORE_WORDS = {
    ("CampaignBudget", "action"): BUDGETS,  # in prose only
    ("LimitConfig", "action"): BUDGETS,
    ("StrikethroughTarget", "type"): {"NONE"},  # of the other form of a target
}
"""Words that no enumeration of the same field has, and why."""

ENVELOPE = {field.name for field in attrs.fields(Notification)} - {"notification_type"}
"""What a notification has from the header and from the body as a whole."""

PUBLIC = {name: getattr(webhooks, name) for name in webhooks.__all__}
KINDS = {"string": str, "integer": int, "number": float, "boolean": bool}


class Document:
    """A document of the notifications, with its references followed."""

    def __init__(self, text: str) -> None:
        self.text = text
        read = json.loads(text)
        self._components: Mapping[str, Any] = read["components"]["schemas"]
        self.webhooks = {
            name: item["post"]["requestBody"]["content"]["application/json"] for name, item in read["webhooks"].items()
        }

    def resolve(self, schema: Any) -> dict[str, Any]:
        """Follow a reference."""
        return self._components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema

    def properties(self, schema: Any) -> dict[str, Any]:
        """Return the properties of an object with all its mix-ins and all its variants."""
        schema = self.resolve(schema)
        merged: dict[str, Any] = {}
        for part in (*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ())):
            merged |= self.properties(part)
        return merged | schema.get("properties", {})

    def classes(self, name: str) -> list[type[Notification]]:
        """Return the class of each type that a webhook may send; KeyError for one without."""
        kinds = self.properties(self.webhooks[name]["schema"])["NotificationType"]["enum"]
        return [NOTIFICATIONS[kind] for kind in TYPED_BY_PROSE.get(name, kinds)]

    def examples(self, name: str) -> list[dict[str, Any]]:
        """Return the examples of a webhook."""
        webhook = self.webhooks[name]
        named = [example["value"] for example in webhook.get("examples", {}).values()]
        return named or [webhook["example"]]

    def typed(self) -> dict[type[Any], dict[str, list[Any]]]:
        """Return every class below the notifications, with all schemas of each of its properties."""
        found: dict[type[Any], dict[str, list[Any]]] = {}
        for name, webhook in self.webhooks.items():
            for cls in self.classes(name):
                self._visit(cls, webhook["schema"], found)
        return found

    def _visit(self, hint: Any, schema: Any, found: dict[type[Any], dict[str, list[Any]]]) -> None:
        schema = self.resolve(schema)
        for part in parts(hint):
            inner = schema.get({Sequence: "items", Mapping: "additionalProperties"}.get(get_origin(part), ""))
            if isinstance(inner, dict):
                self._visit(get_args(part)[-1], inner, found)
            elif attrs.has(part):
                known = found.setdefault(part, {})
                hints = get_type_hints(part)
                for name, below in self.properties(schema).items():
                    if below not in known.setdefault(name, []):
                        known[name].append(below)
                        if name in fields(part):
                            self._visit(hints[fields(part)[name]], below, found)


@pytest.fixture(scope="module")
def document() -> Document:
    """Return the newest table of the notifications."""
    return Document(json.dumps(content("notifications-26.20")))


@pytest.fixture(scope="module")
def original(folder: Path) -> Document:
    """Return the published document of the notifications, with its examples."""
    return Document((folder / FILE).read_text(encoding="utf-8"))


def fields(cls: type[Any]) -> dict[str, str]:
    """Return the names of a class's fields by wire name, without what every notification has."""
    own = [field for field in attrs.fields(cls) if not (issubclass(cls, Notification) and field.name in ENVELOPE)]
    return {wire_name(field): field.name for field in own}


def parts(hint: Any) -> Iterator[Any]:
    """Split a union into what it is made of; `Literal` counts as one part."""
    if get_origin(hint) in (None, Literal, Sequence, Mapping):
        yield hint
    else:
        for part in get_args(hint):
            yield from parts(part)


def words(hint: Any) -> set[str]:
    """Return the words of all `Literal` in a type."""
    return {word for part in parts(hint) if get_origin(part) is Literal for word in get_args(part)}


def fits(hint: Any, schema: Any, document: Document) -> bool:
    """Tell whether a type can hold what a schema describes."""
    schema, hints = document.resolve(schema), set(parts(hint))
    kind = schema.get("type")
    if hints == {Any}:
        return True
    if kind in KINDS:
        return (datetime if schema.get("format") == "date-time" and kind == "string" else KINDS[kind]) in hints
    if document.properties(schema):
        return any(attrs.has(part) for part in hints)
    values = {get_origin(part): get_args(part)[-1] for part in hints if get_args(part)}
    value = values.get(Sequence if kind == "array" else Mapping)
    inner = schema.get("items" if kind == "array" else "additionalProperties")
    return value is Any or (isinstance(inner, dict) and fits(value, inner, document))


def test_every_webhook_has_a_class_when_the_document_lists_it(document: Document) -> None:
    """Every webhook of the document has a class, and no class is of a type that the document lacks."""
    classes = {cls for name in document.webhooks for cls in document.classes(name)}
    assert 25 == len(document.webhooks)
    assert set(NOTIFICATIONS.values()) == classes


def test_a_class_has_the_name_of_its_type_when_it_is_listed() -> None:
    """The class of a notification has the name of its type.

    A `Literal` lists all types, so that editors complete them.
    """
    assert {name: name for name in NOTIFICATIONS} == {name: cls.__name__ for name, cls in NOTIFICATIONS.items()}
    assert set(get_args(webhooks.NotificationType)) == set(NOTIFICATIONS)


def test_a_type_is_listed_when_a_schema_allows_it(document: Document) -> None:
    """Every type that a schema allows has a class, also the type that contradicts the prose."""
    for webhook in document.webhooks.values():
        assert set() == set(document.properties(webhook["schema"])["NotificationType"]["enum"]) - set(NOTIFICATIONS)


def test_field_exists_when_a_schema_has_a_property(document: Document) -> None:
    """Every property of a schema has a field, however deeply it is nested."""
    lost = {(cls.__name__, name) for cls, known in document.typed().items() for name in known.keys() - fields(cls)}
    assert set() == lost


def test_property_exists_when_a_class_has_a_field(document: Document) -> None:
    """Every field is a property in one of the places where its class is used."""
    extra = {(cls.__name__, name) for cls, known in document.typed().items() for name in fields(cls).keys() - known}
    assert set() == extra


def test_a_class_is_reached_when_it_is_public(document: Document) -> None:
    """Every public class belongs to a schema of the document."""
    models = {value for value in PUBLIC.values() if attrs.has(value)}
    others = {Notification, webhooks.UnknownNotification, webhooks.SecretHeader, webhooks.BasicCredentials}
    assert others == models - document.typed().keys()


def test_type_fits_when_a_schema_gives_one(document: Document) -> None:
    """The type of every field can hold the values that its schema describes."""
    wrong = {
        (cls.__name__, name)
        for cls, known in document.typed().items()
        for name, schemas in known.items()
        if not all(fits(get_type_hints(cls)[fields(cls)[name]], schema, document) for schema in schemas)
    }
    assert KNOWN_GAPS.keys() == wrong


def test_every_field_has_a_default_when_nothing_is_certain(document: Document) -> None:
    """Every field defaults to None or, for a list or map, to an empty one."""
    for cls in document.typed():
        for field in attrs.fields(cls):
            origins = {get_origin(part) for part in parts(get_type_hints(cls)[field.name])}
            kinds = [kind for origin, kind in ((Sequence, list), (Mapping, dict)) if origin in origins]
            if field.name not in ENVELOPE:
                assert (attrs.Factory(kinds[0]) if kinds else None) == field.default, (cls.__name__, field.name)


def listed(schema: Any) -> set[str]:
    """Return the words of an enumeration."""
    return {*schema.get("enum", ())}


def test_literal_has_the_word_when_the_document_lists_it(document: Document) -> None:
    """Every word of every enumeration completes in an editor, and any other is taken, too."""
    for cls, known in document.typed().items():
        hints = get_type_hints(cls)
        for name, schema in [(name, schema) for name, schemas in known.items() for schema in schemas]:
            if wanted := listed(schema):
                hint = hints[fields(cls)[name]]
                assert set() == wanted - words(hint), (cls.__name__, name)
                assert str in parts(hint), (cls.__name__, name)


def test_document_has_the_word_when_a_literal_lists_it(document: Document) -> None:
    """Every word of a field stands in the enumeration of the same field, but for those that say why."""
    more = {
        (cls.__name__, name): beyond
        for cls, known in document.typed().items()
        for name, schemas in known.items()
        if name != "NotificationType"  # which lists all types
        and (beyond := words(get_type_hints(cls)[fields(cls)[name]]).difference(*map(listed, schemas)))
    }
    assert MORE_WORDS == more


def test_every_example_is_read_when_it_is_sent(original: Document) -> None:
    """Every example becomes the class of its webhook, passes strict reading, and keeps its list."""
    for name in original.webhooks:
        classes = [NOTIFICATIONS[OTHER_EXAMPLES[name]]] if name in OTHER_EXAMPLES else original.classes(name)
        for example in original.examples(name):
            read: Any = parse(json.dumps(example), {"X-UUID": name})
            assert type(read) in classes
            assert (name, example) == (read.id, read.raw)
            assert [] == list(problems(example, type(read))), name
            items = example.get("Data") or example.get("data") or []
            assert len(items) == len(getattr(read, "data", []))


def test_the_tree_is_known_when_its_example_has_the_type_of_campaigns(original: Document) -> None:
    """The example of a changed tree is read although it gives the type of campaigns and writes `data` in lower case."""
    (example,) = original.examples(TREE)
    read: Any = parse(json.dumps(example), {})
    assert ("CampaignNotification", "data") == (example["NotificationType"], [*example][-1])
    assert (CampaignEvaluationTreeChanged, 322) == (type(read), read.data[0].evaluation_tree.application_id)
