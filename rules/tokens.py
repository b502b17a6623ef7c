"""The tokens of a text, as `text.tokenize` gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Rest(NamedTuple):
    """All of a text's tokens but the folded form: tuples of one length."""

    #: case and accents as written, after NFKC
    exact: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]


class Tokens:
    """The tokens of one text, as four tuples of one length. Immutable.

    Offsets are half-open, in code points of the text as given, ascending, and never overlap.
    `text[starts[i]:ends[i]]`, read alone, gives token i again.
    """

    __slots__ = ("_exact", "_rest", "folded")

    def __init__(
        self,
        folded: tuple[str, ...],
        rest: Rest | Callable[[], Rest],
        exact: Callable[[], tuple[str, ...]] | None = None,
    ) -> None:
        """*rest* may be a function that gives it when it is first asked for; *exact* gives its exact form in less."""
        #: the default form: case and marks folded
        self.folded = folded
        self._rest = rest
        self._exact: tuple[str, ...] | Callable[[], tuple[str, ...]] | None = exact

    @property
    def exact(self) -> tuple[str, ...]:
        """Case and accents as written, after NFKC."""
        exact = self._exact
        if isinstance(exact, tuple):
            return exact
        if exact is None or isinstance(self._rest, Rest):
            return self._read().exact
        found = self._exact = exact()
        return found

    @property
    def starts(self) -> tuple[int, ...]:
        """Where each token starts."""
        return self._read().starts

    @property
    def ends(self) -> tuple[int, ...]:
        """Where each token ends."""
        return self._read().ends

    def _read(self) -> Rest:
        rest = self._rest
        if not isinstance(rest, Rest):
            # Two threads at once get equal ones, and either may stay.
            rest = self._rest = rest()
        return rest

    def __len__(self) -> int:
        return len(self.folded)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tokens) and (self.folded, self._read()) == (other.folded, other._read())

    def __hash__(self) -> int:
        return hash(self.folded)

    def __repr__(self) -> str:
        return f"Tokens({self.folded!r}, {self._read()!r})"

    def __reduce__(self) -> tuple[type[Tokens], tuple[tuple[str, ...], Rest]]:
        return Tokens, (self.folded, self._read())
