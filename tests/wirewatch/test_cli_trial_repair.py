"""wirewatch try repair: a program that another program talks to, line by line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "wirewatch", "try", "repair"]
HEAVY = {"sqlalchemy", "httpx2", "trafilatura", "rich", "pydantic", "alembic", "feedparser", "tomlkit", "platformdirs"}
MOJIBAKE = Path(__file__).parents[3] / "shared" / "bench" / "copies" / "mojibake"


def test_every_line_is_answered_in_order(wirewatch):
    lines = [
        '\ufeff{"id": 0, "text": "a"}',
        "nonsense",
        '{"id": "x", "text": "GrГјГџe itвЂ™s"}',
        "",
        '{"id": 4}',
        '{"id": 5, "text": "ยก\\u001b"}\r',
    ]
    ended = wirewatch("try", "repair", stdin="\n".join(lines).encode())
    assert (ended.code, ended.err) == (0, "")
    assert [(row["id"], row.get("error"), row.get("text"), row.get("codec")) for row in ended.jsonl] == [
        (0, None, "a", None),
        (None, "bad_input", None, None),
        ("x", None, "Grüße it’s", "windows-1251"),
        (None, "bad_input", None, None),
        (4, "bad_input", None, None),
        (5, None, "ยก\x1b", None),
    ]
    assert "\x1b" not in ended.out


def test_it_needs_no_configuration(wirewatch):
    ended = wirewatch("--config", "/nowhere", "--db", "nowhere/x.db", "try", "repair", stdin=b'{"id":1,"text":"a"}')
    assert (ended.code, ended.out) == (0, '{"id":1,"text":"a","codec":null}\n')


def test_an_answer_comes_before_the_next_question():
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        for number in range(3):
            program.stdin.write(f'{{"id": {number}, "text": "a"}}\n'.encode())
            program.stdin.flush()
            assert json.loads(program.stdout.readline())["id"] == number
        program.stdin.close()
        assert program.wait() == 0


def test_it_imports_nothing_heavy_and_help_does_not_import_repair():
    code = (
        "import sys; from wirewatch.__main__ import main; main(sys.argv[1:]);"
        f"print(*sorted({HEAVY | {'ingest.repair'}!r} & sys.modules.keys()), file=sys.stderr)"
    )
    asked = [sys.executable, "-c", code, "try", "repair"]
    done = subprocess.run(asked, input='{"text": "itâ€™s dÃ©"}'.encode(), capture_output=True, check=True)
    assert json.loads(done.stdout)["text"] == "it’s dé"
    assert done.stderr == b"ingest.repair\n"
    helped = [sys.executable, "-c", code, "try", "--help"]
    assert subprocess.run(helped, capture_output=True, check=True).stderr == b"\n"


@pytest.mark.skipif(not MOJIBAKE.is_dir(), reason="the shared table of mojibake is not here")
def test_measures_of_the_shared_table():
    checked = [sys.executable, str(MOJIBAKE / "check.py"), str(MOJIBAKE / "table.jsonl"), "--", *COMMAND]
    figures = json.loads(subprocess.run(checked, capture_output=True, check=True).stdout)
    classes = figures["by_class"]
    assert figures["genuine_changed"] == []
    assert [row["made_worse"] for row in classes.values()] == [0] * len(classes)
    assert classes["restore"]["share"] >= 0.95
    assert classes["twice"]["share"] >= 0.9
    assert classes["mixed"]["share"] == 1


def test_the_manual_tells_the_truth(wirewatch):
    page = (Path(__file__).parents[2] / "docs" / "reference" / "try-repair.md").read_text(encoding="utf-8")
    questions, answers = (
        re.search(rf"```jsonl {kind}\n(.*?)```", page, re.DOTALL)[1] for kind in ("question", "answer")
    )
    assert wirewatch("try", "repair", stdin=questions.encode()).out == answers
