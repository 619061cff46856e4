"""Mistakes in handoff.yml: each is told with its line, what is wrong, and what is allowed; all of them at once."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from handoff.conditions_reading import CONDITIONS, Domain
from handoff.domain_names import read_domain
from handoff.handoff_file import HandoffFile, HandoffFileError, load, read

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = Domain(
    intents=frozenset({"track_order", "nlu_fallback"}),
    slots=frozenset({"order_total", "rating"}),
    forms=frozenset({"order_form"}),
    responses=frozenset({"utter_sorry"}),
)


def mistakes(text: str) -> list[str]:
    with pytest.raises(HandoffFileError) as caught:
        read(text, DOMAIN)
    return list(caught.value.mistakes)


def in_criterion(fields: str) -> list[str]:
    return mistakes(f"version: 1\ncriteria:\n  - name: x\n    {fields}\n")


def test_the_projects_own_file_is_right_and_has_every_type_of_condition() -> None:
    own = load(ROOT / "handoff.yml", read_domain(ROOT / "domain.yml").names)
    assert len(own.criteria) >= 12
    text = (ROOT / "handoff.yml").read_text()
    assert [kind for kind in [*CONDITIONS, "all", "not"] if f"{kind}:" not in text] == []


def test_all_mistakes_are_told_in_the_order_of_the_file() -> None:
    text = """version: 2
langages: [en]
waiting: {too_long: soon}
criteria:
  - name: x
    when: {fallback_count: {at_leest: 3, turns: 6}}
  - name: x
    when: {intent: trak_order}
    priority: asap
    message: utter_sory
"""
    assert mistakes(text) == [
        "handoff.yml, line 1: 'version' must be 1, not 2",
        "handoff.yml, line 2: 'langages' is not known here; allowed: version, languages, topics, skills, hours, "
        "waiting, defaults, criteria",
        "handoff.yml, line 3: waiting: 'too_long' is 'soon'; write a time such as 30 s, 5 min, 2 hours or 1 day",
        "handoff.yml, line 6: criterion 'x', fallback_count: 'at_leest' is not known here; "
        "allowed: at_least, turns, also",
        "handoff.yml, line 7: criterion 'x': the name is taken; the first is in line 5",
        "handoff.yml, line 8: criterion 'x', intent: the domain has no intent 'trak_order' "
        "(did you mean 'track_order'?)",
        "handoff.yml, line 9: criterion 'x': 'priority' is 'asap'; allowed: low, normal, high, urgent",
        "handoff.yml, line 10: criterion 'x': the domain has no response 'utter_sory' (did you mean 'utter_sorry'?)",
    ]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("{keywrd: help}", "'keywrd' is not known here; allowed: intent, fallback_count, same_intent_again"),
        ("{intent: track_order, keyword: help}", "this must be one condition; join several with 'all' or 'any'"),
        ("{}", "this must be one condition"),
        ("fallback", "this must be a mapping with intent"),
        ("{intent: {is: track_order, confidence: 80}}", "'confidence' must be a number from 0 to 1, not 80"),
        ("{intent: [3]}", "'is' must be a text or a list of texts, not 3"),
        ("{intent: {confidence: 0.8}}", "'is' is missing"),
        ("{fallback_count: {turns: 6}}", "'at_least' is missing"),
        ("{fallback_count: {at_least: three}}", "'at_least' must be a whole number from 1 on, not 'three'"),
        ("{fallback_count: {at_least: 8, turns: 6}}", "8 of 6 messages cannot be: raise 'turns'"),
        ("{same_intent_again: {at_least: 2, turns: 5, except: [trak_order]}}", "no intent 'trak_order'"),
        ("{sentiment: {turns: 3}}", "'below' is missing"),
        ("{sentiment: {below: -4}}", "'below' must be a number from -1 to 1, not -4"),
        ("{slot: {name: total, above: 3}}", "the domain has no slot 'total'"),
        ("{slot: {name: order_total}}", "one comparison is needed; allowed: equals, not, above, below, in, is_set"),
        ("{slot: {name: order_total, above: 3, below: 9}}", "one comparison is needed"),
        ("{slot: {name: order_total, above: much}}", "'above' must be a number, not 'much'"),
        ("{slot: {name: order_total, in: 3}}", "'in' must be a list, not 3"),
        ("{slot: {name: order_total, is_set: 1}}", "'is_set' must be true or false, not 1"),
        ("{slot: {name: order_total, equals: [1]}}", "'equals' must be a single value, not a list"),
        ("{form_stuck: {}}", "'times' is missing"),
        ("{form_stuck: {times: 1}}", "'times' must be a whole number from 2 on, not 1"),
        ("{form_stuck: {times: 3, form: odr_form}}", "no form 'odr_form' (did you mean 'order_form'?)"),
        ("{message_type: [fax]}", "'fax' is no type of message; allowed: audio, voice, document"),
        ("{language: english}", "write 'unspoken', or {not_in: [en]}, not 'english'"),
        ("{language: {not_in: [english]}}", "'english' is no language here; allowed: ar, bg"),
        ("{rating: {slot: rating}}", "'at_most' is missing"),
        ("{rating: {at_most: 2, slot: stars}}", "no slot 'stars'"),
        ("{bot_failure: {at_least: 2, responses: [utter_down]}}", "no response 'utter_down'"),
        ("{keyword: {word: help}}", "'keyword' must be a text or a list of texts, not a mapping"),
        ("{customer: {attribute: shoe_size, above: 42}}", "'attribute' is 'shoe_size'; allowed: name, phone"),
        ("{all: {intent: track_order}}", "'all' must be a list of conditions, not a mapping"),
        ("{any: []}", "'any' must be a list of conditions"),
        ("{not: {intent: track_order}}", "this says only what must not be; say in 'all' what must be, too"),
        ("{any: [{intent: track_order}, {not: {intent: nlu_fallback}}]}", "this says only what must not be"),
    ],
)
def test_a_mistake_in_a_condition_is_told(condition: str, message: str) -> None:
    (told,) = [line for line in in_criterion(f"when: {condition}")]
    assert told.startswith("handoff.yml, line 4: criterion 'x'") and message in told


def test_what_a_criterion_lacks_is_told() -> None:
    assert mistakes("version: 1\ncriteria:\n  - priority: high\n") == [
        "handoff.yml, line 3: criterion: 'name' is missing", "handoff.yml, line 3: criterion: 'when' is missing",
    ]  # fmt: skip
    assert "must be a list" in mistakes("version: 1\ncriteria: {name: x}")[0]
    assert mistakes("- x")[-1].startswith("handoff.yml, line 1: this must be a mapping with version")
    assert mistakes("") == ["handoff.yml, line 1: 'version' is missing"]


def test_a_topic_or_skill_that_is_not_on_the_files_list_is_told() -> None:
    text = "version: 1\ntopics: [orders]\nskills: [vip]\ncriteria:\n  - name: x\n    when: {keyword: a}\n    "
    assert mistakes(f"{text}topic: order") == [
        "handoff.yml, line 7: criterion 'x': 'order' is not among the 'topics' of this file: orders"
    ]
    assert "'vap' is not among the 'skills' of this file: vip" in mistakes(f"{text}skills: [vap]")[0]


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "version: 1\n\tx: 1", "a: *b"])
def test_what_is_no_yaml_is_told_with_its_line(text: str) -> None:
    (told,) = mistakes(text)
    assert "this is not valid YAML" in told


def test_a_name_that_stands_twice_is_told() -> None:
    assert mistakes("version: 1\nwaiting: {}\nwaiting: {}") == [
        "handoff.yml, line 3: 'waiting' stands here twice; the first is in line 2"
    ]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(HandoffFileError, match=r"handoff\.yml: the file cannot be read"):
        load(tmp_path / "handoff.yml")


def test_a_file_may_say_as_little_as_its_version() -> None:
    assert read("version: 1") == HandoffFile()


def test_what_a_criterion_does_not_say_comes_from_the_defaults() -> None:
    text = (
        "version: 1\ndefaults: {priority: low, topic: orders, skills: vip}\ncriteria:\n  - {name: x, when: {keyword: a}"
    )
    (plain,) = read(f"{text}}}").criteria
    assert (plain.priority, plain.topic, plain.skills) == ("low", "orders", ("vip",))
    (own,) = read(f"{text}, priority: urgent, topic: returns, skills: [a, b], again_after: 2 hours}}").criteria
    assert (own.priority, own.topic, own.skills, own.again_after) == ("urgent", "returns", ("a", "b"), 7200.0)


@pytest.mark.parametrize(("text", "seconds"), [("30 s", 30), ("5 min", 300), ("1.5 hours", 5400), ("2days", 172800)])
def test_times_are_written_with_their_unit(text: str, seconds: float) -> None:
    assert read(f"version: 1\nwaiting: {{too_long: {text}}}").waiting.too_long_seconds == seconds


ANY: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.text(max_size=6) | st.sampled_from(["utter_x", "5 min"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["name", "when", *CONDITIONS, "all", "any", "not", "at_least", "turns", "is", "below", "open"]),
        inner, max_size=3,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["hours", "waiting", "languages", "defaults", "topics", "criteria"]), ANY))
def test_whatever_stands_in_the_file_is_read_or_told(content: dict[str, Any]) -> None:
    text = io.StringIO()
    YAML(typ="safe").dump({"version": 1, **content}, text)
    try:
        read(text.getvalue(), DOMAIN)
    except HandoffFileError as error:
        assert all(line.startswith("handoff.yml, line ") for line in error.mistakes)
