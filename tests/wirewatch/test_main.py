"""The console script: what it imports, how it ends, and that nothing ends in a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import click
import pytest

from storage.migrate import run_scripts
from storage.sqlite_file import migrating_engine
from wirewatch.__main__ import main
from wirewatch.cli.root import COMMANDS, wirewatch
from wirewatch.errors import ExitCode

HEAVY = {"sqlalchemy", "httpx2", "trafilatura", "rich", "pydantic", "alembic", "feedparser", "msgspec", "tomlkit"}


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["--version"], ["feeds", "--help"], ["nonsense"]])
def test_help_imports_nothing_heavy(arguments):
    code = (
        "import sys; from wirewatch.__main__ import main; main(sys.argv[1:]);"
        f"sys.exit(' '.join({HEAVY!r} & {{name.partition('.')[0] for name in sys.modules}}))"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    # sys.exit("") is 1 with an empty line
    assert done.stderr.strip().splitlines()[-1:] in ([], [""]) or not HEAVY & set(done.stderr.split())


def test_without_arguments_it_says_where_to_begin(capsys):
    assert main([]) == ExitCode.DONE
    out = capsys.readouterr().out
    assert "wirewatch demo" in out
    assert "wirewatch init" in out


def test_help_lists_every_command_with_its_own_line(capsys):
    assert main(["--help"]) == ExitCode.DONE
    out = capsys.readouterr().out
    ctx = click.Context(wirewatch)
    for name, (_, line) in COMMANDS.items():
        assert f"  {name} " in out
        command = wirewatch.get_command(ctx, name)
        assert command is not None
        assert command.get_short_help_str(limit=200).rstrip(".") == line.rstrip(".")


def test_every_command_has_help_and_takes_the_global_options_in_both_places(capsys):
    def walk(command, path):
        assert main([*path, "--help"]) == ExitCode.DONE
        out = capsys.readouterr().out
        assert "--config DIR" in out
        assert "--db URL" in out
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{path}: {parameter.name} has no help"
        if isinstance(command, click.Group):
            for name in command.list_commands(click.Context(command)):
                walk(command.get_command(click.Context(command), name), [*path, name])

    walk(wirewatch, [])


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["matchs"], ExitCode.USAGE, "no such command: matchs; did you mean matches?"),
        (["feeds", "lst"], ExitCode.USAGE, "no such command: lst; did you mean list?"),
        (["matches", "--sinse", "2d"], ExitCode.USAGE, "--since"),
        (["matches", "--limit", "x"], ExitCode.USAGE, "'x' is not a valid integer"),
        (["--config", "nowhere", "stats"], ExitCode.INVALID, "nowhere: no such config directory (from --config)"),
        (["stats", "--config", "nowhere"], ExitCode.INVALID, "create it with: wirewatch init nowhere"),
    ],
)
def test_a_foreseeable_error_is_one_clear_line_with_its_exit_code(capsys, arguments, code, message):
    assert main(arguments) == code
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err


def test_with_json_an_error_is_one_object(capsys):
    assert main(["--config", "nowhere", "stats", "--json"]) == ExitCode.INVALID
    told = json.loads(capsys.readouterr().err)
    assert told["error"]["exit_code"] == 4
    assert told["error"]["message"].startswith("nowhere: no such config directory")


def test_a_bug_is_one_line_and_a_traceback_only_when_asked_for(capsys, monkeypatch):
    monkeypatch.setitem(COMMANDS, "matches", ("wirewatch.cli.nowhere:matches", ""))
    assert main(["matches"]) == ExitCode.FAILED
    err = capsys.readouterr().err
    assert err.startswith("wirewatch: unexpected ModuleNotFoundError: ")
    assert len(err.splitlines()) == 1
    main(["--debug", "matches"])
    assert "Traceback" in capsys.readouterr().err
    monkeypatch.setenv("WIREWATCH_DEBUG", "1")
    main(["matches"])
    assert "Traceback" in capsys.readouterr().err


def test_a_closed_pipe_is_no_error():
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "wirewatch", "--help"], stdout=closed, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_is_told(capsys):
    with open("/dev/full", "w") as full:  # noqa: PTH123  # a device
        done = subprocess.run(
            [sys.executable, "-m", "wirewatch", "--help"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == ExitCode.FAILED
    assert done.stderr.decode().strip() == "standard output: No space left on device"


COMMANDS_WITH_OUTPUT = [
    ["--help"],
    ["feeds", "list"],
    ["rules", "list", "--json"],
    ["rules", "list", "--format", "table"],
]


@pytest.mark.parametrize("arguments", COMMANDS_WITH_OUTPUT, ids=" ".join)
@pytest.mark.parametrize("where", [">&-", ">/dev/full"])
def test_an_output_that_cannot_be_written_is_one_line(tmp_path, arguments, where):
    (tmp_path / "rules").mkdir()
    topics = "".join(f"topic many-{number}\n    match word{number}\n" for number in range(1000))
    (tmp_path / "rules" / "many.rules").write_text(topics)
    feeds = "".join(f'[[feeds]]\nurl = "https://{number}.example/rss"\n' for number in range(1000))
    (tmp_path / "feeds.toml").write_text(feeds)
    command = [sys.executable, "-m", "wirewatch", "--config", str(tmp_path), *arguments]
    done = subprocess.run(["sh", "-c", f'exec "$@" {where}', "sh", *command], capture_output=True, check=False)
    assert done.returncode == ExitCode.FAILED
    assert "standard output: " in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1, done.stderr.decode()


def test_with_every_stream_closed_nothing_is_written_into_the_database(tmp_path):
    """The file that is opened first would take the place of standard output."""
    command = [sys.executable, "-m", "wirewatch", "init", str(tmp_path / "mine")]
    subprocess.run(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command], check=False)
    database = tmp_path / "mine" / "wirewatch.db"
    database.write_bytes(b"")
    migrating = migrating_engine(database)
    with migrating.begin() as connection:
        run_scripts(connection, "0003")
    migrating.dispose()
    command[3:] = ["--config", str(tmp_path / "mine"), "db", "upgrade"]
    done = subprocess.run(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command], check=False)
    assert done.returncode == 0
    assert database.read_bytes().startswith(b"SQLite format 3\0")


def test_an_interrupt_ends_with_130(monkeypatch, capsys):
    @click.command()
    def slow():
        raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "wirewatch_slow", type(sys)("wirewatch_slow"))
    sys.modules["wirewatch_slow"].slow = slow
    monkeypatch.setitem(COMMANDS, "matches", ("wirewatch_slow:slow", ""))
    assert main(["matches"]) == ExitCode.INTERRUPTED
    assert capsys.readouterr().err == "interrupted\n"


def test_shell_completion_knows_the_commands():
    environ = os.environ | {"_WIREWATCH_COMPLETE": "bash_complete", "COMP_WORDS": "wirewatch ma", "COMP_CWORD": "1"}
    done = subprocess.run([sys.executable, "-m", "wirewatch"], env=environ, capture_output=True, text=True, check=False)
    assert "matches" in done.stdout
