"""From bytes to text: the right charset, and nothing that is no page."""

from __future__ import annotations

import contextlib
import gzip
import html as html_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.decode import check_is_html, decode, decode_page, find_codec, read_odd_references
from ingest.errors import Permanent, Reason
from ingest.web import Page

RUSSIAN = "Мэр признал, что мост не откроют раньше Пасхи, и торговцы подсчитывают убытки."
THAI = "นายกเทศมนตรียอมรับว่าสะพานจะยังไม่เปิดก่อนเทศกาลสงกรานต์"
GERMAN = "Der Bürgermeister erklärte, die Brücke werde „nicht vor Ostern“ geöffnet."
JAPANESE = "市長は、橋が復活祭の前に再開しないことを認めた。これは東京のニュースです。"


def page(body: bytes, content_type: str = "text/html") -> Page:
    url = "https://news.example/a"
    headers = {"content-type": content_type} if content_type else {}
    return Page(requested_url=url, url=url, moved_to=None, status=200, headers=headers, body=body)


def html(text: str, head: str = "") -> str:
    return f"<!doctype html><html><head>{head}<title>x</title></head><body><p>{text}</p></body></html>"


class TestCharset:
    @pytest.mark.parametrize(
        ("text", "codec", "content_type", "head"),
        [
            (RUSSIAN, "utf-8", "text/html; charset=utf-8", ""),
            (RUSSIAN, "utf-8", "text/html", ""),
            (RUSSIAN, "cp1251", "text/html; charset=windows-1251", ""),
            (RUSSIAN, "cp1251", 'text/html;charset="CP1251"', ""),
            (RUSSIAN, "cp1251", "text/html", '<meta charset="windows-1251">'),
            (RUSSIAN, "koi8-r", "", "<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>"),
            (THAI, "cp874", "text/html", '<meta charset="tis-620">'),
            (THAI, "cp874", "text/html; charset=windows-874", ""),
            (GERMAN, "cp1252", "text/html; charset=ISO-8859-1", ""),
            (GERMAN, "cp1252", "text/html; charset=us-ascii", ""),
            (JAPANESE, "cp932", "text/html; charset=x-sjis", ""),
            (JAPANESE, "iso2022_jp", "text/html; charset=iso-2022-jp", ""),
            (JAPANESE, "euc_jp", "text/html", '<meta charset="euc-jp">'),
            ("我们今天去北京，天气很好。", "gb18030", "text/html; charset=gb2312", ""),
            ("한국어 뉴스 기사입니다.", "cp949", "text/html; charset=euc-kr", ""),
        ],
    )
    def test_declared(self, text: str, codec: str, content_type: str, head: str) -> None:
        assert text in decode(html(text, head).encode(codec), content_type).text

    @pytest.mark.parametrize("declared", ["windows-1252", "iso-8859-1", "windows-874", "utf-7", "no-such-charset"])
    def test_utf_8_wins_over_a_wrong_declaration(self, declared: str) -> None:
        decoded = decode(html(GERMAN, f'<meta charset="{declared}">').encode(), f"text/html; charset={declared}")
        assert (GERMAN in decoded.text, decoded.charset) == (True, "utf-8")

    def test_header_wins_over_document(self) -> None:
        body = html(RUSSIAN, '<meta charset="koi8-r">').encode("cp1251")
        assert RUSSIAN in decode(body, "text/html; charset=windows-1251").text

    def test_declaration_in_a_comment_does_not_count(self) -> None:
        head = '<!-- <meta charset="koi8-r"> --><meta charset="windows-1251">'
        assert RUSSIAN in decode(html(RUSSIAN, head).encode("cp1251")).text

    @pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-8"])
    def test_byte_order_mark_wins_over_all(self, codec: str) -> None:
        body = ("\ufeff" + html(RUSSIAN)).encode(codec)
        assert decode(body, "text/html; charset=windows-1251").text == html(RUSSIAN)

    @pytest.mark.parametrize(
        ("text", "codec"),
        [(RUSSIAN, "cp1251"), (RUSSIAN, "koi8-r"), (THAI, "cp874"), (GERMAN, "cp1252"), (JAPANESE, "cp932")],
    )
    def test_undeclared_is_guessed(self, text: str, codec: str) -> None:
        assert text in decode(html(text * 3).encode(codec)).text

    def test_bytes_that_a_code_page_leaves_undefined_become_controls(self) -> None:
        """So that a repair can find them: 0x9D ends a quotation mark."""
        assert decode(b"<p>\xe2\x80\x9d \xff", "text/html; charset=windows-1252").text == "<p>â€\x9d ÿ"

    def test_utf_8_with_faults_stays_utf_8(self) -> None:
        body = html(GERMAN * 3).encode() + b"\xe2\x80"
        assert decode(body, "text/html; charset=utf-8").text == html(GERMAN * 3) + "\ufffd"

    def test_utf_8_declared_where_it_is_not(self) -> None:
        assert RUSSIAN in decode(html(RUSSIAN * 3).encode("cp1251"), "text/html; charset=utf-8").text

    @given(st.binary(max_size=300), st.text(max_size=40))
    def test_never_raises(self, body: bytes, label: str) -> None:
        decoded = decode(body, f"text/html; charset={label}")
        assert find_codec(decoded.charset) or decoded.charset.startswith("utf-16")

    @given(st.text())
    def test_labels_never_raise(self, label: str) -> None:
        assert find_codec(label) is None or find_codec(label) == find_codec(f" {label} ".upper())

    @pytest.mark.parametrize(
        "label", ["rot13", "zip", "hex", "idna", "punycode", "unicode_escape", "utf-7", "mbcs", ""]
    )
    def test_codecs_that_are_no_charsets_are_refused(self, label: str) -> None:
        assert find_codec(label) is None


class TestNotAPage:
    @pytest.mark.parametrize(
        ("body", "content_type", "detail"),
        [
            (b"%PDF-1.7 \x00\x01", "text/html", "this is a PDF document, not a web page"),
            (b"%PDF-1.7", "application/pdf", "this is a PDF document, not a web page"),
            (b"\x89PNG\r\n\x1a\n\x00", "image/png", "this is an image, not a web page"),
            (b"PK\x03\x04\x00\x00", "application/zip", "this is a ZIP archive or an office document, not a web page"),
            (gzip.compress(b"<html>", mtime=0), "text/html", "this is compressed data, not a web page"),
            (b"\x00\x01\x02\x03" * 9, "application/octet-stream", "this is binary data, not a web page"),
            (b'{"a": 1}', "application/json; charset=utf-8", "this is application/json, not a web page"),
            (b"just words", "text/plain", "this is text/plain, not a web page"),
            (b'<?xml version="1.0"?>\n<rss version="2.0"><channel/></rss>', "", "this is a feed, not a web page"),
            (b"  \n ", "text/html", "the answer is empty"),
        ],
    )
    def test_says_what_came(self, body: bytes, content_type: str, detail: str) -> None:
        with pytest.raises(Permanent) as raised:
            decode_page(page(body, content_type))
        assert (raised.value.reason, raised.value.detail) == (Reason.NOT_HTML, detail)
        assert raised.value.subject == "https://news.example/a"

    @pytest.mark.parametrize("body", [bytes(range(256)) * 40, b"\x00\x01" * 9, b"\x0e" + b"x" * 20])
    def test_bytes_of_all_values_are_no_page(self, body: bytes) -> None:
        with pytest.raises(Permanent, match="binary data"):
            check_is_html(body, "text/html", "u")

    @pytest.mark.parametrize(
        "body",
        [RUSSIAN.encode("cp1251"), JAPANESE.encode("iso2022_jp"), JAPANESE.encode("cp932"), b"Cut\x00 off" + b"." * 90],
    )
    def test_a_text_without_any_tag_may_be_a_page(self, body: bytes) -> None:
        check_is_html(body, "text/html", "u")

    @pytest.mark.parametrize("content_type", ["", "text/html", "text/plain", "application/xhtml+xml", "nonsense"])
    def test_html_is_html_whatever_it_is_called(self, content_type: str) -> None:
        assert RUSSIAN in decode_page(page(html(RUSSIAN).encode(), content_type)).text

    def test_html_in_utf_16(self) -> None:
        assert decode_page(page(("\ufeff" + html(RUSSIAN)).encode("utf-16-le"), "text/plain")).text == html(RUSSIAN)

    @given(st.binary(max_size=200), st.text(max_size=20))
    def test_raises_nothing_else(self, body: bytes, content_type: str) -> None:
        with contextlib.suppress(Permanent):
            check_is_html(body, content_type, "u")


class TestReferences:
    @given(st.integers(0, 0x120000), st.sampled_from(["&#{0}", "&#{0};", "&#x{0:x};", "&#X000{0:X};", "&#00{0};"]))
    def test_are_left_alone_or_read_as_the_standard_says(self, number: int, form: str) -> None:
        reference = form.format(number)
        read = read_odd_references(f"a {reference} z")
        is_odd = number in {0xB, 0xC, 0xFFFE, 0xFFFF} or number < 9 or 0xD < number < 0x20 or 0x7F < number < 0xA0
        assert read == f"a {html_module.unescape(reference) if is_odd else reference} z"
