"""What `wirewatch doctor` looks at. Each check says how one thing stands, and what to do where it is not well.

Nothing is changed and nothing is fetched. A check never raises: what it cannot look at is its finding.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from wirewatch.accountcheck import check_account, check_redo
from wirewatch.check import fail, ok, warn
from wirewatch.configcheck import check_cautions, check_proxy, check_sites, check_websub
from wirewatch.errors import ConfigError, ExitCode
from wirewatch.feedhealth import check_feeds, check_secrets
from wirewatch.rulebook import name_some
from wirewatch.workcheck import check_work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from storage.address import SqliteFile
    from storage.listings import Listings
    from storage.records import StatsRecord
    from wirewatch.check import Check
    from wirewatch.feedlist import FeedLine
    from wirewatch.places import ConfigDir
    from wirewatch.rulestate import RuleState
    from wirewatch.settings import Settings

#: The program was made later than this, so a clock that says otherwise is wrong.
MADE = datetime(2026, 11, 1, tzinfo=UTC)
#: Gaps are counted over so long: old ones say nothing of how a feed is doing.
LATELY = timedelta(days=30)
#: Clocks differ by seconds; this is more.
CLOCK_SLACK = timedelta(minutes=5)
#: below this, a day of news may not fit
LOW_SPACE_BYTES = 500_000_000
#: of many topics or problems of one kind, so many are told
MOST_TOLD = 20
PACKAGES = ("rules", "ingest", "storage", "wirewatch")


def check_packages() -> Iterator[Check]:
    """The four packages must be ours: PyPI has a package `rules` too, and the last one installed wins."""
    from importlib.util import find_spec

    parents: dict[str, Path | None] = {name: _parent_of(find_spec(name)) for name in PACKAGES}
    ours = parents["wirewatch"]
    strangers = [f"{name} comes from {parent}" for name, parent in parents.items() if parent != ours]
    if strangers:
        fix = "another package has the same name; install wirewatch in an environment of its own (pipx, uv tool)"
        yield fail("packages", f"{'; '.join(strangers)}, wirewatch from {ours}; {fix}", ExitCode.INVALID)
    else:
        yield ok("packages", f"all four come from {ours}")


def _parent_of(spec: object) -> Path | None:
    from pathlib import Path

    origin = getattr(spec, "origin", None)
    return Path(origin).resolve().parent.parent if isinstance(origin, str) else None


def check_contact(settings: Settings) -> Iterator[Check]:
    """Servers should be able to see who asks; without that it works, and is blocked sooner."""
    fetch = settings.fetch
    if fetch.contact or fetch.user_agent:
        yield ok("contact", f"servers are told: {fetch.user_agent or fetch.contact}")
    else:
        fix = "write an address of yours, of a web page or of mail, into the setting fetch.contact"
        yield warn("contact", f"servers are not told who asks, and block unknown programs sooner; {fix}")


def check_feeds_file(config: ConfigDir) -> Iterator[Check]:
    """feeds.toml must be readable."""
    from wirewatch.feedlist import read_feeds

    try:
        feeds = read_feeds(config.feeds_file)
    except ConfigError as e:
        yield from (fail("feeds.toml", line, ExitCode.INVALID) for line in str(e).splitlines())
        return
    if not feeds:
        yield warn("feeds.toml", f"{config.feeds_file} lists no feed; add one with", "feeds add ADDRESS")
        return
    paused = sum(feed.is_paused for feed in feeds)
    told = f", {paused} of them paused" if paused else ""
    count = "1 feed" if len(feeds) == 1 else f"{len(feeds)} feeds"
    yield ok("feeds.toml", f"{count} in {config.feeds_file}{told}")
    yield from check_secrets(feeds)


def check_rules(config: ConfigDir) -> Iterator[Check]:
    """Every rule must be understood, and every test in the rule files come true."""
    from wirewatch.rulecheck import find_problems, load

    try:
        loaded = load(config.rules_dir)
    except ConfigError as e:
        yield fail("rules", str(e), ExitCode.INVALID)
        return
    problems = find_problems(loaded)
    for problem in problems[:MOST_TOLD]:
        place = f"{problem.file}:{problem.line}:{problem.column}"
        yield fail("rules", f"{place}: {problem.code} {problem.message}", ExitCode.INVALID)
    if len(problems) > MOST_TOLD:
        yield fail("rules", _and_more(len(problems)), ExitCode.INVALID, "rules check")
    if not problems and not loaded.topics:
        fix = "write one into a file there whose name ends in .rules"
        yield warn("rules", f"no topic in {config.rules_dir}, so nothing is matched; {fix}")
    elif not problems:
        yield ok("rules", f"{len(loaded.topics)} topics in {config.rules_dir}, their tests come true")


def check_rules_in_force(config: ConfigDir, listings: Listings, *, is_running: bool, now: datetime) -> Iterator[Check]:
    """What is in force should be what the files say, and what was found before should be found by it too.

    *is_running*: a daemon, or a command that writes, is at work on the database.
    """
    from wirewatch.rulecheck import load
    from wirewatch.rulestate import compare_rules

    try:
        loaded = load(config.rules_dir)
    except ConfigError:
        yield warn("in force", "the rules that were last read, as long as the folder cannot be read")
        return
    state = compare_rules(loaded, listings.topics(), listings.rule_problems())
    for topic in state.held[:MOST_TOLD]:
        since = "" if topic.held_since is None else f", held since {_minute(topic.held_since)}"
        version = f"{topic.version} of {_minute(topic.known_since)}"
        said = f"topic {topic.topic} is not understood: its last good version is in force"
        yield warn("in force", f"{said}, {version}{since}")
    if len(state.held) > MOST_TOLD:
        yield warn("in force", _and_more(len(state.held)), "rules list")
    for name in state.absent[:MOST_TOLD]:
        yield warn("in force", f"topic {name} is not understood: it was never understood and matches nothing")
    if len(state.absent) > MOST_TOLD:
        yield warn("in force", _and_more(len(state.absent)), "rules check")
    known = f"{state.topics} topic{'' if state.topics == 1 else 's'}, rules version {state.version}"
    if state.is_as_files_say:
        yield ok("in force", known)
    else:
        differ = f"{known}; the files differ ({_difference(state)})"
        if is_running:
            yield warn("in force", f"{differ}: the daemon reads them at its next tick")
        else:
            yield warn("in force", f"{differ}: no daemon runs; they are read by", "once")
    yield from _check_applied(listings)
    stale = sum(hits.stale for hits in listings.topic_hits(today=now, week=now))
    if stale:
        told = "1 match was" if stale == 1 else f"{stale} matches were"
        yield warn(
            "matches", f"{told} found by an earlier version of the topic; bring them up to date with", "rules apply"
        )


def _check_applied(listings: Listings) -> Iterator[Check]:
    """Every topic in force should have been applied to what was stored before it."""
    behind = [topic.name for topic in listings.topics() if topic.is_active and topic.is_behind]
    if behind:
        told = f"never applied to the articles stored before: {name_some(behind)}"
        yield warn("matches", f"{told}; apply to stored articles", "rules apply")


def check_copies(listings: Listings) -> Iterator[Check]:
    """New articles are compared with those whose fingerprints are of the present algorithm."""
    from ingest.copies.fingerprint import FINGERPRINT_ALG

    outdated = listings.articles_of_other_algorithms(FINGERPRINT_ALG)
    unfinished = listings.unfinished_rebuild()
    if outdated:
        yield warn("copies", f"{outdated_fingerprints(outdated)}; compare them once more", "copies rebuild")
    elif unfinished is not None:
        how = f"the rebuild begun at {_minute(unfinished.started_at)} is at work, or was interrupted"
        yield warn("copies", f"{how}; then go on with", "copies rebuild")
    else:
        yield ok("copies", "the fingerprints of all articles are of the present algorithm")


def outdated_fingerprints(articles: int) -> str:
    """Say what it means that so many have a fingerprint of another algorithm."""
    told = "1 article has a fingerprint" if articles == 1 else f"{articles:,} articles have fingerprints"
    return f"{told} of another version, so that new articles find no copies among them"


def _difference(state: RuleState) -> str:
    parts = (("new", state.new), ("changed", state.changed), ("gone", state.gone))
    return "; ".join(f"{what}: {name_some(names)}" for what, names in parts if names)


def _and_more(number: int) -> str:
    return f"… and {number - MOST_TOLD:,} more; see"


def _minute(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"


def check_database(settings: Settings) -> Iterator[Check]:
    """The file must be there, of this version, whole, and on a disk with some room."""
    from ingest.errors import StoreError
    from storage.address import SqliteFile
    from storage.migrate import SchemaState, status

    try:
        found = status(settings.database.url)
        if found.state not in {SchemaState.CURRENT, SchemaState.AHEAD}:
            fix, command = {
                SchemaState.MISSING: ("create it with", "init"),
                SchemaState.OUT_OF_DATE: ("upgrade it with", "db upgrade"),
                SchemaState.NEWER: ("it was made by a later version: upgrade the program", ""),
            }[found.state]
            message = f"{found.database.shown}: {found.state.replace('_', ' ')}; {fix}"
            yield fail("database", message, ExitCode.DATABASE, command)
            return
        damage, is_index = "", False
        if isinstance(found.database, SqliteFile):
            damage, is_index = _quick_check(found.database.path)
    except StoreError as e:
        yield fail("database", str(e), ExitCode.DATABASE)
        return
    if is_index:
        message = f"{found.database.shown}: the index of the search is damaged, and nothing is lost by that"
        yield fail("database", f"{message}; make it anew with", ExitCode.DATABASE, "db reindex")
        return
    if damage:
        fix = "restore a backup, or save what is left with: sqlite3 FILE .recover"
        yield fail("database", f"{found.database.shown}: damaged: {damage}; {fix}", ExitCode.DATABASE)
        return
    size = f"{(found.bytes or 0) / 1e6:.1f} MB"
    if found.state is SchemaState.AHEAD:
        told = f"{found.database.shown}: schema {found.revision} is newer than {found.needed}"
        yield warn("database", f"{told}, and suits this version for now; upgrade the program")
        return
    if not isinstance(found.database, SqliteFile):
        yield ok("database", f"{found.database.shown}: schema {found.revision} is current, {size}")
        return
    yield ok("database", f"{found.database.shown}: schema {found.revision} is current, whole, {size}")
    yield _check_log(found.database)
    yield _check_disk(found.database, settings.store.min_free_mb)


def _check_log(database: SqliteFile) -> Check:
    """The log of writes is a small part of the database, unless a reader holds it back."""
    from storage.sqlite_file import WAL_LIMIT_BYTES, wal_bytes

    size = wal_bytes(database.path)
    told = f"the write-ahead log has {size / 1e6:.1f} MB"
    if size > 2 * WAL_LIMIT_BYTES:
        return warn("wal", f"{told}: a program that reads the database for long holds it back; end it")
    return ok("wal", told)


def _check_disk(database: SqliteFile, min_free_mb: int) -> Check:
    from wirewatch.space import free_at, judge

    folder = database.path.parent
    room = judge(free_at(database), min_free_mb * 1_000_000, was_enough=True)
    if room.free_bytes is None:
        return warn("disk", f"how much is free at {folder} cannot be known")
    if not room.is_enough:
        fix = "nothing new is taken until there is more; forget what is old with"
        return fail("disk", f"only {room.tell()}: {fix}", ExitCode.DATABASE, "db prune")
    if room.free_bytes < LOW_SPACE_BYTES:
        return warn("disk", f"only {room.free_bytes / 1e6:.0f} MB are free at {folder}")
    return ok("disk", f"{room.free_bytes / 1e9:.1f} GB are free")


def check_consistency(settings: Settings) -> Iterator[Check]:
    """What came in last must be in step; `db check` looks at everything."""
    from ingest.errors import StoreError
    from storage.checking.examination import examine as examine_rows
    from storage.checking.spans import Depth

    try:
        found = list(examine_rows(settings.database.url, Depth.SOON))
    except StoreError as e:
        yield fail("rows", str(e), ExitCode.DATABASE)
        return
    for each in found[:MOST_TOLD]:
        yield fail("rows", f"{each.message}; {each.fix.words}", ExitCode.DATABASE, each.fix.command)
    if not found:
        yield ok("rows", "entries, texts, index and fingerprints are in step, as far as the newest show")


def _quick_check(path: Path) -> tuple[str, bool]:
    """Return what SQLite finds wrong with the file, or "", and whether only the index of the search is damaged."""
    from contextlib import closing

    from storage.sqlite_file import connect, damages
    from storage.translation import translated

    with translated(str(path)), closing(connect(path, "ro")) as connection:
        return damages(connection, path)


def check_content(stats: StatsRecord, now: datetime) -> Iterator[Check]:
    """The clock must not be behind what is stored, and something should have been polled lately."""
    yield from _check_clock(stats, now)
    if stats.last_poll_at is None:
        yield warn("polls", "nothing was ever polled; poll with", "once")
    elif now - stats.last_poll_at > timedelta(days=2):
        yield warn("polls", f"the last poll was at {stats.last_poll_at:%Y-%m-%d %H:%M} UTC; is the daemon running?")
    else:
        yield ok("polls", f"the last poll was at {stats.last_poll_at:%Y-%m-%d %H:%M} UTC")


def _check_clock(stats: StatsRecord, now: datetime) -> Iterator[Check]:
    newest = max((t for t in (stats.last_poll_at, stats.last_article_at) if t is not None), default=None)
    if now < MADE:
        yield warn("clock", f"says {now:%Y-%m-%d %H:%M} UTC, before this program was made; set it")
    elif newest is not None and newest > now + CLOCK_SLACK:
        fix = "set the clock; until then nothing is due and new dates are wrong"
        written = f"the database was written at {newest:%Y-%m-%d %H:%M}"
        yield warn("clock", f"says {now:%Y-%m-%d %H:%M} UTC, but {written}; {fix}")
    else:
        yield ok("clock", f"{now:%Y-%m-%d %H:%M} UTC")


def _listed(config: ConfigDir) -> tuple[FeedLine, ...] | None:
    """The feeds of feeds.toml; None where it is invalid, which is told where it is looked at."""
    from wirewatch.feedlist import read_feeds

    try:
        return read_feeds(config.feeds_file)
    except ConfigError:
        return None


def examine(
    config: Callable[[], ConfigDir], settings: Callable[[ConfigDir], Settings], now: datetime
) -> Iterator[Check]:
    """Yield every check, in the order in which one builds on the other.

    *config* finds the config directory and *settings* reads it; both may raise ConfigError, which is a finding.
    """
    yield from check_packages()
    try:
        found = config()
        read = settings(found)
    except ConfigError as e:
        yield from (fail("settings", line, ExitCode.INVALID) for line in str(e).splitlines())
        return
    yield ok("settings", f"{found.path} ({found.origin})")
    yield from check_contact(read)
    yield from check_proxy(read)
    yield from check_websub(read)
    yield from check_feeds_file(found)
    yield from check_sites(found)
    yield from check_cautions(found, read)
    yield from check_rules(found)
    database = list(check_database(read))
    yield from database
    if all(check.exit_code is ExitCode.DONE for check in database):
        from storage.address import read_address
        from storage.listings import Listings
        from storage.lock import is_locked

        with Listings(read.database.url) as listings:
            stats = listings.stats()
            yield from check_content(stats, now)
            yield from check_account(stats)
            yield from check_feeds(listings.feeds(since=now - LATELY), now, _listed(found))
            is_running = is_locked(read_address(read.database.url))
            yield from check_rules_in_force(found, listings, is_running=is_running, now=now)
            yield from check_copies(listings)
            yield from check_redo(listings)
            yield from check_work(read.database.url)
            yield from check_consistency(read)
