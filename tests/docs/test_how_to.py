"""The how-to pages are true: their commands are run from top to bottom, and print what stands below them.

Each page starts with the demo's configuration and database in the working directory, and the outlets of the sample
newsroom go on answering (`wirewatch demo --stay`), at port 8800 on the pages. A block marked with a language
and the name of a file is written to that file; a block marked `console` is run. A comment `<!-- edit: … -->` before
one is what happens in the editor: a command for sed; `answer: …` in it is what is typed then. What changes from run
to run (ids, times, ports, directories, the widths of columns) is levelled; a line `...` stands for what is left out.
"""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "how-to"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")

BLOCK = re.compile(
    r"(?:<!-- edit: (.*?)(?:; answer: (\w+))? -->\n)?^```(\w+) ?(\S*)\n(.*?)^```", re.MULTILINE | re.DOTALL
)
#: The ids of articles depend on which page was fetched first; on the pages they are these.
ARTICLES = {
    10: ("127.0.1.8", "Port of Vellmar: third-quarter notice"),
    11: ("127.0.1.4", "In praise of dullness: what nine small states share"),
    13: ("127.0.1.1", "Allies promise Ukraine more air defence but name no date"),
    14: ("127.0.1.1", "Insurers redraw their line across the northern Black Sea"),
    16: ("127.0.1.3", "A ferry pilot remembers the strait"),
    18: ("127.0.1.9", "Allies pledge missiles for Ukraine, without a date"),
    22: ("127.0.1.8", "Port of Ostrana: third-quarter notice"),
}
#: The port of the outlets on the pages.
PORT = re.compile(r"(?<=127\.0\.1\.\d:)8800\b")
#: What `wirewatch demo --stay` prints when it is done.
STAYS = re.compile(r"http://127\.0\.1\.1:(\d+)/, go on answering")
#: Commands that take the id of an article or, the last one, of its story.
TAKES_ID = re.compile(r"wirewatch (rules explain|show|why-copy|story) ")


@dataclass(frozen=True)
class Step:
    """A file to write, or a command to run with the lines that it is said to print."""

    file: str = ""
    content: str = ""
    command: str = ""
    lines: tuple[str, ...] = ()
    edit: str = ""
    answer: str = ""


def steps(text):
    """What a page asks for, in order."""
    found = []
    for edit, answer, language, file, content in BLOCK.findall(text):
        if file:
            found.append(Step(file=file, content=content))
        elif language == "console":
            for part in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
                command, *lines = part.rstrip("\n").split("\n")
                while command.endswith("\\"):
                    command = f"{command[:-1]}{lines.pop(0)}"
                found.append(Step(command=command, lines=tuple(lines), edit=edit, answer=answer))
    return found


def run_on_a_terminal(command, folder, **environment):
    """What a command of the shell prints on a terminal of 110 columns: no bold, and not what it took back."""
    controller, terminal = pty.openpty()
    environment = os.environ | {"COLUMNS": "110", "TERM": "xterm", "NO_COLOR": "1"} | environment
    with subprocess.Popen(
        ["sh", "-c", command], stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal, env=environment, cwd=folder
    ):
        os.close(terminal)
        parts = []
        # The end of the other side is told as an error by Linux.
        with suppress(OSError):
            while part := os.read(controller, 65536):
                parts.append(part)
    os.close(controller)
    printed = b"".join(parts).decode().replace("\r\n", "\n")
    return re.sub(r"\x1b\[[\d;]*m", "", re.sub(r"\r[^\n]*\x1b\[K", "", printed))


@dataclass(frozen=True)
class Demo:
    """The directory that `wirewatch demo` leaves behind, and the port of its outlets."""

    folder: Path
    port: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A demo whose outlets go on answering."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "wirewatch", "demo", "--stay"]
    environment = os.environ | {"TMPDIR": str(folder)}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as program:
        printed = []
        port = None
        # The last line comes when all is stored; without it the output ends, and so does this.
        for line in program.stdout:
            printed.append(line)
            if port := STAYS.search(line):
                break
        try:
            (found,) = folder.glob("wirewatch-demo-*")
            assert port, "".join(printed)
            yield Demo(found, port[1])
        finally:
            # Not SIGINT, which is ignored by what was started in the background of a script.
            program.terminate()
            program.wait(timeout=30)


class Shell:
    """Runs the steps of one page in a copy of the demo's directory."""

    def __init__(self, demo, folder):
        self.folder = folder / "news"
        self.port = demo.port
        shutil.copytree(demo.folder, self.folder)
        programs = folder / "bin"
        programs.mkdir()
        for name, command in {"wirewatch": "-m wirewatch", "python": ""}.items():
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {command} "$@"\n')
            program.chmod(0o755)
        self.environment = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "TMPDIR": str(folder)}
        told = subprocess.run(
            [sys.executable, "-m", "wirewatch", "articles", "--json", "--limit", "0"],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )
        rows = {(row["source"], row["title"]): row for row in json.loads(told.stdout)}
        self.database = "news"
        self.articles = {number: rows[article] for number, article in ARTICLES.items()}

    def use_server(self, url):
        """Let the database `postgresql:///news` of the page be the one at *url*."""
        from sqlalchemy import make_url

        address = make_url(url)
        host = address.query.get("host") or address.host
        given = {"PGHOST": host, "PGUSER": address.username, "PGPASSWORD": address.password, "PGPORT": address.port}
        self.environment |= {name: str(value) for name, value in given.items() if value}
        self.database = address.database

    def run(self, step):
        """Do what the step says; return what it printed."""
        name, used = "postgresql:///news", f"postgresql:///{self.database}"
        return self.run_as_it_is(replace(step, command=step.command.replace(name, used))).replace(used, name)

    def run_as_it_is(self, step):
        """The same with the database that is named."""
        if step.file:
            (self.folder / step.file).write_text(PORT.sub(self.port, step.content), encoding="utf-8")
            return ""
        command = PORT.sub(self.port, self.with_ids(step.command))
        if not step.edit:
            return run_on_a_terminal(command, self.folder, **self.environment)
        editor = f"sed -i {shlex.quote(step.edit)}"
        typed = f"printf '{step.answer}\\n' | {command.split(' ', 1)[1]}"
        assert command.startswith("EDITOR="), "the page shows how the editor is chosen"
        return run_on_a_terminal(typed, self.folder, EDITOR=editor, **self.environment)

    def end_what_goes_on(self):
        """End what a page has started and noted in a file NAME.pid, where it has not come to do so itself."""
        for file in self.folder.glob("*.pid"):
            with suppress(OSError):
                number = int(file.read_text())
                if b"wirewatch" in Path(f"/proc/{number}/cmdline").read_bytes():
                    os.kill(number, signal.SIGKILL)

    def with_ids(self, command):
        """The command with the ids of this run; other numbers, such as that of a version, stay."""
        named = TAKES_ID.match(command)
        if named is None:
            return command
        name = "story" if named[1] == "story" else "id"
        known = {str(number): str(row[name]) for number, row in self.articles.items()}
        return re.sub(r"(?<= )\d+\b", lambda found: known.get(found[0], found[0]), command)


def levelled(line):
    line = re.sub(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d|T[\d:.]+Z)", "TIME", line)
    line = re.sub(r"(127\.[\d.]+):\d+", r"\1:PORT", line)
    line = re.sub(r"/\S*?/(?=rules/|wirewatch-edit-|feeds\.toml|secrets/)", "FOLDER/", line)
    line = re.sub(r"(?<=wirewatch-edit-)\w+", "NAME", line)
    line = re.sub(
        r"(?<=article )\d+|(?<=entry )\d+|(?<=of the lead )\d+|(?<=story )\d+|(?<=rules explain )\d+", "ID", line
    )
    line = re.sub(r"^story +\d+", "story ID", line)
    # Ids stand at the beginning of an article of a story, and of a story.
    line = re.sub(r"^ +\d+ +(?=127\.)|^\d+ {2,}(?=\w)", "ID ", line)
    # Weights of facts, which are tuned.
    line = re.sub(r"(?<![\d.])\d+\.\d+(?![\d.])", "N", line)
    line = re.sub(r"^\d+\t", "ID ", line)
    # What was typed is not printed where no terminal is typed at.
    line = re.sub(r"((?:\(q\)uit|\(yes or no\)).*:).*", r"\1", line)
    # In a listing, ids stand between words that have no spaces and the title, with columns of spaces around.
    line = re.sub(r"^([\w-]+(?: +[\w-]+\.\d+)*)(?: {2,}\d+){1,2} {2,}(?=\S)", r"\1 ID ", line)
    # A table cuts titles where its columns need the room.
    line = re.sub(r"(\w{3})[^…]{0,40}…", r"\1…", line)
    return " ".join(line.split())


def test_there_are_pages_and_the_index_names_each_of_them():
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert len(PAGES) >= 5
    assert re.findall(r"\]\(([\w-]+\.md)\)", index) != []
    assert set(re.findall(r"\]\(([\w-]+\.md)\)", index)) == {page.name for page in PAGES}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_print_what_it_says(page, demo, tmp_path, request):
    shell = Shell(demo, tmp_path)
    asked = steps(page.read_text(encoding="utf-8"))
    with ExitStack() as stack:
        if any("postgresql:" in step.command for step in asked):
            module, server = request.getfixturevalue("postgresql_server"), request.getfixturevalue("server")
            shell.use_server(stack.enter_context(module.new_database(server)))
        stack.callback(shell.end_what_goes_on)
        check(shell, asked)


def check(shell, asked):
    assert any(step.command for step in asked)
    for step in asked:
        printed = shell.run(step)
        known = {levelled(line) for line in printed.splitlines()}
        missing = [line for line in step.lines if line != "..." and levelled(line) not in known]
        assert not missing, f"not printed by {step.command}:\n" + "\n".join(missing) + f"\n--- printed:\n{printed}"


@pytest.mark.parametrize("page", [*PAGES, FOLDER / "README.md"], ids=lambda page: page.stem)
def test_the_links_of_a_page_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
