"""Expression text → lexemes, with offsets. Never raises: what it does not understand becomes a `BAD` lexeme.

Line ends are white space, so an expression may run over several lines; a quote or a regex may not. Nine lexemes of
ten are plain ones, which one regular expression tells apart; the others are read by a function each.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from rules.errors import Problem, shorten, suggest
from rules.terms import Place, read_bare, read_phrase
from rules.tree import FIELDS, Macro, Regex, Words

if TYPE_CHECKING:
    from rules.terms import Term
    from rules.tree import Tree


class Kind(Enum):
    """What a lexeme is."""

    #: a word or phrase
    TERM = auto()
    MACRO = auto()
    REGEX = auto()
    AND = auto()
    OR = auto()
    NOT = auto()
    NEAR = auto()
    BEFORE = auto()
    OPEN = auto()
    CLOSE = auto()
    COMMA = auto()
    WEIGHT = auto()
    FIELD = auto()
    ATLEAST = auto()
    ANY = auto()
    SCORE = auto()
    #: stands for a word that is not understood; `problem` says why
    BAD = auto()
    END = auto()


class Lexeme(NamedTuple):
    """One unit of an expression: `text[start:end]`."""

    kind: Kind
    start: int
    end: int
    #: TERM, MACRO, REGEX: the node of the tree
    leaf: Tree | None = None
    #: FIELD: its name; BAD: the name of a field that there is none of
    name: str = ""
    #: NEAR, BEFORE, ATLEAST, ANY, SCORE, WEIGHT; None for a weight that is no number. BAD: how many closing brackets
    #: it took up that may well be meant as such
    number: int | None = 0
    problem: Problem | None = None


#: Opening quotes, each with what may close it.
QUOTES = {'"': '"', "“": "”", "„": "“”", "«": "»"}

_BLANK = r"(?:\s|\#(?=\s|\Z)[^\n]*)*+"
_BLANKS = re.compile(_BLANK)
# What one look is enough for. A plain word or phrase is made of tokens of letters and digits, whatever they are.
_PLAIN = r"[A-Za-z0-9]++(?:-[A-Za-z0-9]+)*+"
_LEXEME = re.compile(
    rf"""{_BLANK}
    (?: (?P<field> (?:{"|".join(FIELDS)}): )
      | (?P<word> =?{_PLAIN}[*~]? ) (?=[\s()|,^]|\Z)
      | (?P<sign> [|()&,] )
      | (?P<near> NEAR|BEFORE)/(?P<gap> [0-9]{{1,6}} ) (?=[\s()])
      | (?P<phrase> =?"{_PLAIN}(?:[ ]{_PLAIN})*+\*?" )
      | (?P<other> . )
      | \Z
    )""",
    re.VERBOSE | re.DOTALL,
)
_IDENT = re.compile(r"[^\W\d_][\w\-]*")
# A colon behind anything else is text: 12:30, https://…
_FIELD = re.compile(r"([^\W\d_][\w\-]*):")
_WEIGHT = re.compile(r"""\^(?:(-?[0-9]{1,6})(?![^\s()|,])|[^\s()|,"]*)""")
# "&" only without a space or the like on either side: AT&T
_WORD = re.compile(r"""(?:[^\s()|,"^@&#“”„«»]|(?<=[^\s()|,"^@&“”„«»])&(?=[^\s()|,"^@&“”„«»])|\#(?!\s|\Z))+""")
_REGEX = re.compile(r"/((?:[^/\\\n]|\\.)++)/(i?)(?![^\s)|,^&])")
_NUMBERED = re.compile(r"(NEAR|BEFORE|ATLEAST|ANY|SCORE)(?:/(.*))?", re.DOTALL)
_NUMBER = re.compile(r"[0-9]{1,6}")
_LOWER_CASE = re.compile(r"and|or|not")
_SIGNS = {"|": Kind.OR, "&": Kind.AND, "(": Kind.OPEN, ")": Kind.CLOSE, ",": Kind.COMMA}
_OPERATORS = {"AND": Kind.AND, "OR": Kind.OR, "NOT": Kind.NOT}
#: Words that are not what they look like.
_SPECIAL = {*_OPERATORS, "NEAR", "BEFORE", "ATLEAST", "ANY", "SCORE", "and", "or", "not"}
_CLOSINGS = {opening: re.compile(rf'((?:\\"|[^\n{closing}])*+)[{closing}]') for opening, closing in QUOTES.items()}
# Nothing shows them, and a lone half of a surrogate pair cannot be written to any file.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def skip_blank(text: str, i: int) -> int:
    """Where the next thing that is neither white space nor a comment starts, from *i* on."""
    found = _BLANKS.match(text, i)
    return found.end() if found else i


def read_quoted(text: str, i: int) -> tuple[str, int] | None:
    r"""Read the quoted text that opens at *i*: the text, where it ends; None when it is not closed on its line.

    `\"` stands for a quote inside; any other backslash for itself.
    """
    found = _CLOSINGS[text[i]].match(text, i + 1)
    return (found[1].replace('\\"', '"'), found.end()) if found else None


def blank_controls(text: str) -> tuple[str, Problem | None]:
    """*text* with spaces in place of control characters, and what is wrong with the first one."""
    found = _CONTROL.search(text)
    if not found:
        return text, None
    remedy = "delete it: it cannot be seen and matches nothing"
    message = f"control character U+{ord(found[0]):04X}"
    return _CONTROL.sub(" ", text), Problem("E100", found.start(), message, remedy, found.end())


def read_lexemes(text: str) -> list[Lexeme]:
    """The lexemes of an expression; the last one is END, where the last but one ends."""
    lexemes: list[Lexeme] = []
    end = 0
    while found := _LEXEME.match(text, end):
        kind = found.lastgroup
        if kind == "word":
            lexeme = _read_plain(text, found["word"], *found.span("word"))
        elif kind == "sign":
            start, end = found.span("sign")
            lexeme = Lexeme(_SIGNS[text[start]], start, end)
        elif kind == "phrase":
            lexeme = _read_plain_phrase(text, found["phrase"], *found.span("phrase"))
        elif kind == "field":
            start, end = found.span("field")
            lexeme = Lexeme(Kind.FIELD, start, end, name=text[start : end - 1])
        elif kind == "gap":
            start, end = found.start("near"), found.end("gap")
            lexeme = Lexeme(Kind[found["near"]], start, end, number=int(found["gap"]))
        elif kind:
            lexeme = _read_other(text, found.start("other"))
        else:
            break
        lexemes.append(lexeme)
        end = lexeme.end
    lexemes.append(Lexeme(Kind.END, end, end))
    return lexemes


def _read_plain(text: str, word: str, start: int, end: int) -> Lexeme:
    if word in _SPECIAL:
        return _read_word(text, start)
    is_exact = word[0] == "="
    bare = word[1:] if is_exact else word
    sign = word[-1]
    if sign == "~" or (sign == "*" and len(bare) - bare.rfind("-") < 4):
        return _read_word(text, start)  # a plural, or a prefix of one letter
    is_prefix = sign == "*"
    words = Words(text=bare[:-1] if is_prefix else bare, is_exact=is_exact, is_prefix=is_prefix, at=start, end=end)
    return Lexeme(Kind.TERM, start, end, words)


def _read_plain_phrase(text: str, phrase: str, start: int, end: int) -> Lexeme:
    is_exact = phrase[0] == "="
    content = phrase[1 + is_exact : -1]
    is_prefix = content[-1] == "*"
    if is_prefix and not (len(content) > 2 and content[-3:-1].isalnum()):
        return _read_phrase(text, start, start + is_exact)  # a prefix of one letter
    words = content[:-1] if is_prefix else content
    return Lexeme(Kind.TERM, start, end, Words(text=words, is_exact=is_exact, is_prefix=is_prefix, at=start, end=end))


def _read_other(text: str, i: int) -> Lexeme:
    char = text[i]
    if char in QUOTES:
        return _read_phrase(text, i, i)
    if char == "=" and text[i + 1 : i + 2] in QUOTES:
        return _read_phrase(text, i, i + 1)
    read = {"/": _read_regex, "@": _read_macro, "^": _read_weight, "-": _read_minus}.get(char, _read_word)
    return read(text, i)


def _bad(start: int, end: int, code: str, message: str, remedy: str) -> Lexeme:
    return Lexeme(Kind.BAD, start, end, problem=Problem(code, start, message, remedy, end))


def _term(term: Term, start: int, end: int) -> Lexeme:
    if isinstance(term, Problem):
        return Lexeme(Kind.BAD, start, end, problem=term)
    return Lexeme(Kind.TERM, start, end, term)


def _read_macro(text: str, i: int) -> Lexeme:
    name = _IDENT.match(text, i + 1)
    if not name:
        return _bad(i, i + 1, "E100", "stray @", "a macro is written @name; put quotes around other text")
    return Lexeme(Kind.MACRO, i, name.end(), Macro(name=name[0], at=i, end=name.end()))


def _read_weight(text: str, i: int) -> Lexeme:
    weight = _WEIGHT.match(text, i)
    assert weight is not None
    return Lexeme(Kind.WEIGHT, i, weight.end(), number=int(weight[1]) if weight[1] else None)


def _read_minus(text: str, i: int) -> Lexeme:
    follower = text[i + 1 : i + 2]
    if not follower or follower.isspace() or follower in ")|,^&-":
        return _bad(i, i + 1, "E100", "stray -", "a - stands directly before what it excludes")
    if i > 0 and not (text[i - 1].isspace() or text[i - 1] == "("):
        return _bad(i, i + 1, "E100", "stray -", "put a space before the -, or write NOT")
    return Lexeme(Kind.NOT, i, i + 1)


def _unclosed(text: str, start: int, problem: Problem) -> Lexeme:
    """What opens and does not close reaches to the end of its line."""
    found = text.find("\n", start)
    end = len(text) if found == -1 else found
    brackets = text.count(")", start, end)
    return Lexeme(Kind.BAD, start, end, number=brackets, problem=problem._replace(end=end))


def _read_regex(text: str, i: int) -> Lexeme:
    regex = _REGEX.match(text, i)
    if not regex:
        remedy = "a regex is written /…/ or /…/i, with \\/ inside; put quotes around other text"
        problem = Problem("E208", i, "regex that is empty, not closed or goes on after its end", remedy)
        return _unclosed(text, i, problem)
    leaf = Regex(pattern=regex[1], ignores_case=bool(regex[2]), at=i, end=regex.end())
    return Lexeme(Kind.REGEX, i, regex.end(), leaf)


def _read_phrase(text: str, start: int, i: int) -> Lexeme:
    quoted = read_quoted(text, i)
    if quoted is None:
        closing = " or ".join(QUOTES[text[i]])
        problem = Problem("E102", i, "quote not closed", f"close it with {closing} on the same line")
        return _unclosed(text, start, problem)
    content, end = quoted
    return _term(read_phrase(content, Place(start, end, i > start)), start, end)


def _read_word(text: str, i: int) -> Lexeme:
    match = _WORD.match(text, i)
    if not match:
        return _bad(i, i + 1, "E100", f"stray {text[i]}", "leave it out, or put quotes around the text")
    word, end = match.group(), match.end()
    if word in _OPERATORS:
        return Lexeme(_OPERATORS[word], i, end)
    if numbered := _NUMBERED.fullmatch(word):
        return _read_numbered(numbered[1], numbered[2], i, end)
    if _LOWER_CASE.fullmatch(word):
        return _bad(i, end, "E106", f"lower-case {word}", f'write {word.upper()} in capitals, or quote it: "{word}"')
    if (name := _FIELD.match(word)) and not word.startswith("//", name.end()):
        problem = Problem("E204", i, f"unknown field {shorten(name[1])}", end=end)
        return Lexeme(Kind.BAD, i, end, name=name[1], problem=problem)
    is_exact = word.startswith("=")
    return _term(read_bare(word[is_exact:], Place(i, end, is_exact)), i, end)


def _read_numbered(operator: str, number: str | None, start: int, end: int) -> Lexeme:
    is_near = operator in {"NEAR", "BEFORE"}
    if number is None or not _NUMBER.fullmatch(number) or (int(number) == 0 and not is_near):
        what = "the words between" if is_near else "at least"
        is_large = number is not None and number.isdecimal() and len(number) > 6
        remedy = f'write {operator}/5 ({what}); quote it to look for the word: "{operator}"'
        if is_large:
            return _bad(start, end, "E209", f"the number of {operator} is too large", "write 999999 at most")
        return _bad(start, end, "E209", f"{operator} needs a number{'' if is_near else ' above 0'}", remedy)
    return Lexeme(Kind[operator], start, end, number=int(number))


def suggest_field(name: str) -> str:
    """What to do about the unknown field *name*."""
    nearest = suggest(name.lower(), FIELDS)
    return f"did you mean {nearest}: ?" if nearest else f"fields are {', '.join(FIELDS)}; quote it if it is text"
