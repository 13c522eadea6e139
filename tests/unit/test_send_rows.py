"""Rows of files, as `talon-async send` reads them."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from talon_async.cli._send.files import Input
from talon_async.cli._send.problems import InputError, UsageError


def read(path: Path, **options: Any) -> list[Any]:
    """Return the rows as (line, values), and problems as text without the path."""
    with Input(str(path), **options) as file:
        return [
            str(row).replace(str(path), "FILE") if isinstance(row, InputError) else (row.line, row.values)
            for row in file.rows()
        ]


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_lines_are_counted_when_json_has_empty_ones(tmp_path: Path) -> None:
    """Empty lines of NDJSON are skipped but counted. A byte order mark and Windows line ends are accepted."""
    path = written(tmp_path / "a.ndjson", b'\xef\xbb\xbf{"a": 1}\r\n\r\n  \n{"a": 2}')
    assert [(1, {"a": 1}), (4, {"a": 2})] == read(path)


def test_what_is_no_object_is_reported_when_json_is_read(tmp_path: Path) -> None:
    """A line that is no JSON object is reported with its character, and the next line is read."""
    path = written(tmp_path / "a.jsonl", b'{"a": }\n[1]\n{"a": "\xff"}\n{"a": 3}\n')
    first, second, third, last = read(path)
    assert first.startswith("FILE, line 1: is not valid JSON, at character 7")
    assert second == "FILE, line 2: must be a JSON object"
    assert third.startswith("FILE, line 3: is not valid JSON")
    assert last == (4, {"a": 3})


def test_the_first_line_is_named_when_a_row_of_csv_has_several(tmp_path: Path) -> None:
    """A row of CSV is named by its first line, because a cell may hold line breaks. Empty cells are left out."""
    path = written(tmp_path / "a.csv", 'a,b\n"x\ny",1\n,2\n\n3\n')
    expected = [(2, {"a": "x\ny", "b": "1"}), (4, {"b": "2"}), "FILE, line 6: has 1 cells, but the header has 2"]
    assert expected == read(path)


def test_cells_are_separated_by_tabs_when_the_name_says_so(tmp_path: Path) -> None:
    """A `.tsv` file is separated by tabs. `delimiter` and `encoding` may name others."""
    assert [(2, {"a": "1,5", "b": "x"})] == read(written(tmp_path / "a.tsv", "a\tb\n1,5\tx\n"))
    path = written(tmp_path / "a.csv", "a;b\nä;x\n".encode("latin-1"))
    assert [(2, {"a": "ä", "b": "x"})] == read(path, delimiter=";", encoding="latin-1")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "line 1: there is no header"),
        ("\n1\n", "line 1: there is no header"),
        ("a,b,a\n", "line 1, column a: appears twice in the header"),
    ],
)
def test_a_header_is_refused_when_it_names_no_columns(tmp_path: Path, content: str, said: str) -> None:
    """A CSV file needs a header with distinct names."""
    with pytest.raises(InputError, match=said):
        read(written(tmp_path / "a.csv", content))


def test_the_rest_is_given_up_when_a_quote_is_not_closed(tmp_path: Path) -> None:
    """A quote that is never closed ends the reading, because the rest cannot be told from its cell."""
    rows = read(written(tmp_path / "a.csv", 'a\n1\n"2\n3\n'))
    assert rows[0] == (2, {"a": "1"})
    assert rows[1].startswith("FILE, line 3: is not valid CSV")


def test_a_file_is_read_up_to_the_damage_when_gzip_is_cut_off(tmp_path: Path) -> None:
    """Rows before the damage of a gzip file are read, and the damage is reported with its line."""
    whole = gzip.compress(b"".join(b'{"a": %d}\n' % n for n in range(100_000)))
    rows = read(written(tmp_path / "a.ndjson.gz", whole[: len(whole) // 2]))
    assert rows[0] == (1, {"a": 0})
    assert rows[-1].startswith(f"FILE, line {len(rows)}: cannot be read further")


def test_compression_is_known_by_content_when_the_name_hides_it(tmp_path: Path) -> None:
    """A compressed file is recognised by its content, whatever its name."""
    assert [(2, {"a": "1"})] == read(written(tmp_path / "a.csv", gzip.compress(b"a\n1\n")))


def test_values_have_their_types_when_parquet_is_read(tmp_path: Path) -> None:
    """Rows of Parquet have numbers, lists and objects. Nulls are left out, and only the requested columns are read."""
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = [{"id": 1, "price": 1.5, "tags": ["a"], "more": {"x": 1}}, {"id": 2}]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    assert [(1, rows[0]), (2, rows[1])] == read(tmp_path / "a.parquet")
    with Input(str(tmp_path / "a.parquet")) as file:
        assert (["id", "price", "tags", "more"], 0.0) == (file.columns, file.fraction())
        assert [{"id": 1}, {"id": 2}] == [row.values for row in file.rows(["id"]) if not isinstance(row, InputError)]
        assert file.fraction() == 1.0


def test_a_file_is_refused_when_it_is_no_parquet(tmp_path: Path) -> None:
    """A file that is no Parquet is refused with its name and the reason."""
    pytest.importorskip("pyarrow")
    with pytest.raises(InputError, match="a.parquet: cannot be read as Parquet"):
        read(written(tmp_path / "a.parquet", "a,b\n"))


def test_pyarrow_is_named_when_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error for a missing pyarrow names the extra to install."""
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(UsageError, match=r"pip install 'talon-async\[parquet\]'"):
        read(written(tmp_path / "a.parquet", ""))


def test_how_much_was_read_is_known_when_a_file_has_a_size(tmp_path: Path) -> None:
    """The part that was read is measured in bytes of the file, compressed or not."""
    path = written(tmp_path / "a.ndjson", b'{"a": 1}\n' * 50_000)
    with Input(str(path)) as file:
        rows = file.rows()
        for _ in range(25_000):
            next(rows)
        assert 0.4 < (file.fraction() or 0) < 0.8
