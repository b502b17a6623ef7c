"""A configuration with a database that the sample newsroom filled, and a way to run the program."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from wirewatch.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

RULES = """\
let @kit = missile | missiles

topic air-defence "Missiles for Ukraine"
    tags  ukraine, aid
    match @kit AND Ukraine
    match =PURL
    not   knitting
    test  yes "missiles for Ukraine"
    test  no  "knitting PURL"

topic nowhere
    match quagga
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path_factory, monkeypatch):
    """An empty working directory and home, so that no configuration of the checkout or the user is found."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home / name))
    for name in ("WIREWATCH_CONFIG", "WIREWATCH_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    cwd = home / "cwd"
    cwd.mkdir()
    monkeypatch.chdir(cwd)
    return cwd


@dataclass(frozen=True)
class Ended:
    """How a run of the program ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert not self.err, self.err
        return json.loads(self.out)

    @property
    def jsonl(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def wirewatch(capsys, monkeypatch):
    """Run the program in this process: `wirewatch("matches", "--json")`."""

    def run(*arguments: object, stdin: bytes = b"") -> Ended:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ended(int(code), captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def filled(tmp_path_factory) -> Path:
    """A configuration whose database holds the whole sample newsroom; not to be written to."""
    from wirewatch.cli.demo import set_up
    from wirewatch.demo.newsroom import LAST_BATCH, Newsroom

    folder = tmp_path_factory.mktemp("filled")
    (folder / "rules").mkdir()
    (folder / "rules" / "own.rules").write_text(RULES)

    with Newsroom(slow_s=0) as newsroom:
        # all that it has at once: starting the processes that read pages is what takes time
        while newsroom.batch < LAST_BATCH:
            newsroom.publish()
        asyncio.run(set_up(folder, newsroom).run_once(all_feeds=True))
    return folder


@pytest.fixture
def copied(filled, tmp_path) -> Path:
    """A copy of `filled` of one's own."""
    return shutil.copytree(filled, tmp_path / "copied")
