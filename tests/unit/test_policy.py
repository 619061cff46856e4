"""The policy in the project's own model: what it predicts, what it hands on, and that the model needs no file."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from rasa.core.agent import Agent
from rasa.core.policies.policy import PolicyPrediction
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.engine.training.fingerprinting import calculate_fingerprint_key
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker

from handoff.criteria_explain import as_event
from handoff.criteria_talk import talk_of
from handoff.policy import SLOTS, HandoffFileWrong, HandoffPolicy
from tests.support.talks import Events, action, asks, said, slot, with_person
from tests.unit.test_criteria import TALKS

ROOT = Path(__file__).resolve().parents[2]
NONSENSE = said("wxplk", "nlu_fallback")
BAD = said("terrible awful service", "complaint")
FORM = asks("track_order_form", "order_number")
DOWN = [
    action("action_order_status"),
    {"event": "bot", "text": "x", "metadata": {"utter_action": "utter_shop_unavailable"}},
]


@pytest.fixture(scope="module")
def agent(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Agent:
    """Loaded in a folder without handoff.yml: the model has it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        return Agent.load(str(model))


def predict(agent: Agent, events: Events, **slots: Any) -> PolicyPrediction:
    assert agent.processor is not None
    domain = agent.processor.domain
    told = [*(slot(name, value) for name, value in slots.items()), *events]
    tracker = DialogueStateTracker.from_dict("c1", [{"timestamp": 0.0, **event} for event in told], domain.slots)
    return agent.processor._predict_next_with_tracker(tracker)


def predicted(agent: Agent, prediction: PolicyPrediction) -> str:
    assert agent.processor is not None
    return str(agent.processor.domain.action_names_or_texts[prediction.max_confidence_index])


def told(prediction: PolicyPrediction) -> dict[str, Any]:
    return {event.key: event.value for event in prediction.events if isinstance(event, SlotSet)}


@pytest.mark.parametrize(
    ("criterion", "events"),
    [
        ("voice note or picture", said("[document]", None, 0.0, kind="document")),
        ("voice note or picture", said("[audio]", None, 0.0, kind="audio")),
        ("wholesale customer", said(customer={"phone": "447700900987"})),
        ("bot fails", [*said("a", "track_order"), *DOWN, *said("b", "track_order"), *DOWN, *said()]),
        ("bad rating", [*said("/rate_service", "rate_service"), slot("rating", 1)]),
        ("dear order in trouble", [*said("where is 1058", "track_order"), slot("order_total", 115), *BAD]),
        ("safety", said("I was injured", "complaint")),
        ("safety", [*said("where is it", "track_order"), *FORM, *said("I was injured", "inform")]),
        (
            "stuck in a form",
            [*said("a", "track_order"), *FORM, *said("b", "deny"), *FORM, *said("c"), *FORM, *said("d")],
        ),
    ],
)
def test_a_criterion_goes_before_rules_and_forms(agent: Agent, criterion: str, events: Events) -> None:
    prediction = predict(agent, events)
    assert predicted(agent, prediction) == "action_handoff"
    assert prediction.policy_name is not None and prediction.policy_name.endswith("HandoffPolicy")
    values = told(prediction)
    assert set(values) == set(SLOTS)
    assert (values["handoff_criterion"], values["handoff_reason"]) == (criterion, "policy")
    assert values["handoff_reason_detail"]


def test_what_the_criterion_says_reaches_the_slots(agent: Agent) -> None:
    assert told(predict(agent, said("I was injured", "complaint"))) == {
        "handoff_reason": "policy",
        "handoff_reason_detail": "wrote “injured”",
        "handoff_criterion": "safety",
        "handoff_topic": "products",
        "handoff_priority": "urgent",
        "handoff_skills": ["products"],
        "handoff_message": "utter_person_safety",
        "handoff_spent": {},
    }


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (said("hi", "greet"), "utter_greet"),
        ([*said("where is it", "track_order"), *FORM, *said("1042", "inform")], "track_order_form"),
        ([*said("hi", "greet"), action("utter_greet")], "action_listen"),
        (said("I want a person", "request_human"), "action_handoff"),
        ([*NONSENSE, action("action_handoff")], "action_listen"),
        (
            [*said("where is it", "track_order"), *FORM, *said("I was injured"), action("action_handoff")],
            "track_order_form",
        ),
        ([*with_person("cancelled"), *said("I was injured", "greet")], "utter_greet"),
    ],
)
def test_otherwise_it_has_no_say(agent: Agent, events: Events, expected: str) -> None:
    prediction = predict(agent, events)
    assert predicted(agent, prediction) == expected
    assert not told(prediction)


def test_a_lasting_fact_is_remembered_in_a_slot(agent: Agent) -> None:
    wholesale = said("hi", "greet", customer={"phone": "447700900987"})
    spent = told(predict(agent, wholesale))["handoff_spent"]
    assert spent["wholesale customer"]["facts"] == {"phone": "447700900987"}
    assert predicted(agent, predict(agent, wholesale, handoff_spent=spent)) == "utter_greet"


def test_the_bridge_loads_as_many_turns_as_criteria_look_back(agent: Agent) -> None:
    from handoff.bot import longest_history

    assert longest_history(agent) >= 10


# --- training


def train(folder: Path, text: str, domain: Domain, **config: Any) -> None:
    (folder / "handoff.yml").write_text(text)
    settings = {**HandoffPolicy.get_default_config(), "file": str(folder / "handoff.yml"), **config}
    storage = LocalModelStorage.create(folder / "storage")
    context = ExecutionContext(GraphSchema({}))
    policy = HandoffPolicy.create(settings, storage, Resource("policy"), context)
    policy.train([], domain)
    loaded = HandoffPolicy.load(settings, storage, Resource("policy"), context)
    assert loaded.handoffs == policy.handoffs


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain.from_path(str(ROOT / "domain.yml"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "storage").mkdir()
    return tmp_path


CRITERION = "version: 1\ncriteria:\n  - name: x\n    when: "


def test_what_was_trained_is_loaded(folder: Path, domain: Domain) -> None:
    train(folder, (ROOT / "handoff.yml").read_text(), domain)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{CRITERION}{{intent: trak_order}}", "handoff.yml, line 4: criterion 'x', intent: the domain has no intent"),
        (f"{CRITERION}{{keywrd: x}}", "handoff.yml, line 4: criterion 'x': 'keywrd' is not known here"),
        (f"{CRITERION}{{fallback_count: {{at_least: 3, turns: 30}}}}", "looks back 30 messages, HandoffPolicy only 10"),
    ],
)
def test_a_mistake_stops_training_with_its_line(folder: Path, domain: Domain, text: str, message: str) -> None:
    with pytest.raises(HandoffFileWrong) as caught:
        train(folder, text, domain)
    assert message in str(caught.value)


def test_a_span_that_the_configuration_allows_is_right(folder: Path, domain: Domain) -> None:
    train(folder, f"{CRITERION}{{fallback_count: {{at_least: 3, turns: 30}}}}", domain, max_history=30)


def test_what_the_domain_lacks_is_told(folder: Path) -> None:
    with pytest.raises(HandoffFileWrong, match=r"the slot 'handoff_reason' is missing[^ꙮ]*'action_handoff' is missing"):
        train(folder, "version: 1", Domain.empty())


def test_a_change_of_the_file_is_a_change_of_the_model(folder: Path) -> None:
    config = {"file": str(folder / "handoff.yml")}

    def key(text: str) -> str:
        (folder / "handoff.yml").write_text(text)
        return str(calculate_fingerprint_key(HandoffPolicy, config, {}))

    assert key("version: 1") == key("version: 1") != key("version: 1\nhours: always")
    with pytest.raises(HandoffFileWrong, match="line 1"):
        key("version: 3")
    shutil.rmtree(folder / "storage")
    (folder / "handoff.yml").unlink()
    with pytest.raises(HandoffFileWrong, match="the file cannot be read"):
        HandoffPolicy.fingerprint_addon(config)


@settings(max_examples=50, deadline=None)
@given(TALKS)
def test_rasas_events_are_read_as_the_stored_ones_are(events: Events) -> None:
    """Criteria read Rasa's objects in the policy, and stored events where a conversation is explained."""
    stored = [{"timestamp": 1.0, **event} for event in events]
    objects = [Event.from_parameters(event) for event in stored]
    slots = {event["name"]: event["value"] for event in events if event["event"] == "slot"}
    assert talk_of(objects, slots) == talk_of(map(as_event, stored), slots)
