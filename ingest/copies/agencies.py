"""The news agencies that `credit` knows, with the ways in which texts write their names."""

from __future__ import annotations

from typing import NamedTuple


class Agency(NamedTuple):
    """An agency; spellings are separated by `|`."""

    #: the one name under which it is shown
    name: str
    #: spellings that mean nothing else, in any case
    full: str
    #: abbreviations and words that mean other things too: in these cases only
    short: str = ""
    #: the short ones are also somebody's initials or first name, so as an author they say nothing
    is_initials: bool = False


AGENCIES = (
    # world-wide
    Agency("AP", "associated press", "AP"),
    Agency(
        "Reuters",
        "reuters|thomson reuters foundation|thomson reuters|рейтер|ロイター|路透社|路透|رويترز|רויטרס|로이터|รอยเตอร์",
    ),
    Agency("AFP", "agence france-presse|agence france presse", "AFP|afp|АФП|法新社|法新|أ ف ب|فرانس برس|AFPBB|เอเอฟพี"),
    Agency("CNN", "cable news network|the-cnn-wire|cnn newsource|cnn wire|cnn newswire", "CNN"),
    Agency("UPI", "united press international", "UPI"),
    Agency("Bloomberg", "bloomberg news", "Bloomberg|BLOOMBERG|ブルームバーグ|彭博社|彭博"),
    # German-speaking countries
    Agency("dpa", "deutsche presse-agentur|deutschen presse-agentur|dpa-infocom", "dpa|DPA"),
    Agency("dpa-AFX", "dpa-afx|afx news", "AFX"),
    Agency("epd", "evangelischer pressedienst", "epd"),
    Agency("KNA", "katholische nachrichten-agentur", "KNA"),
    Agency("SID", "sport-informations-dienst", "SID|sid", is_initials=True),
    Agency("APA", "austria presse agentur", "APA|apa", is_initials=True),
    Agency("Keystone-SDA", "keystone-sda|keystone-ats", "SDA|sda|ATS|ats", is_initials=True),
    # Ukraine, Russia and their neighbours
    Agency("Ukrinform", "ukrinform|укринформ|укрінформ"),
    Agency("Interfax-Ukraine", "interfax-ukraine|интерфакс-украина|інтерфакс-україна"),
    Agency("UNIAN", "", "UNIAN|УНИАН|УНІАН"),
    Agency("UNN", "", "УНН"),
    Agency("TASS", "itar-tass|итар-тасс", "TASS|Tass|ТАСС"),
    Agency("Interfax", "interfax|интерфакс|interfax.ru"),
    Agency("RIA Novosti", "ria novosti|риа новости|ріа новини"),
    Agency("Belta", "belta|белта|бельта"),
    Agency("Kazinform", "kazinform|казинформ|қазақпарат"),
    Agency("Armenpress", "armenpress|арменпресс"),
    # Europe
    Agency("ANSA", "", "ANSA|Ansa", is_initials=True),
    Agency("Agenzia Nova", "agenzia nova"),
    Agency("AGI", "agenzia italia", "AGI", is_initials=True),
    Agency("Adnkronos", "adnkronos"),
    Agency("askanews", "askanews"),
    Agency("EFE", "agencia efe", "EFE"),
    Agency("Europa Press", "europa press"),
    Agency("Lusa", "agência lusa|agencia lusa", "LUSA|Lusa", is_initials=True),
    Agency("PAP", "polska agencja prasowa|polskiej agencji prasowej", "PAP", is_initials=True),
    Agency("ČTK", "česká tisková kancelář", "ČTK|čtk|CTK"),
    Agency("TASR", "", "TASR"),
    Agency("MTI", "magyar távirati iroda", "MTI", is_initials=True),
    Agency("Agerpres", "agerpres"),
    Agency("BTA", "българска телеграфна агенция", "BTA|БТА", is_initials=True),
    Agency("Tanjug", "tanjug|танјуг"),
    Agency("Hina", "", "Hina|HINA", is_initials=True),
    Agency("ANP", "algemeen nederlands persbureau", "ANP", is_initials=True),
    Agency("Belga", "agence belga|belga news agency", "Belga|BELGA", is_initials=True),
    Agency("TT", "tt nyhetsbyrån|tidningarnas telegrambyrå", "TT", is_initials=True),
    Agency("NTB", "norsk telegrambyrå", "NTB"),
    Agency("Ritzau", "ritzau"),
    Agency("STT", "suomen tietotoimisto", "STT", is_initials=True),
    Agency("PA Media", "pa media|press association|pa news agency", "PA", is_initials=True),
    Agency("Anadolu", "anadolu ajansı|anadolu agency|anadolu", "AA", is_initials=True),
    Agency("DHA", "demirören haber ajansı", "DHA", is_initials=True),
    # Asia and the Pacific
    Agency("Xinhua", "xinhua|新华社|新華社|新华网|синьхуа|сіньхуа"),
    Agency("China News Service", "china news service|中新社|中新网|中新網"),
    Agency("CNA", "central news agency|中央社|中央通訊社", "CNA"),
    Agency("Kyodo", "kyodo news|kyodo|共同通信|共同社", "共同"),
    Agency("Jiji", "jiji press|時事通信", "Jiji|JIJI|時事"),
    Agency("Yonhap", "yonhap news|yonhap|연합뉴스|聯合ニュース|聯合通訊社"),
    Agency("Newsis", "newsis|뉴시스"),
    Agency("PTI", "press trust of india", "PTI"),
    Agency("ANI", "asian news international", "ANI"),
    Agency("IANS", "indo-asian news service", "IANS"),
    Agency("Antara", "antaranews|lkbn antara", "ANTARA|Antara", is_initials=True),
    Agency("Bernama", "bernama"),
    Agency("VNA", "vietnam news agency|thông tấn xã việt nam", "VNA|TTXVN"),
    Agency("Thai News Agency", "thai news agency|สำนักข่าวไทย"),
    Agency("AAP", "australian associated press", "AAP"),
    # the Middle East
    Agency("WAM", "emirates news agency", "WAM|وام", is_initials=True),
    Agency("SPA", "saudi press agency", "SPA|واس", is_initials=True),
    Agency("IRNA", "islamic republic news agency", "IRNA|ایرنا"),
    Agency("Petra", "jordan news agency", "Petra|PETRA|بترا", is_initials=True),
    Agency("MENA", "middle east news agency", "MENA|أ ش أ|أ.ش.أ", is_initials=True),
    # the Americas
    Agency("Canadian Press", "canadian press|la presse canadienne"),
    Agency("Agência Brasil", "agência brasil|agencia brasil"),
)

#: What stands for "agencies, whichever".
UNNAMED = "Agencies"
UNNAMED_SPELLINGS = frozenset(
    (
        *("agencies", "news agencies", "agency reports", "wire reports", "wire services"),
        *(
            "agenturen",
            "nachrichtenagenturen",
            "agences",
            "agencias",
            "agenzie",
            "agências",
            "agentschappen",
            "agencje",
        ),
        *("agentury", "агентства", "агентства новостей", "агенції", "وكالات", "通讯社"),
    )
)

#: These write "Riyadh, March 3, 2026, SPA -- ", as others only do behind a place in capitals.
COMMA_DATELINES = frozenset({"SPA", "IRNA"})
#: "Source: Bloomberg" stands below charts.
IN_CHARTS = frozenset({"Bloomberg"})
