"""Lines of an archive: what is written is read back, and what is wrong is told with its line and field."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.archive.rows import KINDS, ArchivedEntry, ArchivedTopic, ArchiveEnd, Header
from wirewatch.archive import header_line, lines_of, read_archive, read_record, record_line
from wirewatch.errors import WirewatchError

T0 = datetime(2026, 1, 5, 12, tzinfo=UTC)
HEADER = header_line(Header(wirewatch="archive", version=1, schema="0006", exported_at=T0))
NOTHING = record_line(ArchiveEnd(records={}))
END_OF_TWO = record_line(ArchiveEnd(records={"entry": 2}))
#: What a database can hold: no NUL, and no half of a pair.
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))
MOMENT = st.datetimes(datetime(1970, 1, 1), datetime(8999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  # its bounds

VERSION = {
    "text_hash": "3f62d83a13c0bb4cbf1c6d9c7a0fb6e8bd9aa2b4a5f3e2b0b6a5f6cbb5b0a0c1",
    "title": "T",
    "text": "text",
    "text_from": "page",
    "words": 1,
    "extractor_version": 1,
    "first_seen": "2026-01-05T12:00:00Z",
}
PRUNED = {**VERSION, "text": "", "pruned_at": "2026-01-05T12:00:00Z"}
GOOD = {**VERSION, "text_hash": hashlib.sha256(b"T\0text").hexdigest()}
ARTICLE = {
    "record": "article",
    "url": "https://a.example/1",
    "source": "a.example",
    "entry": {"feed": "f", "identity": "i"},
    "first_seen": "2026-01-05T12:00:00Z",
    "dated_at": "2026-01-05T12:00:00Z",
    "version": VERSION["text_hash"],
    "versions": [VERSION],
}

#: One without a fault.
SHOWN = {**ARTICLE, "version": GOOD["text_hash"], "versions": [GOOD]}


def entry(**given: object) -> ArchivedEntry:
    values = {"feed": "f", "identity": "i", "title": "", "text": "", "content_hash": "h", "state": "new"}
    return ArchivedEntry(**{**values, "first_seen": T0, "last_seen": T0, **given})


def read(*lines: object, end: dict[str, int] | None = None) -> list[object]:
    text = HEADER + "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
    if end is not None:
        text += record_line(ArchiveEnd(records=end))
    _, records = read_archive(io.BytesIO(text.encode("utf-8", "surrogatepass")), "x.jsonl")
    return [line.record for line in records]


@given(title=TEXT, text=TEXT, sections=st.lists(TEXT).map(tuple), at=MOMENT, published=st.none() | MOMENT)
def test_what_is_written_is_read_back(title, text, sections, at, published):
    record = entry(title=title, text=text, sections=sections, first_seen=at, published=published)
    line = record_line(record)
    assert line.count("\n") == 1
    assert read_record(line.encode()) == record


def test_a_text_may_speak_of_a_nul():
    record = entry(text="in C, '\\u0000' ends a text")
    assert read_record(record_line(record).encode()) == record


def test_fields_that_are_not_known_are_passed_over():
    line = json.loads(record_line(entry())) | {"mood": "good"}
    assert read(line, end={"entry": 1}) == [entry()]


def test_a_mark_of_the_byte_order_may_stand_first():
    _, records = read_archive(io.BytesIO(b"\xef\xbb\xbf" + (HEADER + NOTHING).encode()), "x.jsonl")
    assert list(records) == []


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((), "x.jsonl:1: the archive is cut off behind this line"),
        ((record_line(entry()),), "x.jsonl:2: the archive is cut off behind this line"),
        (
            (record_line(entry()), NOTHING),
            "x.jsonl:3: the archive is not whole: 1 records 'entry' stand before its end, which counts 0",
        ),
        ((END_OF_TWO,), "x.jsonl:2: the archive is not whole: 0 records 'entry' stand before its end, which counts 2"),
        (
            (record_line(entry()), END_OF_TWO),
            "x.jsonl:3: the archive is not whole: 1 records 'entry' stand before its end, which counts 2",
        ),
        ((NOTHING, NOTHING), "x.jsonl:3: the archive has ended with the line before this one"),
        ((NOTHING, record_line(entry())), "x.jsonl:3: the archive has ended with the line before this one"),
        ((NOTHING.rstrip("\n"),), "x.jsonl:2: the file ends within this line"),
        (('{"record": "end", "records": {"entry": -1}}\n',), "x.jsonl:2: Expected `int` >= 0"),
    ],
)
def test_what_is_cut_off_at_the_end_of_a_line_is_no_whole_archive(lines, told):
    with pytest.raises(WirewatchError) as raised:
        read(*lines)
    assert told in str(raised.value)


@given(st.lists(st.integers(0, 3), max_size=6), st.data())
def test_no_part_of_an_archive_is_a_whole_one(numbers, data):
    """Whatever its last lines, and its last bytes, that are missing."""
    header = Header(wirewatch="archive", version=1, schema="0006", exported_at=T0)
    whole = "".join(lines_of(header, [entry(identity=str(number)) for number in numbers])).encode()
    _, records = read_archive(io.BytesIO(whole), "x.jsonl")
    assert [line.record.identity for line in records] == list(map(str, numbers))
    ends = [number for number, character in enumerate(whole, 1) if character == ord("\n")]
    left = data.draw(st.integers(1, len(whole) - 1) | st.sampled_from(ends[:-1]))
    with pytest.raises(WirewatchError):
        list(read_archive(io.BytesIO(whole[:left]), "x.jsonl")[1])


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ("", "the file is empty"),
        ("[]\n", "no archive of wirewatch"),
        ('{"url": "x"}\n', "no archive of wirewatch"),
        ("<opml>\n", "no archive of wirewatch"),
        (HEADER.replace('"version":1', '"version":2'), "version 2 and was made by a later wirewatch"),
        (HEADER.replace('"version":1', '"version":"1"'), "Expected `int`, got `str` - at `$.version`"),
        (HEADER.replace('"schema":"0006",', ""), "missing required field `schema`"),
    ],
)
def test_what_is_no_archive_is_refused(first, told):
    with pytest.raises(WirewatchError, match=r"^x\.jsonl:1: ") as raised:
        read_archive(io.BytesIO(first.encode()), "x.jsonl")
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("\n", "not JSON"),
        ("{}\n", "missing required field `record`"),
        ("[" * 100_000 + "\n", "x.jsonl:3: "),
        ('{"record": "poem"}\n', "unknown record 'poem'; known are: forgotten, feed,"),
        ({**ARTICLE, "versions": []}, "length >= 1 - at `$.versions`"),
        ({**ARTICLE, "source": None}, "Expected `str`, got `null` - at `$.source`"),
        ({**ARTICLE, "version": "another", "versions": [PRUNED]}, "none of its versions - at `$.version`"),
        (ARTICLE, "title and text are not those of the hash - at `$.versions[0].text_hash`"),
        ({**ARTICLE, "versions": [{**VERSION, "text": " "}]}, "without text - at `$.versions[0].text`"),
        ({**SHOWN, "versions": [GOOD] * 2}, "the same version twice"),
        ({**ARTICLE, "versions": [{**VERSION, "words": 2**31}]}, "<= 2147483647 - at `$.versions[0].words`"),
        (record_line(entry()).replace("2026-01-05T12:00:00.000000Z", "2026-01-05T12:00:00"), "timezone"),
        (record_line(entry()).replace("2026-01-05T12:00:00.000000Z", "0001-01-01T00:00:00+14:00"), "before 1970"),
        (record_line(entry()).replace("2026-01-05T12:00:00.000000Z", "0001-01-01 00:00:00+14:00"), "before 1970"),
        (record_line(entry()).replace("2026-01-05T12:00:00.000000Z", "0001-01-01t00:00:00+14:00"), "before 1970"),
        (record_line(entry()).replace("2026-01-05T12:00:00.000000Z", "\\u0030001-01-01T00:00:00+14:00"), "before 1970"),
        (record_line(entry()).replace("2026-01-05T12:00:00.000000Z", "9999-12-31T23:59:59-14:00"), "after year 8999"),
        (record_line(entry()).replace("2026-01-05T12:00:00.000000Z", "1969-12-31T23:59:59Z"), "at `$.first_seen`"),
        (record_line(entry()).replace("2026-01-05T12:00:00.000000Z", "1970-01-01T00:00:00+01:00"), "before 1970"),
        (record_line(entry()).replace("2026-01-05T12:00:00.000000Z", "8999-12-31T23:59:59-01:00"), "after year 8999"),
        (record_line(entry()).replace("2026-01-05T12:00:00.000000Z", "9999-12-31T00:00:00Z"), "at `$.first_seen`"),
        ({**SHOWN, "versions": [{**GOOD, "published": "0001-01-01T00:00:00Z"}]}, "at `$.versions[0].published`"),
        (record_line(entry(text_from="page")), "an entry that is new has no text - at `$.text_from`"),
        (record_line(entry(text_from="feed", state="failed")), "is failed has no text - at `$.text_from`"),
        (record_line(entry(next_try_at=T0)), "at `$.next_try_at`"),
        (record_line(entry(state="done")), "is done has a text - at `$.text_from`"),
        (record_line(entry(state="done", reason="forgotten", text_from="page")), "forgotten has no text"),
        (record_line(entry(state="retrying", reason="forgotten")), "at `$.state`"),
        ({**SHOWN, "versions": [{**GOOD, "pruned_at": T0.isoformat(), "text": ""}]}, "at `$.versions[0].pruned_at`"),
        ({**SHOWN, "versions": [GOOD, {**PRUNED, "text": "t"}]}, "is empty - at `$.versions[1].text`"),
        ({**SHOWN, "url": "urn:wirewatch:entry:0123"}, "has that of its entry - at `$.entry`"),
        (record_line(entry(title="a")).replace('"a"', '"\\u0000"'), "NUL, which databases cannot store - at `$.title`"),
        (record_line(entry()).rstrip("\n"), "cut off"),
        (record_line(entry())[:40], "the file ends within this line"),
        (record_line(entry(title="a")).replace('"a"', '"\udcff"'), "x.jsonl:3: "),
    ],
)
def test_a_fault_is_told_with_its_line_and_field(line, told):
    with pytest.raises(WirewatchError, match=r"^x\.jsonl:3: ") as raised:
        read(record_line(entry()), line)
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_how_an_entry_may_stand_and_what_an_article_may_hold():
    retried = entry(state="retrying", reason="page_refused", text_from="feed", next_try_at=T0)
    done = [entry(state="done", text_from="page", next_try_at=T0), entry(state="done", reason="forgotten")]
    lines = [record_line(each) for each in (retried, *done, entry(state="failed", reason="gone"))]
    assert len(read(*lines, {**SHOWN, "versions": [PRUNED, GOOD]}, end={"entry": 4, "article": 1})) == 5


def test_a_line_that_is_too_long_is_refused():
    _, records = read_archive(io.BytesIO((HEADER + record_line(entry())).encode()), "x", max_line_bytes=120)
    with pytest.raises(WirewatchError, match=r"^x:2: the line is longer than 120 bytes"):
        list(records)


def test_a_topic_names_only_its_own_versions():
    version = {"version": "v1", "source": "s", "file": "f", "created_at": "2026-01-05T12:00:00Z"}
    topic = {"record": "topic", "name": "t", "version": "v1", "versions": [version]}
    assert isinstance(read(topic, end={"topic": 1})[0], ArchivedTopic)
    with pytest.raises(WirewatchError, match=r"at `\$\.version`"):
        read({**topic, "version": "v2"})
    with pytest.raises(WirewatchError, match=r"at `\$\.changes\[0\]\.version`"):
        read({**topic, "changes": [{"version": "v2", "at": "2026-01-05T12:00:00Z"}]})


def test_every_record_has_a_name_of_its_own():
    assert len({kind.kind for kind in KINDS}) == len(KINDS)
