"""Repair undoes every wrong reading that we can produce, and leaves everything else alone."""

from __future__ import annotations

import difflib
import json
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.repair import CODE_PAGES, Repaired, repair, repair_parts

SHARED = Path(__file__).parents[3] / "shared"
NEWSROOM = SHARED / "newsroom"
TABLE = SHARED / "bench" / "copies" / "mojibake" / "table.jsonl"

#: Own sentences as papers print them, with the signs that get mangled.
ENGLISH = (
    "The minister’s office said on Monday that the bridge “will not reopen before Easter” — a delay that costs "
    "shops £40,000 a week … The café owners’ association called it “a bad joke™”."
)
GENUINE = {
    "th": "นายกเทศมนตรียอมรับว่าสะพานจะยังไม่เปิดก่อนเทศกาล ราคา ยก ๕ บาท แบบ เกม แกง แผน ร้านค้าจึงเดือดร้อน 100€",
    "th+en": "ซื้อ iPhone แบบA ใหม่ที่ร้าน TVแบบบาง ราคา 5,000฿ “โลก” ของ ATM",
    "ru": "Мэр признал, что мост «не откроют раньше Пасхи» — сотни тысяч. Группа «В», школа «С», +20 °С, в СССР… 64 кБ",
    "uk": "Міністр заявив: її дії – «це мої справи»; Ті, хто з’явився, підуть. Їх п’ять.",
    "sr": "Ђорђе Њагуљ је рекао: „Љубав“ – Џеп, њихов ћуп, већ.",
    "bg": "Кметът призна, че „мостът“ няма да бъде отворен преди Великден №5.",
    "el": "Ο δήμαρχος παραδέχτηκε ότι η γέφυρα «δεν θα ανοίξει πριν από το Πάσχα»· ΤΑΧΎΤΗΤΑ ΈΌ Ή Ά.",
    "pl": "WSPÓŁPRACA NA PÓŁNOCY. KRÓŁ, GODZINĘ\xa0TEMU, w\xa0łańcuchu „RÓŻA” – Łódź, święta, źdźbło.",
    "cs": "ČÍSLO: Příliš žluťoučký kůň úpěl „ďábelské ódy“. MŮŽE ŽÍT.",
    "pt": "AMANHÃ… A IRMÃ” DE JOÃO “NÃO” VEIO. AMANHÃ’ LISBOA. São Paulo, às 10h, 25\xa0ºC.",
    "fr": "« Liberté\xa0», égalité\xa0€ 5. L’ÉTÉ… CAFÉ™ À «\xa0PARIS\xa0» : c’est déjà l’œuvre d’Ève.",
    "de": "GRÖSSE „Ä“ und ‚Ärger‘ – MÜLLER®, Straße, 5\xa0€. KLASSE A²",
    "tr": "“KLASÖR AÇ”I SEÇTİ; İstanbul’da “Ğ” harfi, ağaç, ışık.",
    "ro": "Literele Ă, Â, Î — „ÎN ROMÂNIA” s-a spus: Â… și Ă™",
    "vi": "THỦ ĐÔ HÀ NỘI “ĐẸP”… Những người đã đến, ÂM NHẠC.",
    "ja": "日本語のテキストです。「東京」からのニュース…―２０２６年。",
    "zh": "文件突然結束 ─‘測試’是最後一個——“元素”……",
    "he": "ראש העיר הודה כי הגשר „לא ייפתח” לפני פסח – ₪40,000.",
    "ar": "اعترف رئيس البلدية بأن الجسر «لن يفتح» قبل العيد… آپ",
    "en": ENGLISH,
    "notes": "Â Ã â ยฉ ® © ™ “” ’’ —“ ½ ¼ ²³ É™ À l’ Ó” °C × ÷ ¿¡ «» 😀 👍🏽 ‰ † ‡",
}


def mangle(text: str, codec: str) -> str:
    """UTF-8 read through a code page as programs do: windows-1252 for what it leaves undefined, else C1."""
    signs = []
    for byte in text.encode():
        raw = bytes((byte,))
        signs.append(raw.decode(codec, "ignore") or raw.decode("cp1252", "ignore") or chr(byte))
    return "".join(signs)


def drop_controls(text: str) -> str:
    return "".join(sign for sign in text if not "\x80" <= sign <= "\x9f")


#: Words in several scripts, each in one, as repair has to find them; and what stands between and around them.
WORDS = st.sampled_from(
    (
        *("bridge", "NATO", "café", "naïve", "Zürich", "Sprūds", "Łódź", "Škoda", "São", "über", "œuvre", "İstanbul"),
        *("Москва", "переговоры", "Київ", "Αθήνα", "สะพาน", "東京", "10%", "A1", "the", "said"),
    )
)
SIGNS = st.sampled_from(
    [" ", " ", " ", ", ", " — ", "… ", "™ ", " © ", " – ", "’s ", "” ", " “", "\n", "\n\n", " € 5 ", " •"]
)
#: Evidence enough: what every paper prints.
TEXTS = st.lists(st.tuples(WORDS, SIGNS), max_size=40).map(
    lambda pairs: "“It isn’t,” she said. " + "".join(word + sign for word, sign in pairs) + "“Never — ever…” he’d say."
)
#: Whatever may be in the way: signs of the images, in any order.
DEBRIS = st.text(st.sampled_from("abÂÃâ€™œ\x9d\xa0ยรลโ€”“ซฉวРСЃвЂ”Γò┬\ufffd .\n é™"), max_size=60)


class TestExamples:
    def test_sample_of_a_wire_story(self) -> None:
        mangled = "โ€œThat is a process,โ€ he said โ€” Wednesdayโ€™s talks โ€ฆ Andris Sprลซds โ„ข & ยฉ 2025"
        clean = "“That is a process,” he said — Wednesday’s talks … Andris Sprūds ™ & © 2025"
        assert repair(mangled) == Repaired(text=clean, code_page="windows-874")

    @pytest.mark.parametrize(
        ("mangled", "clean"),
        [
            ("Itâ€™s â€œdoneâ€", "It’s “done”"),
            ("Itâ€™s â€œdoneâ€\x9d", "It’s “done”"),
            ("Itâ€™s â€œdoneâ€\ufffd", "It’s “done”"),
            ("cafÃ© crÃ¨me", "café crème"),
            ("Hello.Â\xa0 World", "Hello.\xa0 World"),
            ("25 Â°C, Â£5", "25 °C, £5"),
            ("ÐœÐ¾ÑÐºÐ²Ð°, Ð¿Ñ€Ð¸Ð²ÐµÑ‚ Ð¸ Ð´Ð¾", "ÐœÐ¾ÑÐºÐ²Ð°, привет и до"),
            ("dÃ©jÃ  lÃ , voilÃ  le thÃ©", "déjà là, voilà le thé"),
            ("Ã¢â‚¬Å“doubleÃ¢â‚¬Â\x9d", "“double”"),
            ("ðŸ˜€ okay", "😀 okay"),
        ],
    )
    def test_windows_1252(self, mangled: str, clean: str) -> None:
        assert repair(mangled) == Repaired(text=clean, code_page="windows-1252")

    def test_outermost_code_page_is_named_when_there_were_two(self) -> None:
        twice = mangle(mangle("“It isn’t,” she said.", "cp1252"), "cp874")
        assert repair(twice) == Repaired(text="“It isn’t,” she said.", code_page="windows-874")

    def test_paragraph_in_another_language_stays(self) -> None:
        for name, paragraph in GENUINE.items():
            document = f"{mangle(ENGLISH, 'cp874')}\n{paragraph}\n{mangle(ENGLISH, 'cp874')}"
            assert repair(document).text == f"{ENGLISH}\n{paragraph}\n{ENGLISH}", name

    def test_title_is_repaired_by_the_evidence_of_the_body(self) -> None:
        title, body = "Cafรฉ", mangle(ENGLISH, "cp874")
        assert repair(title).text == title
        assert repair_parts((title, body)) == (("Café", ENGLISH), "windows-874")

    def test_fields_are_kept_apart(self) -> None:
        assert repair_parts(("", "รข", "", "€™", "\n")) == (("", "รข", "", "€™", "\n"), None)
        assert repair_parts(()) == ((), None)


class TestGenuineText:
    @pytest.mark.parametrize("language", GENUINE)
    def test_stays_as_it_is(self, language: str) -> None:
        text = GENUINE[language]
        for variant in (text, text.upper(), text.lower(), text.title(), *text.split()):
            assert repair(variant) == Repaired(text=variant, code_page=None)

    @given(st.lists(st.sampled_from([word for text in GENUINE.values() for word in text.split()]), max_size=60))
    def test_any_mixture_stays_as_it_is(self, words: list[str]) -> None:
        text = " ".join(words)
        assert repair(text) == Repaired(text=text, code_page=None)

    @given(st.text(st.characters(max_codepoint=0x7F)))
    def test_ascii_stays_as_it_is(self, text: str) -> None:
        assert repair(text) == Repaired(text=text, code_page=None)


class TestLaws:
    @pytest.mark.parametrize("name", ["windows-874", "windows-1252"])
    @given(text=TEXTS)
    def test_every_wrong_reading_is_undone(self, name: str, text: str) -> None:
        assert repair(mangle(text, CODE_PAGES[name])) == Repaired(text=text, code_page=name)

    @pytest.mark.parametrize("outer", ["windows-874", "windows-1252"])
    @pytest.mark.parametrize("inner", ["windows-874", "windows-1252"])
    @given(text=TEXTS)
    def test_two_wrong_readings_are_undone(self, outer: str, inner: str, text: str) -> None:
        twice = mangle(mangle(text, CODE_PAGES[inner]), CODE_PAGES[outer])
        assert repair(twice) == Repaired(text=text, code_page=outer)

    @pytest.mark.parametrize("name", ["windows-874", "windows-1252"])
    def test_lost_closing_quotes_are_put_back(self, name: str) -> None:
        assert repair(drop_controls(mangle(ENGLISH, CODE_PAGES[name]))) == Repaired(text=ENGLISH, code_page=name)

    @pytest.mark.parametrize("name", CODE_PAGES)
    def test_every_code_page_is_undone(self, name: str) -> None:
        assert repair(mangle(ENGLISH, CODE_PAGES[name])).text == ENGLISH

    @given(st.one_of(st.text(), DEBRIS, TEXTS.map(lambda text: mangle(text, "cp874") + text)))
    def test_a_second_call_changes_nothing(self, text: str) -> None:
        once = repair(text)
        assert repair(once.text) == Repaired(text=once.text, code_page=None)

    @given(st.lists(st.one_of(DEBRIS, TEXTS.map(lambda text: mangle(text, "cp1252"))), max_size=4))
    def test_as_many_fields_come_back_as_went_in(self, parts: list[str]) -> None:
        assert len(repair_parts(tuple(parts))[0]) == len(parts)


@pytest.mark.skipif(not NEWSROOM.is_dir(), reason="the shared newsroom is not here")
def test_seed_004_comes_out_letter_for_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(NEWSROOM), *sys.path])
    from press import stories

    mangled = stories.load_seed(NEWSROOM / "articles", "004")
    repaired = repair(mangled)
    assert repaired == Repaired(text=stories.repair(mangled), code_page="windows-874")
    assert {sign for sign in repaired.text if not sign.isascii()} == set("“”’—…™©ū")


@pytest.mark.skipif(not TABLE.is_file(), reason="the shared table of mojibake is not here")
def test_shared_table() -> None:
    """Nothing genuine changes, nothing gets worse; what the code pages of ours mangled comes out exactly."""
    ours = set(CODE_PAGES.values()) | {codec.replace("iso8859_", "iso8859-") for codec in CODE_PAGES.values()}
    for line in TABLE.read_text(encoding="utf-8").strip("\n").split("\n"):
        row = json.loads(line)
        text = repair(row["mangled"]).text
        if row["class"] in {"genuine", "mixed"} or (row["class"] in {"restore", "twice"} and row["code_page"] in ours):
            assert text == row["original"], row["id"]
        assert _closeness(text, row["original"]) >= _closeness(row["mangled"], row["original"]), row["id"]


def _closeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()


@example("°\xa0ลซ\xa0")
@example("™œ\xa0Âœ")
@given(st.text(alphabet="ÂÃâ€™œ£©°»\x9d\ufffd\xa0โลซ aZ.\n"))
def test_hostile_signs_come_to_an_end_and_are_left_alone_the_second_time(text: str) -> None:
    """Once a line was judged in another way than the document it ended, and repair went on for ever."""
    once = repair(text)
    assert repair(once.text) == Repaired(text=once.text, code_page=None)
