"""Hashes as databases keep them: numbers of 64 or 32 bits with a sign, as they have no others."""

from __future__ import annotations

from xxhash import xxh3_64_intdigest

_SIGN = 1 << 63
_HALF = (1 << 32) - 1
_HALF_SIGN = 1 << 31


def hash_text(text: str) -> int:
    """The xxh3 hash, seed 0, of the UTF-8 of *text*, signed."""
    return signed(xxh3_64_intdigest(text.encode()))


def signed(number: int) -> int:
    """The same 64 bits as a signed number.

    >>> signed(2**63 - 1) == 2**63 - 1, signed(2**63) == -(2**63), signed(2**64 - 1)
    (True, True, -1)
    """
    return number - 2 * _SIGN if number >= _SIGN else number


def shorten(number: int) -> int:
    """The lower 32 bits as a signed number: the hashes of a fingerprint take half the room in an index.

    Among a million articles each shares one such hash with a stranger by chance, and hardly ever two.

    >>> shorten(2**40 + 7), shorten(2**32 - 1)
    (7, -1)
    """
    return ((number & _HALF) ^ _HALF_SIGN) - _HALF_SIGN
