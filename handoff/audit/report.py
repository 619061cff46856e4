"""The audit's findings as text: a table of situations, a table of ways, and each miss word by word."""

from __future__ import annotations

from collections import Counter
from typing import Iterable, Sequence

from handoff.audit.play import TURNS, Result


def report(results: Sequence[Result], desk_asked: bool) -> str:
    """Everything to print. Misses come last, where they are seen."""
    parts = [
        _table("From where", ((result.case.situation.name, result) for result in results)),
        _table("Asked with", ((result.case.way, result) for result in results)),
        _paths(results),
        *(_miss(result) for result in results if result.turn is None),
        _verdict(results, desk_asked),
    ]
    return "\n\n".join(part for part in parts if part)


def missed(results: Iterable[Result]) -> int:
    return sum(result.turn is None for result in results)


def _table(heading: str, named: Iterable[tuple[str, Result]]) -> str:
    rows: dict[str, Counter[int | None]] = {}
    for name, result in named:
        rows.setdefault(name, Counter())[result.turn] += 1
    names = [*(f"turn {turn}" for turn in range(1, TURNS + 1)), "missed"]
    width = max(map(len, [heading, *rows]))
    lines = ["  ".join([heading.ljust(width), *(name.rjust(7) for name in names)])]
    lines.append("  ".join(["-" * width, *("-" * 7 for _ in names)]))
    for row, counts in rows.items():
        cells = [counts[turn] for turn in (*range(1, TURNS + 1), None)]
        lines.append("  ".join([row.ljust(width), *((str(cell) if cell else "").rjust(7) for cell in cells)]).rstrip())
    return "\n".join(lines)


def _paths(results: Sequence[Result]) -> str:
    counts = Counter(path for result in results for path in result.paths)
    return "Paths: " + ", ".join(f"{path} {count}" for path, count in counts.most_common()) if counts else ""


def _miss(result: Result) -> str:
    head = f"MISSED  {result.case.situation.name} / “{result.case.way}”: {result.why}"
    return "\n".join([head, *(f"    {line}" for line in result.talk)])


def _verdict(results: Sequence[Result], desk_asked: bool) -> str:
    reached = len(results) - missed(results)
    words = f"{reached} of {len(results)} found a path to a person within {TURNS} turns of asking."
    if not desk_asked:
        words += " No desk was asked, so a transfer counts as soon as it is announced."
    return words
