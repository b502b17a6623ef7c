"""What may lie in a rules folder instead of a small text file: told with its place, without reading or waiting."""

from __future__ import annotations

import os
import threading

import pytest

from rules.contents import MAX_BYTES, MAX_LINES, read_contents
from rules.files import RuleReader, load_rules, read_digest

GOOD = "topic good\n match good\n"


@pytest.fixture
def folder(tmp_path):
    """A folder with one good rule file."""
    (tmp_path / "good.rules").write_text(GOOD)
    return tmp_path


def put_bytes(content):
    return lambda path: path.write_bytes(content)


def put_hole(path):
    """100 MB that take no space."""
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)


def put_link(path):
    path.symlink_to("nowhere.rules")


def put_circle(path):
    path.symlink_to(path)


BAD = {
    "not UTF-8": (put_bytes("# Zürich\n".encode() + b"topic a\n match Z\xfcrich\n"), (3, 9), "not UTF-8: byte 0xfc"),
    "UTF-16": (put_bytes("topic a\n match a\n".encode("utf-16")), (1, 1), "not UTF-8: byte 0xff"),
    "NUL": (put_bytes("# Zürich\r\ntopic ü\0\n match b\0".encode()), (2, 8), "NUL byte: not a text file"),
    "NUL before bad byte": (put_bytes(b"a\0b\xff"), (1, 2), "NUL byte: not a text file"),
    "bad byte before NUL": (put_bytes(b"a\xffb\0"), (1, 2), "not UTF-8: byte 0xff"),
    "cut off": (put_bytes("topic ü".encode()[:-1]), (1, 7), "not UTF-8: byte 0xc3"),
    "program": (put_bytes(b"\x7fELF\x02\x01\x01\0\0\0"), (1, 8), "NUL byte: not a text file"),
    "100 MB": (put_hole, (1, 1), "cannot be read: larger than 16 MB"),
    "lines": (put_bytes(b"\n" * (MAX_LINES + 1)), (1, 1), "more than 1,000,000 lines"),
    "old lines": (put_bytes(b"\r" * (MAX_LINES + 1)), (1, 1), "more than 1,000,000 lines"),
    "folder": (lambda path: path.mkdir(), (1, 1), "cannot be read: Is a directory"),
    "dangling link": (put_link, (1, 1), "a link that leads nowhere"),
    "link to itself": (put_circle, (1, 1), "cannot be read: Too many levels of symbolic links"),
    "pipe": (os.mkfifo, (1, 1), "cannot be read: not a regular file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), (1, 1), "cannot be read: not a regular file"),
}


@pytest.mark.parametrize(("put", "place", "message"), BAD.values(), ids=BAD)
def test_what_is_no_rule_file_is_told_and_the_others_go_ahead(folder, put, place, message):
    before = read_digest(folder)
    put(folder / "bad.rules")
    loaded = load_rules(folder)
    (error,) = loaded.errors
    assert (error.code, error.file, (error.line, error.column), error.message) == ("E300", "bad.rules", place, message)
    assert error.render()
    assert [topic.name for topic in loaded.topics] == ["good"]
    assert loaded.unread_files == ("bad.rules",)
    assert list(loaded.files) == ["good.rules"]
    assert before != read_digest(folder) == loaded.digest


@pytest.mark.parametrize(("put", "place", "message"), BAD.values(), ids=BAD)
def test_a_file_that_was_given_is_refused_in_the_same_way(tmp_path, put, place, message):
    path = tmp_path / "bad.txt"
    put(path)
    (error,) = load_rules([path]).errors
    assert (error.file, (error.line, error.column), error.message) == (str(path), place, message)


def test_a_file_may_be_as_large_as_the_limit(folder):
    (folder / "good.rules").write_bytes(GOOD.encode() + b" " * (MAX_BYTES - len(GOOD)))
    assert load_rules(folder).errors == ()
    (folder / "good.rules").write_bytes(GOOD.encode() + b" " * (MAX_BYTES + 1 - len(GOOD)))
    assert [e.message for e in load_rules(folder).errors] == ["cannot be read: larger than 16 MB"]


def test_a_link_to_a_rule_file_is_one(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.txt").write_text(GOOD)
    (tmp_path / "link.rules").symlink_to("elsewhere/x.txt")
    assert [topic.file for topic in load_rules(tmp_path).topics] == ["link.rules"]


def test_what_editors_leave_in_the_folder_is_not_looked_at(folder):
    (folder / ".#good.rules").symlink_to("someone@host.1234")
    (folder / "#good.rules#").write_text("topic other\n match b\n")
    (folder / "good.rules~").write_text("topic other\n match b\n")
    (folder / ".good.rules.swp").write_bytes(b"\0")
    (folder / "._good.rules").write_bytes(b"\0")
    (folder / "Good.RULES.bak").write_bytes(b"\0")
    loaded = load_rules(folder)
    assert (loaded.errors, list(loaded.files)) == ((), ["good.rules"])


def test_a_name_that_is_no_text_can_still_be_told(folder):
    os.close(os.open(os.fsencode(folder) + b"/b\xff.rules", os.O_CREAT | os.O_WRONLY))
    loaded = load_rules(folder)
    assert list(loaded.files) == ["b\\xff.rules", "good.rules"]
    assert loaded.digest == read_digest(folder)


def test_given_files_that_are_not_there_are_missed(tmp_path):
    loaded = load_rules([tmp_path / "none.rules", "no\0name.rules"])
    missing, unfit = sorted((e.message for e in loaded.errors), reverse=True)
    assert missing == "there is no such file"
    assert unfit.startswith("cannot be read: ")
    assert set(loaded.unread_files) == {str(tmp_path / "none.rules"), "no\0name.rules"}


def test_a_file_given_twice_is_read_once(folder):
    assert load_rules([folder / "good.rules", folder / "good.rules"]).errors == ()


def test_a_file_that_vanishes_while_the_folder_is_read_is_not_there(folder):
    (folder / "later.rules").write_text("topic later\n match b\n")
    contents = read_contents(folder)
    assert next(contents) == ("good.rules", GOOD.encode())
    (folder / "later.rules").unlink()
    assert list(contents) == [("later.rules", None)]
    assert load_rules(folder).unread_files == ()


def test_files_that_come_and_go_while_they_are_read_are_there_or_not(folder):
    path = folder / "flips.rules"
    stopped = threading.Event()

    def flip():
        while not stopped.is_set():
            path.write_text("topic flips\n match a\n")
            path.unlink()

    thread = threading.Thread(target=flip)
    thread.start()
    reader = RuleReader()
    try:
        for _ in range(200):
            loaded = reader.read(folder)
            assert read_digest(folder)
            # An empty file is a moment between its creation and its text.
            assert [topic.name for topic in loaded.topics] in (["good"], ["flips", "good"])
            assert (loaded.errors, loaded.unread_files) == ((), ())
    finally:
        stopped.set()
        thread.join()
