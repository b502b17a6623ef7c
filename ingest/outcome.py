"""What becomes of an entry: pure decisions of the step `pipeline.ingest_entry`.

Nothing is lost: an entry whose page cannot be had keeps the feed's own text, one that has neither says
why, and what failed in passing is tried again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest import schedule
from ingest.errors import Permanent, Reason, Transient
from ingest.model import EntryOutcome, EntryState, TextFrom
from ingest.web import Request

if TYPE_CHECKING:
    from datetime import datetime

    from ingest.errors import IngestError
    from ingest.model import Entry, StoredArticle


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


def page_request(entry: Entry, stored: StoredArticle | None) -> Request:
    """The request for the entry's page, conditional where a whole text of it is stored.

    Not conditional when the feed has given the article a new title: a 304 would bring no text to put it over.
    Raises Permanent(NO_LINK) when the feed gives none.
    """
    if entry.link is None:
        raise Permanent(Reason.NO_LINK, f"entry {entry.id}", "the feed gives no link")
    if stored is None or stored.text_from is not TextFrom.PAGE or title_for(entry, stored) not in {"", stored.title}:
        return Request(url=entry.link)
    return Request(url=entry.link, etag=stored.etag, last_modified=stored.last_modified)


def with_page(entry: Entry, stored: StoredArticle | None, now: datetime) -> EntryOutcome:
    """The page was read, or confirmed by a 304: the entry is done, and its page is looked at again some time."""
    checks = entry.checks + 1 if is_look_for_corrections(entry) else 0
    return EntryOutcome(
        state=EntryState.DONE,
        revision=entry.revision,
        text_from=TextFrom.PAGE,
        checks=checks,
        next_try_at=schedule.next_check(checks, now) if is_owner(entry, stored) else None,
    )


def already_read(entry: Entry, stored: StoredArticle) -> EntryOutcome:
    """The page was read for another entry, which looks after it."""
    return EntryOutcome(state=EntryState.DONE, revision=entry.revision, text_from=stored.text_from)


def without_page(
    entry: Entry, stored: StoredArticle | None, error: IngestError, now: datetime, *, has_feed_text: bool
) -> EntryOutcome:
    """The page could not be had, for the reason that *error* gives.

    *has_feed_text*: the feed's own text serves as the article's, or did so before.
    """
    text_from = TextFrom.FEED if has_feed_text else None
    if stored is not None:
        text_from = stored.text_from
    if is_look_for_corrections(entry):
        # Nothing new was announced. What is stored stands, and the next look is planned.
        checks = entry.checks + 1
        return EntryOutcome(
            state=EntryState.DONE,
            revision=entry.revision,
            text_from=text_from,
            checks=checks,
            next_try_at=schedule.next_check(checks, now),
        )
    retry_at = schedule.entry_retry(entry.attempts, error, now) if isinstance(error, Transient) else None
    final_state = EntryState.FAILED if text_from is None else EntryState.DONE
    return EntryOutcome(
        state=final_state if retry_at is None else EntryState.RETRYING,
        revision=entry.revision,
        reason=error.reason,
        detail=error.detail,
        text_from=text_from,
        attempts=entry.attempts + 1,
        next_try_at=retry_at,
    )


def after_crash(entry: Entry, stored: StoredArticle | None, error: Exception, now: datetime) -> EntryOutcome:
    """A bug of ours broke the step: as after a passing fault, with what it was."""
    fault = bug_as_fault(entry.link or f"entry {entry.id}", error)
    return without_page(entry, stored, fault, now, has_feed_text=False)


def bug_as_fault(subject: str, error: Exception) -> Transient:
    """What is stored about a bug of ours: it may pass with the next version, so the subject is tried again."""
    return Transient(Reason.INTERNAL, subject, f"{type(error).__name__}: {error}"[:500])
