"""`wirewatch rules add`: one more line for a topic, or a new topic, without opening a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from rules.contents import SUFFIX
from wirewatch.cli.options import Command
from wirewatch.cli.rule_edit import show_problems
from wirewatch.cli.rule_effect import SINCE, check_since, show_effect, tell_next
from wirewatch.cli.topics import stored_topics
from wirewatch.cli.wiring import note, pass_call
from wirewatch.errors import ConfigError, WirewatchError
from wirewatch.ruleedit import check_writable, find_place, hold, judge, replace_file, written_topics
from wirewatch.rulehidden import tell_replaced
from wirewatch.ruleinsert import UNFIT, append_topic, insert_line

if TYPE_CHECKING:
    from pathlib import Path

    from wirewatch.cli.wiring import Call
    from wirewatch.ruleedit import Place
    from wirewatch.ruleinsert import Keyword

#: as the rule language has them
_NAME = re.compile(r"[^\W\d_][\w\-]*")
_TAG = re.compile(r"[^\W_][\w\-]*")


@click.command(cls=Command)
@click.argument("topic")
@click.argument("expression", metavar="EXPR")
@click.option("--not", "is_exclusion", is_flag=True, help="Add a not line: what the topic must not match.")
@click.option("--file", metavar="NAME.rules", help="Where a new topic goes; else to TOPIC.rules.")
@click.option("--title", help="What a new topic is about.")
@click.option("--tags", metavar="A,B", help="Tags of a new topic.")
@click.option(
    "--since", default=SINCE, show_default=True, metavar="WHEN", help="Show the effect on articles from then."
)
@pass_call
def add(
    call: Call,
    topic: str,
    expression: str,
    *,
    is_exclusion: bool,
    file: str | None,
    title: str | None,
    tags: str | None,
    since: str,
) -> None:
    """Add a match line to a topic, or make a topic; print the id of the new rule.

    A topic that no rule file has is made, at the end of its file. All else in the file stays byte for byte. The
    whole set is checked first: with an error, or a test that fails because of it, nothing is written (exit code 4).
    Write -- before TOPIC where EXPR starts with a minus.
    """
    if not _NAME.fullmatch(topic):
        raise click.UsageError(f"{topic}: a topic's name is letters, digits, - and _, and starts with a letter")
    for what, text in (("EXPR", expression), ("--title", title or "")):
        if UNFIT.search(text):
            raise click.UsageError(f"{what}: must be one line without control characters")
    check_since(call, since)
    folder = call.own_config_dir.rules_dir
    keyword: Keyword = "not" if is_exclusion else "match"
    place, is_new = _find(folder, topic, file)
    if is_new and is_exclusion:
        raise click.UsageError(f"there is no topic {topic} yet, and a topic starts with what it matches")
    if not is_new and (title is not None or tags is not None):
        raise click.UsageError(f"topic {topic} exists already; change its title or tags with: wirewatch rules edit")
    wanted_tags = _read_tags(tags)
    check_writable(place)
    with hold(place):
        seen = place.read()
        if is_new:
            content = append_topic(_decoded(place, seen), topic, title, wanted_tags, expression)
            rule = f"{topic}.1"
        else:
            content, rule = _inserted(folder, topic, place, keyword, expression)
        _save(call, place, content.encode(), seen, topic, rule, since)


def _save(call: Call, place: Place, content: bytes, seen: bytes | None, topic: str, rule: str, since: str) -> None:
    verdict = judge(place, content)
    replaced = tell_replaced(verdict.added, verdict.after, lambda: stored_topics(call))
    if replaced:
        raise ConfigError(f"{replaced}; mend these first, or take them out of the rules folder; nothing was added")
    known = len(verdict.problems) - len(verdict.fresh) + verdict.other_problems
    show_problems(call, (*verdict.lints, *verdict.fresh), known)
    if verdict.fresh:
        raise ConfigError(f"{place.path} is as it was: nothing was added")
    replace_file(place, content, seen=seen)
    click.echo(rule)
    note(f"added to topic {topic} in {place.path}")
    show_effect(call, verdict, since)
    tell_next(call, verdict)


def _find(folder: Path, topic: str, file: str | None) -> tuple[Place, bool]:
    """The file that the line goes into, and whether the topic is to be made there."""
    if file is not None and not file.endswith(SUFFIX):
        raise click.UsageError(f"--file: {file}: the name of a rule file ends in {SUFFIX}")
    given = find_place(folder, file) if file is not None else None
    having = [written.place for written in written_topics(folder) if written.name == topic]
    if not having:
        return given or find_place(folder, topic + SUFFIX), True
    if len(having) > 1:
        places = " and ".join(place.name for place in having)
        raise ConfigError(f"topic {topic} is defined twice, in {places}; rename one of them, or join them")
    if given is not None and given != having[0]:
        raise click.UsageError(f"--file: topic {topic} is in {having[0].name}")
    return having[0], False


def _inserted(folder: Path, topic: str, place: Place, keyword: Keyword, expression: str) -> tuple[str, str]:
    """The file's text with the new line, and the id of the new rule. Read anew, because it is held only now."""
    for written in written_topics(folder):
        if written.name == topic and written.place == place:
            count = sum(each.keyword == keyword for each in written.block.attributes) + 1
            ident = f"{topic}.not.{count}" if keyword == "not" else f"{topic}.{count}"
            content = _decoded(place, place.read())
            return insert_line(content, written.file, written.block, keyword, expression), ident
    raise WirewatchError(f"{place.path}: topic {topic} was taken out of it just now; try again")


def _decoded(place: Place, content: bytes | None) -> str:
    try:
        return (content or b"").decode()
    except UnicodeDecodeError as e:
        line = e.object[: e.start].count(b"\n") + 1
        raise ConfigError(f"{place.path}:{line}: not UTF-8 (byte 0x{e.object[e.start]:02X}); save it as UTF-8") from e


def _read_tags(tags: str | None) -> tuple[str, ...]:
    if tags is None:
        return ()
    found = tuple(tag.strip() for tag in tags.split(","))
    for tag in found:
        if not _TAG.fullmatch(tag):
            raise click.UsageError(f"--tags: {tag or 'nothing'}: a tag is letters, digits, - and _")
    return found
