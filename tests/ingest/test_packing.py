"""Rule sets in files: who keeps them, and when they go."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ingest.packing import Packing, RulesLostError, RulesTicket, unpack
from rules.compile import compile_rules
from rules.document import Document
from rules.files import parse_topic

if TYPE_CHECKING:
    from rules.match import RuleSet

DOCUMENT = Document(title="", body="one two", author=None, source=None, url=None, lang=None, sections=())


def rules_of(word: str) -> RuleSet:
    return compile_rules([parse_topic(f"topic {word}\n    match {word}\n")])


def test_what_is_unpacked_is_what_was_packed(tmp_path: Path) -> None:
    packing = Packing(tmp_path)
    one, two = rules_of("one"), rules_of("two")
    first, second = packing.prepare(one), packing.prepare(two)
    for rules, packed in ((one, first), (two, second), (one, first)):
        assert unpack(packed.ticket).match(DOCUMENT) == rules.match(DOCUMENT)
    assert unpack(first.ticket) is unpack(first.ticket)


def test_only_we_can_read_the_file(tmp_path: Path) -> None:
    path = Path(Packing(tmp_path).prepare(rules_of("one")).ticket.path)
    assert path.parent == tmp_path
    assert not path.exists(), "and it goes with who holds it"
    packed = Packing(tmp_path).prepare(rules_of("one"))
    assert Path(packed.ticket.path).stat().st_mode & 0o077 == 0


def test_only_what_was_prepared_is_taken_and_what_it_follows_is_let_go(tmp_path: Path) -> None:
    packing = Packing(tmp_path)
    one, two, three = rules_of("one"), rules_of("two"), rules_of("three")
    assert packing.take(one) is None
    first = packing.prepare(one)
    assert packing.take(one) is first
    packing.prepare(two)
    assert packing.take(one) is first
    third = packing.prepare(three)
    assert packing.take(two) is None, "it was followed before it was used"
    assert (packing.take(one), packing.take(three), packing.take(one)) == (first, third, None)
    assert len(list(tmp_path.iterdir())) == 2, "the first is held here"
    del first
    assert [str(path) for path in tmp_path.iterdir()] == [third.ticket.path]
    packing.close()
    del third
    assert list(tmp_path.iterdir()) == []


def test_a_set_that_is_forgotten_is_written_again(tmp_path: Path) -> None:
    packing = Packing(tmp_path)
    rules = rules_of("one")
    lost = packing.prepare(rules)
    assert packing.take(rules) is lost
    Path(lost.ticket.path).unlink()
    packing.forget(lost)
    packing.forget(lost)
    again = packing.prepare(rules)
    assert again.ticket.path != lost.ticket.path
    packing.forget(lost)
    assert packing.take(rules) is again


def test_no_room(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        Packing(tmp_path / "nowhere").prepare(rules_of("one"))


def test_what_cannot_be_written_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises((TypeError, AttributeError)):
        Packing(tmp_path).prepare(lambda: None)  # type: ignore[arg-type]  # what pickle refuses
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_gone_is_told_and_garbage_is_collected_on(tmp_path: Path) -> None:
    with pytest.raises(RulesLostError):
        unpack(RulesTicket(str(tmp_path / "gone"), 1))
    assert gc.isenabled()


@pytest.mark.parametrize("how", ["of another user", "writable for others", "a link", "a pipe"])
def test_a_file_that_somebody_else_put_there_is_not_read(
    tmp_path: Path, how: str, request: pytest.FixtureRequest
) -> None:
    """Temporary files are cleaned away, and then their names are free; what pickle reads, it obeys."""
    if how == "of another user":
        request.getfixturevalue("other_users")
        if os.geteuid() != 0:
            pytest.skip("only root gives files away")
    packing = Packing(tmp_path)
    rules = rules_of("one")
    packed = packing.prepare(rules)
    path = Path(packed.ticket.path)
    if how == "of another user":
        os.chown(path, 12345, 12345)
    elif how == "writable for others":
        path.chmod(0o622)
    else:
        away = path.rename(tmp_path / "away")
        path.symlink_to(away) if how == "a link" else os.mkfifo(path, 0o600)
    with pytest.raises(RulesLostError):
        unpack(packed.ticket)
    packing.forget(packed)
    assert unpack(packing.prepare(rules).ticket).match(DOCUMENT) == rules.match(DOCUMENT)


def test_large_sets_get_more_time() -> None:
    assert RulesTicket("", 64_000).load_limit_s < 0.2
    assert RulesTicket("", 100_000_000).load_limit_s > 30


def test_what_a_killed_process_left_is_swept_away(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    # In a container the process that was killed often had the number that we have now.
    left = [tmp_path / f"wirewatch-rules-{number}-x" for number in (ended.pid, os.getpid())]
    others = {tmp_path / name for name in (f"wirewatch-rules-{os.getppid()}-x", "wirewatch-rules-x", "else-1-x")}
    ours = Packing(tmp_path).prepare(rules_of("two"))
    for file in (*left, *others):
        file.touch()
    packed = Packing(tmp_path).prepare(rules_of("one"))
    assert set(tmp_path.iterdir()) == {*others, Path(packed.ticket.path), Path(ours.ticket.path)}
