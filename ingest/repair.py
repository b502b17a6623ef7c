"""Undo mojibake: UTF-8 that somebody read through a single-byte code page, as in `Wednesdayโ€™s`.

How it works. Each byte of the original became one sign, so a mangled character is an *image* of two to
four signs: a lead byte's sign and its continuation bytes' signs. For every code page there is a table
from signs back to bytes. A run is a longest stretch of non-ASCII signs; only runs that are images from
end to end are ever touched.

Whether a text is mangled is decided for the document as a whole, page by page, from *strong* runs:
those that hold what no writer puts there, such as a euro sign inside a word, or a Thai letter between
two Latin ones. Runs that could be genuine (`ยก` is a Thai word and the image of `¡`) are only repaired
where the strong ones outnumber the runs that are no images. The best-supported page is undone, and the
result is looked at again, because texts get mangled twice.

The tables follow what programs do with bytes that a page leaves undefined: they take windows-1252's sign,
else the C1 control of that number. Such controls get lost on the way; of those only 0x9D can be put back
with safety, as the end of a closing quotation mark (E2 80 9D).

Pure. Nothing is imported that guesses languages, and nothing depends on anything but the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise

#: Our names with the names of Python's codecs, the likelier page first: it wins where two explain a text alike.
#: Those of the Encoding Standard and three DOS pages. More would be easy, but the rarer pages are never met, and
#: some consist of letters to such a degree that genuine words (`кБ`, kilobytes) look like images in them.
CODE_PAGES = {
    "windows-1252": "cp1252",
    "windows-874": "cp874",
    "iso-8859-1": "latin_1",
    "windows-1251": "cp1251",
    "windows-1250": "cp1250",
    **{f"windows-{number}": f"cp{number}" for number in range(1253, 1259)},
    "macintosh": "mac_roman",
    **{f"ibm{number}": f"cp{number}" for number in (437, 850, 852, 866)},
    "koi8-r": "koi8_r",
    "koi8-u": "koi8_u",
    "x-mac-cyrillic": "mac_cyrillic",
    **{f"iso-8859-{part}": f"iso8859_{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)},
}

#: A page is believed when less than so many runs that are no images stand beside each strong one. Many strong ones
#: may stand in a long text of another language; a single one there may be an accident.
_OTHERS_PER_STRONG_RUN = 20
_OTHERS_PER_LONE_RUN = 5
_MANY_RUNS = 3

#: Scripts of the characters that a repair may bring forth, by the first code point of each stretch. "" is for
#: signs that go with any script; None: nobody writes this, so the run was no image.
_SCRIPTS: tuple[tuple[int, str | None], ...] = (
    (0x0000, None),
    (0x0080, ""),
    (0x00C0, "latin"),
    (0x00D7, ""),
    (0x00D8, "latin"),
    (0x00F7, ""),
    (0x00F8, "latin"),
    (0x0250, None),
    (0x0259, "latin"),  # the commonest letter of Azerbaijani
    (0x025A, None),
    (0x02B0, ""),
    (0x0370, "greek"),
    (0x0400, "cyrillic"),
    (0x0460, None),
    (0x0490, "cyrillic"),
    (0x0530, "armenian"),
    (0x0590, "hebrew"),
    (0x0600, "arabic"),
    (0x0700, None),
    (0x0750, "arabic"),
    (0x0780, None),
    (0x0900, "devanagari"),
    (0x0980, "bengali"),
    (0x0A00, "gurmukhi"),
    (0x0A80, "gujarati"),
    (0x0B00, "oriya"),
    (0x0B80, "tamil"),
    (0x0C00, "telugu"),
    (0x0C80, "kannada"),
    (0x0D00, "malayalam"),
    (0x0D80, "sinhala"),
    (0x0E00, "thai"),
    (0x0E80, "lao"),
    (0x0F00, None),
    (0x1000, "myanmar"),
    (0x10A0, "georgian"),
    (0x1100, None),
    (0x1200, "ethiopic"),
    (0x1380, None),
    (0x1780, "khmer"),
    (0x1800, None),
    (0x1E00, "latin"),
    (0x1F00, "greek"),
    (0x2000, ""),
    (0x2400, None),
    (0x2460, ""),
    (0x27C0, None),
    (0x2B00, ""),
    (0x2C00, None),
    (0x3000, "east asian"),
    (0x3400, None),
    (0x4E00, "east asian"),
    (0xA000, None),
    (0xAC00, "east asian"),
    (0xD7A4, None),
    (0xFB00, "latin"),
    (0xFB07, None),
    (0xFE00, ""),
    (0xFE10, None),
    (0xFEFF, ""),
    (0xFF00, "east asian"),
    (0xFFF0, None),
    (0x1F000, ""),
    (0x1FB00, None),
    (0x20000, "east asian"),
    (0x30000, None),
)
_SCRIPT_STARTS = tuple(start for start, _ in _SCRIPTS)

#: What 3-byte images stand for most; their images are found in no language.
_COMMON_PUNCTUATION = frozenset("‐‑‒–—―‘’‚“”„†‡•…‰‹›€™\u2009\u200a\u200b\u2028")

#: Signs that stand before a word in genuine text.
_BEFORE_WORDS = frozenset("«»“”„‘’‚‹›¿¡—–…•\xa0")
#: Signs that follow a word in genuine text. Right before a letter most of them are odd again.
_AFTER_WORDS = frozenset("’‘”“»«…–—•·™®°¹²³†›‹\xa0\xad")
_WITHIN_WORDS = frozenset("’‘”“»·\xa0\xad")

#: As many images of letters in one run are no accident even if each might be: of one script, and of several
#: (what is left after one of two wrong readings is undone is a mixture).
_LONG_RUN = 4
_LONG_MIXED_RUN = 8

_TWO_FOREIGN_SIGNS = re.compile(r"[^\x00-\x7f]{2}")
_RUN = re.compile(r"[^\x00-\x7f]+")


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
    while True:
        found = _find_page(parts)
        if found is None:
            return parts, first_page
        page, evidence = found
        repaired = tuple(_undo(part, page, evidence) for part in parts)
        if repaired == parts:
            return parts, first_page
        first_page = first_page or page.name
        # Every strong run gets shorter, so this ends.
        parts = repaired


class _CodePage:
    """A code page as a table from signs back to bytes, and patterns made of it when they are first needed."""

    def __init__(self, name: str, codec: str) -> None:
        self.name = name
        self.byte_of: dict[str, int] = {}
        undefined = []
        for byte in range(0x80, 0x100):
            sign = bytes((byte,)).decode(codec, "ignore")
            if sign:
                self.byte_of[sign] = byte
            else:
                undefined.append(byte)
        for byte in undefined:
            self.byte_of.setdefault(bytes((byte,)).decode("cp1252", "ignore") or chr(byte), byte)
        #: signs that can begin and that can continue a character
        self.leads = frozenset(sign for sign, byte in self.byte_of.items() if 0xC2 <= byte <= 0xF4)
        self.tails = frozenset(sign for sign, byte in self.byte_of.items() if byte <= 0xBF)

    def decode(self, image: str) -> str:
        """The character that an image stands for."""
        raw = bytes(self.byte_of[sign] for sign in image if sign in self.byte_of)
        return "”" if raw == b"\xe2\x80" else raw.decode("utf-8")

    @cached_property
    def image(self) -> re.Pattern[str]:
        """One mangled character: a lead byte's sign with the signs of its continuation bytes."""
        return re.compile(self._image_source)

    @cached_property
    def _image_source(self) -> str:
        tail = self._signs(0x80, 0xBF)
        forms = [
            f"{self._signs(0xC2, 0xDF)}{tail}",
            f"{self._signs(0xE0, 0xE0)}{self._signs(0xA0, 0xBF)}{tail}",
            f"{self._signs(0xE1, 0xEC)}{tail}{{2}}",
            f"{self._signs(0xED, 0xED)}{self._signs(0x80, 0x9F)}{tail}",
            f"{self._signs(0xEE, 0xEF)}{tail}{{2}}",
            f"{self._signs(0xF0, 0xF0)}{self._signs(0x90, 0xBF)}{tail}{{2}}",
            f"{self._signs(0xF1, 0xF3)}{tail}{{3}}",
            f"{self._signs(0xF4, 0xF4)}{self._signs(0x80, 0x8F)}{tail}{{2}}",
        ]
        if [sign for sign, byte in self.byte_of.items() if byte == 0x9D] == ["\x9d"]:
            # 0x9D has no sign here, so it was dropped or became U+FFFD.
            forms.append(f"{self._signs(0xE2, 0xE2)}{self._signs(0x80, 0x80)}(?:\ufffd|(?!{tail}))")
        return "|".join(forms)

    @cached_property
    def run(self) -> re.Pattern[str]:
        """A run that is images from end to end; no-break spaces, which writers add, may stand around it."""
        return re.compile(rf"(?<![^\x00-\x7f\xa0])(?:{self._image_source})++(?![^\x00-\x7f\xa0])")

    @cached_property
    def lost_space(self) -> re.Pattern[str]:
        """The lead byte's sign of `à`, followed by a plain space; "gap" when no word begins behind it."""
        return re.compile(rf"(?<![^\x00-\x7f]){self._signs(0xC3, 0xC3)} (?P<gap>(?![^\W_]))?")

    def _signs(self, first: int, last: int) -> str:
        return "[" + "".join(re.escape(sign) for sign, byte in self.byte_of.items() if first <= byte <= last) + "]"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """What the runs of a line or of a document say about one code page."""

    strong: int
    #: runs that are images, but could be genuine
    weak: int
    #: runs in the signs of this page that are no images
    other: int
    #: signs in strong runs and in weak ones; the page that explains more wins
    strong_signs: int
    weak_signs: int

    @property
    def is_convincing(self) -> bool:
        others_allowed = _OTHERS_PER_STRONG_RUN if self.strong >= _MANY_RUNS else _OTHERS_PER_LONE_RUN
        return self.other < self.strong * others_allowed

    @property
    def is_overwhelming(self) -> bool:
        """Then runs that could be genuine are taken for images as well."""
        return self.strong > 0 and self.strong >= self.other

    @property
    def rank(self) -> tuple[int, int]:
        return (self.strong_signs, self.weak_signs)


def _find_page(parts: tuple[str, ...]) -> tuple[_CodePage, _Evidence] | None:
    """The code page that the document speaks for most, with the evidence, or None."""
    # A mangled character is two signs at least, and hardly any English text has two foreign signs in a row.
    if not any(not part.isascii() and _TWO_FOREIGN_SIGNS.search(part) for part in parts):
        return None
    text = "\n".join(parts)
    runs = _RUN.findall(text)
    neighbours = {pair for run in runs if len(run) > 1 for pair in pairwise(run)}
    best: tuple[_CodePage, _Evidence] | None = None
    signs = {sign for pair in neighbours for sign in pair}
    for page in _code_pages():
        if signs.isdisjoint(page.leads) or signs.isdisjoint(page.tails):
            continue
        if not any(lead in page.leads and tail in page.tails for lead, tail in neighbours):
            continue
        evidence = _weigh(page, text, runs)
        if evidence.is_convincing and (best is None or evidence.rank > best[1].rank):
            best = page, evidence
    return best


def _weigh(page: _CodePage, text: str, runs: list[str]) -> _Evidence:
    """Judge the *runs* of *text*."""
    strong = weak = strong_signs = weak_signs = 0
    for match in page.run.finditer(text):
        match _judge(page, match):
            case True:
                strong += 1
                strong_signs += len(match[0])
            case False:
                weak += 1
                weak_signs += len(match[0])
    # What is left of `à` stands neither for nor against the page.
    lost = len(page.lost_space.findall(text)) if strong else 0
    other = sum(run[0] in page.byte_of for run in runs) - strong - weak - lost
    return _Evidence(strong=strong, weak=weak, other=other, strong_signs=strong_signs, weak_signs=weak_signs)


def _undo(text: str, page: _CodePage, document: _Evidence) -> str:
    """Repair line by line: a paragraph in another language may stand among mangled ones, and stays."""
    return "\n".join(line if line.isascii() else _undo_line(line, page, document) for line in text.split("\n"))


def _undo_line(line: str, page: _CodePage, document: _Evidence) -> str:
    evidence = _weigh(page, line, _RUN.findall(line))
    is_all_mangled = evidence.is_overwhelming or (document.is_overwhelming and not evidence.other)

    def replace(match: re.Match[str]) -> str:
        verdict = _judge(page, match)
        if verdict or (verdict is False and is_all_mangled):
            return "".join(page.decode(image) for image in page.image.findall(match[0]))
        return match[0]

    repaired = page.run.sub(replace, line)
    return page.lost_space.sub(_restore_grave_a, repaired) if is_all_mangled else repaired


def _restore_grave_a(match: re.Match[str]) -> str:
    """`Ã` and a space are what is left of `à` (C3 A0) where no-break spaces were made plain ones.

    Where white space was squeezed as well, one space is all there is, and it is needed between two words.
    """
    return "à " if match["gap"] is None else "à"


def _judge(page: _CodePage, match: re.Match[str]) -> bool | None:
    """Is this run strong evidence? None: it stands for nothing that anybody writes, so it is no image."""
    text, run = match.string, match[0]
    images = page.image.findall(run)
    characters = [page.decode(image) for image in images]
    scripts = [_script_of(character) for character in characters]
    if None in scripts:
        return None
    letters = [script for script in scripts if script]
    is_mixed = len(set(letters)) > 1
    if len(letters) >= (_LONG_MIXED_RUN if is_mixed else _LONG_RUN):
        return True
    position = match.start()
    for image, character, script in zip(images, characters, scripts, strict=True):
        # The ends of a text are as the ends of a line, or a line alone would be judged in another way.
        before = text[position - 1 : position] or "\n"
        position += len(image)
        after = text[position : position + 1] or "\n"
        if character in _COMMON_PUNCTUATION:
            return True
        # A letter of another script that stands alone is no word of a mangled text, but `é\xa0»` is good French.
        # A C1 control is an image only where another wrong reading is still to be undone.
        is_written = not is_mixed and character >= "\xa0" and (script in {"", "latin"} or len(letters) > 1)
        if is_written and (_is_odd(before, image, after) or _is_glued(before, image, after, script)):
            return True
    return False


def _is_odd(before: str, image: str, after: str) -> bool:
    """Whether no writer puts these signs one after the other."""
    lead = image[0]
    if not lead.isalpha() and not (lead in _BEFORE_WORDS and image[1:].isalpha()):
        return True
    for sign, following in zip(image[1:], image[2:] + after, strict=False):
        if not sign.isalpha() and sign not in _AFTER_WORDS:
            return True
        if sign in _AFTER_WORDS and sign not in _WITHIN_WORDS and following.isalnum():
            return True
    if any(sign in "ªºƒˆµ" for sign in image):
        return True
    # Capitals end words of capitals only. Nothing ends in these two but Portuguese shouting.
    if lead in "ÂÃ" and not before.isupper():
        return not all(sign.isalpha() for sign in image)
    return any(left.islower() and right.isupper() for left, right in pairwise(before + image))


def _is_glued(before: str, image: str, after: str, script: str | None) -> bool:
    """Whether letters of another script stand for a Latin letter within a Latin word: `Sprลซds`."""
    is_within = before.isascii() and before.isalpha() and after.isascii() and after.isalpha()
    return is_within and script == "latin" and ord(image[0]) >= 0x370  # where Latin ends


def _script_of(character: str) -> str | None:
    return _SCRIPTS[bisect_right(_SCRIPT_STARTS, ord(character)) - 1][1]


@cache
def _code_pages() -> tuple[_CodePage, ...]:
    return tuple(_CodePage(name, codec) for name, codec in CODE_PAGES.items())
