"""Invented sites and their furniture: each keeps its own wording and order of blocks, so a site repeats itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from content import split_sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from content import Language
    from drafts import Draft, Source

HEADS = ("nav", "cookie", "crumbs", "ticker", "app", "member", "share")
TAILS = ("bio", "share", "newsletter", "related", "member", "comments", "legal", "cookie", "app", "nav", "popular")
#: blocks that a style may hold; a prosy site has appeals in whole sentences, a heavy one everything
STYLES = {
    "bare": (),
    "light": ("nav", "share", "legal", "crumbs", "caption"),
    "prose": ("cookie", "newsletter", "member", "bio", "comments", "legal", "app"),
    "lists": ("nav", "crumbs", "related", "popular", "share", "ticker", "legal"),
    "heavy": ("nav", "cookie", "newsletter", "member", "bio", "legal", "share", "comments", "app", "ad", "caption",
              "related", "popular", "ticker", "crumbs"),
}  # fmt: skip


@dataclass(slots=True)
class Site:
    """A site: address, language, style, and the wording of its blocks once and for all."""

    name: str
    domain: str
    language: Language
    style: str
    head: tuple[str, ...]
    tail: tuple[str, ...]
    wording: dict[str, list[str]]
    inline: tuple[str, ...]
    #: how many other stories a list of related or popular ones names
    teasers: int
    used: int = field(default=0)


def build(language: Language, seed: str) -> list[Site]:
    """The sites of a language: the first is heavy with furniture, the last is heavy and meant for a single article."""
    entries = language.raw["sites"]
    rng = Random(f"{seed}/{language.code}/styles")
    middle = ["prose", "light", "lists", "bare"]
    rng.shuffle(middle)
    styles = ["heavy", *(middle * 2)[: len(entries) - 2], "heavy"]
    return [
        _build(language, entry, style, Random(f"{seed}/{entry}")) for entry, style in zip(entries, styles, strict=True)
    ]


def _build(language: Language, entry: str, style: str, rng: Random) -> Site:
    name, domain = entry.split("|")
    blocks = STYLES[style]
    chosen = {"site": name, "person": rng.choice(language.raw["lexicon"]["person"])}
    wording = {}
    for block in sorted({*blocks, *(("ad", "caption") if style == "heavy" else ())}):
        pool = language.raw["furniture"].get(block, [])
        if not pool:
            continue
        lines = language.fill(rng.choice(pool), rng, dict(chosen)).split("\n")
        sentences = split_sentences(lines[0])
        if len(lines) == 1 and len(sentences) > 1 and rng.random() < 0.7:
            # most sites have a wording of their own: one sentence less, or each on its line
            del sentences[rng.randrange(len(sentences))]
            lines = sentences if rng.random() < 0.3 else [language.space.join(sentences)]
        wording[block] = lines
    head = [block for block in HEADS if block in wording]
    rng.shuffle(head)
    head = head[: rng.randint(1, 4)] if head else []
    tail = [block for block in TAILS if block in wording and block not in head]
    rng.shuffle(tail)
    inline = tuple(block for block in ("ad", "caption", "share", "related") if block in wording and rng.random() < 0.6)
    return Site(
        name=name, domain=domain, language=language, style=style, head=tuple(head), tail=tuple(tail),
        wording=wording, inline=inline, teasers=rng.randint(2, 7),
    )  # fmt: skip


def lay_out(site: Site, draft: Draft, others: Sequence[Source], rng: Random, *, teased: list[str]) -> list[str]:
    """The page as paragraphs: furniture before, between and after; teasers of other stories go to `teased` by id."""
    page: list[str] = []
    for block in site.head:
        page += _block(site, block, others, rng, teased)
    if site.style != "bare" and rng.random() < 0.6:
        page.append(draft.title)
    for n, text in enumerate(_paragraphs(draft)):
        page.append(text)
        if site.inline and rng.random() < (0.3 if n else 0.15):
            page += _block(site, rng.choice(site.inline), others, rng, teased)[:2]
    for block in site.tail:
        if rng.random() < 0.93:
            page += _block(site, block, others, rng, teased)
    return [line for line in page if line.strip()]


def _paragraphs(draft: Draft) -> list[str]:
    r"""The body: \u0002 joins a paragraph to the next, \u0003 sets the wire credit as a paragraph of its own."""
    joined = "\n".join(part.text for part in draft.parts).replace("\u0002\n", "").replace("\u0002 \n", " ")
    return joined.replace("\u0002", "").replace("\u0003", "\n").split("\n")


def _block(site: Site, block: str, others: Sequence[Source], rng: Random, teased: list[str]) -> list[str]:
    lines = list(site.wording[block])
    if block not in {"related", "popular", "ticker"} or not others:
        return lines
    for other in rng.sample(others, min(len(others), site.teasers)):
        lines.append(other.title)
        if block == "related" and len(other.paragraphs) > 2 and rng.random() < 0.5:
            lines.append(_teaser(other))
            teased.append(other.id)
    return lines


def _teaser(source: Source) -> str:
    """The first sentence; where that is much of the story, or the script has no full stops, only the start of it."""
    sentence = split_sentences(source.paragraphs[0])[0]
    most = max(40, source.chars // 5)
    return sentence if len(sentence) <= most else sentence[: min(most, 160)].rsplit(" ", 1)[0] + "…"
