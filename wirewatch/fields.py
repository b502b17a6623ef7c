"""The fields of every record that the program prints: the columns of listings and the keys of JSON objects.

Fields may be added and are never renamed or taken away; `docs/reference/json.md` is made from this file.
"""

from __future__ import annotations

from wirewatch.columns import Column
from wirewatch.snippets import read_snippet

TIME = "time"
TEXT = "text"
INTEGER = "integer"
YES_NO = "true or false"
NUMBER = "number"
TEXTS = "list of texts"

ENTRY = (
    Column("id", INTEGER, "number of the entry", is_shown=True),
    Column("feed", INTEGER, "id of its feed", is_shown=True),
    Column("guid", TEXT, "the feed's own identifier"),
    Column("link", TEXT, "address of its page"),
    Column("title", TEXT, "title in the feed", is_flexible=True, is_shown=True),
    Column("published", TIME, "date in the feed, or null"),
    Column("first_seen", TIME, "when it was first seen", is_shown=True),
    Column("state", TEXT, "new, retrying, done or failed", is_shown=True),
    Column("reason", TEXT, "why there is no page (see reasons.md), or null", is_shown=True),
    Column("text_from", TEXT, "where the text came from: page, feed or null", is_shown=True),
    Column("article", INTEGER, "id of its article, or null", is_shown=True),
    Column("detail", TEXT, "one line about the reason, or null", is_flexible=True, is_spare=True),
    Column("attempts", INTEGER, "tries that failed in a row"),
    Column("next_try_at", TIME, "when its page is fetched again; null: at once when new, else not", is_spare=True),
    Column(
        "date_fault",
        TEXT,
        "what is wrong with the date in the feed: missing, future or zone (none that is known); or null",
        is_rare=True,
    ),
    Column("found_by", TEXT, "how it was found: feed, sitemap (after a gap), push or archive"),
)

ARTICLE = (
    Column("id", INTEGER, "number of the article", is_shown=True),
    Column("url", TEXT, "normalised address, the identity of the article"),
    Column("source", TEXT, "host of the page", is_shown=True),
    Column("title", TEXT, "the feed's title, else the page's", is_flexible=True, is_shown=True),
    Column("author", TEXT, "author, or null"),
    Column("published", TIME, "when it was published, or null when unknown", is_shown=True),
    Column("first_seen", TIME, "when it was first seen", is_shown=True),
    Column("lang", TEXT, "language (primary subtag), or null", is_shown=True),
    Column("words", INTEGER, "number of words", is_shown=True),
    Column("repaired", TEXT, "code page that was undone, or null", is_shown=True),
    Column("text_from", TEXT, "where the text came from: page or feed"),
    Column("story", INTEGER, "id of its story", is_shown=True),
    Column("versions", INTEGER, "number of versions"),
    Column("dated_at", TIME, "when it counts as published: `published` if that can be believed, else `first_seen`"),
    Column("credit", TEXT, "agency that the text names as its source, or null", is_spare=True),
    Column("canonical", TEXT, "address of another page that the page names as its original, or null"),
)

_SPANS = "list of {field, start, end, text}"

COPY = (
    Column("article", INTEGER, "id of the article", is_shown=True),
    Column("kind", TEXT, "copy, excerpt, extended, composite or revision", is_shown=True),
    Column("score", NUMBER, "share of the shorter text that both have in common, 0 to 1", is_shown=True),
    Column("source", TEXT, "host of the article", is_shown=True),
    Column("url", TEXT, "address of the article", is_flexible=True, is_shown=True),
    Column("first_seen", TIME, "when the article was first seen", is_spare=True),
    Column("share", NUMBER, "share of its own text that both have in common, 0 to 1"),
    Column("other_share", NUMBER, "share of the text of the other that both have in common, 0 to 1"),
)

VERSION = (
    Column("n", INTEGER, "1, 2, … in the order in which they were seen", is_shown=True),
    Column("first_seen", TIME, "when it was first seen", is_shown=True),
    Column("is_current", "true or false", "it is the text of the article now", heading="current", is_shown=True),
    Column("words", INTEGER, "number of words", is_shown=True),
    Column("repaired", TEXT, "code page that was undone, or null", is_shown=True),
    Column("text_from", TEXT, "where the text came from: page or feed", is_shown=True),
    Column("credit", TEXT, "agency that the text names as its source, or null", is_shown=True, is_rare=True),
    Column("pruned", TIME, "when its text was forgotten, as `db prune` does, or null", is_shown=True, is_rare=True),
    Column("title", TEXT, "title", is_shown=True),
)

RELATION = (
    *(column for column in COPY if column.name != "first_seen"),
    Column("passage", TEXT, "the longest shared stretch", is_shown=True),
)

ARTICLE_MATCH = (
    Column("topic", TEXT, "name of the topic", is_shown=True),
    Column("rules", TEXTS, "rules that fired", is_shown=True),
    Column("matched", TEXTS, "what matched", heading="words", is_shown=True),
    Column("topic_version", TEXT, "version of the topic that matched"),
    Column("spans", _SPANS, "what matched, and where"),
)

_HISTORY = (
    Column("text", TEXT, "the text, in paragraphs"),
    Column(
        "versions",
        "list of {n, title, words, repaired, text_from, first_seen, is_current, credit, pruned}",
        "the texts that it has had; here a list and not their number",
        nested=VERSION,
    ),
    Column(
        "relations",
        "list of {article, url, source, kind, score, passage, start, end, other_start, other_end, share, other_share, "
        "slots}",
        "what it is to other articles: read, it is a `kind` of `article`; passage is the longest shared stretch; slots "
        "are the facts that differ: {kind, start, end, other_start, other_end}, kind figure or name",
        nested=RELATION,
    ),
    Column(
        "matches",
        "list of {topic, rules, matched, topic_version, spans}",
        "topics that this version matches, with what matched",
        nested=ARTICLE_MATCH,
    ),
    Column("version", INTEGER, "number of the version that is shown; title, text and matches are of it"),
)
ARTICLE_SHOWN = (*(column for column in ARTICLE if column.name != "versions"), *_HISTORY)

STORY = (
    Column("id", INTEGER, "number of the story", is_shown=True),
    Column("title", TEXT, "title of the first article", is_flexible=True, is_shown=True),
    Column("url", TEXT, "address of the first article"),
    Column("source", TEXT, "host of the first article", is_shown=True),
    Column("first_seen", TIME, "when the first article was first seen", is_shown=True),
    Column("topics", TEXTS, "topics that any of its articles matches", is_shown=True),
    Column("copy_count", INTEGER, "number of other articles in the story", heading="copies", is_shown=True),
    Column(
        "copies",
        "list of {article, url, source, kind, score, first_seen, share, other_share}",
        "the other articles, and what they are",
        nested=COPY,
    ),
    Column("outlets", INTEGER, "number of different sources among its articles", is_shown=True),
    Column("published", TIME, "when the first article was published, or null when unknown"),
)

MATCH = (
    Column("id", INTEGER, "number of the match"),
    Column("topic", TEXT, "name of the topic", is_shown=True),
    Column("topic_version", TEXT, "version of the topic that matched"),
    Column("rules", TEXTS, "rules that fired: topic.number of the match line", is_spare=True),
    Column("story", INTEGER, "id of the story", is_shown=True),
    Column("article", INTEGER, "id of the article", is_shown=True),
    Column("title", TEXT, "title of the article", is_flexible=True, is_shown=True),
    Column("url", TEXT, "address of the article"),
    Column("source", TEXT, "host of the article", is_flexible=True, is_shown=True),
    Column("published", TIME, "when it was published, or null when unknown"),
    Column("first_seen", TIME, "when the article was first seen", is_shown=True),
    Column(
        "spans",
        "list of {field, start, end, text}",
        "what matched: half-open offsets in code points of the stored field, and the text there",
    ),
    Column("copy_count", INTEGER, "number of other articles in the story", heading="copies", is_shown=True),
    Column(
        "matched",
        TEXTS,
        "what matched: the distinct texts of the spans",
        heading="words",
        is_flexible=True,
        is_shown=True,
    ),
    Column(
        "added",
        YES_NO,
        "neither the lead nor the first article of the story matches: the match comes from what this copy added",
        heading="note",
        is_shown=True,
        is_rare=True,
        reads=lambda added, _: "added by this copy" if added else "",
    ),
)

TRIED_ENTRY = (
    Column("guid", TEXT, "the feed's own identifier"),
    Column("link", TEXT, "address of its page", is_flexible=True, is_shown=True),
    Column("page_address", TEXT, "the address, normalised"),
    Column("title", TEXT, "title", is_flexible=True, is_shown=True),
    Column("author", TEXT, "author, or null"),
    Column("published", TIME, "date, or null", is_shown=True),
    Column("updated", TIME, "date of the last change, or null"),
    Column("text", TEXT, "text of the content, else of the summary"),
    Column("lang", TEXT, "language that the feed declares, or null"),
    Column("sections", TEXTS, "categories"),
    Column("date_fault", TEXT, "what is wrong with its date: missing, future, zone, or null"),
)

TRIED_PAGE = (
    Column("url", TEXT, "normalised address"),
    Column("source", TEXT, "host of the page"),
    Column("title", TEXT, "title"),
    Column("author", TEXT, "author, or null"),
    Column("published", TIME, "date, or null"),
    Column("lang", TEXT, "language, or null"),
    Column("words", INTEGER, "number of words"),
    Column("repaired", TEXT, "code page that was undone, or null"),
    Column("fingerprint", INTEGER, "number of hashes by which copies are found; 0: too short to be compared"),
    Column("matches", "list of {topic, rules, matched, spans}", "topics that match", nested=ARTICLE_MATCH),
    Column("text", TEXT, "the text"),
)

REBUILT = (
    Column("articles", INTEGER, "articles compared once more, also before the run was interrupted"),
    Column("new", INTEGER, "relations found that were not known, or not as they are now"),
    Column("retired", INTEGER, "relations that no longer hold as they were: kept as history, and no longer listed"),
    Column("same", INTEGER, "relations left as they were"),
    Column("merged", INTEGER, "stories that became part of another one"),
    Column("split", INTEGER, "articles that left their story and founded one"),
    Column("moved", INTEGER, "articles that went from one story to another"),
    Column("credited", INTEGER, "articles whose credit is another one now"),
    Column("started_at", TIME, "when the run was begun"),
)

REINDEXED = (
    Column("texts", INTEGER, "texts indexed, also before the run was interrupted"),
    Column("tokenizer", INTEGER, "version of the tokenizer"),
    Column("started_at", TIME, "when the run was begun"),
)

OTHER_TEXT = (
    Column("article", INTEGER, "number of the article", is_shown=True),
    Column("url", TEXT, "its address", is_shown=True),
    Column("words_before", INTEGER, "number of words of its text", is_shown=True),
    Column("words", INTEGER, "number of words that its page gives now", is_shown=True),
)

REEXTRACTED = (
    Column("pages", INTEGER, "kept pages read again, also before the run was interrupted"),
    Column("changed", INTEGER, "articles whose text is another one now; the one before is kept as a version"),
    Column("same", INTEGER, "those that say what they said"),
    Column("failed", INTEGER, "pages that could not be read; their articles stay as they were"),
    Column("extractor", INTEGER, "version of the extractor"),
    Column("started_at", TIME, "when the run was begun; null for a dry run"),
    Column(
        "articles",
        "list of {article, url, words_before, words}",
        "with --dry-run: the articles whose text would be another one",
        nested=OTHER_TEXT,
        is_rare=True,
    ),
)

FORGOT = (
    Column("article", INTEGER, "number that the article had", is_shown=True),
    Column("addresses", TEXTS, "its addresses: what comes from there is never stored again", is_shown=True),
    Column("versions", INTEGER, "texts of it that were removed", is_shown=True),
    Column("pages", INTEGER, "pages as they came that were removed"),
    Column("matches", INTEGER, "matches that were removed", is_shown=True),
    Column("entries", INTEGER, "entries that brought it, which are done for the reason forgotten", is_shown=True),
)

FORGOTTEN = (
    Column("address", TEXT, "address of an article that was forgotten", is_shown=True),
    Column("article", INTEGER, "number that the article had, or null", is_shown=True),
    Column("forgotten_at", TIME, "when it was forgotten", is_shown=True),
)

FOUND = (
    Column("id", INTEGER, "number of the article", is_shown=True),
    Column("url", TEXT, "normalised address"),
    Column("source", TEXT, "host of the page", is_shown=True),
    Column("title", TEXT, "title", is_flexible=True, is_shown=True),
    Column("published", TIME, "when it was published, or null when unknown"),
    Column("first_seen", TIME, "when it was first seen", is_shown=True),
    Column("lang", TEXT, "language, or null", is_shown=True),
    Column("story", INTEGER, "id of its story", is_shown=True),
    Column("spans", "list of {field, start, end, text}", "what was found, as in a match"),
    Column(
        "snippet",
        "{field, start, text, marks}",
        "the passage that shows why, in one line: the field, where in it the passage begins, and the hits, a list of "
        "{start, end}, half-open and in code points of this text; null with --no-snippets",
        below=read_snippet,
    ),
    Column("score", NUMBER, "how well it answers, with --order relevance; null without"),
)

DATABASE = (
    Column("path", TEXT, "file of the database"),
    Column("state", TEXT, "missing, out_of_date, current, newer, or ahead: newer, and this version may work with it"),
    Column("revision", TEXT, "schema of the file, or null"),
    Column("needed", TEXT, "schema of this version"),
    Column("bytes", INTEGER, "what it takes on the disk, its write-ahead log included, or null"),
    Column("wal_bytes", INTEGER, "size of its write-ahead log; null on PostgreSQL"),
    Column("free_bytes", INTEGER, "what is free on its disk; null where that is not known"),
)

HELD_TOPIC = (
    Column("topic", TEXT, "name of the topic", is_shown=True),
    Column("version", TEXT, "version in force", is_shown=True),
    Column("known_since", TIME, "when that was first in force"),
    Column("held_since", TIME, "when the topic was first found not understood, or null", is_shown=True),
)

REPORT = (
    Column("polled", INTEGER, "feeds polled"),
    Column("failed", "list of {url, reason, detail}", "feeds that failed"),
    Column("put_off", INTEGER, "feeds not asked for yet, since their server wants to be left alone"),
    Column("new_entries", INTEGER, "entries seen for the first time"),
    Column("changed_entries", INTEGER, "entries that their feed has changed"),
    Column("articles", INTEGER, "article versions stored"),
    Column("relations", INTEGER, "relations found: copies, excerpts, …"),
    Column("matches", INTEGER, "matches found"),
    Column("without_page", "list of {reason, entries}", "entries without a text from their page, by reason"),
)

CHECK = (
    Column("check", TEXT, "what was looked at", is_shown=True),
    Column("status", TEXT, "ok, warn or fail", is_shown=True),
    Column("message", TEXT, "how it stands, and what to do", is_flexible=True, is_shown=True),
)
