"""A text that breaks off into an appeal to subscribe: what a paywall leaves to read.

What a paper asks for stands at the end, and nothing is told after it. An article may quote such appeals, or tell of
them in passing, and goes on. Pure.
"""

from __future__ import annotations

from ingest import wall_words
from ingest.copies.appeals import count_cues
from ingest.copies.appeals import is_addressed as speaks_of_itself
from ingest.prose import is_addressed, own_prose, unquoted
from ingest.wall_words import flatten

#: Looked at for the end of a teaser, in lines.
_END_LINES = 4
#: So much prose after an appeal shows that the text does not end there.
_GOES_ON = 40
#: And so much after one that is a heading, not a sentence: papers praise themselves there.
_GOES_ON_LONG = 150
#: Who reports what was said has more words of his own than these.
_FRAME = 3
#: An appeal is shorter than this, and a label than that.
_APPEAL = 300
_LABEL = 60


def ends_in_appeal(text: str) -> bool:
    """The last lines say that what follows is for subscribers; or the text breaks off, and they advertise."""
    lines = text.split("\n")
    first = max(0, len(lines) - _END_LINES)
    appeals = [number for number in range(first, len(lines)) if _is_for_subscribers(lines[number])]
    if appeals:
        after = (line for line in lines[appeals[-1] + 1 :] if not count_cues(line))
        is_sentence = lines[appeals[-1]].endswith((".", "。", "।"))
        enough = _GOES_ON if is_sentence else _GOES_ON_LONG
        if own_prose(after, (*wall_words.PHRASES, *wall_words.SUBSCRIBING)) < enough:
            return True
    breaks = [number for number in range(first, len(lines) - 1) if lines[number].endswith(("…", "..."))]
    return bool(breaks) and all(count_cues(line) and speaks_of_itself(line) for line in lines[breaks[-1] + 1 :])


def _is_for_subscribers(line: str) -> bool:
    if len(line) >= _APPEAL:
        return False
    told = unquoted(line)
    # What is quoted in a sentence is reported; but a notice names its own button.
    flat = flatten(told if len(told.split()) > _FRAME and not is_addressed(told) else line)
    if any(phrase in flat for phrase in wall_words.NEEDS_SCRIPT):
        # What one has to do to go on reading is to change the browser.
        return False
    if len(line) < _LABEL and any(label in flat for label in wall_words.LABELS):
        return True
    return any(phrase in flat for phrase in wall_words.FOR_SUBSCRIBERS) or bool(wall_words.REMAINDER.search(flat))
