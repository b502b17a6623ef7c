"""Decoding within bounds."""

from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.content_coding import BodyReader
from ingest.errors import IngestError, Permanent, Reason, Transient

CODERS = {"gzip": gzip.compress, "br": brotli.compress, "deflate": zlib.compress, "": bytes}


def read(coding, data, *, size=7, max_bytes=10_000_000):
    reader = BodyReader(coding, max_bytes=max_bytes, subject="x")
    for at in range(0, len(data), size):
        reader.add(data[at : at + size])
    return reader.finish()


@given(
    coding=st.sampled_from(sorted(CODERS)),
    text=st.binary(max_size=2000),
    times=st.sampled_from([1, 1000]),
    size=st.integers(1, 5000),
)
def test_round_trip_in_any_chunks(coding, text, times, size):
    assert read(coding, CODERS[coding](text * times), size=size) == text * times


@given(coding=st.sampled_from(["gzip", "br", "deflate"]), text=st.binary(min_size=1, max_size=500), data=st.data())
def test_every_truncation_is_noticed(coding, text, data):
    whole = CODERS[coding](text)
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(Transient) as caught:
        read(coding, whole[:cut])
    assert caught.value.reason is Reason.CONNECTION


@given(coding=st.sampled_from(["gzip", "br", "deflate"]), noise=st.binary(max_size=300))
def test_noise_raises_nothing_else(coding, noise):
    reason = None
    try:
        read(coding, noise)
    except IngestError as error:
        reason = error.reason
    assert reason in {None, Reason.CONNECTION, Reason.DECODE}


@pytest.mark.parametrize("coding", sorted(CODERS))
@pytest.mark.parametrize("over", [0, 1, 300_000])
def test_the_limit_is_exact(coding, over):
    limit = 700_000
    data = CODERS[coding](bytes(limit + over))
    reader = BodyReader(coding, max_bytes=limit, subject="x")
    if not over:
        reader.add(data)
        assert reader.finish() == bytes(limit)
        return
    with pytest.raises(Permanent) as caught:
        reader.add(data)
    assert caught.value.reason is Reason.TOO_LARGE
    assert reader.so_far() == bytes(limit)


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate"])
def test_a_bomb_is_not_unfolded_beyond_the_limit(coding):
    reader = BodyReader(coding, max_bytes=1000, subject="x")
    with pytest.raises(Permanent):
        reader.add(CODERS[coding](bytes(30_000_000)))
    assert sum(map(len, reader._parts)) < 1_000_000


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_unfolds_to_nothing_comes_to_an_end(coding):
    """Compressed bytes count as well: nothing that is sent may keep us reading without ever reaching the limit."""
    empty = {
        "gzip": b"\x1f\x8b\x08\x08" + bytes(6) + b"a" * 200_000,  # a name without end
        "deflate": b"\x00\x00\x00\xff\xff" * 40_000,  # empty blocks
    }[coding]
    with pytest.raises(Permanent) as caught:
        read(coding, empty, size=1000, max_bytes=1000)
    assert caught.value.reason is Reason.TOO_LARGE


def test_gzip_members_follow_each_other_and_rubbish_is_ignored():
    data = b"".join(gzip.compress(part, mtime=0) for part in (b"one ", b"", b"two")) + b"\0\0rubbish\x1f\x1f\x1f"
    for size in (1, 5, 7, len(data)):
        assert read("gzip", data, size=size) == b"one two"


def test_empty_members_do_not_keep_us_busy():
    assert read("gzip", gzip.compress(b"", mtime=0) * 5000 + gzip.compress(b"late", mtime=0), size=64_000) == b""


@pytest.mark.parametrize("coding", ["", "identity", "None", "UTF-8", "identity, identity", ", "])
def test_what_is_no_coding_changes_nothing(coding):
    assert read(coding, b"\x1f\x8b as it is") == b"\x1f\x8b as it is"


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip,br", "zstd", "x"])
def test_other_codings_are_refused(coding):
    with pytest.raises(Permanent) as caught:
        BodyReader(coding, max_bytes=1, subject="x")
    assert caught.value.reason is Reason.DECODE
