"""Own-written content per language: `data/<language>.json`, documented in README.md."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drafts import Source

if TYPE_CHECKING:
    from random import Random

DATA = Path(__file__).parent / "data"
#: scripts without spaces between words
UNSPACED = frozenset({"zh", "ja", "th"})
_SLOT = re.compile(r"\{(#?)([^{}]+)\}")
_SENTENCE_END = re.compile(r"(?<=[.!?…।])[\"'”’»“)]*\s+|(?<=[。！？])[」』”]?|(?<=[؟])\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One file of data: `raw` is its JSON, `sources` the stories and briefs in it."""

    code: str
    raw: dict[str, Any]
    sources: tuple[Source, ...]

    def fill(self, text: str, rng: Random, chosen: dict[str, str] | None = None) -> str:
        """Fill {place}, {person}, … from the lexicon and {#3-40} with figures; `chosen` wins and is added to."""
        picked = {} if chosen is None else chosen

        def one(match: re.Match[str]) -> str:
            if match[1]:
                return _figure(match[2], rng)
            if match[2] not in picked:
                picked[match[2]] = rng.choice(self.raw["lexicon"][match[2].rstrip("123")])
            return picked[match[2]]

        return _SLOT.sub(one, text)

    @property
    def space(self) -> str:
        return "" if self.code in UNSPACED else " "


def _figure(span: str, rng: Random) -> str:
    """A figure of a span such as 3-40, -4-6 (from minus four) or 1.5-9.5."""
    low, high = span[: span.index("-", 1)], span[span.index("-", 1) + 1 :]
    if "." in low:
        return f"{rng.uniform(float(low), float(high)):.{len(low.split('.')[1])}f}"
    return str(rng.randint(int(low), int(high)))


def load(name: str) -> Language:
    """Read `data/<name>.json`, whose "code" is the language where the name is not; FileNotFoundError where absent."""
    raw = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    code = raw.get("code", name)
    sources = [_source(code, f"{name}-{n}", story) for n, story in enumerate(raw["stories"])]
    sources += [_source(code, f"{name}-brief{n}", brief) for n, brief in enumerate(raw.get("briefs", ()))]
    return Language(code=code, raw=raw, sources=tuple(sources))


def _source(code: str, name: str, story: dict[str, Any]) -> Source:
    return Source(
        id=name,
        language=code,
        title=story["title"],
        other_title=story.get("alt", ""),
        place=story.get("place", ""),
        paragraphs=tuple(line for line in story["text"].split("\n") if line.strip()),
        versions=tuple(tuple((old, new) for old, new in swaps) for swaps in story.get("versions", ())),
    )


def split_sentences(text: str) -> list[str]:
    """Rough sentences of a paragraph, in any of our scripts; Thai has none and comes back in one or by spaces.

    >>> split_sentences("One is here. Two is there.")
    ['One is here.', 'Two is there.']
    """
    return [part.strip() for part in _SENTENCE_END.split(text) if part and part.strip()]
