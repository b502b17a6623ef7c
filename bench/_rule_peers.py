"""Other engines that can tell which of many stored queries match a text, all behind one interface.

They get texts that our tokenizer has cut into words (`Text.plain`), at no cost to them, so that they must find the
same. Costs are CPU seconds; that of PostgreSQL is the CPU of its server process.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _rule_workload import Atom, PlainRule, Text

#: Texts are indexed and queried together in so many.
BATCH = 50


class Unavailable(Exception):
    """The peer cannot run here, and why."""


class Peer(Protocol):
    """An engine that is given rules once and texts many times."""

    #: rules × texts that take some seconds; with more rules it is given fewer texts
    max_pairs: int
    #: with more it would take minutes
    max_rules: int

    def prepare(self, rules: Sequence[PlainRule]) -> None:
        """Take the rules; not counted. Raises Unavailable."""

    def match(self, texts: Sequence[Text]) -> tuple[int, float]:
        """How many pairs of rule and text match, and the CPU seconds it took."""

    def close(self) -> None:
        """Give back what was taken."""


class RegexPerRule:
    """The usual design of feed readers: each rule's regexes are run over the text."""

    max_pairs = 40_000
    max_rules = 10_000

    def prepare(self, rules: Sequence[PlainRule]) -> None:
        patterns = {pattern for rule in rules for pattern in map(self._pattern, (*rule.clauses, rule.without))}
        compiled = {pattern: re.compile(pattern) for pattern in patterns}
        self._rules = [
            (
                [compiled[self._pattern(clause)] for clause in rule.clauses],
                compiled[self._pattern(rule.without)] if rule.without else None,
            )
            for rule in rules
        ]

    def match(self, texts: Sequence[Text]) -> tuple[int, float]:
        start = time.process_time()
        found = 0
        for text in texts:
            for clauses, without in self._rules:
                if all(c.search(text.plain) for c in clauses) and not (without and without.search(text.plain)):
                    found += 1
        return found, time.process_time() - start

    def close(self) -> None:
        self._rules = []
        re.purge()

    @staticmethod
    def _pattern(atoms: tuple[Atom, ...]) -> str:
        words = [" ".join(a.words) + ("" if a.is_prefix else r"\b") for a in atoms]
        return rf"\b(?:{'|'.join(words)})"


class Fts5:
    """SQLite's full-text search in memory: a table of some texts, one MATCH for each rule."""

    max_pairs = 10_000_000
    max_rules = 1_000_000

    def prepare(self, rules: Sequence[PlainRule]) -> None:
        self._queries = [(fts5_query(rule),) for rule in rules]

    def match(self, texts: Sequence[Text]) -> tuple[int, float]:
        start = time.process_time()
        found = 0
        for first in range(0, len(texts), BATCH):
            with_texts = sqlite3.connect(":memory:")
            with_texts.execute("CREATE VIRTUAL TABLE texts USING fts5(text, content='', tokenize=\"unicode61\")")
            rows = [(text.plain,) for text in texts[first : first + BATCH]]
            with_texts.executemany("INSERT INTO texts(text) VALUES (?)", rows)
            for query in self._queries:
                found += len(with_texts.execute("SELECT rowid FROM texts WHERE texts MATCH ?", query).fetchall())
            with_texts.close()
        return found, time.process_time() - start

    def close(self) -> None:
        self._queries = []


def fts5_query(rule: PlainRule) -> str:
    """The rule in the notation of FTS5."""

    def any_of(atoms: tuple[Atom, ...]) -> str:
        return "(" + " OR ".join(f'"{" ".join(a.words)}"{"*" * a.is_prefix}' for a in atoms) + ")"

    clauses = " AND ".join(map(any_of, rule.clauses))
    return f"({clauses}) NOT {any_of(rule.without)}" if rule.without else clauses


class Tantivy:
    """The Rust library of Lucene's kind, by tantivy-py: an index of some texts in memory, one search for each rule."""

    max_pairs = 20_000_000
    max_rules = 1_000_000

    def prepare(self, rules: Sequence[PlainRule]) -> None:
        try:
            import tantivy
        except ImportError:
            raise Unavailable("tantivy is not installed (pip install 'wirewatch[bench]')") from None
        self._tantivy: Any = tantivy
        self._schema = tantivy.SchemaBuilder().add_text_field("text", stored=False).build()
        self._queries = [self._query(rule) for rule in rules]

    def match(self, texts: Sequence[Text]) -> tuple[int, float]:
        start = time.process_time()
        found = 0
        for first in range(0, len(texts), BATCH):
            index = self._tantivy.Index(self._schema)
            writer = index.writer(heap_size=15_000_000, num_threads=1)
            for text in texts[first : first + BATCH]:
                writer.add_document(self._tantivy.Document(text=[text.plain]))
            writer.commit()
            writer.wait_merging_threads()
            index.reload()
            searcher = index.searcher()
            for query in self._queries:
                found += len(searcher.search(query, limit=BATCH, count=False).hits)
        return found, time.process_time() - start

    def close(self) -> None:
        self._queries = []

    def _query(self, rule: PlainRule) -> Any:
        occur, query = self._tantivy.Occur, self._tantivy.Query
        parts = [(occur.Must, self._any_of(clause)) for clause in rule.clauses]
        parts += [(occur.MustNot, self._any_of(rule.without))] if rule.without else []
        return parts[0][1] if len(parts) == 1 else query.boolean_query(parts)

    def _any_of(self, atoms: tuple[Atom, ...]) -> Any:
        parts = [(self._tantivy.Occur.Should, self._atom(atom)) for atom in atoms]
        return parts[0][1] if len(parts) == 1 else self._tantivy.Query.boolean_query(parts)

    def _atom(self, atom: Atom) -> Any:
        query = self._tantivy.Query
        if atom.is_prefix:
            return query.regex_query(self._schema, "text", f"{atom.words[0]}.*")
        if len(atom.words) > 1:
            return query.phrase_query(self._schema, "text", list(atom.words))
        return query.term_query(self._schema, "text", atom.words[0], index_option="basic")


class Postgres:
    """PostgreSQL: a table of tsquery, and for each text one SELECT with `@@`. A server of its own, on a socket."""

    max_pairs = 10_000_000
    max_rules = 1_000_000

    def __init__(self) -> None:
        self._folder: Path | None = None

    def prepare(self, rules: Sequence[PlainRule]) -> None:
        if self._folder is None:
            self._start()
        rows = "\n".join(tsquery(rule).replace("\\", "\\\\") for rule in rules)
        self._run(
            "DROP TABLE IF EXISTS rules; CREATE TABLE rules (q tsquery);\n"
            f"COPY rules FROM STDIN;\n{rows}\n\\.\nVACUUM ANALYZE rules;\n"
        )

    def match(self, texts: Sequence[Text]) -> tuple[int, float]:
        clock = "SELECT pg_read_file('/proc/self/stat');\n"
        one = "SELECT count(*) FROM rules, (SELECT to_tsvector('simple', '{}') AS t OFFSET 0) AS x WHERE t @@ q;\n"
        lines = self._run(clock + "".join(one.format(text.plain) for text in texts) + clock).split("\n")
        lines = [line for line in lines if line]
        ticks = [sum(map(int, line.rpartition(")")[2].split()[11:13])) for line in (lines[0], lines[-1])]
        return sum(map(int, lines[1:-1])), (ticks[1] - ticks[0]) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        if self._folder is not None:
            self._call("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "stop")
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _start(self) -> None:
        missing = [name for name in ("initdb", "pg_ctl", "psql") if not shutil.which(name)]
        if missing:
            raise Unavailable(f"no {', '.join(missing)} on the PATH")
        self._user = _find_user()
        folder = Path(tempfile.mkdtemp(prefix="wirewatch-bench-"))
        if self._user:
            shutil.chown(folder, self._user)
        self._folder = folder
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c jit=off -c fsync=off"
        options += " -c max_parallel_workers_per_gather=0"
        try:
            self._call("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", "bench", "-E", "UTF8", "--locale=C")
            log = str(folder / "log")
            self._call("pg_ctl", "-D", str(folder / "data"), "-l", log, "-w", "-o", options, "start")
        except subprocess.CalledProcessError as error:
            shutil.rmtree(folder, ignore_errors=True)
            self._folder = None
            raise Unavailable(f"no server could be started: {(error.stderr or error.stdout)[-200:]}") from None

    def _call(self, *command: str) -> None:
        # pg_ctl leaves the server its own output, which must not be a pipe that somebody waits for.
        with tempfile.TemporaryFile("w+") as out:
            done = subprocess.run(command, check=False, stdout=out, stderr=out, user=self._user, cwd=self._folder)
            out.seek(0)
            if done.returncode:
                raise subprocess.CalledProcessError(done.returncode, command, out.read())

    def _run(self, script: str) -> str:
        command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", str(self._folder), "-U", "bench", "postgres"]
        return subprocess.run(command, check=True, input=script, capture_output=True, text=True).stdout


def tsquery(rule: PlainRule) -> str:
    """The rule in the notation of PostgreSQL."""

    def any_of(atoms: tuple[Atom, ...]) -> str:
        return "(" + " | ".join(" <-> ".join(f"'{w}'{':*' * a.is_prefix}" for w in a.words) for a in atoms) + ")"

    clauses = " & ".join(map(any_of, rule.clauses))
    return f"{clauses} & !{any_of(rule.without)}" if rule.without else clauses


def _find_user() -> str | None:
    """Whom the server can run as: PostgreSQL refuses root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise Unavailable("PostgreSQL does not run as root, and there is no user postgres or nobody")


PEERS: dict[str, type[Peer]] = {
    "regex_per_rule": RegexPerRule,
    "sqlite_fts5": Fts5,
    "tantivy": Tantivy,
    "postgresql": Postgres,
}
