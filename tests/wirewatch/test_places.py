"""Where the configuration is looked for, and where the database lies by default."""

from __future__ import annotations

import pytest

from wirewatch.errors import ConfigError, ExitCode
from wirewatch.places import find_config_dir, packaged_config


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return tmp_path


def _fill(path):
    path.mkdir(parents=True)
    (path / "feeds.toml").write_text("")
    return path


def test_the_first_that_exists_wins(home):
    cwd = home / "cwd"
    cwd.mkdir()
    assert find_config_dir(None, {}, cwd).is_built_in
    user = _fill(home / "XDG_CONFIG_HOME" / "wirewatch")
    assert find_config_dir(None, {}, cwd).path == user
    (cwd / "wirewatch.toml").write_text("")
    assert find_config_dir(None, {}, cwd).path == cwd
    local = _fill(cwd / "config")
    assert find_config_dir(None, {}, cwd).path == local
    named = _fill(home / "named")
    assert find_config_dir(None, {"WIREWATCH_CONFIG": str(named)}, cwd).path == named
    given = _fill(cwd / "given")
    assert find_config_dir("given", {"WIREWATCH_CONFIG": str(named)}, cwd).path == given


def test_a_config_folder_of_another_program_does_not_count(home):
    (home / "config").mkdir()
    (home / "config" / "app.yaml").write_text("")
    assert find_config_dir(None, {}, home).is_built_in


@pytest.mark.parametrize("is_file", [True, False])
def test_a_directory_asked_for_by_name_must_be_one(home, is_file):
    if is_file:
        (home / "x").write_text("")
    with pytest.raises(ConfigError, match=r"^x: .*(wants the directory|create it with: wirewatch init x)") as caught:
        find_config_dir("x", {}, home)
    assert caught.value.exit_code == ExitCode.INVALID


def test_the_database_lies_in_the_config_directory_but_never_in_the_packaged_one(home):
    own = _fill(home / "own")
    assert find_config_dir(str(own), {}, home).default_database == own / "wirewatch.db"
    packaged = find_config_dir(str(packaged_config()), {}, home)
    assert packaged.is_built_in
    assert packaged.default_database == home / "XDG_DATA_HOME" / "wirewatch" / "wirewatch.db"
