"""Each type of criterion in a conversation of its own: the trained model, handoff.yml as it is, and the real actions,
by the very code of a turn. What must fire it does at that turn, for that reason; what is near stays with the bot."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Iterator

import pytest
from rasa.core.agent import Agent

from handoff.conditions_reading import CONDITIONS
from handoff.evaluation.action_server import running_actions
from handoff.evaluation.dialogues import NEW_CUSTOMER, Dialogue, Said
from handoff.evaluation.player import Played, play_all
from handoff.evaluation.run import load
from tests.support.ports import free_ports

ANA, HOLLY, WHOLESALER = "447700900123", "447700900130", "447700900987"


def talk(*turns: str | Said, customer: str = NEW_CUSTOMER, at: int | None = None) -> Dialogue:
    """A conversation that is handed over at its last turn, unless ``at`` says which, or 0 for never."""
    handoff_at = len(turns) if at is None else at or None
    said = tuple(Said(turn) if isinstance(turn, str) else turn for turn in turns)
    return Dialogue("", "", handoff_at, "", said, customer)


# type of condition -> the criterion of handoff.yml that has it, and conversations
CONVERSATIONS: dict[str, list[tuple[str, Dialogue]]] = {
    "keyword": [
        ("wrote “solicitor”", talk("order 1059 never came", "then my solicitor will write to you")),
        ("", talk("are your walnut boards solid wood", at=0)),
    ],
    "fallback_count": [
        ("not understood 3 times", talk("wxplk zzvrt qqq", "how long does delivery take", "grmbl fzzt", "hello",
                                        "brxl kwq wxplk")),
        ("", talk("wxplk zzvrt qqq", "how long does delivery take", at=0)),
    ],
    "same_intent_again": [
        ("“Track order” came 3 times", talk("where is order 1042", "but where is order 1042",
                                            "again, where is order 1042", customer=ANA)),
        ("", talk("where is order 1042", "and where is order 1047", customer=ANA, at=0)),
    ],
    "intent": [
        ("about “Complaint”", talk("I want to complain about the packaging",
                                   "and I have a complaint about the courier too")),
        ("", talk("I want to complain about the packaging", "no", at=0)),
    ],
    "sentiment": [
        ("mood -", talk("where is order 1042", "this is really terrible, I hate it",
                        "awful, horrible, the worst shop ever", customer=ANA)),
        ("", talk("where is order 1042", "that is bad", customer=ANA, at=0)),
    ],
    "slot": [
        ("order total 150", talk("where is order 1078", "I want to cancel it", customer=HOLLY)),
        ("", talk("where is order 1050", "I want to cancel it", customer=HOLLY, at=0)),
    ],
    "form_stuck": [
        ("asked 3 times for “Rating”", talk("can I rate the service", "purple", "yes", "ok")),
        ("", talk("can I rate the service", "purple", "how long does delivery take", "3", at=0)),
    ],
    "message_type": [
        ("sent: audio", talk("hello", Said(kind="audio"))),
        ("", talk("hello", Said(kind="sticker"), at=0)),
    ],
    "language": [
        ("writes in Spanish", talk("Hola, mi pedido no ha llegado y necesito saber donde esta por favor")),
        ("", talk("hola, where is my order", at=0)),
    ],
    "rating": [
        ("rated 1", talk("can I rate the service", Said(press="1 - very poor"))),
        ("", talk("can I rate the service", Said(press="3 - all right"), at=0)),
    ],
    "customer": [
        ("the customer's phone", talk("hello", customer=WHOLESALER)),
        ("", talk("hello", at=0)),
    ],
}  # fmt: skip
BOT_FAILURE = [
    ("failed twice", talk("where is order 1042", "1042", "1042", customer=ANA)),
    ("", talk("where is order 1042", "how long does delivery take", customer=ANA, at=0)),
]


@pytest.fixture(scope="module")
def agent(model: Path) -> Agent:
    return load(model)


@pytest.fixture(scope="module")
def actions() -> Iterator[str]:
    with running_actions() as url:
        yield url


def play(agent: Agent, actions: str, dialogue: Dialogue) -> Played:
    agent.tracker_store.store.clear()
    return asyncio.run(play_all(agent, actions, [dialogue]))[0]


def check(played: Played, why: str) -> None:
    assert played.handed_over_at == played.dialogue.handoff_at, played
    assert why in played.why


@pytest.mark.parametrize(
    ("why", "dialogue"),
    [pytest.param(*each, id=f"{name}-{each[0] or 'near'}") for name, all_ in CONVERSATIONS.items() for each in all_],
)
def test_a_criterion_fires_at_its_turn_and_not_near(agent: Agent, actions: str, why: str, dialogue: Dialogue) -> None:
    check(play(agent, actions, dialogue), why)


def test_two_failures_of_the_bot_are_enough(agent: Agent) -> None:
    (nobody,) = free_ports(1)
    with running_actions(environ={"SHOP_API_URL": f"http://127.0.0.1:{nobody}"}) as actions:
        for why, dialogue in BOT_FAILURE:
            check(play(agent, actions, dialogue), why)


def test_no_type_of_condition_is_without_a_conversation() -> None:
    assert {*CONVERSATIONS, "bot_failure"} == set(CONDITIONS)
