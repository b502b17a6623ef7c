"""`wirewatch export` and `wirewatch import`, as people call them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC
from typing import TYPE_CHECKING

import lxml.etree
import pytest
import zstandard

from ingest.opml import read_opml
from storage.migrate import upgrade
from wirewatch.exporting import COLUMNS, Wanted, rows_of

if TYPE_CHECKING:
    from datetime import datetime

#: What a page is made of.
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "section", "article"),
    *("ul", "li", "a", "span", "time", "mark", "blockquote"),
}
LISTINGS = {"matches": ["matches"], "stories": ["stories"], "entries": ["entries"], "feeds": ["feeds", "list"]}


@pytest.fixture
def target(tmp_path):
    """An empty database."""
    path = tmp_path / "target.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def archive(wirewatch, filled, tmp_path):
    path = tmp_path / "archive.jsonl"
    assert wirewatch("--config", filled, "export", "archive", "-o", path).code == 0
    return path


# --- rows -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", LISTINGS)
def test_rows_are_those_of_the_listing(wirewatch, filled, tmp_path, what):
    path = tmp_path / "rows.jsonl"
    ended = wirewatch("--config", filled, "export", what, "-o", path)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert rows
    assert ended.out == ""
    assert re.search(rf"rows\.jsonl: {len(rows)} ", ended.err)
    listed = wirewatch("--config", filled, *LISTINGS[what], "--jsonl").jsonl
    same = {name for name in rows[0] if name in listed[0]}
    # A listing of feeds also tells how they are configured.
    same -= {"state"} if what == "feeds" else set()
    assert [{name: row[name] for name in same} for row in rows] == [
        {name: row[name] for name in same} for row in listed
    ]


@pytest.mark.parametrize("what", COLUMNS)
def test_pages_of_any_size_give_the_same_rows(filled, what):
    from storage.listings import Listings

    with Listings(f"sqlite:///{filled / 'wirewatch.db'}") as listings:
        for by in ("first_seen", "published"):
            whole = list(rows_of(listings, Wanted(what=what, by=by)))
            for page in (1, 2, 7):
                assert list(rows_of(listings, Wanted(what=what, by=by), page=page)) == whole
            assert list(rows_of(listings, Wanted(what=what, by=by, limit=3), page=2)) == whole[:3]


def test_articles_have_their_texts(wirewatch, filled):
    rows = wirewatch("--config", filled, "export", "articles", "--format", "json")
    articles = json.loads(rows.out)
    shown = wirewatch("--config", filled, "show", articles[0]["id"], "--json").json
    assert articles[0]["text"] == shown["text"]


@pytest.mark.parametrize("ending", ["jsonl.gz", "csv.zst", "tsv"])
def test_the_name_of_the_file_says_format_and_compression(wirewatch, filled, tmp_path, ending):
    path = tmp_path / f"matches.{ending}"
    wirewatch("--config", filled, "export", "-o", path)
    data = path.read_bytes()
    if ending.endswith(".gz"):
        data = gzip.decompress(data)
    elif ending.endswith(".zst"):
        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    how = ending.partition(".")[0]
    assert data.decode() == wirewatch("--config", filled, "export", "--format", how).out


#: Ours, beside what is where the sample configuration is.
OWN = ["wirewatch.db", "wirewatch.db-wal", "wirewatch.db-shm", "wirewatch.db.lock", "wirewatch.db.rebuild.lock"]
OWN += ["wirewatch.db.part", "wirewatch.toml", "feeds.toml", "sites.toml", "rules/own.rules", "secrets/news"]


@pytest.mark.parametrize("how", ["plain", "spelt", "symlink", "hard link"])
@pytest.mark.parametrize("command", ["export --format csv -o", "export archive --format jsonl -o", "feeds export"])
def test_an_export_takes_the_place_of_nothing_of_ours(wirewatch, copied, tmp_path, how, command):
    (copied / "secrets").mkdir()
    for number, name in enumerate(OWN):
        path = copied / name
        path.touch()
        held = path.read_bytes()
        target = tmp_path / f"rows{number}"
        if how == "symlink":
            target.symlink_to(path)
        elif how == "hard link":
            target.hardlink_to(path)
        else:
            target = path if how == "plain" else copied / "rules" / ".." / name
        ended = wirewatch("--config", copied, *command.split(), target, "--force")
        assert (ended.code, ended.out) == (1, ""), name
        assert ended.err.startswith(f"{target}: it ")
        assert ended.err.endswith("stays as it is; name another file\n")
        assert ended.err.count("\n") == 1
        assert path.read_bytes() == held


def test_a_file_of_ours_is_not_begun_by_an_export_either(wirewatch, copied):
    (copied / "sites.toml").unlink(missing_ok=True)
    for name in ("sites.toml", "rules/new.rules", "wirewatch.db-journal"):
        assert wirewatch("--config", copied, "export", "--format", "csv", "-o", copied / name).code == 1
        assert not (copied / name).exists()
    assert wirewatch("--config", copied, "export", "--format", "csv", "-o", copied / "rules" / "x.csv").code == 0


@pytest.mark.parametrize("name", ["m.xlsx", "m", "m.xlsx.gz", "m.gz"])
def test_a_name_that_says_no_format_is_refused(wirewatch, filled, tmp_path, name):
    ended = wirewatch("--config", filled, "export", "-o", tmp_path / name)
    assert (ended.code, "the name says no format" in ended.err, "--format" in ended.err) == (2, True, True)
    assert not (tmp_path / name).exists()
    assert wirewatch("--config", filled, "export", "--format", "csv", "-o", tmp_path / name).code == 0
    assert wirewatch("--config", filled, "export", "archive", "-o", tmp_path / f"a{name}").code == 0


def test_a_name_from_outside_is_said_in_one_harmless_line(wirewatch, filled, tmp_path):
    path = tmp_path / "a\x1b[2J\nb.csv"
    for _ in range(2):
        ended = wirewatch("--config", filled, "export", "-o", path)
        assert (ended.err.count("\n"), "\x1b" in ended.err, "a[2J b.csv: " in ended.err) == (1, False, True)


def test_a_file_is_not_overwritten_unasked_and_never_half_written(wirewatch, filled, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("mine")
    ended = wirewatch("--config", filled, "export", "-o", path)
    assert (ended.code, path.read_text()) == (1, "mine")
    assert "--force" in ended.err
    assert wirewatch("--config", filled, "export", "-o", path, "--force").code == 0
    before = path.read_bytes()
    assert wirewatch("--config", filled, "export", "--topic", "none", "-o", path, "--force").code == 1
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["x.csv"]
    ended = wirewatch("--config", filled, "export", "-o", tmp_path / "no" / "x.csv")
    assert ended.code == 1
    assert "No such file" in ended.err


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_pipe_or_a_device_is_not_replaced(wirewatch, filled, tmp_path, force):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        ended = wirewatch("--config", filled, "export", "-o", tmp_path / name, *force)
        assert (ended.code, "no ordinary file" in ended.err) == (1, True)
        assert (tmp_path / name).is_fifo()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["archive", "--format", "csv"], "jsonl alone"),
        (["archive", "--since", "1d"], "holds everything"),
        (["entries", "--format", "html"], "goes with: matches, stories"),
        (["stories", "--format", "opml"], "goes with: feeds"),
        (["entries", "--topic", "x"], "--topic goes with"),
        (["feeds", "--since", "1d"], "feeds have no time"),
        (["--excel"], "--excel goes with --format csv"),
        (["--raw-pages"], "--raw-pages goes with: archive"),
        (["poems"], "poems"),
    ],
)
def test_what_makes_no_sense_is_refused(wirewatch, filled, arguments, told):
    ended = wirewatch("--config", filled, "export", *arguments)
    assert ended.code == 2
    assert told in ended.err


def test_an_unknown_topic_is_named(wirewatch, filled):
    ended = wirewatch("--config", filled, "export", "--topic", "none")
    assert (ended.code, ended.out) == (1, "")
    assert "no topic none" in ended.err


def test_a_reader_that_goes_away_is_no_error(filled):
    command = [sys.executable, "-m", "wirewatch", "--config", str(filled), "export", "articles"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


# --- spreadsheets -----------------------------------------------------------------------------------


def test_no_cell_is_a_formula_for_a_spreadsheet(wirewatch, copied):
    with closing(sqlite3.connect(copied / "wirewatch.db")) as connection, connection:
        connection.execute("UPDATE article_version SET title = '=cmd|'' /C calc''!A1;@x' || char(10) || '+1'")
    ended = wirewatch("--config", copied, "export", "articles", "--format", "csv", "--excel")
    assert ended.out.startswith("\ufeffid,")
    (row, *_) = csv.DictReader(io.StringIO(ended.out.removeprefix("\ufeff"), newline=""))
    assert row["title"] == "'=cmd|' /C calc'!A1;'@x\n'+1"
    plain = wirewatch("--config", copied, "export", "articles", "--format", "csv").out
    assert plain.startswith("id,")
    assert next(csv.DictReader(io.StringIO(plain, newline="")))["title"].startswith("=cmd")


# --- Parquet ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", COLUMNS)
def test_parquet_has_the_columns_of_json_with_their_types(wirewatch, filled, tmp_path, what):
    pq = pytest.importorskip("pyarrow.parquet", reason="NOT TESTED: the extra parquet is not installed")
    path = tmp_path / "rows.parquet"
    assert wirewatch("--config", filled, "export", what, "-o", path).code == 0
    table = pq.read_table(path)
    assert table.column_names == [column.name for column in COLUMNS[what]]
    for column in COLUMNS[what]:
        kind = str(table.schema.field(column.name).type)
        expected = {"time": "timestamp[us, tz=UTC]", "integer": "int64", "text": "string"}.get(column.kind)
        assert expected in {None, kind}
    rows = [json.loads(line) for line in wirewatch("--config", filled, "export", what).out.splitlines()]
    assert json.loads(json.dumps(table.to_pylist(), default=spelled)) == rows


def spelled(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_rows_are_written_in_groups(filled):
    pq = pytest.importorskip("pyarrow.parquet", reason="NOT TESTED: the extra parquet is not installed")
    from storage.listings import Listings
    from wirewatch.export_tables import write_parquet

    out = io.BytesIO()
    with Listings(f"sqlite:///{filled / 'wirewatch.db'}") as listings:
        count = write_parquet(rows_of(listings, Wanted(what="entries")), COLUMNS["entries"], out, row_group=4)
    assert pq.ParquetFile(io.BytesIO(out.getvalue())).num_row_groups == -(-count // 4)


# --- pages for people -------------------------------------------------------------------------------


def test_a_page_stands_alone(wirewatch, filled, tmp_path):
    path = tmp_path / "matches.html"
    assert wirewatch("--config", filled, "export", "-o", path).code == 0
    page = path.read_text()
    # Well-formed also as XML but for the two forms that HTML has for itself.
    as_xml = re.sub("<meta ([^>]*)>", r"<meta \1/>", page.removeprefix("<!DOCTYPE html>"))
    root = lxml.etree.fromstring(as_xml.encode())
    names = {element.tag for element in root.iter()}
    assert names <= ELEMENTS
    assert root.get("lang") == "en"
    policy = root.find(".//meta[@http-equiv='Content-Security-Policy']").get("content")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert {link.get("rel") for link in root.iter("a")} == {"noopener noreferrer nofollow"}
    assert all(link.get("href").startswith(("http://", "https://")) for link in root.iter("a"))
    assert list(root.iter("mark"))
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]
    assert "src=" not in page.replace("default-src", "")
    matches = wirewatch("--config", filled, "matches", "--jsonl").jsonl
    assert len(list(root.iter("li"))) == len(matches)


def test_the_style_is_the_one_that_the_policy_allows(wirewatch, filled):
    import base64
    import hashlib

    page = wirewatch("--config", filled, "export", "--format", "html").out
    style = re.search("<style>(.*)</style>", page, re.DOTALL)[1]
    assert f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}" in page
    assert "prefers-color-scheme" in style
    assert "url(" not in style


def test_text_of_strangers_is_harmless_on_a_page(wirewatch, copied):
    hostile = "<script>alert(1)</script>\u202egnp.\u0007\"'"
    with closing(sqlite3.connect(copied / "wirewatch.db")) as connection, connection:
        connection.execute("UPDATE article_version SET title = ?, lang = ?", (hostile, '"><b>'))
        connection.execute("UPDATE article SET source = ?, url = 'javascript:alert(' || id || ')'", (hostile,))
    page = wirewatch("--config", copied, "export", "--format", "html").out
    assert "<script" not in page
    assert "\u202e" not in page
    assert "\u0007" not in page
    assert "[U+202E]gnp." in page
    assert "javascript:" not in page
    assert "<b>" not in page


def test_a_page_says_that_there_is_more(wirewatch, filled):
    page = wirewatch("--config", filled, "export", "--format", "html", "--limit", "1").out
    assert "Only the newest 1 matches are shown; there are more." in page


def test_feeds_as_opml(wirewatch, filled, tmp_path):
    path = tmp_path / "feeds.opml"
    assert wirewatch("--config", filled, "export", "feeds", "-o", path).code == 0
    listed = wirewatch("--config", filled, "feeds", "list", "--jsonl").jsonl
    assert [feed.url for feed in read_opml(path.read_bytes())] == [row["url"] for row in listed]


# --- archives ---------------------------------------------------------------------------------------


def test_an_archive_makes_the_same_database(wirewatch, filled, archive, target, tmp_path):
    ended = wirewatch("--config", filled, "--db", target, "import", archive)
    assert ended.code == 0
    assert re.match(r"imported: \d+ feeds, \d+ topics, \d+ entries, \d+ articles, ", ended.out)
    assert "feeds import" in ended.err
    assert "rules apply" in ended.err
    again = tmp_path / "again.jsonl"
    wirewatch("--config", filled, "--db", target, "export", "archive", "-o", again)
    assert again.read_text().splitlines()[1:] == archive.read_text().splitlines()[1:]
    for command in (["matches"], ["stories"]):
        titles = [
            wirewatch("--config", filled, "--db", db, *command, "--csv").out for db in (target, filled / "wirewatch.db")
        ]
        columns = [[(row["title"], row["source"]) for row in csv.DictReader(io.StringIO(text))] for text in titles]
        assert sorted(columns[0]) == sorted(columns[1])
    found = wirewatch("--config", filled, "--db", target, "search", "Ukraine", "--jsonl").jsonl
    assert len(found) == len(wirewatch("--config", filled, "search", "Ukraine", "--jsonl").jsonl)


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_an_archive_may_be_compressed_and_come_from_standard_input(wirewatch, filled, tmp_path, target, ending):
    path = tmp_path / f"archive.jsonl.{ending}"
    wirewatch("--config", filled, "export", "archive", "-o", path)
    assert wirewatch("--config", filled, "--db", target, "import", path).code == 0
    ended = wirewatch("--config", filled, "--db", target, "import", "-", stdin=path.read_bytes())
    assert ended.code == 0
    assert "imported: 0 feeds (" in ended.out


@pytest.mark.parametrize(("ending", "words"), [("gz", "ended before"), ("zst", "ends too early")])
def test_a_compressed_archive_that_is_cut_off_is_told(wirewatch, filled, tmp_path, target, ending, words):
    path = tmp_path / f"archive.jsonl.{ending}"
    wirewatch("--config", filled, "export", "archive", "-o", path)
    data = path.read_bytes()
    for left in (len(data) // 2, len(data) - 1):
        path.write_bytes(data[:left])
        ended = wirewatch("--config", filled, "--db", target, "import", path)
        assert ended.code == 1
        assert path.name in ended.err
        assert words in ended.err
        assert "Traceback" not in ended.err


def test_a_compressed_archive_in_several_pieces_is_read_to_its_end(wirewatch, filled, archive, tmp_path, target):
    lines = archive.read_bytes().splitlines(keepends=True)
    path = tmp_path / "archive.jsonl.zst"
    path.write_bytes(b"".join(map(zstandard.compress, lines)))
    assert wirewatch("--config", filled, "--db", target, "import", path).code == 0
    assert wirewatch("--config", filled, "--db", target, "export", "archive").out.count("\n") == len(lines)


def test_a_compressed_archive_that_is_damaged_is_told(wirewatch, filled, tmp_path, target):
    """Whatever the decompressor calls it: bytes that are no deflate stream are not its fault alone."""
    path = tmp_path / "archive.jsonl.gz"
    # the header of a gzip file, and a block of a kind that there is not
    path.write_bytes(gzip.compress(b"")[:10] + b"\xff" * 40)
    ended = wirewatch("--config", filled, "--db", target, "import", path)
    assert ended.code == 1
    assert path.name in ended.err
    assert "Traceback" not in ended.err


def test_a_dry_run_stores_nothing_and_needs_no_database(wirewatch, filled, archive, tmp_path):
    ended = wirewatch("--config", filled, "--db", tmp_path / "none.db", "import", "--dry-run", archive)
    assert ended.code == 0
    assert "without a fault; nothing was stored; there is no database here yet" in ended.err
    assert re.match(r"new here: \d+ feeds, .* articles, ", ended.out)
    assert not (tmp_path / "none.db").exists()


def test_a_dry_run_tells_what_is_stored_already(wirewatch, filled, archive, target):
    ended = wirewatch("--config", filled, "--db", target, "import", "--dry-run", archive)
    foretold = ended.out.removeprefix("new here: ")
    assert ended.code == 0
    assert "known" not in foretold
    ended = wirewatch("--config", filled, "--db", target, "import", archive)
    assert ended.out.removeprefix("imported: ") == foretold
    ended = wirewatch("--config", filled, "--db", target, "import", "--dry-run", archive)
    numbers = re.findall(r"(\d+) [a-z ]+ \((\d+) known\)", ended.out)
    assert {new for new, _ in numbers} == {"0"}
    assert [known for _, known in numbers] == re.findall(r"\d+", foretold)


def test_records_that_name_what_is_not_there_are_a_fault_of_the_archive(wirewatch, filled, archive, target):
    lines = archive.read_text().splitlines(keepends=True)
    feeds = [line for line in lines if '"record":"feed"' in line]
    others = [line for line in lines[:-1] if line not in feeds]
    archive.write_text("".join([*others, *feeds, lines[-1]]))
    told = set()
    for command in (["--db", target, "import", "--dry-run"], ["--db", target, "import"]):
        ended = wirewatch("--config", filled, *command, archive)
        assert ended.code == 1
        assert "without a fault" not in ended.err
        (line,) = [line for line in ended.err.splitlines() if "left out" in line and "exit" not in line][-1:]
        told.add(line)
    assert len(told) == 1
    assert "records left out: what they are about is not there, nor in the archive before them" in told.pop()


def test_a_damaged_line_is_named_and_what_came_before_stays(wirewatch, filled, archive, target):
    lines = archive.read_text().splitlines(keepends=True)
    lines[20] = lines[20].replace('"title":', '"titel":', 1)
    archive.write_text("".join(lines))
    ended = wirewatch("--config", filled, "--db", target, "import", archive)
    assert ended.code == 1
    assert f"{archive}:21: " in ended.err
    assert "title" in ended.err
    assert "what stands before was stored" in ended.err
    assert f"what is missing until then is told by: wirewatch --config {filled} --db {target} db check" in ended.err
    assert re.match(r"imported: \d+ feeds, ", ended.out)
    # also the last ones before the fault
    with closing(sqlite3.connect(target)) as database:
        counts = "SELECT (SELECT count(*) FROM feed) + (SELECT count(*) FROM topic) + (SELECT count(*) FROM entry)"
        assert database.execute(counts).fetchone()[0] == 19


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_an_archive_that_is_cut_off_at_the_end_of_a_line_is_told(wirewatch, filled, archive, tmp_path, target, ending):
    lines = archive.read_bytes().splitlines(keepends=True)
    path = tmp_path / f"cut.jsonl{ending}"
    cut = b"".join(lines[:-1])
    path.write_bytes(gzip.compress(cut) if ending else cut)
    for command in (["import"], ["import", "--dry-run"]):
        ended = wirewatch("--config", filled, "--db", target, *command, path)
        assert ended.code == 1
        assert f"{path}:{len(lines) - 1}: the archive is cut off" in ended.err
        assert "without a fault" not in ended.err
    # what came is there all the same
    again = wirewatch("--config", filled, "--db", target, "export", "archive").out
    assert again.splitlines()[1:] == archive.read_text().splitlines()[1:]


def test_an_import_stops_at_the_floor_of_free_space_and_goes_on(wirewatch, copied, archive, target):
    settings = copied / "wirewatch.toml"
    before = settings.read_text()
    settings.write_text(f"{before}\n[store]\nmin_free_mb = 900000000\n")
    ended = wirewatch("--config", copied, "--db", target, "import", archive)
    assert (ended.code, ended.err.count("\n")) == (5, 1)
    assert "nothing new is taken" in ended.err
    assert "started again it brings the rest" in ended.err
    settings.write_text(before)
    assert wirewatch("--config", copied, "--db", target, "import", archive).code == 0


def test_a_missing_database_is_told_before_anything_is_read(wirewatch, filled, archive, tmp_path):
    ended = wirewatch("--config", filled, "--db", tmp_path / "none.db", "import", archive)
    assert ended.code == 5
    assert "init" in ended.err
    assert not (tmp_path / "none.db").exists()


def test_it_waits_for_no_back_fill(wirewatch, filled, archive, target):
    from storage.address import read_address
    from storage.lock import BackfillLock

    with BackfillLock(read_address(f"sqlite:///{target}")):
        assert wirewatch("--config", filled, "--db", target, "import", archive).code == 5
