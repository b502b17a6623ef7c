r"""Patterns of RE2 → a tree, which says what RE2 itself does not tell: what must occur, and where a `\b` stands.

Rendering the tree gives the pattern back in the form that RE2 is given, in which `\w \d \s` know every script.
What is not understood here is passed on as it is: RE2 has the last word on what is a regex.
Syntax: https://github.com/google/re2/wiki/Syntax.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from rules.regex_text import normalise_literal, strip_removed

#: Brackets within brackets; RE2 itself stops at 1,000, and trees of that depth are no regexes.
MAX_DEPTH = 50


class RegexFault(Exception):
    """Why a pattern is refused before RE2 sees it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One character, some characters as written, or an assertion."""

    #: for RE2
    text: str
    #: all that it can match, case as written; None when that is too much to list, and then it is never nothing
    strings: tuple[str, ...] | None = None
    #: a letter, mark or digit beyond ASCII stands in it as such
    has_far_letter: bool = False
    #: `\b` or `\B`
    is_boundary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Brackets."""

    #: `(`, `(?:`, `(?i:`, `(?P<name>`
    opening: str
    inner: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """One after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of them."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """The inner part *low* to *high* times; None: without end."""

    inner: Node
    low: int
    high: int | None
    #: `*`, `+?`, `{2,3}`
    suffix: str


Node = Leaf | Group | Sequence | Choice | Repeat


def parse_pattern(pattern: str) -> Node:
    """The tree of *pattern*. Raises RegexFault."""
    # Not NFKC, as the texts are: that makes operators of letters (． and （ become . and ( there). Instead, each
    # character that is meant as written is normalised when it is read.
    parser = _Parser(unicodedata.normalize("NFC", strip_removed(pattern)))
    tree = parser.choice(0)
    if parser.at < len(parser.text):
        raise RegexFault("a bracket is closed that was not opened", "write \\) for the character")
    return tree


def render_pattern(node: Node) -> str:
    """The pattern for RE2."""
    if isinstance(node, Leaf):
        return node.text
    if isinstance(node, Group):
        return f"{node.opening}{render_pattern(node.inner)})"
    if isinstance(node, Repeat):
        return render_pattern(node.inner) + node.suffix
    return ("" if isinstance(node, Sequence) else "|").join(map(render_pattern, node.parts))


def is_nullable(node: Node) -> bool:
    """It can match an empty stretch."""
    if isinstance(node, Leaf):
        return node.strings is not None and "" in node.strings
    if isinstance(node, Group):
        return is_nullable(node.inner)
    if isinstance(node, Repeat):
        return node.low == 0 or is_nullable(node.inner)
    return (all if isinstance(node, Sequence) else any)(map(is_nullable, node.parts))


def has_blind_boundary(node: Node, *, before: bool = False, after: bool = False) -> bool:
    r"""A `\b` stands next to a letter beyond ASCII, which RE2 takes for no letter there.

    *before*, *after*: such a letter may stand next to the whole.
    """
    if isinstance(node, Leaf):
        return node.is_boundary and (before or after)
    if isinstance(node, Group):
        return has_blind_boundary(node.inner, before=before, after=after)
    if isinstance(node, Repeat):
        again = node.high is None or node.high > 1
        before = before or (again and _has_far_edge(node.inner, -1))
        after = after or (again and _has_far_edge(node.inner, 0))
        return has_blind_boundary(node.inner, before=before, after=after)
    if isinstance(node, Choice):
        return any(has_blind_boundary(part, before=before, after=after) for part in node.parts)
    afters = [after]
    for part in reversed(node.parts):
        afters.append(_has_far_edge(part, 0) or (is_nullable(part) and afters[-1]))
    for part, follows in zip(node.parts, afters[-2::-1], strict=True):
        if has_blind_boundary(part, before=before, after=follows):
            return True
        before = _has_far_edge(part, -1) or (is_nullable(part) and before)
    return False


def _has_far_edge(node: Node, side: int) -> bool:
    """It can begin (side 0) or end (-1) with a letter beyond ASCII that is written as such."""
    if isinstance(node, Leaf):
        return node.has_far_letter
    if isinstance(node, Group | Repeat):
        return _has_far_edge(node.inner, side)
    if isinstance(node, Choice):
        return any(_has_far_edge(part, side) for part in node.parts)
    for part in node.parts if side == 0 else reversed(node.parts):
        if _has_far_edge(part, side):
            return True
        if not is_nullable(part):
            return False
    return False


#: In a class, what stands first and last must be a set: in `[\w-a]`, `_` at the end would begin a range.
_SETS = {"w": r"\pL_\pM\p{Nd}", "d": r"\p{Nd}", "s": r"\pZ\t-\r\x{85}\pZ"}
_EDGE_OF_COMPLEMENT = {"w": r"\pZ", "d": "", "s": r"\pL"}

_GROUP = re.compile(r"\(\?(?:P?<\w+>|[imsU]*(?:-[imsU]+)?[:)])|\((?!\?)")
_LOOK_AROUND = re.compile(r"\(\?<?[=!]")
_REPEAT = re.compile(r"(?:[*+?]|\{([0-9]+)(?:(,)([0-9]*))?\})\??")
_PROPERTY = re.compile(r"\\[pP](?:\{[^}]*\}|[^{])")
_CODE = re.compile(r"\\(?:x\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})|([1-7][0-7]{1,2}|0[0-7]{0,2}))")
_BACK_REFERENCE = re.compile(r"\\[1-9]|\\[kg][<{']|\(\?P=")
_NAMED_CLASS = re.compile(r"\[:\^?\w*:\]")
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

#: A class of more characters than this is not written out.
_MAX_CLASS = 8


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def choice(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise RegexFault(f"more than {MAX_DEPTH} brackets within each other")
        parts = [self._sequence(depth)]
        while self.text.startswith("|", self.at):
            self.at += 1
            parts.append(self._sequence(depth))
        return parts[0] if len(parts) == 1 else Choice(parts=tuple(parts))

    def _sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            found = _REPEAT.match(self.text, self.at)
            if not found:
                parts.extend(self._atoms(depth))
            elif not parts:
                raise RegexFault(f"nothing stands before {found[0]}", f"write \\{found[0]} for the character")
            else:
                self.at = found.end()
                parts.append(_repeat(parts.pop(), found))
        return Sequence(parts=tuple(parts))

    def _atoms(self, depth: int) -> list[Node]:
        char = self.text[self.at]
        if char == "(":
            return [self._group(depth)]
        if char == "[":
            return [self._class()]
        if char == "\\":
            return self._escape()
        self.at += 1
        if char in "^$":
            return [Leaf(text=char, strings=("",))]
        return [Leaf(text=".")] if char == "." else [_literal(char)]

    def _group(self, depth: int) -> Node:
        if _LOOK_AROUND.match(self.text, self.at):
            raise RegexFault("look-around is not in RE2", "write two rules, or AND NOT")
        _refuse_back_reference(self.text, self.at)
        found = _GROUP.match(self.text, self.at)
        if not found:
            raise RegexFault(f"{self.text[self.at : self.at + 4]} is not in RE2", "write (?: for a group")
        self.at = found.end()
        if found[0].endswith(")"):
            return Leaf(text=found[0], strings=("",))
        inner = self.choice(depth + 1)
        if self.at == len(self.text):
            raise RegexFault("a bracket ( is not closed", "write \\( for the character")
        self.at += 1
        return Group(opening=found[0], inner=inner)

    def _escape(self) -> list[Node]:
        start = self.at
        found = _CODE.match(self.text, start) or _PROPERTY.match(self.text, start)
        name = self.text[start + 1 : start + 2]
        self.at = found.end() if found else min(start + 2, len(self.text))
        if found:
            return [_code(found) if found.re is _CODE else Leaf(text=found[0])]
        _refuse_back_reference(self.text, start)
        if name == "Q":
            end = self.text.find("\\E", self.at)
            quoted = self.text[self.at : end] if end >= 0 else self.text[self.at :]
            self.at = end + 2 if end >= 0 else len(self.text)
            return [_literal(c) for c in quoted]
        if name == "C":
            raise RegexFault("\\C matches half characters", "write . for any character")
        if name in _CONTROLS:
            return [Leaf(text=f"\\{name}", strings=(_CONTROLS[name],))]
        if name.isascii() and name.isalpha():
            return [_letter_escape(name)]
        return [Leaf(text=f"\\{name}", strings=(name,))]

    def _class(self) -> Node:
        r"""What stands in square brackets, with everything but `\w` and its like as written."""
        start = self.at
        self.at += 2 if self.text.startswith("[^", start) else 1
        opening = self.text[start : self.at]
        members: list[str] = []  # as written
        while self.at < len(self.text) and (self.text[self.at] != "]" or not members):
            members.append(self._member())
        if self.at == len(self.text):
            raise RegexFault("a bracket [ is not closed", "write \\[ for the character")
        self.at += 1
        return _build_class(opening, members)

    def _member(self) -> str:
        start = self.at
        found = None
        if self.text[start] == "[":
            found = _NAMED_CLASS.match(self.text, start)
        elif self.text[start] == "\\":
            found = _PROPERTY.match(self.text, start) or _CODE.match(self.text, start)
        width = 2 if self.text[start] == "\\" else 1
        self.at = min(found.end() if found else start + width, len(self.text))
        return self.text[start : self.at]


def _build_class(opening: str, members: list[str]) -> Node:
    is_range = [False] * len(members)
    for i in range(1, len(members) - 1):
        if members[i] == "-" and not is_range[i - 1]:
            is_range[i - 1] = is_range[i] = is_range[i + 1] = True
    singles = all(len(m) == 1 for m in members) and not any(is_range) and len(opening) == 1
    far = len(opening) == 1 and any(map(_is_far_letter, members))
    kept: list[str] = []
    longer: list[str] = []  # one character that is several in the texts, as …
    for member, is_bound in zip(members, is_range, strict=True):
        form = member if is_bound or len(member) > 1 else normalise_literal(member)
        if len(form) > 1 and len(member) == 1 and len(opening) == 1:
            longer.append(form)
        elif len(member) == 2:
            kept.append(_set_in_class(member))
        else:
            kept.append(r"\^" if form == "^" else form if len(form) == 1 else member)
    strings = (*(k[-1] for k in kept), *longer) if singles and len(members) <= _MAX_CLASS else None
    inner = Leaf(text=f"{opening}{''.join(kept)}]", strings=strings, has_far_letter=far)
    if not longer:
        return inner
    choices = [*([inner] if kept else []), *map(_literal, longer)]
    return Group(opening="(?:", inner=Choice(parts=tuple(choices)))


def _repeat(inner: Node, found: re.Match[str]) -> Repeat:
    low, comma, high = found.groups()
    if low is None:
        sign = found[0][0]
        return Repeat(inner=inner, low=int(sign == "+"), high=1 if sign == "?" else None, suffix=found[0])
    most = int(low) if not comma else int(high) if high else None
    return Repeat(inner=inner, low=int(low), high=most, suffix=found[0])


def _literal(text: str) -> Leaf:
    """Characters that are meant as written: in the form that they have in the texts."""
    form = normalise_literal(text)
    quoted = "".join(map(_quote, form))
    return Leaf(
        text=quoted if len(form) == 1 else f"(?:{quoted})",
        strings=(form,),
        has_far_letter=any(map(_is_far_letter, form)),
    )


def _code(found: re.Match[str]) -> Leaf:
    braced, two, octal = found.groups()
    number = int(octal, 8) if octal else int(braced or two, 16)
    if number > 0x10FFFF or 0xD800 <= number < 0xE000:
        raise RegexFault(f"{found[0]} is no character")
    return Leaf(text=found[0], strings=(chr(number),), has_far_letter=_is_far_letter(chr(number)))


def _letter_escape(name: str) -> Leaf:
    if name in "bB":
        return Leaf(text=f"\\{name}", strings=("",), is_boundary=True)
    if name in "Az":
        return Leaf(text=f"\\{name}", strings=("",))
    if name.lower() in _SETS:
        return Leaf(text=f"[{'^' if name.isupper() else ''}{_SETS[name.lower()]}]")
    return Leaf(text=f"\\{name}")  # RE2 will say that there is no such thing


def _set_in_class(member: str) -> str:
    name = member[1]
    if name in _SETS:
        return _SETS[name]
    if name.isupper() and name.lower() in _SETS:
        edge = _EDGE_OF_COMPLEMENT[name.lower()]
        return f"{edge}{_complement(_SETS[name.lower()])}{edge}" if edge else r"\P{Nd}"
    return member


@lru_cache(maxsize=4)
def _complement(members: str) -> str:
    """The characters outside a class as ranges: RE2 has no complement within a class. Taken from RE2's own tables."""
    import re2

    everything = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    outside = [m.span() for m in re2.finditer(f"[^{members}]+", everything)]
    return "".join(rf"\x{{{ord(everything[a]):x}}}-\x{{{ord(everything[b - 1]):x}}}" for a, b in outside)


def _quote(char: str) -> str:
    if char == "\0":
        return r"\x00"
    return char if char.isalnum() or not char.isascii() else f"\\{char}"


def _is_far_letter(text: str) -> bool:
    return len(text) == 1 and not text.isascii() and unicodedata.category(text)[0] in "LMN"


def _refuse_back_reference(text: str, at: int) -> None:
    if _BACK_REFERENCE.match(text, at):
        raise RegexFault("back-references are not in RE2", "write the alternatives out")
