"""The settings: wirewatch.toml, overridden by environment variables WIREWATCH_SECTION__NAME.

Every key has a default, so an empty file is a valid one. An unknown key and a value of the wrong type are
refused with file and line (or the variable) and what would be right.
"""

from __future__ import annotations

import copy
import difflib
import json
import os
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ingest.address_guard import AddressGuard
from ingest.fetch_settings import FetchSettings, proxy_fault
from wirewatch import tomlfile
from wirewatch.database_url import database_url, shown_url
from wirewatch.errors import ConfigError
from wirewatch.secretnames import reference_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from wirewatch.places import ConfigDir

PREFIX = "WIREWATCH_"
#: variables of that prefix which are no settings
NOT_SETTINGS = frozenset({"WIREWATCH_CONFIG", "WIREWATCH_DEBUG"})
#: settings whose values are never quoted: they can hold a password
SECRET_KEYS = frozenset({"fetch.proxy", "database.url"})
#: how services can log, see `wirewatch.logs`
LOG_FORMATS = ("text", "json")


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as e:
        raise ValueError("a time zone name such as UTC or Europe/Berlin") from e
    return name


def _host_pattern(text: str) -> str:
    try:
        AddressGuard([text])
    except ValueError as e:
        raise ValueError("CIDR, CIDR:port, host:port or [IPv6]:port, such as 127.0.0.0/8 or localhost:8080") from e
    return text


def _header_text(text: str) -> str:
    try:
        FetchSettings(contact=text)
    except ValueError as e:
        raise ValueError("printable ASCII characters, for a header") from e
    return text


def _user_agent(text: str) -> str:
    try:
        FetchSettings(user_agent=text)
    except ValueError as e:
        raise ValueError("printable ASCII characters that begin with a name, as in wirewatch/1.0") from e
    return text


def _proxy(text: str) -> str:
    """An address or env:NAME; what it complains of never has the value in it."""
    fault = reference_fault(text) if text.startswith("env:") else text and proxy_fault(text)
    if fault:
        forms = "http://host:port, http://user:password@host:port or env:NAME"
        # a fault that only tells how it is written would say that twice
        raise ValueError(forms if "http://" in fault else f"{forms}; {fault}")
    return text


def _callback(text: str) -> str:
    parts = urlsplit(text)
    if text and not (parts.scheme in {"http", "https"} and parts.hostname and not (parts.query or parts.fragment)):
        raise ValueError("an http(s) address without ? and #, such as https://news.example/websub")
    return text


def _log_format(text: str) -> str:
    if text not in LOG_FORMATS:
        raise ValueError(" or ".join(LOG_FORMATS))
    return text


def _listen_or_not(text: str) -> str:
    return text and _listen(text)


def _listen(text: str) -> str:
    try:
        parts = urlsplit(f"//{text}")
        is_right = bool(parts.hostname and parts.port) and parts.netloc == text and "@" not in text
    except ValueError:
        is_right = False
    if not is_right:
        raise ValueError("host:port or [IPv6]:port, such as 127.0.0.1:8765")
    return text


Text = Annotated[str, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Texts = tuple[Text, ...]


class Section(BaseModel):
    """A table of the settings file."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class DatabaseSection(Section):
    """Where everything is stored."""

    url: Text = ""
    """a path or sqlite:///PATH, relative to this file, or postgresql://USER@HOST/NAME; empty: wirewatch.db beside it"""


class FetchSection(Section):
    """How pages are fetched."""

    allow: tuple[Annotated[Text, AfterValidator(_host_pattern)], ...] = ()
    """private addresses that may be reached: CIDR, CIDR:port, host:port, [::1]:port"""
    pause_s: Annotated[Number, Field(ge=0, le=3600)] = 2.0
    """seconds between two requests to one host"""
    timeout_s: Annotated[Number, Field(gt=0, le=600)] = 30.0
    """seconds that one request may take in all"""
    user_agent: Annotated[Text, AfterValidator(_user_agent)] = ""
    """how we call ourselves; empty: wirewatch/VERSION with the contact"""
    contact: Annotated[Text, AfterValidator(_header_text)] = ""
    """address or page where a publisher can reach you; part of the default user_agent"""
    trackers: Texts | None = None
    """parameters cut from addresses (utm_* means a prefix); instead of the built-in list"""
    proxy: Annotated[Text, AfterValidator(_proxy), Field(repr=False)] = ""
    """http://host:port of a proxy that all requests go through, or env:NAME of the variable that holds it"""
    proxy_resolves: Flag = False
    """leave names that cannot be resolved here to the proxy, which then sees to it that they are public"""

    def proxy_address(self, environ: Mapping[str, str] = os.environ) -> str:
        """Return the address of the proxy, read from its variable where it is in one; empty: there is none.

        Raises ConfigError, which never quotes it.
        """
        if not self.proxy.startswith("env:"):
            return self.proxy
        name = self.proxy.removeprefix("env:")
        if name not in environ:
            raise ConfigError(f"fetch.proxy: the variable {name} is not set; set it where wirewatch is started")
        if environ[name] and (fault := proxy_fault(environ[name])):
            raise ConfigError(f"fetch.proxy: what the variable {name} holds is no proxy: {fault}")
        return environ[name]


class RunSection(Section):
    """The daemon."""

    tick_s: Annotated[Number, Field(ge=0.1, le=3600)] = 10.0
    """seconds between two looks at what is due"""
    workers: Annotated[Count, Field(ge=1, le=64)] = 2
    """processes that read pages"""
    log_format: Annotated[Text, AfterValidator(_log_format)] = "text"
    """how services log: text, lines for people, or json, an object an event"""


class WorkersSection(Section):
    """Several processes that share the work, on a PostgreSQL server."""

    queue_depth: Annotated[Count, Field(ge=1, le=1_000_000)] = 2000
    """jobs that wait at most: a scheduler makes no more until workers have taken some"""
    concurrency: Annotated[Count, Field(ge=1, le=1000)] = 16
    """jobs that one worker does at the same time"""


class CopiesSection(Section):
    """Which articles carry the same text."""

    window_days: Annotated[Number, Field(gt=0, le=3650)] = 14
    """days back in which copies of a new article are looked for"""


class StoreSection(Section):
    """What is kept for how long."""

    raw_days: Annotated[Number, Field(ge=0, le=3650)] = 3
    """days for which pages are kept as they came"""
    log_days: Annotated[Number, Field(ge=0, le=36500)] = 30
    """days for which the log of polls and of fetched pages is kept; events are kept a year longer"""
    version_days: Annotated[Number, Field(ge=0, le=36500)] = 0
    """days for which texts are kept that their article no longer shows; 0: for ever. Matches are always kept"""
    min_free_mb: Annotated[Count, Field(ge=0, le=1_000_000_000)] = 200
    """megabytes free on the disk of the database below which nothing new is taken"""


class WebsubSection(Section):
    """News that hubs push (WebSub), beside polling."""

    callback: Annotated[Text, AfterValidator(_callback)] = ""
    """public address under which hubs reach `websub.listen`, such as https://news.example/websub; empty: off"""
    listen: Annotated[Text, AfterValidator(_listen)] = "127.0.0.1:8765"
    """where `run` listens for hubs; put a proxy with TLS before it"""


class MetricsSection(Section):
    """Figures for Prometheus, and whether a service is well."""

    listen: Annotated[Text, AfterValidator(_listen_or_not)] = ""
    """where services answer /metrics, /healthz and /readyz, such as 127.0.0.1:9464; empty: nowhere"""
    allow_remote: Flag = False
    """let `metrics.listen` be an address that other machines reach; whoever does is told all figures"""


class Settings(Section):
    """All settings, checked. Frozen."""

    database: DatabaseSection = DatabaseSection()
    fetch: FetchSection = FetchSection()
    run: RunSection = RunSection()
    workers: WorkersSection = WorkersSection()
    websub: WebsubSection = WebsubSection()
    copies: CopiesSection = CopiesSection()
    store: StoreSection = StoreSection()
    metrics: MetricsSection = MetricsSection()
    timezone: Annotated[Text, AfterValidator(_time_zone)] = "UTC"
    """where the day starts for --since today, yesterday, monday"""

    @property
    def zone(self) -> ZoneInfo:
        """The time zone `timezone` names."""
        return ZoneInfo(self.timezone)


def known_keys() -> dict[tuple[str, ...], Any]:
    """Return every key, as ("fetch", "pause_s"), with its type."""
    keys: dict[tuple[str, ...], Any] = {}
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            keys.update({(name, inner): f.annotation for inner, f in kind.model_fields.items()})
        else:
            keys[name,] = kind
    return keys


def load_settings(config: ConfigDir, *, environ: Mapping[str, str] = os.environ, db: str | None = None) -> Settings:
    """Read the settings of *config*; the environment wins over the file, and *db* (--db) over both.

    `database.url` comes back as sqlite:///ABSOLUTE-PATH, or as it is where it is on a server. Raises
    ConfigError with a line for each fault.
    """
    path = config.settings_file
    text = tomlfile.read_text(path) if path.is_file() else ""
    tree = tomlfile.parse(text, path)
    in_file = copy.deepcopy(tree)
    places: dict[tuple[str, ...], str] = {}
    faults: list[str] = []
    for variable, key, value in _of_environment(environ, faults):
        places[key] = variable
        table: Any = tree
        for part in key[:-1]:
            table = table.setdefault(part, {}) if isinstance(table, dict) else None
        if isinstance(table, dict):
            table[key[-1]] = value

    def line(key: Sequence[str | int]) -> str:
        return f"{path}:{tomlfile.line_of(text, _names(key))}"

    def variable_of(key: Sequence[str | int]) -> str | None:
        return places.get(_names(key))

    # the file must be right also where a variable hides what it says
    written, of_file = _validated(in_file, line)
    settings, of_both = _validated(tree, variable_of)
    faults += [*of_file, *of_both]
    if faults or settings is None or written is None:
        raise ConfigError("\n".join(faults))
    own = line(("database", "url"))
    if written.database.url:
        _absolute(written.database.url, config.path, own)
    return _with_database(settings, config, db, places.get(("database", "url"), own))


def _names(key: Sequence[str | int]) -> tuple[str, ...]:
    return tuple(part for part in key if isinstance(part, str))


def _validated(
    tree: object, place: Callable[[Sequence[str | int]], str | None]
) -> tuple[Settings | None, tuple[str, ...]]:
    """Return the settings of *tree*, or None and a line for each fault that has a *place*."""
    try:
        return Settings.model_validate(tree), ()
    except ValidationError as e:
        errors = e.errors(include_url=False)
        return None, tuple(_fault(error["type"], error["loc"], error, place) for error in errors if place(error["loc"]))


def _with_database(settings: Settings, config: ConfigDir, db: str | None, place: str) -> Settings:
    """Return *settings* with an absolute `database.url`."""
    if db is not None:
        given, base, place = db, Path.cwd(), "--db"
    elif settings.database.url:
        is_variable = place.startswith(PREFIX)
        given, base = settings.database.url, Path.cwd() if is_variable else config.path
    else:
        given, base = str(config.default_database), config.path
    url = _absolute(given, base, place)
    return settings.model_copy(update={"database": DatabaseSection(url=url)})


def _absolute(given: str, base: Path, place: str) -> str:
    try:
        return database_url(given, base)
    except ValueError as e:
        raise ConfigError(f"{place}: {shown_url(given)}: {e}") from None


def _of_environment(environ: Mapping[str, str], faults: list[str]) -> Iterator[tuple[str, tuple[str, ...], object]]:
    """Yield variable, key and value of each setting in *environ*; add a line to *faults* for what is none."""
    keys = {PREFIX + "__".join(key).upper(): (key, kind) for key, kind in known_keys().items()}
    for variable, text in sorted(environ.items()):
        if not variable.startswith(PREFIX) or variable in NOT_SETTINGS:
            continue
        if variable not in keys:
            faults.append(f"{variable}: unknown setting{_nearest(variable, [*keys, *sorted(NOT_SETTINGS)])}")
            continue
        key, kind = keys[variable]
        yield variable, key, _from_text(text, kind)


def _from_text(text: str, kind: Any) -> object:
    """Return the value that *text* writes for a key of type *kind*; *text* itself where it writes none."""
    convert: Any = {"tuple": json.loads, "int": int, "float": float, "bool": json.loads}.get(_kind(kind), str)
    try:
        return convert(text)
    except ValueError:
        return text


def kind_name(annotation: Any) -> str:
    """Return what people call the type of a setting."""
    names = {"tuple": "list of texts", "int": "whole number", "float": "number", "bool": "true or false"}
    return names.get(_kind(annotation), "text")


def _kind(annotation: Any) -> str:
    if isinstance(annotation, UnionType):
        annotation = next(a for a in get_args(annotation) if a is not NoneType)
    kind: type = get_origin(annotation) or annotation
    return kind.__name__


#: what we say for pydantic's kinds of error about types
_EXPECTED = {
    "float_type": "a number",
    "int_type": "a whole number",
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "tuple_type": 'a list such as ["a", "b"]',
    "model_type": "a table such as [fetch]",
    "model_attributes_type": "a table such as [fetch]",
    "finite_number": "a finite number",
}


def _fault(kind: str, loc: Sequence[str | int], error: Any, place: Any) -> str:
    """Return one line for one error of pydantic: where, which key, what was expected or meant."""
    name = ".".join(str(part) for part in loc)
    if kind == "extra_forbidden":
        siblings = [".".join(key) for key in known_keys()]
        sections = sorted({key[0] for key in known_keys()})
        return f"{place(loc)}: unknown setting {name}{_nearest(name, siblings if '.' in name else sections)}"
    if kind in _EXPECTED:
        expected = _EXPECTED[kind]
    elif kind == "value_error":
        expected = str(error["ctx"]["error"])
    else:
        expected = error["msg"].removeprefix("Input should be ")
    if name in SECRET_KEYS:
        return f"{place(loc)}: {name}: expected {expected}"
    value = error["input"]
    return f"{place(loc)}: {name}: expected {expected}, got {json.dumps(value, ensure_ascii=False, default=str)}"


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else f"; known are: {', '.join(known)}"
