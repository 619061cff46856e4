"""The graph of stories and rules, as `rasa visualize` builds it, drawn from left to right without a network."""

from __future__ import annotations

from collections import defaultdict
from html import escape
from pathlib import Path
from typing import Any

from rasa.shared.core.domain import Domain
from rasa.shared.core.training_data.loading import load_data_from_resource
from rasa.shared.core.training_data.visualization import visualize_stories

_COLUMN, _ROW, _BOX, _MARGIN = 230, 24, 190, 10
_LONGEST_LABEL = 30
_HISTORY = 2  # as `rasa visualize` merges: nodes with the same last two steps are one


def story_graph_svg(root: Path) -> str:
    """The SVG of all stories and rules under ``root``."""
    domain = Domain.load(str(root / "domain" if (root / "domain").is_dir() else root / "domain.yml"))
    steps = load_data_from_resource(str(root / "data"), domain)
    graph = visualize_stories(steps, domain, output_file=None, max_history=_HISTORY)
    return draw(graph)


def draw(graph: Any) -> str:
    """A networkx graph as Rasa makes it (a node 0 to start from, labels in quotes) as SVG."""
    places = _places(graph)
    width = _MARGIN * 2 + _BOX + _COLUMN * max((x for x, _ in places.values()), default=0)
    height = _MARGIN * 2 + _ROW * (1 + max((y for _, y in places.values()), default=0))
    lines = [_edge(places[start], places[end]) for start, end in sorted(set(graph.edges())) if start != end]
    boxes = [_node(places[node], data) for node, data in graph.nodes(data=True)]
    return (
        f'<svg class="graph" viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="Story graph">'
        f"{''.join(lines)}{''.join(boxes)}</svg>"
    )


def _places(graph: Any) -> dict[Any, tuple[int, int]]:
    """Column (steps from the start) and row of each node; a row near those of the nodes that lead to it."""
    depths: dict[Any, int] = {}
    waiting = [(node, 0) for node in graph.nodes() if graph.in_degree(node) == 0] or [(next(iter(graph.nodes())), 0)]
    while waiting:
        node, depth = waiting.pop(0)
        if node not in depths:
            depths[node] = depth
            waiting += [(child, depth + 1) for child in sorted(graph.successors(node), key=str)]
    columns: dict[int, list[Any]] = defaultdict(list)
    for node, depth in depths.items():
        columns[depth].append(node)
    places: dict[Any, tuple[int, int]] = {}
    for depth in sorted(columns):
        free = 0
        for node in sorted(columns[depth], key=lambda node: (_wanted(graph, node, places), str(node))):
            free = max(free, round(_wanted(graph, node, places)))
            places[node] = (depth, free)
            free += 1
    return places


def _wanted(graph: Any, node: Any, places: dict[Any, tuple[int, int]]) -> float:
    rows = [places[parent][1] for parent in graph.predecessors(node) if parent in places]
    return min(rows, default=0)


def _corner(place: tuple[int, int]) -> tuple[int, int]:
    return _MARGIN + place[0] * _COLUMN, _MARGIN + place[1] * _ROW


def _edge(start: tuple[int, int], end: tuple[int, int]) -> str:
    (x1, y1), (x2, y2) = _corner(start), _corner(end)
    x1, y1, y2 = x1 + _BOX, y1 + 9, y2 + 9
    bend = 24 if x2 > x1 else 40
    return f'<path class="edge" d="M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"/>'


def _node(place: tuple[int, int], data: dict[str, Any]) -> str:
    x, y = _corner(place)
    label = str(data.get("label", "")).strip('"').strip()
    shown = label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1] + "…"
    role = "intent" if "intent" in str(data.get("class", "")) else "action"
    return (
        f'<g class="node {role}"><title>{escape(label)}</title>'
        f'<rect x="{x}" y="{y}" width="{_BOX}" height="18" rx="4"/>'
        f'<text class="tick" x="{x + 8}" y="{y + 13}">{escape(shown)}</text></g>'
    )
