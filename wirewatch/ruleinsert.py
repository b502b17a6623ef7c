"""A new `match` or `not` line, or a new topic, put into the text of a rule file. All the rest stays byte for byte."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from rules.render import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rules.layout import RuleFile, Statement, TopicBlock

Keyword = Literal["match", "not"]

#: what a line may not hold, in a file that goes by lines
UNFIT = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_BLANK = re.compile(r"[ \t]*")
_INDENT = "    "


def insert_line(content: str, file: RuleFile, block: TopicBlock, keyword: Keyword, expression: str) -> str:
    """Return *content* with the line `keyword expression` in the topic *block*, laid out as its other lines.

    *content* is the file as it is, with its byte order mark and line ends; *file* is how it was read. The line
    comes after the topic's last one of its kind; else after its last match line, attribute or header.
    """
    own = [each for each in block.attributes if each.keyword == keyword]
    matches = [each for each in block.attributes if each.keyword == "match"]
    after = next(iter([*own[-1:], *matches[-1:], *block.attributes[-1:]]), block.header)
    indent = _indent_of(file, block.attributes[0]) if block.attributes else _INDENT
    lines = _LINE.findall(content)
    number = file.line_of(after.end)
    new = f"{indent}{keyword}{_gap(file, keyword, own, matches)}{expression}"
    last = lines[number - 1]
    if last.endswith(("\r", "\n")):
        lines.insert(number, new + last[len(last.rstrip("\r\n")) :])
    else:
        lines.append(_line_end(content) + new)
    return "".join(lines)


def append_topic(content: str, name: str, title: str | None, tags: Sequence[str], expression: str) -> str:
    """Return *content* with a topic of one match line at its end, after an empty line."""
    end = _line_end(content)
    attributes: Iterable[str] = [*([f"tags  {', '.join(tags)}"] if tags else []), f"match {expression}"]
    header = f"topic {name}" if title is None else f"topic {name} {quote(title)}"
    block = "".join(line + end for line in [header, *(_INDENT + each for each in attributes)])
    if not content.removeprefix("\ufeff").strip():
        return content + block
    if not content.endswith(("\r", "\n")):
        content += end
    return content + end + block


def _line_end(content: str) -> str:
    first = _LINE.match(content)
    line = first[0] if first else ""
    return line[len(line.rstrip("\r\n")) :] or "\n"


def _indent_of(file: RuleFile, statement: Statement) -> str:
    return file.text[file.text.rfind("\n", 0, statement.start) + 1 : statement.start]


def _gap(file: RuleFile, keyword: Keyword, own: Sequence[Statement], matches: Sequence[Statement]) -> str:
    """The blanks after the keyword: as in the last line of its kind, else so that it stands below the match lines."""
    like = next(iter([*own[-1:], *matches[-1:]]), None)
    if like is None:
        return " "
    blank = _BLANK.match(file.text, like.content)
    gap = blank[0] if blank else ""
    if not gap or "\t" in gap:
        return gap or " "
    return " " * max(len(like.keyword) + len(gap) - len(keyword), 1)
