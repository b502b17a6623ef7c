"""Lexemes: the quick look at plain ones sees what the close look sees; quotes, blanks, control characters."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules.lexer import Kind, _read_other, _read_word, blank_controls, read_lexemes, read_quoted, skip_blank
from rules.render import quote

_PLAIN = st.from_regex(r"=?[A-Za-z0-9]{1,3}(-[A-Za-z0-9]{1,2}){0,2}[*~]?", fullmatch=True)


@given(_PLAIN | st.sampled_from(["AND", "=AND", "AND*", "or", "=or", "www", "ANY", "a*", "ab-c*", "=a~", "5", "G7*"]))
def test_plain_words_are_read_as_a_close_look_reads_them(word):
    assert read_lexemes(word)[0] == _read_word(word, 0)


@given(st.from_regex(r'=?"[A-Za-z0-9]{1,3}([ -][A-Za-z0-9]{1,3}){0,2}\*?"', fullmatch=True))
@example('"a*"')
@example('="b a*"')
def test_plain_phrases_are_read_as_a_close_look_reads_them(phrase):
    assert read_lexemes(phrase)[0] == _read_other(phrase, 0)


@given(st.sampled_from(["NEAR", "BEFORE"]), st.sampled_from(["/5", "/0", "/007", "/1234567", "/", ""]))
def test_operators_with_numbers_are_read_as_a_close_look_reads_them(operator, number):
    text = f"{operator}{number} a"
    assert read_lexemes(text)[0] == _read_word(text, 0)


@given(st.text(st.characters() | st.sampled_from('ab \n#"()|&,^@/-=*~“”«»\\')))
def test_lexemes_follow_one_another_and_nothing_but_blanks_is_left_out(text):
    end = 0
    *lexemes, last = read_lexemes(text)
    for lexeme in lexemes:
        assert skip_blank(text, end) == lexeme.start < lexeme.end
        end = lexeme.end
        assert (lexeme.kind is Kind.BAD) == (lexeme.problem is not None)
        if lexeme.problem:
            assert lexeme.start <= lexeme.problem.at <= lexeme.problem.end <= lexeme.end
    assert last.kind is Kind.END
    assert last.start == last.end == end
    assert skip_blank(text, end) == len(text)


@pytest.mark.parametrize(
    ("text", "i"),
    [("a", 0), ("  a", 2), ("# x\n a", 5), ("#a", 0), ("#", 1), (" # x", 4), ("\u2028a", 1)],
)
def test_blanks_and_comments_are_passed_over(text, i):
    assert skip_blank(text, 0) == i


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'"a \"b\" c" d', ('a "b" c', 11)),
        (r'"a\"', None),
        (r'"a\\"', None),
        (r'"a\b"', (r"a\b", 5)),
        ("“a” b”", ("a", 3)),
        ("„a“", ("a", 3)),
        ("„a”", ("a", 3)),
        ("«a»", ("a", 3)),
        ('“a"', None),
        ('"a\n"', None),
        ('"', None),
    ],
)
def test_quoted_text_ends_at_its_own_quote(text, expected):
    assert read_quoted(text, 0) == expected


@given(st.text(st.characters(exclude_characters="\n\r")))
def test_quoted_text_is_read_back(text):
    quoted = quote(text)
    read = read_quoted(quoted, 0)
    assert read is not None
    assert read[1] == len(quoted)
    assert read[0] == text or (text.endswith("\\") and read[0] == text.rstrip("\\"))


@given(st.text())
def test_control_characters_and_halves_of_pairs_are_told_and_taken_out(text):
    blanked, problem = blank_controls(text)
    assert len(blanked) == len(text)
    assert blank_controls(blanked) == (blanked, None)
    blanked.encode()
    assert (problem is None) == (blanked == text)
    if problem:
        assert problem.code == "E100"
        assert text[: problem.at] == blanked[: problem.at]
        assert blanked[problem.at] == " "
