"""Whether what is read from the pages of a site has changed its nature: a new layout, a wall before every page. Pure.

The articles of a day are held against those of the two weeks before. Four signs, each told with its figures:

- length: the median of words is less than two fifths of what it was, or more than two and a half times of it
- empty: of the pages, many more than before gave no text, for whatever reason
- consent: many texts begin with the vocabulary of a request for consent
- repeated: one and the same text stands under many addresses

A site is judged only when it brought enough on both sides, and told once a week at most.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

from ingest.polling import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ingest.hosts import SiteSample

#: Articles that a site must have brought of late, and before.
LEAST_RECENT = 10
LEAST_EARLIER = 20
TOLD_AGAIN_AFTER = timedelta(days=7)

SHORTER, LONGER = 0.4, 2.5
#: Fewer words than these more or less are no sign.
LEAST_WORDS_APART = 40
#: Of the pages of late so many gave no text, and so much more than before.
EMPTY_SHARE, EMPTY_GROWTH = 0.5, 0.3
CONSENT_SHARE = 0.3
REPEATED_SHARE, LEAST_REPEATED = 0.2, 4

#: Reasons that a change of layout, or a wall, brings along; a server that is down does not.
_EMPTY_REASONS = frozenset({"not_article", "consent", "challenge", "script", "login", "paywall", "soft_404"})
_CONSENT = re.compile(
    r"\b(?:we|our|and|us)\b.{0,40}\bpartners?\b.{0,80}\b(?:cookies?|data|information|device)\b"
    r"|\b(?:accept|reject|manage)\s(?:all|cookies|preferences|choices)\b|\byour\sprivacy\b|\bcookie\s(?:settings|policy)\b"
    r"|\bpersonenbezogene\w*\sdaten\b|\balle\sakzeptieren\b|\bdatenschutzeinstellungen\b"
    r"|\btout\saccepter\b|\bnos\spartenaires\b|\baceptar\stodo\b|\bnuestros\ssocios\b|\baccetta\stutto\b"
    r"|\balles\saccepteren\b|\bzaakceptuj\b|\bпринять\sвсе\b|\bприйняти\sвсі\b|\btümünü\skabul\b",
    re.IGNORECASE | re.DOTALL,
)


def find_drift(samples: Iterable[SiteSample], now: datetime) -> tuple[Event, ...]:
    """The events that *samples*, one of each site, give cause for."""
    events = []
    for sample in samples:
        if sample.last_told_at is not None and now - sample.last_told_at < TOLD_AGAIN_AFTER:
            continue
        signs = judge(sample)
        if signs:
            events.append(Event(kind=EventKind.DRIFT, detail="; ".join(signs), site=sample.site))
    return tuple(events)


def judge(sample: SiteSample) -> tuple[str, ...]:
    """What speaks for a change, one line each; nothing where too little is known."""
    signs = [_emptier(sample)]
    if len(sample.recent) >= LEAST_RECENT:
        signs += [_consent(sample), _repeated(sample)]
        if len(sample.earlier) >= LEAST_EARLIER:
            signs.append(_length(sample))
    return tuple(sign for sign in signs if sign)


def _length(sample: SiteSample) -> str:
    now, before = (median(text.words for text in texts) for texts in (sample.recent, sample.earlier))
    if abs(now - before) < LEAST_WORDS_APART or SHORTER <= now / max(before, 1) <= LONGER:
        return ""
    return f"articles have {now:.0f} words, before {before:.0f} (medians)"


def _emptier(sample: SiteSample) -> str:
    recent, recent_pages = _empty(sample.recent_reasons, len(sample.recent))
    earlier, earlier_pages = _empty(sample.earlier_reasons, len(sample.earlier))
    if recent_pages < LEAST_RECENT or earlier_pages < LEAST_EARLIER:
        return ""
    share, before = recent / recent_pages, earlier / earlier_pages
    if share < EMPTY_SHARE or share - before < EMPTY_GROWTH:
        return ""
    return f"{share:.0%} of the pages gave no text, before {before:.0%}"


def _empty(reasons: Iterable[tuple[str, int]], texts: int) -> tuple[int, int]:
    """How many pages gave no text, and how many pages there were."""
    empty = sum(count for reason, count in reasons if reason in _EMPTY_REASONS)
    return empty, empty + texts


def _consent(sample: SiteSample) -> str:
    found = sum(_CONSENT.search(text.beginning) is not None for text in sample.recent)
    share = found / len(sample.recent)
    return f"{share:.0%} of the texts begin with a request for consent" if share >= CONSENT_SHARE else ""


def _repeated(sample: SiteSample) -> str:
    _, most = Counter(text.text_hash for text in sample.recent).most_common(1)[0]
    if most < max(LEAST_REPEATED, REPEATED_SHARE * len(sample.recent)):
        return ""
    return f"{most} of {len(sample.recent)} articles have one and the same text"
