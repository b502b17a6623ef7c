"""What stands in place of an article is recognised, and an article that speaks of it is not taken for it."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import wall_words
from ingest.decode import decode
from ingest.errors import IngestError, Permanent, Reason, Transient
from ingest.extract import extract
from ingest.metadata import Wanted
from ingest.prose import size_of
from ingest.walls import CONSENT, LONG, may_be_wall
from ingest.web import Page

NEWSROOM = Path(__file__).parents[3] / "shared" / "newsroom"
URL = "https://news.example/world/bridge-stays-closed-1234567"
NOTHING = Wanted(title=False, author=False, published=False, sections=False)

SENTENCE = "The minister said on Monday that the bridge over the harbour will not reopen before Easter. "
SHORT = f"<p>{SENTENCE}</p>"
#: more than a notice, less than LONG
MIDDLE = f"<p>{SENTENCE * 4}</p><p>{SENTENCE * 4}</p>"
ARTICLE = "".join(f"<p>{number}. {SENTENCE * 5}</p>" for number in range(6))


def page(body: str, head: str = "") -> str:
    return f"<!doctype html>\n<html><head>{head}</head><body>{body}</body></html>"


def answer(url: str, asked: str, headers: dict[str, str] | None = None) -> Page:
    return Page(requested_url=asked, url=url, moved_to=None, status=200, headers=headers or {}, body=b"")


def refused(html: str, *, url: str = URL, asked: str = URL, headers: dict[str, str] | None = None) -> IngestError:
    with pytest.raises(IngestError) as raised:
        extract(html, url, NOTHING, page=answer(url, asked, headers))
    assert raised.value.subject == url
    return raised.value


def linked(**says: str) -> str:
    facts = "".join(f',"{name}":{value}' for name, value in says.items())
    return f'<script type="application/ld+json">{{"@type":"NewsArticle","headline":"H"{facts}}}</script>'


class TestChallenge:
    @pytest.mark.parametrize(
        ("html", "headers"),
        [
            (page("<p>Checking your browser before accessing the site.</p>", "<title>Just a moment...</title>"), {}),
            (page("<script>window._cf_chl_opt={}</script>", "<title>Just a moment...</title>"), {}),
            (page("<p>Verify you are human by completing the action below.</p>"), {}),
            (page('<div id="px-captcha"></div>', "<title>Access to this page has been denied</title>"), {}),
            (page('<iframe src="/_Incapsula_Resource?x"></iframe><p>Request unsuccessful.</p>'), {}),
            (page('<script src="https://ct.captcha-delivery.com/c.js"></script>', "<title>news.example</title>"), {}),
            (page("<p>Подтвердите, что вы не робот</p>", "<title>Ой!</title>"), {}),
            (page(SHORT), {"cf-mitigated": "challenge"}),
            (page("<p>Please wait</p>"), {"x-datadome": "protected"}),
        ],
    )
    def test_is_tried_again(self, html: str, headers: dict[str, str]) -> None:
        error = refused(html, headers=headers)
        assert (type(error), error.reason) == (Transient, Reason.CHALLENGE)
        assert error.detail == "a check for robots stands before the page"

    @pytest.mark.parametrize("headers", [{}, {"x-datadome": "protected"}])
    def test_an_article_behind_such_a_check_is_one(self, headers: dict[str, str]) -> None:
        form = '<form><div class="g-recaptcha"></div></form><script src="/cdn-cgi/challenge-platform/h/x.js"></script>'
        for article in (MIDDLE, ARTICLE):
            html = page(f"<article><h1>Just a moment: life at the pier</h1>{article}</article>{form}")
            assert extract(html, URL, NOTHING, page=answer(URL, URL, headers)).text


class TestWordsOfTheDay:
    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (
                "<p>We and our 842 partners store and access information on your device.</p><button>Accept",
                Reason.CONSENT,
            ),
            ("<p>Our partners store or access information on a device.</p>", Reason.CONSENT),
            ("<p>Please enable JavaScript and cookies to continue reading this site.</p>", Reason.SCRIPT),
            (f"{SHORT}<p>Enable JavaScript to continue reading this article.</p>", Reason.SCRIPT),
            (f"{SHORT}<p>Subscribe to continue reading this article.</p>", Reason.PAYWALL),
        ],
    )
    def test_are_told_apart(self, body: str, reason: Reason) -> None:
        assert refused(page(body)).reason is reason

    def test_an_article_may_be_about_them(self) -> None:
        about = "<p>The firm and its 842 partners store and access information on your device, the court found.</p>"
        assert "842 partners" in extract(page(f"<article>{ARTICLE}{about}</article>"), URL, NOTHING).text


class TestSoft404:
    @pytest.mark.parametrize("phrase", wall_words.MISSING)
    def test_titles_of_all_languages(self, phrase: str) -> None:
        html = page(SHORT, f"<title>{phrase.capitalize()} | The Example</title>")
        assert refused(html).reason is Reason.SOFT_404

    @pytest.mark.parametrize(
        "html",
        [
            page(SHORT, "<title>Error 404</title>"),
            page(f"<h1>Oops! Page not found</h1>{SHORT}", "<title>The Example</title>"),
            page(f"<h1>Page not found</h1>{MIDDLE}", "<title>404 - The Example</title>"),
            page("<p>404 Not found</p>"),
        ],
    )
    def test_titles_in_all_places(self, html: str) -> None:
        assert refused(html).reason is Reason.SOFT_404

    def test_a_story_that_ends_at_the_home_page(self) -> None:
        html = page(f"<article>{ARTICLE}</article>")
        assert refused(html, url="https://news.example/", asked=URL).reason is Reason.SOFT_404


class TestPaywall:
    @pytest.mark.parametrize("value", ["false", '"False"'])
    def test_a_teaser_of_a_page_that_says_so(self, value: str) -> None:
        error = refused(page(f"<article>{SHORT}</article>", linked(isAccessibleForFree=value)))
        assert (type(error), error.reason) == (Permanent, Reason.PAYWALL)

    def test_a_part_that_is_not_free(self) -> None:
        head = linked(hasPart='{"@type":"WebPageElement","isAccessibleForFree":false,"cssSelector":".paid"}')
        assert refused(page(f"<article>{SHORT}</article>", head)).reason is Reason.PAYWALL
        tier = '<meta property="article:content_tier" content="locked">'
        assert refused(page(f"<article>{SHORT}</article>", tier)).reason is Reason.PAYWALL

    @pytest.mark.parametrize(
        "end",
        [
            "Subscribe to continue reading.",
            "Already a subscriber? Log in",
            "Dieser Inhalt ist kostenpflichtig. Jetzt weiterlesen mit Plus.",
            "Il vous reste 72.4% de cet article à lire. La suite est réservée aux abonnés.",
            "Para seguir leyendo, hazte suscriptor",
            "Contenuto riservato agli abbonati",
            "Pozostało 81% tekstu. Aby czytać dalej, kup prenumeratę",
            "Материал доступен по подписке",
            "残り 1,234文字",
            "Artikel voor abonnees",
        ],
    )
    def test_a_teaser_that_ends_in_an_appeal(self, end: str) -> None:
        assert refused(page(f"<article>{MIDDLE}<p>{end}</p></article>")).reason is Reason.PAYWALL

    def test_a_text_that_breaks_off_before_an_advertisement(self) -> None:
        appeal = "<p>Subscribe to our newsletter and support our independent journalism.</p>"
        cut = page(f"<article>{MIDDLE}<p>The mayor then said that the …</p>{appeal}</article>")
        assert refused(cut).reason is Reason.PAYWALL
        assert extract(page(f"<article>{MIDDLE}{appeal}</article>"), URL, NOTHING).text

    def test_what_is_said_to_be_free_is_free(self) -> None:
        html = page(
            f"<article>{MIDDLE}<p>Already a subscriber? Log in</p></article>", linked(isAccessibleForFree="true")
        )
        assert extract(html, URL, NOTHING).text

    def test_an_article_about_subscriptions_is_one(self) -> None:
        about = "<p>Readers of the paper say that an article for subscribers only is read by few of them.</p>"
        assert extract(page(f"<article>{ARTICLE}{about}</article>"), URL, NOTHING).text
        long = f"<p>{SENTENCE} The label “premium content” is to go, and with it most of what stood behind it.</p>"
        assert extract(page(f"<article>{MIDDLE}{long}</article>"), URL, NOTHING).text


class TestConsent:
    @pytest.mark.parametrize(
        "text",
        [
            "We value your privacy. We and our partners store cookies on your device.",
            "Wir benötigen Ihre Zustimmung, bevor Sie weiterlesen.",
            "Nous et nos partenaires utilisons des cookies pour mesurer l’audience.",
            "Szanujemy Twoją prywatność",
            "Мы используем файлы cookie",
        ],
    )
    def test_words_of_a_short_page(self, text: str) -> None:
        assert refused(page(f"<div><h2>News</h2><p>{text}</p></div>")).reason is Reason.CONSENT

    @pytest.mark.parametrize(
        "box", ['id="onetrust-consent-sdk"', 'id="didomi-host"', 'class="qc-cmp2-container"', 'id="cmpbox"']
    )
    def test_a_page_that_is_all_platform(self, box: str) -> None:
        purposes = "".join(
            f"<p>Purpose {number}: store and/or access information on a device. {SENTENCE * 3}</p>"
            for number in range(8)
        )
        html = page(f"<div {box}><h2>We value your privacy</h2>{purposes}</div>", "<title>The Example</title>")
        assert refused(html).reason is Reason.CONSENT

    def test_an_address_for_consent(self) -> None:
        html = page(f"<p>{SENTENCE * 20}</p>")
        assert refused(html, url="https://consent.news.example/collect?session=1").reason is Reason.CONSENT

    def test_an_article_with_a_banner_is_one(self) -> None:
        banner = '<div id="onetrust-consent-sdk"><p>We value your privacy. Accept all cookies.</p></div>'
        for article in (SHORT, MIDDLE, ARTICLE):
            assert "minister" in extract(page(f"<article>{article}</article>{banner}"), URL, NOTHING).text

    def test_an_article_about_consent_is_one(self) -> None:
        about = "<p>“We value your privacy”, say the banners; and they ask readers to accept all cookies.</p>"
        assert extract(page(f"<article>{about}{ARTICLE}</article>"), URL, NOTHING).text
        assert extract(page(f"<article>{about}{MIDDLE}</article>"), URL, NOTHING).text


class TestScript:
    @pytest.mark.parametrize(
        "html",
        [
            page('<div id="root"></div><script src="/a.js"></script>'),
            page('<div id="__next"><div></div></div><script src="/a.js"></script>'),
            page("<app-root></app-root><script src='/a.js'></script>"),
            page("<noscript>You need to enable JavaScript to run this app.</noscript><script>x()</script>"),
            page("<p>Bitte aktivieren Sie JavaScript in Ihrem Browser.</p>"),
            page("<p>JavaScriptを有効にしてください。</p>"),
        ],
    )
    def test_an_empty_shell(self, html: str) -> None:
        error = refused(html)
        assert (type(error), error.reason) == (Permanent, Reason.SCRIPT)

    def test_an_article_with_such_a_notice_is_one(self) -> None:
        notice = "<noscript>You need to enable JavaScript to run this app.</noscript>"
        assert extract(page(f"{notice}<article>{SHORT * 2}</article><div id=root></div>"), URL, NOTHING).text

    def test_an_empty_page_without_scripts_is_no_shell(self) -> None:
        assert refused(page('<div id="root"></div>')).reason is Reason.NOT_ARTICLE


class TestLogin:
    FORM = '<form action="/x"><input name="n"><input type="Password" name="p"></form>'

    @pytest.mark.parametrize("title", ["Log in | The Example", "Anmelden - Zeitung", "Вход"])
    def test_a_form_and_no_article(self, title: str) -> None:
        html = page(f"<h1>Welcome</h1><p>Please give your name.</p>{self.FORM}", f"<title>{title}</title>")
        assert refused(html).reason is Reason.LOGIN

    @pytest.mark.parametrize(
        "url",
        [
            "https://news.example/login?next=%2Fworld",
            "https://news.example/account/sign-in",
            "https://login.news.example/start",
            "https://news.example/users/sign_in",
        ],
    )
    def test_an_address_to_log_in(self, url: str) -> None:
        assert refused(page(f"<article>{MIDDLE}</article>"), url=url).reason is Reason.LOGIN

    def test_a_short_article_with_a_form_in_its_header_is_one(self) -> None:
        html = page(f"<header>{self.FORM}</header><article>{SHORT}</article>", "<title>Bridge stays closed</title>")
        assert extract(html, URL, NOTHING).text


#: What stands around the text of many a short article, and is a sign of walls elsewhere.
BANNER = "<div class=strip><p>We use cookies.</p><button>Accept all</button><button>Reject all</button></div>"
ROBOT = '<form><textarea></textarea><div class="h-captcha"></div></form>'
NOSCRIPT = "<noscript><p>JavaScript is disabled. Enable JavaScript for all functions.</p></noscript>"


class TestShortArticlesAboutWalls:
    """An article of two sentences tells of walls, and quotes them; it is none."""

    @pytest.mark.parametrize(
        ("title", "paragraphs", "around"),
        [
            (
                "Weekly opens its archive",
                (
                    "“For subscribers only” will vanish from the site in June.",
                    "Gifts pay for it from then on.",
                ),
                "",
            ),
            (
                "Zeitung gibt Bezahlschranke auf",
                (
                    "Um weiterzulesen, braucht dort bald niemand mehr ein Abo.",
                    "Das beschloss der Verlag am Freitag, und die Belegschaft stimmte zu.",
                ),
                "",
            ),
            (
                "Le journal ouvre ses archives",
                ("Les textes réservés aux abonnés seront libres.", "La rédaction l’a annoncé jeudi soir à Brest."),
                "",
            ),
            (
                "Biscuit factory puts up a sign",
                ("“We use cookies,” says a sign at the gate of the factory.", "Four hundred people work there."),
                BANNER,
            ),
            (
                "Bruxelles veut moins de fenêtres",
                (
                    "Accepter les cookies ne prendra plus qu’un clic.",
                    "Le texte sera voté en mars par les députés, qui le disent bien trop timide.",
                ),
                BANNER,
            ),
            (
                "Robot passes for a person",
                ("“I am not a robot,” wrote the robot, and passed.", "Its builders from Turin filmed it on Sunday."),
                ROBOT,
            ),
            (
                "Access denied: pier stays shut",
                (
                    "Access denied, say the boards on the pier.",
                    "The storm of last week broke eleven of its piles.",
                ),
                "",
            ),
            (
                "Page not found: a diary comes home",
                (
                    "Page not found, the archive wrote each year.",
                    "The leaf of 1812 lay behind a stove in Bergen all the time.",
                ),
                "",
            ),
            (
                "Страница не найдена: карта вернулась",
                ("Страница не найдена, отвечал архив.", "Карту 1812 года нашли за печью в Бергене и покажут весной."),
                "",
            ),
            (
                "Court sides with pensioner",
                (
                    "Nobody must enable JavaScript to pay a fine, a court held.",
                    "The town will appeal to the high court before Easter.",
                ),
                NOSCRIPT,
            ),
        ],
    )
    def test_is_read(self, title: str, paragraphs: tuple[str, ...], around: str) -> None:
        told = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
        html = page(
            f"{around}<main><article><h1>{title}</h1>{told}</article></main>{around}", f"<title>{title} - Post</title>"
        )
        assert paragraphs[-1] in extract(html, URL, NOTHING).text

    def test_a_headline_that_is_the_title_of_a_wall_needs_a_word_of_the_page(self) -> None:
        body = f"<article><h1>Access denied</h1><p>Access denied, say the boards.</p>{SHORT}</article>"
        head = "<title>Access denied | Post</title>"
        assert refused(page(body, head)).reason is Reason.CHALLENGE
        assert "minister" in extract(page(body, head + linked()), URL, NOTHING).text
        missing = body.replace("Access denied", "Page not found")
        assert refused(page(missing)).reason is Reason.SOFT_404
        assert "minister" in extract(page(missing, linked()), URL, NOTHING).text


class TestShortWalls:
    @pytest.mark.parametrize(
        ("title", "text", "agree", "refuse"),
        [
            ("Zuerst eine Frage", "Mit Cookies messen wir die Reichweite.", "Alle akzeptieren", "Nur notwendige"),
            ("Eerst een vraag", "Met cookies meten wij het bereik.", "Akkoord", "Weigeren"),
            ("Först en fråga", "Med kakor mäter vi hur många som läser.", "Godkänn alla", "Endast nödvändiga"),
            ("Önce bir soru", "Ortaklarımız çerezleri kullanıyor.", "Tümünü kabul et", "Reddet"),
            ("Dit valg", "Cookies betaler alt. De gemmes på telefonen i et år.", "Accepter alle", "Afvis"),
            ("Сначала вопрос", "Куки помогают нам считать читателей.", "Принять все", "Отклонить"),
            ("Nejprve otázka", "Cookies nám pomáhají měřit návštěvnost.", "Souhlasím", "Odmítnout vše"),
            ("はじめに", "当サイトはクッキーで広告を表示します。", "同意する", "同意しない"),
        ],
    )
    @pytest.mark.parametrize("control", ["<button>{}</button>", "<a href=#>{}</a>", "<input type=submit value='{}'>"])
    def test_two_buttons_ask_for_consent_in_any_words(
        self, title: str, text: str, agree: str, refuse: str, control: str
    ) -> None:
        buttons = control.format(agree) + control.format(refuse)
        assert refused(page(f"<main><h1>{title}</h1><p>{text}</p>{buttons}</main>")).reason is Reason.CONSENT

    def test_the_buttons_alone_are_a_banner(self) -> None:
        html = page(f"{BANNER}<article><h1>Bridge</h1>{SHORT}</article>")
        assert "minister" in extract(html, URL, NOTHING).text

    def test_what_is_said_to_those_without_scripts_is_no_prose(self) -> None:
        notice = "JavaScript is required. The site does not work without it, and older browsers are not supported."
        html = page(f'<div id="root"></div><noscript>{notice}</noscript><script src="/a.js"></script>')
        assert refused(html).reason is Reason.SCRIPT

    def test_a_paper_that_praises_itself_after_its_appeal_goes_on_with_nothing(self) -> None:
        box = "<h4>This story is exclusively for subscribers</h4><p>The Post has covered the valley since May 1891.</p>"
        assert refused(page(f"<article>{SHORT}{box}</article>")).reason is Reason.PAYWALL

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("Already subscribe? Sign in", Reason.PAYWALL),
            ("Tento článek je dostupný pouze předplatitelům.", Reason.PAYWALL),
            ("Artiklen kræver abonnement.", Reason.PAYWALL),
            ("Klicken Sie auf „Jetzt weiterlesen“, um fortzufahren.", Reason.PAYWALL),
        ],
    )
    def test_appeals_after_a_teaser(self, text: str, reason: Reason) -> None:
        more = "<p>A subscription costs one pound a month.</p>"
        for end in ("", more):
            assert refused(page(f"<article>{SHORT}<p>{text}</p>{end}</article>")).reason is reason


@pytest.mark.parametrize(
    "words", [wall_words.ASKS_CONSENT, wall_words.CHALLENGES, wall_words.FOR_SUBSCRIBERS, wall_words.NEEDS_SCRIPT]
)
def test_a_long_article_may_contain_all_of_these_words(words: tuple[str, ...]) -> None:
    about = "".join(f"<p>It is said: {phrase}.</p>" for phrase in words)
    head = "<title>Page not found | The Example</title>"
    html = page(f"<article><h1>Bridge</h1>{ARTICLE}{about}{ARTICLE}</article>{TestLogin.FORM}", head)
    assert "minister" in extract(html, URL, NOTHING).text


def test_phrases_are_written_as_texts_are_flattened() -> None:
    lists = (
        *(wall_words.MISSING, wall_words.NEEDS_SCRIPT, wall_words.ASKS_CONSENT, wall_words.CHALLENGE_TITLES),
        *(wall_words.CHALLENGES, wall_words.FOR_SUBSCRIBERS, wall_words.LABELS, wall_words.LOGIN_TITLES),
    )
    phrases = [phrase for listed in lists for phrase in listed]
    assert [phrase for phrase in phrases if wall_words.flatten(phrase) != phrase.strip()] == []


def test_what_may_be_a_wall() -> None:
    assert may_be_wall("")
    assert may_be_wall("x" * (LONG - 1))
    assert not may_be_wall("x" * LONG)
    assert not may_be_wall("港" * (LONG // 3 + 1)), "an ideograph says what takes three letters"
    assert may_be_wall("We value your privacy" + "x" * LONG)
    assert not may_be_wall("We value your privacy" + "x" * CONSENT)


@given(st.text())
def test_size_is_at_least_the_length(text: str) -> None:
    assert len(text) <= size_of(text) <= 3 * len(text)


@pytest.mark.skipif(not NEWSROOM.is_dir(), reason="the shared newsroom is not here")
def test_no_real_page_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(NEWSROOM), *sys.path])
    from press.stories import load_real_pages

    refused_pages, count = [], 0
    for real in load_real_pages(NEWSROOM / "pages"):
        count += 1
        html = decode(gzip.decompress(real.path.read_bytes())).text
        try:
            extract(html, URL, NOTHING)
        except IngestError as error:
            refused_pages.append((real.path.name, str(error)))
    assert count > 50
    assert refused_pages == []
