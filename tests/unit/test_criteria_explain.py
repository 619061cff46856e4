"""`python -m handoff criteria`: what it tells of conversations and stories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from handoff import migrate, tracker_events
from handoff.__main__ import app
from handoff.criteria_explain import explain, story_events, table
from handoff.database import Database
from handoff.domain_names import read_domain
from handoff.handoff_file import load
from tests.support.talks import action, criteria, said, slot, with_person

ROOT = Path(__file__).resolve().parents[2]
OWN = load(ROOT / "handoff.yml")
NAMES = {criterion.name for criterion in OWN.criteria}
STORIES = YAML(typ="safe").load((ROOT / "tests/stories/test_criteria.yml").read_text())["stories"]
# What Rasa's stories cannot say: metadata, and what custom actions said.
ONLY_IN_UNIT_TESTS = {"voice note or picture", "wholesale customer", "bot fails"}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story["story"])
def test_each_story_is_handed_over_by_the_criterion_in_its_title(story: dict[str, Any]) -> None:
    turns = explain(story_events(story), OWN.criteria, read_domain(ROOT / "domain.yml").initial)
    named = story["story"].split(":")[0]
    fired = [turn.fired.criterion.name for turn in turns if turn.fired]
    assert fired == ([] if named.startswith("near ") else [named])


def test_each_criterion_has_a_story() -> None:
    assert {story["story"].split(":")[0].removeprefix("near ") for story in STORIES} | ONLY_IN_UNIT_TESTS == NAMES


def test_other_stories_are_never_handed_over_by_a_criterion() -> None:
    """Ordinary conversations stay with the bot, as far as the stories' own intents go. Who gives a low rating is told
    of in their title."""
    for file in sorted((ROOT / "tests" / "stories").glob("test_*.yml")):
        if file.name != "test_criteria.yml":
            for story in YAML(typ="safe").load(file.read_text())["stories"]:
                turns = explain(story_events(story), OWN.criteria)
                fired = [turn.fired for turn in turns if turn.fired]
                assert not fired or "gives one star" in story["story"], story["story"]


def test_turns_are_told_with_what_was_near_and_what_fired() -> None:
    events = [
        *said("wxplk", "nlu_fallback", 0.31), action("action_clarify"), *said("blorp", "nlu_fallback", 0.28),
        slot("handoff_spent", {}), *with_person(), *said("is anybody there", None), action("utter_greet"),
    ]  # fmt: skip
    told = table(explain(events, criteria("{fallback_count: {at_least: 2, turns: 4}}")), width=16)
    assert told.splitlines() == [
        "  1  wxplk             nlu_fallback 0.31",
        "     near   c0: 1/2",
        "  2  blorp             nlu_fallback 0.28",
        "     FIRED  c0: not understood twice in 2 messages",
        "  3  is anybody there  - 0.90",
    ]


def test_messages_to_a_person_are_not_judged() -> None:
    events = [*said("help"), {"event": "pause"}, *said("help"), {"event": "resume"}, *said("help")]
    turns = explain(events, criteria("{keyword: help}"))
    assert [(turn.with_person, bool(turn.fired)) for turn in turns] == [(False, True), (True, False), (False, True)]


def test_what_holds_but_does_not_fire_is_told_with_the_reason() -> None:
    events = [
        slot("size", 9),
        *said(),
        slot("handoff_spent", {"c0": {"facts": {"size": 9}}}),
        action("action_handoff"),
        *said(),
    ]
    told = table(explain(events, criteria("{slot: {name: size, above: 5}}")))
    assert "FIRED  c0: size 9 above 5" in told, "what the policy notes when it fires comes after its look"
    assert "held   c0: size 9 above 5; it has handed over for the same already" in told


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["criteria", *words])
    return result.exit_code, result.output + str(result.exception or "")


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("BATON_VAR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path


def test_check_tells_that_the_file_is_right_or_what_is_wrong(project: Path) -> None:
    assert run("check") == (0, f"handoff.yml is right: {len(NAMES)} criteria.\n")
    wrong = project / "handoff.yml"
    wrong.write_text("version: 1\ncriteria:\n  - name: x\n    when: {intent: trak_order}\n")
    code, output = run("check", "--file", str(wrong))
    assert code == 1 and "line 4" in output and "did you mean 'track_order'?" in output


def test_explain_finds_stories_by_title_and_file(project: Path) -> None:
    code, output = run("explain", "a solicitor is named")
    assert code == 0 and "FIRED  law and press" in output
    code, output = run("explain", "tests/stories/test_criteria.yml")
    assert code == 0 and output.count("story: ") == len(STORIES)


def test_explain_finds_a_conversation_in_the_database(project: Path) -> None:
    database = Database(f"sqlite:///{project}/baton.db")
    migrate.prepare(database)
    events = [{"timestamp": 1.0, **event} for event in said("my solicitor says", "complaint")]
    database.write_now(lambda connection: tracker_events.append(connection, "c-17", events))
    database.close()
    code, output = run("explain", "c-17")
    assert code == 0 and "my solicitor says" in output and "FIRED  law and press" in output
    code, output = run("explain", "c-18")
    assert code == 1 and "neither a conversation in the database nor a story" in output


def test_explain_says_that_there_is_no_such_story_when_there_is_no_database_either(project: Path) -> None:
    code, output = run("explain", "no such title")
    assert code == 1 and "'no such title' is no story in tests/stories/" in output and "no such table" in output
