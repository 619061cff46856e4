"""One evaluation from beginning to end: the trained model reads the held-out messages and plays the dialogues."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from rasa.core.agent import Agent
from rasa.core.tracker_store import InMemoryTrackerStore

from handoff.evaluation import baseline, scores, transfer
from handoff.evaluation.action_server import running_actions
from handoff.evaluation.dialogues import read_dialogues
from handoff.evaluation.player import Played, play_all
from handoff.evaluation.readings import Reading, read_examples, read_with

HELD_OUT = Path("tests/nlu/heldout.yml")
DIALOGUES = Path("tests/dialogues")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Evaluation:
    """All that was seen. ``threshold`` and ``ambiguity`` are the model's own FallbackClassifier's."""

    readings: tuple[Reading, ...]
    played: tuple[Played, ...]
    threshold: float
    ambiguity: float

    @property
    def understanding(self) -> scores.Understanding:
        return scores.understanding(self.readings)

    @property
    def transfer(self) -> transfer.TransferScores:
        return transfer.score([played.pair for played in self.played])

    @property
    def figures(self) -> dict[str, float]:
        return baseline.figures(self.understanding, self.transfer)


def evaluate(model: Path, root: Path = Path(), progress: Progress | None = None) -> Evaluation:
    """Evaluate a trained model with the actions under ``root``.

    Raises:
        ActionServerFailed, DialogueError, TurnFailed: see there.
    """
    with running_actions(root) as actions_url:
        return asyncio.run(_evaluate(load(model), actions_url, root, progress))


def load(model: Path) -> Agent:
    """The agent, with conversations in memory."""
    agent = Agent.load(str(model))
    agent.tracker_store = agent.processor.tracker_store = InMemoryTrackerStore(agent.processor.domain)
    return agent


async def _evaluate(agent: Agent, actions_url: str, root: Path, progress: Progress | None) -> Evaluation:
    def tell(what: str) -> Callable[[int, int], None] | None:
        return (lambda done, of: progress(what, done, of)) if progress else None

    readings = await read_with(agent, read_examples(root / HELD_OUT), tell("messages"))
    played = await play_all(agent, actions_url, read_dialogues(root / DIALOGUES), tell("dialogues"))
    threshold, ambiguity = fallback_settings(agent)
    return Evaluation(tuple(readings), tuple(played), threshold, ambiguity)


def fallback_settings(agent: Agent) -> tuple[float, float]:
    """Threshold and ambiguity threshold of the model's FallbackClassifier; zeros without one."""
    for node in agent.processor.model_metadata.predict_schema.nodes.values():
        if node.uses.__name__ == "FallbackClassifier":
            return float(node.config.get("threshold", 0.3)), float(node.config.get("ambiguity_threshold", 0.1))
    return 0.0, 0.0
