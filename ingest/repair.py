"""Undo mojibake: UTF-8 that somebody read through a single-byte code page, as in `Wednesdayโ€™s`.

How it works. Each byte of the original became one sign, so a mangled character is an *image* of two to four signs.
For every code page there is a table from signs back to bytes (`repair_pages`). A run is a longest stretch of
non-ASCII signs; only runs that are images from end to end are ever touched.

Whether a text is mangled is decided for the document as a whole, page by page: how much less unlikely would its runs
be if that page were undone (`repair_evidence`)? Runs that are no images speak against the page, and one that
comes often is hardly more than one piece of evidence. The best-supported page is undone, line by line, as a paragraph
in another language may stand among mangled ones; and the result is looked at again, because texts get mangled twice.
Runs that could be genuine (`ยก` is a Thai word and the image of `¡`) are repaired where nothing in their line speaks
against the page.

Pure. Nothing is imported that guesses languages, and nothing depends on anything but the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ingest.repair_evidence import is_usual, surprise
from ingest.repair_pages import CODE_PAGES, COMMON_PAGES, code_pages, page_sets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.repair_pages import CodePage

__all__ = ["CODE_PAGES", "Repaired", "repair", "repair_parts"]

#: A page is believed when undoing it saves more than so many bits; the rarer pages are many, so they need more.
_BELIEVED = 13.0
_BELIEVED_OF_RARE_PAGE = 18.0
#: Each run that is repaired has to save so much before it counts as evidence ...
_WORTH_COUNTING = 5.0
#: ... and each run of two signs at least that is none, or of one sign, costs so much.
_COST_OF_OTHER = 4.0
_COST_OF_SINGLE = 2.0
#: A document in a page's own signs is rather in a language of that page: the doubt for each run of the first kind.
_DOUBT_OF_OTHER = 0.5
_MOST_DOUBT = 6.0
#: In a line that was mangled a run that can be repaired is repaired, even where the result is less likely by so much.
_TRUST_IN_LINE = 14.0

#: A run that was mangled twice is less likely by so much than one that was mangled once.
_MANGLED_TWICE = 5.0
_LONGEST_IMAGE = 4
#: Who saves so much needs no second look.
_PLAIN = 40.0

#: Texts are mangled twice, hardly three times. What is still not done after so many rounds was never a text.
_MOST_ROUNDS = 8
#: Of long runs so many characters are weighed, and of a document so many sites; more would tell no more.
_WEIGHED_CHARACTERS = 60
_WEIGHED_SITES = 3000

_TWO_FOREIGN_SIGNS = re.compile(r"[^\x00-\x7f]{2}")
#: A no-break space before a run is not part of it.
_RUN = re.compile(r"[^\x00-\x7f\xa0][^\x00-\x7f]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """A text, and the code page that was undone in it: the outermost one where it was several, None where none."""

    text: str
    code_page: str | None


def repair(text: str) -> Repaired:
    """Undo in *text* what a wrong code page did, or return it as it is.

    A second call changes nothing. ASCII comes back unchanged, and so does genuine text in any script.

    >>> repair("โ€œyesโ€ itโ€™s")
    Repaired(text='“yes” it’s', code_page='windows-874')
    >>> repair("ราคา ยก 5 บาท").code_page is None
    True
    """
    (repaired,), code_page = repair_parts((text,))
    return Repaired(text=repaired, code_page=code_page)


def repair_parts(parts: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """Undo a wrong code page in several fields of one document, judged together.

    So a short title is repaired by what its body gives away. Returns the fields in order, and the code page.
    """
    first_page: str | None = None
    repaired = parts
    for _ in range(_MOST_ROUNDS):
        page = _find_page(repaired)
        if page is None:
            return repaired, first_page
        undone = tuple(part if part.isascii() else _undo(part, page) for part in repaired)
        if undone == repaired:
            return repaired, first_page
        first_page = first_page or page.name
        repaired = undone
    return parts, None


class _Site(NamedTuple):
    """A run with the signs around it, two on each side at most."""

    before: str
    run: str
    after: str


def _sites(line: str) -> list[_Site]:
    return [
        _Site(line[max(0, found.start() - 2) : found.start()], found[0], line[found.end() : found.end() + 2])
        for found in _RUN.finditer(line)
    ]


class _Line(NamedTuple):
    """The different sites of a line, in order, and their runs."""

    sites: tuple[_Site, ...]
    runs: frozenset[str]


def _distinct_sites(line: str) -> tuple[_Site, ...]:
    return tuple(dict.fromkeys(_sites(line)))


def _find_page(parts: tuple[str, ...]) -> CodePage | None:
    """The code page that the document speaks for most, if it does so clearly enough."""
    # A mangled character is two signs at least, and hardly any English text has two foreign signs in a row.
    if not any(not part.isascii() and _TWO_FOREIGN_SIGNS.search(part) for part in parts):
        return None
    images = _find_images(parts)
    if not images:
        return None
    # Lines that come again are no further evidence, nor are sites of a line.
    distinct = dict.fromkeys(line for part in parts for line in part.split("\n") if not line.isascii())
    lines = [_Line(sites, frozenset(site.run for site in sites)) for sites in map(_distinct_sites, distinct)]
    runs = {run for line in lines for run in line.runs if len(run) > 1}
    scales = _Scales()
    best, best_evidence = None, 0.0
    for page, decoded in images:
        evidence = _weigh(page, decoded, lines, scales)
        if evidence > best_evidence:
            others = sum(1 for run in runs if run not in decoded and run[0] in page.signs)
            evidence -= min(_MOST_DOUBT, _DOUBT_OF_OTHER * others)
            evidence -= _BELIEVED if page.number < COMMON_PAGES else _BELIEVED_OF_RARE_PAGE
        if evidence > best_evidence:
            best, best_evidence = page, evidence
    return best


def _find_images(parts: tuple[str, ...]) -> list[tuple[CodePage, dict[str, str]]]:
    """For each page that decodes any run of *parts*: the runs that are images, and what they stand for."""
    may_decode = page_sets().may_decode
    candidates: list[tuple[str, int]] = []
    any_page = 0
    for run in dict.fromkeys(run for part in parts for run in _RUN.findall(part)):
        if len(run) > 1 and (pages := may_decode(run)):
            candidates.append((run, pages))
            any_page |= pages
    found = []
    for page in code_pages():
        mask = 1 << page.number
        if any_page & mask:
            decoded = {
                run: text for run, pages in candidates if pages & mask and (text := page.decode(run)) is not None
            }
            if decoded:
                found.append((page, decoded))
    return found


class _Scales:
    """Weighs each run and each repaired run once."""

    def __init__(self) -> None:
        self._known: dict[_Site, float] = {}

    def saving(self, site: _Site, decoded: str) -> float:
        """Bits that are saved where *decoded* stands instead of the run of *site*."""
        before, run, after = site
        if len(decoded) > _WEIGHED_CHARACTERS:
            decoded = decoded[:_WEIGHED_CHARACTERS]
            run, after = run[: len(decoded.encode())], "\n"
        repaired = self._surprise(_Site(before, decoded, after))
        saved = self._surprise(_Site(before, run, after)) - repaired
        if saved >= _PLAIN:
            return saved
        # Where it is the second wrong reading that is undone, what comes out may be odder than what went in.
        inner = [self._surprise(_Site(before, text, after)) for text in _decode_all(decoded)]
        return saved + max(0.0, repaired - min(inner) - _MANGLED_TWICE) if inner else saved

    def _surprise(self, site: _Site) -> float:
        known = self._known.get(site)
        if known is None:
            known = self._known[site] = surprise(*site)
        return known


def _decode_all(run: str) -> set[str]:
    """All that *run* stands for in any page; the beginning of an image at its end is passed over."""
    pages = page_sets().may_begin(run) if len(run) > 1 else 0
    found = set()
    for page in code_pages():
        if pages >> page.number & 1:
            for end in range(len(run), max(1, len(run) - _LONGEST_IMAGE), -1):
                decoded = page.decode(run[:end])
                if decoded is not None:
                    found.add(decoded)
                    break
    return found


def _weigh(page: CodePage, decoded: dict[str, str], lines: list[_Line], scales: _Scales) -> float:
    """Bits that undoing *page* saves in the lines where it saves any.

    A run that comes again in other words counts half, then a quarter …: by accident it would come again, too.
    """
    total = 0.0
    weights: dict[str, float] = {}
    seen: set[_Site] = set()
    images = frozenset(decoded)
    for sites, runs in lines:
        if runs.isdisjoint(images):
            continue
        gain = -_cost_of(runs - images, page)
        for site in sites:
            if site.run in images and site not in seen and len(seen) < _WEIGHED_SITES:
                seen.add(site)
                weight = weights.get(site.run, 1.0)
                weights[site.run] = weight / 2
                gain += weight * (scales.saving(site, decoded[site.run]) - _WORTH_COUNTING)
        total += max(0.0, gain)
    return total


def _cost_of(others: Iterable[str], page: CodePage) -> float:
    """What runs cost that are no images though they begin with signs of the page."""
    return sum(_COST_OF_OTHER if len(run) > 1 else _COST_OF_SINGLE for run in others if run[0] in page.signs)


def _undo(text: str, page: CodePage) -> str:
    """Repair line by line: a paragraph in another language may stand among mangled ones, and stays."""
    lines = text.split("\n")
    repaired = {line: line if line.isascii() else _undo_line(line, page) for line in dict.fromkeys(lines)}
    return "\n".join(map(repaired.__getitem__, lines))


def _undo_line(line: str, page: CodePage) -> str:
    sites = _sites(line)
    distinct = dict.fromkeys(sites)
    runs = dict.fromkeys(site.run for site in distinct)
    images = {run: text for run in runs if (text := page.decode(run)) is not None}
    if not images:
        return line
    scales = _Scales()
    savings = {site: scales.saving(site, images[site.run]) for site in distinct if site.run in images}
    spaced = {site: text for site in distinct if (text := _decode_before_space(site, page)) is not None}
    cost = _cost_of(runs.keys() - images.keys() - {site.run for site in spaced}, page)
    gain = sum(savings.values()) - _WORTH_COUNTING * len(savings)
    is_trusted = gain >= (cost or -_TRUST_IN_LINE)
    needed = -_TRUST_IN_LINE if is_trusted else _BELIEVED
    pieces: list[str] = []
    end = 0
    for found, site in zip(_RUN.finditer(line), sites, strict=True):
        pieces.append(line[end : found.start()])
        end = found.end()
        if savings.get(site, needed) > needed:
            pieces.append(images[site.run])
        elif is_trusted and site in spaced:
            pieces.append(spaced[site])
            # `Ã` and a space are what is left of `à`; where white space was squeezed as well, one space is all there
            # is, and it is needed between two words.
            end += not (spaced[site].endswith("à") and site.after[1:2].isalnum())
        else:
            pieces.append(site.run)
    pieces.append(line[end:])
    return "".join(pieces)


def _decode_before_space(site: _Site, page: CodePage) -> str | None:
    """What the run stands for if the space behind it ended its last image, as a no-break space, which gets lost."""
    if site.after[:1] != " ":
        return None
    decoded = page.decode_before_space(site.run)
    return decoded if decoded and is_usual(decoded[-1]) else None
