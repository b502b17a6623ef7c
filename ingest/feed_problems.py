"""What is wrong with a feed, one line each, for the people who added it. Counted while the feed is read."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from ingest.clean import clean_line

#: Nobody reads more lines about one feed.
MAX_PROBLEMS = 20

#: Of what a feed says, so many characters are shown as an example.
_MAX_EXAMPLE = 60


class Fault(StrEnum):
    """What can be wrong with an entry: what is said about one, and about several."""

    NO_GUID = "has no identifier of its own|have no identifier of their own"
    REPEATED_GUID = "shares its identifier with another|share their identifiers with others"
    TWICE = "is listed twice|are listed twice"
    NO_LINK = "has no link|have no link"
    BAD_LINK = "links to no http or https address|link to no http or https address"
    NO_DATE = "has no date|have no date"
    BAD_DATE = "has a date that says nothing|have dates that say nothing"
    NO_ZONE = "has a date without a known time zone, read as UTC|have dates without a known time zone, read as UTC"


class Problems:
    """Collects the problems of one document; what holds for many entries becomes one line with one example."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._faults: Counter[Fault] = Counter()
        self._examples: dict[Fault, str] = {}

    def say(self, line: str) -> None:
        """Note what concerns the whole document."""
        self._said.append(line)

    def note(self, fault: Fault, example: str = "", count: int = 1) -> None:
        """Note a fault of *count* entries, with what one of them says, if that helps."""
        self._faults[fault] += count
        if example:
            self._examples.setdefault(fault, clean_line(example[: 2 * _MAX_EXAMPLE], _MAX_EXAMPLE))

    def lines(self, listed: int) -> tuple[str, ...]:
        """All of it, at most 20 lines; *listed* entries were read. Text is cleaned."""
        faults = [self._line(fault, listed) for fault in Fault if self._faults[fault]]
        return tuple(clean_line(line, 300) for line in (*self._said, *faults))[:MAX_PROBLEMS]

    def _line(self, fault: Fault, listed: int) -> str:
        count = self._faults[fault]
        one, _, several = fault.value.partition("|")
        which = "the entry" if listed == 1 else f"{count:,} of {listed:,} entries"
        example = self._examples.get(fault)
        return f"{which} {one if count == 1 else several}" + (f": {example}" if example else "")
