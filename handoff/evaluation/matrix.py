"""The confusion matrix as SVG: what was meant in rows, what was read in columns."""

from __future__ import annotations

from html import escape
from typing import Sequence

_CELL, _LABELS = 22, 150


def confusion_svg(names: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """Rows are intents that were meant, columns what was read. The larger the share of its row, the stronger a cell."""
    size = _LABELS + len(names) * _CELL
    parts = [_labels(names)]
    for row, (meant, read_counts) in enumerate(zip(names, counts, strict=True)):
        total = sum(read_counts)
        for column, (read, count) in enumerate(zip(names, read_counts, strict=True)):
            if count:
                parts.append(_cell(row, column, count, total, f"{meant} read as {read}: {count} of {total}"))
    inside = "".join(parts)
    attributes = f'viewBox="0 0 {size} {size}" width="{size}" role="img" aria-label="Confusion matrix"'
    return f'<svg class="matrix" {attributes}>{inside}</svg>'


def _labels(names: Sequence[str]) -> str:
    parts = []
    for place, name in enumerate(names):
        middle = _LABELS + place * _CELL + _CELL / 2
        parts.append(f'<text class="tick" x="{_LABELS - 6}" y="{middle + 4}" text-anchor="end">{escape(name)}</text>')
        parts.append(
            f'<text class="tick" transform="translate({middle + 4} {_LABELS - 6}) rotate(-90)">{escape(name)}</text>'
        )
        edge = _LABELS + place * _CELL
        end = _LABELS + len(names) * _CELL
        parts.append(f'<line class="grid" x1="{_LABELS}" x2="{end}" y1="{edge}" y2="{edge}"/>')
        parts.append(f'<line class="grid" y1="{_LABELS}" y2="{end}" x1="{edge}" x2="{edge}"/>')
    return "".join(parts)


def _cell(row: int, column: int, count: int, total: int, title: str) -> str:
    x, y = _LABELS + column * _CELL, _LABELS + row * _CELL
    role = "accent" if row == column else "danger"
    strength = 0.15 + 0.6 * count / total
    return (
        f'<g><title>{escape(title)}</title><rect class="{role}" x="{x}" y="{y}" width="{_CELL}" height="{_CELL}" '
        f'fill-opacity="{strength:.2f}"/><text class="count" x="{x + _CELL / 2}" y="{y + 15}" '
        f'text-anchor="middle">{count}</text></g>'
    )
