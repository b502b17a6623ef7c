"""The bench that compares us with feedparser counts what it says it counts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parent.parent / "bench" / "feedparser_corpus.py"

ITEM = "<title>Fire</title><link>https://news.example/a</link><guid>urn:news:1</guid>"
FILES = {
    "tests/wellformed/agree.xml": f"<rss version='2.0'><channel><item>{ITEM}</item></channel></rss>",
    "tests/wellformed/twice.xml": f"<rss version='2.0'><channel><item>{ITEM}</item><item>{ITEM}</item></channel></rss>",
    # More text than is kept: on purpose, too, but no file of the corpus needs such a rule.
    "tests/wellformed/long.xml": f"<rss><item><description>{'x' * 300_000}</description></item></rss>",
    "tests/notes.txt": "no feed",
}


def run(*arguments):
    return subprocess.run(
        [sys.executable, str(BENCH), *map(str, arguments)], check=False, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def corpus(tmp_path):
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def test_files_that_agree_differ_by_rule_or_are_unexplained(corpus):
    answer = run(corpus)
    report = json.loads(answer.stdout)
    assert (report["files"], report["agree"], report["differ_by_rule"]) == (3, 1, 1)
    assert {rule: said["files"] for rule, said in report["rules"].items() if said["files"]} == {"twice": 1}
    assert report["unexplained_files"] == ["tests/wellformed/long.xml"]
    assert answer.returncode == 1


@pytest.mark.parametrize("arguments", [(), ("a", "b")])
def test_without_a_path_it_says_what_to_clone(arguments):
    answer = run(*arguments)
    assert answer.returncode == 2
    assert "https://github.com/kurtmckee/feedparser" in answer.stderr


def test_a_path_that_is_neither_checkout_nor_repository_is_told(tmp_path):
    answer = run(tmp_path)
    assert answer.returncode == 2
    assert "neither a checkout nor a git directory" in answer.stderr
