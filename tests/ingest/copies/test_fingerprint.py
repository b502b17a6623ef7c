"""Sampled hashes by which candidates are found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xxhash import xxh3_64_intdigest

from ingest.copies.fingerprint import FINGERPRINT_ALG, MAX_HASHES, take_fingerprint
from rules.text import tokenize

#: of the three words of a shingle
FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 1)
SEEDS = st.integers(min_value=0, max_value=10**9)


def hashes(text: str) -> set[int]:
    return set(take_fingerprint(text).hashes)


@given(seed=SEEDS, paragraphs=st.integers(min_value=0, max_value=40))
def test_hashes_are_distinct_ascending_and_fit_a_signed_column(write_prose, seed, paragraphs):
    text = "\n".join(write_prose(seed, paragraphs))
    fingerprint = take_fingerprint(text)
    assert fingerprint.alg == FINGERPRINT_ALG
    assert list(fingerprint.hashes) == sorted(set(fingerprint.hashes))
    assert all(-(2**31) <= number < 2**31 for number in fingerprint.hashes)


@given(st.lists(st.sampled_from(["the", "Bürgermeister", "мост", "bridge", "2.3", "été"]), min_size=15, max_size=60))
def test_hashes_are_those_of_the_single_shingles(words):
    """Whatever is done to take them faster; stored ones must stay comparable."""
    folded = tokenize(" ".join(words)).folded
    numbers = {
        sum(xxh3_64_intdigest(word.encode()) * factor for word, factor in zip(shingle, FACTORS, strict=True)) % 2**32
        for shingle in zip(folded, folded[1:], folded[2:], strict=False)
    }
    expected = {number - 2**32 if number >= 2**31 else number for number in numbers}
    assert set(take_fingerprint(" ".join(words)).hashes) == expected


def test_the_title_is_hashed():
    assert take_fingerprint("", "A bridge").title == take_fingerprint("", "a BRIDGE").title != 0
    assert take_fingerprint("", "").title == 0


@given(seed=SEEDS)
def test_an_excerpt_keeps_what_the_long_text_samples_of_it(write_prose, seed):
    """Samples are nested: a short text has every hash of its words that a longer text has."""
    paragraphs = write_prose(seed, 60)
    whole = hashes("\n".join(paragraphs))
    part = hashes("\n".join(paragraphs[10:25]))
    without = hashes("\n".join(paragraphs[:10])) | hashes("\n".join(paragraphs[25:]))
    assert len(part & whole) >= 8
    # Windows across the two cuts keep a hash each that no part has, and may keep another in place of one.
    assert len(whole - part - without) <= 8


@pytest.mark.parametrize(("paragraphs", "least", "most"), [(1, 15, 64), (5, 40, 120), (20, 60, 130), (220, 250, 512)])
def test_the_number_of_hashes_grows_slowly(write_prose, paragraphs, least, most):
    assert least <= len(hashes("\n".join(write_prose(3, paragraphs)))) <= most <= MAX_HASHES


def test_an_endless_text_has_bounded_hashes(write_prose):
    assert len(hashes("\n".join(write_prose(3, 2000)))) <= MAX_HASHES


@pytest.mark.parametrize("text", ["", "Too short to be told from others.", "東京で会議。", "NATO " * 14])
def test_short_texts_have_none(text):
    assert take_fingerprint(text).hashes == ()


def test_a_repeated_word_is_one_shingle():
    text = "spam " * 100_000
    assert len(take_fingerprint(text).hashes) == 1


@given(seed=SEEDS)
def test_furniture_has_no_hashes(write_prose, seed):
    story = "\n".join(write_prose(seed, 4))
    page = f"The Daily Post\nNews Sport Weather\n{story}\nRelated\nSign up for our free newsletter today\nTerms of Use"
    assert hashes(page) == hashes(story)


@pytest.mark.parametrize(
    "text",
    [
        "気象庁によりますと、岩手県沖を震源とする地震があり、盛岡市で揺れを観測しました。津波の心配はありません。",
        "据当地媒体报道，杭州市一家化工厂周三上午发生爆炸，消防部门出动了多辆消防车，大火在数小时后被扑灭，事故原因正在调查之中。",
        "เจ้าหน้าที่ดับเพลิงใช้เวลากว่าสามชั่วโมงจึงควบคุมเพลิงไว้ได้ ส่วนสาเหตุของเพลิงไหม้อยู่ระหว่างการตรวจสอบของเจ้าหน้าที่ตำรวจ",
    ],
)
def test_scripts_without_spaces_have_hashes(text):
    assert len(hashes(text)) >= 15
