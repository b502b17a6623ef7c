"""HTML, as feeds carry it, to plain text: fast, and in linear time whatever the HTML is like.

It does not build a tree, so no nesting is too deep, and it looks at no character more than a few times. It
knows nothing of furniture around a text: whole pages are read by trafilatura.
"""

from __future__ import annotations

import html
import re

#: Of a fragment no more characters than these are read: five times the text that is kept, for the markup.
MAX_HTML = 1_000_000

#: Elements that begin and end a line.
_BLOCKS = (
    "address article aside blockquote body br caption center dd details dir div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol option p pre section summary table "
    "tbody tfoot thead tr ul"
)
#: Elements that keep words apart within a line.
_CELLS = "td th"
#: Elements whose content is no text of the article.
_SILENT = "audio|button|canvas|head|iframe|math|noscript|object|script|select|style|svg|template|textarea|title|video"

_SEPARATORS = dict.fromkeys(_BLOCKS.split(), "\n") | dict.fromkeys(_CELLS.split(), " ")

# A quotation mark counts only after "=", and one that is never closed reaches to the end, as in browsers.
# All repetitions are possessive and every branch can end at the end of the text: so nothing is tried twice.
_ATTRIBUTES = r"""(?:[^>=]++|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))?+)*+"""
_MARKUP = re.compile(
    rf"""
    <(?:
        !--.*?(?:-->|\Z)
      | !\[CDATA\[                        # no markup in HTML, but left over from twofold wrapping: keep what is in it
      | [!?][^>]*+(?:>|\Z)
      | (?P<silent>{_SILENT})(?=[\s/>]) {_ATTRIBUTES} (?:(?<!/)>|\Z) .*? (?:</(?P=silent)(?=[\s/>])[^>]*+(?:>|\Z)|\Z)
      | /?+(?P<name>[a-z][^\s/>]*+) {_ATTRIBUTES} (?:>|\Z)
    )
    | \]\]>
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
#: Elements within a line; their tags are nothing.
_INLINE = (
    "a abbr acronym b bdi bdo big cite code del dfn em font i img ins kbd mark nobr q s samp small span strike strong "
    "sub sup time tt u var wbr"
)
# A tag that is left over in a text. Whoever writes about a <Company> or that a <b means no tag: names are those of HTML
# and what follows must be attributes with values. Nothing is tried twice, and no `<` is passed by.
_LEFTOVER = re.compile(
    rf"""
    </?+(?P<name>{"|".join(sorted(f"{_BLOCKS} {_CELLS} {_INLINE}".split(), key=len, reverse=True))})
    (?:\s++[\w:.-]++\s*+=\s*+(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'<>]++))*+
    \s*+/?+>
    """,
    re.VERBOSE | re.IGNORECASE,
)
#: Only with its semicolon, or `?a=1&copy=2` would lose its parameter.
_REFERENCE = re.compile(r"&(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
#: What was escaped twice on its way is met, three times is not.
_TIMES_ESCAPED = 2

#: No character has such a number, and Python refuses to read numbers of more than 4,300 digits.
_LONG_REFERENCE = re.compile(r"&#[0-9]{10,}+;?+")


def html_to_text(markup: str) -> str:
    r"""Return the text of an HTML fragment: blocks on lines of their own, entities read, scripts left out.

    Text without any tag keeps its line breaks. At most the first 1,000,000 characters are read. The result
    is not cleaned: control characters are still in it (see `ingest.clean`).

    >>> html_to_text("<p>Fish &amp;\nchips</p><script>x()</script><ul><li>5 < 6<li>salt<br/>vinegar</ul>")
    'Fish & chips\n5 < 6\nsalt\nvinegar'
    """
    markup = markup[:MAX_HTML]
    if "<" not in markup:
        return unescape(markup)
    # Split gives text, silent, name, text, silent, name, …, text.
    parts = _MARKUP.split(markup.replace("\r", " ").replace("\n", " ").replace("\t", " "))
    if len(parts) == 1:
        return unescape(markup)
    parts[1::3] = [""] * (len(parts) // 3)
    parts[2::3] = [_SEPARATORS.get(name.lower(), "") if name else "" for name in parts[2::3]]
    text = unescape("".join(parts))
    while "  " in text:
        text = text.replace("  ", " ")
    return "\n".join([line for line in map(str.strip, text.split("\n")) if line])


def undo_leftovers(text: str) -> str:
    r"""Return a plain text without the tags and character references that an extractor forgot in it.

    Unlike HTML it has line breaks of its own, which stay, and a `<` that begins no tag of HTML is one.

    >>> undo_leftovers("Fish &amp;amp; chips<br/>5 < 6 &lt;BK.N&gt; <i>up</i>\nand <Acme> down")
    'Fish & chips\n5 < 6 <BK.N> up\nand <Acme> down'
    """
    if "<" in text:
        text = _LEFTOVER.sub(lambda tag: _SEPARATORS.get(tag["name"].lower(), ""), text)
    for _ in range(_TIMES_ESCAPED):
        if "&" in text:
            text = _REFERENCE.sub(lambda reference: html.unescape(reference[0]), text)
    return text


def unescape(text: str) -> str:
    """Replace character references by the characters they stand for.

    >>> unescape("caf&eacute; &#128;5"), unescape("&#" + "9" * 5000 + ";") == "\ufffd"
    ('café €5', True)
    """
    if "&" not in text:
        return text
    try:
        return html.unescape(text)
    except ValueError:
        return html.unescape(_LONG_REFERENCE.sub("\ufffd", text))
