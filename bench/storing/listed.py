"""What the commands list, told without ids and moments: what people see must be the same as well."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from storing.natural import Contents
    from storing.station import Station

LISTED = (
    ("feeds", "list"),
    ("entries",),
    ("articles",),
    ("stories",),
    ("matches",),
    ("search", "harbour"),
    ("events",),
)
#: Numbers, of which PostgreSQL leaves some out.
_IDS = frozenset({"id", "feed", "entry", "article", "story"})
#: At once: which of several copies that came out together leads their story, for its title and address are those of the
#: lead, and which of several entries of a page looks after it. See `natural`.
_LEFT_OUT_AT_ONCE = {
    "stories": frozenset({"title", "url", "source", "copies"}),
    "entries": frozenset({"next_try_at"}),
}
#: At once: of two copies the one or the other is compared.
_SCORE = frozenset({"score"})
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
#: How long a feed had nothing new: seconds that the run itself took; and a sentence about such a time.
_ELAPSED = frozenset({"longest_quiet_s"})
_ELAPSED_IN_WORDS = re.compile(r"(?<=of )[\w ]+(?= before)")


def listings(station: Station, *, in_turn: bool = False) -> Contents:
    """The rows of each listing; *in_turn*: in the order in which they are listed, see `kills`."""
    told = {}
    for arguments, listed in zip(LISTED, station.listings(LISTED), strict=True):
        left_out = _IDS | _ELAPSED
        if not in_turn:
            left_out |= _SCORE | _LEFT_OUT_AT_ONCE.get(arguments[0], frozenset())
        rows = [json.dumps(_plain(row, left_out), ensure_ascii=False) for row in listed]
        told[" ".join(arguments)] = tuple(rows if in_turn else sorted(rows))
    return told


def _plain(row: Any, left_out: frozenset[str]) -> Any:
    if isinstance(row, dict):
        return {name: _plain(value, left_out) for name, value in row.items() if name not in left_out}
    if isinstance(row, list):
        return [_plain(each, left_out) for each in row]
    if not isinstance(row, str):
        return row
    return "a time" if _TIME.fullmatch(row) else _ELAPSED_IN_WORDS.sub("…", row)
