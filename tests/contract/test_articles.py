"""What every store promises about articles, their versions, copies and stories."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ingest.copies.model import RelationKind
from ingest.copies.ranking import MOST_CANDIDATES
from ingest.copies.repeats import MIN_PAGES
from ingest.errors import Conflict
from ingest.model import EntryState, TextFrom
from storage.upkeep.prune import Old

A, B, C, D = (f"https://news.example/{letter}" for letter in "abcd")
HASHES = tuple(range(1, 21))


def test_an_article_is_found_by_any_of_its_addresses(store, make, newsroom):
    page = make.page(A, etag='"1"', last_modified="Mon")
    saved = newsroom.save(A, addresses=(A, B), page=page, title="The title")
    assert saved.is_new_version
    for addresses in ((A,), (B,), (C, B)):
        found = store.article_at(addresses)
        assert (found.id, found.url, found.title, found.story_id) == (saved.article_id, A, "The title", saved.story_id)
        assert (found.etag, found.last_modified, found.text_from) == ('"1"', "Mon", TextFrom.PAGE)
        assert found.entry_id == newsroom.entry(A)
    assert found.text_hash == newsroom.item(A, title="The title").reading.article.text_hash
    assert store.article_at((C,)) is None
    assert store.article_at(()) is None


def test_the_outcome_of_the_entry_is_stored_with_the_article(store, make, newsroom):
    saved = newsroom.save(A)
    entry = make.stored(store, newsroom.entry(A))
    assert (entry.state, entry.article_id, entry.is_changed) == (EntryState.DONE, saved.article_id, False)


def test_two_entries_of_one_page_are_one_article(store, make, newsroom):
    one = newsroom.save(A)
    two = newsroom.save(A, entry_url=B, addresses=(A, B))
    assert (two.article_id, two.story_id, two.is_new_version) == (one.article_id, one.story_id, False)
    assert make.stored(store, newsroom.entry(B)).article_id == one.article_id
    assert store.article_at((B,)).entry_id == newsroom.entry(A)


def test_an_address_of_another_article_stays_there(store, make, newsroom):
    one = newsroom.save(A, addresses=(A, C))
    two = newsroom.save(B)
    newsroom.save(B, addresses=(B, C), text="Corrected.")
    assert store.article_at((C,)).id == one.article_id
    assert store.article_at((B,)).id == two.article_id


def test_a_new_text_is_a_new_version_of_the_same_article(store, make, newsroom):
    one = newsroom.save(A, text="First.")
    two = newsroom.save(A, text="Second.", at=make.T0 + make.MINUTE)
    assert two == one
    assert store.article_at((A,)).text_hash == newsroom.item(A, text="Second.").reading.article.text_hash


def test_an_earlier_text_becomes_current_again(store, make, newsroom):
    first = newsroom.save(A, text="First.", fingerprint=make.hashes(*HASHES))
    newsroom.save(A, text="Second.", fingerprint=make.hashes(*range(100, 120)))
    back = newsroom.save(A, text="First.", fingerprint=make.hashes(*HASHES))
    assert back == first
    assert store.article_at((A,)).text_hash == newsroom.item(A, text="First.").reading.article.text_hash
    (row,) = store.candidates(make.hashes(*HASHES), site="a.example", since=make.T0).rows
    assert row.text == "First."


def test_the_page_of_an_article_known_by_its_feed_text_is_its_next_version(store, make, newsroom):
    one = newsroom.save(A, text="Teaser.", text_from=TextFrom.FEED)
    assert store.article_at((A,)).text_from is TextFrom.FEED
    two = newsroom.save(B, entry_url=A, addresses=(A, B), text="The whole text.")
    assert two == one
    found = store.article_at((A,))
    assert (found.url, found.text_from) == (B, TextFrom.PAGE)


def test_a_page_that_says_what_the_feed_said_makes_the_text_the_pages(store, make, newsroom):
    newsroom.save(A, text="All of it.", text_from=TextFrom.FEED)
    again = newsroom.save(A, text="All of it.", author="A. Writer")
    assert not again.is_new_version
    assert store.article_at((A,)).text_from is TextFrom.PAGE
    newsroom.save(A, text="All of it.", text_from=TextFrom.FEED)
    assert store.article_at((A,)).text_from is TextFrom.PAGE


def test_raw_pages_are_forgotten_in_time(store, make, newsroom):
    newsroom.save(A, page=make.page(A, content_type="text/html"))
    newsroom.save(B, page=make.page(B), at=make.T0 + make.MINUTE)
    assert store.prune(Old.RAW_PAGES, make.T0) == 0
    assert store.prune(Old.RAW_PAGES, make.T0 + make.MINUTE) == 1
    assert store.prune(Old.RAW_PAGES, make.T0 + make.MINUTE) == 0


# --- candidates -------------------------------------------------------------------------------------


def test_candidates_share_hashes_and_the_most_alike_come_first(store, make, newsroom):
    a = newsroom.save(A, fingerprint=make.hashes(*HASHES), title="First")
    b = newsroom.save(B, fingerprint=make.hashes(1, 2, 3, *range(100, 117)))
    newsroom.save(C, fingerprint=make.hashes(*range(200, 220)))
    found = store.candidates(make.hashes(*range(1, 11), *range(300, 310)), site="a.example", since=make.T0)
    assert [(row.article_id, row.shared) for row in found.rows] == [(a.article_id, 10), (b.article_id, 3)]
    row = found.rows[0]
    assert (row.story_id, row.is_lead, row.title, row.text) == (a.story_id, True, "First", f"Some text of {A}.")


def test_what_few_articles_share_counts_more(store, make, newsroom):
    common = range(1, 6)
    for number in range(10):
        newsroom.save(f"{A}{number}", fingerprint=make.hashes(*common, 1000 + number))
    rare = newsroom.save(B, fingerprint=make.hashes(50, 51, 52))
    found = store.candidates(make.hashes(*common, 50, 51, 52, *range(500, 520)), site="a.example", since=make.T0)
    assert found.rows[0].article_id == rare.article_id


def test_candidates_look_no_further_back_than_asked_and_leave_one_article_out(store, make, newsroom):
    a = newsroom.save(A, fingerprint=make.hashes(*HASHES))
    later = make.T0 + make.MINUTE
    b = newsroom.save(B, fingerprint=make.hashes(*HASHES), at=later)
    taken = make.hashes(*HASHES)
    assert [row.article_id for row in store.candidates(taken, site="a.example", since=make.T0).rows] == [
        b.article_id,
        a.article_id,
    ]
    assert [row.article_id for row in store.candidates(taken, site="a.example", since=later).rows] == [b.article_id]
    without = store.candidates(taken, site="a.example", since=make.T0, known_as=b.article_id)
    assert [row.article_id for row in without.rows] == [a.article_id]
    # A new version does not make an article younger.
    newsroom.save(A, text="Corrected.", fingerprint=make.hashes(*HASHES), at=later)
    assert [row.article_id for row in store.candidates(taken, site="a.example", since=later).rows] == [b.article_id]


def test_fingerprints_of_another_algorithm_are_not_compared(store, make, newsroom):
    newsroom.save(A, fingerprint=make.hashes(*HASHES, alg=1))
    assert store.candidates(make.hashes(*HASHES, alg=2), site="a.example", since=make.T0).rows == ()
    newsroom.save(B, fingerprint=make.hashes(*HASHES, alg=2))  # no conflict either


def test_only_the_current_version_of_an_article_is_a_candidate(store, make, newsroom):
    newsroom.save(A, text="First.", fingerprint=make.hashes(*HASHES))
    newsroom.save(A, text="Second.", fingerprint=make.hashes(*range(100, 120)))
    assert store.candidates(make.hashes(*HASHES), site="a.example", since=make.T0).rows == ()
    (row,) = store.candidates(make.hashes(*range(100, 120)), site="a.example", since=make.T0).rows
    assert row.text == "Second."


def test_short_texts_have_no_candidates_but_are_stored(store, make, newsroom):
    newsroom.save(A, fingerprint=make.hashes())
    found = store.candidates(make.hashes(), site="a.example", since=make.T0)
    assert found.rows == ()
    newsroom.save(B, fingerprint=make.hashes())


def test_hashes_reach_from_the_lowest_to_the_highest_signed_number(store, make, newsroom):
    ends = make.hashes(-(2**31), -1, 0, 2**31 - 1)
    a = newsroom.save(A, fingerprint=ends)
    (row,) = store.candidates(ends, site="a.example", since=make.T0).rows
    assert (row.article_id, row.shared) == (a.article_id, 4)


def test_candidates_are_at_most_25(store, make, newsroom):
    for number in range(30):
        newsroom.save(f"{A}{number}", fingerprint=make.hashes(*HASHES))
    assert len(store.candidates(make.hashes(*HASHES), site="a.example", since=make.T0).rows) == 25


def test_a_known_article_is_compared_with_its_relatives_first(store, make, newsroom):
    """Whatever they share, and however old they are; but not with itself."""
    later = make.T0 + timedelta(days=60)
    lead = newsroom.save(A, fingerprint=make.hashes(1, 2, 900))
    far = newsroom.save(B, fingerprint=make.hashes(901))
    own = newsroom.save(
        C,
        fingerprint=make.hashes(*HASHES),
        story_id=lead.story_id,
        relations=(make.relation(far.article_id),),
        at=later,
    )
    by = newsroom.save(D, fingerprint=make.hashes(902, alg=2), relations=(make.relation(own.article_id),), at=later)
    near = newsroom.save("https://news.example/e", fingerprint=make.hashes(*HASHES), at=later)

    def look(taken):
        found = store.candidates(taken, site="news.example", since=later, known_as=own.article_id)
        return [(row.article_id, row.shared) for row in found.rows]

    relatives = [(lead.article_id, 2), (far.article_id, 0), (by.article_id, 20)]
    # What one of another algorithm shares is not known, so it is taken to share all.
    assert look(make.hashes(*HASHES)) == [*relatives, (near.article_id, 20)]
    assert look(make.hashes()) == [(lead.article_id, 0), (far.article_id, 0), (by.article_id, 0)]


def test_of_many_relatives_the_most_alike_are_compared(store, make, newsroom):
    lead = newsroom.save(A, fingerprint=make.hashes(*HASHES))
    for number in range(MOST_CANDIDATES + 5):
        relation = make.relation(lead.article_id, score=1 - number / 100)
        newsroom.save(f"{A}{number}", fingerprint=make.hashes(700), story_id=lead.story_id, relations=(relation,))
    newsroom.save(B, fingerprint=make.hashes(*HASHES))
    found = store.candidates(make.hashes(*HASHES), site="a.example", since=make.T0, known_as=lead.article_id)
    assert [row.article_id for row in found.rows] == list(range(2, MOST_CANDIDATES + 2))


def test_what_sites_repeat_is_told_as_furniture(store, make, newsroom):
    def page(site, number, *lines):
        base = 1000 * site + 10 * number
        taken = make.hashes(*range(base, base + 6), *lines, title=base)
        return newsroom.save(f"https://{site}.example/{number}", source=f"{site}.example", fingerprint=taken)

    def furniture(site, *lines, **given):
        return store.candidates(make.hashes(*lines), site=f"{site}.example", since=make.T0, **given).furniture

    for site in range(1, 4):
        # Line 7 stands on two sites, line 8 on one, line 9 on too few pages.
        for number in range(MIN_PAGES):
            page(site, number, *([7] if site < 3 else []), *([8] if site == 3 else []), *([9] if number else []))
    assert furniture(5, 7, 9) == {7, 8}
    assert furniture(3, 9) == {7, 8}
    # Nothing is looked for by what is furniture alone; 3000 is the first page's own.
    assert furniture(3, 8) == frozenset()
    assert furniture(3, 8, 3000) == {8}
    assert furniture(3, 99) == frozenset()
    # Of a site that has no name nothing is remembered.
    for number in range(MIN_PAGES):
        newsroom.save(
            f"urn:{number}",
            source="",
            fingerprint=make.hashes(*range(10 * number, 10 * number + 6), 55, title=number),
        )
    assert 55 not in furniture(0, 55)


# --- no race on copies ------------------------------------------------------------------------------


def test_save_refuses_when_a_newer_article_shares_hashes(store, make, newsroom):
    taken = make.hashes(*HASHES)
    seen = store.candidates(taken, site="a.example", since=make.T0).seen
    mine = newsroom.item(B, fingerprint=taken, seen=seen)
    newsroom.save(A, fingerprint=make.hashes(*HASHES))
    with pytest.raises(Conflict):
        store.save(mine)
    assert store.article_at((B,)) is None
    assert make.stored(store, newsroom.entry(B)).state is EntryState.NEW
    found = store.candidates(mine.reading.fingerprint, site="a.example", since=make.T0)
    assert found.seen > seen
    saved = newsroom.save(
        B,
        fingerprint=make.hashes(*HASHES),
        seen=found.seen,
        story_id=found.rows[0].story_id,
        relations=(make.relation(found.rows[0].article_id),),
    )
    assert saved.story_id == found.rows[0].story_id


def test_a_newer_version_of_a_known_article_is_a_conflict_too(store, make, newsroom):
    newsroom.save(A, fingerprint=make.hashes(*range(100, 120)))
    seen = store.candidates(make.hashes(*HASHES), site="a.example", since=make.T0).seen
    newsroom.save(A, text="Corrected.", fingerprint=make.hashes(*HASHES))
    with pytest.raises(Conflict):
        newsroom.save(B, fingerprint=make.hashes(*HASHES), seen=seen)


def test_what_shares_nothing_is_no_conflict(store, make, newsroom):
    newsroom.save(A, fingerprint=make.hashes(*range(100, 120)))
    newsroom.save(B, fingerprint=make.hashes(*HASHES), seen=0)


def test_a_newer_version_of_a_relative_is_a_conflict_whatever_it_shares(store, make, newsroom):
    a = newsroom.save(A, fingerprint=make.hashes(*HASHES))
    copy = {"story_id": a.story_id, "relations": (make.relation(a.article_id),)}
    newsroom.save(B, fingerprint=make.hashes(*HASHES), **copy)
    seen = store.candidates(make.hashes(*HASHES), site="a.example", since=make.T0).seen
    newsroom.save(A, text="Corrected.", fingerprint=make.hashes(700, 701), relations=(make.relation(2),))
    with pytest.raises(Conflict):
        newsroom.save(B, text="Corrected.", fingerprint=make.hashes(*HASHES), seen=seen, **copy)


def test_an_article_is_in_no_conflict_with_itself(store, make, newsroom):
    newsroom.save(A, fingerprint=make.hashes(*HASHES))
    newsroom.save(A, text="Corrected.", fingerprint=make.hashes(*HASHES), seen=0)


# --- stories ----------------------------------------------------------------------------------------


def test_an_article_alone_is_a_story_of_its_own(store, make, newsroom):
    a, b = newsroom.save(A), newsroom.save(B)
    assert a.story_id != b.story_id


def test_an_article_joins_the_story_it_is_placed_in(store, make, newsroom):
    a = newsroom.save(A)
    b = newsroom.save(B, story_id=a.story_id, relations=(make.relation(a.article_id),))
    assert b.story_id == a.story_id
    assert store.article_at((B,)).story_id == a.story_id


def test_the_first_article_seen_leads_also_when_a_later_one_was_stored_first(store, make, newsroom):
    taken = make.hashes(*HASHES)
    late = newsroom.save(A, at=make.T0 + make.MINUTE, fingerprint=taken)
    early = newsroom.save(B, at=make.T0, fingerprint=taken, story_id=late.story_id)
    leads = {row.article_id: row.is_lead for row in store.candidates(taken, site="a.example", since=make.T0).rows}
    assert leads == {late.article_id: False, early.article_id: True}


def test_merged_stories_are_one_and_lead_on_from_their_old_ids(store, make, newsroom):
    a, b, c = newsroom.save(A), newsroom.save(B, at=make.T0 + make.MINUTE), newsroom.save(C, at=make.T0 + make.MINUTE)
    d = newsroom.save(D, story_id=b.story_id, merges=(a.story_id, c.story_id))
    # The oldest id lives on, whichever was named first.
    assert d.story_id == a.story_id
    assert {store.article_at((url,)).story_id for url in (A, B, C, D)} == {a.story_id}
    # One that was decided before the merge still finds its way, also through two of them.
    e = newsroom.save("https://news.example/e")
    f = newsroom.save("https://news.example/f", story_id=e.story_id, merges=(b.story_id,))
    g = newsroom.save("https://news.example/g", story_id=c.story_id)
    assert g.story_id == f.story_id == a.story_id


# --- new versions: they decide what an article is to others -----------------------------------------


def test_a_new_version_stays_with_those_that_it_is_still_related_to(store, make, newsroom):
    a = newsroom.save(A)
    b = newsroom.save(B, story_id=a.story_id, relations=(make.relation(a.article_id),))
    for text, placement in (("Named.", {"story_id": a.story_id}), ("Not named.", {})):
        again = newsroom.save(B, text=text, relations=(make.relation(a.article_id),), **placement)
        assert again.story_id == a.story_id
    lead = newsroom.save(A, text="Corrected.", relations=(make.relation(b.article_id),))
    assert lead.story_id == a.story_id


def test_a_new_version_that_is_related_to_nothing_in_its_story_founds_another(store, make, newsroom):
    a = newsroom.save(A)
    newsroom.save(B, story_id=a.story_id, relations=(make.relation(a.article_id),))
    newsroom.save(C, story_id=a.story_id, relations=(make.relation(a.article_id),), fingerprint=make.hashes(*HASHES))
    split = newsroom.save(B, text="Of something else.")
    assert split.story_id not in {a.story_id, None}
    assert store.article_at((B,)).story_id == split.story_id
    # When the lead goes, its story stays where it was, with the next one as lead.
    other = newsroom.save(A, text="Of something else too.")
    assert other.story_id not in {a.story_id, split.story_id}
    assert store.article_at((C,)).story_id == a.story_id
    (row,) = store.candidates(make.hashes(*HASHES), site="a.example", since=make.T0).rows
    assert row.is_lead


def test_a_new_version_goes_to_the_story_that_it_belongs_to_now(store, make, newsroom):
    a, c = newsroom.save(A), newsroom.save(C)
    newsroom.save(B, story_id=a.story_id, relations=(make.relation(a.article_id),))
    again = newsroom.save(B, text="Of C.", story_id=c.story_id, relations=(make.relation(c.article_id),))
    assert again.story_id == c.story_id
    assert store.article_at((A,)).story_id == a.story_id


def test_a_lead_stays_with_its_copies(store, make, newsroom):
    """Their placement names another story, since an article is never compared with itself."""
    a, c = newsroom.save(A), newsroom.save(C)
    b = newsroom.save(B, story_id=a.story_id, relations=(make.relation(a.article_id),))
    d = newsroom.save(D, story_id=c.story_id, relations=(make.relation(c.article_id),))
    related = (make.relation(b.article_id), make.relation(c.article_id, RelationKind.EXCERPT))
    again = newsroom.save(A, text="Corrected.", story_id=c.story_id, relations=related)
    assert (again.story_id, store.article_at((C,)).story_id) == (a.story_id, c.story_id)
    related = (make.relation(b.article_id), make.relation(c.article_id))
    again = newsroom.save(A, text="The same as C.", story_id=c.story_id, relations=related)
    assert {store.article_at((url,)).story_id for url in (A, B, C, D)} == {a.story_id}
    assert d.story_id != again.story_id


def test_a_new_version_of_an_article_alone_takes_its_story_along(store, make, newsroom):
    a, c = newsroom.save(A), newsroom.save(C)
    again = newsroom.save(C, text="Corrected.", story_id=a.story_id, relations=(make.relation(a.article_id),))
    assert again.story_id == a.story_id
    assert newsroom.save(B, story_id=c.story_id).story_id == a.story_id
    # The older story lives on, also when it is the one that is moved.
    d = newsroom.save(D)
    first = newsroom.save("https://news.example/e")
    again = newsroom.save(D, text="Corrected.", story_id=first.story_id, relations=(make.relation(first.article_id),))
    assert again.story_id == d.story_id
    assert store.article_at(("https://news.example/e",)).story_id == d.story_id


def test_a_new_version_of_an_article_alone_stays(store, make, newsroom):
    a = newsroom.save(A)
    assert newsroom.save(A, text="Corrected.").story_id == a.story_id


def test_a_page_that_comes_back_comes_back_to_its_story(store, make, newsroom):
    a = newsroom.save(A)
    copy = {"story_id": a.story_id, "relations": (make.relation(a.article_id),)}
    newsroom.save(B, text="The text.", **copy)
    away = newsroom.save(B, text="We are being rebuilt.")
    back = newsroom.save(B, text="The text.", **copy)
    assert away.story_id != back.story_id == a.story_id


def test_stories_and_articles_that_do_not_exist_are_told(store, make, newsroom):
    newsroom.entry(A)
    for given in ({"story_id": 99}, {"relations": (make.relation(99),)}):
        with pytest.raises(LookupError, match="99"):
            newsroom.save(A, **given)
    assert store.article_at((A,)) is None


def test_a_relation_to_itself_is_not_stored(store, make, newsroom):
    a = newsroom.save(A)
    newsroom.save(A, text="Corrected.", relations=(make.relation(a.article_id, RelationKind.REVISION),))
