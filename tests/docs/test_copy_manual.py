"""The page on how copies are recognised names the constants of the program with their values, and all of them."""

from __future__ import annotations

import importlib.util
import re
from importlib import import_module
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("copies", "try-copies", "try-repair")
TEXT = (DOCS / "reference" / "copies.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`ingest\.copies\.(\w+)\.([A-Z_]+)`", TEXT)
#: what decides nothing about copies, or has patterns and lists in place of numbers
ASIDE = {"__init__", "agencies", "credit", "credit_lines", "sentences"}
STEPS = sorted({path.stem for path in (DOCS.parent / "ingest" / "copies").glob("*.py")} - ASIDE)


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_values_are_those_of_the_program(generator):
    """When this fails, run: python docs/generate.py."""
    assert generator.manual_page("copies.md") == TEXT
    assert len(generator.CONSTANT.findall(TEXT)) > 60
    assert TEXT.count("| constant | value |") >= 8


def test_each_row_of_a_constant_is_filled_in_and_none_twice():
    assert "| ? |" not in TEXT
    assert len(NAMED) == len(set(NAMED))


@pytest.mark.parametrize("name", STEPS)
def test_every_constant_of_a_step_is_told(name):
    """When this fails, add a row to docs/reference/copies.md, with ? as its value, and run: python docs/generate.py."""
    module = import_module(f"ingest.copies.{name}")
    source = Path(module.__file__).read_text(encoding="utf-8")
    # Those of other modules are imported, not set.
    own = re.findall(r"^([A-Z][A-Z_]+) = [\d(]", source, re.MULTILINE)
    numbers = {each for each in own if isinstance(getattr(module, each), int | float)}
    told = {constant for step, constant in NAMED if step == name}
    assert numbers - told == set(), "no row tells them"
    assert told - numbers == set(), "they are gone, and their rows should go"


@pytest.mark.parametrize("page", PAGES)
def test_the_links_of_a_page_lead_somewhere(page):
    text = (DOCS / "reference" / f"{page}.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        linked = DOCS / "reference" / (path or f"{page}.md")
        assert linked.exists(), target
        titles = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
        anchors = {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}
        assert not anchor or anchor in anchors, target
