"""Lines of JSON: every line has one answer, whatever it holds."""

from __future__ import annotations

import io
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirewatch.jsonlines import BadQuestionError, Identified, Line, answer_line, read_lines


class Question(Identified, kw_only=True):
    n: int


decode = msgspec.json.Decoder(Question).decode


def judge(question: Question) -> dict[str, object]:
    if question.n == 0:
        reason = "n is 0"
        raise BadQuestionError(reason)
    return {"half": 10 // (question.n - 1)}


def ask(content: bytes, refusal: str | None = None) -> dict[str, object]:
    return json.loads(answer_line(Line(content, refusal), decode, judge))


def test_answers():
    assert ask(b'{"id": "a", "n": 3}') == {"id": "a", "half": 5}
    assert ask(b'{"id": "a", "n": 0}') == {"id": "a", "error": "bad_input", "message": "n is 0"}
    told = ask(b'{"id": "a", "n": 1}')
    assert (told["id"], told["error"]) == ("a", "internal_error")
    assert ask(b'{"id": "a", "n"', "too long") == {"id": "a", "error": "bad_input", "message": "too long"}
    assert ask(b"") == {"id": None, "error": "bad_input", "message": "an empty line"}


def test_an_error_can_have_another_form():
    told = answer_line(Line(b"x", "no"), decode, judge, lambda code, message: {"code": [code, message]})
    assert told == '{"id":null,"code":["bad_input","no"]}'


@given(st.binary(max_size=60))
def test_any_bytes_have_an_answer_of_one_line(content):
    told = answer_line(Line(content), decode, judge)
    assert "id" in json.loads(told)
    assert len(told.splitlines()) == 1


@given(st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=8), st.integers(1, 20))
def test_every_line_is_told_once_in_order(lines, limit):
    data = b"".join(line + b"\n" for line in lines)
    told = list(read_lines(io.BytesIO(data), max_line_bytes=limit))
    assert len(told) == len(lines)
    for line, (content, refusal) in zip(lines, told, strict=True):
        assert (refusal is None) == (len(line) < limit)
        assert refusal or content.removesuffix(b"\n") in {line, line.removeprefix(b"\xef\xbb\xbf")}


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf1\n\xef\xbb\xbf2", b"1\n\xef\xbb\xbf2"])
def test_a_mark_of_the_byte_order_is_passed_over_only_at_the_start(data):
    assert [line.content for line in read_lines(io.BytesIO(data))] == [b"1\n", b"\xef\xbb\xbf2"]
