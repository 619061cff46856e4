"""How `handoff.yml` compares a value, of a slot or of the customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Mapping


@dataclass(frozen=True)
class Comparison:
    """One comparison of a value: ``equals``, ``not``, ``above``, ``below``, ``in``, ``is_set``, ``starts_with``."""

    way: str
    value: Any

    def holds(self, value: Any) -> bool:
        return COMPARISONS[self.way](value, self.value)

    def __str__(self) -> str:
        if self.way == "is_set":
            return "is set" if self.value else "is not set"
        shown = ", ".join(map(str, self.value)) if isinstance(self.value, tuple) else str(self.value)
        return f"{'is one of' if self.way == 'in' else self.way.replace('_', ' ')} {shown}"


def plain(text: str) -> str:
    """Text as it is compared: case and the shape of apostrophes do not matter."""
    return text.replace("’", "'").casefold()


def number(value: Any) -> float | None:
    """A number, also one that a customer typed as text."""
    try:
        return None if isinstance(value, bool) else float(str(value).replace(",", ".").strip())
    except ValueError:
        return None


def _same(value: Any, other: Any) -> bool:
    if isinstance(value, str) and isinstance(other, str):
        return plain(value.strip()) == plain(other.strip())
    if isinstance(value, bool) or isinstance(other, bool):
        return value is other
    return bool(value == other) or (number(value) is not None and number(value) == number(other))


def _over(value: Any, limit: float) -> bool:
    found = number(value)
    return found is not None and found > limit


def _under(value: Any, limit: float) -> bool:
    found = number(value)
    return found is not None and found < limit


COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": _same,
    "not": lambda value, other: value is not None and not _same(value, other),
    "above": _over,
    "below": _under,
    "in": lambda value, others: any(_same(value, other) for other in others),
    "is_set": lambda value, wanted: (value is not None) is wanted,
    "starts_with": lambda value, start: isinstance(value, str) and plain(value).startswith(plain(str(start))),
}
