"""Invented prose, the sample newsroom's stories, and the benchmark's index in memory."""

from __future__ import annotations

import importlib.util
import random
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

CHECKOUT = Path(__file__).parents[3]
SHARED = CHECKOUT.parent / "shared"

_SYLLABLES = [
    consonant + vowel for consonant in ("b", "d", "gr", "k", "l", "m", "n", "pl", "s", "t") for vowel in "aeiou"
]


@cache
def _vocabulary() -> tuple[list[str], list[float]]:
    """3,000 invented words, the common ones short and frequent as in any language (Zipf)."""
    rng = random.Random(7)
    words = list(dict.fromkeys("".join(rng.choices(_SYLLABLES, k=1 + n // 400)) for n in range(4500)))[:3000]
    return words, [1 / (rank + 3) for rank in range(len(words))]


def _write_prose(seed: int, paragraphs: int) -> list[str]:
    """Paragraphs of two to four sentences. Different seeds give texts that share words and no more."""
    rng = random.Random(seed)
    words, weights = _vocabulary()
    return [
        " ".join(
            " ".join(rng.choices(words, weights, k=rng.randint(8, 20))).capitalize() + "."
            for _ in range(rng.randint(2, 4))
        )
        for _ in range(paragraphs)
    ]


@pytest.fixture(scope="session")
def write_prose():
    """A function: seed and number of paragraphs to a list of paragraphs."""
    return _write_prose


def _load(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def bench():
    """bench/copies.py: its `run` sends articles through an index in memory, as the store would."""
    return _load(CHECKOUT / "bench" / "copies.py", "bench_copies")


@pytest.fixture(scope="session")
def newsroom():
    """The folder of the sample newsroom, whose package `press` can be imported then."""
    folder = SHARED / "newsroom"
    if not folder.is_dir():
        pytest.skip(f"the sample newsroom is not there: {folder}")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return folder
