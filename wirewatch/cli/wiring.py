"""What a command gets: configuration, settings and the composition root, each made when first asked for."""

from __future__ import annotations

import functools
import os
import shlex
import sys
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import click

from wirewatch.cli.options import CONFIG, DB
from wirewatch.errors import ConfigError, DiskShort, WirewatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, MutableMapping

    from storage.listings import Listings
    from storage.migrate import SchemaStatus
    from wirewatch.app import App
    from wirewatch.places import ConfigDir
    from wirewatch.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")


class Call:
    """One call of the program, with the global options in *given*."""

    def __init__(self, given: MutableMapping[str, object]) -> None:
        self._given = given

    def _option(self, key: str) -> str | None:
        value = self._given.get(key)
        return value if isinstance(value, str) else None

    @property
    def given_config(self) -> str | None:
        """What --config or WIREWATCH_CONFIG names, whether or not it exists."""
        return self._option(CONFIG) or os.environ.get("WIREWATCH_CONFIG")

    @cached_property
    def config_dir(self) -> ConfigDir:
        """The config directory in force."""
        from wirewatch.places import find_config_dir

        return find_config_dir(self._option(CONFIG), os.environ, Path.cwd())

    @cached_property
    def own_config_dir(self) -> ConfigDir:
        """The config directory, which must be the user's own. Raises ConfigError when it is the built-in one."""
        if self.config_dir.is_built_in:
            raise ConfigError(
                f"{self.config_dir.path} holds the built-in defaults, which stay as they are; "
                "make a configuration of your own with: wirewatch init"
            )
        return self.config_dir

    @cached_property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.settings_of(self.config_dir)

    def settings_of(self, config: ConfigDir) -> Settings:
        """The settings of *config*, under this call's environment and --db."""
        from wirewatch.settings import load_settings

        return load_settings(config, db=self._option(DB))

    @cached_property
    def app(self) -> App:
        """The composition root."""
        from wirewatch.app import App

        return App(self.settings, self.config_dir)

    @property
    def repeated(self) -> str:
        """The global options of this call, to be repeated in the commands that we suggest."""
        return self.repeated_with(self._option(CONFIG))

    def repeated_with(self, config: str | None) -> str:
        """The same, with *config* in place of the given one; None where it is found without."""
        given = (("--config", config), ("--db", self._shown_db()))
        return "".join(f" {name} {shlex.quote(value)}" for name, value in given if value)

    def _shown_db(self) -> str | None:
        """What --db names, without a password."""
        from wirewatch.database_url import shown_url

        given = self._option(DB)
        return given and shown_url(given)

    def command(self, name: str, *arguments: str) -> str:
        """Return the call of the command *name* with *arguments*, quoted for the shell, to be suggested."""
        return f"wirewatch{self.repeated} {' '.join([name, *map(shlex.quote, arguments)])}"

    def refuse_own(self, path: Path) -> None:
        """Raise WirewatchError where *path* is the database, belongs to it, or is a file of the configuration."""
        from wirewatch.own_files import refuse_own

        refuse_own(path, self.config_dir, self.app.database)

    @contextmanager
    def reading(self, see: str = "") -> Iterator[Listings]:
        """Open the database for reading. What is not found is said together with the command to *see*."""
        with self.app.listings() as listings:
            try:
                yield listings
            except LookupError as e:
                if type(e) is not LookupError:
                    # an IndexError or KeyError is a bug
                    raise
                raise WirewatchError(f"{e}; see: {see}" if see else str(e)) from e


def pass_call(function: Callable[Concatenate[Call, P], R]) -> Callable[P, R]:
    """Give a command its `Call` as the first argument."""

    @functools.wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(Call(click.get_current_context().meta), *args, **kwargs)

    return command


@contextmanager
def telling_that_it_goes_on(how: str = "the same command goes on where it stood") -> Iterator[None]:
    """Say of work that can be taken up again, when it is interrupted or the disk gets full, *how*."""
    try:
        yield
    except DiskShort as e:
        raise DiskShort(f"{e}; what was done stays done, and {how}") from e
    except KeyboardInterrupt:
        note(f"what was done stays done; {how}")
        raise


def require_database(found: SchemaStatus) -> None:
    """Raise DatabaseMissing where there is none: it is lost, or the path is wrong, and an empty one would hide that."""
    from storage.errors import DatabaseMissing
    from storage.migrate import SchemaState

    if found.state is SchemaState.MISSING:
        raise DatabaseMissing(found.database.shown)


def counted(number: int, one: str, many: str = "") -> str:
    """Return *number* with the word for so many.

    >>> counted(1, "feed"), counted(2, "entry", "entries")
    ('1 feed', '2 entries')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def tell(lines: Iterable[str]) -> None:
    """Write lines for people to standard output; what came from outside is made harmless."""
    from wirewatch.output import clean_line
    from wirewatch.ruleexplain import Signs

    text = "".join(f"{clean_line(line)}\n" for line in lines)
    click.echo(text.translate(Signs.of(sys.stdout.encoding).plain or {}), nl=False)


def note(text: str) -> None:
    """Say something to people, on standard error; what came from outside is made harmless."""
    from wirewatch.output import clean_text

    # what was said before is seen before; and where it cannot be written, nothing follows
    sys.stdout.flush()
    click.echo(clean_text(text), err=True)
