"""Nothing lost: kills, faults, concurrency; and how fast a small archive is written. Prints one JSON object.

    python bench/storage.py [--only NAME ...] [--database sqlite|postgresql|both] [--kills 200] [--kills-postgresql 50]
                            [--rounds 24] [--articles 4000] [--feeds 100000] [--seed 1]

*counter*: 4 processes × 200 times read a number, add one, write it; through our writer, and as SQLAlchemy comes.

*rates*: texts stored with their full-text rows, and whole articles, in batches of 20; due feeds claimed at 100,000
feeds; each beside the bare driver saying the same. What is stored of each is told in `storing/rows.py`,
`storing/saving.py` and `storing/claims.py`. On PostgreSQL whole articles alone, without a peer.

*kill*: `run` killed with SIGKILL at random moments while it reads the bundled newsroom and a press that corrects
itself and copies from each other (`storing/press.py`); then run to the end. All rows of all tables must be those of
a run that nobody disturbed, but for ids and moments (`storing/natural.py`); the files that each
kill leaves must be whole.

*concurrency*: the daemon writes, four readers list, rules are applied, articles compared anew, the database is backed
up, checked and pruned, all at once (`storing/beside.py`).

*faults*: disk full, read-only, locked, moved, deleted, replaced, a clock set back, a server stopped and started
(`storing/faults.py`).

Servers and daemon share the machine's cores; nothing but the rates depends on speed. Only loopback is reached.
"""

from __future__ import annotations

import sys
from pathlib import Path

# Programs in this folder find this file when they import the package `storage`; this makes it that package.
__path__ = [str(Path(__file__).absolute().parents[1] / "storage")]

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).absolute().parent))
    from storing.program import main

    sys.exit(main(__doc__))
