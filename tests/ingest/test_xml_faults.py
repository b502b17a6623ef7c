"""What is wrong with XML is said in words; that the memory is at its end is no fault of it."""

from __future__ import annotations

from xml.parsers import expat

import pytest

from ingest.xml_faults import check_memory, xml_fault


def error_of(name: str) -> expat.ExpatError:
    error = expat.ExpatError(name)
    error.code = expat.errors.codes[name]
    return error


def test_no_memory_is_a_memory_error_and_all_else_is_left_to_the_caller() -> None:
    with pytest.raises(MemoryError):
        check_memory(error_of(expat.errors.XML_ERROR_NO_MEMORY))
    for name in expat.errors.codes:
        if name != expat.errors.XML_ERROR_NO_MEMORY:
            check_memory(error_of(name))
    check_memory(ValueError())


def test_a_fault_has_its_line() -> None:
    assert xml_fault(b"<a>\n<b></a>", "") == "mismatched tag, line 2"
    assert xml_fault(b"<a/>", "") is None
