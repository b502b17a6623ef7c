"""How fast rows and articles are stored and due feeds are claimed, beside the bare driver saying the same.

Rates are by the clock and want a quiet core; *over_raw* is CPU over CPU of the same statements with the same values,
said batch by batch in turn with ours, so that whatever else the machine does befalls both.

*rows*: texts of about 3.3 kB with a full-text row of our own tokens each, in batches of 20, see `storing/rows.py`.

*save*: `Store.save` of articles that are new, see `storing/saving.py`.

*claim*: what a tick of the daemon does with feeds that are due, see `storing/claims.py`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from storing.claims import claim_round
from storing.rows import rows_round
from storing.saving import save_round, save_round_on_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

GOAL_ROWS_PER_S = 3_000
GOAL_OVER_RAW = 0.7
GOAL_CLAIMS_PER_S = 20_000
ROUNDS = 3


def measure_rates(
    databases: Iterable[tuple[str, Callable[[Path], str]]], *, articles: int, feeds: int
) -> dict[str, Any]:
    """All measures of each of the *databases*; medians of some rounds, each on a new database."""
    told: dict[str, Any] = {}
    for kind, new in databases:
        with tempfile.TemporaryDirectory() as name:
            folders = [Path(name) / str(number) for number in range(ROUNDS)]
            for folder in folders:
                (folder / "data").mkdir(parents=True)
            told[kind] = _on_sqlite(folders, articles, feeds) if kind == "sqlite" else _on_server(new, articles)
    return told


def _on_sqlite(folders: Sequence[Path], articles: int, feeds: int) -> dict[str, Any]:
    rows = medians([rows_round(folder, articles) for folder in folders])
    save = medians([save_round(folder, articles) for folder in folders])
    claim = medians([claim_round(folder, feeds) for folder in folders])
    return {
        "rows": rows | {"goal": f">= {GOAL_ROWS_PER_S}/s", "is_met": rows["rows_per_s"] >= GOAL_ROWS_PER_S},
        "save": save | {"goal": f">= {GOAL_OVER_RAW} × raw", "is_met": save["over_raw"] >= GOAL_OVER_RAW},
        "claim": claim | {"goal": f">= {GOAL_CLAIMS_PER_S}/s", "is_met": claim["claims_per_s"] >= GOAL_CLAIMS_PER_S},
    }


def _on_server(new: Callable[[Path], str], articles: int) -> dict[str, Any]:
    return {"save": medians([save_round_on_server(new(Path()), articles) for _ in range(ROUNDS)])}


def medians(rounds: Sequence[dict[str, float]]) -> dict[str, Any]:
    """The median of each number; what all rounds have."""
    return {
        name: round(value, 2) if value < 100 else round(value)
        for name in rounds[0]
        for value in [median(each[name] for each in rounds)]
    }
