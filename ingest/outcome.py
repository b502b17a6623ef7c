"""What becomes of an entry: pure decisions of the step `pipeline.ingest_entry`.

Nothing is lost: an entry whose page cannot be had keeps the feed's own text, one that has neither says
why, and what failed in passing is tried again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ingest import schedule
from ingest.errors import Permanent, Reason, Transient, is_unasked
from ingest.model import EntryOutcome, EntryState, Fetched, TextFrom
from ingest.web import NotModified, Request

if TYPE_CHECKING:
    from datetime import datetime

    from ingest.errors import IngestError
    from ingest.model import Entry, StoredArticle
    from ingest.web import Page

#: What stands at the address is not the page that was asked for, so it says nothing about an article that is stored
#: under that address: many links may end there.
NOT_THE_PAGE = frozenset(
    {Reason.SOFT_404, Reason.CONSENT, Reason.LOGIN, Reason.CHALLENGE, Reason.SCRIPT, Reason.REDIRECT}
)

#: For so long waits that servers ask for, of 7 days at most, cost an entry none of its tries.
LONGEST_PUT_OFF = timedelta(days=14)


def is_due(entry: Entry, now: datetime) -> bool:
    """There is something to do for the entry at *now*.

    A done entry is due when its page shall be looked at again for corrections.
    """
    if entry.state is EntryState.NEW:
        return True
    if entry.state is EntryState.FAILED:
        return False
    return entry.next_try_at is not None and entry.next_try_at <= now


def is_look_for_corrections(entry: Entry) -> bool:
    """The step only looks whether the page of a done entry has changed; its feed announces nothing."""
    return entry.state is EntryState.DONE and not entry.is_changed


def is_read_already(entry: Entry, stored: StoredArticle) -> bool:
    """The page was read for another entry, and the feed of this one says nothing that changed since."""
    return entry.state is not EntryState.DONE and not entry.is_changed and stored.text_from is TextFrom.PAGE


def is_owner(entry: Entry, stored: StoredArticle | None) -> bool:
    """The article bears the title of this entry, and this entry looks after its page."""
    return stored is None or stored.entry_id in {None, entry.id}


def title_for(entry: Entry, stored: StoredArticle | None) -> str:
    """The title that the article shall bear: that of the first entry that listed it. Empty: the page's own."""
    if stored is None or is_owner(entry, stored):
        return entry.title
    return stored.title


def page_request(entry: Entry, stored: StoredArticle | None, *, is_title_ruled: bool = False) -> Request:
    """The request for the entry's page, conditional where a whole text of it is stored.

    Not conditional when the feed has given the article a new title: a 304 would bring no text to put it over.
    *is_title_ruled*: the user's rule for the site takes titles from the page, so the feed's is no matter.
    Raises Permanent(NO_LINK) when the feed gives none.
    """
    if entry.link is None:
        raise Permanent(Reason.NO_LINK, f"entry {entry.id}", "the feed gives no link")
    if stored is None or stored.text_from is not TextFrom.PAGE:
        return Request(url=entry.link)
    if not is_title_ruled and title_for(entry, stored) not in {"", stored.title}:
        return Request(url=entry.link)
    return Request(url=entry.link, etag=stored.etag, last_modified=stored.last_modified)


def answered(answer: Page | NotModified, at: datetime, *, before: Fetched | None = None) -> Fetched:
    """What is kept of an answer; *before* is the one that led on to it."""
    redirects = max(0, len(answer.hops) - 1) + (0 if before is None else before.redirects + 1)
    status = 304 if isinstance(answer, NotModified) else answer.status
    return Fetched(at=at, status=status, url=answer.url, redirects=redirects)


def refused(error: IngestError, at: datetime, *, before: Fetched | None = None) -> Fetched:
    """What is kept of a request that brought nothing; *before* is the answer that led on to it."""
    # Where an answer came from after redirects is what its error is about.
    url = error.subject if error.status is not None and error.subject.startswith(("http://", "https://")) else None
    return Fetched(at=at, status=error.status, url=url, redirects=0 if before is None else before.redirects + 1)


def with_page(
    entry: Entry, stored: StoredArticle | None, now: datetime, *, fetched: Fetched | None = None
) -> EntryOutcome:
    """The page was read, or confirmed by a 304: the entry is done, and its page is looked at again some time."""
    checks = entry.checks + 1 if is_look_for_corrections(entry) else 0
    return EntryOutcome(
        state=EntryState.DONE,
        revision=entry.revision,
        text_from=TextFrom.PAGE,
        checks=checks,
        next_try_at=schedule.next_check(checks, now) if is_owner(entry, stored) else None,
        fetched=fetched,
    )


def already_read(entry: Entry, stored: StoredArticle, *, fetched: Fetched | None = None) -> EntryOutcome:
    """The page was read for another entry, which looks after it."""
    return EntryOutcome(state=EntryState.DONE, revision=entry.revision, text_from=stored.text_from, fetched=fetched)


def without_page(
    entry: Entry,
    stored: StoredArticle | None,
    error: IngestError,
    now: datetime,
    *,
    has_feed_text: bool,
    fetched: Fetched | None = None,
    jitter: float = 0.0,
) -> EntryOutcome:
    """The page could not be had, for the reason that *error* gives.

    *has_feed_text*: the feed's own text serves as the article's, or did so before. When nobody was asked, this is no
    try, and the next one is when the wait is over, and a bit later: *jitter* is a number from 0 to 1.
    """
    text_from = TextFrom.FEED if has_feed_text else None
    if stored is not None:
        text_from = stored.text_from
    waits_until = schedule.after_wait(error, now, jitter) if _is_put_off(entry, error, now) else None
    if is_look_for_corrections(entry):
        # Nothing new was announced. What is stored stands, and the next look is planned.
        checks = entry.checks + (waits_until is None)
        return EntryOutcome(
            state=EntryState.DONE,
            revision=entry.revision,
            text_from=text_from,
            checks=checks,
            next_try_at=waits_until or schedule.next_check(checks, now),
            fetched=fetched,
        )
    retry_at = waits_until or schedule.entry_retry(entry.attempts, error, now)
    final_state = EntryState.FAILED if text_from is None else EntryState.DONE
    return EntryOutcome(
        state=final_state if retry_at is None else EntryState.RETRYING,
        revision=entry.revision,
        reason=error.reason,
        detail=error.detail,
        text_from=text_from,
        attempts=entry.attempts + (waits_until is None),
        next_try_at=retry_at,
        fetched=fetched,
    )


def _is_put_off(entry: Entry, error: IngestError, now: datetime) -> bool:
    """Nobody was asked, so this was no try.

    After two weeks it is one: the entries of a host that refuses for ever would wait for ever, in ever greater numbers.
    """
    return is_unasked(error) and now - entry.first_seen_at < LONGEST_PUT_OFF


def forgotten(fetched: Fetched | None = None) -> EntryOutcome:
    """The entry leads to an article that the user had forgotten for good: nothing of it is stored again."""
    return EntryOutcome(state=EntryState.DONE, reason=Reason.FORGOTTEN, fetched=fetched)


def bug_as_fault(subject: str, error: Exception) -> Transient:
    """What is stored about a bug of ours: it may pass with the next version, so the subject is tried again."""
    return Transient(Reason.INTERNAL, subject, f"{type(error).__name__}: {error}"[:500])
