"""What an outlet does to a wire story before it prints it. Every operation names itself in `ops`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from content import split_sentences
from drafts import Part

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from content import Language
    from drafts import Draft, Source

_QUOTES = (("“", "”"), ("«", "»"), ("„", "“"), ('"', '"'), ("‘‘", "’’"), ("« ", " »"))
_ANY_QUOTED = re.compile(r"[“„«\"]\s?([^“”„«»\"]{3,400}?)\s?[”“»\"]")


def headline(draft: Draft, source: Source, language: Language, rng: Random) -> None:
    words = draft.title.split() if language.space else list(draft.title)
    ways = [source.other_title] if source.other_title else []
    ways += [
        f"{rng.choice(language.raw['kickers'])}: {draft.title}",
        language.space.join(words[: max(3, len(words) * 2 // 3)]) + "…",
    ]
    draft.title = rng.choice(ways[: 2 if source.other_title else 3])
    draft.ops.append("headline")


def truncate(draft: Draft, rng: Random) -> None:
    """Keep the first 30–70 % of the paragraphs, at least two."""
    if len(draft.parts) < 4:
        return
    share = rng.uniform(0.3, 0.7)
    draft.parts = draft.parts[: max(2, round(len(draft.parts) * share))]
    draft.ops.append(f"trunc{len(draft.parts)}")


def cut_middle(draft: Draft, rng: Random) -> None:
    if len(draft.parts) < 4:
        return
    count = max(1, round(len(draft.parts) * rng.uniform(0.1, 0.3)))
    start = rng.randint(1, len(draft.parts) - count - 1)
    del draft.parts[start : start + count]
    draft.ops.append("cut-middle")


def cut_words(draft: Draft, rng: Random, language: Language) -> None:
    """Lose up to one word in twelve, or a subordinate clause, as a sub-editor does for length."""
    rate = rng.uniform(0.02, 0.08)

    def thin(text: str) -> str:
        words = re.split(r"(?<=[,，、]) ?", text) if not language.space else text.split(" ")
        kept = [word for n, word in enumerate(words) if n == 0 or rng.random() >= rate]
        return language.space.join(kept)

    draft.parts = [replace(part, text=thin(part.text)) for part in draft.parts]
    draft.ops.append("cut-words")


def edit(draft: Draft, rng: Random, language: Language) -> None:
    """Words of the same meaning, from the language's list."""
    swaps = [pair if rng.random() < 0.5 else pair[::-1] for pair in language.raw["synonyms"]]
    changed = 0
    for n, part in enumerate(draft.parts):
        text = part.text
        for old, new in swaps:
            if rng.random() < 0.7:
                text = re.sub(rf"(?<!\w){re.escape(old)}(?!\w)" if language.space else re.escape(old), new, text)
        changed += text != part.text
        draft.parts[n] = replace(part, text=text)
    if changed:
        draft.ops.append("light-edit")


def swap_sentences(draft: Draft, rng: Random, language: Language) -> None:
    """Two sentences of some paragraphs change places."""
    done = False
    for n, part in enumerate(draft.parts):
        sentences = split_sentences(part.text)
        if len(sentences) > 1 and rng.random() < 0.5:
            at = rng.randrange(len(sentences) - 1)
            sentences[at], sentences[at + 1] = sentences[at + 1], sentences[at]
            draft.parts[n] = replace(part, text=language.space.join(sentences))
            done = True
    if done:
        draft.ops.append("sentence-swap")


def swap_paragraphs(draft: Draft, rng: Random) -> None:
    if len(draft.parts) < 4:
        return
    at = rng.randint(1, len(draft.parts) - 2)
    draft.parts[at], draft.parts[at + 1] = draft.parts[at + 1], draft.parts[at]
    draft.ops.append("paragraph-swap")


def merge_paragraphs(draft: Draft, rng: Random, language: Language) -> None:
    """Neighbouring paragraphs are set as one; provenance keeps counting them one by one."""
    for n in range(len(draft.parts) - 1):
        if rng.random() < 0.5:
            draft.parts[n] = replace(draft.parts[n], text=draft.parts[n].text + "\u0002" + language.space)
    draft.ops.append("paragraphs-merged")


def quotes(draft: Draft, rng: Random) -> None:
    left, right = rng.choice(_QUOTES)

    def turn(text: str) -> str:
        turned = _ANY_QUOTED.sub(lambda m: f"{left}{m[1]}{right}", text)
        return turned.replace("’", "'").replace("–", "-") if left == '"' else turned.replace("'", "’")

    draft.parts = [replace(part, text=turn(part.text)) for part in draft.parts]
    draft.ops.append({'"': "quotes-straight", "«": "quotes-guillemet"}.get(left, "quotes-smart"))


def dateline(draft: Draft, source: Source, rng: Random, language: Language) -> None:
    """Put a dateline before the first paragraph; the place is the story's or a bureau's."""
    bureau = source.place if source.place and rng.random() < 0.7 else rng.choice(language.raw["lexicon"]["place"])
    chosen = {"PLACE": bureau.upper(), "place": bureau}
    text = language.fill(rng.choice(language.raw["datelines"]), rng, chosen) + language.space + draft.parts[0].text
    draft.parts[0] = replace(draft.parts[0], text=text)
    draft.ops.append("dateline")


def credit(draft: Draft, rng: Random, language: Language) -> None:
    draft.parts[-1] = replace(
        draft.parts[-1], text=draft.parts[-1].text + "\u0003" + language.fill(rng.choice(language.raw["credits"]), rng)
    )
    draft.ops.append("credit")


def local_paragraph(draft: Draft, others: Sequence[Source], rng: Random, language: Language) -> None:
    """A paragraph of the outlet's own with a sentence of another story, a fifth of the text at most."""
    if len(draft.parts) < 3:
        return
    room = sum(map(len, draft.body())) // 5
    other = rng.choice(others)
    index = rng.randrange(len(other.paragraphs))
    sentence = rng.choice(split_sentences(other.paragraphs[index]))
    intro = language.fill(rng.choice(language.raw["local"]), rng)
    if other.id == draft.story or len(sentence) + len(intro) > room:
        return
    text = f"{intro}{language.space}{sentence}"
    draft.parts.insert(rng.randint(1, len(draft.parts)), Part(text=text, source=other.id, index=index, quoted=True))
    draft.ops.append("local-para")


def background(draft: Draft, rng: Random, language: Language) -> None:
    """A paragraph of background that the desk wrote itself."""
    text = language.fill(rng.choice(language.raw["background"]), rng)
    if len(draft.parts) >= 3:
        draft.parts.append(Part(text=text))
        draft.ops.append("background")


def shout(draft: Draft) -> None:
    if draft.title.upper() == draft.title.lower():
        return
    draft.parts = [replace(part, text=part.text.upper()) for part in draft.parts]
    draft.title = draft.title.upper()
    draft.ops.append("upper")
