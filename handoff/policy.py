"""The Rasa policy that reads `handoff.yml`: when one of its criteria fires at a customer's message, a person is needed,
whatever rules and forms would say next."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from rasa.core.policies.policy import Policy, PolicyPrediction, SupportedData, confidence_scores_for
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException

from handoff import conditions_reading, criteria, floor, handoff_file
from handoff.criteria import Looked
from handoff.criteria_talk import HANDOFF_ACTION, Talk, talk_of
from handoff.handoff_file import HandoffFile, HandoffFileError

# Above RulePolicy (6): as sure as a rule is, a criterion goes first.
PRIORITY = 7
# As many turns as the bridge loads at least (`handoff.tracker_store.WINDOW_TURNS`).
MAX_HISTORY = 10
# Surer than RulePolicy's fallback (0.3), less so than any rule: a form goes on when the bot is back.
NOTHING_ELSE = 0.5
SLOTS = ("handoff_reason", "handoff_reason_detail", "handoff_criterion", "handoff_topic", "handoff_priority",
         "handoff_skills", "handoff_message", "handoff_spent")  # fmt: skip


class HandoffFileWrong(RasaException):
    """`handoff.yml` has mistakes. Rasa prints the message, and no stack trace."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("training stops here, because:\n" + "\n".join(f"  {mistake}" for mistake in mistakes))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class HandoffPolicy(Policy):
    """Predicts `action_handoff` at messages at which a criterion fires, and nothing at all otherwise.

    In config.yml: ``file`` (default handoff.yml) and ``max_history`` (default 10), how far criteria may look back.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"file": handoff_file.FILE, "max_history": MAX_HISTORY, "priority": PRIORITY}

    @staticmethod
    def supported_data() -> SupportedData:
        return SupportedData.ML_AND_RULE_DATA

    @staticmethod
    def required_packages() -> list[str]:
        return ["vaderSentiment", "py3langid"]

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """The file's content: a change of it is a change of the model. Runs before anything is trained, and so a
        mistake is told at once and not after a minute; what needs the domain is checked in `train`."""
        path = _path(config)
        _read(path, None)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        handoffs: HandoffFile | None = None,
    ) -> None:
        super().__init__(config, model_storage, resource, execution_context)
        self.handoffs = handoffs or HandoffFile()

    def train(self, training_trackers: list[Any], domain: Domain, **kwargs: Any) -> Resource:
        """Nothing is learnt: the file is checked, and kept in the model."""
        path = _path(self.config)
        self.handoffs = _read(path, domain_names(domain))
        _check_domain(domain)
        _check_span(self.handoffs, int(self.config["max_history"]), path.name)
        with self._model_storage.write_to(self._resource) as folder:
            (folder / handoff_file.FILE).write_bytes(path.read_bytes())
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> HandoffPolicy:
        with model_storage.read_from(resource) as folder:
            handoffs = _read(folder / handoff_file.FILE, None)
        return cls(config, model_storage, resource, execution_context, handoffs)

    def predict_action_probabilities(
        self, tracker: DialogueStateTracker, domain: Domain, rule_only_data: dict[str, Any] | None = None, **kwargs: Any
    ) -> PolicyPrediction:
        if self.handoffs.criteria and just_heard(tracker):
            talk = talk_of(tracker.events, tracker.current_slot_values())
            fired = criteria.decide(self.handoffs.criteria, talk)
            if fired:
                return self._hand_over(fired, talk, domain)
        elif tracker.latest_action_name == HANDOFF_ACTION:
            # No rule knows of a handoff that was none of its own, and RulePolicy would fall back. In a conversation the
            # pause ends the turn; in `rasa test` this does.
            return self._prediction(confidence_scores_for("action_listen", NOTHING_ELSE, domain))
        return self._prediction(self._default_predictions(domain))

    def _hand_over(self, fired: Looked, talk: Talk, domain: Domain) -> PolicyPrediction:
        return self._prediction(
            confidence_scores_for(HANDOFF_ACTION, 1.0, domain),
            optional_events=slot_events(fired, talk),
            # what a form predicts for itself overrules all that is not marked like this
            is_no_user_prediction=True,
            diagnostic_data={"criterion": fired.criterion.name, "detail": fired.finding.detail},
        )


def just_heard(tracker: DialogueStateTracker) -> bool:
    """Whether nothing was done yet since the customer's message."""
    for event in reversed(tracker.events):
        if event.type_name in ("user", "action"):
            return bool(event.type_name == "user")
    return False


def slot_events(fired: Looked, talk: Talk) -> list[Event]:
    """What `action_handoff` and the bridge are told. All slots are set, so that nothing of an earlier handoff stays."""
    criterion = fired.criterion
    values = {
        "handoff_reason": floor.POLICY,
        "handoff_reason_detail": fired.finding.detail,
        "handoff_criterion": criterion.name,
        "handoff_topic": criterion.topic,
        "handoff_priority": criterion.priority,
        "handoff_skills": list(criterion.skills),
        "handoff_message": criterion.message,
        "handoff_spent": criteria.spent(talk, fired),
    }
    return [SlotSet(name, values[name]) for name in SLOTS]


def domain_names(domain: Domain) -> conditions_reading.Domain:
    """The names that the file may mention."""
    return conditions_reading.Domain(
        intents=frozenset(domain.intents),
        slots=frozenset(slot.name for slot in domain.slots),
        forms=frozenset(domain.form_names),
        responses=frozenset(domain.responses),
    )


def _path(config: dict[str, Any]) -> Path:
    return Path(config.get("file") or handoff_file.FILE)


def _read(path: Path, domain: conditions_reading.Domain | None) -> HandoffFile:
    try:
        return handoff_file.load(path, domain)
    except HandoffFileError as error:
        raise HandoffFileWrong(error.mistakes) from error


def _check_domain(domain: Domain) -> None:
    slots = {slot.name: slot for slot in domain.slots}
    lacks = [f"domain.yml: the slot '{name}' is missing; HandoffPolicy sets it" for name in SLOTS if name not in slots]
    if HANDOFF_ACTION not in domain.action_names_or_texts:
        lacks.append(f"domain.yml: the action '{HANDOFF_ACTION}' is missing; HandoffPolicy predicts it")
    lacks += [
        f"domain.yml: the slot '{name}' must have 'influence_conversation: false': no rule expects it"
        for name in SLOTS
        if name in slots and slots[name].influence_conversation
    ]
    if lacks:
        raise HandoffFileWrong(tuple(lacks))


def _check_span(handoffs: HandoffFile, max_history: int, file: str) -> None:
    far = tuple(
        f"{file}, line {criterion.line}: criterion '{criterion.name}' looks back {criterion.when.turns} messages, "
        f"HandoffPolicy only {max_history}; raise its 'max_history' in config.yml"
        for criterion in handoffs.criteria
        if criterion.when.turns > max_history
    )
    if far:
        raise HandoffFileWrong(far)
