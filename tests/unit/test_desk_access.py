"""Who may do what on the desk: sign-in, tokens, signatures, forms, and the headers that every answer has."""

from __future__ import annotations

import json
import re
import time
from typing import Any, Iterator
from uuid import uuid4

import httpx
import pytest

from handoff import protocol
from handoff.desk import people
from handoff.desk.app import create_app
from handoff.settings import DeskSettings
from tests.support.waiting import wait_until
from tests.unit.desk_support import PASSWORD, SECRET, DeskUnderTest

OPEN = {"/healthz", "/readyz", "/metrics", "/sign-in", "/static/<__file_uri__:path>"}
PAGES = ("/", "/live", "/sign-out", "/conversations/")


def all_routes() -> list[tuple[str, str]]:
    app = create_app(DeskSettings("sqlite:///:memory:", None, SECRET, "http://127.0.0.1:1", "127.0.0.1", 1))
    app.router.finalize()
    return sorted(
        (f"/{route.path}".replace("//", "/"), method) for route in app.router.routes for method in route.methods
    )


ROUTES = all_routes()


@pytest.fixture
def visitor(desk: DeskUnderTest) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=desk.process.url, timeout=20) as client:
        yield client


@pytest.fixture
def signed_in(visitor: httpx.Client) -> httpx.Client:
    assert sign_in(visitor, "sam@example.com", PASSWORD).status_code == 303
    return visitor


def token_on(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found, page.text
    return found.group(1)


def sign_in(client: httpx.Client, login: str, password: str, **more: str) -> httpx.Response:
    form = {"csrf": token_on(client.get("/sign-in")), "login": login, "password": password, **more}
    return client.post("/sign-in", data=form)


def test_the_list_of_routes_is_not_empty() -> None:
    assert len(ROUTES) > 15
    assert {path for path, _method in ROUTES} >= OPEN


@pytest.mark.parametrize(("path", "method"), [route for route in ROUTES if route[0] not in OPEN])
def test_every_route_asks_for_a_sign_in_a_token_or_a_signature(visitor: httpx.Client, path: str, method: str) -> None:
    answer = visitor.request(method, re.sub(r"<[^>]+>", "x", path))
    if path.startswith(("/api/", "/agent-channel/", "/media/")) or path == "/live":
        assert answer.status_code == 401
    else:
        assert path.startswith(PAGES)
        assert (answer.status_code, answer.headers["location"][:8]) == (303, "/sign-in")


@pytest.mark.parametrize("path", ["/", "/sign-in", "/healthz", "/api/v1/conversations", "/nowhere", "/static/desk.css"])
def test_every_answer_carries_the_security_headers(visitor: httpx.Client, path: str) -> None:
    headers = visitor.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


def test_pages_have_no_inline_script_and_no_inline_style(desk: DeskUnderTest, signed_in: httpx.Client) -> None:
    page = signed_in.get(f"/conversations/{desk.waiting()}").text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", page)


def test_a_session_cookie_is_for_the_browser_only(visitor: httpx.Client) -> None:
    answer = sign_in(visitor, "sam@example.com", PASSWORD)
    cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith("desk_session="))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie


def test_behind_tls_the_cookie_is_secure(visitor: httpx.Client) -> None:
    answer = visitor.get("/sign-in", headers={"X-Forwarded-Proto": "https"})
    assert "Secure" in answer.headers["set-cookie"]


def test_signing_out_ends_the_session_for_good(signed_in: httpx.Client) -> None:
    page, cookie = signed_in.get("/"), signed_in.cookies["desk_session"]
    assert page.status_code == 200
    assert signed_in.post("/sign-out", data={"csrf": token_on(page)}).status_code == 303
    assert signed_in.get("/", cookies={"desk_session": cookie}).status_code == 303


def test_a_form_without_its_token_changes_nothing(desk: DeskUnderTest, signed_in: httpx.Client) -> None:
    conversation_id = desk.waiting()
    for form in ({}, {"csrf": "guessed"}, {"csrf": ""}):
        assert signed_in.post(f"/conversations/{conversation_id}/accept", data=form).status_code == 403
    assert desk.sam.get(conversation_id)["state"] == "queued"


def test_the_sign_in_form_needs_its_own_token(visitor: httpx.Client) -> None:
    form = {"login": "sam@example.com", "password": PASSWORD, "csrf": "guessed"}
    assert visitor.post("/sign-in", data=form).status_code == 400  # no cookie yet
    visitor.get("/sign-in")
    assert visitor.post("/sign-in", data=form).status_code == 403


def test_every_act_works_as_a_plain_form(desk: DeskUnderTest, signed_in: httpx.Client) -> None:
    conversation_id = desk.waiting()
    address = f"/conversations/{conversation_id}"

    def post(act: str, **form: str) -> httpx.Response:
        answer = signed_in.post(f"{address}/{act}", data={"csrf": token_on(signed_in.get(address)), **form})
        assert answer.status_code == 303, answer.text
        return signed_in.get(answer.headers["location"])

    assert 'data-testid="send"' in post("accept").text
    assert "Hello Ana" in post("say", mode="reply", text="Hello Ana", key="k1").text
    assert "only us" in post("say", mode="note", text="only us", key="k2").text
    page = post("resolve", outcome="follow_up", note="call back", **{"slot.order_number": "10024"})
    assert "needs a follow-up (call back)" in page.text
    wait_until("the bridge knows", lambda: len(desk.commands(conversation_id)) == 3)
    assert desk.commands(conversation_id)[-1]["data"]["slots"] == {"order_number": "10024"}


def test_an_act_that_does_not_fit_keeps_the_text_and_says_why(desk: DeskUnderTest, signed_in: httpx.Client) -> None:
    conversation_id = desk.waiting()
    assert desk.alex.post(conversation_id, "accept").status_code == 200
    token = token_on(signed_in.get("/"))
    form = {"csrf": token, "mode": "reply", "text": "my long text", "key": "k"}
    answer = signed_in.post(f"/conversations/{conversation_id}/say", data=form)
    assert answer.status_code == 409
    assert "Alex Kim has this conversation now" in answer.text and "my long text" in answer.text


def test_what_customers_write_is_text_and_not_markup(desk: DeskUnderTest, signed_in: httpx.Client) -> None:
    attack = '<img src=x onerror="alert(1)">'
    conversation_id = desk.waiting(name=attack, summary=attack)
    desk.calls.say(conversation_id, f"handoff-{conversation_id}", attack)
    page = signed_in.get(f"/conversations/{conversation_id}").text
    assert "<img" not in page and "&lt;img" in page


def test_next_leads_to_this_desk_only(visitor: httpx.Client) -> None:
    for target in ("https://evil.example", "//evil.example", "/\\evil.example", "/conversations/\\evil"):
        assert sign_in(visitor, "sam@example.com", PASSWORD, next=target).headers["location"] == "/"
        visitor.cookies.clear()


def test_wrong_passwords_are_slowed_down_and_unknown_logins_look_the_same(desk: DeskUnderTest) -> None:
    with httpx.Client(base_url=desk.process.url, timeout=20) as client:
        known = sign_in(client, "alex@example.com", "wrong")
        unknown = sign_in(client, "nobody@example.com", "wrong")
        assert known.status_code == unknown.status_code == 401
        assert "do not fit together" in known.text and "do not fit together" in unknown.text
        answers = [
            sign_in(client, "alex@example.com", "wrong").status_code
            for _ in range(people.FAILURES_PER_LOGIN_AND_ADDRESS)
        ]
        assert answers[-1] == 429
        assert sign_in(client, "alex@example.com", PASSWORD).status_code == 429
        assert sign_in(client, "sam@example.com", PASSWORD).status_code == 303  # others are not locked out


def test_events_need_a_signature_that_fits_and_is_fresh(desk: DeskUnderTest) -> None:
    body = protocol.Envelope(
        "e", protocol.WINDOW_CHANGED, time.time(), "c-signed", data={"window_ends_at": 1}
    ).to_bytes()
    calls = desk.calls
    assert calls.send_raw(body, {}).status_code == 401
    assert calls.send_raw(body, protocol.sign("another secret", body)).status_code == 401
    assert calls.send_raw(body + b" ", protocol.sign(SECRET, body)).status_code == 401
    assert calls.send_raw(body, protocol.sign(SECRET, body, time.time() - 400)).status_code == 401
    assert calls.send_raw(body).json() == {"status": "ok"}
    assert calls.send_raw(body).json() == {"status": "duplicate"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"not json", "not_json"),
        (b"[]", "not_an_object"),
        (b'{"id":"x","type":"no.such","conversation_id":"c"}', "unknown_type"),
    ],
)
def test_a_malformed_event_is_refused_for_good(desk: DeskUnderTest, body: bytes, code: str) -> None:
    answer = desk.calls.send_raw(body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_characters_that_databases_cannot_keep_do_no_harm(desk: DeskUnderTest) -> None:
    conversation_id = desk.waiting()
    for text in ("zero \x00 byte", "half \ud83d pair", "back\\u0000slash"):
        assert desk.calls.send_raw(_message(conversation_id, text)).status_code == 200
    assert desk.sam.texts(conversation_id, "customer")[-3:] == ["zero  byte", "half ? pair", "back\\u0000slash"]


def _message(conversation_id: str, text: str) -> bytes:
    envelope: dict[str, Any] = {
        "id": uuid4().hex, "type": protocol.CUSTOMER_MESSAGE, "at": time.time(), "conversation_id": conversation_id,
        "handoff_id": f"handoff-{conversation_id}", "seq": 9,
        "data": {"message_id": uuid4().hex, "kind": "text", "text": text, "sent_at": time.time()},
    }  # fmt: skip
    return json.dumps(envelope).encode()


def test_availability_counts_who_was_seen(desk: DeskUnderTest) -> None:
    desk.sam.list()
    path = "/agent-channel/availability?skills=a,b&language=en"
    answer = desk.calls.client.get(path, headers=protocol.sign(SECRET, path.encode())).json()
    assert answer["open"] is True and answer["available"] >= 1
    assert set(answer) == {
        "open", "next_opening", "available", "waiting", "place", "expected_wait_seconds", "team", "name",
    }  # fmt: skip
    assert desk.calls.client.get(path, headers=protocol.sign(SECRET, b"/agent-channel/availability")).status_code == 401
