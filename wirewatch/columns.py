"""The columns of a listing: each is a field of its JSON object, and tells how people read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import tzinfo

    from wirewatch.below import Piece


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a listing, which is a field of its JSON object; `fields` has them all."""

    name: str
    kind: str = "text"
    meaning: str = ""
    #: heading of the table on a terminal, when it is not the name
    heading: str = ""
    #: part of the table on a terminal; the other formats always have all columns
    is_shown: bool = False
    #: may be cut so that the table fits the terminal
    is_flexible: bool = False
    #: part of the table only where the terminal has room for it
    is_spare: bool = False
    #: the columns of a list of objects, for people; those that are shown
    nested: tuple[Column, ...] = ()
    #: left out for people where no row has a value
    is_rare: bool = False
    #: how people read a value, at their time zone, when not as every value of its kind
    reads: Callable[[Any, tzinfo], str] | None = None
    #: in a table it stands below its row, as these pieces, each of which may be a hit
    below: Callable[[Any], Sequence[Piece]] | None = None

    @property
    def is_number(self) -> bool:
        """Written at the right edge of its column."""
        return self.kind in {"integer", "number"}

    @property
    def title(self) -> str:
        """What people read above the column."""
        return self.heading or self.name.replace("_", " ")
