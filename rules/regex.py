r"""Regexes of the rule language: checked, compiled and run by RE2, in time linear in the text.

A pattern is read into a tree (`regex_syntax`), rendered for RE2 with `\w \d \s` that know every script, and run over
the text that `regex_text.read_for_regex` makes of a field. RE2 (package google-re2) is imported on first use.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import Any

from rules.regex_literals import find_literals
from rules.regex_syntax import RegexFault, has_blind_boundary, parse_pattern, render_pattern

#: Longer patterns are refused: they are word lists, and those are what rules are for.
MAX_PATTERN_CHARS = 2000

#: Bytes for a compiled regex and what it remembers while it runs. `\w{1,100}` takes 4 MB, 200 words 0.3 MB.
_MAX_MEMORY = 8_000_000

#: Bytes of text, times spans, that are searched for the spans of one regex in one text. Each span is found in linear
#: time, but `a*b|a` looks at all the rest of the text for each. Texts of 20 kB are never cut short by this.
_MAX_WORK = 400_000_000

Fault = tuple[str, str, str]


class Compiled:
    """A regex that is ready to run on `RegexText.text`. Made by `compile_regex`; safe to share between threads."""

    __slots__ = ("_regexp", "ignores_case", "literals", "pattern")

    def __init__(self, pattern: str, *, ignores_case: bool) -> None:
        self.pattern = pattern
        self.ignores_case = ignores_case
        #: what `required_literals` says
        self.literals = required_literals(pattern, ignores_case=ignores_case)
        self._regexp: Any = _compile(translate(pattern), ignores_case=ignores_case)

    def search(self, text: str) -> bool:
        """Is there a match? An empty one will do: `^$` finds a blank line."""
        return self._regexp.search(text.encode("utf-8", "surrogatepass")) is not None

    def spans(self, text: str) -> list[tuple[int, int]]:
        """The matches that are not empty, from left to right, none overlapping: half-open, in code points of *text*.

        In texts of more than 20 kB with very many matches, only the first ones (400 in 1 MB, at least 100).
        """
        return self._find(text, max(100, _MAX_WORK // (len(text) or 1)))

    def _find(self, text: str, most: int) -> list[tuple[int, int]]:
        data = text.encode("utf-8", "surrogatepass")
        is_ascii = len(data) == len(text)
        found: list[tuple[int, int]] = []
        place = bytes_before = 0  # of the same character
        # Empty ones are counted too: `(a*b)?` looks at all the rest of the text at each place.
        for match in islice(self._regexp.finditer(data), most):
            start, end = match.span()
            if start == end:
                continue
            if not is_ascii:
                first = place + _count(data[bytes_before:start])
                place, bytes_before = first + _count(data[start:end]), end
                start, end = first, place
            found.append((start, end))
        return found

    def __repr__(self) -> str:
        return f"compile_regex({self.pattern!r}, ignores_case={self.ignores_case})"

    def __reduce__(self) -> tuple[object, ...]:
        # RE2's own objects do not travel; each process compiles for itself.
        return (_compile_again, (self.pattern, self.ignores_case))


def find_fault(pattern: str, *, ignores_case: bool) -> Fault | None:
    """Why *pattern* cannot be used: code, message, remedy. None when it can. Raises nothing.

    E208: RE2 does not know it, it is too large, or it could not find what it says. E212: RE2 is not installed.
    """
    try:
        import re2  # noqa: F401  # only whether it is there
    except ImportError:
        return "E212", "regexes need the package google-re2, which is not installed", "install google-re2"
    try:
        _refuse(pattern, ignores_case=ignores_case)
    except RegexFault as fault:
        return "E208", fault.message, fault.remedy
    return None


def translate(pattern: str) -> str:
    r"""*pattern* as RE2 is given it, by line and with `\w \d \s` for every script. Raises RegexFault.

    >>> translate(r"\d+ €")
    '(?m)[\\p{Nd}]+\\ €'
    """
    return f"(?m){render_pattern(parse_pattern(pattern))}"


@lru_cache(maxsize=4096)
def compile_regex(pattern: str, *, ignores_case: bool) -> Compiled:
    """Compile a pattern that `find_fault` accepts. Raises RegexFault for others, ImportError without RE2."""
    return Compiled(pattern, ignores_case=ignores_case)


def required_literals(pattern: str, *, ignores_case: bool) -> tuple[str, ...] | None:  # noqa: ARG001  # see below
    r"""Literals of three characters or more, one of which is in `RegexText.folded` of every text that matches.

    They are casefolded, so they hold with case and without. None when there are none. Raises RegexFault.

    >>> required_literals(r"€\s?\d+ (billion|bn of)", ignores_case=False)
    (' billion', ' bn of')
    """
    return find_literals(parse_pattern(pattern))


def _compile_again(pattern: str, ignores_case: bool) -> Compiled:  # noqa: FBT001  # pickle knows no keywords
    return compile_regex(pattern, ignores_case=ignores_case)


def _refuse(pattern: str, *, ignores_case: bool) -> None:
    """Raise RegexFault for a pattern that cannot be used."""
    if len(pattern) > MAX_PATTERN_CHARS:
        raise RegexFault(f"a regex of more than {MAX_PATTERN_CHARS:,} characters", "write words, or several rules")
    if any("\ud800" <= c <= "\udfff" for c in pattern):
        raise RegexFault("half a character in the regex", "write the file as UTF-8")
    tree = parse_pattern(pattern)
    if has_blind_boundary(tree):
        raise RegexFault(
            "\\b knows only the letters a to z, and here it stands beside another",
            "write a word or a prefix, which know every script",
        )
    _compile(f"(?m){render_pattern(tree)}", ignores_case=ignores_case)


def _compile(translated: str, *, ignores_case: bool) -> Any:
    import re2

    options = re2.Options()
    options.max_mem = _MAX_MEMORY
    options.log_errors = False
    options.never_capture = True
    options.case_sensitive = not ignores_case
    try:
        return re2.compile(translated, options)
    except re2.error as error:
        raise RegexFault(*_explain(error)) from None


def _explain(error: Exception) -> tuple[str, str]:
    said = error.args[0].decode("utf-8", "replace") if error.args else ""
    if "too large" in said:
        return "the regex is too large when compiled", "repeat less, or write several rules"
    return f"RE2: {said[:100]}", "see https://github.com/google/re2/wiki/Syntax"


def _count(data: bytes) -> int:
    return len(data.decode("utf-8", "surrogatepass"))
