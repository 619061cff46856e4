"""The inbox. Page and partial come from one function; every act is a form post and a redirect, live or not."""

from __future__ import annotations

import secrets
from typing import Any, Awaitable, Callable, Mapping
from urllib.parse import quote, urlencode

from sanic import Blueprint, Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, redirect
from sqlalchemy.engine import Connection

from handoff import protocol
from handoff.desk import (
    acts,
    commands,
    people,
    queries,
    quotes,
    resending,
    template_pages,
    view,
    view_lines,
    window,
    words,
)
from handoff.desk.access import form_value, signed_in
from handoff.desk.acts import ActRefused
from handoff.desk.desk import desk_of
from handoff.desk.live_route import live
from handoff.desk.pages import STATIC, pages_of
from handoff.desk.people import Agent, Session
from handoff.desk.times import Times, zone_named

ZONE_COOKIE = "zone"
FRAGMENTS = {"list": "_list.html", "main": "_main.html", "desk": "_desk.html"}
PANES = ("list", "conversation", "context")

Act = Callable[[Request, Agent, str], Awaitable[None]]


def blueprint() -> Blueprint:
    routes = Blueprint("pages")
    routes.add_route(inbox, "/", methods=["GET"], name="inbox")
    routes.add_route(conversation, "/conversations/<conversation_id:str>", methods=["GET"], name="conversation")
    routes.add_route(act, "/conversations/<conversation_id:str>/<name:str>", methods=["POST"], name="act")
    routes.add_route(live, "/live", methods=["GET"], name="live")
    return routes


def add_static(app: Sanic) -> None:
    app.static("/static", STATIC, name="static")


@signed_in
async def inbox(request: Request, session: Session) -> HTTPResponse:
    return await _inbox(request, session, None)


@signed_in
async def conversation(request: Request, session: Session, conversation_id: str) -> HTTPResponse:
    return await _inbox(request, session, conversation_id)


@signed_in
async def act(request: Request, session: Session, conversation_id: str, name: str) -> HTTPResponse:
    """Do what the form says, then show the conversation; what does not fit is said there, with the text kept."""
    if name not in _ACTS:
        raise ActRefused(404, "unknown_act", "There is nothing at this address.")
    try:
        await _ACTS[name](request, session.agent, conversation_id)
    except ActRefused as error:
        if error.code == "unknown_conversation":
            raise
        return await _inbox(request, session, conversation_id, error)
    return redirect(_address(request, conversation_id), status=303)


async def _inbox(
    request: Request, session: Session, conversation_id: str | None, error: ActRefused | None = None
) -> HTTPResponse:
    """The whole page, or the part of it that htmx asked for."""
    desk = desk_of(request)
    times = Times(desk.clock(), zone_named(request.cookies.get(ZONE_COOKIE)))
    wanted = request.args.get("view")
    chosen = wanted if wanted in queries.VIEWS else "waiting"
    search = str(request.args.get("q") or "")[:200]
    reply_to = form_value(request, "reply_to") or str(request.args.get("reply_to") or "")
    model = await desk.database.read(_model, session.agent, chosen, search, conversation_id, times, reply_to)
    if conversation_id and model["conversation"] is None:
        raise ActRefused(404, "unknown_conversation", "There is no such conversation on this desk.")
    if model["mine"] and model["conversation"]["unread"]:
        await desk.act(conversation_id or "", acts.mark_read)
    pane = request.args.get("pane")
    model["picker"] = await template_pages.picker(request, model) if conversation_id else None
    model.update(
        session=session,
        times=times,
        pane=pane if pane in PANES and conversation_id else ("conversation" if conversation_id else "list"),
        error=str(error) if error else None,
        draft=form_value(request, "text") if error else "",
        key=form_value(request, "key") if error else secrets.token_hex(8),
        query=_query(chosen, search),
        outcomes=words.OUTCOME_LABELS,
    )
    fragment = FRAGMENTS.get(request.headers.get("HX-Target", "")) if request.headers.get("HX-Request") else None
    return pages_of(request).render(fragment or "inbox.html", error.status if error else 200, **model)


def _model(
    connection: Connection, agent: Agent, chosen: str, search: str, conversation_id: str | None, times: Times,
    reply_to: str,
) -> dict[str, Any]:  # fmt: skip
    row = queries.one(connection, conversation_id) if conversation_id else None
    rows = queries.view_rows(connection, chosen, agent.id, search)
    model: dict[str, Any] = {
        "view": chosen,
        "search": search,
        "rows": [view.list_row(each, agent.id, times) for each in rows],
        "more": len(rows) == queries.LIST_LIMIT,
        "counts": queries.counts(connection, agent.id),
        "conversation": row,
        "mine": False,
    }
    if row is not None:
        model.update(_open_conversation(connection, row, agent, times))
        model["quoting"] = _quoted(connection, row["id"], reply_to)
    return model


def _open_conversation(connection: Connection, row: Mapping[str, Any], agent: Agent, times: Times) -> dict[str, Any]:
    mine = row["state"] == words.ACTIVE and row["owner_id"] == agent.id
    name = view.customer_name(row)
    lines = queries.transcript(connection, row["id"])
    lines = [{**line, "name": name} if line["author"] == words.CUSTOMER else line for line in lines]
    on_their_way = [line["command_id"] for line in lines if line["status"] == words.SENDING and line["command_id"]]
    passages = queries.handoffs_of(connection, row["id"])
    current = next((passage for passage in passages if passage["id"] == row["handoff_id"]), None)
    return {
        "mine": mine,
        "name": name,
        "items": view_lines.transcript(lines, commands.states_of(connection, on_their_way), mine, times),
        "card": view.card((current or {}).get("context"), times, row["opted_out"]),
        "window": window.describe(row["window_ends_at"], times),
        "colleagues": [each for each in people.all_agents(connection) if each.id != agent.id],
    }


async def _accept(request: Request, agent: Agent, conversation_id: str) -> None:
    desk = desk_of(request)
    await desk.act(conversation_id, acts.accept, agent, desk.clock())


async def _say(request: Request, agent: Agent, conversation_id: str) -> None:
    desk = desk_of(request)
    text, key = form_value(request, "text").replace("\r\n", "\n"), form_value(request, "key") or None
    if form_value(request, "mode") == "note":
        await desk.act(conversation_id, acts.note, agent, text, desk.clock(), key)
        return
    line = form_value(request, "reply_to")
    quoted = await desk.database.read(quotes.of_line, conversation_id, int(line)) if line.isdigit() else None
    await desk.act(conversation_id, acts.reply, agent, text, desk.clock(), key, quoted)


def _quoted(connection: Connection, conversation_id: str, line: str) -> dict[str, Any] | None:
    """The message that is replied to, by the number of its line; None for no number, and for what cannot be quoted."""
    found = quotes.of_line(connection, conversation_id, int(line)) if line.isdigit() else None
    return {**found, "line": line} if found else None


async def _retry(request: Request, agent: Agent, conversation_id: str) -> None:
    desk, line = desk_of(request), form_value(request, "line")
    await desk.act(conversation_id, resending.retry, agent, int(line) if line.isdigit() else 0, desk.clock())


async def _transfer(request: Request, agent: Agent, conversation_id: str) -> None:
    desk, wanted = desk_of(request), form_value(request, "to")
    to = await desk.database.read(people.find_agent, wanted) if wanted else None
    if wanted and to is None:
        raise ActRefused(404, "unknown_agent", "This colleague is not on the desk any more. Choose somebody else.")
    await desk.act(conversation_id, acts.transfer, agent, to, form_value(request, "reason"), desk.clock())


async def _resolve(request: Request, agent: Agent, conversation_id: str) -> None:
    desk = desk_of(request)
    slots = await desk.database.read(_corrected_slots, conversation_id, request.form or {})
    outcome, note = form_value(request, "outcome") or protocol.OUTCOMES[0], form_value(request, "note")
    await desk.act(conversation_id, acts.resolve, agent, outcome, note, slots, desk.clock())


async def _return(request: Request, agent: Agent, conversation_id: str) -> None:
    desk = desk_of(request)
    await desk.act(conversation_id, acts.give_back, agent, form_value(request, "note"), {}, desk.clock())


_ACTS: dict[str, Act] = {
    "accept": _accept,
    "say": _say,
    "retry": _retry,
    "template": template_pages.send,
    "answer-ready": template_pages.send_ready,
    "transfer": _transfer,
    "resolve": _resolve,
    "return": _return,
}


def _corrected_slots(connection: Connection, conversation_id: str, form: Mapping[str, Any]) -> dict[str, Any]:
    """The facts whose fields were changed, as values of the kind they had, and what the bot's form still asks for."""
    row = queries.one(connection, conversation_id) or {}
    passages = queries.handoffs_of(connection, conversation_id)
    current: Mapping[str, Any] = next((each for each in passages if each["id"] == row.get("handoff_id")), {})
    context = current.get("context") or {}
    known = {str(fact.get("name")): fact.get("value") for fact in context.get("facts") or []}
    gaps = {str(slot): None for slot in (context.get("form") or {}).get("missing") or []}
    changed = {}
    for name, value in {**gaps, **known}.items():
        given = form.get(f"slot.{name}")
        given = given[0] if isinstance(given, list) else given
        if given is not None and given.strip() != view.plain_value(value):
            changed[name] = _like(value, given.strip())
    return changed


def _like(old: Any, text: str) -> Any:
    if not text:
        return None
    if isinstance(old, bool):
        return text.lower() in ("yes", "true", "1")
    if isinstance(old, (int, float)):
        try:
            return type(old)(text)
        except ValueError:
            return text
    return text


def _query(chosen: str, search: str) -> str:
    return urlencode({"view": chosen, **({"q": search} if search else {})})


def _address(request: Request, conversation_id: str) -> str:
    chosen = request.args.get("view")
    query = _query(chosen if chosen in queries.VIEWS else "waiting", str(request.args.get("q") or ""))
    return f"/conversations/{quote(conversation_id, safe='')}?{query}"
