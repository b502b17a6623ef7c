"""`try repair`: every line has an answer, and it is the one that live repair gives."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.repair import repair
from wirewatch.jsonlines import Line
from wirewatch.repairtrial import answer


def ask(question: object) -> dict[str, object]:
    return json.loads(answer(Line(json.dumps(question).encode())))


@given(st.text(), st.one_of(st.none(), st.integers(), st.text()))
def test_the_answer_is_that_of_live_repair(text, ident):
    repaired = repair(text)
    assert ask({"id": ident, "text": text}) == {"id": ident, "text": repaired.text, "codec": repaired.code_page}


def test_keys_come_in_the_documented_order():
    assert answer(Line('{"text":"itâ€™s dÃ©jÃ\u00a0","id":7}'.encode())) == (
        '{"id":7,"text":"it’s déjà","codec":"windows-1252"}'
    )


@pytest.mark.parametrize("question", [{"id": 7}, {"id": 7, "text": None}, {"id": 7, "text": 1}])
def test_a_question_without_text_is_refused(question):
    told = ask(question)
    assert (told["id"], told["error"], set(told)) == (7, "bad_input", {"id", "error", "message"})
