"""Our own components of the pipeline, trained by Rasa on a few examples."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from rasa.core.agent import Agent
from rasa.model_training import train_nlu
from rasa.shared.exceptions import InvalidConfigException

from handoff.answer_selector import AnswerSelector
from handoff.sentence_encoder import SentenceEncoder, encoded

CONFIG = """
recipe: default.v1
assistant_id: test
language: en
pipeline:
  - name: WhitespaceTokenizer
  - name: CountVectorsFeaturizer
  - name: handoff.sentence_encoder.SentenceEncoder
    scale: 8
  - name: LogisticRegressionClassifier
  - name: handoff.answer_selector.AnswerSelector
    retrieval_intent: question
"""
DATA = """
version: "3.1"
nlu:
- intent: track_order
  examples: |
    - where is my order
    - track my order
    - has my order been sent
    - when will it arrive
    - I am waiting for my delivery
- intent: question/care
  examples: |
    - can it go in the dishwasher
    - how do I clean the mug
- intent: question/sizes
  examples: |
    - how big is the bowl
    - what are the measurements
responses:
  utter_question/care: [{text: By hand.}]
  utter_question/sizes: [{text: On its page.}]
"""


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Agent:
    folder = tmp_path_factory.mktemp("pipeline")
    (folder / "config.yml").write_text(CONFIG)
    (folder / "nlu.yml").write_text(DATA)
    return Agent.load(train_nlu(str(folder / "config.yml"), str(folder / "nlu.yml"), str(folder)))


def read(agent: Agent, text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = asyncio.run(agent.parse_message(text))
    return parsed


def test_texts_of_one_meaning_lie_closer_than_others_without_sharing_a_word() -> None:
    asked, meant, other = map(encoded, ("where is my parcel", "any news of the package?", "can I pay by card?"))
    assert np.dot(asked, meant) > np.dot(asked, other) + 0.1
    assert np.linalg.norm(asked) == pytest.approx(1, abs=1e-3)


def test_a_message_in_capitals_means_what_it_means_in_small_letters() -> None:
    assert np.array_equal(encoded("AGENT!"), encoded("agent!"))
    assert not np.array_equal(encoded("Is Reading a town?"), encoded("is reading a town?"))  # a name stays one


def test_what_is_said_in_words_that_the_data_lacks_is_understood(agent: Agent) -> None:
    assert read(agent, "why did the parcel not come yet")["intent"]["name"] == "track_order"


def test_a_question_gets_the_answer_that_fits_it(agent: Agent) -> None:
    selected = read(agent, "is it safe to wash the cup by machine")["response_selector"]["question"]
    assert selected["response"]["intent_response_key"] == "question/care"
    assert selected["response"]["utter_action"] == "utter_question/care"
    assert sum(answer["confidence"] for answer in selected["ranking"]) == pytest.approx(1)


def test_other_messages_are_given_no_answer(agent: Agent) -> None:
    assert not read(agent, "where is my order").get("response_selector")


@pytest.mark.parametrize("scale", [0, -1, "8", True])
def test_a_length_that_makes_no_sense_is_refused(scale: Any) -> None:
    with pytest.raises(InvalidConfigException, match="scale"):
        SentenceEncoder.validate_config({"scale": scale})


def test_the_answers_intent_has_to_be_named() -> None:
    with pytest.raises(InvalidConfigException, match="retrieval_intent"):
        AnswerSelector.validate_config({})
