"""The router's tables on recorded outcomes, beside the papers' figures, and what one decision takes."""

import os
import sys
import time
from datetime import date
from pathlib import Path
from statistics import quantiles
from typing import Any

from ai.routing import calibration, evaluation, outcomes, prescore, report
from ai.routing.router import Candidate, Snapshot, Terms, Work, route
from huntaze.env import BASE_DIR

DATA = Path(os.environ.get("ROUTING_DATA") or BASE_DIR.parent / "shared/data/routing")
FILES = ("routellm_mmlu", "routellm_gsm8k", "zeroeval_gpt4o_pair")
# The best APGR that RouteLLM's paper reports for a router without data added from the benchmark itself, and our goal.
PAPERS = {"routellm_mmlu": (0.603, 0.68), "routellm_gsm8k": (0.622, 0.64)}
SAVED_GOAL = 0.65
DECISIONS, DECISION_MS, PRESCORE_MS = 3_000, 1.0, 0.5
SUBJECTS = (
    "a slow morning with coffee and rain",
    "3 boxes of 12 eggs",
    "the last summer by the sea, and what came of it",
    "my new cooking series",
)


def tables() -> list[tuple[str, str, float, float, float, float | None, dict[str, Any]]]:
    """Print the tables, on standard error; return (name, what, ours, control, ratio, goal, details) of each figure that has a goal."""
    paths = [DATA / f"{name}.jsonl.gz" for name in FILES]
    absent = [path for path in paths if not path.is_file()]
    if absent:
        print(f"routing: no recorded outcomes in {DATA}; ROUTING_DATA names another folder", file=sys.stderr)
        return []
    read = [outcomes.read(path) for path in paths]
    found = {one.name: evaluation.evaluate(one, calibration=None, say=_say) for one in read}
    for name, one in found.items():
        print("\n".join(report.lines(name, one)), file=sys.stderr)
        if name in PAPERS:
            print(f"  RouteLLM's paper, its best: APGR {PAPERS[name][0]}", file=sys.stderr)
    print("\n".join(report.unseen_lines(evaluation.unseen(read, _say))), file=sys.stderr)
    rows = []
    for name, (paper, goal) in PAPERS.items():
        one = found[name]
        details = {"interval": list(one["intervals"]["apgr"]), "length": one["length_apgr"], "random": one["random_apgr"]}
        rows.append(
            (f"APGR {name[9:]}", f"{name}: pre-score : RouteLLM's paper", one["apgr"], paper, paper / one["apgr"], paper / goal, details)
        )
    pair = found["zeroeval_gpt4o_pair"]
    kept = 1 - pair["saved_at_99"]
    details = {"quality": pair["quality_at_99"], "interval_of_saved": list(pair["intervals"]["saved_at_99"])}
    rows.append(("cost at 99 %", "gpt-4o pair: cost of the cascade : of gpt-4o", kept, 1.0, kept, 1 - SAVED_GOAL, details))
    return rows


def decisions() -> list[tuple[str, str, float, float, float, float | None, dict[str, Any]]]:
    """P12: CPU milliseconds of one decision and of one pre-score, at the 99th percentile, beside what they may take."""
    shipped = calibration.load()
    now = Snapshot(tuple(_candidate(number) for number in range(12)), date(2026, 11, 22))
    prompts = [f"{SUBJECTS[number % len(SUBJECTS)]}, number {number}. " * 8 for number in range(DECISIONS)]
    works = [Work("answer", f"{prompt}\nA. one\nB. two\nC. three\nAnswer:", 500, 200) for prompt in prompts]
    scoring = [_cpu_ms(lambda work=work: shipped.score(work.prompt)) for work in works]
    routing = [_cpu_ms(lambda work=work: route(work, Terms(plan="pro"), now, shipped)) for work in works]
    rows = []
    for name, times, allowed in (("P12 decision", routing, DECISION_MS), ("P12 pre-score", scoring, PRESCORE_MS)):
        worst = quantiles(times, n=100)[98]
        details = {"p50": quantiles(times, n=2)[0], "prompts": len(works), "words": len(prescore.words_of(works[0].prompt))}
        rows.append((name, "the 99th percentile, in CPU : what it may take", worst, allowed, worst / allowed, 1.0, details))
    return rows


def _cpu_ms(decide: Any) -> float:
    began = time.process_time_ns()
    decide()
    return (time.process_time_ns() - began) / 1e6


def _candidate(number: int) -> Candidate:
    price = 100_000 * (number + 1)
    tier = "strong" if number % 3 == 0 else "small"
    return Candidate("azure", f"model-{number}", tier, frozenset({"eu"}), 100_000, frozenset(), price, price // 2, 4 * price)


def _say(what: str) -> None:
    print(what, file=sys.stderr)
