"""What each condition of handoff.yml takes for so, and when a criterion fires (again)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.criteria import All, Any_, Not, decide, for_failure, look, spent
from handoff.criteria_conditions import Condition
from handoff.criteria_talk import Talk
from tests.support.talks import Events, action, asks, criteria, fired, said, slot, talk, with_person

NONSENSE = said("wxplk", "nlu_fallback", 0.3)
THREE = "{fallback_count: {at_least: 3, turns: 5}}"


def detail(condition: str, events: Events, **slots: Any) -> str | None:
    looked = fired(condition, events, **slots)
    return looked.finding.detail if looked else None


# --- each condition, in examples


def test_an_intent_counts_only_where_it_is_sure_enough() -> None:
    condition = "{intent: {is: [complaint, invoice], confidence: 0.7}}"
    assert detail(condition, said("bad", "complaint", 0.8)) == "about “Complaint” (0.80)"
    assert not fired(condition, said("bad", "complaint", 0.6))
    assert not fired(condition, said("hi", "greet", 0.9))
    assert fired("{intent: complaint}", said("bad", "complaint", 0.1))


def test_not_understood_three_times_need_not_be_in_a_row() -> None:
    events = [*NONSENSE, *said(), *NONSENSE, *said(), *NONSENSE]
    assert detail(THREE, events) == "not understood 3 times in 5 messages"


def test_what_left_the_span_does_not_count() -> None:
    assert not fired(THREE, [*NONSENSE, *said(), *NONSENSE, *said(), *said(), *NONSENSE])


def test_a_message_that_was_understood_does_not_fire_for_those_before_it() -> None:
    assert not fired("{fallback_count: {at_least: 2, turns: 5}}", [*NONSENSE, *NONSENSE, *said()])


def test_what_a_form_takes_as_its_answer_was_understood() -> None:
    answered = [*asks(), *said("Flat 3b, Mill Lane", "nlu_fallback"), slot("order_number", "Flat 3b, Mill Lane")]
    refused = [*answered, slot("order_number", None), *asks()]
    assert not fired("{fallback_count: {at_least: 1, turns: 3}}", answered)
    assert fired("{fallback_count: {at_least: 2, turns: 3}}", [*refused, *NONSENSE])
    assert not fired("{fallback_count: {at_least: 2, turns: 3}}", [*answered, *asks(wanted="postcode"), *NONSENSE])


def test_other_intents_may_count_as_not_understood() -> None:
    events = [*said("wxplk", "out_of_scope"), *said(), *said("zzvrt", "out_of_scope"), *NONSENSE]
    assert not fired(THREE, events)
    assert fired("{fallback_count: {at_least: 3, turns: 5, also: [out_of_scope]}}", events)
    assert not fired("{fallback_count: {at_least: 1, turns: 5, also: [out_of_scope]}}", said("/x", "out_of_scope"))


def test_neither_a_button_nor_what_is_said_to_a_form_is_the_same_again() -> None:
    condition, track = "{same_intent_again: {at_least: 2, turns: 3}}", said("where is it", "track_order")
    assert fired(condition, [*track, *track])
    assert not fired(condition, [*track, *asks(), *track]), "the bot has only asked back"
    assert not fired(condition, [*track, *said("/track_order", "track_order")])
    other, same = slot("order_number", "1047"), slot("order_number", "1042")
    orders = "{same_intent_again: {at_least: 2, turns: 3, same_slots: [order_number]}}"
    assert not fired(orders, [*track, same, *track, other]), "that is another order"
    assert fired(orders, [*track, same, *track, same]) and fired(orders, [*track, same, *track])
    assert fired(condition, [*track, same, *track, other])
    assert not fired(condition, [*said("/track_order", "track_order"), *track])


def test_the_same_intent_counts_unless_it_is_excepted() -> None:
    events = [*said("a", "track_order"), *said("b", "greet"), *said("c", "track_order")]
    assert detail("{same_intent_again: {at_least: 2, turns: 3}}", events) == "“Track order” came twice in 3 messages"
    assert not fired("{same_intent_again: {at_least: 2, turns: 3, except: [track_order]}}", events)
    assert not fired("{same_intent_again: {at_least: 2, turns: 2}}", events)
    assert not fired("{same_intent_again: {at_least: 2, turns: 3}}", [*NONSENSE, *NONSENSE])


def test_one_bad_word_is_no_mood_and_two_are() -> None:
    condition, bad = "{sentiment: {below: -0.4, turns: 3}}", said("this is terrible, horrible service", "complaint")
    assert not fired(condition, bad)
    told = detail(condition, [*bad, *bad])
    assert told is not None and told.startswith("mood -0.5")
    assert not fired(condition, [*bad, *bad, *said("1042", "inform")]), "the mood was there before this message"
    assert not fired(condition, [*said("/complaint", "complaint")] * 3), "a button has no mood"


@pytest.mark.parametrize(
    ("comparison", "yes", "no"),
    [
        ("equals: red", ["red", " RED "], ["blue", None, 1]),
        ("equals: 3", [3, 3.0, "3"], [4, None, True, "three"]),
        ("equals: true", [True], [False, None, "true", 1]),
        ("not: red", ["blue", 3], ["red", None]),
        ("above: 200", [200.5, "201", "1000,5"], [200, None, "many", True]),
        ("below: 3", [2, "2.5", -1], [3, None, ""]),
        ("in: [red, 3]", ["Red", 3, "3"], ["green", None]),
        ("is_set: true", ["x", 0, False], [None]),
        ("is_set: false", [None], ["x", 0]),
        ("starts_with: '44'", ["447700"], ["4", None, 44]),
    ],
)
def test_a_slot_compares(comparison: str, yes: list[Any], no: list[Any]) -> None:
    condition = f"{{all: [{{slot: {{name: size, {comparison}}}}}, {{intent: greet}}]}}"
    for value in yes:
        assert fired(condition, said(), size=value), value
    for value in no:
        assert not fired(condition, said(), size=value), value


def test_the_detail_of_a_slot_has_its_value_and_the_limit() -> None:
    assert detail("{slot: {name: order_total, above: 250}}", said(), order_total=480) == "order total 480 above 250"


def test_a_form_is_stuck_when_the_same_question_found_no_answer() -> None:
    stuck = [*said(), *asks(), *NONSENSE, *asks(), *NONSENSE, *asks(), *NONSENSE]
    assert detail("{form_stuck: {times: 3}}", stuck) == "asked 3 times for “Order number”"
    assert not fired("{form_stuck: {times: 4}}", stuck)
    assert fired("{form_stuck: {times: 3, form: order_form, slot: order_number}}", stuck)
    assert not fired("{form_stuck: {times: 3, form: another_form}}", stuck)
    assert not fired("{form_stuck: {times: 3, slot: postcode}}", stuck)


def test_the_form_checks_what_may_be_the_answer_first() -> None:
    asked = [*said(), *asks(), *NONSENSE, *asks(), *NONSENSE, *asks()]
    maybe = [*said("1042", "inform"), slot("order_number", "1042")]
    assert not fired("{form_stuck: {times: 3}}", [*asked, *maybe])
    again = [*asked, *maybe, slot("order_number", None), *asks(), *said("1043", "inform"), slot("order_number", "1043")]
    assert fired("{form_stuck: {times: 3}}", again), "asked a fourth time"


def test_another_question_starts_the_count_anew_and_an_interruption_does_not_count() -> None:
    other = [*said(), *asks(), *NONSENSE, *asks(), *NONSENSE, *asks(wanted="postcode"), *NONSENSE]
    assert not fired("{form_stuck: {times: 2}}", other)
    rejected = {"event": "action_execution_rejected", "name": "order_form"}
    aside = [*said("how long does delivery take", "delivery_options"), rejected, action("utter_delivery_options")]
    assert not fired("{form_stuck: {times: 2}}", [*said(), *asks(), *aside, *asks(), *NONSENSE])
    unclear = [*NONSENSE, rejected, action("action_clarify")]
    assert fired("{form_stuck: {times: 2}}", [*said(), *asks(), *unclear, *asks(), *NONSENSE])


def test_a_type_of_message() -> None:
    voice = said("[audio]", None, 0.0, kind="audio")
    assert detail("{message_type: [document, voice]}", voice) == "sent: audio"
    assert not fired("{message_type: document}", voice)
    assert not fired("{message_type: document}", said())


def test_a_rating_counts_at_the_message_with_which_it_is_given() -> None:
    given_now = [*said("/rate_service", "rate_service"), slot("rating", "1")]
    assert detail("{rating: {at_most: 2}}", given_now) == "rated 1, at most 2"
    by_a_form = [*given_now, action("utter_thanks"), *said("bye", "goodbye")]
    assert fired("{rating: {at_most: 2}}", by_a_form), "set after the policies had their say on that message"
    assert not fired("{rating: {at_most: 2}}", [*by_a_form, *said()])
    assert not fired("{rating: {at_most: 2}}", [*said(), slot("rating", 3)])
    carried = [*given_now, {"event": "session_started"}, slot("rating", "1"), *said()]
    assert not fired("{rating: {at_most: 2}}", carried), "a new session carried it over"


def test_the_bots_failures_count_by_messages() -> None:
    condition = "{bot_failure: {at_least: 2, turns: 3, responses: [utter_shop_unavailable]}}"
    down = [*said("where is it", "track_order"), action("action_order_status"),
            {"event": "bot", "text": "x", "metadata": {"utter_action": "utter_shop_unavailable"}}]  # fmt: skip
    assert not fired(condition, [*down, *said()])
    assert detail(condition, [*down, *down, *said()]) == "failed twice in 2 messages"
    assert not fired(condition, [*down, *down, *said(), *said()]), "the latest answer was good"
    rejected = [*said(), {"event": "action_execution_rejected", "name": "action_order_status"}]
    assert fired(condition, [*rejected, *rejected, *said()])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I'll ask my LAWYER.", "lawyer"),
        ("take   you to\ncourt!", "take   you to\ncourt"),
        ("don’t", "don't"),
        ("lawyers", None),
        ("a lawyer's bill", "lawyer"),
        ("flawyer", None),
        ("/lawyer", None),
    ],
)
def test_keywords_are_whole_words(text: str, found: str | None) -> None:
    told = detail('{keyword: [lawyer, "take you to court", "don\'t"]}', said(text))
    assert told == (found and f"wrote “{found}”")


def test_what_the_channel_says_of_the_customer() -> None:
    irish = said(customer={"phone": "353861234567", "name": "Aoife"})
    condition = "{customer: {attribute: phone, starts_with: '353'}}"
    assert detail(condition, irish) == "the customer's phone starts with 353", "without the number itself"
    assert not fired(condition, said(customer={"phone": "447700900123"}))
    assert not fired(condition, said()) and not fired(condition, said(customer="odd"))


# --- all, any, not


PARTS = [
    "{intent: greet}", "{keyword: [help]}", "{slot: {name: size, above: 5}}", "{message_type: image}",
    "{customer: {attribute: name, is_set: true}}", "{fallback_count: {at_least: 2, turns: 3}}",
    "{same_intent_again: {at_least: 2, turns: 4}}", "{form_stuck: {times: 2}}", "{rating: {at_most: 2}}",
    "{sentiment: {below: -0.3, turns: 2}}", "{bot_failure: {at_least: 1, turns: 2, responses: [utter_x]}}",
]  # fmt: skip
LEAVES = st.sampled_from([criterion.when for criterion in criteria(*PARTS)])
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(lambda parts: All(tuple(parts)), st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda parts: Any_(tuple(parts)), st.lists(inner, min_size=1, max_size=3))
    ),
    max_leaves=6,
)
TURN: st.SearchStrategy[Events] = st.builds(
    lambda words, kind, customer, after: [*said(*words, kind=kind, customer=customer), *after],
    st.sampled_from([("hi", "greet"), ("wxplk", "nlu_fallback"), ("help me", "complaint"), ("awful", "complaint")]),
    st.sampled_from(["text", "image"]),
    st.sampled_from([{}, {"name": "Ana"}]),
    st.lists(
        st.sampled_from([
            [slot("size", 3)], [slot("size", 9)], [slot("rating", 1)], asks(), asks(wanted="postcode"),
            [action("utter_x")], [{"event": "action_execution_rejected", "name": "action_y"}],
        ]), max_size=2,
    ).map(lambda several: [event for events in several for event in events]),
)  # fmt: skip
TALKS = st.lists(TURN, min_size=1, max_size=14).map(lambda turns: [event for turn in turns for event in turn])


@settings(max_examples=150, deadline=None)
@given(CONDITIONS, CONDITIONS, TALKS)
def test_all_any_and_not_are_the_logic_that_they_are_named_after(a: Condition, b: Condition, events: Events) -> None:
    seen = talk(events)
    both, either = All((a, b)).look(seen), Any_((a, b)).look(seen)
    first, second = a.look(seen), b.look(seen)
    assert both.holds == (first.holds and second.holds)
    assert either.holds == (first.holds or second.holds)
    assert Not(a).look(seen).holds != first.holds
    assert Not(All((a, b))).look(seen).holds == Any_((Not(a), Not(b))).look(seen).holds
    for found in (both, either, first, second):
        assert 0.0 <= found.share <= 1.0 and (not found.fresh or found.holds)
        assert not found.facts or found.holds
    assert not both.fresh or first.fresh or second.fresh
    assert not Not(a).look(seen).fresh


# --- when a criterion fires, and when again


@settings(max_examples=150, deadline=None)
@given(LEAVES, TALKS, TALKS)
def test_after_a_handoff_all_counts_start_anew(condition: Condition, before: Events, after: Events) -> None:
    """The evidence from before is forgotten; lasting facts (the slots) stay as they are."""
    again, alone = talk([*before, *with_person(), *after]), talk(after)
    alone.slots = again.slots
    assert [message.text for message in again.messages] == [message.text for message in alone.messages]
    waits = [[message.waited_for for message in told.messages] for told in (again, alone)]
    if again.asked == alone.asked and waits[0] == waits[1]:  # a form that was active before goes on, and asks
        assert condition.look(again) == condition.look(alone)


@settings(max_examples=100, deadline=None)
@given(CONDITIONS, TALKS, TALKS.map(lambda events: events[:2]))
def test_the_message_after_staying_with_the_bot_never_hands_over(
    condition: Condition, before: Events, after: Events
) -> None:
    criterion = criteria("{intent: greet}")[0]
    tested = [type(criterion)(name="x", when=condition)]
    assert decide(tested, talk([*before, *with_person("cancelled"), *after])) is None


def test_the_second_message_after_staying_with_the_bot_may() -> None:
    events = [*with_person("cancelled"), *said("help", "complaint"), *said("help", "complaint")]
    assert fired("{keyword: help}", events)
    assert fired("{keyword: help}", [*with_person("solved"), *said("help", "complaint")])


@settings(max_examples=100, deadline=None)
@given(CONDITIONS, TALKS)
def test_a_window_of_the_conversation_decides_what_the_whole_does(condition: Condition, events: Events) -> None:
    """The bridge loads the last turns only; forms and slots are known from before them."""
    starts = [index for index, event in enumerate(events) if event["event"] == "user"]
    cut = starts[-10] - 1 if len(starts) > 10 else 0
    state = [event for event in events[:cut] if event["event"] == "active_loop"][-1:]
    state += [event for event in events[:cut] if event.get("name") == "requested_slot"][-1:]
    whole, window = talk(events), talk([*state, *events[cut:]])
    window.slots = whole.slots
    tested = [type(criteria("{intent: x}")[0])(name="x", when=condition)]
    assert [looked.fires for looked in look(tested, whole)] == [looked.fires for looked in look(tested, window)]


def test_a_lasting_fact_fires_once_for_each_value() -> None:
    dear = criteria("{slot: {name: order_total, above: 200}}")

    def at(total: float, kept: dict[str, Any]) -> Any:
        return decide(dear, talk(said(), order_total=total, handoff_spent=kept))

    first = at(300, {})
    assert first is not None
    kept = spent(talk(said()), first)
    assert kept == {"c0": {"facts": {"order_total": 300}, "at": 1.0}}
    assert at(300, kept) is None
    assert at(400, kept) is not None


def test_a_lasting_fact_with_something_new_fires_again() -> None:
    condition = "{all: [{slot: {name: order_total, above: 200}}, {intent: cancel_order}]}"
    kept = {"c0": {"facts": {"order_total": 300}, "at": 1.0}}
    assert fired(condition, said("cancel", "cancel_order"), order_total=300, handoff_spent=kept)


def test_a_lasting_fact_counts_again_after_its_time() -> None:
    wholesale, *_ = criteria("{customer: {attribute: phone, equals: '1'}}")
    daily = type(wholesale)(name="c0", when=wholesale.when, again_after=86400.0)
    kept = {"c0": {"facts": {"phone": "1"}, "at": 100.0}}

    def at(moment: float) -> Talk:
        return talk(said(at=moment, customer={"phone": "1"}), handoff_spent=kept)

    assert decide([daily], at(86000.0)) is None
    assert decide([daily], at(86500.0)) is not None
    assert decide([wholesale], at(1e9)) is None


def test_the_first_in_the_file_decides() -> None:
    several = criteria("{keyword: nothing}", "{intent: greet}", "{keyword: hello}")
    looked = decide(several, talk(said("hello", "greet")))
    assert looked is not None and looked.criterion.name == "c1"


def test_the_bridge_finds_the_criterion_for_its_own_failures() -> None:
    failure = "{bot_failure: {at_least: 2}}"
    assert for_failure(criteria("{intent: x}", f"{{any: [{{intent: y}}, {failure}]}}", failure)).name == "c1"  # type: ignore[union-attr]
    assert for_failure(criteria("{intent: x}", f"{{all: [{failure}, {{intent: x}}]}}")) is None
