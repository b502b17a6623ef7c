"""The examples of RULES.md on the five sample articles."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rules.compile import compile_expression
from rules.document import Document

ARTICLES = Path(__file__).parents[3] / "shared" / "newsroom" / "articles"


def _undo_code_page(text):
    """Read windows-874 (with windows-1252 for its gaps) as the UTF-8 that it was; byte 9D was lost."""
    content = bytearray()
    for char in text:
        for code_page in ("cp874", "cp1252"):
            try:
                content += char.encode(code_page)
                break
            except UnicodeEncodeError:
                continue
        else:
            content.append(ord(char))
    return re.sub(rb"\xe2\x80(?![\x80-\xbf])", b"\xe2\x80\x9d", bytes(content)).decode()


@pytest.fixture(scope="module")
def texts():
    if not ARTICLES.is_dir():
        pytest.skip("the sample articles (../shared/newsroom) are not here")
    texts = [path.read_text("utf-8") for path in sorted(ARTICLES.glob("00*.txt"))]
    assert len(texts) == 5
    return texts


@pytest.fixture(scope="module")
def repaired(texts):
    return [*texts[:4], _undo_code_page(texts[4])]


def _matching(rule, texts):
    query = compile_expression(rule)
    return [i for i, text in enumerate(texts) if query.matches(Document(title="", body=text))]


@pytest.mark.parametrize(
    ("rule", "articles"),
    [
        ("Crimea", [0, 1]),
        ('"Crimean Peninsula"', [0, 2]),
        ('crimea* NOT ("Crimean-Congo" | CCHF)', [0, 1, 2]),
        ("=PURL AND (NATO | Ukraine)", [1]),
        ('"NATO Secretary General" NEAR/2 Rutte', [0, 1, 3, 4]),
        ("Zelensky | Zelenskyy | Зеленський", [0, 2, 3]),
        ("frozen NEAR/4 asset~", [1]),
        ('(frozen | immobili?ed) BEFORE/4 (asset~ | reserve~) AND (Russia* | "central bank")', [1]),
        ("ATLEAST/3 (Crimea | Crimean)", [0]),
        ("ANY/2 (Rutte, Hegseth, Zelensky | Zelenskyy)", [0, 2, 3, 4]),
        ('SCORE/10 (crimea*^6, "Black Sea"^4, annex*^4, holiday^-5)', [0, 1, 2]),
        ('=US NOT ("US Open" | =USA)', [0, 1, 2, 4]),
        ("(Trump BEFORE/3 Putin) | (Putin BEFORE/3 Trump)", [0, 2, 4]),
        (r"/€\s?\d+ (billion|bn)/ AND frozen", [1]),
        ("*militari?* AND Ukraine", [0]),
        ('"Ukraine\'s Defense Minister Rustem Umerov"', [4]),
    ],
)
def test_the_examples_match_these_articles(repaired, rule, articles):
    assert _matching(rule, repaired) == articles


def test_words_survive_mojibake_but_a_phrase_with_a_possessive_does_not(texts):
    assert _matching('"Ukraine\'s Defense Minister Rustem Umerov"', texts) == []
    assert _matching('"NATO Secretary General" NEAR/2 Rutte', texts) == [0, 1, 3, 4]
