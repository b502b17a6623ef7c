"""The grammars for editors colour rule files as the lexer reads them, and know the same words.

A small interpreter of TextMate grammars stands here (line by line; match, begin, end, captures, include). The Vim
grammar is run in Vim where there is one.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.blocks import ATTRIBUTES
from rules.layout import RuleFile, read_layout
from rules.lexer import _SPECIAL, QUOTES, Kind, read_lexemes
from rules.tree import FIELDS
from wirewatch.rule_fields import RULE_PROBLEM

FOLDER = Path(__file__).parents[2] / "docs" / "editors"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
GRAMMAR = json.loads((FOLDER / "wirewatch-rules.tmLanguage.json").read_text(encoding="utf-8"))
VIM = FOLDER / "vim"
VIM_SYNTAX = (VIM / "syntax" / "wirewatch_rules.vim").read_text(encoding="utf-8")

SAMPLE = """\
# a comment
let @zelensky = Zelensky | Зеленський
    | =Selenskyj  # more
# between

let @other = @zelensky
topic purl "NATO's \\"aid\\" scheme" # why
    tags  ukraine, aid
    lang  en, nl
    priority 5
    match =PURL AND (NATO | Ukraine) -knitting AT&T #Crimea # hidden
          "frozen asset*" NEAR/3 “Black Sea” and re-arm* near/5
          test is a word

          # still
          title:Kherson tittle:x body: x https://x.org/a 12:30
    match SCORE/10 (a^6, b^-4) ATLEAST/0 (x) NEAR x ANY/2 (a, b)
    not /€\\s?\\d+ (billion|bn)/i immobili?ed asset~ ="Sea of Azov" „unten“ «haut» OR "un closed
    test  yes "NATO's PURL"
    test  no  “no and \\" x” # c
    matches x
stray
topic next
    match Sevastopol BEFORE/2 NOT x & y "a*b c"
"""

#: What is to be coloured how: line of the sample, text, scope of TextMate, group of Vim.
COLOURS = [
    (1, "# a comment", "comment.line", "Comment"),
    (2, "let", "keyword.control.let", "Statement"),
    (2, "@zelensky", "entity.name.function.macro", "MacroName"),
    (2, "=", "keyword.operator.assignment", "Assignment"),
    (2, "Zelensky", "string.unquoted", "Word"),
    (2, "|", "keyword.operator.logical", "Operator"),
    (2, "Зеленський", "string.unquoted", "Word"),
    (3, "|", "keyword.operator.logical", "Operator"),
    (3, "=", "keyword.operator.exact", "Exact"),
    (3, "# more", "comment.line", "Comment"),
    (4, "# between", "comment.line", "Comment"),
    (6, "let", "keyword.control.let", "Statement"),
    (6, "@zelensky", "variable.other.macro", "Macro"),
    (7, "topic", "keyword.control.topic", "Statement"),
    (7, "purl", "entity.name.type.topic", "TopicName"),
    (7, "\"NATO's", "string.quoted", "Text"),
    (7, '\\"', "constant.character.escape", "Escape"),
    (7, "scheme", "string.quoted", "Text"),
    (7, "# why", "comment.line", "Comment"),
    (8, "tags", "keyword.other.attribute", "Attribute"),
    (8, "ukraine", "constant.other.item", "Item"),
    (8, ",", "punctuation.separator.list", "Comma"),
    (9, "lang", "keyword.other.attribute", "Attribute"),
    (9, "nl", "constant.other.item", "Item"),
    (10, "priority", "keyword.other.attribute", "Attribute"),
    (10, "5", "constant.numeric.priority", "PriorityNumber"),
    (11, "match", "keyword.other.attribute", "Attribute"),
    (11, "=", "keyword.operator.exact", "Exact"),
    (11, "PURL", "string.unquoted", "Word"),
    (11, "AND", "keyword.operator.logical", "Operator"),
    (11, "(", "punctuation.section.group", "Bracket"),
    (11, ")", "punctuation.section.group", "Bracket"),
    (11, "-", "keyword.operator.logical", "Operator"),
    (11, "knitting", "string.unquoted", "Word"),
    (11, "AT&T", "string.unquoted", "Word"),
    (11, "#Crimea", "string.unquoted", "Word"),
    (11, "# hidden", "comment.line", "Comment"),
    (12, '"frozen asset', "string.quoted", "Phrase"),
    (12, "*", "keyword.operator.wildcard", "Star"),
    (12, "NEAR", "keyword.operator.proximity", "Operator"),
    (12, "3", "constant.numeric.operator", "Operator"),
    (12, "“Black Sea”", "string.quoted", "Phrase"),
    (12, "and", "invalid.deprecated", "Doubtful"),
    (12, "re-arm", "string.unquoted", "Word"),
    (12, "near/5", "invalid.deprecated", "Doubtful"),
    (13, "test", "string.unquoted", "Word"),
    (15, "# still", "comment.line", "Comment"),
    (16, "title", "support.type.field", "Field"),
    (16, "Kherson", "string.unquoted", "Word"),
    (16, "tittle:", "invalid.illegal.field", "Error"),
    (16, "body:", "invalid.illegal.field", "Error"),
    (16, "https://x.org/a", "string.unquoted", "Word"),
    (16, "12:30", "string.unquoted", "Word"),
    (17, "SCORE", "keyword.operator.count", "Operator"),
    (17, "10", "constant.numeric.operator", "Operator"),
    (17, "^6", "constant.numeric.weight", "Number"),
    (17, "^-4", "constant.numeric.weight", "Number"),
    (17, "ATLEAST/0", "invalid.illegal.number", "Error"),
    (17, "NEAR", "invalid.illegal.number", "Error"),
    (17, "ANY/2", "keyword.operator.count", "Operator"),
    (18, "not", "keyword.other.attribute", "Attribute"),
    (18, "/€\\s?\\d+ (billion|bn)/i", "string.regexp", "Regex"),
    (18, "?ed", "keyword.operator.wildcard", "Sign"),
    (18, "~", "keyword.operator.plural", "Sign"),
    (18, '="Sea', "keyword.operator.exact", "PhraseExact"),
    (18, '"Sea of Azov"', "string.quoted", "Phrase"),
    (18, "„unten“", "string.quoted", "Phrase"),
    (18, "«haut»", "string.quoted", "Phrase"),
    (18, "OR", "keyword.operator.logical", "Operator"),
    (18, '"un closed', "invalid.illegal.unclosed", "Error"),
    (19, "test", "keyword.other.attribute", "Attribute"),
    (19, "yes", "constant.language.test", "Verdict"),
    (19, '"NATO\'s PURL"', "string.quoted", "Text"),
    (20, "no", "constant.language.test", "Verdict"),
    (20, "no and", "string.quoted", "Text"),
    (20, "# c", "comment.line", "Comment"),
    (21, "matches", "invalid.illegal.attribute", "Unknown"),
    (22, "stray", "invalid.illegal.statement", "Unknown"),
    (23, "topic", "keyword.control.topic", "Statement"),
    (24, "match", "keyword.other.attribute", "Attribute"),
    (24, "BEFORE", "keyword.operator.proximity", "Operator"),
    (24, "NOT", "keyword.operator.logical", "Operator"),
    (24, "& y", "keyword.operator.logical", "Operator"),
    (24, "*", "invalid.illegal.wildcard", "PhraseSign"),
]


def place_of(line, text):
    """Where *text* starts in a line of the sample: its last occurrence in `“no and`, else its first."""
    content = SAMPLE.split("\n")[line - 1]
    return content.rindex(text) if text == "no and" else content.index(text)


# --- TextMate -------------------------------------------------------------------------------------------


@cache
def compiled(pattern):
    return re.compile(pattern)


def rules_of(patterns):
    """The patterns with what they include in their places."""
    for pattern in patterns:
        if "include" in pattern:
            included = GRAMMAR["repository"][pattern["include"].removeprefix("#")]
            yield from rules_of([included] if {"match", "begin"} & included.keys() else included["patterns"])
        else:
            yield pattern


class Colourer:
    """Tokenises lines by the grammar."""

    def __init__(self):
        #: open begin … end rules, each with the pattern that ends it
        self.stack = [(GRAMMAR, None)]

    def colour(self, line):
        """The scopes of each character."""
        scopes = [set() for _ in line]
        at = 0
        while True:
            rule, end = self.stack[-1]
            found = [] if end is None else [(found, None) for found in [compiled(end).search(line, at)] if found]
            for each in rules_of(rule["patterns"]):
                match = compiled(each.get("match") or each["begin"]).search(line, at)
                if match:
                    found.append((match, each))
            if not found:
                self._mark(scopes, at, len(line))
                return scopes
            match, chosen = min(found, key=lambda pair: pair[0].start())
            self._mark(scopes, at, match.start())
            self._take(scopes, match, chosen)
            at = match.end()
            if chosen is None and match.start() == match.end() == len(line) and len(self.stack) == 1:
                return scopes

    def _take(self, scopes, match, chosen):
        if chosen is None:
            rule, _ = self.stack[-1]
            self._mark(scopes, match.start(), match.end())
            self._capture(scopes, match, rule.get("endCaptures", {}))
            self.stack.pop()
        elif "begin" in chosen:
            end = re.sub(r"\\(\d)", lambda found: re.escape(match[int(found[1])]), chosen["end"])
            self.stack.append((chosen, end))
            self._mark(scopes, match.start(), match.end())
            self._capture(scopes, match, chosen.get("beginCaptures", {}))
        else:
            assert match.end() > match.start(), chosen
            self._mark(scopes, match.start(), match.end(), chosen.get("name"))
            self._capture(scopes, match, chosen.get("captures", {}))

    def _mark(self, scopes, start, end, *names):
        names = {name for name in [*names, *(rule.get("name") for rule, _ in self.stack[1:])] if name}
        for place in range(start, end):
            scopes[place] |= names

    def _capture(self, scopes, match, captures):
        for group, capture in captures.items():
            start, end = match.span(int(group))
            if start < 0:
                continue
            self._mark(scopes, start, end, capture.get("name"))
            for inner in capture.get("patterns", ()):
                for found in compiled(inner["match"]).finditer(match[int(group)]):
                    self._mark(scopes, start + found.start(), start + found.end(), inner["name"])


def coloured(text):
    colourer = Colourer()
    return [colourer.colour(line) for line in text.split("\n")]


def patterns_in(node):
    """All regexes of the grammar."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in {"match", "begin", "end"}:
                yield value
            else:
                yield from patterns_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from patterns_in(value)


def test_the_grammar_holds_nothing_that_python_and_oniguruma_read_differently():
    for pattern in patterns_in(GRAMMAR):
        compiled(re.sub(r"\\1", "", pattern))
        # Possessive and atomic groups, \A, \G, named groups and POSIX classes; [[ and && are set operations.
        assert not re.search(r"[+*?]\+|\(\?>|\(\?P|\\[AGZzhH]|\[:|\[\[|\(\?#", pattern), pattern
        assert not re.search(r"\[[^\]]*&&[^\]]*\]", pattern), pattern


def test_the_grammar_has_no_rule_that_nothing_includes():
    included = set(re.findall(r'"#([\w-]+)"', json.dumps(GRAMMAR)))
    assert included == set(GRAMMAR["repository"])


@pytest.mark.parametrize(("line", "text", "scope", "group"), COLOURS, ids=str)
def test_textmate_colours_the_sample(line, text, scope, group):
    start = place_of(line, text)
    scopes = coloured(SAMPLE)[line - 1]
    assert any(name.startswith(scope) for name in scopes[start]), scopes[start]
    last = scopes[start + len(text) - 1]
    if scope not in {"keyword.operator.exact", "keyword.operator.count", "keyword.operator.wildcard"} and text != "& y":
        assert any(name.startswith(scope) for name in last), last


SCOPES = {
    # near/3 is text, and doubtful (W114).
    Kind.TERM: ("string.unquoted", "string.quoted", "keyword.operator.exact", "invalid.deprecated.lower-case"),
    Kind.MACRO: ("variable.other.macro",),
    Kind.REGEX: ("string.regexp",),
    Kind.AND: ("keyword.operator.logical",),
    Kind.OR: ("keyword.operator.logical",),
    Kind.NOT: ("keyword.operator.logical",),
    Kind.NEAR: ("keyword.operator.proximity",),
    Kind.BEFORE: ("keyword.operator.proximity",),
    Kind.OPEN: ("punctuation.section.group",),
    Kind.CLOSE: ("punctuation.section.group",),
    Kind.COMMA: ("punctuation.separator.list",),
    Kind.WEIGHT: ("constant.numeric.weight",),
    Kind.FIELD: ("support.type.field", "invalid.illegal.field"),
    Kind.ATLEAST: ("keyword.operator.count",),
    Kind.ANY: ("keyword.operator.count",),
    Kind.SCORE: ("keyword.operator.count",),
}
PIECES = (
    "a", "crimea*", "*mea", "im?b", "asset~", "=US", "Київ", "北京", "AT&T", "&", "a#b", "#b", "# c", "#",
    "x/y", "12:30", "https://x.org/a", '"x y*"', '="b"', "“Black Sea”", "„u“", "«h»", '"\\""', "/a b/i",
    "/€/", "and", "AND", "OR", "NOT", "ANDA", "NEAR/3", "BEFORE/0", "ATLEAST/2", "ANY/1", "SCORE/12",
    "near/3", "NEAR", "ANY/0", "^3", "^-1", "-", "|", "(", ")", ",", "title:", "lang:", "tittle:", "@m",
    "@", "=", "~", "é", "1,000", "U.S.",
)  # fmt: skip


@given(st.lists(st.sampled_from([*PIECES, *" " * len(PIECES)]), max_size=12).map("".join))
def test_textmate_sees_what_the_lexer_sees(expression):
    """Up to the first thing that is not understood, each lexeme has its colour, and what is none is a comment."""
    line = f"    match {expression}"
    scopes = Colourer().colour(line)[-len(expression) :] if expression else []
    at = 0
    for lexeme in read_lexemes(expression):
        between = range(at, lexeme.start if lexeme.kind is not Kind.END else len(expression))
        for place in between:
            if not expression[place].isspace():
                assert any(name.startswith("comment") for name in scopes[place]), (expression, place)
        if lexeme.kind in {Kind.BAD, Kind.END} or (lexeme.kind is Kind.WEIGHT and lexeme.number is None):
            return
        found = scopes[lexeme.start]
        assert any(name.startswith(SCOPES[lexeme.kind]) for name in found), (expression, lexeme, found)
        at = lexeme.end


@given(st.text(st.sampled_from(' \t#"“”„«»/\\|()@=-*?~^,:abANDNEAR/39'), max_size=40))
def test_no_line_stops_the_colourer(line):
    colourer = Colourer()
    for each in ("topic a", f"    match {line}", line, "  let", "let @a = b"):
        assert len(colourer.colour(each)) == len(each)


# --- the same words -------------------------------------------------------------------------------------

LOWER_CASE = {"near", "before", "atleast", "any", "score"}
#: Keywords that stand alone in a pattern are seen to by the sample.
ALONE = {"let", "topic", "priority", "test"}
WORDS = {*FIELDS, *_SPECIAL, *LOWER_CASE, *ATTRIBUTES, "yes", "no"}


def test_the_lexer_has_no_other_words_than_these():
    assert {word.lower() for word in _SPECIAL} == {*LOWER_CASE, "and", "or", "not"}
    assert not read_layout(RuleFile("a.rules", "let @a = b\ntopic c\n    match d\n")).problems
    assert read_layout(RuleFile("a.rules", "rule @a = b\n")).problems


@pytest.mark.parametrize(
    "patterns",
    [list(patterns_in(GRAMMAR)), [line.replace("\\|", "|") for line in VIM_SYNTAX.splitlines() if "|" in line]],
    ids=["TextMate", "Vim"],
)
def test_a_grammar_knows_the_words_of_the_language_and_no_others(patterns):
    lists = [
        words for each in patterns for words in re.findall(r"(?<![\w\\\]])[A-Za-z]+(?:\|[A-Za-z]+)+(?![\w\[])", each)
    ]
    assert {word for words in lists for word in words.split("|")} | ALONE == WORDS | ALONE


def words_with_scopes():
    """Each word of the language in a line of its own, and how it is coloured there."""
    numbered = [word for word in sorted(_SPECIAL) if word.lower() in LOWER_CASE]
    return [
        *[(f"    match {name}:x", name, "support.type.field") for name in FIELDS],
        *[(f"    {name} x", name, "keyword.other.attribute") for name in ATTRIBUTES],
        *[(f"    match x {word} y", f"{word} y", "keyword.operator") for word in ("AND", "OR", "NOT")],
        *[(f"    match x {word} y", f"{word} y", "invalid.deprecated") for word in ("and", "or", "not")],
        *[(f"    match x {word}/2 y", word, "keyword.operator") for word in numbered],
        *[(f"    match x {word} y", word, "invalid.illegal") for word in numbered],
        *[(f"    match x {word.lower()}/2 y", word.lower(), "invalid.deprecated") for word in numbered],
    ]


@pytest.mark.parametrize(("line", "word", "scope"), words_with_scopes())
def test_textmate_colours_each_word_of_the_language(line, word, scope):
    scopes = coloured(line)[0][line.index(word)]
    assert any(name.startswith(scope) for name in scopes), scopes


def test_both_grammars_know_all_quotes():
    for opening, closing in QUOTES.items():
        assert any(f"({opening})" in each for each in patterns_in(GRAMMAR))
        assert f"'{opening}', '{closing}'" in VIM_SYNTAX


# --- Vim ------------------------------------------------------------------------------------------------


def vim(script, folder, **environment):
    """Run a script in Vim with this grammar; it writes to `told` in *folder*."""
    program = shutil.which("vim") or shutil.which("nvim")
    if program is None:
        pytest.skip("there is no vim or nvim here to run the grammar in")
    path = folder / "script.vim"
    path.write_text(
        f"set encoding=utf-8\nset runtimepath^={VIM}\nfiletype plugin on\nsyntax on\n{script}\nqall!\n",
        encoding="utf-8",
    )
    command = [program, "-N", "-u", "NONE", "-i", "NONE", "-es", "-S", str(path)]
    subprocess.run(
        command,
        check=False,  # what it has told is looked at
        cwd=folder,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    told = folder / "told"
    assert told.is_file(), "vim stopped at an error"
    return told.read_text(encoding="utf-8")


SHOW = """
let told = [&filetype]
for [line, column] in json_decode(join(readfile('places')))
  call add(told, synIDattr(synID(line, column, 1), 'name'))
endfor
call writefile(told, 'told')
"""


def test_vim_colours_the_sample(tmp_path):
    (tmp_path / "sample.rules").write_text(SAMPLE, encoding="utf-8")
    lines = SAMPLE.split("\n")
    places = [
        # Vim counts bytes.
        [line, len(lines[line - 1][: place_of(line, text)].encode()) + 1]
        for line, text, _, _ in COLOURS
    ]
    (tmp_path / "places").write_text(json.dumps(places))
    filetype, *groups = vim(f"edit sample.rules\n{SHOW}", tmp_path).splitlines()
    assert filetype == "wirewatch_rules"
    wanted = [(line, text, f"wirewatchRules{group}") for line, text, _, group in COLOURS]
    assert [(line, text, found) for (line, text, _), found in zip(wanted, groups, strict=True)] == wanted


def test_vim_leaves_rule_files_of_others_alone(tmp_path):
    (tmp_path / "70-disk.rules").write_text('ACTION=="add", SUBSYSTEM=="block"\n')
    assert "wirewatch" not in vim("edit 70-disk.rules\ncall writefile([&filetype], 'told')", tmp_path)


def test_every_group_of_vim_has_a_colour():
    used = set(re.findall(r"s:Match\('(\w+)'", VIM_SYNTAX)) | set(
        re.findall(r"syntax match wirewatchRules(\w+)", VIM_SYNTAX)
    )
    coloured_groups = set(re.findall(r"'(\w+)': '\w+'", VIM_SYNTAX))
    # A plain word has the colour of plain text.
    assert used - {"Word"} <= coloured_groups
    assert coloured_groups <= used | {"Statement", "Attribute"}
    assert {group for _, _, _, group in COLOURS} <= used | {"Statement", "Attribute"}


# --- problems in editors --------------------------------------------------------------------------------

BROKEN = """\
topic harbour
    match WHO | ferry NEAR pilot
topic café
    match "Чёрное море" AND WHO
    test yes "no such thing"
"""


@pytest.fixture
def checked(tmp_path):
    """A configuration with mistakes, and what `rules check` prints of it."""
    config = tmp_path / "news"
    subprocess.run([sys.executable, "-m", "wirewatch", "init", str(config)], check=True, capture_output=True)
    for path in (config / "rules").iterdir():
        path.unlink()
    (config / "rules" / "broken.rules").write_text(BROKEN, encoding="utf-8")
    command = [sys.executable, "-m", "wirewatch", "--config", str(config), "rules", "check"]

    def check(*options):
        done = subprocess.run([*command, *options], check=False, capture_output=True, text=True, encoding="utf-8")
        assert done.returncode == 4, done.stderr
        return done.stdout

    return config, check


def files_of_readme():
    return {
        name: json.loads(content)
        for name, content in re.findall(r"^```json (\S+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    }


def test_the_extension_of_the_readme_names_the_grammar():
    files = files_of_readme()
    (grammar,) = files["package.json"]["contributes"]["grammars"]
    (language,) = files["package.json"]["contributes"]["languages"]
    assert grammar["scopeName"] == GRAMMAR["scopeName"]
    assert (FOLDER / grammar["path"]).is_file()
    assert language["id"] == grammar["language"]
    assert language["extensions"] == [f".{each}" for each in GRAMMAR["fileTypes"]]
    assert language["configuration"].removeprefix("./") in files


def test_the_problem_matchers_find_all_that_is_told(checked):
    _, check = checked
    (task,) = files_of_readme()["tasks.json"]["tasks"]
    told = []
    for line in check("--format", "table").splitlines():
        for matcher in task["problemMatcher"]:
            pattern = matcher["pattern"]
            found = re.match(pattern["regexp"], line)
            if found:
                told.append((found[pattern["file"]], int(found[pattern["line"]]), found[pattern["message"]]))
    problems = json.loads(check("--format", "json"))
    assert [(each["file"], each["line"]) for each in problems] == [(file, line) for file, line, _ in told]
    assert all(each["message"].startswith(message) for each, (_, _, message) in zip(problems, told, strict=True))
    assert {each["severity"] for each in problems} == {"error", "test", "warning"}


def test_the_json_of_a_problem_has_the_fields_of_the_readme(checked):
    _, check = checked
    rows = re.findall(r"^\| (`.*?) \|", README, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named == {column.name for column in RULE_PROBLEM}
    assert all(named <= problem.keys() for problem in json.loads(check("--format", "json")))


def test_vim_finds_the_problems(checked, tmp_path):
    config, check = checked
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "wirewatch"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m wirewatch "$@"\n')
    program.chmod(0o755)
    script = f"""
edit {config}/rules/broken.rules
silent make!
let told = []
for problem in getqflist()
  if problem.valid
    call add(told, [fnamemodify(bufname(problem.bufnr), ':t'), problem.lnum, problem.type, problem.nr])
    " the character that the cursor is put on
    call add(told[-1], strcharpart(getline(problem.lnum), problem.vcol ? problem.col - 1 : 0, 1))
  endif
endfor
call writefile([json_encode(told)], 'told')
"""
    found = json.loads(vim(script, tmp_path, PATH=f"{programs}{os.pathsep}{os.environ['PATH']}"))
    lines = BROKEN.splitlines()
    assert found == [
        [
            each["file"],
            each["line"],
            "" if each["code"] == "TEST" else each["code"][0],
            -1 if each["code"] == "TEST" else int(each["code"][1:]),
            lines[each["line"] - 1][each["column"] - 1 : each["column"]],
        ]
        for each in json.loads(check("--format", "json"))
    ]
