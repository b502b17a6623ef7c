"""`try repair`: one line of JSON with a text → one line with the repaired text.

The text is repaired by what also works live, alone, so it has to bring its own evidence: the title of a stored
article is judged together with its body.

`docs/reference/try-repair.md` describes both lines for other programs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ingest.repair import repair
from wirewatch.jsonlines import Identified, answer_line

if TYPE_CHECKING:
    from wirewatch.jsonlines import Line


class Question(Identified, kw_only=True):
    """What a line asks."""

    text: str


_read_question = msgspec.json.Decoder(Question).decode


def judge(question: Question) -> dict[str, object]:
    """Repair the text; return the answer without the id. `codec` is null where nothing was undone."""
    repaired = repair(question.text)
    return {"text": repaired.text, "codec": repaired.code_page}


def answer(line: Line) -> str:
    """Answer one line of input; the answer is one line without its end. Never raises for what *line* holds."""
    return answer_line(line, _read_question, judge)
