"""Files in the Graph API: upload, information and removal, as Meta's media endpoints do it."""

from __future__ import annotations

from typing import Any

from aiohttp import BodyPartReader, web

from connectors.simulator import downloads
from connectors.simulator.errors import GraphError
from connectors.simulator.faults import MEDIA, TEMPLATES
from connectors.simulator.graph import call
from connectors.simulator.graph_templates import as_json, read_fields
from connectors.simulator.media import TYPES, checked_type
from connectors.simulator.simulator import SIMULATOR, Simulator
from connectors.simulator.uploads import read_part

MOST = max(limit for _, limit in TYPES.values())
FIELD_LIMIT = 1000

_Form = dict[str, Any]


def routes() -> list[web.RouteDef]:
    one = r"/{version:v\d+\.\d+}/{media:\d+}"
    return [
        web.post(r"/{version:v\d+\.\d+}/{number:[^/]+}/media", upload),
        web.get(one, information),
        web.delete(one, remove),
    ]


async def upload(request: web.Request) -> web.StreamResponse:
    """Take a file: multipart, with ``messaging_product``, ``file`` and ``type``."""
    form = await _form(request)
    content = form.pop("content", b"")

    def act(simulator: Simulator) -> tuple[dict[str, Any], bool]:
        number = request.match_info["number"]
        if not simulator.world.knows_number(number):
            raise GraphError(100, f"There is no number with the id {number}.", subcode=33)
        if form.get("messaging_product") != "whatsapp":
            raise GraphError(100, "The parameter messaging_product is required, and must be 'whatsapp'.")
        if "filename" not in form:
            raise GraphError(100, "The parameter file is required.")
        kind = checked_type(form["content_type"])
        return {"id": simulator.media.add(number, kind, form["filename"], content).id}, True

    return await call(request, MEDIA, {**form, "size": len(content)}, act)


async def information(request: web.Request) -> web.StreamResponse:
    """Where a file can be had for the next five minutes, and what it is. Templates have such ids too."""
    template = request.app[SIMULATOR].templates.get(request.match_info["media"])

    def act(simulator: Simulator) -> tuple[dict[str, Any], bool]:
        if template is not None:
            return as_json(template, read_fields(request.query.get("fields"))), False
        media = simulator.media.need(request.match_info["media"], request.query.get("phone_number_id"))
        url = downloads.address(request, media)
        facts = {"mime_type": media.mime_type, "sha256": media.sha256, "file_size": media.size, "id": media.id}
        return {"messaging_product": "whatsapp", "url": url, **facts}, False

    return await call(request, MEDIA if template is None else TEMPLATES, None, act)


async def remove(request: web.Request) -> web.StreamResponse:
    def act(simulator: Simulator) -> tuple[dict[str, Any], bool]:
        simulator.media.delete(simulator.media.need(request.match_info["media"], request.query.get("phone_number_id")))
        return {"success": True}, True

    return await call(request, MEDIA, None, act)


async def _form(request: web.Request) -> _Form:
    """The fields of the form, and of the file its ``filename``, ``content_type`` and ``content``. What is larger than
    anything that may be sent is read to a byte above that and no further."""
    form: _Form = {}
    if not request.content_type.startswith("multipart/"):
        return form
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        if part.name == "file":
            form["filename"] = part.filename or "file"
            form["content_type"] = part.headers.get("Content-Type")
            form["content"] = await read_part(part, MOST)
        elif part.name in ("messaging_product", "type"):
            form[part.name] = (await read_part(part, FIELD_LIMIT)).decode("utf-8", "replace")
    return form
