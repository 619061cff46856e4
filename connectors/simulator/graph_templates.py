"""Templates in the Graph API: list, create, edit, delete, and one by its id."""

from __future__ import annotations

import base64
import json
from typing import Any, Callable, Mapping
from urllib.parse import urlencode

from aiohttp import web

from connectors.simulator.errors import GraphError
from connectors.simulator.faults import TEMPLATES
from connectors.simulator.graph import call, read_json
from connectors.simulator.simulator import SIMULATOR, Simulator
from connectors.simulator.template_rules import read_template
from connectors.simulator.templates import APPROVED, PENDING, Template, new_template_id

USUAL_LIMIT, MOST = 25, 1000
USUAL_FIELDS = ("name", "parameter_format", "components", "language", "status", "category", "id")
FIELDS = (
    *USUAL_FIELDS,
    *("quality_score", "rejected_reason", "previous_category", "correct_category", "sub_category"),
    *("library_template_name", "message_send_ttl_seconds", "cta_url_link_tracking_opted_out"),
    *("degrees_of_freedom_spec", "last_updated_time"),
)
TEMPLATE_LIMIT = 250


def routes() -> list[web.RouteDef]:
    all_of_them = r"/{version:v\d+\.\d+}/{account:[^/]+}/message_templates"
    return [
        web.get(all_of_them, list_templates),
        web.post(all_of_them, create),
        web.delete(all_of_them, delete),
        web.post(r"/{version:v\d+\.\d+}/{object:\d+}", edit),
    ]


async def list_templates(request: web.Request) -> web.StreamResponse:
    """A page of templates: ``fields``, filters, ``limit``, ``after`` or ``before``."""

    def act(simulator: Simulator) -> tuple[dict[str, Any], bool]:
        _check_account(request, simulator)
        fields = read_fields(request.query.get("fields"))
        found = [one for one in simulator.templates if _fits(one, request.query)]
        return _page(request, found, fields), False

    return await call(request, TEMPLATES, None, act)


async def create(request: web.Request) -> web.StreamResponse:
    """A new template: it is PENDING until it was reviewed, which the setting ``template_review`` does or leaves."""
    body = read_json(await request.read())

    def act(simulator: Simulator) -> tuple[dict[str, Any], bool]:
        _check_account(request, simulator)
        template = read_template(body, new_template_id())
        if simulator.templates.find(template.name, template.language):
            raise GraphError(100, f"There is already {template.name} in {template.language}.", subcode=2388024)
        template.status = PENDING
        simulator.templates.keep(template)
        answer = {"id": template.id, "status": PENDING, "category": template.category}
        simulator.review(template)
        return answer, True

    return await call(request, TEMPLATES, body, act)


async def edit(request: web.Request) -> web.StreamResponse:
    """Other components or another category for a template; it is reviewed again."""
    body = read_json(await request.read())

    def act(simulator: Simulator) -> tuple[dict[str, Any], bool]:
        template = simulator.templates.get(request.match_info["object"])
        if template is None:
            raise GraphError(100, f"There is no object with the id '{request.match_info['object']}'.", subcode=33)
        if template.status == PENDING or not isinstance(body, dict):
            raise GraphError(100, "Only templates that were reviewed can be edited, with a JSON object.")
        if template.status == APPROVED and body.get("category", template.category) != template.category:
            raise GraphError(100, "The category of an approved template cannot be edited.", subcode=2388025)
        changed = read_template({**template.to_document(), **body, "name": template.name}, template.id)
        changed.language, changed.status = template.language, PENDING
        simulator.templates.keep(changed)
        simulator.review(changed)
        return {"success": True, "id": template.id, "name": template.name, "category": changed.category}, True

    return await call(request, TEMPLATES, body, act)


async def delete(request: web.Request) -> web.StreamResponse:
    """All translations of a ``name``, or with ``hsm_id`` too only that one."""

    def act(simulator: Simulator) -> tuple[dict[str, Any], bool]:
        _check_account(request, simulator)
        name, wanted = request.query.get("name"), request.query.get("hsm_id")
        if not name:
            raise GraphError(100, "name is required.")
        found = [one for one in simulator.templates.named(name) if wanted in (None, one.id)]
        if not found:
            raise GraphError(100, f"There is no template {name}.", status=404, subcode=2593002)
        for template in found:
            simulator.templates.delete(template)
        return {"success": True}, True

    return await call(request, TEMPLATES, None, act)


def read_fields(asked: str | None) -> tuple[str, ...]:
    """The fields that a call asks for.

    Raises:
        GraphError: 100, one that does not exist.
    """
    fields = tuple(name.strip() for name in asked.split(",")) if asked else USUAL_FIELDS
    for name in fields:
        if name not in FIELDS:
            raise GraphError(100, f"Tried accessing nonexisting field ({name}) on node type (WhatsAppMessageTemplate)")
    return fields


def as_json(template: Template, fields: tuple[str, ...]) -> dict[str, Any]:
    """The template as Graph shows it: fields without a value are left out, the id is always there."""
    known = template.to_document()
    return {name: known[name] for name in dict.fromkeys((*fields, "id")) if name in known}


def _check_account(request: web.Request, simulator: Simulator) -> None:
    account = request.match_info["account"]
    if account != simulator.settings.whatsapp.business_account_id:
        raise GraphError(100, f"There is no object with the id '{account}', or it may not be seen.", subcode=33)


def _fits(template: Template, query: Mapping[str, str]) -> bool:
    text = json.dumps(template.components)
    tests: dict[str, Callable[[str], bool]] = {
        "name": lambda wanted: wanted in template.name,
        "content": lambda wanted: wanted in text,
        "name_or_content": lambda wanted: wanted in template.name or wanted in text,
        "status": lambda wanted: template.status in wanted.split(","),
        "category": lambda wanted: template.category in wanted.split(","),
        "language": lambda wanted: template.language in wanted.split(","),
        "quality_score": lambda wanted: template.quality_score["score"] in wanted.split(","),
    }
    return all(test(query[name]) for name, test in tests.items() if name in query)


def _page(request: web.Request, found: list[Template], fields: tuple[str, ...]) -> dict[str, Any]:
    limit = _limit(request.query.get("limit"))
    start = 0
    if "after" in request.query:
        start = _place(found, request.query["after"]) + 1
    elif "before" in request.query:
        start = max(0, _place(found, request.query["before"]) - limit)
    shown = found[start : start + limit]
    answer: dict[str, Any] = {"data": [as_json(one, fields) for one in shown]}
    if shown:
        before, after = _cursor(shown[0]), _cursor(shown[-1])
        paging: dict[str, Any] = {"cursors": {"before": before, "after": after}}
        if start + limit < len(found):
            paging["next"] = _address(request, after=after)
        if start > 0:
            paging["previous"] = _address(request, before=before)
        answer["paging"] = paging
    if "summary" in request.query:
        everything = len(list(request.app[SIMULATOR].templates))
        counts = {"total_count": len(found), "message_template_count": everything}
        facts = {**counts, "message_template_limit": TEMPLATE_LIMIT, "are_translations_complete": False}
        answer["summary"] = facts
    return answer


def _limit(asked: str | None) -> int:
    if asked is None:
        return USUAL_LIMIT
    if not asked.isdigit() or not 1 <= int(asked) <= MOST:
        raise GraphError(100, f"limit must be a number from 1 to {MOST}.")
    return int(asked)


def _cursor(template: Template) -> str:
    return base64.urlsafe_b64encode(template.id.encode()).decode().rstrip("=")


def _place(found: list[Template], cursor: str) -> int:
    for place, template in enumerate(found):
        if _cursor(template) == cursor:
            return place
    raise GraphError(100, "The cursor is none of this list.")


def _address(request: web.Request, **cursor: str) -> str:
    query = {name: value for name, value in request.query.items() if name not in ("after", "before")}
    return f"{request.scheme}://{request.host}{request.path}?{urlencode({**query, **cursor})}"
