"""A pipeline component that chooses the answer to a question of a retrieval intent, such as `product_question/care`.

It does what Rasa's ResponseSelector does, from the same data and with the same output, with logistic regression on the
pipeline's features instead of a neural network: measured in docs/decisions/0014-pipeline.md. It works only on messages
that were read as its intent, so that every other message costs nothing; it stands behind the intent classifier.
"""

from __future__ import annotations

from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import (
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RESPONSE_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.nlu.training_data.util import intent_response_key_to_template_key


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class AnswerSelector(LogisticRegressionClassifier):
    """Chooses among the answers of one ``retrieval_intent``. The other settings are LogisticRegressionClassifier's."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {**LogisticRegressionClassifier.get_default_config(), "retrieval_intent": None}

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Raises:
        InvalidConfigException: no retrieval intent is named.
        """
        if not config.get("retrieval_intent"):
            raise InvalidConfigException(
                "AnswerSelector in config.yml: 'retrieval_intent' is missing; name the intent."
            )

    def _create_training_matrix(self, training_data: TrainingData) -> tuple[Any, list[str]]:
        questions = [
            example
            for example in training_data.intent_examples
            if example.get(INTENT_RESPONSE_KEY) and example.get(TEXT) and example.get(INTENT) == self._intent
        ]
        if not questions:
            raise InvalidConfigException(
                f"AnswerSelector in config.yml: no example of '{self._intent}/...' is in the training data."
            )
        return self._create_X(questions), [example.get(INTENT_RESPONSE_KEY) for example in questions]

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the chosen answer, and how likely the others are, to the messages that were read as the intent."""
        asked = [message for message in messages if self._is_asked(message)]
        if asked:
            for message, shares in zip(asked, self.clf.predict_proba(self._create_X(asked)), strict=True):
                self._answer(message, dict(zip(self.clf.classes_, map(float, shares), strict=True)))
        return messages

    @property
    def _intent(self) -> str:
        return str(self.config["retrieval_intent"])

    def _is_asked(self, message: Message) -> bool:
        read = message.get(INTENT)
        return bool(message.get(TEXT)) and isinstance(read, dict) and read.get(INTENT_NAME_KEY) == self._intent

    def _answer(self, message: Message, shares: dict[str, float]) -> None:
        ranking = [
            {INTENT_RESPONSE_KEY: key, PREDICTED_CONFIDENCE_KEY: shares[key]}
            for key in sorted(shares, key=lambda key: -shares[key])
        ]
        action = intent_response_key_to_template_key(ranking[0][INTENT_RESPONSE_KEY])
        chosen = {
            self._intent: {
                "response": {**ranking[0], "responses": [], "utter_action": action},
                "ranking": ranking[:10],
            },
            "all_retrieval_intents": [self._intent],
        }
        message.set("response_selector", {**message.get("response_selector", {}), **chosen}, add_to_output=True)
