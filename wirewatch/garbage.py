"""How often a long-running process looks for garbage in cycles."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How many more objects than before there must be. Python's 700 are soon made where 50 hosts are worked on, and each
#: look goes through all that they hold: a fifteenth of the CPU of the main process.
OBJECTS_BETWEEN = 10_000


@contextmanager
def rare_collection() -> Iterator[None]:
    """Look for garbage less often while this is open, and not among what is there already, such as what was imported.

    What is in no cycle is freed at once, as ever; that is nearly everything.
    """
    before = gc.get_threshold()
    gc.freeze()
    if before[0]:
        gc.set_threshold(max(before[0], OBJECTS_BETWEEN), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
