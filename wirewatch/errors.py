"""Exit codes, and the errors of the program that people can do something about.

* WirewatchError        1 (failed)
  + ConfigError         4 (settings, feeds.toml or rules are invalid)
    - MissingSecret     a secret that they name cannot be read; of one feed, it hinders no other
  + InUse               5 (another instance works on the same database)
  + DiskShort           5 (less is free on the disk than the settings want)

`wirewatch.__main__` prints the message of each and exits with its code. `ingest.errors.StoreError`
ends in 5 likewise. Everything else that reaches it is a bug.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the program says by ending. A code that is not listed is a failure."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    #: done, but some feeds failed; also: no network
    SOME_FEEDS_FAILED = 3
    #: configuration or rules invalid, or a test inside a rule file failed
    INVALID = 4
    #: database missing, locked, out of date, or in use by another instance
    DATABASE = 5
    INTERRUPTED = 130


class WirewatchError(Exception):
    """Something did not work; the message is complete lines for people: the thing, and the fix."""

    exit_code = ExitCode.FAILED


class ConfigError(WirewatchError):
    """A setting, feeds.toml or a rule is invalid. Each line names its place."""

    exit_code = ExitCode.INVALID


class MissingSecret(ConfigError):
    """A secret cannot be read. *place* says where it is named, `what` why, and neither quotes anything of it."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(f"{place}: {what}")
        self.what = what


class InUse(WirewatchError):
    """Another instance works on the same database."""

    exit_code = ExitCode.DATABASE


class DiskShort(WirewatchError):
    """Less is free on the disk of the database than the settings want, so nothing new is taken."""

    exit_code = ExitCode.DATABASE
