from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.address import strip_decoration
from ingest.identity import content_hash, identity_of, known_share, recognise, shares_nothing
from ingest.polling import KnownEntry, ListedEntry

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def listed(guid=None, page=None, title="", text="", published=None, updated=None):
    address = None if page is None else f"https://news.example/{page}"
    return ListedEntry(
        guid=guid,
        link=address,
        page_address=address,
        title=title,
        author=None,
        published=published,
        updated=updated,
        text=text,
        lang=None,
    )


def stored(items, known=()):
    """What the store knows after a poll that listed *items*."""
    recognised = recognise(items, known)
    entries = {entry.id: entry for entry in known}
    for changed in recognised.changed:
        entries[changed.id] = replace(entries[changed.id], content_hash=changed.content_hash)
    for new in recognised.new:
        number = len(entries) + 1
        entries[number] = KnownEntry(
            id=number,
            identity=new.identity,
            guid=new.listed.guid,
            page_address=new.listed.page_address,
            content_hash=new.content_hash,
        )
    return tuple(entries.values())


LISTED = st.builds(
    listed,
    guid=st.sampled_from([None, "g1", "g2", "g3"]),
    page=st.sampled_from([None, "a", "b"]),
    title=st.sampled_from(["", "One", "Two"]),
    text=st.sampled_from(["", "x", "y"]),
    published=st.sampled_from([None, NOON]),
)
#: As `parse_feed` makes them: a guid stands once in a document.
DOCUMENTS = st.lists(LISTED, max_size=6).map(
    lambda items: [
        item if [other.guid for other in items].count(item.guid) == 1 else replace(item, guid=None) for item in items
    ]
)


@given(DOCUMENTS)
def test_the_same_document_again_brings_nothing_new(document):
    known = stored(document)
    again = recognise(document, known)
    assert again.new == ()
    assert again.changed == ()
    assert len(again.seen) == len(known)


@given(st.lists(DOCUMENTS, max_size=4))
def test_identities_are_unique_and_every_entry_is_found_once(documents):
    known = ()
    for document in documents:
        recognised = recognise(document, known)
        assert len(set(recognised.seen)) == len(recognised.seen)
        assert {changed.id for changed in recognised.changed} <= set(recognised.seen)
        assert len(recognised.new) + len(recognised.seen) <= len(document)
        assert 0 <= known_share(recognised) <= 1
        known = stored(document, known)
        identities = [entry.identity for entry in known]
        assert len(set(identities)) == len(identities)


@given(DOCUMENTS)
def test_nothing_is_lost(document):
    """What says something else, or of another page, is stored."""
    stored_items = [new.listed for new in recognise(document, ()).new]
    for item in document:
        assert any((item.page_address, item.title) == (other.page_address, other.title) for other in stored_items)


@given(DOCUMENTS, st.randoms(use_true_random=False))
def test_the_order_in_which_known_entries_come_does_not_matter(document, random):
    known = list(stored(document))
    random.shuffle(known)
    assert recognise(document, known) == recognise(document, sorted(known, key=lambda entry: entry.id))


@given(DOCUMENTS, st.randoms(use_true_random=False))
def test_the_order_in_which_a_document_lists_them_does_not_matter(document, random):
    known = stored(document)
    again = list(document)
    random.shuffle(again)
    recognised = recognise(again, known)
    assert recognised.new == ()
    assert set(recognised.seen) == {entry.id for entry in known}


@given(DOCUMENTS)
def test_new_guids_on_known_links_make_nothing_new(document):
    document = [item for item in document if item.page_address is not None]
    again = [replace(item, guid=f"fresh {number}") for number, item in enumerate(document)]
    assert recognise(again, stored(document)).new == ()


#: Ten articles, some without guid, some without link.
ARTICLES = [
    listed(None if n % 4 == 1 else f"n-{n}", None if n % 4 == 2 else f"p{n}", f"Title {n}", published=NOON)
    for n in range(10)
]
DECORATIONS = st.sampled_from(["", "?utm_source=rss", "?fbclid=1&utm_medium=x", "#top", "?utm_campaign=a#b"])


@st.composite
def listings(draw):
    """One of the articles as a publisher may list it this time: decorated, corrected, with its guid or another."""
    number = draw(st.integers(0, len(ARTICLES) - 1))
    article = ARTICLES[number]
    text = draw(st.sampled_from(["", "x", "corrected"]))
    if article.page_address is None:
        return replace(article, text=text)
    link = article.page_address + draw(DECORATIONS)
    guid = draw(st.sampled_from([article.guid, f"other {number}", None]))
    return replace(article, text=text, guid=guid, link=link, page_address=strip_decoration(link))


@given(st.lists(st.lists(listings(), max_size=8, unique_by=lambda item: item.title), max_size=5))
def test_an_article_is_stored_once_whatever_the_order_of_polls_and_however_often(documents):
    known = ()
    for document in documents:
        known = stored(document, known)
    assert len(known) == len({item.title for document in documents for item in document})


# --- gaps -------------------------------------------------------------------------------------------

LATER = datetime(2026, 1, 5, 13, tzinfo=UTC)


def seen_at(known, moment):
    return tuple(replace(entry, last_seen_at=moment) for entry in known)


def test_a_document_that_shares_nothing_with_the_last_one():
    last = [listed("n-1", "a", "t"), listed("n-2", "b", "u")]
    known = seen_at(stored(last), NOON)
    fresh = [listed("n-3", "c", "v")]
    assert shares_nothing(recognise(fresh, known), known, NOON)
    assert not shares_nothing(recognise([*fresh, last[0]], known), known, NOON)


def test_what_only_an_earlier_document_listed_is_not_shared():
    known = seen_at(stored([listed("n-1", "a", "t")]), NOON)
    recognised = recognise([listed("n-1", "a", "t")], known)
    assert not shares_nothing(recognised, known, NOON)
    assert shares_nothing(recognised, known, LATER)


@given(DOCUMENTS)
def test_there_is_no_gap_before_the_first_document_nor_in_an_empty_one(document):
    known = seen_at(stored(document), NOON)
    assert not shares_nothing(recognise(document, ()), (), None)
    assert not shares_nothing(recognise([], known), known, LATER)
    assert not shares_nothing(recognise(document, known), known, NOON)


@pytest.mark.parametrize(
    ("item", "identity"),
    [
        (listed("n-1", "a", "t"), "guid:n-1"),
        (listed(None, "a", "t"), "link:https://news.example/a"),
    ],
)
def test_an_identity_carries_its_kind(item, identity):
    assert identity_of(item) == identity


def test_without_guid_and_link_title_and_date_decide():
    one = listed(title="t", published=NOON)
    assert identity_of(one).startswith("hash:")
    assert identity_of(one) == identity_of(listed(title="t", published=NOON, text="corrected"))
    assert identity_of(one) != identity_of(listed(title="u", published=NOON))
    # All untitled or undated entries would be one.
    assert identity_of(listed(title="t", text="x")) != identity_of(listed(title="t", text="y"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(listed("g1", "a", "t"), listed("g1", "b", "t"), id="the same guid on another page"),
        pytest.param(listed("g1", "a", "t"), listed("g2", "a", "t"), id="a new guid on the same page"),
        pytest.param(listed("g1", "a", "t"), listed(None, "a", "t"), id="a guid that went"),
        pytest.param(listed(None, "a", "t"), listed("g1", "a", "t"), id="a guid that came"),
        pytest.param(listed("g1", "a", "t"), listed("g2", "a", "corrected"), id="a guid for each version"),
        pytest.param(
            listed(title="t", published=NOON), listed(title="t", published=NOON, text="x"), id="neither guid nor link"
        ),
        pytest.param(listed(title="t", published=NOON), listed("g1", "a", "t", published=NOON), id="a link that came"),
    ],
)
def test_what_is_the_same_entry(before, after):
    known = stored([before])
    recognised = recognise([after], known)
    assert recognised.new == ()
    assert recognised.seen == (1,)
    assert bool(recognised.changed) == (content_hash(before) != content_hash(after))


def test_a_change_is_told_once():
    known = stored([listed("g1", "a", "t", "before")])
    after = [listed("g1", "a", "t", "after")]
    (changed,) = recognise(after, known).changed
    assert (changed.id, changed.content_hash, changed.listed) == (1, content_hash(after[0]), after[0])
    assert recognise(after, stored(after, known)).changed == ()


@pytest.mark.parametrize(
    "change", [{"title": "u"}, {"text": "x"}, {"published": NOON}, {"updated": NOON}, {"page_address": "https://b/"}]
)
def test_what_counts_as_a_change(change):
    item = listed("g1", "a", "t")
    assert content_hash(replace(item, **change)) != content_hash(item)
    assert content_hash(replace(item, guid="g2", link="https://news.example/a?utm_source=x")) == content_hash(item)


def test_items_that_lost_a_shared_guid_are_all_kept():
    document = [listed(None, page, "t") for page in "abc"]
    assert len(recognise(document, ()).new) == 3


def test_one_page_listed_twice_under_one_title_is_one_entry():
    document = [listed("g1", "a", "t"), listed("g2", "a", "t")]
    (new,) = recognise(document, ()).new
    assert new.identity == "guid:g1"
    # Neither does it count as a change that one of the two goes.
    again = recognise(document[1:], stored(document))
    assert (again.new, again.changed, again.seen) == ((), (), (1,))


def test_one_page_under_two_titles_is_two_entries_as_in_a_live_blog():
    document = [listed("g1", "a", "09:00 Fire"), listed("g2", "a", "10:00 Fire is out")]
    known = stored(document)
    assert [entry.identity for entry in known] == ["guid:g1", "guid:g2"]
    recognised = recognise([listed("g3", "a", "11:00 Port is open"), *document], known)
    assert [new.identity for new in recognised.new] == ["guid:g3"]
    assert recognised.seen == (1, 2)


def test_titles_of_one_page_without_guids_are_told_apart():
    document = [listed(None, "a", "09:00 Fire"), listed(None, "a", "10:00 Fire is out")]
    first, second = recognise(document, ()).new
    assert first.identity == "link:https://news.example/a"
    assert second.identity.startswith("link:https://news.example/a#")


def test_guids_that_change_with_every_poll_bring_nothing_new():
    document = [listed("g1", "a", "t"), listed("g2", "b", "u"), listed("g3", "c", "v")]
    known = stored(document)
    again = [replace(item, guid=f"other-{item.guid}") for item in reversed(document)]
    recognised = recognise(again, known)
    assert (recognised.new, recognised.changed, recognised.seen) == ((), (), (3, 2, 1))


def test_the_guid_goes_before_the_page():
    known = stored([listed("g1", "a", "t"), listed("g2", "b", "u")])
    recognised = recognise([listed("g1", "b", "t"), listed("g2", "a", "u")], known)
    assert recognised.seen == (1, 2)
    assert len(recognised.changed) == 2


def test_the_share_of_known_entries():
    known = stored([listed("g1", "a", "t")])
    assert known_share(recognise([], known)) == 1
    assert known_share(recognise([listed("g1", "a", "t")], known)) == 1
    assert known_share(recognise([listed("g1", "a", "t"), listed("g2", "b", "u")], known)) == 0.5
    assert known_share(recognise([listed("g2", "b", "u")], known)) == 0
