"""wirewatch try copies: documents in, stories and relations out, line by line."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirewatch.cli.trial_copies import MOST_DAYS, WINDOW_DAYS
from wirewatch.copytrial import UNKNOWN, Arrivals, CopyTrial
from wirewatch.jsonlines import Line
from wirewatch.settings import CopiesSection

COMMAND = [sys.executable, "-m", "wirewatch", "try", "copies"]
HEAVY = {"sqlalchemy", "httpx2", "rich", "pydantic", "alembic", "feedparser", "tomlkit", "platformdirs"}
MANUAL = (Path(__file__).parents[2] / "docs" / "reference" / "try-copies.md").read_text(encoding="utf-8")
SHARED = Path(__file__).parents[3] / "shared" / "bench" / "copies"
T0 = datetime(2026, 1, 5, tzinfo=UTC)

FERRY = (
    "The ferry to the islands will stop in March, the harbour master said on Monday. Repairs of the pier take four"
    " weeks, and a bus will run instead. Tickets that were bought before stay valid.\n\n"
    "The company expects twelve thousand passengers in the first week after that, twice as many as last year."
)
BATS = (
    "A colony of bats lives in the old railway tunnel near the border, two students of the university found out."
    " They will count the animals every evening until the young can fly, and then the tunnel opens again.\n\n"
    "Nobody had seen the species in this country for half a century, and there may be more of them."
)


def document(ident, text, **more):
    return {"id": ident, "site": f"site{ident}.example", "url": None, "title": "A title", "text": text, **more}


@pytest.fixture
def ask(wirewatch):
    def run(*documents, arguments=()):
        stdin = "".join(each if isinstance(each, str) else json.dumps(each) + "\n" for each in documents)
        ended = wirewatch("try", "copies", *arguments, stdin=stdin.encode())
        assert (ended.code, ended.err) == (0, "")
        return ended.jsonl

    return run


def stories(told):
    return [row["story"] for row in told]


def test_every_document_is_told_its_story_and_its_relations(ask):
    told = ask(document("a", FERRY), document("b", BATS), document("c", FERRY), document("d", FERRY.partition("\n")[0]))
    assert told == [
        {"id": "a", "story": "a", "relations": []},
        {"id": "b", "story": "b", "relations": []},
        {"id": "c", "story": "a", "relations": [{"to": "a", "kind": "copy", "score": 1.0}]},
        {
            "id": "d",
            "story": "a",
            "relations": [{"to": "a", "kind": "excerpt", "score": 1.0}, {"to": "c", "kind": "excerpt", "score": 1.0}],
        },
    ]


def test_ids_may_be_integers_and_nothing_else_is_needed(ask):
    told = ask({"id": 7, "text": FERRY}, {"id": "7", "text": FERRY, "extra": [1]})
    assert told[1] == {"id": "7", "story": 7, "relations": [{"to": 7, "kind": "copy", "score": 1.0}]}


def test_a_document_without_text_is_a_story_of_its_own(ask):
    told = ask({"id": 1, "text": ""}, {"id": 2}, {"id": 3, "text": " \n&nbsp;"}, {"id": 4, "text": None})
    assert [(row["story"], row["relations"]) for row in told] == [(n, []) for n in (1, 2, 3, 4)]


def test_lines_that_are_no_documents_are_told_so_and_compared_with_nothing(ask):
    told = ask(
        document(1, FERRY),
        "nonsense\n",
        "\n",
        '{"text": "no id"}\n',
        '{"id": null}\n',
        '{"id": [1]}\n',
        '{"id": 1.5}\n',
        '{"id": 2, "text": 5}\n',
        '{"id": 2, "published": 5}\n',
        '{"id": 2, "published": true}\n',
        document(1, BATS),
        document(2, BATS),
        document(3, FERRY),
    )
    assert [row.get("error", row.get("story")) for row in told] == [1, *["bad_input"] * 10, 2, 1]
    assert [row["id"] for row in told] == [1, None, None, None, None, [1], 1.5, 2, 2, 2, 1, 2, 3]
    assert all(row["message"] for row in told if "error" in row)


def test_what_extractors_leave_behind_is_undone(ask):
    dirty = FERRY.replace("The company", "<br/><p class='x'>The&nbsp;company").replace("March,", "March&#44;")
    mangled = FERRY.replace("twice", "โ€œtwiceโ€").replace("islands", "isle of Sprลซds")
    told = ask(document("a", FERRY), document("b", dirty), document("c", mangled))
    assert [row["relations"][0]["kind"] for row in told[1:]] == ["copy", "copy"]
    assert told[1]["relations"][0]["score"] == 1.0


def test_documents_of_one_address_are_several(ask):
    told = ask(document(1, FERRY, url="https://a.example/1"), document(2, FERRY, url="https://a.example/1"))
    assert stories(told) == [1, 1]
    assert told[1]["relations"][0]["to"] == 1


def test_what_arrived_before_the_window_is_not_compared(ask):
    documents = [
        document(1, FERRY, published="2025-03-01T00:00:00Z"),
        document(2, BATS, published="2025-03-01T00:00:00Z"),
        document(3, BATS, published="2025-03-10T00:00:00Z"),
        document(4, BATS, published="2025-03-10T00:00:00Z"),
        document(5, FERRY, published=None),
    ]
    assert stories(ask(*documents)) == [1, 2, 2, 2, 1]
    assert stories(ask(*documents, arguments=("--window", 5))) == [1, 2, 2, 4, 5]


@pytest.mark.parametrize("days", ["0", "-1", "3651", "x"])
def test_a_window_that_is_none_is_refused(wirewatch, days):
    assert wirewatch("try", "copies", "--window", days).code == 2


def test_the_window_is_that_of_the_settings():
    assert CopiesSection().window_days == WINDOW_DAYS
    assert CopiesSection(window_days=MOST_DAYS).window_days == MOST_DAYS
    with pytest.raises(ValueError, match="window_days"):
        CopiesSection(window_days=MOST_DAYS + 1)


@given(st.lists(st.none() | st.datetimes(timezones=st.just(UTC))))
def test_the_clock_of_the_stream_never_goes_back_once_two_dates_were_told(dates):
    arrivals = Arrivals()
    times = [arrivals.time_of(date) for date in dates]
    told = 0
    for n, date in enumerate(dates):
        told += date is not None
        assert (times[n] == UNKNOWN) is (told == 0) or date == UNKNOWN
        if told > 2:
            assert times[n] >= times[n - 1]


def test_one_document_from_the_future_makes_nothing_old():
    arrivals = Arrivals()
    dates = [T0, T0 + timedelta(days=1), T0 + timedelta(days=9999), T0 + timedelta(days=2), None]
    assert [arrivals.time_of(date) - T0 for date in dates] == [timedelta(days=n) for n in (0, 0, 1, 2, 2)]


@pytest.mark.parametrize(
    "told", ["soon", "", "9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00", "0001-01-01", None]
)
def test_what_is_no_date_decides_nothing(told):
    trial = CopyTrial(timedelta(days=14))
    for ident in (1, 2):
        line = json.dumps({"id": ident, "text": FERRY, "published": told}).encode()
        assert json.loads(trial.answer(Line(line)))["story"] == 1


def test_an_answer_comes_before_the_next_document():
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        for number in range(3):
            program.stdin.write(json.dumps(document(number, FERRY)).encode() + b"\n")
            program.stdin.flush()
            assert json.loads(program.stdout.readline())["story"] == 0
        program.stdin.close()
        assert program.wait() == 0


def test_it_needs_no_configuration(wirewatch):
    ended = wirewatch("--config", "/nowhere", "--db", "nowhere/x.db", "try", "copies", stdin=b'{"id":1}')
    assert (ended.code, ended.out) == (0, '{"id":1,"story":1,"relations":[]}\n')


def test_it_imports_no_database_and_no_network():
    code = (
        "import sys; from wirewatch.__main__ import main; main(['try', 'copies']);"
        f"print(*sorted({HEAVY!r} & {{name.partition('.')[0] for name in sys.modules}}), file=sys.stderr)"
    )
    lines = "".join(json.dumps(document(n, FERRY)) + "\n" for n in (1, 2)).encode()
    done = subprocess.run([sys.executable, "-c", code], input=lines, capture_output=True, check=True)
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr == b"\n"


def test_the_manual_tells_the_truth(wirewatch):
    questions, answers = (
        re.search(rf"```jsonl {kind}\n(.*?)```", MANUAL, re.DOTALL)[1] for kind in ("question", "answer")
    )
    assert wirewatch("try", "copies", stdin=questions.encode()).out == answers


def test_the_development_set_is_answered_whole(wirewatch):
    """How well is measured by bench/copies.py; here, that the scorer takes the answers and that most is found."""
    if not (SHARED / "score.py").is_file():
        pytest.skip(f"the development set is not there: {SHARED}")
    with gzip.open(SHARED / "dev.jsonl.gz") as documents:
        first = [documents.readline() for _ in range(150)]
    told = wirewatch("try", "copies", stdin=b"".join(first)).jsonl
    assert [row["id"] for row in told] == [json.loads(line)["id"] for line in first]
    known = {row["id"] for row in told}
    assert all(row["story"] in known and {each["to"] for each in row["relations"]} < known for row in told)
    assert sum(bool(row["relations"]) for row in told) > 10


def test_a_document_without_text_has_its_id_to_itself(ask):
    told = ask({"id": 1, "text": ""}, document(1, FERRY), document(2, FERRY))
    assert [row.get("error", row.get("story")) for row in told] == [1, "bad_input", 2]


def test_a_mark_of_the_byte_order_may_stand_first(wirewatch):
    ended = wirewatch("try", "copies", stdin=b'\xef\xbb\xbf{"id": 1}\n{"id": 2}\n')
    assert [row["story"] for row in ended.jsonl] == [1, 2]
