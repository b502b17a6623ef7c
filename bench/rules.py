"""The rule engine: speed beside other engines, latency, compiling, memory, editing, and hostile rules and texts.

    python bench/rules.py [--rules 10 1000 10000 100000] [--peers sqlite_fts5 tantivy …] [--rounds 5]

Prints one JSON object; what it is doing goes to stderr. Rates are texts in a second of CPU on one core, our full
tokenising included: a newsroom's articles of about 4 kB, against boolean rules, one topic each (`_rule_workload.py`).
`find` tells which rules hold, as the peers do, `match` also where. Peers get texts that are cut into words already
and pay only for their own reading of these; "peers_reading_as_we_do" adds what our reading takes. All of a round's
rates are taken one after the other, ratios are those of medians within one run. PostgreSQL needs initdb, pg_ctl and
psql on the PATH, tantivy the extra `bench`; what cannot run is skipped with the reason.
"""

from __future__ import annotations

import sys
from pathlib import Path

# Programs in this folder find this file when they import the package `rules`; this makes it that package.
__path__ = [str(Path(__file__).resolve().parents[1] / "rules")]

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parent))
    from _rule_bench import main

    sys.exit(main(__doc__))
