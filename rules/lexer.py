"""Expression text → lexemes, with offsets. Never raises: what it does not understand becomes a `BAD` lexeme.

Line ends are white space, so an expression may run over several lines; a quote may not.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from rules.characters import CLASSES, SPACELESS
from rules.errors import Problem, suggest
from rules.text import is_opaque, tokenize
from rules.tree import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kind(Enum):
    """What a lexeme is."""

    WORDS = auto()
    AND = auto()
    OR = auto()
    NOT = auto()
    NEAR = auto()
    BEFORE = auto()
    OPEN = auto()
    CLOSE = auto()
    COMMA = auto()
    WEIGHT = auto()
    MACRO = auto()
    FIELD = auto()
    REGEX = auto()
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
    #: WORDS: the words as written, cleaned; MACRO, FIELD: the name
    value: str = ""
    #: NEAR, BEFORE, ATLEAST, ANY, SCORE, WEIGHT
    number: int = 0
    is_exact: bool = False
    is_prefix: bool = False
    problem: Problem | None = None


#: Opening quotes, each with what may close it.
QUOTES = {'"': '"', "“": "”", "„": "“”", "«": "»"}

_SPACE = re.compile(r"\s+")
_COMMENT = re.compile(r"#(?=\s|\Z)[^\n]*")
_IDENT = re.compile(r"[^\W\d_][\w\-]*")
_WEIGHT = re.compile(r"\^(-?\d{1,6})(?!\w)")
# "&" only without a space or the like on either side: AT&T
_WORD = re.compile(r"""(?:[^\s()|,"^@&#“”„«»]|(?<=[^\s()|,"^@&“”„«»])&(?=[^\s()|,"^@&“”„«»])|\#(?!\s|\Z))+""")
_REGEX = re.compile(r"/((?:[^/\\\n]|\\.)+)/(i?)(?![^\s)|,^&])")
_NUMBERED = re.compile(r"(NEAR|BEFORE|ATLEAST|ANY|SCORE)(?:/(.*))?", re.DOTALL)
_LOWER_CASE = re.compile(r"and|or|not|(?:near|before)/\d+")
_SIGNS = {"|": Kind.OR, "&": Kind.AND, "(": Kind.OPEN, ")": Kind.CLOSE, ",": Kind.COMMA}
_OPERATORS = {"AND": Kind.AND, "OR": Kind.OR, "NOT": Kind.NOT}
_WILDCARDS = re.compile(r"[*?]")


def skip_blank(text: str, i: int) -> int:
    """Where the next thing that is neither white space nor a comment starts, from *i* on."""
    while match := _SPACE.match(text, i) or _COMMENT.match(text, i):
        i = match.end()
    return i


def read_quoted(text: str, i: int) -> tuple[str, int] | None:
    r"""Read the quoted text that opens at *i*: the text, where it ends; None when it is not closed on its line.

    `\"` stands for a quote inside; any other backslash for itself.
    """
    closing = QUOTES[text[i]]
    j = i + 1
    while j < len(text) and text[j] != "\n":
        if text.startswith('\\"', j):
            j += 2
        elif text[j] in closing:
            return text[i + 1 : j].replace('\\"', '"'), j + 1
        else:
            j += 1
    return None


def read_lexemes(text: str) -> Iterator[Lexeme]:
    """The lexemes of an expression; the last one is END, where the last but one ends."""
    i = skip_blank(text, 0)
    end = 0
    while i < len(text):
        lexeme = _read_lexeme(text, i)
        yield lexeme
        end = lexeme.end
        i = skip_blank(text, end)
    yield Lexeme(Kind.END, end, end)


def _read_lexeme(text: str, i: int) -> Lexeme:
    char = text[i]
    if char in _SIGNS:
        return Lexeme(_SIGNS[char], i, i + 1)
    if char in QUOTES:
        return _read_phrase(text, i, i)
    if char == "=" and text[i + 1 : i + 2] in QUOTES:
        return _read_phrase(text, i, i + 1)
    read = {"/": _read_regex, "@": _read_macro, "^": _read_weight, "-": _read_minus}.get(char, _read_word)
    return read(text, i) or _stray(i, char)


def _bad(start: int, end: int, code: str, message: str, remedy: str, at: int | None = None) -> Lexeme:
    return Lexeme(Kind.BAD, start, end, problem=Problem(code, start if at is None else at, message, remedy))


def _stray(i: int, char: str) -> Lexeme:
    return _bad(i, i + 1, "E100", f"stray {char}", "leave it out, or put quotes around the text")


def _read_macro(text: str, i: int) -> Lexeme:
    name = _IDENT.match(text, i + 1)
    if not name:
        return _bad(i, i + 1, "E100", "stray @", "a macro is written @name; put quotes around other text")
    return Lexeme(Kind.MACRO, i, name.end(), name.group())


def _read_weight(text: str, i: int) -> Lexeme | None:
    weight = _WEIGHT.match(text, i)
    return Lexeme(Kind.WEIGHT, i, weight.end(), number=int(weight[1])) if weight else None


def _read_minus(text: str, i: int) -> Lexeme:
    follower = text[i + 1 : i + 2]
    if not follower or follower.isspace() or follower in ")|,^&-":
        return _bad(i, i + 1, "E100", "stray -", "a - stands directly before what it excludes")
    if i > 0 and not (text[i - 1].isspace() or text[i - 1] == "("):
        return _bad(i, i + 1, "E100", "stray -", "put a space before the -, or write NOT")
    return Lexeme(Kind.NOT, i, i + 1)


def _read_regex(text: str, i: int) -> Lexeme:
    regex = _REGEX.match(text, i)
    if not regex:
        end = text.find("\n", i)
        return _bad(
            i, len(text) if end == -1 else end, "E208", "bad regex", "a regex is written /…/ or /…/i, with \\/ inside"
        )
    return Lexeme(Kind.REGEX, i, regex.end())


def _read_phrase(text: str, start: int, i: int) -> Lexeme:
    quoted = read_quoted(text, i)
    if quoted is None:
        end = text.find("\n", i)
        return _bad(start, len(text) if end == -1 else end, "E102", "quote not closed", "close it on the same line", i)
    content, end = quoted
    words = _clean(content)
    if not words:
        return _bad(start, end, "E103", "empty phrase", "write words between the quotes")
    lexeme = _check_words(words, start, end, is_exact=i > start, is_phrase=True)
    if lexeme.problem and lexeme.problem.code == "E100":
        return _bad(start, end, "E103", "a phrase without a word", "write words between the quotes")
    return lexeme


def _read_word(text: str, i: int) -> Lexeme | None:
    match = _WORD.match(text, i)
    if not match:
        return None
    word, end = match.group(), match.end()
    if word in _OPERATORS:
        return Lexeme(_OPERATORS[word], i, end)
    if numbered := _NUMBERED.fullmatch(word):
        return _read_numbered(numbered[1], numbered[2], i, end)
    if _LOWER_CASE.fullmatch(word):
        operator = word.upper()
        return _bad(i, end, "E106", f"lower-case {word}", f'write {operator} in capitals, or quote it: "{word}"')
    if field := _read_field(text, word, i):
        return field
    is_exact = word.startswith("=")
    return _check_words(word[is_exact:], i, end, is_exact=is_exact, is_phrase=False)


def _read_numbered(operator: str, number: str | None, start: int, end: int) -> Lexeme:
    is_near = operator in {"NEAR", "BEFORE"}
    if number is None or not re.fullmatch(r"\d{1,6}", number, re.ASCII) or (int(number) == 0 and not is_near):
        what = "words between" if is_near else "least number"
        return _bad(start, end, "E209", f"{operator} needs a number", f"write {operator}/5 ({what})")
    return Lexeme(Kind[operator], start, end, number=int(number))


def _read_field(text: str, word: str, i: int) -> Lexeme | None:
    """A field with its colon, or None when *word* is none: `12:30`, `https://…`."""
    name = _IDENT.match(text, i)
    if not name or text[name.end() : name.end() + 1] != ":" or name.end() >= i + len(word):
        return None
    if name.group() in FIELDS:
        return Lexeme(Kind.FIELD, i, name.end() + 1, name.group())
    if text.startswith("//", name.end() + 1):
        return None
    nearest = suggest(name.group().lower(), FIELDS)
    remedy = f"did you mean {nearest}: ?" if nearest else f"fields are {', '.join(FIELDS)}; quote it if it is text"
    return _bad(i, i + len(word), "E204", f"unknown field {name.group()}", remedy)


def _check_words(words: str, start: int, end: int, *, is_exact: bool, is_phrase: bool) -> Lexeme:
    """The lexeme of a word or phrase, *words* being the text without quotes and `=`."""
    is_plural = not is_phrase and words.endswith("~")
    bare = words[:-1] if is_plural else words
    wildcard = _WILDCARDS.search(bare)
    if is_plural and (is_exact or wildcard):
        return _bad(start, end, "E203", "~ cannot stand with = or a wildcard", "leave one of them out")
    if wildcard and wildcard.start() == len(bare) - 1 and wildcard.group() == "*":
        return _check_prefix(bare[:-1], start, end, is_exact=is_exact)
    if wildcard:
        return _check_wildcards(bare, start, end, is_exact=is_exact, is_phrase=is_phrase)
    if not len(tokenize(bare)):
        remedy = "leave it out; a word needs a letter or digit"
        return _bad(start, end, "E100", f"nothing to match in {words}", remedy)
    if is_plural:
        return _bad(
            start, end, "E212", "~ is not available in this version", f"write {bare}*, or list the forms", end - 1
        )
    return Lexeme(Kind.WORDS, start, end, _clean(bare), is_exact=is_exact)


def _clean(words: str) -> str:
    """Quotes and backslashes separate like a space; without them the text can be written between quotes again."""
    return " ".join(words.replace('"', " ").replace("\\", " ").split())


def _check_prefix(words: str, start: int, end: int, *, is_exact: bool) -> Lexeme:
    tokens = tokenize(words)
    if not len(tokens) or tokens.ends[-1] != len(words) or is_opaque(tokens.folded[-1]):
        return _bad(start, end, "E203", "a * must end a word", "write the first letters of a word before the *")
    last = tokens.exact[-1]
    # In scripts without spaces every character is a token, and what follows it is another one: * says nothing more.
    is_spaceless = CLASSES[last[0]] == SPACELESS
    forms = (words,) if is_spaceless else (last, tokens.folded[-1])
    if min(sum(map(str.isalnum, form)) for form in forms) < 2:
        return _bad(start, end, "E203", "too few letters before the *", "write two letters at least")
    return Lexeme(Kind.WORDS, start, end, _clean(words), is_exact=is_exact, is_prefix=not is_spaceless)


def _check_wildcards(words: str, start: int, end: int, *, is_exact: bool, is_phrase: bool) -> Lexeme:
    """Leading and inner wildcards: well-formed ones are for a later version."""
    if is_phrase:
        remedy = "only the last word of a phrase may end in *; leave out other * and ?"
        return _bad(start, end, "E203", "wildcard inside a phrase", remedy)
    letters = sum(map(str.isalnum, words))
    if letters < 3 or "**" in words or len(tokenize(_WILDCARDS.sub("x", words))) != 1:
        return _bad(start, end, "E203", "wildcard where none may stand", "write three letters of one word at least")
    wildcard = _WILDCARDS.search(words)
    assert wildcard is not None
    at = start + is_exact + wildcard.start()
    message = f"{wildcard.group()} inside a word is not available in this version"
    return _bad(start, end, "E212", message, "write the first letters and *, or list the forms", at)
