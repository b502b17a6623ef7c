"""Complaints about a TOML file name the line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirewatch import tomlfile
from wirewatch.errors import ConfigError

SAMPLE = '''# a comment
top = 1

[fetch]   # a table
allow = [
  "a",  # one
  "b",
]
text = """
pause = 3
"""
pause = 3
inner.deep = 1

[[feeds]]
url = "x"

[[feeds]]
title = "t"
url = "y"
'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (["top"], 2),
        (["fetch"], 4),
        (["fetch", "allow"], 5),
        (["fetch", "text"], 9),
        (["fetch", "pause"], 12),
        (["fetch", "inner", "deep"], 13),
        (["feeds", 0, "url"], 16),
        (["feeds", 1], 18),
        (["feeds", 1, "url"], 20),
        (["nothing"], 1),
    ],
)
def test_the_line_of_a_key(key, line):
    assert tomlfile.line_of(SAMPLE, key) == line
    assert tomlfile.line_of(SAMPLE.replace("\n", "\r\n"), key) == line


_NAMES = st.from_regex(r"[a-z]{1,4}", fullmatch=True)
_VALUES = st.sampled_from(["1", '"x"', '"""\na = 1\n\n"""', "[\n 1, # c\n\n 2]", "{ a = 1 }", "[]", "'''\n[t]\n'''"])


@given(st.lists(st.tuples(_NAMES, _VALUES, st.sampled_from(["", "\n", "# c\n\n", " \n"])), unique_by=lambda t: t[0]))
def test_the_line_of_every_key_is_the_line_where_its_statement_begins(statements):
    text, wanted = "", {}
    for name, value, gap in statements:
        text += gap
        wanted[name] = text.count("\n") + 1
        text += f"{name} = {value}\n"
    assert {name: tomlfile.line_of(text, [name]) for name in tomllib.loads(text)} == wanted


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"a = 1\nb 2\n", "f.toml:2:3: Expected '=' after a key in a key/value pair"),
        (b"a = [1,\n\n", "f.toml:3: "),
        (b"a = 1\nb = '\xff'\n", "f.toml:2: not UTF-8 (byte 0xFF); save the file as UTF-8"),
    ],
)
def test_a_file_that_is_not_toml_is_refused_with_its_line(tmp_path, data, complaint):
    path = tmp_path / "f.toml"
    path.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        tomlfile.parse(tomlfile.read_text(path), path)
    assert complaint in str(caught.value)


def test_a_missing_file_is_named():
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read: No such file"):
        tomlfile.read_text(Path("nowhere.toml"))
