"""The console script: run a command, and turn every way it can end into lines for people and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

import click

from wirewatch.errors import ExitCode, WirewatchError

if TYPE_CHECKING:
    from ingest.errors import StoreError


def main(arguments: list[str] | None = None) -> int:
    """Run `wirewatch` with *arguments* (those of the process) and return the exit code.

    Prints nothing but what the command prints, and on standard error what went wrong: complete lines, or one JSON
    object where JSON was asked for. A traceback only for what nobody foresaw, and only with --debug.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    _open_closed()
    _prepare(sys.stdout, sys.stderr)
    given: dict[str, object] = {}
    try:
        code = _run(arguments, given)
        sys.stdout.flush()
    except BrokenPipeError:
        # the reader (`| head -1`) has what it wanted; let the interpreter's last flush go nowhere
        _discard(sys.stdout)
        return ExitCode.DONE
    except (KeyboardInterrupt, EOFError, click.Abort):
        _say("interrupted")
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001  # this is the last place; see _report
        code = _report(error, arguments, given)
        try:
            sys.stdout.flush()
        except OSError:
            # what cannot be written now cannot be written by the interpreter's last flush either
            _discard(sys.stdout)
    return code


def _run(arguments: list[str], given: dict[str, object]) -> int:
    """Run the command, and return the exit code. *given* gets the global options, whatever happens."""
    from wirewatch.cli.root import wirewatch

    if "_WIREWATCH_COMPLETE" in os.environ:
        wirewatch.main(prog_name="wirewatch")
    try:
        # a copy, because click takes the arguments out of the list as it reads them
        with wirewatch.make_context("wirewatch", list(arguments)) as ctx:
            try:
                wirewatch.invoke(ctx)
            finally:
                given.update(ctx.meta)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    return ExitCode.DONE


def _report(error: Exception, arguments: list[str], given: dict[str, object]) -> int:
    """Say what went wrong and return the exit code."""
    known = _known(error, given)
    if known is None:
        if "--debug" in arguments or os.environ.get("WIREWATCH_DEBUG"):
            import traceback

            _say("".join(traceback.format_exception(error)))
        message = (
            f"wirewatch: unexpected {type(error).__name__}: {error}; this is a bug, "
            "see it in full with --debug or WIREWATCH_DEBUG=1"
        )
        code = ExitCode.FAILED
    else:
        message, code = known
    if {"--json", "--jsonl", "--format=json", "--format=jsonl"}.intersection(arguments):
        from wirewatch.output import to_json

        _say(to_json({"error": {"message": message, "exit_code": int(code)}}))
    else:
        _say(message)
    return code


def _known(error: Exception, given: dict[str, object]) -> tuple[str, ExitCode] | None:
    """Return message and exit code of an error that people can do something about, or None for a bug."""
    from ingest.errors import IngestError, StoreError
    from rules.errors import RuleError, RuleErrors

    match error:
        case WirewatchError():
            known = str(error), error.exit_code
        case StoreError():
            known = _of_store(error, given), ExitCode.DATABASE
        case RuleError() | RuleErrors():
            known = error.render(), ExitCode.INVALID
        case IngestError():
            known = str(error), ExitCode.FAILED
        case click.UsageError():
            usage = f"\n{error.ctx.get_usage()}" if error.ctx else ""
            known = error.format_message() + usage, ExitCode.USAGE
        case click.ClickException():
            known = error.format_message(), ExitCode.FAILED
        case OSError():
            known = _of_system(error), ExitCode.FAILED
        case _:
            return None
    return known


def _of_store(error: StoreError, given: dict[str, object]) -> str:
    from storage.errors import StorageError
    from wirewatch.cli.wiring import Call

    return error.say(Call(given).repeated) if isinstance(error, StorageError) else str(error)


def _of_system(error: OSError) -> str:
    if error.filename:
        return f"{error.filename}: {error.strerror or error}"
    if error.errno == errno.EBADF:
        return "standard output: it is closed"
    if error.errno == errno.ENOSPC:
        return f"standard output: {error.strerror}"
    return error.strerror or str(error)


def _say(message: str) -> None:
    from wirewatch.output import clean_text

    with suppress(OSError):
        sys.stderr.write(clean_text(message) + "\n")
        sys.stderr.flush()


def _open_closed() -> None:
    """Put something in the place of standard streams that are closed (`>&-`), which are None in Python.

    Else the next file that is opened, such as the database, would be in that place. Reading gives nothing, errors
    go nowhere, and writing to the output fails.
    """
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY), "r", encoding="utf-8")
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def _prepare(out: TextIO, err: TextIO) -> None:
    """See to it that no text can fail to be written: data is UTF-8, and a terminal gets what it can show."""
    for stream in (out, err):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            if stream.isatty():
                reconfigure(errors="replace")
            else:
                reconfigure(encoding="utf-8", errors="replace")


def _discard(stream: TextIO) -> None:
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    sys.exit(main())
