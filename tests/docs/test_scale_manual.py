"""docs/explanation/scale.md says what its program computes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "explanation" / "scale.md").read_text(encoding="utf-8")
PROGRAM = ROOT / "bench" / "workers" / "paper.py"


def computed(*options):
    done = subprocess.run([sys.executable, PROGRAM, *options], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_table_is_what_the_program_prints():
    columns = computed("--feeds", "100000", "--articles", "1000000")["needs"], computed()["needs"]
    rows = re.findall(r"^\| `(\w+)`[^|]*\| ([\d.]+) \| ([\d.]+) \|$", PAGE, re.MULTILINE)
    assert {name: (float(small), float(large)) for name, small, large in rows} == {
        name: (columns[0][name], columns[1][name]) for name in columns[1]
    }


def test_the_costs_are_those_that_it_computes_from():
    costs = computed()["costs"]
    rows = re.findall(r"^\| [^|]+ \| ([\d.]+) ms \| ([\d.]+) ms \| (?:([\d.]+) ms|–) \|", PAGE, re.MULTILINE)
    names = (
        ("article_worker_ms", "article_server_ms", "article_writer_ms"),
        ("poll_worker_ms", "poll_server_ms", "poll_writer_ms"),
        ("job_worker_ms", "job_server_ms"),
    )
    found = {
        name: float(value) for row, of in zip(rows, names, strict=True) for name, value in zip(of, row, strict=False)
    }
    assert found == {name: costs[name] for of in names for name in of}


def test_a_report_of_the_bench_is_understood(tmp_path):
    cpu = {"workers": 1.5, "postgresql": 2.5}
    run = {"cpu_ms_per_article": cpu, "writer_ms_per_article": 3.5, "bytes_per_article": 1000}
    report = {
        "rate": {"runs": {"2": [], "1": [run]}},
        "hour": {"cpu_ms_per_poll": 4.5, "postgresql_cpu_ms_per_poll": 5.5, "writer_ms_per_poll": 6.5},
        "batches": {"overhead": {"16": {"cpu_ms_worker": 7.5, "cpu_ms_postgresql": 8.5}}},
    }
    (tmp_path / "report.json").write_text(json.dumps(report))
    told = computed(str(tmp_path / "report.json"), "--feeds", "3600", "--articles", "86400", "--peak", "1")
    # One poll and one article a second.
    assert told["needs"]["writer_busy"] == 0.01
    assert told["writer_is_full_at"] == {"feeds": 360_000, "articles_per_day": 8_640_000}
    assert sorted(told["costs"].values()) == [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 1000]


def test_the_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / "docs" / "explanation" / target).exists(), target
    for program in re.findall(r"`python (bench/[\w/]+\.py)", PAGE):
        assert (ROOT / program).exists(), program
