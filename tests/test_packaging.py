"""The files around the program agree with each other. `make check-wheel` tries the wheel itself."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINS = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]


def test_constraints_are_exact_versions_and_name_no_index() -> None:
    assert [line for line in PINS if not re.fullmatch(r"[\w.-]+==[\w.+!]+", line)] == []


@pytest.mark.parametrize(
    "requirement",
    [
        *PROJECT["build-system"]["requires"],
        *PROJECT["project"]["dependencies"],
        *(line for extra in PROJECT["project"]["optional-dependencies"].values() for line in extra),
    ],
)
def test_every_requirement_has_a_version_in_constraints(requirement: str) -> None:
    wanted = Requirement(requirement)
    versions = dict(line.split("==") for line in PINS)
    pinned = {canonicalize_name(name): version for name, version in versions.items()}
    assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)])


def test_migrations_are_no_package() -> None:
    """An __init__.py there would hide the library alembic from a program that starts in the checkout."""
    assert not (ROOT / "alembic" / "__init__.py").exists()
