"""Copies the commented default files to where the user can edit them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wirewatch.errors import WirewatchError
from wirewatch.places import FEEDS_FILE, RULES_DIR, SETTINGS_FILE, SITES_FILE, packaged_config

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What `copy_defaults` did."""

    written: tuple[Path, ...]
    #: files that were there already; they are never overwritten
    kept: tuple[Path, ...]


def copy_defaults(target: Path) -> Copied:
    """Write settings, feeds, sites and rules to the directory *target*, which is made if needed. Overwrites nothing.

    Raises WirewatchError when something cannot be written; a second call goes on where the first broke off.
    """
    source = packaged_config()
    settings = [source / name for name in (SETTINGS_FILE, FEEDS_FILE, SITES_FILE)]
    files = [*settings, *sorted((source / RULES_DIR).glob("*.rules"))]
    written: list[Path] = []
    kept: list[Path] = []
    path = target
    try:
        (target / RULES_DIR).mkdir(parents=True, exist_ok=True)
        for file in files:
            path = target / file.relative_to(source)
            content = file.read_bytes()
            try:
                with path.open("xb") as copy:
                    copy.write(content)
            except FileExistsError:
                kept.append(path)
            else:
                written.append(path)
    except OSError as e:
        fix = "name a directory that you may write: wirewatch init DIR"
        raise WirewatchError(f"{e.filename or path}: cannot be written: {e.strerror}; {fix}") from e
    return Copied(written=tuple(written), kept=tuple(kept))
