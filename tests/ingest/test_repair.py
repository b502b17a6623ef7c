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
    "fa": "او می‌گوید: «کتاب‌ها» را خواندم؛ قیمت ۵۰۰٬۰۰۰ تومان… شک، تک، سگ",
    "ur": "وزیرِ اعظم نے کہا کہ ’’سچ‘‘ بولو، شک نہ کرو۔ پاکستان میں ۲۰۲۶ء",
    "yi": "דער ייִד זאָגט: „אַ גוטן טאָג“ – בְּרֵאשִׁית בָּרָא אֱלֹהִים",
    "hi": "महापौर ने माना कि पुल ‘ईस्टर से पहले नहीं खुलेगा’ – ₹40,000 की हानि।",
    "ka": "მერმა აღიარა, რომ ხიდი „აღდგომამდე არ გაიხსნება“ — ზარალი.",
    "hy": "Քաղաքապետը խոստովանեց. «կամուրջը չի բացվի»։ ԿԱՄՈՒՐՋ ՉԻ՞",
    "ko": "시장은 “부활절 전에는 다리가 열리지 않는다”고 말했다…",
    "kk": "Әкім көпір «Пасхаға дейін ашылмайды» деп мойындады. ҮЙ ТҮНҮЧҮ ОҢ",
    "tk": "Öý, üýtgeýär, şeýle; ÇÄÝ ÖÝ ÜÇIN “öýde” – ýokary",
    "is": "Borgarstjórinn játaði að brúin „opnast ekki fyrir páska“ – því miður. ÞÚ, ÆÐI, ÝMIS",
    "eo": "La ĝusta formato estas HH:MM[:ss[.µµµµµµ]] ĉu ne? ŜAĤ ĴAŬDO",
    "hu": "A polgármester elismerte: „a híd nem nyílik meg húsvétig” – árvíztűrő tükörfúrógép, ŐRÜLT ŰR.",
    "ipa": "[ˈʃtʁaːsə] /ˌæntiˈpɒdiːz/ → ʃ ʒ ŋ ə ɔ ɛ",
    "maths": "√π ≈ 1,77; √2·√3 ≠ ∞; ¬∃x ∈ ∅, Δx→0, ∑±∫ ≤ ∂f; 5 µm, Å², H₂O, x²+y³, 38°C±2°, ‰",
    "boxes": "┌──┬──┐\n│ a│ b│\n├──┼──┤\n╔══╗ ▄▀█ ░▒▓ ■ ● ◆",
    "typography": "co\xadope\xadra\xadtion\xa0— «\u202fmot\u202f» – 10\xa0€ – M.\xa0Ü. © Ü²… ½\xa0ℓ • ÖS • ÄÖÜ™ ¶ § 5",
    "emoji": "👩\u200d👩\u200d👧 ❤️ 🇺🇦 №1 ☎ ✓ → ← ★",
    "cherokee": "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ ⴰⵎⴰⵣⵉⵖ ᠮᠣᠩᠭᠣᠯ ߒߞߏ 𝒜𝓁𝑔",
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


#: A sentence each, as papers print them; several runs each.
SENTENCES = {
    "de": "Die „Süddeutsche“ fragt: Müssen größere Brücken früher schließen?",
    "fr": "L’été dernier, « le préfet » a dû fermer la forêt où brûlaient les chênes.",
    "pl": "Burmistrz ogłosił, że żółte łódki wrócą późną jesienią.",
    "cs": "Včera večer se řidiči dočkali: most přes řeku je opět průjezdný.",
    "tr": "Işıkların söndüğü gece çocuklar gökyüzüne şaşkınlıkla baktı.",
    "ro": "Primarul a spus că ştirile despre încă două şcoli sînt adevărate.",
    "vi": "Những người dân đã được khuyên nên đun sôi nước trước khi uống.",
    "ru": "Жители жалуются на воду; мэр обещает всё исправить к четвергу.",
    "uk": "Мешканці скаржаться на воду, а мер обіцяє все виправити до четверга.",
    "el": "Οι κάτοικοι διαμαρτύρονται για το νερό και ο δήμαρχος υπόσχεται λύση.",
    "he": "התושבים מתלוננים על המים וראש העיר מבטיח לתקן הכול עד יום חמישי.",
    "ar": "يشكو السكان من المياه ويعد رئيس البلدية بإصلاح كل شيء قبل يوم الخميس.",
    "th": "ชาวบ้านร้องเรียนเรื่องน้ำประปา นายกเทศมนตรีสัญญาว่าจะแก้ไขภายในวันพฤหัสบดี",
    "hi": "निवासी पानी की शिकायत कर रहे हैं और महापौर ने सुधार का वादा किया है।",
    "zh": "居民投诉自来水有问题，市长承诺在星期四之前解决。",
    "ja": "住民は水道水について苦情を述べ、市長は木曜日までの改善を約束した。",
    "ko": "주민들은 수돗물에 불만을 표했고 시장은 목요일까지 개선을 약속했다.",
}
#: Here one sign stands for two bytes that continue a character, so some texts cannot be told from others.
AMBIGUOUS = {"ibm856", "ibm857", "ibm864", "ibm1006", "koi8-t", "hp-roman8", "iso-8859-8", "windows-1257"}
PAGES = [name for name in CODE_PAGES if name not in AMBIGUOUS]

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

    @pytest.mark.parametrize("name", PAGES)
    def test_every_code_page_is_undone(self, name: str) -> None:
        assert repair(mangle(ENGLISH, CODE_PAGES[name])).text == ENGLISH

    @pytest.mark.parametrize("language", SENTENCES)
    def test_a_sentence_of_any_language_is_restored_from_any_page(self, language: str) -> None:
        """Nothing but the sentence is there to tell the page, so now and then another one explains it as well."""
        sentence = SENTENCES[language]
        missed = [name for name in PAGES if repair(mangle(sentence, CODE_PAGES[name])).text != sentence]
        assert len(missed) <= len(PAGES) * 0.05, missed

    @given(
        st.lists(st.sampled_from(list(SENTENCES.values())), min_size=2, max_size=6, unique=True),
        st.sampled_from(PAGES),
        st.sampled_from(["cp1252", "cp1251", "cp874", "latin_1", "cp437", "mac_roman", "koi8_r"]),
    )
    def test_a_document_in_several_languages_is_restored_once_and_twice(
        self, sentences: list[str], name: str, outer: str
    ) -> None:
        text = f"{ENGLISH}\n" + "\n".join(sentences)
        once = mangle(text, CODE_PAGES[name])
        assert _closeness(repair(once).text, text) > 0.97
        assert _closeness(repair(mangle(once, outer)).text, text) > 0.97

    @given(
        st.sampled_from(list(SENTENCES.values())),
        st.sampled_from(["windows-1252", "windows-874", "windows-1251", "ibm437", "macintosh"]),
        st.sampled_from([*GENUINE.values(), *SENTENCES.values()]),
    )
    def test_genuine_paragraph_stays_beside_any_mangled_one(self, sentence: str, name: str, genuine: str) -> None:
        mangled = mangle(f"{sentence} {ENGLISH}", CODE_PAGES[name])
        assert repair(f"{mangled}\n{genuine}\n{mangled}").text.split("\n")[1:-1] == genuine.split("\n")

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
    """Nothing genuine changes, nothing gets worse; where no byte was lost everything comes out exactly."""
    for line in TABLE.read_text(encoding="utf-8").strip("\n").split("\n"):
        row = json.loads(line)
        text = repair(row["mangled"]).text
        if row["class"] != "lossy":
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


def _steps(text: str) -> int:
    """How many functions are called while *text* is repaired: a measure that no other load alters."""
    count = 0

    def step(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(step)
    try:
        repair(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "piece",
    ["Ã©", "Ã© ", "Ã\xa0 ", "aÃ b", "â€", "รถ ", "Ã©\n", "é", "Ãƒ", "Ð¿Ñ€Ð¸Ð²ÐµÑ‚ ", "привет мир, ", "à¸™", "ÃƒÂ© "],
)
def test_work_grows_with_the_text_and_not_faster(piece: str) -> None:
    _steps(piece * 100)
    assert _steps(piece * 8000) <= 4.5 * _steps(piece * 2000) + 1000


def test_many_wrong_readings_come_to_an_end() -> None:
    """A text that was never one stays as it is, and the second call says the same."""
    text = "“é”"
    for _ in range(6):
        text = mangle(text, "cp1252")
    once = repair(text)
    assert once.text in {text, "“é”"}
    assert repair(once.text) == Repaired(text=once.text, code_page=None)


def test_one_short_run_that_comes_again_is_hardly_more_than_one_piece_of_evidence() -> None:
    """By accident it would come again, too; other runs of the kind are evidence."""
    text = "riverรฑ รฑ mayor houseรฑ bridgeรฑs townรฑ "
    assert repair(text) == Repaired(text=text, code_page=None)
    assert repair(f"{text}cafรฉ crรจme brรปlรฉe").text == "riverñ ñ mayor houseñ bridgeñs townñ café crème brûlée"


def test_a_document_in_signs_of_a_page_is_rather_in_a_language_of_it() -> None:
    text = (
        "roadĂĽs lineĂĽ mayorĂĽs bridgeĂĽ ĂĽ town გაიხსნება“ می\u200cگوید: њихов nyílik ₹40,000 је ότι owners’ "
        "tükörfúrógép, – kůň Πάσχα»·"
    )
    assert repair(text) == Repaired(text=text, code_page=None)


def test_a_space_that_is_needed_between_two_words_stays() -> None:
    """The no-break space that ended an image became a plain one, and white space was squeezed."""
    squeezed = "voilÃ le thÃ©, dÃ©jÃ mangÃ© par l'Ã©lÃ¨ve"
    assert repair(squeezed).text == "voilà le thé, déjà mangé par l'élève"
