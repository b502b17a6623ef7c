"""Measures of one compiled set of rules: weight, latency, editing, hostile rules and texts."""

from __future__ import annotations

import json
import pickle
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _rule_workload import make_rules, write_files

from rules.compile import compile_rules
from rules.document import Document
from rules.errors import RuleError, RuleErrors
from rules.files import RuleReader
from rules.regex import compile_regex, find_fault
from rules.regex_text import read_for_regex
from rules.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from _rule_workload import PlainRule, Text

    from rules.match import RuleSet

#: In a process of its own: what a worker holds when it has been given a set of rules, its automaton built.
WEIGH = """
import gc, json, os, pickle, sys, time
import ahocorasick_rs, rules.compile, rules.regex
from rules.document import Document
def rss():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
document = Document(title="Talks", body="They met in Brussels.")
rules.compile.compile_rules([]).match(document)
before = rss()
start = time.process_time()
with open(sys.argv[1], "rb") as file:
    rule_set = pickle.load(file)
loaded = time.process_time()
rule_set.find(document)
print(json.dumps({"load": loaded - start, "ready": time.process_time() - start, "bytes": rss() - before}))
"""


def with_goal(values: dict[str, Any], name: str, sign: str, goal: float | None) -> dict[str, Any]:
    """*values*, and beside the one called *name* the goal and whether it is met."""
    if goal is None:
        return values
    is_met = values[name] <= goal if sign == "<=" else values[name] >= goal
    return {**values, "goal": f"{name} {sign} {goal:g}", "is_met": is_met}


def weigh(rule_set: RuleSet, count: int) -> dict[str, Any]:
    """Bytes of the pickle and of the memory that it takes in a process that is given it."""
    packed = pickle.dumps(rule_set, protocol=5)
    with tempfile.NamedTemporaryFile() as file:
        file.write(packed)
        file.flush()
        command = [sys.executable, "-c", WEIGH, file.name]
        done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    memory = {
        "bytes_per_rule": round(done["bytes"] / count),
        "pickle_bytes_per_rule": round(len(packed) / count),
        "unpickle_s": round(done["load"], 3),
        "unpickle_and_first_text_s": round(done["ready"], 3),
    }
    return {"memory": with_goal(memory, "bytes_per_rule", "<=", 1500 if count >= 10_000 else None)}


def latency(rule_set: RuleSet, texts: Sequence[Text], count: int) -> dict[str, Any]:
    """Times of single texts, each taken ten times."""
    result: dict[str, Any] = {"rules": count}
    runs: dict[str, Callable[[Document], object]] = {"find": rule_set.find, "match": rule_set.match}
    for name, run in runs.items():
        for clock_name, clock in (("cpu", time.process_time), ("wall", time.perf_counter)):
            times = []
            for text in texts * 10:
                document = text.document
                start = clock()
                run(document)
                times.append((clock() - start) * 1e3)
            cuts = statistics.quantiles(times, n=100)
            result[f"{name}_{clock_name}_p50_ms"] = round(cuts[49], 3)
            result[f"{name}_{clock_name}_p99_ms"] = round(cuts[98], 3)
    return with_goal(result, "find_cpu_p99_ms", "<=", 3.0)


def edit(rules: Sequence[PlainRule], texts: Sequence[Text]) -> dict[str, Any]:
    """Ten rules of a set change in their files: how long until texts are matched with the new ones."""
    changed = list(rules)
    others = make_rules(texts, 10, seed=4)
    places = sorted(random.Random(5).sample(range(len(rules)), min(10, len(rules))))
    for place, rule in zip(places, others, strict=False):
        changed[place] = rule
    document = texts[0].document
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(rules, folder)
        reader = RuleReader()
        old = compile_rules(reader.read(folder).topics)
        old.find(document)
        write_files(changed, folder)
        start, start_wall = time.process_time(), time.perf_counter()
        topics = reader.read(folder).topics
        read_s = time.process_time() - start
        new = compile_rules(topics)
        new.find(document)
        seconds, wall = time.process_time() - start, time.perf_counter() - start_wall
    live = {"rules": old}
    start = time.perf_counter()
    live["rules"] = new
    swap = time.perf_counter() - start
    result = {
        "rules": len(rules),
        "read_s": round(read_s, 3),
        "live_s": round(seconds, 3),
        "live_wall_s": round(wall, 3),
        "swap_ms": round(swap * 1e3, 5),
    }
    return with_goal(result, "live_s", "<=", 1.0)


def hostile(rule_set: RuleSet, texts: Sequence[Text], count: int) -> dict[str, Any]:
    body = "\n".join(text.body for text in texts)
    body = (body * (1_000_000 // len(body) + 1))[:1_000_000]
    long_text = {
        "rules": count,
        "find_s": _seconds(lambda: rule_set.find(Document(title="", body=body))),
        "match_s": _seconds(lambda: rule_set.match(Document(title="", body=body))),
    }
    terms = " | ".join(f"term{number}" for number in range(5000))
    nested = {"nesting_10000": "(" * 10_000 + "a" + ")" * 10_000, "nots_10000": "a AND " + "NOT " * 10_000 + "b"}
    regex = compile_regex("(a+)+$", ignores_case=False)
    # Twice the text in twice the time, not in a universe's.
    runs = [read_for_regex("a" * size + "b") for size in (500_000, 1_000_000)]
    return {
        "text_of_1_mb": with_goal(long_text, "find_s", "<=", 0.5),
        "or_of_5000_terms": with_goal({"parse_s": _seconds(lambda: parse(terms))}, "parse_s", "<=", 0.05),
        "regex_nested_plus_s": {len(t.text): _seconds(lambda t=t: regex.spans(t.text)) for t in runs},
        "regex_too_large": find_fault("a{1000}{1000}", ignores_case=False),
        **{name: _judge(expression) for name, expression in nested.items()},
    }


def _seconds(run: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return round(statistics.median(times), 4)


def _judge(expression: str) -> str:
    try:
        parse(expression)
    except (RuleError, RuleErrors) as error:
        return str(error).splitlines()[0][:200]
    return "understood"
