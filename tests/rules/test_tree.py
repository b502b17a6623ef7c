"""Trees: tokens of their words, moving, changing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rules.syntax import parse
from rules.text import tokenize
from rules.tree import Words, map_children, move, place, walk

TEXT = 'a (b | "c d") NOT =e title:fg* g NEAR/5 h ATLEAST/2 (i) ANY/1 (j, NOT k) SCORE/3 (l^3, m^-1) /n/ a?bc d~'


@given(st.from_regex(r"[A-Za-z0-9]+", fullmatch=True) | st.text())
def test_the_tokens_of_words_are_those_of_their_text(text):
    assert Words(text=text).tokens == tokenize(text)


def test_a_tree_moves_with_all_its_nodes():
    tree = parse(TEXT)
    moved = move(tree, 7, 9)
    assert moved == tree
    assert {(node.at, node.end) for node in walk(moved)} == {(7, 9)}


def test_a_node_is_placed_without_those_below_it():
    for node in walk(parse(TEXT)):
        placed = place(node, 7, 9)
        assert placed == node
        assert (placed.at, placed.end) == (7, 9)
        assert [c.at for c in walk(placed)][1:] == [c.at for c in walk(node)][1:]


def test_members_are_changed_and_the_node_stays():
    for node in walk(parse(TEXT)):
        same = map_children(node, lambda child: child)
        assert (same, same.at, same.end) == (node, node.at, node.end)
