"""What the model reads in held-out messages (`tests/nlu/heldout.yml`), and in the folds of Rasa's cross-validation."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Mapping

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
from rasa.shared.nlu.training_data.formats.rasa_yaml import RasaYAMLReader

FALLBACK = "nlu_fallback"
OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True)
class Example:
    """A labelled message. ``answer`` is the full retrieval intent (``product_question/care``) if it has one; ``near``
    the intent that it is easily mistaken for."""

    text: str
    intent: str
    answer: str | None = None
    near: str | None = None

    @property
    def sets_thresholds(self) -> bool:
        """Half of the messages, by a digest of the text, choose the thresholds; the other half says how well they
        do."""
        return hashlib.sha256(self.text.encode()).digest()[0] % 2 == 0


@dataclass(frozen=True)
class Reading:
    """What the model makes of an example. ``ranking`` is without the fallback, best first, as (intent, confidence);
    ``decided`` the intent that the bot acts on, `FALLBACK` included; ``milliseconds`` of the whole pipeline."""

    example: Example
    decided: str
    ranking: tuple[tuple[str, float], ...]
    answer: str | None = None
    milliseconds: float = 0.0

    @property
    def best(self) -> str:
        return self.ranking[0][0] if self.ranking else FALLBACK

    @property
    def confidence(self) -> float:
        return self.ranking[0][1] if self.ranking else 0.0

    @property
    def lead(self) -> float:
        """How far the best intent is above the second."""
        return self.confidence - (self.ranking[1][1] if len(self.ranking) > 1 else 0.0)

    @property
    def in_scope_confidence(self) -> float:
        """Of the likeliest intent that means something: low for nonsense, if all is well."""
        return max((confidence for intent, confidence in self.ranking if intent != OUT_OF_SCOPE), default=0.0)

    @property
    def is_right(self) -> bool:
        return self.best == self.example.intent


def read_examples(file: Path) -> list[Example]:
    """The messages of a file in Rasa's NLU format, in order."""
    found = []
    for message in RasaYAMLReader().read(file).training_examples:
        near = ((message.get("metadata") or {}).get("intent") or {}).get("near")
        answer = message.get_full_intent() if message.get("intent_response_key") else None
        found.append(Example(message.get("text"), message.get("intent"), answer, near))
    return found


async def read_with(
    agent: Agent, examples: list[Example], progress: Callable[[int, int], None] | None = None
) -> list[Reading]:
    """Let the model read every example, one at a time as in life."""
    await agent.parse_message("hello")  # what is slow only once
    readings = []
    for number, example in enumerate(examples, start=1):
        started = time.process_time()
        parsed = await agent.parse_message(example.text)
        readings.append(_reading(example, parsed, 1000 * (time.process_time() - started)))
        if progress:
            progress(number, len(examples))
    return readings


def read_together(agent: Agent, examples: list[Example], at_once: int = 256) -> list[Reading]:
    """The same readings in a third of the time, many messages to a pass; of the times, only the sum means something."""
    readings = []
    processor = agent.processor
    for start in range(0, len(examples), at_once):
        batch = examples[start : start + at_once]
        target = processor.model_metadata.nlu_target
        messages = [UserMessage(example.text) for example in batch]
        inputs = {PLACEHOLDER_MESSAGE: messages, PLACEHOLDER_TRACKER: None}
        parsed = processor.graph_runner.run(inputs=inputs, targets=[target])[target]
        readings += [_reading(e, message.data, 0.0) for e, message in zip(batch, parsed, strict=True)]
    return readings


def _reading(example: Example, parsed: Mapping[str, Any], milliseconds: float) -> Reading:
    ranking = [(str(entry["name"]), float(entry["confidence"])) for entry in parsed["intent_ranking"]]
    decided = str(parsed["intent"]["name"])
    return Reading(
        example=example,
        decided=decided,
        ranking=tuple(entry for entry in ranking if entry[0] != FALLBACK),
        answer=_answer(parsed.get("response_selector") or {}, example) if example.answer else None,
        milliseconds=milliseconds,
    )


def _answer(selectors: Mapping[str, Any], example: Example) -> str | None:
    """What the response selector of the example's intent chose; None without one."""
    selected = selectors.get(example.intent) or selectors.get("default") or {}
    key: str | None = (selected.get("response") or {}).get("intent_response_key")
    return key


def cross_validated(folder: Path) -> list[tuple[str, str, str, float]]:
    """Rasa's own cross-validation (`rasa test nlu --cross-validation --successes --out FOLDER`) as (text, intent,
    decided, confidence), sorted by text."""
    rows: list[tuple[str, str, str, float]] = []
    for name in ("intent_successes.json", "intent_errors.json"):
        file = folder / name
        if file.exists():
            for entry in json.loads(file.read_text()):
                read = entry["intent_prediction"]
                rows.append((entry["text"], entry["intent"], read["name"] or FALLBACK, float(read["confidence"])))
    return sorted(rows)
