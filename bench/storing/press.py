"""A press on loopback that corrects itself, copies from each other and fails now and then, edition by edition.

    with Press(seed=1, editions=6) as press:
        ...                 # poll press.feeds()
        press.bring_out()   # the next edition
        ...

What an address answers follows from the seed and from the edition alone, so that two readers who see the same editions
must come to the same end, however often they ask. In each edition every outlet brings fresh articles. The wire
(outlet 0) also brings texts that in the next edition stand at other outlets under headlines of their own, some with a
paragraph more; in the one after that it corrects them. Of the other articles of the edition before some are corrected,
half of them announced by their feed; some pages answer 503 until the next edition, some for ever, some are gone. A feed
has a bad edition; one lists fewer entries than it brings out. Feeds and pages have validators and answer 304.

Nothing that a reader decides may follow from how long a run takes. The feed that lists too little therefore bears no
dates: with dates of the last hours, whether a gap before them leaves any time for what is missing, which is so for
entries later than an hour before the last poll, would be another thing in a run that takes half an hour longer.
"""

from __future__ import annotations

import hashlib
import random
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Self
from xml.sax.saxutils import escape

from storing.words import sentence

from wirewatch.demo.server import LoopbackServer, WebAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from wirewatch.demo.server import WebRequest

OUTLETS = 8
#: Fresh articles of an outlet in an edition, and texts that the wire sends out in one.
FRESH = 4
WIRED = 2
#: Entries that a feed lists; the last outlet's feed lists fewer than an edition has.
LISTED = 20
LISTED_BY_LAST = 3
#: An outlet whose feed fails in one edition.
FAILING_OUTLET, FAILING_EDITION = 3, 2
#: The words that the rules of the load look for.
PLANTED = ("harbour", "reactor", "Crimea")
RULES = """\
topic press-harbour "Harbours"
    match harbour

topic press-reactor "Reactors"
    match "the reactor"
    match reactor NEAR/9 harbour
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """An article of an outlet."""

    outlet: int
    number: int
    edition: int
    title: str
    paragraphs: tuple[str, ...]
    #: from this edition on its page, and with *is_announced* its entry, say something else
    corrected_in: int | None
    is_announced: bool
    #: editions up to which its page answers 503, and whether it is never there
    fails_before: int
    is_gone: bool


class Press:
    """All outlets, served from threads. *first_host* is the last number of the first one's address."""

    def __init__(
        self, *, seed: int, editions: int, began: datetime, outlets: int = OUTLETS, fresh: int = FRESH
    ) -> None:
        self.editions = editions
        self._seed = seed
        self._began = began.replace(microsecond=0)
        self._outlets = outlets
        self._fresh = fresh
        self._lock = threading.Lock()
        #: nobody is answered before `held` ends; requests that wait for that
        self._gate = threading.Condition()
        self._is_held = False
        self._waiting = 0
        self._edition = 0
        #: corrections are out up to those of this edition
        self._corrected = 0
        self._requests = 0
        self._server: LoopbackServer | None = None
        self._authorities: list[str] = []
        self._pieces = self._plan()

    def __enter__(self) -> Self:
        hosts = [f"127.0.8.{number + 1}" for number in range(self._outlets)]
        self._server = LoopbackServer(self._answer, hosts)
        self._authorities = [f"{host}:{port}" for host, port in self._server.addresses]
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    # --- for those who read it ----------------------------------------------------------------------

    def feeds(self) -> tuple[str, ...]:
        """The addresses of all feeds."""
        return tuple(f"http://{authority}/feed.xml" for authority in self._authorities)

    @property
    def edition(self) -> int:
        """The one that is out; 0 at the start."""
        with self._lock:
            return self._edition

    def correct(self) -> tuple[str, ...]:
        """Bring out the corrections of the next edition before the rest of it; the feeds that announce any."""
        with self._lock:
            self._corrected = min(self._edition + 1, self.editions - 1)
            outlets = {
                piece.outlet
                for piece in self._pieces.values()
                if piece.is_announced and piece.corrected_in == self._corrected
            }
        return tuple(url for outlet, url in enumerate(self.feeds()) if outlet in outlets)

    def bring_out(self) -> None:
        """Bring out the next edition, if one is left."""
        with self._lock:
            self._edition = self._corrected = min(self._edition + 1, self.editions - 1)

    def reset(self) -> None:
        """Back to the first edition."""
        with self._lock:
            self._edition = self._corrected = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let all who ask wait for their answers until the block ends; `waiting` says how many do."""
        with self._gate:
            self._is_held = True
        try:
            yield
        finally:
            with self._gate:
                self._is_held = False
                self._gate.notify_all()

    @property
    def waiting(self) -> int:
        """Requests that wait for the end of `held`."""
        with self._gate:
            return self._waiting

    def requests(self) -> int:
        """How many there were so far."""
        with self._lock:
            return self._requests

    def entries(self) -> int:
        """Entries that a reader of every edition must have seen."""
        return sum(
            piece.outlet < self._outlets - 1 or piece.number % self._fresh >= self._fresh - LISTED_BY_LAST
            for piece in self._pieces.values()
        )

    # --- what is said -------------------------------------------------------------------------------

    def _plan(self) -> dict[tuple[int, int], Piece]:
        draw = random.Random(self._seed)
        pieces: dict[tuple[int, int], Piece] = {}
        numbers = [0] * self._outlets
        wired: list[Piece] = []

        def add(outlet: int, edition: int, paragraphs: tuple[str, ...], *, is_shared: bool = False) -> Piece:
            fate = draw.random()
            is_plain = is_shared or edition == self.editions - 1
            # Of what several outlets carry only one is corrected at a time: else the trail of their relations would
            # tell which of them was quicker.
            corrected_in = edition + 1 if fate < 0.25 and not is_shared else None
            if is_shared and outlet == 0:
                corrected_in = edition + 2
            piece = Piece(
                outlet=outlet,
                number=numbers[outlet],
                edition=edition,
                title=sentence(draw)[:70].strip(". "),
                paragraphs=paragraphs,
                corrected_in=corrected_in,
                is_announced=fate < 0.12,
                fails_before=99 if fate > 0.96 and not is_plain else edition + 1 if fate > 0.9 and not is_plain else 0,
                is_gone=0.85 < fate <= 0.9 and not is_plain,
            )
            pieces[outlet, numbers[outlet]] = piece
            numbers[outlet] += 1
            return piece

        for edition in range(self.editions):
            taken = list(wired)
            wired = [add(0, edition, self._text(draw), is_shared=True) for _ in range(WIRED)]
            for outlet in range(self._outlets):
                for place in range(self._fresh):
                    if taken and 0 < outlet < self._outlets - 1 and place == 0 and draw.random() < 0.7:
                        text = draw.choice(taken).paragraphs
                        add(outlet, edition, (*text, sentence(draw)) if draw.random() < 0.4 else text, is_shared=True)
                    else:
                        add(outlet, edition, self._text(draw))
        return pieces

    @staticmethod
    def _text(draw: random.Random) -> tuple[str, ...]:
        made = [" ".join(sentence(draw) for _ in range(4)) for _ in range(5)]
        word = draw.choice(PLANTED)
        made[draw.randrange(5)] += f" They spoke of the {word} again."
        return tuple(made)

    def _answer(self, request: WebRequest) -> WebAnswer:
        with self._gate:
            self._waiting += 1
            self._gate.wait_for(lambda: not self._is_held)
            self._waiting -= 1
        with self._lock:
            self._requests += 1
            edition, corrected = self._edition, self._corrected
        if request.target == "/feed.xml":
            return self._feed(request, edition, corrected)
        number = request.target.removeprefix("/a/").removesuffix(".html")
        piece = self._pieces.get((request.place, int(number))) if number.isdecimal() else None
        if piece is None or piece.edition > edition:
            return _page(HTTPStatus.NOT_FOUND)
        if piece.is_gone:
            return _page(HTTPStatus.GONE)
        if edition < piece.fails_before:
            return _page(HTTPStatus.SERVICE_UNAVAILABLE)
        return _conditional(request, "text/html; charset=utf-8", self._article(piece, corrected), delay_s=0.01)

    def _article(self, piece: Piece, corrected: int) -> bytes:
        return _html(piece, _is_corrected(piece, corrected), self._published(piece).isoformat())

    def _feed(self, request: WebRequest, edition: int, corrected: int) -> WebAnswer:
        if request.place == FAILING_OUTLET and edition == FAILING_EDITION:
            return _page(HTTPStatus.INTERNAL_SERVER_ERROR)
        out = [piece for (outlet, _), piece in self._pieces.items() if outlet == request.place]
        out = [piece for piece in out if piece.edition <= edition]
        listed = out[-(LISTED_BY_LAST if request.place == self._outlets - 1 else LISTED) :]
        items = "".join(self._item(piece, corrected) for piece in reversed(listed))
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
            f"<title>Outlet {request.place}</title><link>http://{self._authorities[request.place]}/</link>"
            f"<description>News</description>{items}</channel></rss>"
        )
        return _conditional(request, "application/rss+xml; charset=utf-8", body.encode())

    def _item(self, piece: Piece, corrected: int) -> str:
        link = f"http://{self._authorities[piece.outlet]}/a/{piece.number}.html"
        is_new = piece.is_announced and _is_corrected(piece, corrected)
        summary = "Corrected: what was said first was wrong." if is_new else "What was said, and who did not say it."
        is_dated = piece.outlet < self._outlets - 1
        date = f"<pubDate>{format_datetime(self._published(piece))}</pubDate>" if is_dated else ""
        return (
            f"<item><title>{escape(piece.title)}</title><link>{link}</link><guid>{link}</guid>{date}"
            f"<description>{summary} {escape(piece.paragraphs[0])}</description></item>"
        )

    def _published(self, piece: Piece) -> datetime:
        """A minute of its own, so that it is known which of several copies came first."""
        minutes = piece.edition * 60 + piece.outlet * 5 + piece.number % 5
        return self._began + timedelta(minutes=minutes - 60 * self.editions)


def _is_corrected(piece: Piece, corrected: int) -> bool:
    return piece.corrected_in is not None and corrected >= piece.corrected_in


@cache
def _html(piece: Piece, is_corrected: bool, published: str) -> bytes:  # noqa: FBT001  # a key of the cache
    paragraphs = list(piece.paragraphs)
    if is_corrected:
        paragraphs[1] = f"An earlier version of this report was wrong. {paragraphs[1]}"
        paragraphs[-1] = f"{paragraphs[-1]} The number is now {piece.number + 1000}."
    text = "\n".join(f"<p>{escape(each)}</p>" for each in paragraphs)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(piece.title)}</title>'
        f'<meta property="article:published_time" content="{published}"></head><body>'
        f"<nav><a href='/'>Home</a> <a href='/politics'>Politics</a></nav>"
        f"<main><article><h1>{escape(piece.title)}</h1>{text}</article></main>"
        f"<footer>Outlet {piece.outlet}</footer></body></html>"
    ).encode()


def _page(status: HTTPStatus) -> WebAnswer:
    body = f"<!DOCTYPE html><title>{status.phrase}</title><h1>{status.phrase}</h1>".encode()
    return WebAnswer(status=status, headers={"Content-Type": "text/html; charset=utf-8"}, body=body)


def _conditional(request: WebRequest, media_type: str, body: bytes, *, delay_s: float = 0.0) -> WebAnswer:
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    headers = {"Content-Type": media_type, "ETag": etag}
    if _header(request.headers, "if-none-match") == etag:
        return WebAnswer(status=HTTPStatus.NOT_MODIFIED, headers=headers, delay_s=delay_s)
    return WebAnswer(status=HTTPStatus.OK, headers=headers, body=body, delay_s=delay_s)


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name), None)
