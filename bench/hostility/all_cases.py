"""All cases, in a fixed order: the place of a case decides on its loopback addresses."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hostility import (
    cases_bombs,
    cases_charsets,
    cases_formats,
    cases_gaps,
    cases_http,
    cases_identity,
    cases_manners,
    cases_pages,
    cases_redirects,
    cases_robots,
    cases_schedule,
    cases_walls,
    cases_xml,
)

if TYPE_CHECKING:
    from hostility.case import Case

CASES: tuple[Case, ...] = (
    *cases_formats.CASES,
    *cases_charsets.CASES,
    *cases_xml.CASES,
    *cases_http.CASES,
    *cases_bombs.CASES,
    *cases_redirects.CASES,
    *cases_robots.CASES,
    *cases_walls.CASES,
    *cases_pages.CASES,
    *cases_identity.CASES,
    *cases_schedule.CASES,
    *cases_gaps.CASES,
    *cases_manners.CASES,
)

_TWICE = {name for name, count in Counter(case.name for case in CASES).items() if count > 1}
if _TWICE:
    raise ValueError(f"cases of the same name: {', '.join(sorted(_TWICE))}")
