"""Real articles as sources: the texts marked by hand in ../shared/newsroom/pages (test data, never to be packaged)."""

from __future__ import annotations

import gzip
import html
import json
import os
import re
import zlib
from pathlib import Path

from drafts import Source

ROOT = Path(os.environ.get("NEWSROOM", Path(__file__).parents[3] / "shared" / "newsroom")) / "pages"
#: a source has at most so many characters (about 700 words) and paragraphs
MOST_CHARS, MOST_PARAGRAPHS, LEAST_CHARS = 4600, 16, 420
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_SCRIPTS = (("ko", "가-힣"), ("ja", "ぁ-ヿ"), ("ru", "а-яё"))
_STOP_WORDS = {"en": "the and of to", "pt": "que não uma dos", "id": "yang dan dengan untuk", "de": "und der die nicht"}


def read_pages(half: int) -> list[Source]:
    """Sources of the pages whose key has CRC-32 // 2 odd (1) or even (0); empty where the newsroom is absent."""
    if not (ROOT / "truth.json").is_file():
        return []
    truth = json.loads((ROOT / "truth.json").read_text(encoding="utf-8"))
    keys = sorted(key for key in truth if zlib.crc32(key.encode()) // 2 % 2 == half)
    sources = (_source(key, truth[key]["articleBody"]) for key in keys if (ROOT / "html" / f"{key}.html.gz").is_file())
    return [source for source in sources if source.chars >= LEAST_CHARS]


def _source(key: str, body: str) -> Source:
    paragraphs: list[str] = []
    for line in body.split("\n"):
        text = " ".join(line.split())
        if text and len(paragraphs) < MOST_PARAGRAPHS and sum(map(len, paragraphs)) < MOST_CHARS:
            paragraphs.append(text[:MOST_CHARS])
    page = gzip.decompress((ROOT / "html" / f"{key}.html.gz").read_bytes()).decode("utf-8", "replace")
    found = _TITLE.search(page)
    title = html.unescape(" ".join(found[1].split())) if found else paragraphs[0][:70]
    title = re.split(r" [|–—-] ", title)[0] or title
    return Source(id=f"page-{key[:8]}", language=_guess(body), title=title[:160], paragraphs=tuple(paragraphs))


def _guess(text: str) -> str:
    lower = text.casefold()
    for code, letters in _SCRIPTS:
        if len(re.findall(f"[{letters}]", lower)) > len(lower) / 5:
            return code
    words = lower.split()
    return max(_STOP_WORDS, key=lambda code: sum(words.count(word) for word in _STOP_WORDS[code].split()))
