"""Puts a set together: which documents there are, what was done to each, on which site and when it arrived."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections import Counter
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any

import damage
import operations as op
import sites
from content import UNSPACED, load, split_sentences
from drafts import Draft, Part, Source, reprint
from newsroom_pages import read_pages
from notices import build_notices
from truth import label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from content import Language

#: The halves share nothing but English, and there neither text nor template nor site.
HALVES = {
    "dev2": ("en", "de", "fr", "es", "it", "pl", "ru", "uk", "zh", "th", "ar", "tr"),
    "check": ("en2", "pt", "nl", "sv", "cs", "el", "ja", "ko", "hi", "vi", "id", "fa"),
}
START = dt.datetime(2026, 3, 2, 5, 0, tzinfo=dt.UTC)
SPAN_H = 9 * 24
MOST_REPRINTS = 12
#: kinds of damage with their weights, in the order in which they happen
DAMAGES = {"wrap": 18, "soft-hyphens": 6, "zero-width": 6, "full-width": 7, "nbsp": 7, "entities": 8, "ocr": 14,
           "mojibake": 26, "twice": 5}  # fmt: skip
#: of the pages that tease another story with its first sentence so many are put into look-alike groups
TEASED = 0.06


@dataclass(frozen=True, slots=True, kw_only=True)
class CopySet:
    """Rows of docs.jsonl and truth.jsonl, in order of arrival, and notes on what was left out."""

    docs: tuple[dict[str, Any], ...]
    truth: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]


class Planner:
    """Builds one half; everything random comes from the seed and the names of what is built."""

    def __init__(self, half: str, seed: int, size: int, *, with_pages: bool = True) -> None:
        self.seed = f"{half}/{seed}"
        self.size = size
        self.rng = Random(self.seed)
        self.notes: list[str] = []
        self.languages = {lang.code: lang for lang in map(load, HALVES[half])}
        self.sources: dict[str, Source] = {s.id: s for lang in self.languages.values() for s in lang.sources}
        pages = read_pages(list(HALVES).index(half)) if with_pages else []
        if with_pages and not pages:
            self.notes.append("no newsroom pages found: set NEWSROOM to the folder; only own-written texts are used")
        self.sources |= {page.id: page for page in pages if page.language in self.languages}
        self.sites = {code: sites.build(lang, self.seed) for code, lang in self.languages.items()}
        self.drafts: list[tuple[float, Draft]] = []
        self.born: dict[str, float] = {}
        self.teased: dict[int, list[str]] = {}
        self.retold: dict[str, tuple[str, str]] = {}
        self.blogs: set[str] = set()

    def build(self) -> CopySet:
        self._notices()
        self._retellings()
        for source in list(self.sources.values()):
            if source.versions:
                self._versions(source)
        self._live_blogs()
        self._composites()
        self._teasers()
        self._reprints()
        self.drafts.sort(key=lambda pair: pair[0])
        drafts = [draft for _, draft in self.drafts]
        self._lookalikes(drafts)
        return self._rows(drafts)

    # ---- what there is

    def _notices(self) -> None:
        """About a quarter of the set; every eighth notice is reprinted word for word."""
        templates = sum(len(lang.raw["templates"]) for lang in self.languages.values())
        count = max(3, min(16, self.size // 4 // max(1, templates)))
        for lang in self.languages.values():
            for group, notice in build_notices(lang, self.seed, count):
                kind, name = f"template-{group.split('-', 1)[1]}", group
                for n in range(1 + (self.rng.random() < 0.12) * self.rng.randint(1, 2)):
                    draft = reprint(notice)
                    draft.lookalike["template"] = name
                    draft.ops.append(kind)
                    if n:
                        draft.ops.append("word-for-word")
                    elif self.rng.random() < 0.15:
                        op.dateline(draft, notice, self.rng, lang)
                    self._publish(draft, notice, lightly=True)

    def _retellings(self) -> None:
        """Rewrites and other outlets' reports of an event: sources of their own, resembling the one they retell."""
        for lang in self.languages.values():
            for n, entry in enumerate(lang.raw.get("retellings", ())):
                of = lang.sources[entry["of"]].id
                source = Source(
                    id=f"{of}-{entry['kind']}{n}", language=lang.code, title=entry["title"],
                    paragraphs=tuple(entry["text"].split("\n")), place=lang.sources[entry["of"]].place,
                )  # fmt: skip
                self.sources[source.id] = source
                self.retold[source.id] = (entry["kind"], of)

    def _versions(self, source: Source) -> None:
        """A running story: each version once to three times, later ones later."""
        for version in range(len(source.versions) + 1):
            for _ in range(self.rng.choice((1, 1, 2, 3) if version else (1, 2))):
                draft = reprint(source, version)
                if self.rng.random() < 0.6:
                    self._operate(draft, source, self.rng.randint(1, 2))
                self._publish(draft, source, delay_h=5.0 * version)

    def _composites(self) -> None:
        """Two stories in one page, the second below a heading of its own."""
        for _ in range(self.size // 45):
            lang = self.rng.choice([*self.languages.values()])
            pool = [s for s in self._of(lang) if len(s.paragraphs) >= 2 and not s.versions and s.id not in self.blogs]
            if len(pool) < 2:
                continue
            first, second = self.rng.sample(pool, 2)
            draft, other = reprint(first), reprint(second)
            draft.parts = draft.parts[: max(2, len(draft.parts) - self.rng.randint(0, 2))]
            draft.parts += other.parts
            draft.is_composite = True
            draft.ops.append("merged")
            if self.rng.random() < 0.5:
                self._operate(draft, first, 1, whole=True)
            self._publish(draft, first, delay_h=6)

    def _teasers(self) -> None:
        """Pages that hold only the first sentence or two of a story, with "read more"."""
        for _ in range(self.size // 150):
            lang = self.rng.choice([*self.languages.values()])
            source = self.rng.choice(self._of(lang))
            first = split_sentences(source.paragraphs[0])
            part = Part(text=lang.space.join(first[:2]), source=source.id, index=0)
            draft = Draft(language=lang.code, title=source.title, parts=[part], story=source.id, is_teaser=True)
            draft.ops.append("teaser-only")
            draft.story = f"teaser-{len(self.drafts)}"
            self._publish(draft, source)

    def _reprints(self) -> None:
        """Fill the set: few sources are reprinted often, many once or twice."""
        pool = [source for source in self.sources.values() if source.id not in self.blogs]
        self.rng.shuffle(pool)
        weights = [1.0 / (1 + n % 17) for n in range(len(pool))]
        turns = Counter({source.id: 0 for source in pool})
        for source in pool:
            self._reprint(source, turns)
        while len(self.drafts) < self.size and min(turns.values()) < MOST_REPRINTS:
            self._reprint(self.rng.choices(pool, weights)[0], turns)

    def _reprint(self, source: Source, turns: Counter[str]) -> None:
        if turns[source.id] >= MOST_REPRINTS or len(self.drafts) >= self.size:
            return
        draft = reprint(source)
        if turns[source.id] or self.rng.random() < 0.4:
            self._operate(draft, source, self.rng.choice((1, 1, 2, 2, 3, 4)))
        turns[source.id] += 1
        self._publish(draft, source)

    def _live_blogs(self) -> None:
        """Running tickers: timed entries, newest first; a later version has more of them."""
        long = [s for s in self.sources.values() if len(s.paragraphs) >= 9]
        for source in self.rng.sample(long, min(len(long), 1 + self.size // 300)):
            self.blogs.add(source.id)
            step = max(2, len(source.paragraphs) // 5)
            hour = self.rng.randint(6, 16)
            clocks = [
                f"{hour + n // 3}:{(17 * n + self.rng.randint(0, 9)) % 60:02}" for n in range(len(source.paragraphs))
            ]
            for version in range(3):
                draft = reprint(source)
                draft.parts = [
                    replace(part, text=f"{clock} {part.text}") for part, clock in zip(draft.parts, clocks, strict=True)
                ][: step * (version + 3)][::-1]
                draft.version = version
                draft.ops = [f"live{version}"]
                draft.title = f"{self.rng.choice(self.languages[source.language].raw['kickers'])}: {source.title}"
                self._publish(draft, source, delay_h=4.0 * version)

    # ---- what was done

    def _of(self, lang: Language) -> list[Source]:
        return [source for source in self.sources.values() if source.language == lang.code]

    def _operate(self, draft: Draft, source: Source, count: int, *, whole: bool = False) -> None:
        lang, rng = self.languages[draft.language], self.rng
        ways = {
            "headline": (14, lambda: op.headline(draft, source, lang, rng)),
            "dateline": (14, lambda: op.dateline(draft, source, rng, lang)),
            "truncate": (0 if whole else 12, lambda: op.truncate(draft, rng)),
            "middle": (0 if whole else 7, lambda: op.cut_middle(draft, rng)),
            "words": (7, lambda: op.cut_words(draft, rng, lang)),
            "edit": (11, lambda: op.edit(draft, rng, lang)),
            "sentences": (5, lambda: op.swap_sentences(draft, rng, lang)),
            "paragraphs": (4, lambda: op.swap_paragraphs(draft, rng)),
            "merge": (4, lambda: op.merge_paragraphs(draft, rng, lang)),
            "quotes": (9, lambda: op.quotes(draft, rng)),
            "credit": (11, lambda: op.credit(draft, rng, lang)),
            "local": (0 if whole else 9, lambda: op.local_paragraph(draft, self._of(lang), rng, lang)),
            "background": (0 if whole else 5, lambda: op.background(draft, rng, lang)),
            "upper": (2, lambda: op.shout(draft)),
        }
        chosen: list[str] = []
        while len(chosen) < count:
            name = rng.choices([*ways], [weight for weight, _ in ways.values()])[0]
            if name not in chosen:
                chosen.append(name)
        # credit and merging last: they leave marks in the text that other operations would move
        for name in sorted(chosen, key=["credit", "merge", "upper"].count):
            ways[name][1]()

    def _publish(self, draft: Draft, source: Source, *, delay_h: float = 0.0, lightly: bool = False) -> None:
        """Choose the site, set the page, damage it, and give it a time of arrival."""
        rng = self.rng
        lang = self.languages[draft.language]
        brief = len(source.paragraphs) <= 2 and rng.random() < 0.5
        site = self.sites[lang.code][0] if brief else self._site(lang)
        if brief:
            draft.ops.append("brief-heavy-furniture")
        draft.site = site.domain
        if site.style in {"heavy", "prose"} and rng.random() < 0.25:
            draft.lookalike.setdefault("furniture", site.domain)
        teased: list[str] = []
        page = sites.lay_out(site, draft, [s for s in self._of(lang) if s.id != source.id], rng, teased=teased)
        draft.text = self._damage(draft, page, lang, 0.3 if lightly else 0.55)
        born = self.born.setdefault(source.id, rng.uniform(0, SPAN_H - 30))
        self.teased[id(draft)] = teased
        self.drafts.append((born + delay_h + rng.expovariate(1 / 7), draft))

    def _site(self, lang: Language) -> sites.Site:
        """Zipf-like over the language's sites; the last one carries a single article."""
        own = self.sites[lang.code]
        if own[-1].used == 0 and self.rng.random() < 0.04:
            site = own[-1]
        else:
            site = self.rng.choices(own[:-1], [1 / (n + 1) for n in range(len(own) - 1)])[0]
        site.used += 1
        return site

    def _damage(self, draft: Draft, page: list[str], lang: Language, share: float) -> str:
        """One kind of damage, sometimes two, in the order in which they happen to a page."""
        rng, unspaced = self.rng, lang.code in UNSPACED
        chosen: set[str] = set()
        if rng.random() < share:
            weights = [weight if way != "full-width" or unspaced else 1 for way, weight in DAMAGES.items()]
            chosen = set(rng.choices([*DAMAGES], weights, k=2 if rng.random() < 0.15 else 1))
        if "wrap" in chosen:
            text = self._wrap(draft, page, unspaced=unspaced)
        else:
            joint = rng.choices(("\n\n", "\n", lang.space or "　"), (85, 10, 5))[0]
            if joint != "\n\n":
                draft.ops.append("single-newlines" if joint == "\n" else "one-line")
            text = joint.join(page)
        for way in DAMAGES:
            if way in chosen - {"wrap"}:
                text = self._hurt(draft, text, way)
        return text

    def _wrap(self, draft: Draft, page: list[str], *, unspaced: bool) -> str:
        rng = self.rng
        width, blank, hyphens = rng.randint(60, 76), rng.random() < 0.6, rng.random() < 0.4 and not unspaced
        draft.ops.append("wrap" + ("-hyphens" if hyphens else "") + ("" if blank else "-dense"))
        return damage.wrap(page, width, rng, blank=blank, hyphens=hyphens, unspaced=unspaced)

    def _hurt(self, draft: Draft, text: str, way: str) -> str:
        rng = self.rng
        if way in {"mojibake", "twice"}:
            return self._misread(draft, text, twice=way == "twice")
        if way == "ocr":
            rate = rng.choice((0.01, 0.01, 0.02, 0.03, 0.04, 0.08))
            draft.ops.append(f"ocr{rate}")
            return damage.scan(text, rng, rate)
        draft.ops.append(way)
        if way == "nbsp":
            return re.sub(" ", lambda _: "\u00a0" if rng.random() < 0.3 else " ", text)
        if way == "full-width":
            return damage.widen(text)
        ways = {"entities": damage.entities, "soft-hyphens": damage.soften, "zero-width": damage.haunt}
        return ways[way](text, rng)

    def _misread(self, draft: Draft, text: str, *, twice: bool) -> str:
        rng = self.rng
        # in a script outside ASCII vanished controls leave nothing that could be told apart: a few cases are enough
        lossy = 0.25 if sum(map(str.isascii, text)) > len(text) / 2 else 0.06
        page, drop = rng.choice(damage.CODE_PAGES), rng.random() < lossy
        if text.isascii():
            return text
        draft.ops.append(f"moji-{page}" + ("-dropped" if drop else ""))
        text = damage.misread(text, page, drop_controls=drop)
        if twice:
            again = page if rng.random() < 0.7 else rng.choice(("cp1252", "cp1251", "iso8859-1"))
            draft.ops.append("moji-twice")
            text = damage.misread(text, again)
        return text

    # ---- rows

    def _lookalikes(self, drafts: list[Draft]) -> None:
        """Label both sides of retellings, translations, quotations and teasers."""
        for draft in drafts:
            if draft.story in self.retold:
                kind, of = self.retold[draft.story]
                self._tag(drafts, draft, kind, of)
            if re.fullmatch(r"[a-z]+2?-0", draft.story):
                draft.lookalike.setdefault("translation", "event-0")
            for part in draft.parts:
                if part.quoted:
                    self._tag(drafts, draft, "quotation", part.source)
            teased = self.teased[id(draft)]
            if teased and self.rng.random() < TEASED:
                self._tag(drafts, draft, "teaser", teased[0])

    @staticmethod
    def _tag(drafts: list[Draft], draft: Draft, kind: str, source: str) -> None:
        if kind in draft.lookalike:
            return
        draft.lookalike[kind] = source
        for other in drafts:
            if other.story == source and not other.is_composite:
                other.lookalike.setdefault(kind, source)

    def _rows(self, drafts: list[Draft]) -> CopySet:
        stories: dict[str, str] = {}
        docs, truth = [], []
        for n, (draft, kinds) in enumerate(zip(drafts, label(drafts), strict=True)):
            story = stories.setdefault(draft.story, f"s{len(stories):04}")
            docs.append(self._doc(n, draft))
            row: dict[str, Any] = {
                "id": f"w{n:04}", "story": story, "in_ari": not (draft.is_composite or draft.is_teaser),
                "ops": draft.ops, "language": draft.language,
                "relations": [{"to": f"w{int(to):04}", "kind": kind} for to, kind in kinds.items()],
            }  # fmt: skip
            if draft.lookalike:
                row["lookalike"] = draft.lookalike
            truth.append(row)
        return CopySet(docs=tuple(docs), truth=tuple(truth), notes=tuple(self.notes))

    def _doc(self, n: int, draft: Draft) -> dict[str, Any]:
        arrived = START + dt.timedelta(hours=self.drafts[n][0])
        rng = Random(f"{self.seed}/{n}")
        lag = rng.expovariate(1 / 0.6) + (rng.uniform(3, 40) if rng.random() < 0.12 else 0)
        published = arrived - dt.timedelta(hours=lag)
        digest = hashlib.sha256(f"{self.seed}/{n}/{draft.title}".encode()).hexdigest()[:8]
        slug = "-".join(re.findall(r"[a-z0-9]+", draft.title.casefold()))[:60].strip("-") or "news"
        return {
            "id": f"w{n:04}", "site": draft.site, "url": f"https://{draft.site}/{published:%Y/%m/%d}/{slug}-{digest}",
            "published": f"{published:%Y-%m-%dT%H:%M:%SZ}", "title": draft.title, "text": draft.text,
        }  # fmt: skip


def describe(made: CopySet) -> Iterator[str]:
    """Lines about a set: documents, languages, pairs by kind, operations, look-alikes."""
    counts = Counter(relation["kind"] for row in made.truth for relation in row["relations"])
    stories, sites_ = {row["story"] for row in made.truth}, {doc["site"] for doc in made.docs}
    alike = Counter(kind for row in made.truth for kind in row.get("lookalike", {}))
    yield f"{len(made.docs)} documents, {len(stories)} stories, {len(sites_)} sites"
    yield f"pairs: {dict(sorted(counts.items()))}"
    yield f"languages: {dict(sorted(Counter(row['language'] for row in made.truth).items()))}"
    yield f"look-alikes (documents): {dict(sorted(alike.items()))}"
    yield f"operations: {dict(sorted(Counter(o for row in made.truth for o in row['ops']).items()))}"
