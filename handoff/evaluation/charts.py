"""Charts as SVG that takes its colours from the page, so that they are right in light and in dark."""

from __future__ import annotations

from html import escape
from typing import Iterable, Sequence

from handoff.evaluation.scores import Bin, Threshold

Point = tuple[float, float]
_WIDTH, _HEIGHT = 420, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 12, 40


class Plot:
    """A plane with x and y from 0 to their limits, drawn piece by piece."""

    def __init__(self, label: str, x_label: str, y_label: str, x_max: float = 1.0, y_max: float = 1.0) -> None:
        self._label, self._x_max, self._y_max = label, x_max, y_max
        self._parts = [
            f'<text class="axis" x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 6}" text-anchor="middle">'
            f"{escape(x_label)}</text>",
            f'<text class="axis" transform="translate(11 {(_TOP + _HEIGHT - _BOTTOM) / 2}) rotate(-90)" '
            f'text-anchor="middle">{escape(y_label)}</text>',
        ]

    def x(self, value: float) -> float:
        return round(_LEFT + value / self._x_max * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        return round(_HEIGHT - _BOTTOM - value / self._y_max * (_HEIGHT - _TOP - _BOTTOM), 1)

    def ticks(self, xs: Iterable[tuple[float, str]], ys: Iterable[tuple[float, str]]) -> Plot:
        for value, text in xs:
            self._text(self.x(value), self.y(0) + 15, text, "middle")
        for value, text in ys:
            y = self.y(value)
            self._parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>')
            self._text(_LEFT - 6, y + 4, text, "end")
        return self

    def line(self, points: Sequence[Point], role: str) -> Plot:
        path = " ".join(f"{self.x(x)},{self.y(y)}" for x, y in points)
        self._parts.append(f'<polyline class="line {role}" points="{path}"/>')
        return self

    def dots(self, points: Iterable[tuple[float, float, float, str]], role: str) -> Plot:
        """Each as x, y, radius, what the pointer is told."""
        for x, y, radius, title in points:
            self._parts.append(
                f'<circle class="dot {role}" cx="{self.x(x)}" cy="{self.y(y)}" r="{radius:.1f}">'
                f"<title>{escape(title)}</title></circle>"
            )
        return self

    def bar(self, x: float, width: float, low: float, high: float, role: str, title: str) -> Plot:
        left, top = self.x(x), self.y(high)
        self._parts.append(
            f'<rect class="bar {role}" x="{left + 1}" y="{top}" width="{max(self.x(x + width) - left - 2, 1):.1f}" '
            f'height="{max(self.y(low) - top, 0):.1f}"><title>{escape(title)}</title></rect>'
        )
        return self

    def mark(self, x: float, text: str) -> Plot:
        """A dashed line up at x, with a word beside it."""
        at = self.x(x)
        self._parts.append(f'<line class="mark" x1="{at}" x2="{at}" y1="{_TOP}" y2="{self.y(0)}"/>')
        anchor, place = ("end", at - 5) if x > self._x_max / 2 else ("start", at + 5)
        self._text(place, _TOP + 10, text, anchor)
        return self

    def _text(self, x: float, y: float, text: str, anchor: str) -> None:
        self._parts.append(f'<text class="tick" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>')

    def svg(self) -> str:
        inside = "".join(self._parts)
        return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(self._label)}">{inside}</svg>'


_TENTHS = [(step / 5, f"{step / 5:.1f}") for step in range(6)]
_PERCENT = [(step / 4, f"{25 * step}%") for step in range(5)]


def histogram(right: Sequence[float], wrong: Sequence[float]) -> str:
    """How sure the model was of what it read rightly and wrongly: counts in twenty steps of confidence."""
    steps = 20
    counts = [
        [sum(min(int(value * steps), steps - 1) == step for value in values) for step in range(steps)]
        for values in (right, wrong)
    ]
    top = _round_up(max(map(sum, zip(*counts, strict=True)), default=1))
    plot = Plot("Confidence of right and wrong readings", "Confidence", "Messages", y_max=top)
    plot.ticks(_TENTHS, [(top * part / 4, f"{top * part / 4:.0f}") for part in range(5)])
    for step, (good, bad) in enumerate(zip(*counts, strict=True)):
        span = f"{step / steps:.2f} to {(step + 1) / steps:.2f}"
        plot.bar(step / steps, 1 / steps, 0, bad, "danger", f"{span}: {bad} wrong")
        plot.bar(step / steps, 1 / steps, bad, bad + good, "accent", f"{span}: {good} right")
    return plot.svg()


def reliability(bins: Sequence[Bin]) -> str:
    """Confidence against the share that was right; on the diagonal the confidence can be taken at its word."""
    plot = Plot("Calibration of the confidence", "Mean confidence", "Read rightly").ticks(_TENTHS, _PERCENT)
    plot.line([(0, 0), (1, 1)], "muted").line([(each.confidence, each.accuracy) for each in bins], "accent")
    return plot.dots(
        [
            (
                each.confidence,
                each.accuracy,
                3 + min(each.count, 150) / 40,
                f"{each.count} messages, mean confidence {each.confidence:.2f}, {each.accuracy:.0%} right",
            )
            for each in bins
        ],
        "accent",
    ).svg()


def thresholds(curve: Sequence[Threshold], chosen: float) -> str:
    """Caught nonsense, rejected good messages and wrong readings acted on, against the confidence threshold."""
    plot = Plot("What each threshold catches and rejects", "Threshold", "Share of messages")
    plot.ticks(_TENTHS, _PERCENT)
    plot.line([(each.at, each.caught) for each in curve], "accent")
    plot.line([(each.at, each.rejected_good) for each in curve], "warning")
    plot.line([(each.at, each.wrongly_acted_on) for each in curve], "danger")
    return plot.mark(chosen, f"in use: {chosen:.2f}").svg()


def lateness(counts: dict[int, int]) -> str:
    """How many dialogues were handed over how many turns early (below 0) or late (above)."""
    reach = max([3, *map(abs, counts)])
    top = _round_up(max(counts.values(), default=1))
    plot = Plot("Turns early or late", "Turns late (below 0: early)", "Dialogues", x_max=2 * reach + 1, y_max=top)
    turns = range(-reach, reach + 1)
    plot.ticks(
        [(turn + reach + 0.5, f"{turn:+d}" if turn else "0") for turn in turns],
        [(top * part / 4, f"{top * part / 4:.0f}") for part in range(5)],
    )
    for turn in turns:
        count = counts.get(turn, 0)
        plot.bar(turn + reach, 1, 0, count, "accent" if turn == 0 else "warning", f"{turn:+d}: {count} dialogues")
    return plot.svg()


def _round_up(value: int) -> int:
    """The next number that divides by four nicely."""
    step = next(step for step in (4, 8, 20, 40, 80, 200, 400, 800, 2000, 10**9) if value <= 10 * step)
    return max(step, -(-value // step) * step)
