"""The fields of the way of one entry, `wirewatch why`; as `fields` has those of the others."""

from __future__ import annotations

from wirewatch.columns import Column
from wirewatch.feed_fields import EVENT
from wirewatch.fields import ARTICLE_MATCH, INTEGER, TEXT, TIME

FETCH = (
    Column("at", TIME, "when its page was asked for", is_shown=True),
    Column("status", INTEGER, "HTTP status; null: no answer came", is_shown=True),
    Column("url", TEXT, "where the answer came from, when that is neither the link nor the address of the page"),
    Column("redirects", INTEGER, "redirects on the way"),
    Column("reason", TEXT, "what was wrong with it (see reasons.md), or null", is_shown=True),
    Column("detail", TEXT, "one line about the reason, or null", is_shown=True),
)

WHY = (
    Column("entry", INTEGER, "number of the entry"),
    Column("title", TEXT, "title in the feed"),
    Column("guid", TEXT, "the feed's own identifier, or null"),
    Column("link", TEXT, "address of its page as the feed gives it, or null"),
    Column("page_address", TEXT, "the same, normalised, or null"),
    Column("feed", INTEGER, "id of its feed"),
    Column("feed_url", TEXT, "configured address of the feed"),
    Column("feed_title", TEXT, "title of the feed, or null"),
    Column("feed_state", TEXT, "state of the feed"),
    Column("found_by", TEXT, "feed, sitemap (after a gap), push or archive"),
    Column("first_seen", TIME, "when it was first seen"),
    Column("last_seen", TIME, "when a document last listed it"),
    Column("published", TIME, "date in the feed, or null"),
    Column("date_fault", TEXT, "missing, future, zone, or null"),
    Column("feed_text", INTEGER, "characters of the text that the feed itself gives"),
    Column("revision", INTEGER, "how often the feed has changed what it says"),
    Column("state", TEXT, "new, retrying, done or failed"),
    Column("reason", TEXT, "why there is no text from its page, or null"),
    Column("meaning", TEXT, "what the reason means, or null"),
    Column("detail", TEXT, "one line about the reason, or null"),
    Column("text_from", TEXT, "page, feed or null"),
    Column(
        "fetches",
        "list of {at, status, url, redirects, reason, detail}",
        "each time its page was asked for in the last 30 days, the oldest first",
        nested=FETCH,
    ),
    Column(
        "article",
        "{id, url, title, first_seen, version, versions, text_from, words, lang, repaired, has_raw_page, entry, story, "
        "is_lead, kind, score, relative, relative_url} or null",
        "the article that it became; it is a `kind` of the article `relative`; `entry` looks after its page",
    ),
    Column("matches", "list of {topic, rules, matched, topic_version, spans}", "topics", nested=ARTICLE_MATCH),
    Column("attempts", INTEGER, "failed tries in a row"),
    Column("checks", INTEGER, "looks at its page after it was done"),
    Column("next_try_at", TIME, "when its page is asked for next, or null"),
    Column("next_why", TEXT, "why then, or why not"),
    Column("events", "list of events", "what happened to it and its feed, the newest first", nested=EVENT),
)
