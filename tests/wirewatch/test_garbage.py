"""Collection is rarer while a session is open, and as it was before when it has ended."""

import gc

import pytest

from wirewatch.garbage import OBJECTS_BETWEEN, rare_collection


@pytest.fixture(autouse=True)
def _as_before():
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.parametrize("first", [700, OBJECTS_BETWEEN * 2])
def test_it_is_rarer_and_never_more_often(first):
    gc.set_threshold(first, 10, 10)
    with rare_collection():
        assert gc.get_threshold() == (max(first, OBJECTS_BETWEEN), 10, 10)
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == (first, 10, 10)
    assert gc.get_freeze_count() == 0


def test_who_has_turned_it_off_keeps_it_off():
    gc.set_threshold(0)
    with rare_collection():
        assert gc.get_threshold()[0] == 0


def test_it_ends_with_an_error_too():
    before = gc.get_threshold()
    with pytest.raises(LookupError), rare_collection():
        raise LookupError
    assert gc.get_threshold() == before
