"""The template picker in the composer, when the 24 hours are over."""

from __future__ import annotations

from typing import Any, Mapping

from sanic.request import Request

from handoff.desk import queries, template_acts, template_shelf, view, window
from handoff.desk.access import form_value
from handoff.desk.acts import ActRefused
from handoff.desk.desk import desk_of
from handoff.desk.people import Agent
from handoff.desk.template_shelf import ShelfEmpty
from handoff.settings import TemplateName

FIELD = "p."  # what a template's field is called in the form


async def picker(request: Request, model: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the composer shows in place of a reply; None while the window is open, or for who may not write."""
    conversation, desk = model["conversation"], desk_of(request)
    if not model["mine"] or not window.is_closed(conversation["window_ends_at"], desk.clock()):
        return None
    try:
        templates = await desk.shelf.all_for(conversation["id"])
    except ShelfEmpty as error:
        return {"problem": str(error), "all": [], "chosen": None, "ready": None}
    chosen = template_shelf.find(templates, TemplateName.parse(_chosen(request)))
    ready = template_shelf.find(templates, desk.settings.answer_ready)
    start = template_shelf.ready_values(ready, "", view.customer_name(conversation)) if ready else {}
    return {
        "problem": None,
        "all": [template_shelf.shown(each, {}) for each in templates],
        "chosen": template_shelf.shown(chosen, _filled_in(request)) if chosen else None,
        "ready": template_shelf.shown(ready, start) if ready else None,
    }


async def send(request: Request, agent: Agent, conversation_id: str) -> None:
    """Send the chosen template."""
    template = await approved(request, conversation_id, TemplateName.parse(form_value(request, "template")))
    await _send(request, agent, conversation_id, template, _filled_in(request))


async def send_ready(request: Request, agent: Agent, conversation_id: str) -> None:
    """The draft becomes the answer in the template that says that there is one."""
    desk = desk_of(request)
    text = form_value(request, "text")
    if not text.strip():
        raise ActRefused(400, "empty", "Write the answer first: the message is empty.")
    template = await approved(request, conversation_id, desk.settings.answer_ready)
    row = await desk.database.read(queries.one, conversation_id)
    name = view.customer_name(row) if row is not None else ""
    await _send(request, agent, conversation_id, template, template_shelf.ready_values(template, text, name))


async def _send(
    request: Request, agent: Agent, conversation_id: str, template: Mapping[str, Any], values: Mapping[str, str]
) -> None:
    desk, key = desk_of(request), form_value(request, "key") or None
    await desk.act(conversation_id, template_acts.send_template, agent, template, values, desk.clock(), key)


async def approved(request: Request, conversation_id: str, wanted: TemplateName | None) -> Mapping[str, Any]:
    """The template of this name and language, as it can go to this customer.

    Raises:
        ActRefused: 409 it is not approved (any more), 503 nobody knows.
    """
    try:
        found = template_shelf.find(await desk_of(request).shelf.all_for(conversation_id), wanted)
    except ShelfEmpty as error:
        raise ActRefused(503, "templates_unavailable", f"Nothing was sent: {error}") from error
    if found is None:
        raise ActRefused(409, "unknown_template", "This template is not approved (any more). Choose another one.")
    return found


def _chosen(request: Request) -> str:
    return form_value(request, "template") or str(request.args.get("template") or "")


def _filled_in(request: Request) -> dict[str, str]:
    form: Mapping[str, Any] = request.form or {}
    return {name[len(FIELD) :]: str(form.get(name) or "").strip() for name in form if name.startswith(FIELD)}
