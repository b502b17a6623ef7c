"""Which files are the program's own: what is written out for people takes the place of none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.contents import SUFFIX
from storage.address import SqliteFile
from storage.upkeep.own_files import is_same, what_it_is
from wirewatch.errors import WirewatchError
from wirewatch.feedaccess import SECRETS_DIR
from wirewatch.output import clean_line
from wirewatch.whole_file import part_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.address import Address
    from wirewatch.places import ConfigDir


def refuse_own(path: Path, config: ConfigDir, database: Address) -> None:
    """Raise WirewatchError where *path*, by whatever name or link, is the database, belongs to it, or configures us.

    So it does where that is what the file is called until it is whole. Whether the file is there does not matter.
    """
    for each in (path, part_of(path)):
        fault = _of_config(each, config)
        if fault is None and isinstance(database, SqliteFile):
            fault = what_it_is(each, database)
        if fault is not None:
            raise WirewatchError(f"{clean_line(str(each))}: {fault}, and stays as it is; name another file")


def _of_config(path: Path, config: ConfigDir) -> str | None:
    files = (config.settings_file, config.feeds_file, config.sites_file)
    if any(_is_named(path, file) for file in files):
        return "it is a file of the configuration"
    if path.name.endswith(SUFFIX) and _is_in(path, config.rules_dir):
        return "it is a file of rules"
    if any(is_same(path, file) for file in _files_in(config.rules_dir) if file.name.endswith(SUFFIX)):
        return "it is a file of rules"
    secrets = config.path / SECRETS_DIR
    if _is_in(path, secrets) or any(is_same(path, file) for file in _files_in(secrets)):
        return "it is where secrets are kept"
    return None


def _is_named(path: Path, file: Path) -> bool:
    return is_same(path, file) or (path.name == file.name and _is_in(path, file.parent))


def _is_in(path: Path, folder: Path) -> bool:
    return is_same(path.absolute().parent, folder)


def _files_in(folder: Path) -> Iterator[Path]:
    try:
        yield from folder.iterdir()
    except OSError:
        return
