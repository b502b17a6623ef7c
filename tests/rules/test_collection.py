"""The collector is off while something is built, and as before afterwards."""

from __future__ import annotations

import gc

import pytest

from rules.collection import without_collection


@pytest.fixture(autouse=True)
def _as_before():
    was_enabled = gc.isenabled()
    yield
    (gc.enable if was_enabled else gc.disable)()


def test_it_is_off_inside_also_when_nested():
    gc.enable()
    with without_collection():
        with without_collection():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_on_again_after_an_error():
    gc.enable()
    with pytest.raises(ValueError, match="x"), without_collection():
        raise ValueError("x")
    assert gc.isenabled()


def test_who_had_it_off_finds_it_off():
    gc.disable()
    with without_collection():
        pass
    assert not gc.isenabled()
