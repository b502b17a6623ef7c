"""The fields of what `wirewatch why-copy` tells; see `wirewatch.fields`."""

from __future__ import annotations

from wirewatch.columns import Column
from wirewatch.fields import INTEGER, NUMBER, TEXT, YES_NO

_SIDE = (
    "{name, article, version, versions, story, url, source, title, first_seen, repaired, credit, words, hashes, "
    "left_out, left_out_lines}"
)

WHY_COPY = (
    Column(
        "one",
        _SIDE,
        "the first text: name as it was given; article, version, versions, story and first_seen are null for a file; "
        "words that are compared; hashes of its fingerprint; left_out is a list of {text, why}, the first lines that "
        "are not compared, being no prose or repeated on the site, and left_out_lines their whole number",
    ),
    Column("other", _SIDE, "the second text"),
    Column(
        "verdict",
        TEXT,
        "related, no shared passage, too little in common, different facts, or doubtful: it may be furniture",
        is_shown=True,
    ),
    Column(
        "kind",
        TEXT,
        "what the one is to the other: copy, excerpt, extended, composite or revision; null: no copy",
        is_shown=True,
    ),
    Column("why", TEXT, "the verdict in one sentence", is_flexible=True, is_shown=True),
    Column("share", NUMBER, "share of the words of the one that stand in the other, 0 to 1", is_shown=True),
    Column("other_share", NUMBER, "share of the words of the other that stand in the one", is_shown=True),
    Column("compared_share", NUMBER, "what is held against least_share: the mean of words and paragraphs"),
    Column("least_share", NUMBER, "the least share of the shorter text that makes a copy"),
    Column("common_words", NUMBER, "words in common; in scripts without spaces, characters count as parts of words"),
    Column("least_words", NUMBER, "the least number of common words"),
    Column("figures", INTEGER, "figures that differ where the words around them are the same"),
    Column("names", NUMBER, "names that differ there, weighted; a doubtful one counts half"),
    Column("most_conflicts", NUMBER, "how many figures and names together may differ"),
    Column(
        "slots",
        "list of {kind, start, end, other_start, other_end, text, other_text, context, other_context}",
        "the facts that differ, at most 20: kind is figure or name; where and what in both texts",
    ),
    Column(
        "passages",
        "list of {start, end, other_start, other_end, words, text, other_text}",
        "the longest runs of equal words, at most 3; texts are cut at 400 characters",
    ),
    Column("passage_count", INTEGER, "number of all such runs"),
    Column("shared_hashes", INTEGER, "hashes that both fingerprints have"),
    Column("least_hashes", INTEGER, "how many a candidate must share"),
    Column("is_candidate", YES_NO, "live, the newer one would have been compared with the other", heading="candidate"),
    Column("why_candidate", TEXT, "why, or why not"),
    Column("apart_s", NUMBER, "seconds from the other to the one, by when they were first seen; null for files"),
    Column("window_s", NUMBER, "seconds back in which copies are looked for; null for files"),
    Column("stored", TEXT, "what is stored that the one is to the other, or null"),
)
