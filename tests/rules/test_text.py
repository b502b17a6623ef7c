"""How text is read: RULES.md, point by point, and the laws of the offsets."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.text import _read, _read_closely, is_opaque, tokenize, tokenize_url
from rules.tokens import Rest, Tokens

# Enough of every kind of character that the rules speak of.
ALPHABET = (
    "aAzéÉøßıİœ ŉ\t\n.,;:'’`´ʼ\"“»()[]<>/@-_&$€™😀№½²①ªsSU5７٣५๕ЖжёйїѓѐΆάςӀกิำ้ຳຶກ北京カｶﾞーヿ゙ﷺمحُّـאָشＡ가각각한"
    "\u0300\u0301\u0308\u0323\u0338\u20e3\u00ad\u200b\u200d\ufe0f\ufeff\u2060\u1fee\u1ffd\u0345\u09c7\u09be\u1025\u102e"
)
TEXTS = st.text(st.one_of(st.sampled_from(ALPHABET), st.characters()), max_size=30)
NEWS = st.lists(
    st.sampled_from(
        (
            *(
                "U.S.",
                "U.S",
                "e.g.",
                "2.3bn",
                "1,000",
                "5.5",
                "G7",
                "www.",
                "cnn.com/a",
                "https://t.co/x?a=b",
                "me@a.com",
            ),
            *("Crimea", "’s", "'S", "s", "-", "—", " ", " ", ".", ",", "北", "ー", "Ж", "é", "e\u0301", "\u00ad"),
            *("€", "(", "”", "ｶﾞ"),
        )
    ),
    max_size=12,
).map("".join)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        # 1. symbols, format characters, NFKC
        ("Acme™", "acme"),
        ("€2.3bn", "2.3bn"),
        ("a😀b", "a b"),
        ("A$AP", "a ap"),
        ("5️⃣", "5"),
        ("Cri\u00admea Kre\u200bml\u2060in\ufeff", "crimea kremlin"),
        ("a\ufe0fb", "ab"),
        ("ＮＡＴＯ", "nato"),
        ("a€\u0301b ½\u0338x ⑴x", "a b ½x 1 x"),
        ("ﬁre x²", "fire x2"),
        # 2. addresses
        ("see https://cnn.com/crimea?a=$b#c.", "see https://cnn.com/crimea?a=$b#c"),
        ("(www.cnn.com/crimea)", "www.cnn.com/crimea"),
        ("cnn.com/Crimea, cnn.com", "cnn.com/crimea cnn com"),
        ("U.S./Russia and/or 10.5.2025/crimea", "us russia and or 10.5.2025 crimea"),
        ("mail joe.x@cnn.com!", "mail joe.x@cnn.com"),
        ("“ftp://a.b/c”d", "ftp://a.b/c d"),
        ("https://t.co/abを見る", "https://t.co/ab を 見 る"),
        ("end.https://t.co/ab", "end https://t.co/ab"),
        ("https:// www. a@b @CNN", "https www a b cnn"),
        ("cnn.com/a's", "cnn.com/a"),
        # 3. words and separators
        ("re-arm and/or a_b", "re arm and or a b"),
        ("O'Brien O’Brien O‘Brien OʼBrien O＇Brien O`Brien O´Brien", "o brien " * 7),
        ("l’Ukraine об’єкт обʼєкт", "l ukraine об єкт об єкт"),
        ("NATO's NATO’S Joʼs x's-y", "nato nato jo x y"),
        ("it's 's o'sullivan", "it s o sullivan"),
        ("— ... ’", ""),
        # 4. scripts
        ("Crimeaโ€™s", "crimea โ s"),
        ("NATO는 Covidковид", "nato 는 covid ковид"),
        ("北大西洋NATO", "北 大 西 洋 nato"),
        ("G7 7G 2.3млрд", "g7 7g 2.3млрд"),
        ("1GЖ", "1g ж"),
        # 5. scripts without spaces
        ("カード", "カ ー ド"),
        ("คน", "ค น"),
        ("น้ำ", "น ้ ํา"),
        ("2025年5月12日", "2025 年 5 月 12 日"),
        ("北京's", "北 京"),
        ("ｶﾞあ゙", "ガ あ゙"),
        ("크림반도에서", "크림반도에서"),
        # 6. acronyms and numbers
        ("U.S. U.S.-led U.S U.S.A. U.S.’s", "us us led us usa us"),
        ("U.S.Army J.K.Rowling", "us army jk rowling"),
        ("e.g. a.m. U. S.", "eg am u s"),
        ("2.3 1,000 10.5.2025 2.3bn 1,000,000.50", "2.3 1,000 10.5.2025 2.3bn 1,000,000.50"),
        ("5, 6. a.5 12:30", "5 6 a 5 12 30"),
        ("٢٫٣ १२.५ १.२", "٢٫٣ १२.५ १.२"),
        ("2½", "2½"),
        # 7. folding
        ("Støre Łódź Đà Ægir cœur ısı Þór ðe straße", "store lodz da aegir coeur isi thor de strasse"),
        ("İstanbul ÉTÉ Άθήνα ΣΑΣ", "istanbul ete αθηνα σασ"),
        ("ёлка стра́на ѐ й ї ѓ", "елка страна е й ї ѓ"),
        ("مُحَمَّد كـــتاب آ", "محمد كتاب آ"),
        ("שָׁלוֹם", "שלום"),
        ("हिन्दी", "हिन्दी"),
        ("ـ", ""),
    ],
)
def test_text_is_read_as_the_specification_says(text, folded):
    assert tokenize(text).folded == tuple(folded.split())


@pytest.mark.parametrize(
    ("text", "exact"),
    [("PURL purl", "PURL purl"), ("U.S. us", "US us"), ("Støre ＮＡＴＯ", "Støre NATO"), ("e\u0301", "é")],
)
def test_the_exact_form_keeps_case_and_accents(text, exact):
    assert tokenize(text).exact == tuple(exact.split())


def test_offsets_point_at_what_was_written():
    text = "  “Ｃrimea’s” e\u0301te\u0301 and the U.S.-led ½, Cri\u00admea."
    tokens = tokenize(text)
    spots = [text[a:b] for a, b in zip(tokens.starts, tokens.ends, strict=True)]
    assert spots == ["Ｃrimea", "e\u0301te\u0301", "and", "the", "U.S.", "led", "½", "Cri\u00admea"]


@pytest.mark.parametrize(
    ("text", "offsets"),
    [
        ("xｶﾞ", [(0, 1), (1, 3)]),
        ("か\u3099き", [(0, 2), (2, 3)]),
        # marks in the wrong order: the places are shared out in order
        ("ก\u0e49\u0e38ง", [(0, 1), (1, 2), (2, 3), (3, 4)]),
        ("น้ำ", [(0, 1), (1, 2), (2, 3)]),
        ("(ŉa)", [(1, 3)]),
        ("\u1112\u1161\u11ab", [(0, 3)]),
        ("\u200bab\u200b", [(1, 3)]),
        ("www.x.com's", [(0, 9)]),
    ],
)
def test_offsets_where_normalising_changes_lengths(text, offsets):
    tokens = tokenize(text)
    assert list(zip(tokens.starts, tokens.ends, strict=True)) == offsets


@given(TEXTS | NEWS)
@settings(max_examples=600)
def test_offsets_ascend_do_not_overlap_and_lie_within_the_text(text):
    tokens = tokenize(text)
    assert len(tokens) == len(tokens.folded) == len(tokens.exact) == len(tokens.starts) == len(tokens.ends)
    assert all(form for form in tokens.folded + tokens.exact)
    bounds = [offset for pair in zip(tokens.starts, tokens.ends, strict=True) for offset in pair]
    assert all(start < end for start, end in zip(tokens.starts, tokens.ends, strict=True))
    assert bounds == sorted(bounds)
    assert not bounds or (bounds[0] >= 0 and bounds[-1] <= len(text))


@given(TEXTS.map(lambda text: unicodedata.normalize("NFC", text)) | NEWS)
@settings(max_examples=600)
def test_the_text_of_a_token_read_alone_is_that_token(text):
    """Marks in the wrong order are left out: their places are only shared out."""
    tokens = tokenize(text)
    for i, (start, end) in enumerate(zip(tokens.starts, tokens.ends, strict=True)):
        alone = tokenize(text[start:end])
        assert (alone.folded, alone.exact) == ((tokens.folded[i],), (tokens.exact[i],))


@given(TEXTS | NEWS)
@settings(max_examples=600)
def test_decomposed_text_has_the_same_tokens(text):
    decomposed = tokenize(unicodedata.normalize("NFD", text))
    tokens = tokenize(text)
    assert decomposed.folded == tokens.folded
    assert decomposed.exact == tokens.exact


@given(TEXTS | NEWS)
@settings(max_examples=400)
def test_folded_tokens_fold_to_themselves(text):
    folded = tokenize(text).folded
    assert tokenize(" ".join(folded)).folded == folded


@given(TEXTS | NEWS, TEXTS | NEWS)
@settings(max_examples=300)
def test_nothing_reaches_across_white_space(left, right):
    joined = tokenize(f"{left}\n{right}")
    assert joined.folded == tokenize(left).folded + tokenize(right).folded
    assert joined.starts == (
        *tokenize(left).starts,
        *(start + len(left) + 1 for start in tokenize(right).starts),
    )


@given(st.text(st.sampled_from("北京カーA5's.゙\u200d、 "), max_size=12))
@settings(max_examples=400)
def test_the_short_cut_for_chinese_and_japanese_changes_nothing(text):
    """An invisible character between all others keeps the short cut out."""
    apart = "\u200d".join(text)
    assert tokenize(apart).folded == tokenize(text).folded


@pytest.mark.parametrize(
    ("piece", "times"),
    [
        ("a", 200_000),
        ("北", 200_000),
        ("北，", 50_000),
        ("a\u0301", 100_000),
        ("\u0301\u0323", 100_000),
        ("ก\u0e49\u0e38", 60_000),
        ("a.", 100_000),
        ("1.", 100_000),
        ("a@", 100_000),
        ("a://", 50_000),
        ("a-", 100_000),
        ("a.b/", 50_000),
        ("ー", 200_000),
        ("'s", 100_000),
        ("@", 100_000),
        ("w.", 100_000),
        ("(a.b", 50_000),
        ("\ud800", 1000),
    ],
)
def test_hostile_text_is_read_in_linear_time(piece, times):
    """Quadratic work on these would not end within the time limit of a test."""
    hostile = "a" + piece * times
    assert len(tokenize(hostile)) <= len(hostile)


def test_an_address_is_cut_into_words():
    tokens = tokenize_url("https://www.CNN.com/2025/05/crimea_talks-b%20/Крым?x=1")
    words = "https www cnn com 2025 05 crimea talks b 20 крым x 1"
    assert tokens.folded == tuple(words.split())
    assert tokens.exact[2] == "CNN"
    assert (tokens.starts[2], tokens.ends[2]) == (12, 15)
    assert tokenize_url("") == Tokens((), Rest((), (), ()))


@pytest.mark.parametrize(("token", "expected"), [("https://x.y/z", True), ("a@b.co", True), ("www.a.b", True)])
def test_addresses_are_told_from_words(token, expected):
    assert tokenize(token).folded == (token,)
    assert is_opaque(token) is expected
    assert not is_opaque("2.3bn")


def test_an_address_is_one_however_it_is_written():
    assert all(map(is_opaque, tokenize("Www.a.b wWW.a.b WWW.a.b").exact))


_PIECES = st.sampled_from([*"aBéЖЁ北ー5.,;:'’-–*_/@€)(\"\u00ad\u0301\u3099\u1161", "www", "wWw.", "’S"])


@given(st.lists(_PIECES, min_size=1, max_size=8).map("".join))
@settings(max_examples=500)
def test_short_cuts_read_as_a_close_look_does(stretch):
    assert _read(stretch) == _read_closely(stretch)


@pytest.mark.parametrize(("stretch", "tokens"), [("(www.-", ("www.-",)), ("x-www.-", ("x", "www.-"))])
def test_what_begins_like_an_address_gets_the_close_look(stretch, tokens):
    assert tokenize(stretch).folded == tokens
