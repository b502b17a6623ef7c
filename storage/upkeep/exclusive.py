"""Work that nobody may be beside: it holds every lock there is, so that what would begin meanwhile says who works."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from storage.lock import BackfillLock, DatabaseLock, RebuildLock, RedoLock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.address import Address

#: Always in this order, so that two who want them all do not wait for each other.
LOCKS: tuple[type[DatabaseLock], ...] = (DatabaseLock, BackfillLock, RebuildLock, RedoLock)


@contextmanager
def all_locks(database: Address) -> Iterator[None]:
    """Hold all locks of the database as long as the block runs.

    Raises DatabaseInUse, or what kind of it the first lock that is taken says, and DatabaseUnwritable.
    """
    with ExitStack() as stack:
        for kind in LOCKS:
            stack.enter_context(kind(database))
        yield
