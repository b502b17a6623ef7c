"""Where XML is not well-formed, in words. Nothing is expanded or opened."""

from __future__ import annotations

from xml.parsers import expat

_NO_MEMORY = expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]


def xml_fault(body: bytes, charset: str) -> str | None:
    r"""Say what is wrong with *body* and in which line; None: nothing, or it cannot be told.

    *charset* is its encoding ("": as it declares). Raises MemoryError.

    >>> xml_fault(b"<rss><channel>\n</rss>", "utf-8")
    'mismatched tag, line 2'
    """
    reader = expat.ParserCreate(charset or None)
    # Past declarations of entities nothing is judged: they are what bombs are made of.
    reader.EntityDeclHandler = _stop
    try:
        reader.Parse(body, True)  # noqa: FBT003  # "this is all of it"; expat takes it by position only
    except (_Stopped, LookupError):
        return None
    except (expat.ExpatError, ValueError) as error:
        check_memory(error)
        reason = expat.errors.messages.get(reader.ErrorCode, str(error))
        return f"{reason}, line {reader.ErrorLineNumber}"
    return None


def check_memory(error: Exception) -> None:
    """Raise MemoryError where an error of expat is that there is no memory left: that is no fault of the document."""
    if isinstance(error, expat.ExpatError) and error.code == _NO_MEMORY:
        raise MemoryError from error


class _Stopped(Exception):
    pass


def _stop(*_: object) -> None:
    raise _Stopped
