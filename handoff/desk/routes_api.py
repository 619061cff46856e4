"""The desk's API under /api/v1: the same acts as the pages, for scripts and tests, with a bearer token."""

from __future__ import annotations

from typing import Any, Mapping

from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, json
from sqlalchemy.engine import Connection

from handoff.desk import acts, people, queries, quotes, template_acts, template_pages, words
from handoff.desk.access import with_token
from handoff.desk.acts import ActRefused
from handoff.desk.desk import desk_of
from handoff.desk.openapi import document
from handoff.desk.people import Agent
from handoff.settings import TemplateName

LARGEST_PAGE = 200


def blueprint() -> Blueprint:
    routes = Blueprint("api", url_prefix="/api/v1")
    routes.add_route(openapi, "/openapi.json", methods=["GET"], name="openapi")
    routes.add_route(conversations, "/conversations", methods=["GET"], name="conversations")
    routes.add_route(conversation, "/conversations/<conversation_id:str>", methods=["GET"], name="conversation")
    for name, handler in _ACTS.items():
        routes.add_route(handler, f"/conversations/<conversation_id:str>/{name}", methods=["POST"], name=name)
    return routes


@with_token
async def openapi(_request: Request, _agent: Agent) -> HTTPResponse:
    return json(document())


@with_token
async def conversations(request: Request, _agent: Agent) -> HTTPResponse:
    """``state`` (queued, active, resolved, bot), ``q`` (names, addresses, topics, what was said), ``limit``."""
    state = request.args.get("state")
    if state and state not in words.STATES:
        raise ActRefused(400, "unknown_state", f"'state' must be one of: {', '.join(words.STATES)}.")
    limit = request.args.get("limit") or "50"
    if not limit.isdigit() or not 1 <= int(limit) <= LARGEST_PAGE:
        raise ActRefused(400, "wrong_limit", f"'limit' must be a whole number from 1 to {LARGEST_PAGE}.")
    search = request.args.get("q") or ""
    rows = await desk_of(request).database.read(queries.state_rows, state, search, int(limit))
    return json({"conversations": [_row(row) for row in rows]})


@with_token
async def conversation(request: Request, _agent: Agent, conversation_id: str) -> HTTPResponse:
    return json(await _whole(request, conversation_id))


@with_token
async def accept(request: Request, agent: Agent, conversation_id: str) -> HTTPResponse:
    desk = desk_of(request)
    await desk.act(conversation_id, acts.accept, agent, desk.clock())
    return json(await _whole(request, conversation_id))


@with_token
async def messages(request: Request, agent: Agent, conversation_id: str) -> HTTPResponse:
    """``{"text", "reply_to"}`` or ``{"template": {"name", "language", "parameters"}}``; with a header
    ``Idempotency-Key`` the same message sent again is one message."""
    desk, body = desk_of(request), _body(request)
    key, now = request.headers.get("Idempotency-Key"), desk.clock()
    if "template" in body:
        name, values = _template(body["template"])
        template = await template_pages.approved(request, conversation_id, name)
        command_id = await desk.act(conversation_id, template_acts.send_template, agent, template, values, now, key)
    else:
        text, quoted = _text(body, "text"), None
        if body.get("reply_to") is not None:
            quoted = await desk.database.read(quotes.of_message, conversation_id, _text(body, "reply_to"))
            if quoted is None:
                raise ActRefused(404, "unknown_message", "'reply_to': there is no such message of the customer's here.")
        command_id = await desk.act(conversation_id, acts.reply, agent, text, now, key, quoted)
    return json({"command_id": command_id, "status": words.SENDING}, status=202)


@with_token
async def notes(request: Request, agent: Agent, conversation_id: str) -> HTTPResponse:
    desk = desk_of(request)
    text = _text(_body(request), "text")
    await desk.act(conversation_id, acts.note, agent, text, desk.clock(), request.headers.get("Idempotency-Key"))
    return json({"status": "ok"}, status=201)


@with_token
async def transfer(request: Request, agent: Agent, conversation_id: str) -> HTTPResponse:
    """``{"to": agent's id, login or name, or null for the queue, "reason"}``"""
    desk, body = desk_of(request), _body(request)
    to = None
    if body.get("to") is not None:
        to = await desk.database.read(people.find_agent, _text(body, "to"))
        if to is None:
            raise ActRefused(404, "unknown_agent", f"'to': there is no agent '{body['to']}'. Use null for the queue.")
    await desk.act(conversation_id, acts.transfer, agent, to, _text(body, "reason", ""), desk.clock())
    return json(await _whole(request, conversation_id))


@with_token
async def resolve(request: Request, agent: Agent, conversation_id: str) -> HTTPResponse:
    """``{"outcome", "note", "slots"}``"""
    desk, body = desk_of(request), _body(request)
    outcome, note = _text(body, "outcome"), _text(body, "note", "")
    await desk.act(conversation_id, acts.resolve, agent, outcome, note, _slots(body), desk.clock())
    return json(await _whole(request, conversation_id))


@with_token
async def give_back(request: Request, agent: Agent, conversation_id: str) -> HTTPResponse:
    """``{"note", "slots"}``, both optional"""
    desk, body = desk_of(request), _body(request)
    await desk.act(conversation_id, acts.give_back, agent, _text(body, "note", ""), _slots(body), desk.clock())
    return json(await _whole(request, conversation_id))


async def _whole(request: Request, conversation_id: str) -> dict[str, Any]:
    return await desk_of(request).database.read(_read_whole, conversation_id)


def _read_whole(connection: Connection, conversation_id: str) -> dict[str, Any]:
    row = queries.one(connection, conversation_id)
    if row is None:
        raise ActRefused(404, "unknown_conversation", f"There is no conversation '{conversation_id}' on this desk.")
    passages = queries.handoffs_of(connection, conversation_id)
    current = next((passage for passage in passages if passage["id"] == row["handoff_id"]), None)
    context = (current or {}).get("context")
    customer = dict((context or {}).get("customer") or {})
    return {
        **_row(row),
        "customer": {**customer, **_row(row)["customer"]},
        "context": context,
        "handoffs": [_handoff(passage) for passage in passages],
        "transcript": [_line(line) for line in queries.transcript(connection, conversation_id)],
    }


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "id", "state", "handoff_id", "epoch", "customer_name", "customer_address", "language", "topic", "reason",
        "priority", "window_ends_at", "unread", "waiting_since", "last_author", "last_text", "last_at",
    )  # fmt: skip
    owner = {"id": row["owner_id"], "name": row["owner_name"]} if row["owner_id"] else None
    customer = {"name": row["customer_name"], "address": row["customer_address"]}
    return {**{name: row[name] for name in names}, "customer": customer, "owner": owner}


def _handoff(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("id", "state", "reason", "topic", "requested_at", "accepted_at", "closed_at", "confirmed_at")
    return {
        **{name: row[name] for name in names},
        **{name: row[name] for name in ("outcome", "note", "agent_name")},
    }


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("author", "name", "kind", "text", "details", "at", "status", "error", "command_id", "handoff_id")
    more = ("media", "quoted", "reaction", "text_before", "edited_at", "deleted_at")
    return {"id": row["id"], "message_id": row["bridge_id"], **{name: row[name] for name in (*names, *more)}}


def _body(request: Request) -> Mapping[str, Any]:
    if not request.body:
        return {}
    try:
        body = request.json
    except Exception as error:
        raise ActRefused(400, "not_json", "The body is not JSON.") from error
    if not isinstance(body, dict):
        raise ActRefused(400, "not_an_object", "The body must be a JSON object.")
    return body


def _text(body: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = body.get(name, default)
    if not isinstance(value, str):
        raise ActRefused(400, "wrong_field", f"'{name}' must be a string.")
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def _template(value: Any) -> tuple[TemplateName, Mapping[str, str]]:
    """Which template, and what to fill in: ``parameters`` by the keys of the template's fields."""
    value = value if isinstance(value, dict) else {}
    given = value.get("parameters") or {}
    if not isinstance(given, dict) or not all(isinstance(each, str) for each in given.values()):
        raise ActRefused(400, "wrong_field", "'template.parameters' must be an object of texts.")
    name = TemplateName(_text(value, "name"), _text(value, "language"))
    return name, {key: _text(given, key) for key in given}


def _slots(body: Mapping[str, Any]) -> Mapping[str, Any]:
    slots = body.get("slots") or {}
    if not isinstance(slots, dict):
        raise ActRefused(400, "wrong_field", "'slots' must be an object of slot names and values.")
    return slots


_ACTS = {
    "accept": accept,
    "messages": messages,
    "notes": notes,
    "transfer": transfer,
    "resolve": resolve,
    "return": give_back,
}
