"""wirewatch demo: the first thing that people see."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from wirewatch.cli.demo import how_called


@pytest.fixture
def shown(tmp_path):
    """What the demo printed; its folder is under `tmp_path`."""
    environ = os.environ | {"TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "wirewatch", "demo"]
    return subprocess.run(command, env=environ, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.mark.slow
def test_demo_shows_stories_matches_and_commands_that_work(wirewatch, shown):
    assert (shown.returncode, shown.stderr) == (0, "")
    assert [line.split(":")[0] for line in shown.stdout.splitlines()[:3]] == ["batch 0", "batch 1", "batch 2"]
    for kind in ("copy", "excerpt", "extended"):
        assert re.search(rf"\d +{kind} ", shown.stdout), kind
    assert "\nmatches\n" in shown.stdout
    suggested = re.findall(r"^  \S*wirewatch (--config \S+) (.+)$", shown.stdout, re.MULTILINE)
    assert len(suggested) == 3
    for config, command in suggested:
        words = [word.strip("'") for word in re.findall(r"'[^']*'|\S+", command)]
        ended = wirewatch(*config.split(), *words)
        assert (ended.code, ended.err) == (0, "")
        assert len(ended.out.splitlines()) > 1, command
        assert Path(config.split()[1], "wirewatch.db").exists()


@pytest.fixture
def bin_folder(tmp_path):
    """An environment with a program and an interpreter."""
    folder = tmp_path / "my env" / "bin"
    folder.mkdir(parents=True)
    (folder / "wirewatch").touch()
    return folder


def test_the_program_is_named_as_it_must_be_called(tmp_path, bin_folder):
    script, python = str(bin_folder / "wirewatch"), str(bin_folder / "python")
    module = "/anywhere/wirewatch/__main__.py"
    for called in (script, module):
        assert how_called(called, python, script, tmp_path) == "wirewatch"
        assert how_called(called, python, None, tmp_path) == "'my env/bin/wirewatch'"
        assert how_called(called, python, "/usr/bin/wirewatch", tmp_path) == "'my env/bin/wirewatch'"
        assert how_called(called, python, None, bin_folder) == "./wirewatch"
        assert how_called(called, python, None, Path("/elsewhere")) == f"'{script}'"
    (bin_folder / "wirewatch").unlink()
    assert how_called(module, python, None, tmp_path) == "'my env/bin/python' -m wirewatch"
