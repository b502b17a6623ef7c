"""One way out: five formats, the same rows in each, and nothing in them that a terminal would obey."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirewatch.columns import Column
from wirewatch.output import FORMATS, clean_line, clean_text, emit, emit_one, timestamp, to_json

SHOWN = (
    Column("id", "integer", is_shown=True),
    Column("title", is_flexible=True, is_shown=True),
    Column("rules"),
    Column("spans"),
    Column("when", is_shown=True),
    Column("score", "number"),
)
ROW = {
    "id": 7,
    "title": "Minister [/b] resigns",
    "rules": ["purl.1", "purl.2"],
    "spans": [{"field": "body", "start": 0, "end": 4, "text": "PURL"}],
    "when": datetime(2026, 11, 22, 14, 30, tzinfo=UTC),
    "score": None,
}
#: what no output may hold: C0 (but tab, line feed and carriage return), DEL, C1, bidi overrides and isolates
OBEYED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _emitted(rows, how, shown=SHOWN):
    out = io.StringIO(newline="")
    assert emit(rows, shown, how, out=out) == len(rows)
    return out.getvalue()


def test_tsv_has_a_line_of_names_and_whole_lines():
    assert _emitted([ROW], "tsv") == (
        "id\ttitle\trules\tspans\twhen\tscore\n"
        '7\tMinister [/b] resigns\tpurl.1,purl.2\t[{"field":"body","start":0,"end":4,"text":"PURL"}]'
        "\t2026-11-22T14:30:00.000000Z\t\n"
    )


def test_csv_is_that_of_rfc_4180():
    text = _emitted([{"id": 1, "title": 'a "b", c\nd'}], "csv", SHOWN[:2])
    assert text == 'id,title\r\n1,"a ""b"", c\nd"\r\n'


def test_json_is_one_array_and_json_lines_an_object_a_line():
    rows = [ROW, ROW | {"id": 8}]
    array = json.loads(_emitted(rows, "json"))
    assert [row["id"] for row in array] == [7, 8]
    assert array[0] == ROW | {"when": "2026-11-22T14:30:00.000000Z"}
    assert [json.loads(line) for line in _emitted(rows, "jsonl").splitlines()] == array
    assert _emitted([], "json") == "[]\n"
    assert _emitted([], "jsonl") == ""
    assert _emitted([], "table") == ""


def test_a_table_takes_markup_for_text_and_keeps_its_ids(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    text = _emitted([ROW | {"title": "[link=x]" + "long " * 30}], "table")
    heading, line = text.splitlines()
    assert heading.split() == ["id", "title", "when"]
    assert line.startswith(" 7  [link=x]long")
    assert line.rstrip().endswith("2026-11-22 14:30")
    assert len(line) <= 40


def test_a_table_that_does_not_fit_at_all_loses_nothing_but_the_length_of_titles(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    text = _emitted([ROW | {"title": "long " * 30}], "table")
    assert text.splitlines()[1].rstrip() == " 7  long long l…  2026-11-22 14:30"


def test_times_in_a_table_are_those_of_the_zone():
    out = io.StringIO()
    emit([ROW], SHOWN, "table", zone=ZoneInfo("Asia/Tokyo"), out=out)
    assert "2026-11-22 23:30" in out.getvalue()


def test_many_rows_are_all_written():
    assert len(_emitted([{"id": n} for n in range(1234)], "tsv").splitlines()) == 1235


def test_a_single_record_as_text_for_people():
    out = io.StringIO()
    emit_one(ROW | {"title": "two\nlines\x1b"}, SHOWN, "table", out=out)
    assert out.getvalue() == (
        "id     7\nrules  purl.1, purl.2\nwhen   2026-11-22 14:30\nscore\n\ntwo\nlines\n\nspans\n  body  0  4  PURL\n"
    )


@pytest.mark.parametrize("how", ["json", "jsonl"])
def test_a_single_record_as_json_is_an_object(how):
    out = io.StringIO()
    emit_one(ROW, SHOWN, how, out=out)
    assert json.loads(out.getvalue())["id"] == 7
    assert out.getvalue().count("\n") == 1


@given(st.datetimes(timezones=st.just(UTC) | st.just(timezone(timedelta(hours=5, minutes=30)))))
def test_a_timestamp_reads_back_and_has_one_length(moment):
    try:
        text = timestamp(moment)
    except OverflowError:
        return
    assert len(text) == 27
    assert datetime.fromisoformat(text) == moment


@given(st.text())
def test_cleaning_leaves_nothing_that_is_obeyed_and_no_more_than_one_line(text):
    assert not OBEYED.search(clean_text(text))
    assert not OBEYED.search(clean_line(text))
    assert len(clean_line(text).splitlines()) <= 1
    clean_line(text).encode()
    assert clean_text(clean_text(text)) == clean_text(text)


_HOSTILE = st.text(
    st.characters() | st.sampled_from("\x1b\x9b\u202e\u2066\x07\x7f\t\n\r\u2028\x85\"',[]\\\ud800\0"), max_size=20
)


@given(st.lists(_HOSTILE, max_size=3), st.sampled_from(FORMATS))
def test_no_text_from_outside_crashes_or_acts_in_any_format(titles, how):
    text = _emitted([{"id": n, "title": title} for n, title in enumerate(titles)], how, SHOWN[:2])
    assert not OBEYED.search(text)
    text.encode()
    if how in {"tsv", "jsonl"}:
        assert len(text.split("\n")) == len(titles) + (2 if how == "tsv" else 1)


@given(st.lists(_HOSTILE, max_size=3))
def test_json_lines_csv_and_tsv_carry_the_same_values(titles):
    rows = [{"id": n, "title": title} for n, title in enumerate(titles)]
    parsed = [json.loads(line) for line in _emitted(rows, "jsonl", SHOWN[:2]).splitlines()]
    # JSON escapes and keeps everything (but lone surrogates, which no encoding can carry)
    assert [row["title"] for row in parsed] == [re.sub("[\ud800-\udfff]", "\ufffd", title) for title in titles]
    by_csv = list(csv.DictReader(io.StringIO(_emitted(rows, "csv", SHOWN[:2]), newline="")))
    assert [row["title"] for row in by_csv] == [clean_text(title) for title in titles]
    by_tsv = [line.split("\t") for line in _emitted(rows, "tsv", SHOWN[:2]).split("\n")[1:-1]]
    assert by_tsv == [[str(row["id"]), clean_line(row["title"])] for row in rows]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _HOSTILE,
        lambda x: st.lists(x, max_size=3) | st.dictionaries(st.sampled_from("ab"), x),
    )
)
def test_json_is_what_the_standard_library_reads(value):
    def whole(inner):
        if isinstance(inner, str):
            return re.sub("[\ud800-\udfff]", "\ufffd", inner)
        if isinstance(inner, list):
            return [whole(item) for item in inner]
        return {key: whole(item) for key, item in inner.items()} if isinstance(inner, dict) else inner

    assert json.loads(to_json(value)) == whole(value)


def test_a_rare_column_is_shown_where_a_row_has_a_value_and_is_read_in_its_own_way():
    columns = (
        Column("id", is_shown=True),
        Column("note", is_shown=True, is_rare=True, reads=lambda is_so, _: "so it is" if is_so else ""),
    )

    def table(*notes):
        out = io.StringIO()
        emit([{"id": str(n), "note": note} for n, note in enumerate(notes)], columns, "table", out=out)
        return [line.split() for line in out.getvalue().splitlines()]

    assert table(False, True) == [["id", "note"], ["0"], ["1", "so", "it", "is"]]
    assert table(False, False) == [["id"], ["0"], ["1"]]
    out = io.StringIO()
    emit([{"id": "0", "note": True}], columns, "tsv", out=out)
    assert out.getvalue() == "id\tnote\n0\ttrue\n"
