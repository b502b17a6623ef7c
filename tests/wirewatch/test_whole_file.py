"""A file is there only when it is whole, is never overwritten unasked, and what a kill leaves is cleared up."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from wirewatch.errors import WirewatchError
from wirewatch.whole_file import part_of, whole_file

#: A process that has begun to write a file, says so, and waits.
CHILD = """
import sys
from pathlib import Path
from wirewatch.whole_file import whole_file

with whole_file(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    print("begun", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.csv"


@pytest.fixture
def writer(path):
    """A process that is writing the file."""
    command = [sys.executable, "-c", CHILD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "begun\n"
        yield child
        child.kill()


def names(path):
    return sorted(each.name for each in path.parent.iterdir())


def write(path, data=b"whole", **given):
    with whole_file(path, **given) as file:
        file.write(data)


def test_what_a_killed_one_left_is_cleared_up_by_the_next(path, writer):
    writer.kill()
    writer.wait()
    assert names(path) == [".x.csv.part"]
    write(path)
    assert (names(path), path.read_bytes()) == (["x.csv"], b"whole")


def test_what_is_being_written_is_left_alone(path, writer):
    for is_forced in (False, True):
        with pytest.raises(WirewatchError, match="another process is writing it"):
            write(path, is_forced=is_forced)
    assert part_of(path).read_bytes() == b"half"
    writer.communicate("\n")
    assert (names(path), path.read_bytes()) == (["x.csv"], b"half")


def test_a_link_in_the_place_of_the_unfinished_file_is_not_followed(path, tmp_path):
    (tmp_path / "mine").write_text("mine")
    part_of(path).symlink_to("mine")
    with pytest.raises(WirewatchError, match="not written"):
        write(path)
    assert (tmp_path / "mine").read_text() == "mine"


def no_links(number):
    def link(source, target):
        raise OSError(number, os.strerror(number), str(source), None, str(target))

    return link


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_without_hard_links_it_is_whole_too(path, number):
    """As on FAT and on some network file systems."""
    write(path, link=no_links(number))
    assert (names(path), path.read_bytes()) == (["x.csv"], b"whole")


@pytest.mark.parametrize("link", [os.link, no_links(errno.EPERM)])
def test_a_file_that_came_up_meanwhile_stays(path, link):
    def write_beside_another():
        with whole_file(path, link=link) as file:
            file.write(b"whole")
            path.write_bytes(b"mine")

    with pytest.raises(WirewatchError, match="there is such a file"):
        write_beside_another()
    assert (names(path), path.read_bytes()) == (["x.csv"], b"mine")


def test_a_link_that_leads_nowhere_is_a_file_too(path):
    path.symlink_to("nowhere")
    with pytest.raises(WirewatchError, match="there is such a file"):
        write(path)
    assert path.is_symlink()


@pytest.mark.parametrize("is_forced", [False, True])
def test_after_an_error_nothing_is_left(path, is_forced):
    if is_forced:
        path.write_bytes(b"mine")
    with pytest.raises(TypeError):
        write(path, data="no bytes", is_forced=is_forced)
    assert names(path) == (["x.csv"] if is_forced else [])
    assert not is_forced or path.read_bytes() == b"mine"


def test_another_error_than_that_there_are_no_links_is_told(path):
    with pytest.raises(WirewatchError, match="No space left on device; it was not written"):
        write(path, link=no_links(errno.ENOSPC))
    assert names(path) == []
