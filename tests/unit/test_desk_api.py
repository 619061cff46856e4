"""The desk's API: true to its document, errors that say what to do, and the command line beside it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator, oas30_format_checker

from handoff.desk.database import Database
from handoff.desk.openapi import document
from handoff.desk.people import count_who_can_sign_in
from tests.support.postgres import Postgres
from tests.support.waiting import wait_until
from tests.unit.desk_support import PASSWORD, DeskProcess, DeskUnderTest
from tests.unit.test_desk_access import ROUTES


def check(schema_name: str, answer: Any) -> None:
    schema = {"$ref": f"#/components/schemas/{schema_name}", "components": document()["components"]}
    OAS30Validator(schema, format_checker=oas30_format_checker).validate(answer)


def test_the_document_lists_exactly_the_routes_there_are() -> None:
    described = {
        (path.replace("{id}", "<conversation_id:str>"), method.upper())
        for path, operations in document()["paths"].items()
        for method in operations
    }
    assert described == {(path, method) for path, method in ROUTES if path.startswith("/api/")}


def test_answers_look_as_the_document_says(desk: DeskUnderTest) -> None:
    conversation_id = desk.waiting()
    for row in desk.sam.list(limit="5"):
        check("Conversation", row)
    check("WholeConversation", desk.sam.get(conversation_id))
    check("Error", desk.sam.client.get("/conversations/nowhere").json())
    assert desk.sam.client.get("/openapi.json").json() == document()


def test_lists_are_by_state_and_can_be_searched(desk: DeskUnderTest) -> None:
    waiting = desk.waiting(name="Zebulon Quill", phone="4917000111")
    desk.calls.say(waiting, f"handoff-{waiting}", "the 100%_sure parcel")
    active, resolved, returned = desk.accepted(), desk.accepted(), desk.accepted()
    desk.sam.post(resolved, "resolve", {"outcome": "solved"})
    desk.sam.post(returned, "return")

    def ids(**query: str) -> set[str]:
        return {row["id"] for row in desk.sam.list(limit="200", **query)}

    assert waiting in ids(state="queued") and active not in ids(state="queued")
    assert active in ids(state="active")
    assert {resolved, returned} <= ids(state="resolved")
    for found in ("zebulon", "4917000111", "100%_sure"):
        assert ids(q=found) == {waiting}
    assert ids(q="100__sure") == set()


@pytest.mark.parametrize(
    ("act", "body", "status", "code"),
    [
        ("messages", {"text": "x"}, 409, "not_accepted"),
        ("messages", {}, 400, "wrong_field"),
        ("messages", {"text": "  "}, 400, "empty"),
        ("notes", {"text": 7}, 400, "wrong_field"),
        ("resolve", {"outcome": "great"}, 400, "unknown_outcome"),
        ("resolve", {"outcome": "solved", "slots": []}, 409, "not_accepted"),
        ("transfer", {"to": "Nobody"}, 404, "unknown_agent"),
        ("return", {}, 409, "not_accepted"),
    ],
)
def test_errors_say_what_is_wrong(desk: DeskUnderTest, act: str, body: Any, status: int, code: str) -> None:
    answer = desk.sam.post(desk.waiting(), act, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    check("Error", answer.json())


def test_wrong_questions_are_answered_with_the_right_ones(desk: DeskUnderTest) -> None:
    client = desk.sam.client
    assert "queued" in client.get("/conversations", params={"state": "open"}).json()["error"]["message"]
    assert client.get("/conversations", params={"limit": "1000"}).status_code == 400
    assert client.post(f"/conversations/{desk.waiting()}/notes", content=b"{").json()["error"]["code"] == "not_json"
    assert client.get("/nowhere").json()["error"]["code"] == "not_found"
    assert client.request("DELETE", "/conversations").status_code == 405


def test_one_agent_has_a_conversation_and_accepting_twice_changes_nothing(desk: DeskUnderTest) -> None:
    conversation_id = desk.accepted()
    assert desk.sam.post(conversation_id, "accept").status_code == 200
    refused = desk.alex.post(conversation_id, "accept").json()["error"]
    assert refused["code"] == "taken" and "Sam Rivera" in refused["message"]
    assert len([text for text in desk.sam.texts(conversation_id, "system") if "joined" in text]) == 1


def test_notes_stay_on_the_desk(desk: DeskUnderTest) -> None:
    conversation_id = desk.accepted()
    assert desk.alex.post(conversation_id, "notes", {"text": "knows the owner"}).status_code == 201
    assert desk.sam.texts(conversation_id, "note") == ["knows the owner"]
    desk.sam.post(conversation_id, "messages", {"text": "hello"})
    assert all("knows" not in str(each) for each in desk.commands(conversation_id))


def test_the_desk_says_that_it_is_well(desk: DeskUnderTest) -> None:
    client = desk.calls.client
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["migrations"] == "ok"
    metrics = client.get("/metrics").text
    for name in ("desk_events_total", "desk_commands_waiting", "desk_conversations_waiting", "desk_agents_available"):
        assert name in metrics


def test_the_log_has_a_line_for_each_event_and_command_and_no_message_text(desk: DeskUnderTest) -> None:
    conversation_id = desk.accepted()
    desk.calls.say(conversation_id, f"handoff-{conversation_id}", "a secret of the customer")
    desk.sam.post(conversation_id, "messages", {"text": "a secret of the agent"})
    wait_until("the message left", lambda: len(desk.commands(conversation_id)) == 2)
    lines = wait_until("it is logged", lambda: _lines_of(desk, conversation_id, 4))
    assert any('"event": "command"' in line for line in lines) and any('"event": "event"' in line for line in lines)
    assert "a secret of" not in desk.process.log()


def _lines_of(desk: DeskUnderTest, conversation_id: str, count: int) -> list[str]:
    lines = [line for line in desk.process.log().splitlines() if conversation_id in line]
    return lines if len(lines) >= count else []


def test_a_desk_without_its_settings_names_all_that_is_missing(tmp_path: Path) -> None:
    process = DeskProcess(tmp_path, "nonsense", HANDOFF_SECRET="", DESK_PORT="0")
    done = _run(process)
    assert done.returncode == 1
    for name in ("HANDOFF_SECRET", "RASA_URL", "DESK_PORT"):
        assert name in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_named(desk: DeskUnderTest, tmp_path: Path) -> None:
    done = _run(DeskProcess(tmp_path, desk.bridge.url, DESK_PORT=str(desk.process.port)))
    assert done.returncode == 1 and str(desk.process.port) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.postgres
def test_on_postgresql_a_schema_that_is_behind_is_named_with_its_command(postgres: Postgres, tmp_path: Path) -> None:
    process = DeskProcess(tmp_path, "http://127.0.0.1:1", DESK_DATABASE_URL=postgres.new_database("desk"))
    done = _run(process)
    assert done.returncode == 1 and "python -m handoff desk migrate" in done.stderr
    assert process.command("desk", "migrate").returncode == 0
    assert process.command("token", "create", "--agent", "Robot").stdout.startswith("baton_")


def test_agents_are_made_with_a_password_that_is_long_enough_and_a_login_of_their_own(tmp_path: Path) -> None:
    process = DeskProcess(tmp_path, "http://127.0.0.1:1")
    short = process.command("agent", "create", "--login", "kim", "--name", "Kim", DESK_PASSWORD="short")
    assert short.returncode == 1 and "at least 10" in short.stderr
    process.add_agent("kim", "Kim", PASSWORD)
    again = process.command("agent", "create", "--login", "KIM", "--name", "Kim", DESK_PASSWORD=PASSWORD)
    assert again.returncode == 1 and "taken" in again.stderr


def test_demo_agents_exist_only_when_the_launcher_says_demo(tmp_path: Path) -> None:
    for demo, count in (("0", 0), ("1", 2)):
        folder = tmp_path / demo
        folder.mkdir()
        process = DeskProcess(folder, "http://127.0.0.1:1", BATON_DEMO=demo)
        process.start()
        process.stop()
        database = Database(f"sqlite:///{folder}/desk.db")
        assert database.write_now(count_who_can_sign_in) == count
        database.close()


def _run(process: DeskProcess) -> Any:
    return subprocess.run(
        [sys.executable, "-m", "handoff.desk"], env=process.environ, capture_output=True, text=True, timeout=60
    )
