"""What a site repeats on page after page: furniture that reads like prose, known by where it was seen.

Of each site the newest pages are remembered by the hashes of their fingerprints. A hash is furniture when it stands on
several pages that have different titles and enough of their own. So pages are told apart by what else they say, never
by the stories that were found: a wrong merge would then hide the furniture that caused it.

Hashes of word sequences, not lines: furniture comes with its lines broken, joined to others, or misread by a scanner.
"""

from __future__ import annotations

import struct
from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ingest.copies.hashes import hash_text

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

#: So many pages of a site are remembered, and so many hashes of a page, the least: at most 19 kB a site.
KEPT_PAGES = 24
KEPT_LINES = 96
#: A hash is furniture when it stands on this many different pages.
MIN_PAGES = 4
#: A page is different from others when it has a title that they have not, and of its hashes at least so many, and
#: such a part, that most of them have not.
MIN_OWN_HASHES = 4
MIN_OWN_PART = 0.3
#: What is furniture on this many sites is furniture on all: publishers have several sites.
MIN_SITES = 2


def hash_page(address: str) -> int:
    """The address of a page as a number, see `PageLines.page`."""
    return hash_text(address)


class PageLines(NamedTuple):
    """What is remembered of a page. All numbers are signed and have 64 bits."""

    #: its address, hashed: a page that is read again replaces itself
    page: int
    #: `Fingerprint.title` and `Fingerprint.hashes`
    title: int
    lines: tuple[int, ...]

    @property
    def kept(self) -> PageLines:
        """What is remembered of it: the least of its lines, in order."""
        return self._replace(lines=tuple(sorted(self.lines)[:KEPT_LINES]))

    def to_bytes(self) -> bytes:
        """Return it as a part of `SiteMemory.to_bytes`."""
        return array("q", (self.page, self.title, len(self.lines), *self.lines)).tobytes()


_NO_PAGE = PageLines(0, 0, ())


@dataclass(frozen=True, slots=True)
class SiteMemory:
    """The newest pages of a site, the last one last."""

    pages: tuple[PageLines, ...] = ()

    def with_page(self, page: PageLines) -> SiteMemory:
        """The same with one more page; the oldest is forgotten when there are too many."""
        others = tuple(each for each in self.pages if each.page != page.page)
        return SiteMemory((*others[1 - KEPT_PAGES :], page.kept))

    def furniture(self, known: AbstractSet[int] = frozenset()) -> frozenset[int]:
        """The hashes of the last page that are furniture by what is remembered, beside those that are *known* to be."""
        *others, last = self.pages or (_NO_PAGE,)
        if len(others) < MIN_PAGES - 1:
            return frozenset()
        lines = frozenset(last.lines) - known
        # Hashes that stand on the same pages, given by the bits of a number, are judged together.
        bits: defaultdict[int, int] = defaultdict(int)
        for n, page in enumerate(others):
            for number in lines.intersection(page.lines):
                bits[number] |= 1 << n
        own = 1 << len(others)
        verdicts = {having: self._are_different(having | own) for having in set(bits.values())}
        return frozenset(number for number, having in bits.items() if verdicts[having])

    def _are_different(self, bits: int) -> bool:
        """Whether at least MIN_PAGES of these pages have little to do with each other."""
        if bits.bit_count() < MIN_PAGES:
            return False
        having = [page for n, page in enumerate(self.pages) if bits >> n & 1]
        times = Counter(number for page in having for number in page.lines)
        titles = {
            page.title
            for page in having
            if sum(2 * times[number] <= len(having) for number in page.lines)
            >= max(MIN_OWN_HASHES, MIN_OWN_PART * len(page.lines))
        }
        return len(titles) >= MIN_PAGES

    def to_bytes(self) -> bytes:
        """Return it for a store; `from_bytes` reads it on any machine of the same byte order."""
        return b"".join(page.to_bytes() for page in self.pages)

    @classmethod
    def from_bytes(cls, packed: bytes) -> SiteMemory:
        """Return what `to_bytes` gave. Raises ValueError when it is cut off."""
        whole = array("q")
        whole.frombytes(packed)
        numbers = tuple(whole)
        pages = []
        start = 0
        while start < len(numbers):
            if start + 3 > len(numbers) or not 0 <= numbers[start + 2] <= len(numbers) - start - 3:
                raise ValueError("the memory of a site is cut off")
            page, title, count = numbers[start : start + 3]
            start += 3
            pages.append(PageLines(page, title, numbers[start : start + count]))
            start += count
        return cls(tuple(pages))


# --- as it is stored --------------------------------------------------------------------------------

_HEAD = struct.Struct("=3q")


def add_page(packed: bytes, page: PageLines) -> bytes:
    """Return what `with_page` would make of a packed memory, packed. Raises ValueError when it is cut off.

    No line of another page is looked at: a site has 2,000 of them, and to make numbers of all takes 50 µs.
    """
    others = []
    start = 0
    while start < len(packed):
        number, _, count = _HEAD.unpack_from(packed, start) if start + _HEAD.size <= len(packed) else (0, 0, -1)
        end = start + 8 * (3 + count)
        if count < 0 or end > len(packed):
            raise ValueError("the memory of a site is cut off")
        if number != page.page:
            others.append(packed[start:end])
        start = end
    return b"".join((*others[1 - KEPT_PAGES :], page.kept.to_bytes()))


def furniture_of_last(before: bytes, packed: bytes, lines: AbstractSet[int]) -> frozenset[int]:
    """Return those of *lines* that `SiteMemory.furniture` finds in a packed memory; *before* its last page it was that.

    Of most pages none stands on any other, and that is seen at once.
    """
    others = array("q")
    others.frombytes(before)
    if frozenset(lines).isdisjoint(others):
        return frozenset()
    return SiteMemory.from_bytes(packed).furniture() & lines
