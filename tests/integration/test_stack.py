"""The whole of Baton in real processes: the shortest road from a greeting to a person and back."""

from __future__ import annotations

from tests.support.stack import Stack


def test_a_customer_is_greeted_by_the_bot(stack: Stack) -> None:
    phone = stack.phone("Ana")
    phone.send("hi")
    phone.wait_for("Marigold")


def test_a_customer_gets_a_person_and_then_the_bot_back(stack: Stack) -> None:
    phone, agent = stack.phone("Ben"), stack.agent("sam")
    phone.send("hello")
    phone.wait_for("Marigold")
    phone.press("Talk to a person")
    conversation = agent.wait_for_conversation(phone)
    agent.accept(conversation)
    agent.say(conversation, "Sam here, how can I help?")
    phone.wait_for("Sam here")
    phone.send("where is my parcel")
    agent.wait_for_text(conversation, "where is my parcel")
    agent.resolve(conversation, note="parcel found")
    agent.wait_for_conversation(phone, "resolved")
    phone.wait_for_reply()
    phone.send("thanks")
    phone.wait_for("welcome")


def test_a_killed_rasa_server_answers_what_was_sent_before_it_died(stack: Stack) -> None:
    phone = stack.phone("Cleo")
    phone.send("hi")
    phone.wait_for("Marigold")
    stack.kill("rasa")
    phone.send("thanks")
    stack.restart("rasa")
    phone.wait_for("welcome", timeout=30)
