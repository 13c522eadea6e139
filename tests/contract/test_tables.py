"""The tables of the API: how they are read and written, and that they say what the documents say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.published import published

from tools.contract import tables
from tools.contract.__main__ import main
from tools.contract.document import Document, DocumentError
from tools.contract.limits import schema_limit
from tools.contract.notation import Reader, write_type
from tools.contract.table import read, write
from tools.contract.tables import FOLDER, SOURCES, content, differing, sealed, table, text
from tools.contract.tables import original as find
from tools.contract.types import listed_words

ROOT = Path(__file__).resolve().parents[2]
TITLE = "# Talon.One Integration API 1.0: facts only\n"
SMALL = f"""{TITLE}
GET /v1/prizes getPrizes (Prizes) experimental
  query colour ["red"|"blue"] joined
  200 Prizes
  404

Prizes
  data! [Prize]

Prize closed
  id! integer 1..
  name string ..20 deprecated = "none"

effect winPrize Prize
words lucky
"""
each_table = pytest.mark.parametrize("name", SOURCES)
each_written = pytest.mark.parametrize("name", [name for name, (_, file) in SOURCES.items() if file])


def grown(more: str) -> dict[str, Any]:
    """Read a table that adds to the small one."""
    return read(f"# Talon.One Integration API 1.1 from 1.0: facts only\n{more}", lambda _: read(SMALL))


def prizes(more: str) -> dict[str, Any]:
    """Return the schemas of a table that adds to the small one."""
    schemas: dict[str, Any] = grown(more)["components"]["schemas"]
    return schemas


# -- the notation


@pytest.mark.parametrize(
    ("written", "schema"),
    [
        ("string", {"type": "string"}),
        ("any", {}),
        ("datetime", {"type": "string", "format": "date-time"}),
        ("uuid", {"type": "string", "format": "uuid"}),
        ("date", {"type": "string", "format": "date"}),
        ('"open"|"closed"', {"type": "string", "enum": ["open", "closed"]}),
        ("Prize", {"$ref": "#/components/schemas/Prize"}),
        ("Prize|string", {"anyOf": [{"$ref": "#/components/schemas/Prize"}, {"type": "string"}]}),
        ("number|null", {"type": ["number", "null"]}),
        ("Prize|null", {"anyOf": [{"$ref": "#/components/schemas/Prize"}, {"type": "null"}]}),
        ("[string ..20] 1..", {"type": "array", "items": {"type": "string", "maxLength": 20}, "minItems": 1}),
        ("[integer] unique", {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}),
        ("{[any]}", {"type": "object", "additionalProperties": {"type": "array", "items": {}}}),
        ("string 4..108 /^[A-Z.|#]+$/", {"type": "string", "minLength": 4, "maxLength": 108, "pattern": "^[A-Z.|#]+$"}),
        ("number >0", {"type": "number", "exclusiveMinimum": 0}),
        ("number >0 ..5", {"type": "number", "exclusiveMinimum": 0, "maximum": 5}),
        ("integer 1..1000", {"type": "integer", "minimum": 1, "maximum": 1000}),
        (
            "(id! integer, name string deprecated)",
            {
                "type": "object",
                "properties": {"id": {"type": "integer"}, "name": {"type": "string", "deprecated": True}},
                "required": ["id"],
            },
        ),
    ],
)
def test_type_stays_when_it_is_read_and_written_again(written: str, schema: dict[str, Any]) -> None:
    """A type means one schema, and the schema is written as that type."""
    reader = Reader(written)
    assert schema == reader.type()
    reader.end()
    assert written == write_type(schema, Document(json.dumps(read(SMALL))), lambda _: None)


@pytest.mark.parametrize(
    ("written", "schema"),
    [
        ('"ADD"', {"const": "ADD"}),
        ("number", {"type": "number", "format": "float"}),
        ("Prize", {"allOf": [{"$ref": "#/components/schemas/Prize"}], "description": "It is won."}),
        ("[any]|null", {"type": ["array", "null"]}),
        ('"a"|"b"', {"type": "string", "description": "It is one of the following: ['a', 'b']"}),
    ],
)
def test_type_is_plain_when_a_document_says_it_at_length(written: str, schema: dict[str, Any]) -> None:
    """A type that a document can write in several ways is written in one.

    Descriptions leave only the words that they list.
    """
    assert written == write_type(schema, Document(json.dumps(read(SMALL))), lambda _: None)


# -- the tables


@each_table
def test_table_has_no_sentence_when_it_is_committed(name: str) -> None:
    """Every line of a table but comments is understood. Only lines of words have five words in a row."""
    assert content(name)
    lines = [line.partition("  # ")[0] for line in text(name).splitlines() if not line.startswith(("#", "words "))]
    assert [] == [line for line in lines if re.search(r"(?:\b[a-z]+ ){4}[a-z]+", line)]


@each_written
def test_table_is_equal_when_it_is_read_and_written_again(name: str) -> None:
    """A table that is read and written again is the same."""
    api, _ = SOURCES[name]
    assert text(name) == sealed(write(table(name), api, name.removeprefix(f"{api}-")))


@each_table
def test_document_is_equal_when_a_table_is_written_from_it(name: str) -> None:
    """A document is the same when a table of it is read, also if the table adds to another one."""
    whole = Document(json.dumps(read(write(table(name), SOURCES[name][0], "1"))))
    assert table(name).effects == whole.effects
    assert {*table(name).published} == {*whole.published}
    assert table(name).schemas.keys() == whole.schemas.keys()
    for schema, shape in table(name).schemas.items():
        assert (shape.properties.keys(), shape.required) == (
            whole.schemas[schema].properties.keys(),
            whole.schemas[schema].required,
        )


def test_newest_table_has_the_operations_and_effects_when_it_is_read() -> None:
    """The table of 26.20 has 42 operations, three more than that of 26.16, and 46 effects."""
    assert (39, 42) == (len(table("26.16").published), len(table("26.20").published))
    new = {"getCustomerRewards", "integrationRewardsCatalog", "unlockReward"}
    assert new == table("26.20").published.keys() - table("26.16").published.keys()
    assert (36, 46) == (len(table("26.16").effects), len(table("26.20").effects))


def test_table_is_read_when_all_that_it_can_say_is_in_it() -> None:
    """An operation with its tag, flags, parameters and statuses; schemas, effects and words."""
    small = read(SMALL)
    operation = small["paths"]["/v1/prizes"]["get"]
    assert ("getPrizes", ["Prizes"], "experimental") == (
        operation["operationId"],
        operation["tags"],
        operation["x-scalar-stability"],
    )
    (parameter,) = operation["parameters"]
    assert ("colour", "query", False, False) == tuple(parameter[key] for key in ("name", "in", "required", "explode"))
    assert {"200", "404"} == operation["responses"].keys()
    prize = small["components"]["schemas"]["Prize"]
    assert (["id"], False) == (prize["required"], prize["additionalProperties"])
    assert {"type": "string", "maxLength": 20, "deprecated": True, "default": "none"} == prize["properties"]["name"]
    assert {"winPrize": "Prize"} == Document(json.dumps(small)).effects
    assert ["lucky"] == small["x-words"]


def test_field_is_replaced_when_a_table_adds_to_another() -> None:
    """A field of the same name replaces the earlier one, including whether it is required. The other fields stay."""
    prize = prizes("Prize\n  id string\n  colour! string\n")["Prize"]
    assert {"id": {"type": "string"}, "colour": {"type": "string"}}.items() <= prize["properties"].items()
    assert (["colour"], {"id", "name", "colour"}) == (prize["required"], prize["properties"].keys())


def test_field_is_gone_when_a_table_takes_it_away() -> None:
    """A line with a minus removes a field, and its name from the required ones."""
    prize = prizes("Prize\n  - id\n")["Prize"]
    assert ({"name"}, []) == (prize["properties"].keys(), prize["required"])


def test_schema_begins_with_the_fields_of_another_when_it_is_from_it() -> None:
    """A schema that is written `from` another begins with its fields, and the other schema stays as it is."""
    schemas = prizes("WonPrize from Prize\n  wonAt! datetime  # 1.1\n")
    assert {"id", "name", "wonAt"} == schemas["WonPrize"]["properties"].keys()
    assert ["id", "wonAt"] == schemas["WonPrize"]["required"]
    assert {"id", "name"} == schemas["Prize"]["properties"].keys()


def test_parameter_is_replaced_when_an_operation_is_named_again() -> None:
    """New parameters are added, and parameters of the same name are replaced."""
    operation = grown("GET /v1/prizes getPrizes\n  query colour [string]\n  query tint string empty\n  409 Prize\n")
    (colour, tint) = operation["paths"]["/v1/prizes"]["get"]["parameters"]
    assert (True, "string", True) == (colour["explode"], colour["schema"]["items"]["type"], tint["allowEmptyValue"])
    assert {"200", "404", "409"} == operation["paths"]["/v1/prizes"]["get"]["responses"].keys()


def test_marks_mean_nothing_when_they_stand_in_quotes() -> None:
    """Words like those of flags, and the marks of defaults and comments, are text where they stand in quotes."""
    text = f'{TITLE}GET /v1/prizes getPrizes\n  query tint "an  # empty"|"a = b" empty = "so empty"  # since ever\n'
    (tint,) = read(text)["paths"]["/v1/prizes"]["get"]["parameters"]
    assert ({"type": "string", "enum": ["an  # empty", "a = b"], "default": "so empty"}, True) == (
        tint["schema"],
        tint["allowEmptyValue"],
    )


def test_headers_stay_when_the_answer_of_a_status_is_replaced() -> None:
    """A table that replaces what is in an answer keeps the headers of the answer."""
    grown_once = grown("GET /v1/prizes getPrizes\n  200 Prize\n  200 headers (X-Age integer)\n  200 any\n")
    assert ({}, ["X-Age"]) == (
        grown_once["paths"]["/v1/prizes"]["get"]["responses"]["200"]["content"]["application/json"]["schema"],
        [*grown_once["paths"]["/v1/prizes"]["get"]["responses"]["200"]["headers"]],
    )


def test_effect_has_no_name_when_it_has_no_props() -> None:
    """An effect without props is still known by its type."""
    assert {"winPrize": "Prize", "losePrize": ""} == Document(json.dumps(grown("effect losePrize\n"))).effects


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("Prize\n", "it is no table: it does not begin with what it is a table of"),
        (f"{TITLE}  id integer\n", "line 2: 'id integer' is below nothing"),
        (f"{TITLE}A prize is won.\n", "line 2: 'A prize is won.' is no line of a table"),
        (f"{TITLE}GET /v1/prizes getPrizes\n  cookie id string\n", "line 3: 'cookie id string' is no line of an operation"),
        (f"{TITLE}Prize\n  id ]\n", "line 3: it has ']' in the place of a type in 'id ]'"),
        (f"{TITLE}Prize\n  id [string\n", "line 3: it lacks ] before '' in 'id [string'"),
        (f"{TITLE}Prize\n  id string and more\n", "line 3: it has 'and' too much in 'id string and more'"),
        (f"{TITLE}Prize\n  id ?\n", "line 3: it has what is no type: '?' in 'id ?'"),
        (f"{TITLE}Prize\n  - id\n", "line 3: there is no id to take away"),
        (f"{TITLE}- /v1/prizes\n", "line 2: there is no /v1/prizes to take away"),
        (f"{TITLE}WonPrize from Prize\n", "line 2: there is no schema Prize"),
    ],
)  # fmt: skip
def test_table_is_refused_when_a_line_cannot_be_read(written: str, message: str) -> None:
    """A line that cannot be read is refused with its number."""
    with pytest.raises(DocumentError) as caught:
        read(written)
    assert message == str(caught.value)


# -- the tables and the documents


def test_tables_are_current_when_the_documents_are_there(folder: Path) -> None:
    """The committed tables are what the tool writes from the documents."""
    assert [] == [name for name, _ in differing(folder)]


@pytest.mark.parametrize("era", ["2020-05", "26.16"])
def test_table_says_the_same_when_the_document_is_read_beside_it(era: str, originals: dict[str, Any]) -> None:
    """A table and its document say the same about operations, schemas, required fields, words and limits."""
    original, made = originals[era], table(era)
    assert original.effects == made.effects
    assert original.requests.keys() == made.requests.keys()
    assert original.answers.keys() == made.answers.keys()
    for name, operation in published(made).items():
        other = published(original)[name]
        for place in ("path", "query"):
            listed = [
                {(entry["name"], bool(entry.get("required")), entry.get("explode", True)) for entry in one.parameters(place)}
                for one in (operation, other)
            ]  # fmt: skip
            assert listed[0] == listed[1], name
        assert (other.method, other.path) == (operation.method, operation.path)
        assert other.operation["responses"].keys() == operation.operation["responses"].keys()
    for name, shape in original.schemas.items():
        other_shape = made.schemas[name]
        assert (shape.properties.keys(), shape.required) == (other_shape.properties.keys(), other_shape.required), name
        for field, schema in shape.properties.items():
            other_schema = other_shape.properties[field]
            assert listed_words(schema, original) == listed_words(other_schema, made) or field == "props", (name, field)
            if not listed_words(schema, original):  # beside words, a length says nothing
                assert schema_limit(schema, original) == schema_limit(other_schema, made), (name, field)


def test_no_sentence_is_in_a_table_when_a_document_has_it(folder: Path) -> None:
    """No description or summary of three words or more stands in a table."""
    for name, (_, file) in SOURCES.items():
        original = find(name, folder) if file else None
        if original is None:
            continue
        sentences = re.findall(r'"(?:description|summary)": ?"((?:[^"\\]|\\.)*)"', original.text)
        long = {sentence for sentence in sentences if len(sentence.split()) >= 3}
        assert long
        assert set() == {sentence for sentence in long if sentence in text(name)}


# -- the commands


def run(module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a tool as a person does, without documents or with them."""
    plain = {key: value for key, value in os.environ.items() if key != "TALON_ONE_SPEC"}
    command = [sys.executable, "-W", "error", "-m", module, *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60, env=plain | environment
    )


def test_nothing_is_missing_when_the_package_is_held_against_the_tables() -> None:
    """The package has all 45 methods, 46 effects, and every word and limit of the newest table."""
    done = run("tools.contract")
    parts = "45 methods (42 of 26.20, 3 of 2020-05), 180 schemas, 46 effects, 198 words, 52 limits"
    assert (0, f"nothing is missing: {parts} held\n", "") == (done.returncode, done.stdout, done.stderr)


def test_examples_are_read_when_the_documents_are_there(folder: Path) -> None:
    """With the documents, the tables are current, and every name in an example is known."""
    *lines, last = run("tools.contract", TALON_ONE_SPEC=str(folder)).stdout.splitlines()
    assert "nothing is missing" == last.partition(":")[0]
    assert ["2020-05", "26.16", "notifications-26.16"] == [line.partition(".txt is its document")[0] for line in lines]


def test_exit_code_is_2_when_no_document_is_there_to_write_a_table_from(tmp_path: Path) -> None:
    """Without documents, the tables can be neither written nor checked."""
    expected = (2, "", "there are no documents: let TALON_ONE_SPEC name the folder that has them\n")
    done = run("tools.contract.tables", "--check")
    assert expected == (done.returncode, done.stdout, done.stderr)
    done = run("tools.contract.tables", TALON_ONE_SPEC=str(tmp_path))
    assert expected == (done.returncode, done.stdout, done.stderr)
    done = run("tools.contract", TALON_ONE_SPEC=str(tmp_path))
    assert (2, "", f"the tables: {expected[2]}") == (done.returncode, done.stdout, done.stderr)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder of tables besides the committed ones, and one of documents."""
    made = tmp_path / "tables"
    made.mkdir()
    for path in FOLDER.iterdir():
        (made / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(tables, "FOLDER", made)
    monkeypatch.setenv("TALON_ONE_SPEC", str(tmp_path))
    source = {**content("26.16"), "x-words": []}  # less than the table says
    (tmp_path / "openapi-26.16.json").write_text(json.dumps(source), encoding="utf-8")
    return made


def test_table_is_written_when_its_document_says_something_else(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` names the table and ends with 1, writing makes it current, and then `--check` ends with 0."""
    before = (elsewhere / "26.16.txt").read_text(encoding="utf-8")
    assert tables.main(["--check"]) == 1
    message = "26.16.txt is not what its document says: run python -m tools.contract.tables\n"
    assert message == capsys.readouterr().out
    assert before == (elsewhere / "26.16.txt").read_text(encoding="utf-8")
    assert (0, 0) == (tables.main([]), tables.main(["--check"]))
    assert "words " not in (elsewhere / "26.16.txt").read_text(encoding="utf-8")


def test_stale_table_is_a_finding_when_the_package_is_compared(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table that differs from its document is reported among the findings."""
    assert (elsewhere / "26.16.txt").is_file()
    assert main([]) == 1
    line = "  26.16.txt (not what its document says): run python -m tools.contract.tables"
    assert line in capsys.readouterr().out.splitlines()
