"""The engine against SQLite FTS5, brute force and a plain reference: the short form of bench/rule_differential.py."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"

#: 2,000 pairs of topic and text are one set.
PAIRS = 2000


@pytest.fixture(scope="module")
def differential():
    reference = _load("_rule_reference")
    module = _load("rule_differential")
    yield module
    module.close()
    for loaded in (reference, module):
        del sys.modules[loaded.__name__]


def _load(name):
    spec = importlib.util.spec_from_file_location(name, BENCH / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses, and the program's own import, ask for it there
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fts5_finds_the_same(differential, seed):
    assert list(differential.compare_with_fts5(PAIRS, seed)) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_brute_force_finds_the_same(differential, seed):
    assert list(differential.compare_with_brute_force(PAIRS, seed)) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_reference_finds_the_same(differential, seed):
    assert list(differential.compare_with_reference(PAIRS, seed)) == []


def test_a_difference_would_be_seen_and_told_by_a_small_example(differential):
    """The comparison itself is tried: rule and text that FTS5 is not asked the same about."""
    tree = differential.Close((differential.Term(("nato",)), differential.Term(("un",))), 1)
    text = ("", "sea NATO bank bank crimea UN nato sea")
    assert not differential.differs(tree, text)

    def pretended(tree, text):
        return "NATO" in text[1] and "nato" in differential.write(tree)

    small = differential.shrink(differential.Two("AND", tree, differential.Term(("sea",))), text, pretended)
    assert small == (tree, ("", "NATO"))
