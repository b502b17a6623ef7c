"""Is the name of an agency, standing in a line between *before* and *behind*, a credit? One function a form.

All patterns are anchored at the name, and the two sides are short (`credit.NEAR_CHARS`), so no line takes long.
"""

from __future__ import annotations

import re

#: A dateline says where and when in no more than this.
MAX_PLACE_CHARS = 90
MAX_PLACE_WORDS = 12
#: A legal notice has up to 300 characters, other closing lines less.
MAX_CLOSING = 320
MAX_SHORT_LINE = 160

_DASH = r"(?:[-—–―−]|&[mn]dash;|&[MN]DASH;)"
_BRACKETS = {"(": ")", "[": "]", "（": "）", "【": "】", "［": "］", "〔": "〕", "/": "/"}
_OTHERS = r"(?:[\w.© -]{1,24}\s*[,/&+]\s*){0,3}"
#: What may stand in the bracket before the name: other agencies, a desk, a correspondent, «서울=», «東京 3日 ».
_INSIDE_BEFORE = re.compile(
    rf"\s*(?:{_OTHERS}|©\s?|[^\n]{{1,30}}[=＝]|[^\n]{{0,30}}[\u3040-\u9fff\uac00-\ud7af]\s*|[^\W\d_]{{3,5}}\.\s?)"
)
_INSIDE_BEHIND = re.compile(
    r"(?P<more>(?:\s*[/,;&+=＝-]\s*|\s+|\.(?=\w))[^()\[\]（）【】\n]{1,40}?)?\s*(?P<end>[)\]）】］〕/])"
)
#: «(AP) — », «(EFE).- », «(NTB): », and after a slip of a scanner «(AP)' — »
_SEPARATOR = re.compile(rf"['’\s.,]{{0,3}}{_DASH}|\s?[:：=＝]|\s?\.\s")
#: «(Adds details) KYIV, March 3 (Reuters) - »
_UPDATE = re.compile(r"\A\W{0,3}\([^()]{3,60}\)\s")
_NEW_SENTENCE = re.compile(r"\s+[\"“«„'‘]?[^\W\d_a-zа-яёіїєґ]")
#: the same behind a bracket that begins the line: «(CNN)Officials said»
_NEW_LINE = re.compile(r"\s*[\"“«„'‘]?[^\W\d_a-zа-яёіїєґ]")
#: Without brackets: «МОСКВА, 3 мар — РИА Новости, Иван Иванов. », «Киев. 3 марта. Интерфакс-Украина - ».
_BARE_BEFORE = re.compile(rf"\s*(?P<place>\S[^\n]*?)\s*(?P<sign>,|\.|\s{_DASH}{{1,2}})\s*")
_BARE_BEHIND = re.compile(rf"(?:,\s*[^\W\d_][\w.-]*(?:\s[^\W\d_][\w.-]*){{1,3}})?(?P<sign>\s*{_DASH}|\.\s)")
#: «新华社北京3月3日电», «中央社記者張三台北3日電»
_DISPATCH = re.compile(r"[^\n，。,]{0,30}?\d{1,2}\s?[月日][^\n，。,]{0,12}?[电電]")
_DISPATCH_BEFORE = re.compile(r"\W*(?:据|據)?\W*")
_NO_PLACE = re.compile(r"[!?;…«»\"“”„]|:\s|[^\W\d_]{5}\.\s+[^\W\d_]{3}")
_WORD = re.compile(r"[^\W_]+(?:[’'.-][^\W_]+)*")
_PARTICLES = frozenset(
    (
        *("de", "del", "della", "di", "da", "do", "dos", "das", "des", "du", "la", "le", "les", "el", "los", "las"),
        *("al", "am", "an", "der", "den", "dem", "die", "im", "in", "of", "the", "on", "upon", "sur", "sous", "y"),
        *("e", "i", "et", "und", "and", "og", "och", "ja", "près", "bei", "a", "au", "aux", "van", "von", "het", "en"),
        *("u", "na", "та", "и", "й", "с", "з"),
    )
)
#: Who begins so tells something: "On March 3, Reuters – citing …".
_FUNCTION_WORDS = frozenset(
    (
        *("in", "on", "at", "by", "since", "until", "from", "after", "before", "when", "while", "as", "and", "but"),
        *("for", "with", "according", "said", "told", "per", "am", "im", "laut", "nach", "bei", "seit", "selon"),
        *("según", "secondo", "segundo", "по", "как", "в", "на", "с", "у", "як", "про"),
    )
)

_PHOTO = re.compile(
    r"photo|foto|picture|\bimages?\b|imagen|immagine|\bbild|grafik|graphic|\bvideo|\bpics?\b|getty|\bpool\b|handout"
    r"|screenshot|caption|фото|видео|відео|светлин|світлин|снимк|slika|\bkép\b|zdjęci|写真|照片|图片|圖片|사진|صورة|ภาพ",
    re.IGNORECASE,
)
_NOTICE = re.compile(
    r"the-cnn-wire|™\W{1,3}(?:©|&copy;|\(c\))[^\n]{0,30}cable news network|thomson reuters trust principles|dpa-infocom"
    r"|\bdpa:\d{6}-\d|\bthis (?:report|content) by the canadian press was first published|\bagerpres\s?/?\s?\("
    r"|\blusa/fim\b",
    re.IGNORECASE,
)
_COPYRIGHT = re.compile(
    r"(?:©|\(c\)|℗|&copy;|\bcopyright(?=[\W\d]))(?P<when>(?:[\s\d,.:;®™©–-]|&copy;|\(c\)|\bcopyright\b|\bthe\b|\bby\b|\bagenc\w+)*)\Z",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_YEAR_BEHIND = re.compile(r"[,\s]{1,2}(?:19|20)\d\d\b")
_RIGHTS = re.compile(
    r"all rights|alle rechte|tous droits|todos los derechos|tutti i diritti|riproduzione|todos os direitos"
    r"|wszelkie prawa|все права|усі права|gmbh|\bl\.?p\.?\b|\binc\b",
    re.IGNORECASE,
)
_NAME_GOES_ON = re.compile(r"\s+[A-Z][a-z]")
_CONTRIBUTED = re.compile(
    r"(?:['’]s?)?\s?[^!?\n]{0,150}?\bcontributed(?P<what>\s(?:reporting\s)?to\sthis\s(?:report|story|article|piece)|\sreporting)?",
    re.IGNORECASE,
)
_CONTRIBUTOR = re.compile(
    r"(?:\A|[.!?…][\"'”’»)]*\s)[\W_]*(?:the\s|[^\W\d_][\w ,.'’-]{1,80}?\s(?:of|from|with)\s(?:the\s)?|"
    r"[^\W\d_][\w ,.'’-]{1,60}?,?\sand\s(?:the\s)?)?\Z",
    re.IGNORECASE,
)
_INPUTS = re.compile(
    r"(?P<phrase>"
    r"with (?:additional |some )?(?:inputs?|files|report(?:ing|s)?|information|material|contributions?) (?:from|by|of)"
    r"|(?:mit|unter verwendung von) (?:\w+ )?(?:material|informationen|inhalten|agenturmaterial)(?: von| der| des)?"
    r"|avec|d['’]après|con (?:información|informaciones|datos) de|con informazioni (?:di|da)"
    r"|com (?:informações|reportagem) d[aeo]s?|met (?:medewerking|informatie|bijdragen?) van"
    r"|(?:по|с использованием|на основе) материал\w+|(?:за|з використанням) матеріал\w+"
    r"|this (?:article|story|report) (?:was |is )?(?:originally |first )?(?:published|written|produced|provided) by"
    r"|na podstawie (?:depeszy|materiałów)|根据|據"
    r")(?:\s(?:the|die|der|dem|la|el|il|het|агентства|агенції|agency|agencia|agência|agenzia))?(?:[\s:]\W?|\sl['’])"
    rf"{_OTHERS}(?:[\w.-]{{2,20}}\s(?:and|und|et|y|e|и|та)\s)?\Z",
    re.IGNORECASE,
)
_BEFORE_INPUTS = re.compile(r"(?:\A|[.!?…][\"'”’»)]*\s|[(\[*–—-]\s?)\W{0,3}\Z")
_SOURCE = re.compile(
    r"\W*(?:sources?|quellen?|fuentes?|font[ei]|источники?|джерел[оа]|bron|źródło|kilde|källa|lähde|zdroj|forrás|sursa"
    r"|izvor|извор|източник|kaynak|sumber|nguồn|πηγή|المصدر|منبع|来源|來源|出典|출처|ที่มา)\s*[:：|]\s*"
    rf"(?:the\s|agencia\s|agence\s|agentur\s|агентство\s)?{_OTHERS}",
    re.IGNORECASE,
)
_STAFF = re.compile(r"\W*(?:additional )?(?:reporting|writing|compiled|text) by\b", re.IGNORECASE)
_TOLD = re.compile(r"\b(?:told|tells|said|says|by an?)\s(?:the\s)?\Z", re.IGNORECASE)
_MORE_TO_THE_END = re.compile(
    r"(?:\s?[,/&+-]\s?[\w.&-]{1,20}(?:\s[\w.-]{1,20}){0,2}|\s(?:and|und|et|y|e|и|та)\s[\w. -]{1,30}){0,4}\W{0,6}",
)
#: the desk and its people before the agencies: «ab/rc (AFP, dpa)»
_DESK = re.compile(r"\W*[^\W\d_]{1,5}(?:/[^\W\d_]{1,5})*\s*")
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»“)\]」』]*\s*\Z")


# --- datelines --------------------------------------------------------------------------------------


def is_dateline(before: str, name: str, behind: str, *, is_first: bool, takes_comma: bool, is_initials: bool) -> bool:
    """It stands behind place and date, or begins the line: «KYIV, Feb. 12 (AP) — », «新华社北京3月3日电».

    *is_first*: the text begins here, or a sentence ended before, so that the line is no broken one. *takes_comma*: a
    comma may do instead of brackets. *is_initials*: without brackets the name may be something else.
    """
    if len(before) > MAX_PLACE_CHARS + 40:
        return False
    if _DISPATCH.match(behind) and _DISPATCH_BEFORE.fullmatch(before.rpartition("（")[2].rpartition("(")[2]):
        return True
    return _in_brackets(before, name, behind, is_first=is_first) or (
        (takes_comma or not is_initials) and _is_bare(before, behind, takes_comma=takes_comma)
    )


def _in_brackets(before: str, name: str, behind: str, *, is_first: bool) -> bool:
    at, closing = _last_bracket(before), _INSIDE_BEHIND.match(behind)
    if at < 0 or closing is None or closing["end"] != _BRACKETS[before[at]]:
        return False
    inside, rest = before[at + 1 :], behind[closing.end() :]
    place = _UPDATE.sub("", before[:at]).strip(" \t*•-–—")
    if not _INSIDE_BEFORE.fullmatch(inside) or shows_a_photo(inside + (closing["more"] or "")):
        return False
    if before[at] == "【":
        return not place
    separator = _SEPARATOR.match(rest)
    is_set_off = separator is not None
    if not place:
        # (서울=연합뉴스); (CNN)Officials said; a slash is no bracket here
        begins = is_set_off or inside.endswith(("=", "＝")) or (is_first and _NEW_LINE.match(rest) is not None)
        return begins and before[at] != "/"
    if separator is None or ":" in separator[0]:
        # Hyderabad (AP): that is a state
        is_set_off = (is_set_off or _NEW_SENTENCE.match(rest) is not None) and (_has_digit(place) or place.isupper())
    return is_set_off and is_place(place) and not _is_short_for(place, name)


def _last_bracket(before: str) -> int:
    at = max(map(before.rfind, "([（【［〔"))
    return at if at >= 0 else before.rfind("/")


def _is_bare(before: str, behind: str, *, takes_comma: bool) -> bool:
    found, following = _BARE_BEFORE.fullmatch(before), _BARE_BEHIND.match(behind)
    if not (found and following and is_place(found["place"])):
        return False
    place, sign = found["place"], found["sign"].strip()
    first = _WORD.findall(place)[0]
    if first.lower() in _FUNCTION_WORDS:
        return False
    is_capital = first.isupper() and len(first) > 2
    if sign == ",":
        return (takes_comma or is_capital) and following["sign"] != ". "
    return is_capital or _has_digit(place)


def is_place(text: str) -> bool:
    """Whether *text* can be place and date: names, figures, and what belongs to dates.

    >>> is_place("WEST PALM BEACH, Fla., Feb. 12"), is_place("Madrid, 12 de febrero"), is_place("The new plan")
    (True, True, False)
    """
    if len(text) > MAX_PLACE_CHARS or _NO_PLACE.search(text):
        return False
    words = _WORD.findall(text)
    if not words or len(words) > MAX_PLACE_WORDS or words[0] in _PARTICLES:
        return False
    digits = [index for index, word in enumerate(words) if word[0].isdigit()]
    return any(len(word) > 1 and not word[0].isdigit() for word in words) and all(
        not word[0].islower() or word in _PARTICLES or any(abs(index - at) <= 2 for at in digits)
        for index, word in enumerate(words)
    )


def _is_short_for(place: str, name: str) -> bool:
    """The words before the brackets are what the name in them is short for: Australian Federal Police (AFP)."""
    initials = [word[0] for word in re.findall(r"[^\W_]+", place)]
    capitals = "".join(filter(str.isupper, initials))
    return capitals.endswith(name.upper()) or "".join(initials).upper().endswith(name.upper())


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


# --- closing lines ----------------------------------------------------------------------------------


def shows_a_photo(line: str) -> bool:
    """It speaks of a picture, so the agency's part in the text is unknown."""
    return _PHOTO.search(line) is not None


def is_legal_notice(before: str, name: str, behind: str) -> bool:
    """A notice that no other agency's text has: «The-CNN-Wire», «The Thomson Reuters Trust Principles»."""
    if len(before) + len(behind) > MAX_CLOSING:
        return False
    start, end = len(before), len(before) + len(name)
    return any(found.start() < end and found.end() > start for found in _NOTICE.finditer(before + name + behind))


def is_copyright(before: str, behind: str, *, is_last: bool, is_short: bool) -> bool:
    """«© 2026 The Associated Press. All rights reserved.»; without year and rights only in the last lines."""
    found = _COPYRIGHT.search(before)
    if found is None or len(before) + len(behind) > MAX_CLOSING:
        return False
    is_notice = bool(_YEAR.search(found["when"]) or _YEAR_BEHIND.match(behind) or _RIGHTS.search(behind))
    if is_short and _NAME_GOES_ON.match(behind) and not _RIGHTS.search(behind):
        return False
    return is_notice or (is_last and len(before) <= MAX_SHORT_LINE and _ends_here(behind))


def is_source(before: str, behind: str) -> bool:
    """«Source: AFP», «Источник: ТАСС», with other sources behind at most."""
    return _SOURCE.fullmatch(before) is not None and _ends_here(behind)


def is_contribution(before: str, behind: str) -> bool:
    """«Associated Press writer Jane Doe in Kyiv contributed to this report»."""
    found = _CONTRIBUTED.match(behind)
    if found is None or _CONTRIBUTOR.search(before) is None:
        return False
    return bool(found["what"]) or (
        not before.strip(" *(").removeprefix("The ")
        and len(behind) <= MAX_SHORT_LINE
        and _ends_here(behind[found.end() :])
    )


def names_inputs(before: str, behind: str) -> bool:
    """«With inputs from PTI», «По материалам ТАСС», «(avec AFP)»: a sentence of its own."""
    found = _INPUTS.search(before)
    return found is not None and _BEFORE_INPUTS.search(before[: found.start()]) is not None and _ends_here(behind)


def is_staff_line(before: str, behind: str) -> bool:
    """«Reporting by Jane Doe in Kyiv; editing by John Roe; Reuters»."""
    is_line = _STAFF.match(before) is not None and len(before) + len(behind) <= MAX_CLOSING
    return is_line and _TOLD.search(before) is None


def is_closing_bracket(before: str, behind: str) -> bool:
    """«(dpa/lnw)» as a line, or behind the last sentence."""
    at, closing = _last_bracket(before), _INSIDE_BEHIND.match(behind)
    if at < 0 or closing is None or closing["end"] != _BRACKETS[before[at]] or behind[closing.end() :].strip(" .*"):
        return False
    ahead = before[:at]
    is_alone = not ahead.strip() or _DESK.fullmatch(ahead) or _SENTENCE_END.search(ahead)
    return bool(is_alone) and re.fullmatch(rf"\s*{_OTHERS}", before[at + 1 :]) is not None


def is_closing_dash(before: str, behind: str) -> bool:
    """«— AFP», as a line or behind the last sentence."""
    ahead = before.rstrip()
    if not ahead.endswith(("-", "–", "—")) or behind.strip(" .-–—*"):
        return False
    ahead = ahead.rstrip(" -–—")
    return not ahead or _SENTENCE_END.search(ahead) is not None


def _ends_here(behind: str) -> bool:
    return _MORE_TO_THE_END.fullmatch(behind) is not None
