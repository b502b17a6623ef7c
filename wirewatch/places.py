"""Where the configuration lives. Reads nothing but the names of files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wirewatch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS_FILE = "wirewatch.toml"
FEEDS_FILE = "feeds.toml"
SITES_FILE = "sites.toml"
RULES_DIR = "rules"
DATABASE_FILE = "wirewatch.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigDir:
    """The directory with wirewatch.toml, feeds.toml, sites.toml and rules/."""

    path: Path
    #: why this one: "--config", "WIREWATCH_CONFIG", "./config", ".", "user" or "built-in"
    origin: str

    @property
    def is_built_in(self) -> bool:
        """It is the packaged one, which nothing may be written into."""
        return self.origin == "built-in"

    @property
    def settings_file(self) -> Path:
        """The settings; it may be missing."""
        return self.path / SETTINGS_FILE

    @property
    def feeds_file(self) -> Path:
        """The list of feeds."""
        return self.path / FEEDS_FILE

    @property
    def sites_file(self) -> Path:
        """What is different for single sites; it may be missing."""
        return self.path / SITES_FILE

    @property
    def rules_dir(self) -> Path:
        """The directory of the rule files."""
        return self.path / RULES_DIR

    @property
    def default_database(self) -> Path:
        """The database lies in the config directory; for the built-in one, in the user's data directory.

        So each directory that `wirewatch init` made is an installation of its own.
        """
        if self.is_built_in:
            from platformdirs import user_data_path

            return user_data_path("wirewatch", appauthor=False) / DATABASE_FILE
        return self.path / DATABASE_FILE


def packaged_config() -> Path:
    """The commented defaults: inside the package when installed from a wheel, else those of the checkout.

    `importlib.resources` would not find them in an editable installation.
    """
    here = Path(__file__).resolve().parent
    inside = here / "_config"
    return inside if inside.is_dir() else here.parent / "config"


def find_config_dir(given: str | None, environ: Mapping[str, str], cwd: Path) -> ConfigDir:
    """Return the first of: *given*, $WIREWATCH_CONFIG, ./config, . , the user's config directory, the built-in one.

    ./config and . count only when they hold wirewatch.toml or feeds.toml.
    Raises ConfigError when one that was asked for by name is not a directory.
    """
    for name, origin in ((given, "--config"), (environ.get("WIREWATCH_CONFIG"), "WIREWATCH_CONFIG")):
        if name:
            return _named(name, origin, cwd)
    for path, origin in ((cwd / "config", "./config"), (cwd, ".")):
        if _holds_config(path):
            return _found(path, origin)
    from platformdirs import user_config_path

    path = user_config_path("wirewatch", appauthor=False)
    if _holds_config(path):
        return _found(path, "user")
    return ConfigDir(path=packaged_config(), origin="built-in")


def _named(name: str, origin: str, cwd: Path) -> ConfigDir:
    path = cwd / Path(name).expanduser()
    if path.is_file():
        raise ConfigError(f"{name}: {origin} wants the directory that holds {SETTINGS_FILE}, and this is a file")
    if not path.is_dir():
        raise ConfigError(f"{name}: no such config directory (from {origin}); create it with: wirewatch init {name}")
    return _found(path, origin)


def _holds_config(path: Path) -> bool:
    return (path / SETTINGS_FILE).is_file() or (path / FEEDS_FILE).is_file()


def _found(path: Path, origin: str) -> ConfigDir:
    path = path.resolve()
    return ConfigDir(path=path, origin="built-in" if path == packaged_config() else origin)
