"""wirewatch try rules: a program that another program talks to, line by line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from wirewatch.cli import trial_rules

COMMAND = [sys.executable, "-m", "wirewatch", "try", "rules"]
HEAVY = {"sqlalchemy", "httpx2", "trafilatura", "rich", "pydantic", "alembic", "feedparser", "tomlkit", "platformdirs"}


def test_every_line_is_answered_in_order(wirewatch):
    lines = [
        b'\xef\xbb\xbf{"id": 0, "rule": "a", "doc": {"body": "a"}}',
        b"nonsense",
        b'{"id": 2, "rule": "a |"}',
        b"",
        b'{"id": 4, "rule": "b", "doc": {"body": "a"}}\r',
        b'{"id": 5, "rule": "a", "doc": {"body": "A"}}',
    ]
    ended = wirewatch("try", "rules", stdin=b"\n".join(lines))
    assert (ended.code, ended.err) == (0, "")
    told = [(row["id"], row.get("error", row.get("match"))) for row in ended.jsonl]
    assert told == [(0, True), (None, "bad_input"), (2, "E104"), (None, "bad_input"), (4, False), (5, True)]


def test_no_input_has_no_output(wirewatch):
    ended = wirewatch("try", "rules")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_it_needs_no_configuration(wirewatch):
    ended = wirewatch("--config", "/nowhere", "--db", "nowhere/x.db", "try", "rules", stdin=b'{"id":1,"rule":"a"}')
    assert (ended.code, ended.out) == (0, '{"id":1,"match":false,"spans":[]}\n')


def test_an_answer_comes_before_the_next_question():
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        for number in range(3):
            program.stdin.write(f'{{"id": {number}, "rule": "a", "doc": {{"title": "a"}}}}\n'.encode())
            program.stdin.flush()
            assert json.loads(program.stdout.readline())["id"] == number
        program.stdin.close()
        assert program.wait() == 0


def test_a_reader_that_goes_away_is_no_error():
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        program.stdin.write(b'{"id": 1, "rule": "a"}\n')
        program.stdin.flush()
        program.stdout.readline()
        program.stdout.close()
        program.stdin.write(b'{"id": 2, "rule": "a"}\n')
        program.stdin.close()
        assert program.stderr.read() == b""
        assert program.wait() == 0


def test_ctrl_c_ends_it_with_130():
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        program.stdin.write(b'{"id": 1, "rule": "a"}\n')
        program.stdin.flush()
        program.stdout.readline()
        os.kill(program.pid, signal.SIGINT)
        assert program.wait() == 130
        assert program.stderr.read() == b"interrupted\n"


def test_it_imports_nothing_heavy():
    code = (
        "import sys; from wirewatch.__main__ import main; main(['try', 'rules']);"
        f"print(*sorted({HEAVY!r} & {{name.partition('.')[0] for name in sys.modules}}), file=sys.stderr)"
    )
    question = b'{"id": 1, "rule": "a NEAR/2 b*", "doc": {"title": "a b"}}\n{"id": 2, "rule": "("}\nx\n'
    done = subprocess.run([sys.executable, "-c", code], input=question, capture_output=True, check=True)
    assert len(done.stdout.splitlines()) == 3
    assert done.stderr == b"\n"


@pytest.mark.parametrize("excess", [0, 1, 5, 1000, 2500])
def test_a_line_that_is_too_long_is_refused_and_the_next_one_is_read(tmp_path, excess):
    """The limit is too large to be reached in a test, so the same is done here with a small one."""
    start = b'{"id": 1, "rule": "'
    end = b'"}\n'
    long = start + b"x" * (1000 + excess - len(start) - len(end)) + end
    path = tmp_path / "lines"
    path.write_bytes(long + b'{"id": 2, "rule": "a"}\n')
    with path.open("rb") as lines:
        told = [json.loads(line) for line in trial_rules.answers(lines, max_line_bytes=1000)]
    assert [row["id"] for row in told] == [1, 2]
    assert told[0].get("error") == ("bad_input" if excess else None)


def test_the_manual_tells_the_truth(wirewatch):
    page = (Path(__file__).parents[2] / "docs" / "reference" / "try-rules.md").read_text(encoding="utf-8")
    questions, answers = (
        re.search(rf"```jsonl {kind}\n(.*?)```", page, re.DOTALL)[1] for kind in ("question", "answer")
    )
    assert wirewatch("try", "rules", stdin=questions.encode()).out == answers
