"""wirewatch demo: the first thing that people see."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


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
    suggested = re.findall(r"^  wirewatch (--config \S+) (.+)$", shown.stdout, re.MULTILINE)
    assert len(suggested) == 3
    for config, command in suggested:
        words = [word.strip("'") for word in re.findall(r"'[^']*'|\S+", command)]
        ended = wirewatch(*config.split(), *words)
        assert (ended.code, ended.err) == (0, "")
        assert len(ended.out.splitlines()) > 1, command
        assert Path(config.split()[1], "wirewatch.db").exists()
