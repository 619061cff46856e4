from __future__ import annotations

from datetime import datetime, time, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa_sdk import Tracker

from actions.announcement import Asked, announcement, asked
from actions.desk import Availability
from handoff.handoff_file import HandoffFile, Waiting
from handoff.hours import Hours, Span

RESPONSES: dict[str, Any] = yaml.safe_load(Path("domain.yml").read_text())["responses"]
OFFICE = HandoffFile(hours=Hours("Europe/London", (*([(Span(time(9), time(18)),)] * 5), (), ())))
NOON = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)  # a Monday
NIGHT = datetime(2026, 3, 6, 22, tzinfo=timezone.utc)
WISH = Asked("customer_request")


def spoken(
    desk: Availability | None, why: Asked = WISH, rules: HandoffFile = OFFICE, now: datetime = NOON
) -> tuple[str, list[str]]:
    """What the customer reads, and the titles of the buttons under it."""
    said = announcement(why, desk, rules, now, RESPONSES)
    words, titles = [], []
    for name, values in said:
        text = RESPONSES[name][0]["text"]
        for key, value in values.items():
            text = text.replace(f"{{{key}}}", value)
        assert "{" not in text, text
        words.append(text)
        titles += [button["title"] for button in RESPONSES[name][0].get("buttons", [])]
    return " ".join(words), titles


@pytest.mark.parametrize(
    ("desk", "words"),
    [
        (None, "A colleague will take over here. "),
        (Availability(True, 2), "A colleague will take over here. "),
        (Availability(True, 2, None, 30), "A colleague will take over here in about a minute. I pass on"),
        (Availability(True, 2, None, 61, 1), "in about 2 minutes. You are next. I pass on"),
        (Availability(True, 2, None, 9000, 3), "in about an hour or more. You are number 3 in the queue. I pass"),
        (
            Availability(True, 1, None, 60, 1, None, "Sam Rivera"),
            "My colleague Sam Rivera will take over here in about a minute",
        ),
        (Availability(True, 2, None, 60, 1, "Our orders team"), "Our orders team will take over here in about"),
        (Availability(False, 0, None, None, 2), "Nobody is free right now. You are number 2 in the queue. A colleague"),
    ],
)
def test_who_comes_and_when_depends_on_the_desk(desk: Availability | None, words: str) -> None:
    text, buttons = spoken(desk)
    assert words in text and "  " not in text
    assert buttons == ["Stay with the bot"]


@pytest.mark.parametrize("desk", [None, Availability(True, 2, None, 30, 1), Availability(False, 0)])
def test_out_of_hours_a_message_can_be_left_whoever_forgot_a_page_open(desk: Availability | None) -> None:
    text, buttons = spoken(desk, now=NIGHT)
    assert text.startswith("We are closed now and open again on Monday 9 March at 9:00.")
    assert buttons == ["Leave a message", "Stay with the bot"]


def test_a_desk_that_knows_its_own_hours_is_believed() -> None:
    text, buttons = spoken(Availability(False, 0, "2026-03-03T09:00:00+00:00"))
    assert "open again tomorrow at 9:00" in text and buttons[0] == "Leave a message"
    assert spoken(Availability(False, 0, "soon"))[0].startswith("We are closed now. Leave a message")


def test_a_desk_that_never_opens_promises_no_day() -> None:
    never = HandoffFile(hours=Hours("UTC", ((),) * 7))
    assert spoken(None, rules=never)[0].startswith("We are closed now. Leave a message")


@pytest.mark.parametrize(
    ("why", "first"),
    [
        (Asked("policy", "complaint", "utter_handoff_because_fallback"), "I'm sorry, I still don't understand."),
        (Asked("policy", "complaint", "utter_that_is_not_there"), "This should be looked at by a person."),
        (Asked("fallback", "complaint"), "I'm sorry, I still don't understand."),
        (Asked("form_gave_up", "orders"), "We don't get on with this, and I'm sorry."),
        (Asked("customer_request", "complaint"), "This should be looked at by a person."),
        (Asked("customer_request", "orders"), "A colleague will take over here."),
    ],
)
def test_the_first_words_are_the_criterions_else_those_for_the_reason_or_the_topic(why: Asked, first: str) -> None:
    assert spoken(None, why)[0].startswith(first)


def test_words_for_a_reason_with_a_topic_go_before_those_for_the_reason() -> None:
    responses = {**RESPONSES, "utter_handoff_because_fallback_orders": [{"text": "Orders are hard."}]}
    said = announcement(Asked("fallback", "orders"), None, OFFICE, NOON, responses)
    assert said[0] == ("utter_handoff_because_fallback_orders", {})


def test_a_bot_that_answers_meanwhile_says_so_and_the_buttons_still_come_last() -> None:
    rules = HandoffFile(waiting=Waiting(bot_answers=True))
    text, buttons = spoken(None, rules=rules)
    assert text.startswith("You can go on asking me meanwhile. A colleague") and buttons == ["Stay with the bot"]
    assert announcement(WISH, None, rules, NOON, RESPONSES)[-1][0] == "utter_handoff_requested"


def test_only_what_this_turn_has_set_counts() -> None:
    def slot(name: str, value: Any) -> dict[str, Any]:
        return {"event": "slot", "name": name, "value": value}

    before = [slot("handoff_reason", "policy"), slot("handoff_message", "utter_old"), slot("handoff_skills", ["old"])]
    now = [slot("handoff_topic", "payments"), slot("handoff_priority", "high"), slot("handoff_skills", ["payments"])]
    for events, expected in (
        ([*before, {"event": "user"}], Asked("fallback", "orders")),
        ([*before, {"event": "user"}, *now], Asked("fallback", "payments", None, "high", ("payments",))),
        ([{"event": "user"}, *before], Asked("policy", "orders", "utter_old", "normal", ("old",))),
    ):
        tracker = Tracker("ana", {}, {}, events, False, None, {}, None)
        assert asked(tracker, "fallback", "orders") == expected
    assert expected.for_desk() == {"language": "en", "priority": "normal", "skills": "old"}
