"""Tokens are read in two steps, the second when it is asked for; what is remembered between texts changes nothing."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from rules.text import _Memo, tokenize
from rules.tokens import Rest, Tokens

_TEXTS = st.text(alphabet="aB'’. -éЖ北ー€5/@w\u00ad\n", max_size=40)


@given(_TEXTS)
def test_both_steps_see_the_same_tokens(text):
    tokens = tokenize(text)
    assert len(tokens) == len(tokens.exact) == len(tokens.starts) == len(tokens.ends)
    alone = [tokenize(text[start:end]) for start, end in zip(tokens.starts, tokens.ends, strict=True)]
    assert tuple(token for each in alone for token in each.folded) == tokens.folded


@given(_TEXTS)
def test_tokens_survive_pickling(text):
    tokens = tokenize(text)
    again = pickle.loads(pickle.dumps(tokens))
    assert again == tokens
    assert hash(again) == hash(tokens)
    assert repr(again) == repr(tokens)


def test_tokens_are_equal_when_all_of_them_is():
    assert tokenize("a b") == tokenize("a b")
    assert len({tokenize(text) for text in ("a b", "A b", " a b", "a b.", "ab")}) == 4


def test_the_rest_is_read_once_and_only_when_asked_for():
    asked = []

    def read():
        asked.append(1)
        return Rest(("A",), (0,), (1,))

    tokens = Tokens(("a",), read)
    assert len(tokens) == 1
    assert not asked
    assert (tokens.exact, tokens.starts, tokens.ends) == (("A",), (0,), (1,))
    assert len(asked) == 1


def test_what_is_remembered_has_bounds_and_what_is_in_use_stays():
    read = []

    def measure(stretch):
        read.append(stretch)
        return len(stretch)

    memo = _Memo(measure, 4)
    long = "x" * 1000
    for i in range(50):
        assert (memo["often"], memo[f"{i}"], memo[long]) == (5, len(f"{i}"), 1000)
        assert len(memo) <= 4
    assert read.count("often") == 1
    assert read.count(long) == 50


def test_more_words_than_are_remembered_and_several_threads_change_nothing():
    texts = [" ".join(f"Word{i}x, é{i}" for i in range(start, start + 2_000)) for start in range(0, 24_000, 1_000)]
    expected = [
        tuple(token for i in range(n * 1_000, n * 1_000 + 2_000) for token in (f"word{i}x", f"e{i}")) for n in range(24)
    ]
    with ThreadPoolExecutor(4) as pool:
        assert [tokens.folded for tokens in pool.map(tokenize, texts * 2)] == expected * 2
