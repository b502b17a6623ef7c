"""What a call of the program costs before it does anything: `wirewatch --help` against bare Python.

Prints one JSON object. The two commands run in turn; the ratio is that of the medians of wall time.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 21
GOAL = 9.0


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    script = str(Path(sys.executable).with_name("wirewatch"))
    commands = {"bare": [sys.executable, "-c", "pass"], "help": [script, "--help"]}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for run in range(RUNS + 1):
        for name, command in commands.items():
            spent = seconds(command)
            if run:  # the first fills the caches
                times[name].append(spent)
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratio = medians["help"] / medians["bare"]
    print(
        json.dumps(
            {
                "bench": "startup",
                "bare_python_ms": round(medians["bare"] * 1000, 1),
                "help_ms": round(medians["help"] * 1000, 1),
                "help_over_bare": round(ratio, 2),
                "goal": f"<= {GOAL}",
                "is_met": ratio <= GOAL,
            }
        )
    )


if __name__ == "__main__":
    main()
