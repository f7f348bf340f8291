"""Print what `evaluation` found, as tables for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from ai.routing.metrics import NAMES

HEADINGS = ("APGR", "CPT50", "CPT80", "saved 97 %", "saved 99 %", "saved 100 %", "quality@99")


def lines(name: str, report: Mapping[str, Any]) -> Iterator[str]:
    """Yield the table of one file: a line a policy with each figure and its 95 % interval, `*` on the one that the product uses."""
    kind = "held-out questions" if report["fit"] == "cv" else "what is shipped"
    sample = ", which was fitted on these very rows" if report.get("in_sample") else ""
    models = ", ".join(f"{role} {model}" for role, model in report["models"].items())
    yield f"{name}: {report['rows']} rows, {kind}{sample}{'; ' + models if models else ''}"
    yield from _table(report)
    for group, one in report["without"].items():
        yield f"{name} without {group}, whose strong answers were evidently not read: {one['rows']} rows"
        yield from _table(one)


def unseen_lines(found: Mapping[str, Mapping[str, float | None]]) -> Iterator[str]:
    """Yield the table of families of tasks that the fit never saw."""
    if not found:
        return
    yield "APGR on a family of tasks never seen, fitted on all others:"
    columns = ("prescore", "length", "agreement", "verifier")
    yield f"  {'':<36} {'rows':>6} " + " ".join(f"{column:>9}" for column in columns)
    for name, figures in found.items():
        yield f"  {name:<36} {figures['rows']:>6.0f} " + " ".join(f"{_number(figures.get(f'{column}_apgr')):>9}" for column in columns)


def _table(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {'':<11}" + "".join(f"{heading:>22}" for heading in HEADINGS)
    for policy, figures in report["policies"].items():
        cells = (_cell(figures[name], figures["intervals"][name]) for name in NAMES)
        yield f"  {policy + ('*' if policy == report['policy'] else ''):<11}" + "".join(f"{cell:>22}" for cell in cells)


def _cell(value: float | None, interval: tuple[float, float] | None) -> str:
    return _number(value) + (f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else "")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
