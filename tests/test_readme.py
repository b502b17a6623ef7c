"""The manual's first page is true: each output block is what the program prints.

The blocks marked `console` are run in order against the bundled newsroom. What changes from run to run (ids,
ports, times, the temporary directory, column widths) is levelled on both sides; a line `...` stands for
whatever is left out. Every other line must be printed.
"""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: rule files that stand when a command is run, by what the README says has been written
GOOD_RULE = 'topic harbour\n    match ferry | harbour\n    test yes "the ferry is late"\n'
BAD_RULE = "topic harbour\n    match ferry | =PORT NOT knitting |\n"


@dataclass(frozen=True)
class Example:
    """A command of the README and the lines it is said to print."""

    command: str
    comment: str
    lines: tuple[str, ...]


def examples() -> list[Example]:
    found = []
    for block in BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            first, *lines = part.rstrip("\n").split("\n")
            command, _, comment = first.partition("  # ")
            found.append(Example(command.strip(), comment.strip(), tuple(lines)))
    return found


def run_on_a_terminal(command: list[str], folder: Path) -> str:
    """What the command prints on a terminal of 110 columns."""
    controller, terminal = pty.openpty()
    environment = os.environ | {"COLUMNS": "110", "TERM": "xterm", "NO_COLOR": "1", "TMPDIR": str(folder)}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal, env=environment, cwd=folder
    ):
        os.close(terminal)
        parts = []
        # The end of the other side is told as an error by Linux.
        with suppress(OSError):
            while part := os.read(controller, 65536):
                parts.append(part)
    os.close(controller)
    # Without bold, and each state of a progress bar on a line of its own.
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", b"".join(parts).decode()).replace("\r\n", "\n").replace("\r", "\n")


def levelled(line: str) -> str:
    line = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "TIME", line)
    line = re.sub(r"(127\.[\d.]+):\d+", r"\1:PORT", line)
    line = re.sub(r"/\S*wirewatch-demo-\w+", "FOLDER", line)
    # The demo names the program as it must be called where it runs.
    line = re.sub(r"(?<!\S)\S+/wirewatch(?= )", "wirewatch", line)
    line = re.sub(r"^(story|article) +\d+", r"\1 ID", line)
    line = re.sub(r"\(article \d+\)", "(article ID)", line)
    line = re.sub(r"(?<=compared with article )\d+|(?<=of the lead )\d+", "ID", line)
    # Ids stand at the beginning of an article of a story.
    line = re.sub(r"^\s+\d+ +(?=127\.)", "ID ", line)
    # Ids stand at the beginning of a copy, and between topic and title of a match.
    line = re.sub(r"^\s+\d+ +(?=(?:copy|excerpt|extended|composite|revision) )", "ID ", line)
    line = re.sub(r"^([\w-]+(?: +[\w-]+\.\d+)?)(?: +\d+){1,2} +(?=\S)", r"\1 ID ", line)
    # A table cuts titles where its columns need the room.
    line = re.sub(r"(\w{3})[^…]{0,20}…", r"\1…", line)
    return " ".join(line.split())


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What `wirewatch demo` prints, and the directory that it leaves behind."""
    printed = run_on_a_terminal([sys.executable, "-m", "wirewatch", "demo"], tmp_path_factory.mktemp("demo"))
    match = re.search(r"/\S*wirewatch-demo-\w+", printed)
    assert match is not None, printed
    return printed, Path(match[0])


def printed_by(example: Example, demo: tuple[str, Path]) -> str:
    shown, folder = demo
    if example.command == "wirewatch demo":
        return shown
    rule = folder / "rules" / "harbour.rules"
    if "rules" in example.command:
        rule.write_text(BAD_RULE if example.comment.startswith("after:") else GOOD_RULE)
    arguments = shlex.split(example.command)[1:]
    if arguments[:1] == ["story"]:
        found = re.search(r"^story (\d+):", shown, re.MULTILINE)
        assert found is not None
        arguments[1] = found[1]
    if "URL" in arguments:
        # The one page of the newsroom that is gone.
        arguments[arguments.index("URL")] = link_of("A ferry pilot remembers the strait", folder)
    if "ID" in arguments:
        arguments[arguments.index("ID")] = ident_of("A choir fills the fish market", folder)
    try:
        return run_on_a_terminal([sys.executable, "-m", "wirewatch", "--config", str(folder), *arguments], folder)
    finally:
        rule.unlink(missing_ok=True)


def ident_of(title: str, folder: Path) -> str:
    command = [sys.executable, "-m", "wirewatch", "--config", str(folder), "articles", "--jsonl"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    (article,) = [row for row in map(json.loads, listed.splitlines()) if row["title"] == title]
    return str(article["id"])


def link_of(title: str, folder: Path) -> str:
    command = [sys.executable, "-m", "wirewatch", "--config", str(folder), "entries", "--jsonl"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    (entry,) = [row for row in map(json.loads, listed.splitlines()) if row["title"] == title]
    return str(entry["link"])


def test_the_readme_has_examples() -> None:
    assert len(examples()) >= 6


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.command[:40])
def test_an_output_block_of_the_readme_is_true(example: Example, demo: tuple[str, Path]) -> None:
    printed = printed_by(example, demo)
    lines = {levelled(line) for line in printed.splitlines()}
    missing = [line for line in example.lines if line != "..." and levelled(line) not in lines]
    assert not missing, f"not printed by {example.command}:\n" + "\n".join(missing) + f"\n--- printed:\n{printed}"
