r"""Regexes of rules: what is refused, what \w means, what is found, and what must occur."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rules.regex import MAX_PATTERN_CHARS, Compiled, compile_regex, find_fault, required_literals, translate
from rules.regex_syntax import MAX_DEPTH, RegexFault, is_nullable, parse_pattern
from rules.regex_text import read_for_regex


def found(pattern: str, text: str, *, ignores_case: bool = False) -> list[str]:
    """What stands in *text*, as given, where the pattern matches."""
    seen = read_for_regex(text)
    spans = compile_regex(pattern, ignores_case=ignores_case).spans(seen.text)
    return [text[slice(*seen.span(*span))] for span in spans]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(a", "bracket ( is not closed"),
        ("a)", "not opened"),
        ("[a", "bracket [ is not closed"),
        ("[", "bracket [ is not closed"),
        ("(\\", "not closed"),
        ("\\", "trailing"),
        ("*a", "nothing stands before *"),
        ("a|+", "nothing stands before +"),
        ("{2}", "nothing stands before {2}"),
        ("a**", "repetition"),
        ("a(?=b)", "look-around"),
        ("(?!a)b", "look-around"),
        ("(?<=a)b", "look-around"),
        ("(?<!a)b", "look-around"),
        (r"(a)\1", "back-reference"),
        (r"(?P<n>a)(?P=n)", "back-reference"),
        (r"(?P<n>a)\k<n>", "back-reference"),
        ("(?>a)", "not in RE2"),
        ("(?#a)b", "not in RE2"),
        (r"a\Z", "invalid escape"),
        (r"\é", "invalid escape"),
        (r"a\C", "half characters"),
        (r"[a-\d]", "invalid"),
        (r"\p{Klingon}", "invalid"),
        (r"\x{d800}", "no character"),
        (r"\x{ffffff}", "no character"),
        ("a{1001}", "repetition size"),
        ("a{1000}{1000}", "repetition"),
        ("((a{100}){100}){100}", "repetition"),
        (r"(\w{1,300}){3}", "too large"),
        (r"\bКрым", "a to z"),
        (r"Крым\b", "a to z"),
        (r"\b(?:Crimea|(Крым)+)", "a to z"),
        (r"(\bx?é)", "a to z"),
        (r"[éa]\b", "a to z"),
        (r"\B\x{41A}рым", "a to z"),
        (r"(\bxé)+", "a to z"),
        ("\ud800", "half a character"),
        ("a" * (MAX_PATTERN_CHARS + 1), "2,000"),
        ("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1), "within each other"),
    ],
)
def test_bad_regexes_are_refused_with_what_is_wrong(pattern, said, capfd):
    fault = find_fault(pattern, ignores_case=False)
    assert fault is not None
    assert fault[0] == "E208"
    assert said in fault[1]
    assert "\n" not in fault[1] + fault[2]
    assert capfd.readouterr() == ("", "")  # RE2 would print


@pytest.mark.parametrize(
    "pattern",
    [
        r"€\s?\d+ (billion|bn)",
        r"[^\W\d_]+",
        r"\bNATO\b",
        r"\bNATO\b, Крым",
        r"\b\w+\b",
        r"\b[^é]",
        r"(?i)a(?-i:b)(?P<n>c)(?<m>d)",
        r"\Qa.b*\E+",
        r"[[:alpha:]]\pL\p{Greek}\P{Lu}\p{^Lu}[\pL]",
        r"a{2}b{2,}c{2,3}?d*?e+?f??",
        r"a{,3}",
        "[]a][^]a]",
        r"\101\x41\x{41}\n\t\0",
        "(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH,
        "a" * MAX_PATTERN_CHARS,
    ],
)
def test_good_regexes_pass(pattern):
    assert find_fault(pattern, ignores_case=False) is None
    assert find_fault(pattern, ignores_case=True) is None


@given(st.text(st.one_of(st.sampled_from("ab()[]{}|*+?\\^$.-,:<>=!Pé1QEwWb"), st.characters()), max_size=20))
def test_no_pattern_raises_and_what_passes_compiles(pattern):
    if find_fault(pattern, ignores_case=False) is None:
        compile_regex(pattern, ignores_case=False).spans("ab é 1")
        required_literals(pattern, ignores_case=False)


def test_without_re2_a_regex_says_what_to_install():
    """The import is asked for in a process where the package cannot be found."""
    program = (
        "import sys; sys.modules['re2'] = None\n"
        "from rules.regex import find_fault; print(find_fault('a(', ignores_case=False))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("('E212'")
    assert "install google-re2" in done.stdout


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        (r"€\s?\d+ (billion|bn)", "€\u00a0210 billion and €5 bn", ["€\u00a0210 billion", "€5 bn"]),
        ("crimea", "Crimea crimea", ["crimea"]),
        (r"\w+", "Крым, हिन्दी ไทย é_7", ["Крым", "हिन्दी", "ไทย", "é_7"]),
        (r"[^\W\d_]+", "Крым9_ab", ["Крым", "ab"]),
        (r"\d+", "٣५ 7", ["٣५", "7"]),
        (r"a\sb", "a\u2003b a\u3000b a\vb", ["a\u2003b", "a\u3000b", "a\vb"]),
        (r"[\w-a]+", "é-a!", ["é-a"]),
        (r"^b.$", "ab\nbc\nb\n", ["bc"]),
        ("b.", "b\nbc", ["bc"]),
        ("(?s)b.c", "b\nc", ["b\nc"]),
        ("Acme™", "by Acme™.", ["Acme™"]),
        ("ＮＡＴＯ", "NATO ＮＡＴＯ", ["NATO", "ＮＡＴＯ"]),
        ("…+", "a… b...", ["…", "..."]),
        ("[…½x]", "a… ½x", ["…", "½", "x"]),
        ("cafe\u0301", "café", ["café"]),
        ("Cri\u00admea", "Crimea", ["Crimea"]),
        ("ﬁ", "ﬁfi", ["ﬁ", "fi"]),
        (r"\Qa.b\E", "axb a.b", ["a.b"]),
        (r"\bNATO\b", "NATO, NATOx", ["NATO"]),
        (r"ab\b", "abc ab", ["ab"]),
    ],
)
def test_what_is_found(pattern, text, wanted):
    assert find_fault(pattern, ignores_case=False) is None
    assert found(pattern, text) == wanted


def test_case_is_ignored_when_asked():
    assert found("stra(ss|ß)e", "STRASSE straẞe", ignores_case=True) == ["STRASSE", "straẞe"]
    assert found("крым", "КРЫМ", ignores_case=True) == ["КРЫМ"]
    assert not compile_regex("nato", ignores_case=False).search("NATO")


def test_empty_matches_hold_and_have_no_place():
    optional = Compiled("x*", ignores_case=False)
    assert optional.spans("axxé") == [(1, 3)]
    assert optional.search("aé")
    blank = Compiled("^$", ignores_case=False)
    assert [blank.search(text) for text in ("a\n\nb", "a\nb")] == [True, False]
    assert blank.spans("a\n\nb") == []


def test_a_regex_that_may_be_empty_does_not_take_quadratic_time():
    assert Compiled("(a*b)?", ignores_case=False).spans("a" * 300_000) == []


MEMBERS = {
    r"\w": lambda c: unicodedata.category(c)[0] in "LM" or unicodedata.category(c) == "Nd" or c == "_",
    r"\d": lambda c: unicodedata.category(c) == "Nd",
    r"\s": lambda c: c in "\t\n\v\f\r\x85" or unicodedata.category(c)[0] == "Z",
    "a": lambda c: c == "a",
    "-": lambda c: c == "-",
    "é": lambda c: c == "é",
    "0-5": lambda c: "0" <= c <= "5",
}
MEMBERS |= {name.upper(): (lambda c, test=test: not test(c)) for name, test in MEMBERS.items() if name[0] == "\\"}
# What every version of Unicode knows, and no format characters: those are removed from texts.
CHARS = "az_AZ09-é٣五Ж\u0301\u0e31€\t\n\v \x85\x1c\u00a0\u2028\u3000!~ªⅧ½\x00𝒳\U0010ffff"


@given(st.lists(st.sampled_from(sorted(MEMBERS)), min_size=1, max_size=4), st.booleans())
def test_classes_are_sets(members, is_negated):
    assume("-" not in members[:-1])
    pattern = f"[{'^' if is_negated else ''}{''.join(members)}]"
    regex = compile_regex(pattern, ignores_case=False)
    wanted = [c for c in CHARS if any(MEMBERS[m](c) for m in members) != is_negated]
    assert [c for c in CHARS if regex.search(c)] == wanted


@pytest.mark.parametrize("name", ["w", "d", "s"])
def test_inside_and_outside_of_brackets_they_mean_the_same(name):
    everything = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    small, large = rf"\{name}+", rf"\{name.upper()}+"
    inside = compile_regex(small, ignores_case=False).spans(everything[:70_000])
    assert inside == compile_regex(f"[{small[:-1]}]+", ignores_case=False).spans(everything[:70_000])
    assert inside == compile_regex(f"[^{large[:-1]}]+", ignores_case=False).spans(everything[:70_000])
    outside = compile_regex(large, ignores_case=False).spans(everything[:70_000])
    assert outside == compile_regex(f"[{large[:-1]}]+", ignores_case=False).spans(everything[:70_000])


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    suffixes = st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "+?", "??"])
    return st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(inner, suffixes).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
        inner.map(lambda part: f"(?i:{part})"),
    )


ASCII_ATOMS = st.sampled_from(["a", "b", "ab", "abc", ".", "[ab]", "[^a]", r"\w", r"\W", r"\d", r"\s", "^", "$", r"\b"])
ASCII_PATTERNS = st.recursive(ASCII_ATOMS, _combined, max_leaves=8)


@given(ASCII_PATTERNS, st.text("aabbC1 \n", max_size=24))
def test_on_ascii_it_finds_what_python_finds(pattern, text):
    # After an empty match Python tries the same place again, RE2 the next one.
    assume(find_fault(pattern, ignores_case=False) is None and not is_nullable(parse_pattern(pattern)))
    spans = compile_regex(pattern, ignores_case=False).spans(text)
    # `$` stands for the end of the text here, and there also for the place before a last line's end: with (?m) the same
    assert spans == [m.span() for m in re.compile(f"(?m:{pattern})", re.ASCII).finditer(text)]


ATOMS = st.sampled_from(
    [
        *("a", "ka", "nato", "Straße", "İ", "ſk", "é", "€", "™", "ﬁ", "…", " ", "ΑΣ", "ς", "Крым"),
        *(".", r"\w", r"\s", "[ab]", "[Kk]", "[ßs]", "[…x]", "[^a]", r"\x{212a}", r"\Qa.b\E", "^", "$", "(?i)"),
    ]
)
PATTERNS = st.recursive(ATOMS, _combined, max_leaves=8)
PIECES = st.sampled_from(
    [
        *("a", "A", "k", "K", "\u212a", "ka", "nato", "NATO", "Straße", "STRASSE", "straẞe", "İ", "i", "ſk", "SK", "é"),
        *(
            "e\u0301",
            "É",
            "€",
            "™",
            "ﬁ",
            "FI",
            "…",
            "...",
            " ",
            "\n",
            "ΑΣ",
            "ας",
            "Крым",
            "КРЫМ",
            "a.b",
            "x",
            "b",
            "\u00ad",
        ),
    ]
)


@given(PATTERNS, st.lists(PIECES, max_size=8).map("".join), st.booleans())
def test_what_matches_holds_a_required_literal(pattern, text, ignores_case):
    assume(find_fault(pattern, ignores_case=ignores_case) is None)
    literals = required_literals(pattern, ignores_case=ignores_case)
    seen = read_for_regex(text)
    if literals is not None:
        assert literals
        assert all(len(literal) >= 3 and literal == literal.casefold() for literal in literals)
        if compile_regex(pattern, ignores_case=ignores_case).search(seen.text):
            assert any(literal in seen.folded for literal in literals)


@given(PATTERNS, st.lists(PIECES, max_size=8).map("".join))
def test_composed_or_not_the_same_is_found(pattern, text):
    assume(find_fault(pattern, ignores_case=True) is None)
    both = [found(pattern, unicodedata.normalize(form, text), ignores_case=True) for form in ("NFC", "NFD")]
    assert both[0] == [unicodedata.normalize("NFC", piece) for piece in both[1]]


def test_what_is_one_letter_to_re2_is_one_to_casefold():
    """The soundness of required literals without case: every pair of characters that RE2 takes for equal."""
    cased = [chr(n) for n in range(0x110000) if not 0xD800 <= n < 0xE000 and _has_case(chr(n))]
    everything = "".join(cased)
    for char in cased:
        pattern = Compiled(rf"\x{{{ord(char):x}}}", ignores_case=True)
        for start, end in pattern.spans(everything):
            assert everything[start:end].casefold() == char.casefold()


def _has_case(char: str) -> bool:
    return len({char, char.lower(), char.upper(), char.title(), char.casefold()}) > 1


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        ("NATO", ("nato",)),
        (r"€\s?\d+ (billion|bn of)", (" billion", " bn of")),
        ("(Crimea|Crimean) Bridge", ("crimea bridge", "crimean bridge")),
        ("[Cc]rime(a|an)s?", ("crimea",)),
        ("x+Crimea.*", ("crimea",)),
        ("a+bcd", ("bcd",)),
        ("(nato){2,}", ("natonato",)),
        ("(Straße)?nato", ("nato",)),
        (r"\w+", None),
        ("ab", None),
        ("Crimea|x", None),
        ("(Crimea)*x", None),
        ("a.b.c", None),
    ],
)
def test_required_literals(pattern, literals):
    assert required_literals(pattern, ignores_case=True) == literals
    assert compile_regex(pattern, ignores_case=True).literals == literals


def test_a_compiled_regex_is_kept_and_travels():
    regex = compile_regex("Cr[iy]mea", ignores_case=True)
    assert compile_regex("Cr[iy]mea", ignores_case=True) is regex
    assert pickle.loads(pickle.dumps(regex)).spans("é CRYMEA") == [(2, 8)]
    assert "Cr[iy]mea" in repr(regex)


def test_translate_and_compile_refuse_what_cannot_be_used():
    with pytest.raises(RegexFault):
        translate("(a")
    with pytest.raises(RegexFault):
        compile_regex(r"\Z", ignores_case=False)


def test_hostile_patterns_and_texts_take_linear_time():
    """These would not end in Python's re."""
    assert compile_regex("(a+)+$", ignores_case=False).spans("a" * 100_000 + "b") == []
    assert len(compile_regex("(a+)+$", ignores_case=False).spans("a" * 100_000)) == 1
    assert not compile_regex("(a|b|ab)*(bc)+x", ignores_case=False).search("ab" * 50_000)
    # Quadratic in any search for all matches: stops early.
    assert 100 <= len(compile_regex("a*b|a", ignores_case=False).spans("a" * 50_000)) < 50_000
    assert len(compile_regex("é", ignores_case=False).spans("é" * 4000)) == 4000


def test_half_characters_in_a_text_do_no_harm():
    assert compile_regex("b", ignores_case=False).spans("é\ud800b") == [(2, 3)]
    assert compile_regex("b.", ignores_case=False).search("b\udfff") in {True, False}


def test_ten_megabytes():
    text = "Крым €5 billion\n" * 650_000
    assert compile_regex("€6", ignores_case=False).spans(read_for_regex(text).text) == []
