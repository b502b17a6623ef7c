"""Which texts may stand in SQLite's index by other words: two sums for each word, of the index and of the texts.

To look up every text by its words takes 20 ms for each, as the list of a common word is walked through again and again.
So the whole index is walked through once, in its own order: of each word the places are mixed and summed up by SQLite,
and the same is done with the tokens of the texts. Where two sums differ, the texts that differ in these words are
found by a second walk, and are to be compared word by word (`is_indexed_as`), in one state of the
database: what was changed between the walks is no fault. That two sums agree by chance has odds of 1 in 2**30.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import text

from storage import dialect

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from sqlalchemy import Connection

    from storage.engine import Reader

    #: of each text its id, its tokens of title and of body as the index takes them apart, and the lengths that it keeps
    Tokens = Iterable[tuple[int, list[str], list[str], bytes | None]]

#: Words of one reading transaction.
WORDS_AT_ONCE = 20_000
#: Where more words than this differ, all texts are to be compared.
MOST_WORDS = 10_000

# https://www.sqlite.org/fts5.html#the_fts5vocab_virtual_table_module: a row for each place of a word, sorted by words.
_OPEN = text("CREATE VIRTUAL TABLE IF NOT EXISTS temp.places USING fts5vocab('main', 'search_index', 'instance')")

#: A place: title and body alternate, so that all places of a text differ; and the texts differ by far.
_SPREAD, _LOW, _SHIFT, _MIXED = 1_000_003, 2**31 - 1, 13, 2**30 - 1
_PLACE = f"((doc * {_SPREAD} + 2 * offset + (col = 'body')) & {_LOW})"
#: Squares spread what a sum would else even out: one place less here and one more there.
_MIX = f"SUM(({_PLACE} * {_PLACE} >> {_SHIFT}) & {_MIXED})"
# Words as bytes: one that was cut by the index need not be a proper text.
_SUMS = text(
    f"SELECT CAST(term AS BLOB), {_MIX} FROM temp.places "  # noqa: S608  # constants
    "WHERE term > CAST(:after AS TEXT) AND doc <= :last GROUP BY term ORDER BY term LIMIT :most"
)
_OF_WORD = text(
    f"SELECT doc, {_MIX} FROM temp.places WHERE term = CAST(:word AS TEXT) AND doc <= :last GROUP BY doc"  # noqa: S608  # constants
)
_BITS = 2**61 - 1


def _mixed(ident: int, first: int, tokens: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Each token with its place, mixed as SQLite does it."""
    place = ident * _SPREAD + first
    for token in tokens:
        low = place & _LOW
        yield token, (low * low >> _SHIFT) & _MIXED
        place += 2


def suspects(reader: Reader, last: int, texts: Callable[[], Tokens]) -> set[int] | None:
    """The ids up to *last* of texts that may be indexed by other words; None: there is no telling, look at all.

    *texts* gives all texts up to *last*; it is called twice where some sums differ.
    """
    wanted: defaultdict[str, int] = defaultdict(int)
    found: set[int] = set()
    for ident, title, body, lengths in texts():
        if not _are_lengths(lengths, (len(title), len(body))):
            found.add(ident)
        # In place, and not by `_mixed`: this is done for each word of the archive.
        for first, tokens in ((0, title), (1, body)):
            place = ident * _SPREAD + first
            for token in tokens:
                low = place & _LOW
                wanted[token] += (low * low >> _SHIFT) & _MIXED
                place += 2
    differing = _differing(reader, last, {token.encode(): number for token, number in wanted.items()})
    del wanted
    if len(differing) > MOST_WORDS:
        return None
    return found | _owners(reader, last, differing, texts) if differing else found


def lengths_of(connection: Connection, after: int, upto: int) -> dict[int, bytes]:
    """How many tokens the index says that the texts after *after*, up to *upto*, have."""
    rows = connection.execute(_LENGTHS_BETWEEN, {"after": after, "upto": upto})
    return {row[0]: row[1] for row in rows}


def _differing(reader: Reader, last: int, wanted: dict[bytes, int]) -> set[bytes]:
    """The words of which the sums differ; those are taken out of *wanted* that do not."""
    differing: set[bytes] = set()
    after = b""
    while rows := reader.run(partial(_sums, after=after, last=last)):
        differing.update(word for word, number in rows if wanted.pop(word, None) != number)
        after = rows[-1][0]
    return differing.union(wanted)


def _sums(connection: Connection, after: bytes, last: int) -> list[tuple[bytes, int]]:
    connection.execute(_OPEN)
    rows = connection.execute(_SUMS, {"after": after, "last": last, "most": WORDS_AT_ONCE})
    return [(row[0], row[1]) for row in rows]


def _owners(reader: Reader, last: int, words: Collection[bytes], texts: Callable[[], Tokens]) -> set[int]:
    """The texts that differ from the index in these words: of each text one sum over all of them."""
    keys = {word: hash((word, number)) & _BITS for number, word in enumerate(sorted(words))}
    sums: Counter[int] = Counter()
    for word, key in keys.items():
        for owner, number in reader.run(partial(_of_word, word=word, last=last)):
            sums[owner] += number * key
    by_token = {word.decode(errors="replace"): key for word, key in keys.items()}
    for ident, title, body, _ in texts():
        for first, tokens in ((0, title), (1, body)):
            for token, number in _mixed(ident, first, tokens):
                if token in by_token:
                    sums[ident] -= number * by_token[token]
    return {owner for owner, number in sums.items() if number}


def _of_word(connection: Connection, word: bytes, last: int) -> list[tuple[int, int]]:
    connection.execute(_OPEN)
    return [(row[0], row[1]) for row in connection.execute(_OF_WORD, {"word": word, "last": last})]


# --- one text ---------------------------------------------------------------------------------------

_HAS_PHRASE = text("SELECT 1 FROM search_index WHERE search_index MATCH :phrase AND rowid = :version_id")
_LENGTHS = text("SELECT sz FROM search_index_docsize WHERE id = :version_id")
_LENGTHS_BETWEEN = text("SELECT id, sz FROM search_index_docsize WHERE id > :after AND id <= :upto")
#: Tokens that are asked for at once.
_PHRASE_TOKENS = 64


def is_indexed_as(connection: Connection, version_id: int, title: str, body: str, *, is_whole: bool) -> bool:
    """Whether the index has an article version by just these lines; not *is_whole*: as far as three looks show.

    SQLite keeps no text, but how many tokens there are, and each with its place.
    """
    lines = {"title": dialect.pieces_of(title), "body": dialect.pieces_of(body)}
    lengths = connection.execute(_LENGTHS, {"version_id": version_id}).scalar()
    if not _are_lengths(lengths, (len(pieces) for pieces in lines.values())):
        return False
    for name, pieces in lines.items():
        starts = list(range(0, len(pieces), _PHRASE_TOKENS))
        if not is_whole and len(starts) > 3:
            starts = [starts[0], starts[len(starts) // 2], starts[-1]]
        for start in starts:
            phrase = dialect.Phrase(tokens=tuple(pieces[start : start + _PHRASE_TOKENS]))
            clause = dialect.InColumn(column=name, clause=phrase)
            asked = {"phrase": dialect.index_expression(clause, "sqlite"), "version_id": version_id}
            if connection.execute(_HAS_PHRASE, asked).first() is None:
                return False
    return True


def _are_lengths(packed: bytes | None, numbers: Iterable[int]) -> bool:
    # Which column is the first one depends on when the index was made.
    return packed is not None and sorted(_varints(packed)) == sorted(numbers)


def _varints(packed: bytes) -> list[int]:
    """Read numbers of SQLite's, https://www.sqlite.org/fileformat2.html#varint; none of ours has nine bytes."""
    numbers, number = [], 0
    for byte in packed:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    return numbers
