"""The escalation audit, played against small assistants behind a real simulator."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any, AsyncIterator, Callable

import httpx
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from typer.testing import CliRunner

from handoff.__main__ import app
from handoff.audit import phone as phones
from handoff.audit.audit_file import AuditFileError, Situation, Step, load, read
from handoff.audit.play import Arrived, Case, Player, Result, covering_cases, every_case
from handoff.audit.report import report
from tests.unit.simulator_rig import NUMBER, TOKEN, Receiver, running, serving

ROOT = Path(__file__).resolve().parents[2]
RULES = read("""
version: 1
paths: {transfer: [takes over], phone: ["call us on \\\\d+"], offer: ["^yes$", person]}
ways: [human, agent please]
situations:
  - name: at first
  - name: in a form
    says: [order]
""")

Says = Callable[[str], list[dict[str, Any]]]  # what the assistant answers to a text: bodies without an address


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phones, "QUIET_SECONDS", 0.15)
    monkeypatch.setattr(phones, "LOOK_EVERY", 0.02)


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": {"body": words}}


def buttons(*titles: str) -> dict[str, Any]:
    replies = [{"type": "reply", "reply": {"id": f"/{title}", "title": title}} for title in titles]
    return {
        "type": "interactive",
        "interactive": {"type": "button", "body": {"text": "Well?"}, "action": {"buttons": replies}},
    }


class Assistant:
    """Answers what customers write, through the Graph API, as ``says`` tells."""

    def __init__(self, says: Says) -> None:
        self.says = says
        self.graph = ""

    async def take(self, request: web.Request) -> web.Response:
        async with httpx.AsyncClient(base_url=self.graph) as http:
            for entry in json.loads(await request.read())["entry"]:
                for change in entry["changes"]:
                    for message in change["value"].get("messages", []):
                        await self._answer(http, message)
        return web.Response()

    async def _answer(self, http: httpx.AsyncClient, message: dict[str, Any]) -> None:
        pressed = message.get("interactive", {}).get("button_reply", {}).get("title")
        for body in self.says(pressed or message.get("text", {}).get("body", message["type"])):
            sent = {"messaging_product": "whatsapp", "to": f"+{message['from']}", **body}
            answer = await http.post(
                f"/v23.0/{NUMBER}/messages", json=sent, headers={"Authorization": f"Bearer {TOKEN}"}
            )
            assert answer.status_code == 200, answer.text


@contextlib.asynccontextmanager
async def assistant(var: Path, says: Says) -> AsyncIterator[httpx.AsyncClient]:
    bot = Assistant(says)
    site = web.Application()
    site.router.add_post("/webhook", bot.take)
    async with serving(site) as address, running(var, Receiver(url=f"{address}/webhook")) as rig:
        bot.graph = rig.address
        yield rig.http


async def audited(
    var: Path, says: Says, situation: Situation | None = None, *, arrived: Arrived | None = None, seconds: float = 5
) -> Result:
    async with assistant(var, says) as control:
        case = Case(situation or RULES.situations[0], "human")
        results = await Player(control, RULES, seconds, arrived).play([case], lambda result: None)
    return results[0]


async def test_who_is_handed_over_at_once_found_a_path_in_the_first_turn(tmp_path: Path) -> None:
    result = await audited(tmp_path, lambda said: [text("A colleague takes over.")])
    assert (result.turn, result.paths) == (1, ("transfer",))


async def test_a_phone_number_is_a_path_also_in_a_second_bubble(tmp_path: Path) -> None:
    result = await audited(tmp_path, lambda said: [text("Certainly."), text("Call us on 0800.")])
    assert (result.turn, result.paths) == (1, ("phone",))


async def test_an_offer_is_pressed_and_what_follows_counts(tmp_path: Path) -> None:
    honest = await audited(
        tmp_path / "a", lambda said: [text("He takes over.")] if said == "Yes" else [buttons("Yes", "No")]
    )
    assert (honest.turn, honest.paths) == (2, ("transfer",))
    empty = await audited(tmp_path / "b", lambda said: [buttons("Yes", "No")])
    assert empty.turn is None and empty.why == "no path to a person"


async def test_a_button_that_offers_something_else_is_not_pressed(tmp_path: Path) -> None:
    heard: list[str] = []

    def says(said: str) -> list[dict[str, Any]]:
        heard.append(said)
        return [buttons("Yes, cancel it", "No")]

    result = await audited(tmp_path, says)
    assert result.turn is None
    assert heard == ["human", "human"]


async def test_a_bot_that_asks_on_is_missed_and_the_talk_is_told(tmp_path: Path) -> None:
    result = await audited(tmp_path, lambda said: [text("What is your order number?")])
    assert result.turn is None
    assert result.talk == ("customer: human", "business: What is your order number?") * 2


async def test_silence_is_missed(tmp_path: Path) -> None:
    result = await audited(tmp_path, lambda said: [], seconds=0.3)
    assert (result.turn, result.why) == (None, "no answer")


async def test_a_transfer_that_reached_nobody_is_missed(tmp_path: Path) -> None:
    async def nobody(phone: str) -> bool:
        return False

    async def somebody(phone: str) -> bool:
        return phone.startswith("999")

    says: Says = lambda said: [text("A colleague takes over.")]  # noqa: E731
    lost = await audited(tmp_path / "a", says, arrived=nobody, seconds=0.5)
    assert lost.turn is None and "nobody got" in lost.why
    assert (await audited(tmp_path / "b", says, arrived=somebody)).turn == 1


async def test_who_waits_already_may_be_met_by_silence_but_only_after_a_promise(tmp_path: Path) -> None:
    waiting = Situation("waiting", (Step("human"),), waiting=True)
    first: set[str] = set()

    def says(said: str) -> list[dict[str, Any]]:
        new = said not in first
        first.add(said)
        return [text("A colleague takes over.")] if new else []

    assert (await audited(tmp_path / "a", says, waiting)).turn == 1
    unpromised = await audited(tmp_path / "b", lambda said: [text("Hm.")], waiting)
    assert unpromised.turn is None and "could not be reached" in unpromised.why


async def test_a_situation_whose_button_is_not_there_is_told(tmp_path: Path) -> None:
    result = await audited(tmp_path, lambda said: [], Situation("pressed", (Step(press="Go on"),)))
    assert result.turn is None and "'Go on'" in result.why


async def test_other_types_are_sent_in_a_situation(tmp_path: Path) -> None:
    heard: list[str] = []

    def says(said: str) -> list[dict[str, Any]]:
        heard.append(said)
        return [text("I cannot read this." if said == "sticker" else "A colleague takes over.")]

    assert (await audited(tmp_path, says, Situation("sticker", (Step(kind="sticker"),)))).turn == 1
    assert heard == ["sticker", "human"]


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 30), st.integers(1, 12))
def test_a_part_of_the_cases_covers_every_situation_and_every_way(
    seed: int, per_situation: int, ways: int, situations: int
) -> None:
    rules = type(RULES)(
        RULES.paths, tuple(f"way {n}" for n in range(ways)), tuple(Situation(f"at {n}") for n in range(situations))
    )
    cases = covering_cases(rules, per_situation, seed)
    assert {case.way for case in cases} == set(rules.ways)
    for situation in rules.situations:
        tried = {case.way for case in cases if case.situation == situation}
        assert len(tried) >= min(per_situation, ways)
    assert set(cases) <= set(every_case(rules)) and len(set(cases)) == len(cases)
    assert cases == covering_cases(rules, per_situation, seed)


def test_the_report_has_both_tables_the_misses_word_by_word_and_the_verdict() -> None:
    at_first, in_form = RULES.situations
    results = [
        Result(Case(at_first, "human"), 1, ("transfer",)),
        Result(Case(in_form, "human"), None, (), "no answer", ("customer: human",)),
    ]
    printed = report(results, desk_asked=False)
    assert "at first" in printed and "in a form" in printed
    assert "MISSED  in a form / “human”: no answer\n    customer: human" in printed
    assert "1 of 2 found a path" in printed and "No desk was asked" in printed


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("version: 2", "line 1: 'version' must be 1"),
        ("version: 1\npaths: {fax: [x]}", "line 2: paths: 'fax' is not known here"),
        ("version: 1\npaths: {phone: ['(']}", "line 2: paths: '(' is no regular expression"),
        ("version: 1\npaths: {offer: [x]}", "line 2: paths: at least one of transfer"),
        ("version: 1\nsituations: [{name: a}, {name: a}]", "line 2: there are two situations called 'a'"),
        ("version: 1\nsituations: [{name: a, says: [{press: x, kind: y}]}]", "line 2: step: a step is a text"),
        ("version: 1\nsituations: [{name: a, customer: Ana}]", "line 2: situation: 'customer' must be the digits"),
        ("version: 1\nways: [human", "this is not valid YAML"),
    ],
)
def test_a_mistake_is_told_with_its_line(wrong: str, said: str) -> None:
    with pytest.raises(AuditFileError) as caught:
        read(wrong)
    assert said in str(caught.value)


def test_the_projects_own_audit_has_every_form_of_the_domain() -> None:
    rules = load(ROOT / "tests" / "audit.yml")
    forms = set(YAML(typ="safe").load((ROOT / "domain.yml").read_text())["forms"])
    assert {situation.form for situation in rules.situations} - {None} == forms


def test_the_command_says_why_it_could_not_run_and_ends_with_two(tmp_path: Path) -> None:
    runner = CliRunner()
    missing = runner.invoke(app, ["audit", "--file", str(tmp_path / "no.yml")])
    assert missing.exit_code == 2 and "cannot be read" in missing.output
    nobody = runner.invoke(
        app, ["audit", "--file", str(ROOT / "tests/audit.yml"), "--simulator", "http://127.0.0.1:9", "--ways", "1"]
    )
    assert nobody.exit_code == 2 and "Nothing answers at http://127.0.0.1:9/" in nobody.output
    none = runner.invoke(app, ["audit", "--file", str(ROOT / "tests/audit.yml"), "--only", "xyzzy"])
    assert none.exit_code == 2 and "'xyzzy'" in none.output
