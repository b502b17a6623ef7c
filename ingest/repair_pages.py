"""The single-byte code pages that UTF-8 may have been read through, as tables from signs back to bytes.

A table follows what programs do with a byte that a page leaves undefined: they take windows-1252's sign, else the C1
control of that number. Such controls get lost on the way; of those only 0x9D can be put back with safety, as the end
of a closing quotation mark (E2 80 9D).

Pure. The tables are made when the first text with two foreign signs in a row is looked at: a few milliseconds.
"""

from __future__ import annotations

import re
from functools import cache

#: Our names with the names of Python's codecs, the likelier page first: it wins where two explain a text alike.
#: All of Python's pages whose lower half is ASCII (one sign apart in cp864), but for two that nobody can undo:
#: mac-arabic and mac-farsi write ASCII signs in their upper half as well.
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
    "tis-620": "tis_620",
    **{f"ibm{number}": f"cp{number}" for number in (720, 737, 775, 855, 856, 857, 858, 860, 861, 862, 863, 864, 865)},
    **{f"ibm{number}": f"cp{number}" for number in (869, 1006, 1125)},
    **{f"x-mac-{name}": f"mac_{name}" for name in ("greek", "turkish", "latin2", "romanian", "croatian", "iceland")},
    "koi8-t": "koi8_t",
    "kz-1048": "kz1048",
    "ptcp154": "ptcp154",
    "hp-roman8": "hp_roman8",
    "palmos": "palmos",
}

#: the first pages are met every day, the others now and then or hardly ever
COMMON_PAGES = 16

_CLOSING_QUOTE = b"\xe2\x80\x9d"
_LOST_END = re.compile(rb"\xe2\x80(?![\x80-\xbf])")
_IMAGE = rb"([\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})"
_NO_BREAK_SPACE = "\xa0"
#: bytes of UTF-8: the last one that continues a character; the first that begin one of two, three, four bytes
_LAST_TAIL = 0xBF
_FIRST_LEAD = 0xC2
_FIRST_OF_THREE = 0xE0
_FIRST_OF_FOUR = 0xF0
_LAST_LEAD = 0xF4


class CodePage:
    """A code page as tables from signs back to bytes; a sign may stand for a first byte and for a later one."""

    def __init__(self, name: str, codec: str, number: int) -> None:
        self.name = name
        #: the place in the table of pages
        self.number = number
        self.leads: dict[str, int] = {}
        self.tails: dict[str, int] = {}
        signs = [bytes((byte,)).decode(codec, "ignore") for byte in range(0x80, 0x100)]
        # A sign of the page itself wins over the one that was taken for an undefined byte.
        for byte, sign in enumerate(signs, 0x80):
            if sign:
                self._add(sign, byte)
        for byte, sign in enumerate(signs, 0x80):
            if not sign:
                self._add(bytes((byte,)).decode("cp1252", "ignore") or chr(byte), byte)
        self.signs = frozenset(self.leads) | frozenset(self.tails)
        self._byte_of = {**self.tails, **self.leads}
        self._ambiguous = frozenset(self.leads) & frozenset(self.tails)
        self._is_9d_a_control = self.tails.get("\x9d") == 0x9D
        self._quote_beginning = _sign_of(0xE2, self.leads) + _sign_of(0x80, self.tails)
        space = re.escape(bytes((self._byte_of.get(_NO_BREAK_SPACE, 0),)))
        self._image_or_space = re.compile(_IMAGE + rb"|" + space)

    def _add(self, sign: str, byte: int) -> None:
        (self.tails if byte <= _LAST_TAIL else self.leads).setdefault(sign, byte)

    def decode(self, run: str) -> str | None:
        """What *run* stands for if it is images from end to end: UTF-8 read through this page; else None.

        No-break spaces, which writers add, may stand between the images.

        >>> code_pages()[0].decode("â€™"), code_pages()[0].decode("€™")
        ('’', None)
        """
        if self._is_9d_a_control and "\ufffd" in run:
            run = run.replace(self._quote_beginning + "\ufffd", self._quote_beginning + "\x9d")
        try:
            raw = bytes(map(self._byte_of.__getitem__, run))
        except KeyError:
            return None
        if self._ambiguous and not self._ambiguous.isdisjoint(run):
            raw = self._resolve(run, raw)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            if not self._is_9d_a_control and _NO_BREAK_SPACE not in run:
                return None
        if self._is_9d_a_control:
            raw = _LOST_END.sub(_CLOSING_QUOTE, raw)
        if _NO_BREAK_SPACE in run:
            raw = self._image_or_space.sub(_keep_space, raw)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return None

    def _resolve(self, run: str, raw: bytes) -> bytes:
        """The bytes of *run* where each sign that stands for two has the one that its place asks for."""
        resolved = bytearray(raw)
        due = 0
        for place, sign in enumerate(run):
            byte = self.tails.get(sign, 0) if due else self.leads.get(sign, 0)
            if byte:
                resolved[place] = byte
            due = due - 1 if due else 1 + (byte >= _FIRST_OF_THREE) + (byte >= _FIRST_OF_FOUR)
        return bytes(resolved)

    def decode_before_space(self, run: str) -> str | None:
        """What *run* stands for if the plain space behind it was a no-break space that ended the last image."""
        is_lost = _NO_BREAK_SPACE in self.tails and _FIRST_LEAD <= self.leads.get(run[-1], 0) < _FIRST_OF_THREE
        return self.decode(run + _NO_BREAK_SPACE) if is_lost else None


def _sign_of(byte: int, table: dict[str, int]) -> str:
    return next((sign for sign, known in table.items() if known == byte), "")


def _keep_space(found: re.Match[bytes]) -> bytes:
    return found[0] if found[1] else _NO_BREAK_SPACE.encode()


@cache
def code_pages() -> tuple[CodePage, ...]:
    """All pages, in the order of `CODE_PAGES`."""
    return tuple(CodePage(name, codec, number) for number, (name, codec) in enumerate(CODE_PAGES.items()))


class PageSets:
    """For every sign the set of pages in which it can begin, and can continue, a character: a bit for each page.

    So one look at a run tells for all pages at once that it is no image, which is so for nearly all genuine runs.
    """

    def __init__(self, pages: tuple[CodePage, ...]) -> None:
        self._leads: dict[str, int] = {}
        self._tails: dict[str, int] = {}
        every_page = (1 << len(pages)) - 1
        for page in pages:
            for sign in page.tails:
                self._tails[sign] = self._tails.get(sign, 0) | 1 << page.number
            for sign, byte in page.leads.items():
                if _FIRST_LEAD <= byte <= _LAST_LEAD:
                    self._leads[sign] = self._leads.get(sign, 0) | 1 << page.number
        # It may stand for the lost end of a quotation mark.
        self._tails["\ufffd"] = every_page
        # Writers add it.
        self._tails["\xa0"] = every_page

    def may_decode(self, run: str) -> int:
        """The pages that may decode *run*, of two signs at least, as bits by `CodePage.number`."""
        return self.may_begin(run) & self._tails.get(run[-1], 0)

    def may_begin(self, run: str) -> int:
        """The pages in which *run* may begin with an image."""
        return self._leads.get(run[0], 0) & self._tails.get(run[1], 0)


@cache
def page_sets() -> PageSets:
    """The sets of all pages."""
    return PageSets(code_pages())
