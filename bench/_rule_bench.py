"""The program of `rules.py`: rates beside the peers, then the measures of `_rule_measures`."""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _rule_measures as measures
from _rule_peers import PEERS, Unavailable
from _rule_workload import make_rules, read_texts, write_files

from rules.compile import compile_rules
from rules.files import load_rules
from rules.text import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from _rule_peers import Peer
    from _rule_workload import PlainRule, Text

    from rules.match import RuleSet

#: docs/s/core on a quiet core
GOAL_RATES = {1000: 2500, 10_000: 1800, 100_000: 800}
GOAL_BEST_PEER = {10_000: 4.0, 100_000: 8.0}
GOAL_TOKENISING = 0.6

#: Peers that take less CPU seconds are run again, and the median counts.
SHORT_S = 1.5


def main(description: str | None) -> int:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=int, nargs="+", default=[10, 1000, 10_000, 100_000], metavar="N")
    parser.add_argument("--peers", nargs="*", choices=sorted(PEERS), default=list(PEERS))
    parser.add_argument("--rounds", type=int, default=5, help="times that our own rates are taken")
    args = parser.parse_args()
    texts, source = read_texts()
    rules = make_rules(texts, max(args.rules))
    peers = {name: PEERS[name]() for name in args.peers}
    report: dict[str, Any] = {
        "bench": "rules",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "texts": {
            "from": source,
            "count": len(texts),
            "mean_chars": round(statistics.mean(len(t.title) + len(t.body) for t in texts)),
        },
    }
    sets: dict[int, RuleSet] = {}
    try:
        for count in args.rules:
            say(f"{count:,} rules")
            rule_set, cost = compile_from_text(rules[:count])
            sets[count] = rule_set
            report[f"rules_{count}"] = {
                **compare(rule_set, rules[:count], texts, peers, args.rounds),
                **cost,
                **measures.weigh(rule_set, count),
            }
    finally:
        for peer in peers.values():
            peer.close()
    count = 10_000 if 10_000 in sets else max(sets)
    say(f"latency, editing and a long text with {count:,} rules")
    report["latency"] = measures.latency(sets[count], texts, count)
    report["edit"] = measures.edit(rules[:count], texts)
    report["hostile"] = measures.hostile(sets[count], texts, count)
    print(json.dumps(report, indent=1))
    return 0


def compile_from_text(rules: Sequence[PlainRule]) -> tuple[RuleSet, dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        write_files(rules, Path(folder))
        start = time.process_time()
        loaded = load_rules(folder)
        read = time.process_time()
        rule_set = compile_rules(loaded.topics)
        done = time.process_time()
    assert not loaded.errors, loaded.errors[0]
    goal = {10_000: 1.0, 100_000: 10.0}.get(len(rules))
    cost = {"read_s": round(read - start, 3), "compile_s": round(done - read, 3), "both_s": round(done - start, 3)}
    return rule_set, {"from_text": measures.with_goal(cost, "both_s", "<=", goal)}


def compare(
    rule_set: RuleSet, rules: Sequence[PlainRule], texts: Sequence[Text], peers: dict[str, Peer], rounds: int
) -> dict[str, Any]:
    """The rates of all engines, and whether they found the same."""
    found = [len(rule_set.find(text.document)) for text in texts]
    ours: dict[str, Callable[[Text], object]] = {
        "tokenise": lambda text: (tokenize(text.title), tokenize(text.body)),
        "find": lambda text: rule_set.find(text.document),
        "match": lambda text: rule_set.match(text.document),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ours}
    for _ in range(rounds):
        gc.collect()
        for name, run in ours.items():
            start = time.process_time()
            for text in texts:
                run(text)
            seconds[name].append((time.process_time() - start) / len(texts))
    each = {name: statistics.median(values) for name, values in seconds.items()}
    results: dict[str, Any] = {}
    for name, peer in peers.items():
        results[name] = run_peer(name, peer, rules, texts, found)
        each |= {name: results[name]["cpu_ms_per_text"] / 1e3} if "rate" in results[name] else {}
    ratios = find_ratios(each, len(rules))
    return {
        "rate": {name: round(1 / each[name]) for name in ours},
        "goal_quiet_core": GOAL_RATES.get(len(rules)),
        "matches_per_text": round(statistics.mean(found), 2),
        "peers": results,
        "ratios": ratios,
    }


def run_peer(
    name: str, peer: Peer, rules: Sequence[PlainRule], texts: Sequence[Text], found: Sequence[int]
) -> dict[str, Any]:
    if len(rules) > peer.max_rules:
        return {"skipped": "would take minutes; its time grows with the rules"}
    say(f"  {name}")
    some = texts[: max(1, peer.max_pairs // len(rules))]
    try:
        peer.prepare(rules)
        count, spent = peer.match(some)
        times = [spent]
        while spent < SHORT_S and len(times) < 3:
            times.append(peer.match(some)[1])
    except Unavailable as reason:
        return {"skipped": str(reason)}
    each = max(1e-6, statistics.median(times)) / len(some)
    wanted = sum(found[: len(some)])
    return {
        "rate": round(1 / each, 1),
        "cpu_ms_per_text": round(each * 1e3, 4),
        "texts": len(some),
        "matches": count,
        "differs_by": count - wanted,
    }


def find_ratios(each: dict[str, float], count: int) -> dict[str, Any]:
    """*each*: CPU seconds for one text."""
    ratios: dict[str, Any] = {
        name: round(each[peer] / each["find"], 2) for peer in PEERS if peer in each and (name := f"find_over_{peer}")
    }
    known = [each[peer] for peer in PEERS if peer in each]
    if known:
        ratios["find_over_best_peer"] = round(min(known) / each["find"], 2)
        ratios["find_over_best_of_peers_reading_as_we_do"] = round((min(known) + each["tokenise"]) / each["find"], 2)
        ratios = measures.with_goal(ratios, "find_over_best_peer", ">=", GOAL_BEST_PEER.get(count))
    # Of all the time, the share that is reading.
    ratios["find_over_tokenise"] = round(each["tokenise"] / each["find"], 3)
    goal = GOAL_TOKENISING if count == 1000 else None
    return measures.with_goal(ratios, "find_over_tokenise", ">=", goal)


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
