"""Addresses: one page, one address, however its links are decorated.

An address is parsed and written as the WHATWG URL standard says (https://url.spec.whatwg.org/, by ada-url),
so it is what a browser would ask for. Beyond that only three things are taken away: the fragment, credentials,
and query parameters known to track readers. An unknown parameter always stays, with its bytes and its place,
because it may be what names the page.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

import ada_url

from ingest.clean import clean_line
from ingest.errors import Permanent, Reason
from ingest.target import redact

#: Servers, proxies and browsers take 2,000 characters and little more.
MAX_ADDRESS = 2048

#: Longer than any address that could get short enough by losing its trackers and its fragment.
_MAX_INPUT = 32 * MAX_ADDRESS

#: Of the name of a parameter, only so many characters are looked at.
_MAX_NAME = 100

#: Names of query parameters that say how a reader came to the page and never which page it is.
#: `*` stands for any run of characters; case does not matter.
DEFAULT_TRACKERS: tuple[str, ...] = (
    # campaign tags: Google Analytics, Matomo, AT Internet, Webtrends, HubSpot and their kin
    *("utm_*", "utm-*", "_ga", "_gl", "ga_source", "ga_medium", "ga_campaign", "ga_content", "ga_term"),
    *("mtm_*", "matomo_*", "piwik_*", "pk_campaign", "pk_kwd", "pk_keyword", "pk_source", "pk_medium", "pk_content"),
    *("at_medium", "at_campaign", "at_custom*", "at_link*", "at_format", "at_ptr*", "at_bbc_team", "xtor", "xtref"),
    *("wt_mc", "wt.mc_*", "wt_zmc", "wt.*_mc", "_hsenc", "_hsmi", "__hs*", "hsctatracking", "mkt_tok"),
    *("s_cid", "s_kwcid", "sc_campaign", "sc_channel", "sc_content", "sc_medium", "sc_outcome", "sc_geo"),
    *("itm_source", "itm_medium", "itm_campaign", "itm_content", "itm_term", "cm_mmc*", "ns_mchannel", "ns_source"),
    *("ns_campaign", "ns_linkname", "ns_fee", "hsa_*", "trk_contact", "trk_msg", "trk_module", "trk_sid"),
    # click identifiers of advertisers and networks
    *("gclid", "gclsrc", "dclid", "gbraid", "wbraid", "gad_source", "gad_campaignid", "srsltid", "fbclid", "fb_source"),
    *("fb_ref", "fb_action_ids", "fb_action_types", "mibextid", "msclkid", "yclid", "ysclid", "_openstat", "ttclid"),
    *("twclid", "li_fat_id", "rdt_cid", "epik", "igshid", "igsh", "sccid", "irclickid", "vgo_ee", "rb_clickid"),
    *("__twitter_impression", "guccounter", "guce_referrer", "guce_referrer_sig", "soc_src", "soc_trk", "sr_share"),
    # newsletters
    *("mc_cid", "mc_eid", "vero_id", "vero_conv", "oly_anon_id", "oly_enc_id", "ck_subscriber_id", "ml_subscriber*"),
    *("dm_i", "bbeml", "wickedid", "nr_email_referer", "_bta_tid", "_bta_c"),
    # newsrooms' own, as found in their feeds
    *("smid", "smtyp", "ocid", "ncid", "maca", "traffic_source", "ito"),
)  # fmt: skip

_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")


def normalise_address(url: str, trackers: tuple[str, ...] = DEFAULT_TRACKERS) -> str:
    """Return the one address of the page that *url* leads to.

    *trackers* are names of query parameters to strip, with `*` for any run of characters.
    A second call changes nothing. Raises Permanent(BLOCKED) for what is no absolute http(s) address
    of at most 2,048 characters.

    >>> normalise_address("HTTPS://News.Example:443/a/../b//c?utm_source=x&id=7&fbclid=1#top")
    'https://news.example/b//c?id=7'
    >>> normalise_address("http://reader:secret@news.example")
    'http://news.example/'
    """
    address = strip_decoration(_absolute(url, None), trackers)
    if len(address) > MAX_ADDRESS:
        raise _bad_address(url, f"longer than {MAX_ADDRESS} characters")
    return address


def resolve(link: str, base: str) -> str | None:
    """Return *link* as an absolute http(s) address, seen from the address *base*; None when it cannot be one.

    Credentials are dropped; the fragment and all parameters stay.

    >>> resolve("../b?utm_source=x#y", "https://news.example/feeds/all.xml")
    'https://news.example/b?utm_source=x#y'
    >>> resolve("javascript:alert(1)", "https://news.example/") is None
    True
    """
    try:
        address = _absolute(link, base)
    except Permanent:
        return None
    return address if len(address) <= MAX_ADDRESS else None


def strip_decoration(address: str, trackers: tuple[str, ...] = DEFAULT_TRACKERS) -> str:
    """Take the fragment and all *trackers* from an *address* that `resolve` has made.

    >>> strip_decoration("https://news.example/?fbclid=1&page=2&&utm_medium=rss#part")
    'https://news.example/?page=2&'
    """
    address, _, _ = address.partition("#")
    page, mark, query = address.partition("?")
    if not mark:
        return page
    is_tracker = _matcher(trackers)
    kept = [part for part in query.split("&") if not (part and is_tracker(unquote(part.partition("=")[0])))]
    return f"{page}?{'&'.join(kept)}" if any(kept) else page


def host_of(address: str) -> str:
    """Return the host of a normalised *address*, without the port: the `source` of an article.

    >>> host_of("https://www.news.example:8443/a"), host_of("http://[::1]:80/")
    ('www.news.example', '[::1]')
    """
    host = address.partition("://")[2].partition("/")[0]
    before_port, _, port = host.rpartition(":")
    return before_port if port.isdigit() and before_port else host


def _absolute(link: str, base: str | None) -> str:
    """Parse and write as the standard says, without credentials. Raises Permanent(BLOCKED)."""
    if len(link) > _MAX_INPUT:
        raise _bad_address(link, f"longer than {MAX_ADDRESS} characters")
    try:
        if base is None or link.startswith(("https://", "http://")):
            address: str = ada_url.normalize_url(link)
        else:
            address = ada_url.join_url(base, link)
    except ValueError:
        raise _bad_address(link, _why_bad(link)) from None
    if not address.startswith(("https://", "http://")):
        raise _bad_address(link, _why_bad(link))
    if "@" in address:
        # In what the standard writes, an authority has one "@" at most and ends at the first slash.
        scheme, _, rest = address.partition("//")
        authority, slash, path = rest.partition("/")
        address = f"{scheme}//{authority.rpartition('@')[2]}{slash}{path}"
    return address


def _why_bad(link: str) -> str:
    scheme = _SCHEME.match(link)
    if scheme is None:
        return "not an absolute address: write https://…"
    if scheme[1].lower() not in {"http", "https"}:
        return f"only http and https addresses are fetched, not {scheme[1].lower()[:20]}"
    return "not a valid address"


def _bad_address(url: str, detail: str) -> Permanent:
    # The subject ends up in logs: no passwords, no control characters, no novel.
    return Permanent(Reason.BLOCKED, clean_line(redact(url[:_MAX_INPUT]), 200), detail)


class _Matcher:
    """Says whether a parameter's name is on a list of patterns."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        folded = [pattern.casefold() for pattern in patterns]
        self._names = frozenset(pattern for pattern in folded if "*" not in pattern)
        wild = [".*".join(map(re.escape, pattern.split("*"))) for pattern in folded if "*" in pattern]
        self._wild = re.compile("|".join(wild) or "(?!)", re.DOTALL)

    def __call__(self, name: str) -> bool:
        # A pattern with several stars takes time that grows faster than the name.
        name = name[:_MAX_NAME].casefold()
        return name in self._names or self._wild.fullmatch(name) is not None


@lru_cache(maxsize=16)
def _matcher(patterns: tuple[str, ...]) -> _Matcher:
    return _Matcher(patterns)
