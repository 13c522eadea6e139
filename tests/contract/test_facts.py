"""No fact is lost on the way from a document to a table, nor from a table that is written by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.drift import COUPON, DATA, INVENTORY, MINIMAL, PATHS, SCHEMAS, TEXT, at, changed, content, refer

from tools.contract import tables
from tools.contract.document import Document, DocumentError
from tools.contract.table import read, write

if TYPE_CHECKING:
    from pathlib import Path

DELETION = (*PATHS, DATA, "delete")
ANSWER = (*PATHS, COUPON, "post", "responses", "201")
QUERY = (*PATHS, INVENTORY, "get", "parameters", 1)
ID = (*SCHEMAS, "CustomerProfile", "properties", "integrationId")
LIST = (*SCHEMAS, "Coupon", "allOf", 1, "properties", "limits")
HEADERS = {"X-Age": {"schema": {"type": "integer"}}, "X-Mood": {"schema": TEXT}}


def written(changes: dict[tuple[Any, ...], Any]) -> str:
    """Write the table of a document that has something besides."""
    return write(Document(json.dumps(changed(MINIMAL, changes))), "prizes", "1")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({(*ANSWER, "headers"): HEADERS}, "  201 headers (X-Age integer, X-Mood string)"),
        (
            {QUERY: {**at("profile", "query", {"type": "boolean"}), "deprecated": True}},
            "  query profile boolean deprecated",
        ),
        ({(*SCHEMAS, "CustomerProfile", "deprecated"): True}, "CustomerProfile deprecated"),
        ({(*SCHEMAS, "CustomerProfile", "additionalProperties"): False}, "CustomerProfile closed"),
        ({(*ID, "readOnly"): True, (*ID, "default"): "none"}, '  integrationId string read-only = "none"'),
        ({ID: {"type": "number", "exclusiveMinimum": 0, "maximum": 9}}, "  integrationId number >0 ..9"),
        ({(*ID, "default"): ""}, '  integrationId string = ""'),
        (
            {
                (*QUERY, "schema"): refer("Marks"),
                (*QUERY, "explode"): False,
                (*SCHEMAS, "Marks"): {"type": "array", "items": TEXT},
            },
            "  query profile Marks joined",
        ),
    ],
)
def test_line_has_the_fact_when_a_document_states_it(changes: dict[tuple[Any, ...], Any], line: str) -> None:
    """A fact of a document is a line of its table, and the table that is read and written again is the same."""
    text = written(changes)
    assert line in text.splitlines()
    assert text == write(Document(json.dumps(read(text))), "prizes", "1")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({(*ID, "nullable"): True}, "`nullable` in CustomerProfile.integrationId"),
        ({(*ID, "multipleOf"): 2}, "`multipleOf` in CustomerProfile.integrationId"),
        ({(*ID, "exclusiveMaximum"): 2}, "`exclusiveMaximum` in CustomerProfile.integrationId"),
        ({(*ID, "exclusiveMinimum"): True}, "`exclusiveMinimum` that is no number in CustomerProfile.integrationId"),
        ({(*ID, "format"): "int32"}, "`format: int32` in CustomerProfile.integrationId"),
        ({(*SCHEMAS, "CustomerProfile", "minProperties"): 1}, "`minProperties` in CustomerProfile"),
        ({(*LIST, "default"): [], (*LIST, "items"): {**refer("LimitConfig"), "nullable": True}}, "`nullable` in Coupon.limits"),
        ({(*LIST, "items"): {"type": "string", "default": "none"}}, "`default` in Coupon.limits"),
        ({(*LIST, "items"): {"properties": {"a": TEXT}, "additionalProperties": False}}, "`additionalProperties: false` in Coupon.limits"),
        ({(*QUERY, "style"): "pipeDelimited"}, "`style: pipeDelimited` in getCustomerInventory, parameter profile"),
        ({(*QUERY, "style"): "deepObject"}, "`style: deepObject` in getCustomerInventory, parameter profile"),
        ({(*QUERY, "allowReserved"): True}, "`allowReserved` in getCustomerInventory, parameter profile"),
        ({(*QUERY, "schema", "multipleOf"): 2}, "`multipleOf` in getCustomerInventory, parameter profile"),
        ({(*DELETION, "servers"): []}, "`servers` in deleteCustomerData"),
        ({(*DELETION, "callbacks"): {}}, "`callbacks` in deleteCustomerData"),
        ({(*PATHS, DATA, "head"): {"operationId": "hasCustomerData"}}, f"`head` in {DATA}"),
        ({(*ANSWER, "links"): {}}, "`links` in createCouponReservation, 201"),
        ({(*ANSWER, "content", "application/json", "encoding"): {}}, "`encoding` in createCouponReservation, 201"),
        ({(*ANSWER, "content", "text/csv"): {"schema": TEXT}}, "other content than application/json in createCouponReservation, 201"),
        ({(*ANSWER, "headers"): {"X-Age": {"schema": {"multipleOf": 2}}}}, "`multipleOf` in createCouponReservation, 201, header X-Age"),
        ({(*DELETION, "tags"): ["a", "b"]}, "several tags of deleteCustomerData"),
        ({ID: {"enum": [1, 2]}}, "words that are no plain text in CustomerProfile.integrationId"),
        ({ID: {"const": None}}, "words that are no plain text in CustomerProfile.integrationId"),
        ({ID: {"type": "file"}}, "`type: file` in CustomerProfile.integrationId"),
        ({ID: {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}}, "a choice between required fields in CustomerProfile.integrationId"),
        ({ID: {"type": ["object", "null"], "properties": {"a": TEXT}}}, "fields of what may be null in CustomerProfile.integrationId"),
        ({(*DELETION, "responses", "default"): {}}, "the status `default` in deleteCustomerData"),
        ({(*QUERY, "in"): "cookie"}, "`in: cookie` in getCustomerInventory, parameter profile"),
        ({ID: {"oneOf": [TEXT, {"type": "integer"}], "maxLength": 3}}, "`maxLength` beside `oneOf` in CustomerProfile.integrationId"),
        ({ID: {"allOf": [TEXT, {"type": "string", "maxLength": 3}]}}, "several schemas without fields in `allOf` in CustomerProfile.integrationId"),
        ({ID: {**refer("Coupon"), "type": ["object", "null"]}}, "a reference that may be null in CustomerProfile.integrationId"),
        ({(*SCHEMAS, "CustomerProfile", "additionalProperties"): TEXT}, "`additionalProperties` beside `properties` in CustomerProfile"),
        ({(*SCHEMAS, "CustomerProfile"): {"type": "object", "additionalProperties": False}}, "`additionalProperties: false` in CustomerProfile"),
        ({(*SCHEMAS, "CustomerProfile"): {"type": "string", "deprecated": True}}, "`deprecated` in CustomerProfile"),
    ],
)  # fmt: skip
def test_document_is_refused_when_a_table_cannot_say_all_of_it(
    changes: dict[tuple[Any, ...], Any], message: str
) -> None:
    """A fact that no line can say is refused by name and place, so that it is not lost."""
    with pytest.raises(DocumentError) as caught:
        written(changes)
    assert str(caught.value).startswith(f"it has {message}, which a table ")


def test_document_is_refused_when_two_operations_have_one_name() -> None:
    """Two operations with one name are refused, because a table would have one of them."""
    with pytest.raises(DocumentError, match="^it has two operations deleteCustomerData$"):
        written({(*PATHS, "/v1/odd"): {"get": {"operationId": "deleteCustomerData", "responses": {}}}})


@pytest.mark.parametrize("name", ["a b", "$x", "zz[]"])
def test_document_is_refused_when_no_line_can_hold_a_name(name: str) -> None:
    """A table is read again when it is written, so that one with a name that cannot be read is refused."""
    with pytest.raises(DocumentError, match="^line "):
        written({(*SCHEMAS, "CustomerProfile", "properties", name): TEXT})


HOOKS = {
    "prizeWon": {
        "post": {
            "operationId": "prizeWon",
            "parameters": [at("X-Prize", "header", TEXT)],
            "requestBody": {"required": True, **content(refer("Coupon"))},
        }
    }
}


def test_webhook_is_written_when_a_document_has_one() -> None:
    """The line of a webhook says whether there is a body, and the lines below it what is in the head."""
    text = written({("webhooks",): HOOKS})
    lines = text.splitlines()
    place = lines.index("WEBHOOK prizeWon! Coupon")
    assert "  header X-Prize string" == lines[place + 1]
    assert text == write(Document(json.dumps(read(text))), "prizes", "1")
    odd = {("webhooks",): HOOKS, ("webhooks", "prizeWon", "post", "callbacks"): {}}
    with pytest.raises(DocumentError, match="it has `callbacks` in prizeWon, which a table cannot say"):
        written(odd)


def test_what_people_or_tools_read_is_left_out_when_a_table_is_written() -> None:
    """Descriptions, titles, examples and the keys of other tools are no facts."""
    more = {(*ID, key): "x" for key in ("description", "title", "example", "x-arbitraryJSON", "$comment")}
    assert written(more) == written({})


@pytest.fixture
def by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder of the tables, and give the one that is written by hand."""
    for path in tables.FOLDER.iterdir():
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(tables, "FOLDER", tmp_path)
    monkeypatch.delenv("TALON_ONE_SPEC", raising=False)
    for remembered in (tables.content, tables.table):
        monkeypatch.setattr(tables, remembered.__name__, remembered.__wrapped__)
    return tmp_path / "26.20.txt"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  422 RewardUnlockRejection\n", ""),
        ("  rewardName! string\n", "  rewardName string\n"),
        ("  # 26.18\n", " 1\n"),
    ],
)
def test_table_is_refused_when_a_fact_changed_and_its_seal_did_not(old: str, new: str, by_hand: Path) -> None:
    """A table without a document is refused if a fact of it is changed or lost, until it is sealed anew."""
    by_hand.write_text(by_hand.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        tables.table("26.20")
    message = "its facts are not those that were sealed: look at what changed, then run "
    assert f"26.20.txt: {message}python -m tools.contract.tables --seal" == str(caught.value)


def test_table_is_read_when_it_is_sealed_anew(by_hand: Path) -> None:
    """`--seal` seals what is there now. Comments are not sealed."""
    before = by_hand.read_text(encoding="utf-8")
    changed_text = before.replace("  422 RewardUnlockRejection\n", "", 1)
    by_hand.write_text(changed_text, encoding="utf-8")
    assert tables.main(["--seal"]) == 0
    assert {*changed_text.splitlines()} - {*by_hand.read_text(encoding="utf-8").splitlines()} == {
        before.splitlines()[1]
    }
    sealed = by_hand.read_text(encoding="utf-8")
    by_hand.write_text(sealed.replace("  # 26.18", "  # 26.17"), encoding="utf-8")
    assert "422" not in tables.content("26.20")["paths"]["/v1/rewards/{rewardId}/unlock"]["post"]["responses"]
