"""How the program logs: lines for people, or one JSON object an event (`run.log_format`), to standard error.

`bound` says once, around a step, which feed, entry, job or host all that is logged inside it is about. The last thing
before a line is written takes secrets out of it (`redact_text`), and whatever a terminal could obey.
"""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from wirewatch.errors import ConfigError
from wirewatch.output import clean_text, timestamp, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping

_TEXT_FORMAT = "%(asctime)s %(levelname)-7s %(message)s"

#: what the events at hand are about
_ABOUT: ContextVar[Mapping[str, int | str]] = ContextVar("about", default=MappingProxyType({}))

_GONE = "…"
#: The name and password before the host of an address, up to the last @ before its path.
_USERINFO = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*:[/\\]{1,2}|(?<![:/\\])[/\\]{2})[^\s/?#\\\"'<>]*@")
#: What stands for a secret by its name: a header, also as it is shown in a list or dict, or a setting. A value in
#: quotes ends with them; that of a header may have a word for its kind before it.
_NAMED = re.compile(
    r"""(?ix)
    \b((?:proxy-)?authorization | (?:set-)?cookie | x-api-key | x-auth-token | hub\.secret | x-hub-signature
       | password | passwd | passphrase | secret)
    (\s*[:=]\s* | ["']\s*[:,]\s*(?:b(?=["']))?)
    (?: (["']) (?:(?!\3).)* \3?
      | (?:(?:basic|bearer|digest|negotiate|token)\s+)? [^\s,;"'&)\]}]+ (?:;\s*[^\s;"'=]+=[^\s;"']*)* )
    """
)
_BEARER = re.compile(r"(?i)\b(bearer\s+)[\w.~+/-]{16,}=*")
#: Parameters of an address that are keys, as a rule.
_PARAMETER = re.compile(
    r"(?i)([?&;](?:api[-_]?key|access[-_]?key|access[-_]?token|auth[-_]?token|auth|token|key|signature|sig)=)"
    r"[^&\s\"'<>#;]+"
)


def redact_text(text: str) -> str:
    """Return *text* without the secrets that can be told by their form.

    >>> redact_text("https://me:p@ss@a.example/x?token=abc&page=2 fails")
    'https://a.example/x?token=…&page=2 fails'
    >>> redact_text("sent Authorization: Bearer abc.def, then ('cookie', 'sid=1')")
    "sent Authorization: …, then ('cookie', …)"
    """
    text = _USERINFO.sub(r"\1", text)
    text = _NAMED.sub(rf"\1\2{_GONE}", text)
    text = _BEARER.sub(rf"\1{_GONE}", text)
    return _PARAMETER.sub(rf"\1{_GONE}", text)


@contextmanager
def bound(**about: int | str) -> Iterator[None]:
    """Let what is logged in the block say what it is about: feed, entry, job, host. Inner blocks add to outer ones."""
    token = _ABOUT.set({**_ABOUT.get(), **about})
    try:
        yield
    finally:
        _ABOUT.reset(token)


def log_errors() -> None:
    """For a command that ends: bugs and the like are told, in lines without a time."""
    _begin(_PlainFormatter("%(message)s"), logging.ERROR)


def log_as(how: str) -> None:
    """For a service: what happens is told, *how* as in `run.log_format`. Raises ConfigError where JSON cannot be."""
    _begin(_json_formatter() if how == "json" else _PlainFormatter(_TEXT_FORMAT), logging.INFO)
    # the services tell of jobs that fail; what the scheduler says of them, and of a tick cancelled at the end, is noise
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    # a line for every request says no more than the report of each tick; what they tell beyond that holds whole headers
    for name in ("httpx2", "httpcore2", "procrastinate"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if how == "json":
        # else they are lines of no format
        logging.captureWarnings(capture=True)


def _begin(formatter: logging.Formatter, level: int) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler])


class _PlainFormatter(logging.Formatter):
    """As the base, for the eyes of people."""

    def format(self, record: logging.LogRecord) -> str:
        return clean_text(redact_text(super().format(record)))


# --- JSON -------------------------------------------------------------------------------------------


def _json_formatter() -> logging.Formatter:
    try:
        from structlog import stdlib
    except ImportError as error:
        raise ConfigError(
            'run.log_format is "json", but what writes that is not installed; '
            'install it with: pip install "wirewatch[metrics]"'
        ) from error

    class JsonFormatter(stdlib.ProcessorFormatter):
        def format(self, record: logging.LogRecord) -> str:
            try:
                record.getMessage()
            except Exception as error:  # noqa: BLE001  # a log call that is wrong must not lose what it was about
                record.msg, record.args = f"{record.msg} ({record.args!r}: {error})", ()
            return super().format(record)

    return JsonFormatter(
        foreign_pre_chain=[_describe],
        processors=[stdlib.ProcessorFormatter.remove_processors_meta, _without_secrets, _render],
    )


def _describe(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say when, how grave, by whom and about what, and put a traceback into a field."""
    record: logging.LogRecord = event["_record"]
    told: dict[str, Any] = {
        "time": timestamp(datetime.fromtimestamp(record.created, UTC)),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": event["event"],
        **_ABOUT.get(),
    }
    exc_info = event.pop("exc_info", None) or record.exc_info
    if exc_info:
        told["traceback"] = logging.Formatter().formatException(exc_info)
    if record.stack_info:
        told["stack"] = record.stack_info
    return told | {key: value for key, value in event.items() if key.startswith("_")}


def _without_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: redact_text(value) if isinstance(value, str) else value for key, value in event.items()}


def _render(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    return to_json(dict(event))
