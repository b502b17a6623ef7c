"""Selectors are checked before a page meets them."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.extract import parse_html
from ingest.site_reading import apply_rule
from ingest.site_rules import SiteRule, selector_fault

HTML = "<html><body><h1>T</h1><p>Text</p><p>More</p></body></html>"


@pytest.mark.parametrize("selector", ["p", "article > p.lead", "[itemprop=articleBody] p", "p:not(.x)", "h1, h2", "*"])
def test_selectors(selector: str) -> None:
    assert selector_fault(selector) is None


@pytest.mark.parametrize(
    "selector", ["", "  ", "p..x", "p >", "p[", "p::before", "p:hover(", "p:nth-child(", "#", ":foo"]
)
def test_no_selectors(selector: str) -> None:
    assert selector_fault(selector)


@given(st.text(alphabet="p.#x[]()=:>+~* ,'\"-1é", max_size=12))
def test_what_is_no_fault_can_be_used(selector: str) -> None:
    if selector_fault(selector) is None:
        rule = SiteRule(host="a.example", body=selector, title=selector, date=selector, remove=(selector,))
        assert apply_rule(parse_html(HTML, "https://a.example/"), rule).missed


def test_a_rule_goes_to_other_processes() -> None:
    rule = SiteRule(host="a.example", body="p", remove=(".x",))
    assert pickle.loads(pickle.dumps(rule)) == rule
