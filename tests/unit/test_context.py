"""The handoff context: what a person is given, in an example worked by hand; and it never fails."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasa.shared.core.events import Event
from rasa.shared.utils.common import all_subclasses

from handoff import context
from handoff.wishes import wish_in

HANDOFF = {
    "id": "h2", "conversation_id": "c1", "requested_at": 1000.0, "reason": "customer_request", "reason_detail": "",
    "topic": "orders", "priority": "normal", "skills": ["orders"],
}  # fmt: skip
CONVERSATION = {
    "id": "c1", "name": "Ana", "username": "ana", "wa_id": "447700900123", "user_id": "GB.1", "window_ends_at": 2000.0,
    "opted_out": True,
}  # fmt: skip
FORMS = {"track_order_form": ["order_number", "postcode"]}
EARLIER = [{
    "id": "h1", "reason": "fallback", "topic": None, "outcome": "solved", "state": "resolved", "note": "refunded",
    "agent_name": "Sam", "requested_at": 10.0, "closed_at": 20.0,
}]  # fmt: skip


def user(text: str | None, intent: str | None = None, at: float = 1.0, **meta: Any) -> dict[str, Any]:
    parsed = {"intent": {"name": intent, "confidence": 0.9 if intent else None}}
    return {
        "event": "user", "text": text, "parse_data": parsed, "timestamp": at, "message_id": f"m{at}", "metadata": meta,
    }  # fmt: skip


def action(name: str, at: float = 1.0) -> dict[str, Any]:
    return {"event": "action", "name": name, "timestamp": at}


def slot(name: str, value: Any, at: float = 1.0, **meta: Any) -> dict[str, Any]:
    return {"event": "slot", "name": name, "value": value, "timestamp": at, "metadata": meta}


def bot(text: str, at: float = 1.0, **meta: Any) -> dict[str, Any]:
    return {"event": "bot", "text": text, "timestamp": at, "metadata": meta}


def line(author: str, text: str, at: float, message_id: str | None) -> dict[str, Any]:
    return {"author": author, "name": None, "text": text, "kind": "text", "at": at, "message_id": message_id}


def build(events: list[dict[str, Any]], earlier: list[dict[str, Any]] = EARLIER, **handoff: Any) -> dict[str, Any]:
    said = [event for event in events if event["event"] in ("user", "bot", "agent")]
    return context.build(
        handoff={**HANDOFF, **handoff}, conversation=CONVERSATION, events=events, utterances=said, forms=FORMS,
        earlier=earlier,
    )  # fmt: skip


def facts(events: list[dict[str, Any]]) -> dict[str, tuple[Any, str, str | None]]:
    return {fact["name"]: (fact["value"], fact["source"], fact["said"]) for fact in build(events)["facts"]}


def test_a_document_from_the_bot_is_a_line_with_its_name_and_without_its_bytes() -> None:
    attachment = {
        "type": "document",
        "payload": {"data": "data:application/pdf;base64,", "filename": "invoice-1042.pdf"},
    }
    files = [{**bot(text, 2.0), "data": {"attachment": attachment}} for text in ("Here it is.", None)]
    lines = build([user("invoice please", at=1.0), *files])["transcript"]
    assert [(entry["kind"], entry["text"]) for entry in lines[1:]] == [
        ("document", "Here it is.\n[document] invoice-1042.pdf"),
        ("document", "[document] invoice-1042.pdf"),
    ]


def test_an_example_worked_by_hand() -> None:
    events = [
        user("Where is my order?", "track_order", 1.0),
        action("track_order_form", 1.1),
        {"event": "active_loop", "name": "track_order_form", "timestamp": 1.2},
        slot("requested_slot", "order_number", 1.3),
        bot("What is your order number?", 1.4),
        action("action_listen", 1.5),
        user("it is 1042", "inform", 2.0),
        slot("order_number", "1042", 2.1),
        action("action_order_status", 2.2),
        slot("carrier", "Hermes", 2.3),
        {"event": "action_execution_rejected", "name": "action_ask_carrier", "timestamp": 2.4},
        slot("requested_slot", "postcode", 2.5),
        bot("A colleague will call you.", 2.6, promise=True),
        user("Talk to a person", "request_human", 3.0, title="Talk to a person"),
    ]
    assert build(events) == {
        "version": 1,
        "handoff_id": "h2",
        "conversation_id": "c1",
        "requested_at": 1000.0,
        "reason": "customer_request",
        "reason_detail": "",
        "criterion": None,
        "topic": "orders",
        "priority": "normal",
        "skills": ["orders"],
        "customer": {
            "name": "Ana", "username": "ana", "phone": "+447700900123", "user_id": "GB.1", "language": None,
        },
        "summary": "Track order: “Where is my order?”",
        "facts": [
            {"name": "order_number", "label": "Order number", "value": "1042", "source": "customer",
             "said": "it is 1042", "at": 2.1},
            {"name": "carrier", "label": "Carrier", "value": "Hermes", "source": "bot", "said": None, "at": 2.3},
        ],
        "form": {"name": "track_order_form", "missing": ["postcode"], "next": "postcode"},
        "tried": [
            {"action": "action_order_status", "label": "Order status", "result": "ok", "at": 2.2},
            {"action": "action_ask_carrier", "label": "Ask carrier", "result": "failed", "at": 2.4},
        ],
        "promised": [{"text": "A colleague will call you.", "at": 2.6}],
        "turns": [
            {"text": "Where is my order?", "intent": "track_order", "confidence": 0.9, "at": 1.0},
            {"text": "it is 1042", "intent": "inform", "confidence": 0.9, "at": 2.0},
            {"text": "Talk to a person", "intent": "request_human", "confidence": 0.9, "at": 3.0},
        ],
        "sentiment": None,
        "media": [],
        "window_ends_at": 2000.0,
        "opted_out": True,
        "referral": None,
        "earlier_handoffs": [
            {"handoff_id": "h1", "reason": "fallback", "topic": None, "outcome": "solved", "note": "refunded",
             "agent": "Sam", "requested_at": 10.0, "resolved_at": 20.0},
        ],
        "transcript": [
            line("customer", "Where is my order?", 1.0, "m1.0"),
            line("bot", "What is your order number?", 1.4, None),
            line("customer", "it is 1042", 2.0, "m2.0"),
            line("bot", "A colleague will call you.", 2.6, None),
            line("customer", "Talk to a person", 3.0, "m3.0"),
        ],
    }  # fmt: skip


def test_the_criterion_that_fired_is_named_and_none_of_an_earlier_message() -> None:
    fired = [user("I was injured"), slot("handoff_criterion", "safety"), action("action_handoff")]
    assert build(fired)["criterion"] == "safety"
    assert build([*fired, user("hello")])["criterion"] is None


def test_a_button_is_shown_as_the_customer_saw_it() -> None:
    made = build([user("/track_order", "track_order", title="Track an order")])
    assert made["turns"][0]["text"] == made["transcript"][0]["text"] == "Track an order"


def test_what_an_agent_corrected_says_so() -> None:
    assert facts([user("1042"), slot("order_number", "1043", source="agent")]) == {
        "order_number": ("1043", "agent", None)
    }


def test_a_slot_that_was_emptied_is_no_fact() -> None:
    assert facts([user("1042"), slot("order_number", "1042"), slot("order_number", None)]) == {}


def test_a_new_session_keeps_what_it_carries_over_with_its_source_and_forgets_the_rest() -> None:
    before = [user("it is 1042"), slot("order_number", "1042"), action("action_look"), slot("carrier", "Hermes"),
              slot("size", "43", source="agent"), slot("postcode", "AB1"),
              {"event": "active_loop", "name": "track_order_form"}]  # fmt: skip
    start = [action("action_session_start"), {"event": "session_started"}]
    carried = [slot("order_number", "1042"), slot("carrier", "Hermes"), slot("size", "43")]
    events = [*before, *start, *carried, action("action_listen")]
    assert facts(events) == {
        "order_number": ("1042", "customer", "it is 1042"), "carrier": ("Hermes", "bot", None),
        "size": ("43", "agent", None),
    }  # fmt: skip
    assert build(events)["form"] is None
    assert facts([*before, {"event": "restart"}]) == {}


def test_a_customer_who_only_asked_for_a_person_is_quoted() -> None:
    assert build([user("human please", "request_human")], topic=None)["summary"] == "“human please”"
    assert build([], topic=None)["summary"] == "The customer has not said yet what they want."


def test_pictures_are_named_as_media() -> None:
    made = build([user("[image]", kind="image")])
    assert made["media"] == ["image"] and made["transcript"][0]["kind"] == "image"


def test_lists_stay_short() -> None:
    made = build(
        [event for at in range(40) for event in (user(f"text {at}", "track_order", at), action("action_look", at))]
    )
    assert len(made["turns"]) == len(made["tried"]) == context.LAST_TURNS
    assert made["turns"][-1]["text"] == "text 39"


TEXT = st.none() | st.text(max_size=12)
VALUE: st.SearchStrategy[Any] = st.recursive(
    TEXT | st.booleans() | st.integers() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)
META = st.none() | st.dictionaries(st.sampled_from(["title", "kind", "promise", "source", "agent_name", "x"]), VALUE)
PARSED = st.none() | st.fixed_dictionaries(
    {"intent": st.none() | st.fixed_dictionaries({"name": TEXT}, optional={"confidence": st.none() | st.floats(0, 1)})}
)
KINDS = sorted({cls.type_name for cls in all_subclasses(Event) if isinstance(getattr(cls, "type_name", None), str)})
NAMES = st.sampled_from(["order_number", "handoff_reason", "requested_slot", "track_order_form", "action_x", "/", ""])
ANY_EVENT = st.sampled_from(KINDS).flatmap(
    lambda kind: st.fixed_dictionaries(
        {"event": st.just(kind), "timestamp": st.none() | st.floats(0, 2e9)},
        optional={
            "name": st.none() | NAMES if kind not in ("slot",) else NAMES, "value": VALUE, "text": TEXT,
            "parse_data": PARSED, "metadata": META, "message_id": TEXT,
        },
    )
    .map(lambda event: {**event, "name": event.get("name") or "size"} if event["event"] == "slot" else event)
)  # fmt: skip


def test_all_of_rasas_events_are_tried() -> None:
    assert {"user", "bot", "agent", "slot", "action", "pause", "resume", "session_started", "active_loop"} <= set(KINDS)
    assert len(KINDS) >= 20


@settings(max_examples=100, deadline=None)
@given(st.lists(ANY_EVENT, max_size=14), st.none() | st.text(max_size=8))
def test_it_never_fails_and_can_always_be_sent(events: list[dict[str, Any]], topic: str | None) -> None:
    made = build(events, topic=topic)
    assert json.loads(json.dumps(made)) == made
    assert made["summary"]
    assert all(line["text"] for line in made["transcript"])
    assert len({fact["name"] for fact in made["facts"]}) == len(made["facts"])


@settings(max_examples=100, deadline=None)
@given(st.lists(ANY_EVENT, max_size=14))
def test_a_wish_can_be_read_from_any_events(events: list[dict[str, Any]]) -> None:
    wish = wish_in([*events, {"event": "pause"}])
    assert wish is not None and isinstance(wish.reason, str)


@pytest.mark.parametrize(
    ("skills", "kept"),
    [
        ("vip", ("vip",)),
        (["a", "b"], ("a", "b")),
        (None, ()),
        ([None, 3], ("3",)),
        (7, ("7",)),
        ({"x": 1}, ("{'x': 1}",)),
    ],
)
def test_odd_slots_do_not_stop_a_handoff(skills: Any, kept: tuple[str, ...]) -> None:
    events = [slot("handoff_skills", skills), slot("handoff_topic", ["orders"]), slot("handoff_priority", "now"),
              slot("handoff_reason", {"odd": 1}), {"event": "pause"}]  # fmt: skip
    wish = wish_in(events)
    assert wish is not None and wish.skills == kept
    assert (wish.topic, wish.priority, wish.reason) == ("['orders']", "normal", "policy")


def test_the_last_word_between_pause_and_resume_counts() -> None:
    pause, resume = {"event": "pause"}, {"event": "resume"}
    assert wish_in([]) is None and wish_in([pause, resume]) is None
    wish = wish_in([resume, slot("handoff_reason", "fallback"), action("action_handoff"), pause])
    assert wish is not None and wish.reason == "fallback" and wish.detail == ""
    wish = wish_in([action("action_give_up"), pause])
    assert wish is not None and (wish.reason, wish.detail) == ("policy", "action_give_up")


def test_a_slot_that_keeps_the_whole_message_shows_a_pressed_button_by_its_title() -> None:
    events = [user("/complaint", "complaint", title="Make a complaint"), slot("complaint", "/complaint")]
    (fact,) = build(events)["facts"]
    assert (fact["value"], fact["source"]) == ("Make a complaint", "customer")
