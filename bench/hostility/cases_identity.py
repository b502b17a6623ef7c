"""What is the same entry, what is the same article, and what is no address at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostility.case import ANY, Case, Item, Scene, fed, one, page, requests_to, unread
from hostility.found import dump
from hostility.reply import html, status, xml
from hostility.texts import headline, listed, paragraphs, rss, story, summary

if TYPE_CHECKING:
    from hostility.texts import Listed

_STORIES = {f"/story/{n}": html(story(n)) for n in range(1, 6)}


def polls(
    name: str,
    *documents: str,
    new: tuple[int, ...],
    items: tuple[Item, ...] | int,
    changed: int | None = None,
    **more: object,
) -> Case:
    """The same feed, polled once a document."""
    scenes = []
    for number, (document, count) in enumerate(zip(documents, new, strict=True)):
        extra = {} if changed is None or number == 0 else {"changed": changed}
        scenes.append(Scene(routes={"/feed.xml": xml(document), **_STORIES}, new=count, **extra))
    return Case(name=name, point=4, scenes=tuple(scenes), items=items, **({"reads": False} | more))


def _bare(n: int, **more: object) -> Listed:
    return listed(n, guid=None, **more)


GUIDS = (
    polls(
        "guid-on-four-items",
        rss(*(listed(n, guid="the-same") for n in (1, 2, 3, 4))),
        rss(*(listed(n, guid="the-same") for n in (2, 3, 4, 5))),
        new=(4, 1),
        items=5,
        changed=0,
    ),
    polls(
        "guids-change-with-every-poll",
        *(rss(*(listed(n, guid=f"{poll}-{n}") for n in (1, 2, 3))) for poll in range(3)),
        new=(3, 0, 0),
        items=3,
        changed=0,
    ),
    polls(
        "guid-for-a-new-link",
        rss(listed(1)),
        rss(listed(1, link="@A@/story/1-corrected")),
        new=(1, 0),
        items=1,
        changed=1,
    ),
    polls(
        "guid-given-to-another-story",
        # Some publishers count from 1 again: another link and another title under a known guid is another entry; the
        # contract has the guid first, so it may also be the known one, changed. Either way the news is not lost.
        rss(listed(1, guid="7")),
        rss(listed(2, guid="7"), listed(1, guid="8")),
        new=(1, 1),
        items=2,
    ),
    polls(
        "guid-empty",
        rss(listed(1, guid=""), listed(2, guid="  ")),
        rss(listed(1, guid=""), listed(2, guid="  ")),
        new=(2, 0),
        items=2,
    ),
    polls(
        "guid-of-5000-characters", rss(listed(1, guid="g" * 5000)), rss(listed(1, guid="g" * 5000)), new=(1, 0), items=1
    ),
    polls("guids-that-differ-in-case", rss(listed(1, guid="abc"), listed(2, guid="ABC")), new=(2,), items=2),
    polls(
        "guid-with-controls",
        rss(listed(1, guid="a&#x9;b\u202ec"), 2),
        rss(listed(1, guid="a&#x9;b\u202ec"), 2),
        new=(2, 0),
        items=2,
    ),
    polls("item-twice-in-a-document", rss(1, 1, 2, 2), rss(1, 2, 1), new=(2, 0), items=2),
    polls("order-turned-around", rss(1, 2, 3), rss(3, 2, 1), new=(3, 0), items=3, changed=0),
    polls("item-goes-and-comes-back", rss(1, 2), rss(2), rss(1, 2), new=(2, 0, 0), items=2),
    polls("links-without-guids", rss(_bare(1), _bare(2)), rss(_bare(2), _bare(3)), new=(2, 1), items=3),
    polls(
        "neither-guid-nor-link",
        rss(_bare(1, link=None), _bare(2, link=None)),
        rss(_bare(2, link=None), _bare(3, link=None)),
        new=(2, 1),
        items=3,
    ),
    polls(
        "live-blog",
        # One page, many entries in a document. "The same link under a new guid is not new": the fourth is taken for
        # the first, which has gone, and what it says makes a new version of the page.
        rss(*(listed(1, guid=f"live-{n}", title=f"{n}:00 {headline(n)}") for n in (3, 2, 1))),
        rss(*(listed(1, guid=f"live-{n}", title=f"{n}:00 {headline(n)}") for n in (4, 3, 2))),
        new=(3, 0),
        items=3,
        changed=1,
    ),
)

_TRACKED = ("", "?utm_source=rss&utm_medium=feed", "?fbclid=x", "#comments", "?utm_campaign=a#top")

LINKS = (
    polls(
        "trackers-on-one-link",
        rss(*(_bare(1, link=f"@A@/story/1{end}".replace("&", "&amp;")) for end in _TRACKED)),
        new=(1,),
        items=(page(headline(1), article="@A@/story/1", text=paragraphs(1)[2]),),
        reads=True,
        articles=1,
    ),
    polls(
        "trackers-change-with-every-poll",
        *(rss(listed(1, guid=f"g{n}", link=f"@A@/story/1?utm_source=rss{n}&amp;fbclid={n}")) for n in range(3)),
        new=(1, 0, 0),
        items=1,
        changed=0,
    ),
    polls(
        "trackers-under-own-titles",
        # Three entries with titles of their own, one page: one article.
        rss(*(listed(n, link=f"@A@/story/1?utm_content={n}") for n in (1, 2, 3))),
        new=(3,),
        items=(page(headline(1)), page(headline(2)), page(headline(3))),
        reads=True,
        articles=1,
    ),
    polls(
        "parameters-that-name-pages",
        rss(*(_bare(n, link=f"@A@/story?id={n}&amp;p=&amp;utm_source=x") for n in (1, 2, 3))),
        new=(3,),
        items=tuple(unread(headline(n)) for n in (1, 2, 3)),
    ),
    polls(
        "one-address-in-many-forms",
        rss(
            _bare(1, link="@A@/story/1"),
            _bare(1, link="@A@:@PORT@/story/1".replace("@A@:@PORT@", "HTTP://@A-HOST@:@PORT@")),
            _bare(1, link="@A@/x/../story/./1"),
            _bare(1, link="http://user:s3cret@@A-HOST@:@PORT@/story/1"),
            _bare(1, link="@A@/st%6Fry/1".replace("%6F", "o")),
        ),
        new=(1,),
        items=1,
    ),
    one(
        "link-with-credentials",
        6,
        {"/feed.xml": xml(rss(listed(1, link="http://user:s3cret@@A-HOST@:@PORT@/story/1"))), **_STORIES},
        items=(page(headline(1), link="@A@/story/1"),),
        check=lambda found: [
            *(
                ["credentials of a link are sent"]
                if "authorization" in requests_to(found, "/story/1")[0].headers
                else []
            ),
            *(["s3cret is stored"] if "s3cret" in dump(found.database) else []),
            *(["s3cret is logged"] if "s3cret" in found.log else []),
        ],
    ),
    *(
        one(
            f"link-{name}",
            6,
            {"/feed.xml": xml(rss(listed(1, link=link)))},
            items=(fed(headline(1), "no_link", link=None, text=summary(1)),),
        )
        for name, link in {
            "javascript": "javascript:alert(1)",
            "file": "file:///etc/passwd",
            "ftp": "ftp://127.0.0.1/x",
            "data": "data:text/html,hello",
            "mailto": "mailto:a@b.example",
            "without-host": "http://",
            "with-half-a-host": "http://[::",
        }.items()
    ),
    one(
        "link-of-3000-characters",
        6,
        {"/feed.xml": xml(rss(listed(1, link="@A@/" + "x" * 3000)))},
        items=(fed(headline(1), "no_link"),),
    ),
    one(
        "link-long-by-its-trackers",
        4,
        {"/feed.xml": xml(rss(listed(1, link="@A@/story/1?utm_source=" + "x" * 1500))), **_STORIES},
        items=(page(headline(1), article="@A@/story/1"),),
    ),
    one(
        "link-in-cyrillic",
        4,
        {"/feed.xml": xml(rss(listed(1, link="@A@/паром/1"))), "/%D0%BF%D0%B0%D1%80%D0%BE%D0%BC/1": html(story(1))},
        items=(page(headline(1), text=paragraphs(1)[2]),),
    ),
    one(
        "link-with-spaces-and-lines",
        4,
        {"/feed.xml": xml(rss(listed(1, link="\n   @A@/story/1\n\t"))), **_STORIES},
        items=(page(headline(1), link="@A@/story/1"),),
    ),
    one(
        "link-of-fifty-entries",
        4,
        # A live blog: its page is fetched once.
        {"/feed.xml": xml(rss(*(listed(1, guid=f"b{n}", title=headline(n)) for n in range(50)))), **_STORIES},
        items=50,
        articles=1,
        asked={"a/story/1": 1},
    ),
    one(
        "link-from-a-base-inside",
        6,
        {"/feed.xml": xml(rss(listed(1, link="/admin")).replace("<channel>", "<channel xml:base='http://10.0.0.1/'>"))},
        items=(Item(title=headline(1), reason=frozenset({"blocked", "http_client"}), text_from="feed", state=ANY),),
    ),
    one(
        "link-relative",
        4,
        {"/feed.xml": xml(rss(listed(1, link="/story/1"))), **_STORIES},
        items=(page(headline(1), link="@A@/story/1"),),
    ),
    one(
        "link-to-the-feed-itself",
        5,
        {"/feed.xml": xml(rss(listed(1, link="@A@/feed.xml")))},
        items=(fed(headline(1), "not_html"),),
    ),
    one(
        "guid-is-no-permalink",
        4,
        {"/feed.xml": xml(rss(listed(1, link=None, guid="http://10.0.0.1/x")))},
        items=(fed(headline(1), "no_link"),),
    ),
    one(
        "link-and-enclosures",
        4,
        {
            "/feed.xml": xml(
                rss(
                    listed(
                        1, extra='<enclosure url="@A@/x.mp3" type="audio/mpeg" length="9"/><comments>@A@/c</comments>'
                    )
                )
            ),
            **_STORIES,
        },
        items=(page(headline(1), link="@A@/story/1"),),
        asked={"a/x.mp3": 0, "a/c": 0},
    ),
)


CHANGES = (
    polls("title-corrected", rss(1), rss(listed(1, title="Corrected")), new=(1, 0), items=1, changed=1),
    polls("text-corrected", rss(1), rss(listed(1, text="Corrected")), new=(1, 0), items=1, changed=1),
    polls(
        "date-corrected", rss(1), rss(listed(1, date="Mon, 05 Oct 2026 09:00:00 GMT")), new=(1, 0), items=1, changed=1
    ),
    polls(
        "only-trackers-change", rss(1), rss(listed(1, link="@A@/story/1?utm_source=y")), new=(1, 0), items=1, changed=0
    ),
    polls(
        "only-space-changes",
        rss(1),
        rss(listed(1, title=f"\n  {headline(1).replace(' ', '  ')} ")),
        new=(1, 0),
        items=1,
        changed=0,
    ),
    Case(
        name="title-corrected-on-both-sides",
        point=4,
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1)), **_STORIES}),
            Scene(
                routes={
                    "/feed.xml": xml(rss(listed(1, title="Corrected"))),
                    "/story/1": html(story(1, title="Corrected")),
                },
                new=0,
                changed=1,
            ),
        ),
        items=(page(text=paragraphs(1)[2], versions=2),),
        articles=1,
    ),
    Case(
        name="feed-text-then-page",
        point=4,
        # "text that came from the feed is the first version of that same article, and the page … the next".
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1)), "/story/1": status(503)}),
            Scene(routes={"/feed.xml": xml(rss(listed(1, text="More is known."))), **_STORIES}, changed=1),
        ),
        items=(page(headline(1), text=paragraphs(1)[2], versions=2),),
        articles=1,
    ),
)

CASES = (*GUIDS, *LINKS, *CHANGES)
