"""How a setting names where its secret is kept: env:NAME, a variable, or file:PATH. Pure, and cheap to import."""

from __future__ import annotations

import re

#: which of the two, and its name
SECRET = re.compile(r"(env|file):(.*)", re.DOTALL)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def reference_fault(text: str) -> str | None:
    """Return what is wrong with env:NAME or file:PATH, or None; for anything else, that it must be one of the two.

    It quotes nothing of *text*.
    """
    found = SECRET.fullmatch(text)
    if found is None:
        return 'expected "env:NAME" or "file:PATH", for the file is no place for a password'
    if found[1] == "env" and not _VARIABLE.fullmatch(found[2]):
        return 'env: the name of a variable has letters, digits and _ only, as in "env:NEWS_PASSWORD"'
    if found[1] == "file" and (not found[2].strip() or "\0" in found[2]):
        return '"file:" wants the name of a file, as in "file:secrets/news"'
    return None
