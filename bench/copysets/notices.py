"""Notices from templates: groups of documents that resemble each other and are no copies, whatever differs."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from drafts import Source

if TYPE_CHECKING:
    from content import Language


def build_notices(language: Language, seed: str, count: int) -> list[tuple[str, Source]]:
    """For each template of the language up to `count` notices: (name of the group, the notice as a source).

    A template's "vary" names the slots that differ inside the group (absent: all); with "same_figures" the figures
    stay. All texts of a group differ; where the template has "distinct", also in that slot (a strike on the same city
    with another toll would be a later version of the same notice).
    """
    return [
        (f"{language.code}-{template['name']}", notice)
        for template in language.raw["templates"]
        for notice in _group(language, template, Random(f"{seed}/{language.code}/{template['name']}"), count)
    ]


def _group(language: Language, template: dict[str, Any], rng: Random, count: int) -> list[Source]:
    slots = {**language.raw["lexicon"], **template.get("slots", {})}
    vary = template.get("vary", [*slots])
    fixed = {slot: rng.choice(values) for slot, values in sorted(slots.items()) if slot not in vary}
    figures = rng.random()
    seen: dict[str, Source] = {}
    distinct, used = template.get("distinct", ""), set()
    for _ in range(count * 6):
        chosen = dict(fixed)
        for slot in vary:
            _choose(chosen, slot, slots, rng)
        filler = Random(figures) if template.get("same_figures") else rng
        text = language.fill(template["text"], filler, chosen)
        if text in seen or (distinct and chosen[distinct] in used):
            continue
        used.add(chosen.get(distinct, ""))
        name = f"{language.code}-{template['name']}-{len(seen)}"
        paragraphs = tuple(line for line in text.split("\n") if line)
        title = language.fill(template["title"], filler, chosen)
        seen[text] = Source(id=name, language=language.code, title=title, paragraphs=paragraphs)
        if len(seen) == count:
            break
    return list(seen.values())


def _choose(chosen: dict[str, str], slot: str, slots: dict[str, list[str]], rng: Random) -> None:
    """Pick `slot` and its numbered twins (place1, place2) without repeating a value."""
    values = rng.sample(slots[slot], min(4, len(slots[slot])))
    for n, value in enumerate(values):
        chosen[f"{slot}{n or ''}"] = value
