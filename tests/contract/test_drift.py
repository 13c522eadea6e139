"""The tool that compares a newer document with the package: what it finds, what it says, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.drift import CASES, MINIMAL, MODELS, PATHS, PROFILE, SCHEMAS, TEXT, UNLOCK, changed, refer

from tools.contract.__main__ import compare, main, size_of
from tools.contract.document import Document, DocumentError
from tools.contract.examples import compare_examples
from tools.contract.findings import Finding, Group, report
from tools.contract.known_gaps import EXAMPLES_ONLY, KNOWN_GAPS
from tools.contract.tables import NEWEST

ROOT = Path(__file__).resolve().parents[2]
Write = Callable[[Any], Path]


def run(*arguments: Any) -> subprocess.CompletedProcess[str]:
    """Run the tool as a person does."""
    command = [sys.executable, "-W", "error", "-m", "tools.contract", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a document to a file."""

    def writing(content: Any) -> Path:
        path = tmp_path / "openapi.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return writing


@pytest.fixture
def newest(documents: dict[str, Any]) -> dict[str, Any]:
    """Return the newest table, as the document that it stands for."""
    content: dict[str, Any] = json.loads(documents[NEWEST].text)
    return content


@pytest.mark.parametrize("case", CASES)
def test_line_says_what_to_do_when_a_document_differs(
    case: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each difference is printed below its heading with the file to change, and the exit code is 1."""
    changes, group, *lines = CASES[case]
    assert main([str(write(changed(MINIMAL, changes)))]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert f"{group.capitalize()}:" in printed
    assert lines == [line.removeprefix("  ") for line in printed if line.startswith("  ")]
    assert printed[-1].startswith(f"{len(lines)} to do: ")


def test_every_kind_has_a_case_when_the_kinds_are_listed() -> None:
    """Every kind of finding has a case, but for stale gaps and tables, which have tests of their own."""
    assert set(Group) - {Group.STALE, Group.TABLE} == {group for _, group, *_ in CASES.values()}


def test_only_the_additions_are_found_when_a_real_document_grows(newest: dict[str, Any], write: Write) -> None:
    """Of a real document to which an operation, properties and a word are added, exactly these are found."""
    newest["components"]["schemas"]["LimitConfig"]["properties"]["period"]["enum"].append("hourly")
    newest["paths"]["/v1/prizes/{prizeId}/unlock"] = {"post": UNLOCK}
    newest["components"]["schemas"]["CouponReservations"]["properties"]["mood"] = TEXT
    newest["components"]["schemas"]["CustomerProfile"]["properties"]["lastMood"] = {"type": ["string", "null"]}
    done = run(write(newest))
    expected = [
        "Operations:",
        f"  {CASES['operation'][2]}",
        "Properties:",
        f"  CouponReservations.mood (string, request): add mood: str | None = None to {MODELS}/codes.py",
        f"  CustomerProfile.lastMood (string, answer): add last_mood: str | None = None to {MODELS}/profile.py",
        "Words of enumerations:",
        f"  {CASES['word'][2]}",
        "4 to do: operations 1, properties 2, words of enumerations 1",
    ]
    assert (1, expected, "") == (done.returncode, done.stdout.splitlines(), done.stderr)


def test_query_value_is_found_when_it_is_a_list_that_is_sent_otherwise(newest: dict[str, Any]) -> None:
    """A list that was repeated and is joined now, or the other way round, is reported as a changed query value."""
    for name, joined in (("getLoyaltyCardBalances", True), ("getCustomerAchievements", False)):
        operation = next(
            entry for item in newest["paths"].values() for entry in item.values() if entry["operationId"] == name
        )
        next(entry for entry in operation["parameters"] if "explode" in entry)["explode"] = not joined
    expected = [
        "getCustomerAchievements.campaignIds (array, query): let it repeat: Sequence, not Csv in talon_async/operations/achievements.py",
        (
            "getLoyaltyCardBalances.subledgerId (array, query): let it be joined by commas: Csv, not Sequence in "
            "talon_async/operations/loyalty_cards.py"
        ),
    ]
    assert expected == [str(finding) for finding in compare(Document(json.dumps(newest)))]


def test_nothing_is_missing_when_nulls_are_written_as_in_openapi_3_0(write: Write) -> None:
    """A value that may be null is read in the notation of OpenAPI 3.0 as well."""
    period = {"type": "string", "enum": ["daily"], "nullable": True}
    changes = {("openapi",): "3.0.3", (*SCHEMAS, "LimitConfig", "properties", "period"): period}
    assert main([str(write(changed(MINIMAL, changes)))]) == 0


def test_action_of_a_catalog_is_found_when_the_choice_grows(newest: dict[str, Any]) -> None:
    """A choice of objects without names is compared with the class that stands for all of them."""
    schemas = newest["components"]["schemas"]
    schemas["PaintAction"] = {"properties": {"colour": TEXT}}
    actions = {"ADD": "AddItemCatalogAction", "PAINT": "PaintAction"}
    options = [{"type": {"const": word}, "payload": refer(name)} for word, name in actions.items()]
    schemas["CatalogAction"] = {
        "oneOf": [{"properties": option, "required": ["type", "payload"]} for option in options]
    }
    findings = [(finding.group, finding.key) for finding in compare(Document(json.dumps(newest)))]
    expected = [(Group.CLASS, "PaintAction"), (Group.TYPE, "CatalogAction.payload"), (Group.WORD, "CatalogAction.type")]
    assert expected == findings


def test_nothing_is_missing_when_the_document_is_the_packages_own(documents: dict[str, Any], write: Write) -> None:
    """The document that the package was written from ends with exit code 0 and a count of what the package has."""
    document = documents[NEWEST]
    done = run(write(document.text))
    expected = f"nothing is missing: {len(document.published)} operations, {size_of(document)} held\n"
    assert (0, expected, "") == (done.returncode, done.stdout, done.stderr)


def test_nothing_is_missing_when_the_document_is_smaller(write: Write) -> None:
    """Something that only the package has is not reported."""
    done = run(write(MINIMAL))
    expected = "nothing is missing: 4 operations, 8 schemas, 1 effects, 1 words, 0 limits held\n"
    assert (0, expected, "") == (done.returncode, done.stdout, done.stderr)


def test_each_finding_is_a_line_of_json_when_asked_for(write: Write) -> None:
    """With `--json` each finding is one object on a line, without headings and counts. The exit code is the same."""
    done = run(write(changed(MINIMAL, CASES["class"][0])), "--json")
    place = f"{MODELS}/profile.py"
    expected = [
        {"group": "classes", "key": "Mood", "about": "answer", "todo": f"write class Mood with id: int | None = None in {MODELS}/", "place": ""},
        {"group": "properties", "key": "CustomerProfile.mood", "about": "Mood, answer", "todo": f"add mood: Mood | None = None to {place}", "place": place},
    ]  # fmt: skip
    assert (1, expected) == (done.returncode, [json.loads(line) for line in done.stdout.splitlines()])


def test_no_line_is_printed_when_json_has_nothing_to_say(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--json` nothing is printed when nothing is missing."""
    assert main([str(write(MINIMAL)), "--json"]) == 0
    assert capsys.readouterr().out == ""


def test_effects_are_found_when_each_is_a_schema_that_its_type_tells(write: Write) -> None:
    """An effect that a document writes as a schema of its own has one class, also if it has no props."""
    with_type = {"properties": {"effectType": TEXT}, "required": ["effectType"]}
    rest = {"allOf": [refer("EffectEntity"), with_type]}
    free = {"allOf": [*rest["allOf"], {"properties": {"props": refer("AddFreeItemEffectProps")}}]}
    mapping = {"addFreeItem": "#/components/schemas/EffectFree", "dance": "#/components/schemas/EffectDance"}
    options = [{"$ref": reference} for reference in mapping.values()]
    changes = {
        (*SCHEMAS, "EffectEntity"): {"properties": {"campaignId": {"type": "integer"}}},
        (*SCHEMAS, "EffectFree"): free,
        (*SCHEMAS, "EffectDance"): rest,
        (*SCHEMAS, "Effect"): {
            "oneOf": options,
            "discriminator": {"propertyName": "effectType", "mapping": mapping},
        },
        (*SCHEMAS, "CustomerProfileIntegrationResponseV2", "properties", "effects"): {
            "type": "array",
            "items": refer("Effect"),
        },
    }
    document = Document(json.dumps(changed(MINIMAL, changes)))
    assert {"addFreeItem": "AddFreeItemEffectProps", "dance": ""} == document.effects
    assert {"campaignId", "effectType", "props"} == document.schemas["Effect"].properties.keys()
    expected = f"dance (without props): register UnknownEffectProps for it in {MODELS}/effects/"
    assert [expected] == [str(finding) for finding in compare(document)]
    assert main([str(write(json.loads(document.text)))]) == 1


# -- what is known


def test_finding_is_left_out_when_it_is_a_known_gap() -> None:
    """A key with a reason hides its finding and no other."""
    document = Document(json.dumps(changed(MINIMAL, CASES["class"][0])))
    (left,) = compare(document, {(Group.CLASS, "Mood"): "not for customers"})
    assert (Group.PROPERTY, "CustomerProfile.mood") == (left.group, left.key)


def test_known_gap_is_reported_when_it_is_closed() -> None:
    """A known gap that the package has closed is reported as stale."""
    findings = compare(Document(json.dumps(MINIMAL)), {(Group.PROPERTY, "CustomerProfile.integrationId"): "once"})
    expected = [
        "Known gaps that are none:",
        "  CustomerProfile.integrationId (properties): take it out of KNOWN_GAPS in tools/contract/known_gaps.py",
        "1 to do: known gaps that are none 1",
    ]
    assert expected == list(report(findings))


@pytest.mark.parametrize("key", [(Group.OPERATION, "getCustomerInventory"), (Group.EFFECT, "addFreeItem")])
def test_known_gap_is_reported_when_an_operation_or_effect_is_held(key: tuple[Group, str]) -> None:
    """A known gap about an operation or an effect that the package has by now is reported as stale."""
    (stale,) = compare(Document(json.dumps(MINIMAL)), {key: "once"})
    assert (Group.STALE, key[1]) == (stale.group, stale.key)


def test_known_gap_is_not_reported_when_the_document_does_not_mention_it() -> None:
    """A known gap that an older or partial document does not mention is not reported."""
    assert compare(Document(json.dumps(MINIMAL)), {(Group.PROPERTY, "Mood.id"): "later"}) == []


def test_every_known_gap_has_a_reason_when_it_is_listed() -> None:
    """Every known gap has a reason."""
    assert all((*KNOWN_GAPS.values(), *EXAMPLES_ONLY.values()))


# -- what cannot be compared


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("openapi: 3.1.0", "it is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[]", "it is no OpenAPI 3 document: it does not say so under `openapi`"),
        ({"swagger": "2.0", "paths": {}}, "it is no OpenAPI 3 document: it does not say so under `openapi`"),
        ({"openapi": "3.1.0"}, "it has no operation of the Integration API: none takes api_key_v1 or integration_auth"),
        (
            {**MINIMAL, "security": [{"management_key": []}]},
            "it has no operation of the Integration API: none takes api_key_v1 or integration_auth",
        ),
        (
            changed(MINIMAL, {(*SCHEMAS, "CustomerInventory", "properties", "profile"): refer("Nobody")}),
            "it refers to #/components/schemas/Nobody, which it does not have",
        ),
        (
            changed(MINIMAL, {(*SCHEMAS, "Coupon"): refer("Numbered"), (*SCHEMAS, "Numbered"): refer("Coupon")}),
            "it has #/components/schemas/Coupon, which refers to itself",
        ),
    ],
)
def test_exit_code_is_2_when_the_document_cannot_be_compared(
    text: Any, message: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is no document of the API is refused with one line on standard error that names the file."""
    path = write(text)
    assert main([str(path)]) == 2
    assert ("", f"{path}: {message}\n") == capsys.readouterr()


@pytest.mark.parametrize(
    "changes",
    [
        {(*SCHEMAS, "Numbered"): True},
        {(*SCHEMAS, "Numbered"): {"allOf": [refer("Coupon")]}},
        {("webhooks",): {"prizeWon": {"post": {}}}},
        {(*PATHS, "/v1/prizes"): True},
    ],
)
def test_exit_code_is_2_when_the_document_is_built_otherwise(
    changes: dict[Any, Any], write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is JSON but not built like a document is refused with one line, without a traceback."""
    path = write(changed(MINIMAL, changes))
    assert main([str(path)]) == 2
    said = capsys.readouterr()
    assert ("", 1) == (said.out, said.err.count("\n"))
    assert said.err.startswith(f"{path}: it cannot be compared: ")


def test_exit_code_is_2_when_there_is_no_file(tmp_path: Path) -> None:
    """A path that does not exist is reported without a traceback."""
    done = run(tmp_path / "nowhere.json")
    expected = f"{tmp_path / 'nowhere.json'}: it cannot be read: No such file or directory\n"
    assert (2, "", expected) == (done.returncode, done.stdout, done.stderr)


def test_the_error_says_so_when_the_file_is_not_utf_8(tmp_path: Path) -> None:
    """A file with bytes that are not UTF-8 is reported as no JSON."""
    path = tmp_path / "openapi.json"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DocumentError, match="it is not JSON"):
        Document.read(path)


# -- what is read


def test_other_operations_are_left_out_when_a_document_has_both_apis() -> None:
    """Operations that only a key of the Management API opens are left out."""
    manage = {"get": {"operationId": "getApplications", "security": [{"manager_auth": []}], "responses": {}}}
    document = Document(json.dumps(changed(MINIMAL, {(*PATHS, "/v1/applications"): manage})))
    assert "getApplications" not in document.published
    assert len(document.published) == len(list(document.operations()))


def test_examples_are_found_when_they_stand_anywhere() -> None:
    """An example is found in a part of a schema, by reference, in a list of examples, and in a choice."""
    media = (*PATHS, PROFILE, "put", "requestBody", "content", "application/json", "examples")
    named = {
        "by reference": {"$ref": "#/components/examples/shared"},
        "elsewhere": {"externalValue": "https://shop.example"},
    }
    changes: dict[tuple[Any, ...], Any] = {
        ("components", "examples"): {"shared": {"value": {"moodByReference": 1}}},
        media: named,
        (*SCHEMAS, "Coupon", "allOf", 1, "example"): {"moodOfPart": 1},
        (*SCHEMAS, "Coupon", "allOf", 1, "properties", "limits", "items"): {
            **refer("LimitConfig"), "examples": [{"moodInList": 1}],
        },
        (*SCHEMAS, "CustomerInventory", "properties", "profile", "oneOf", 0): {**refer("CustomerProfile"), "example": {"mood": 1}},
    }  # fmt: skip
    document = Document(json.dumps(changed(MINIMAL, changes)))
    expected = {
        "NewCustomerProfile.moodByReference",
        "Coupon.moodOfPart",
        "LimitConfig.moodInList",
        "CustomerProfile.mood",
    }
    assert expected == {finding.key for finding in compare_examples(document)}


def test_schema_is_reached_once_when_it_contains_itself() -> None:
    """Reading a schema that contains its own kind, with or without properties, ends."""
    node = {"properties": {"parent": refer("CustomerProfile"), "rest": refer("Forest")}}
    changes = {(*SCHEMAS, "CustomerProfile"): node, (*SCHEMAS, "Forest"): {"type": "array", "items": refer("Forest")}}
    document = Document(json.dumps(changed(MINIMAL, changes)))
    assert {"parent", "rest"} == document.answers["CustomerProfile"].properties.keys()
    assert "Forest" not in document.schemas


def test_line_has_no_brackets_when_there_is_nothing_to_say_about_a_finding() -> None:
    """The line of a finding without a description holds its key and what to do."""
    assert str(Finding(Group.CLASS, "Mood", "", "write it")) == "Mood: write it"
