"""The control API under ``/control``, by which tests and the phone page look, move the clock, and set faults. What
customers do is in control_customers.py."""

from __future__ import annotations

from aiohttp import web

from connectors.simulator.control_support import answer, number_of, object_of, shown
from connectors.simulator.errors import CODES, GraphError
from connectors.simulator.faults import Faults, read_into
from connectors.simulator.model import Settings
from connectors.simulator.simulator import SIMULATOR
from connectors.simulator.templates import STATUSES
from connectors.simulator.webhooks import ERRORS
from connectors.simulator.world import after


def routes() -> list[web.RouteDef]:
    return [
        web.post("/control/echo", echo),
        web.get("/control/sent", list_sent),
        web.get("/control/requests", list_calls),
        web.get("/control/webhooks", count_webhooks),
        web.post("/control/verify", verify),
        web.get("/control/clock", get_clock),
        web.post("/control/clock", advance_clock),
        web.get("/control/faults", get_faults),
        web.put("/control/faults", put_faults),
        web.delete("/control/faults", delete_faults),
        web.get("/control/settings", get_settings),
        web.put("/control/settings", put_settings),
        web.post("/control/errors", tell_error),
        web.get("/control/templates", list_templates),
        web.post("/control/templates/{name}", change_template),
        web.post("/control/reset", reset),
    ]


async def echo(request: web.Request) -> web.Response:
    """A colleague answers from the business's phone (coexistence)."""
    simulator = request.app[SIMULATOR]
    data = await object_of(request)
    customer = simulator.world.find(str(data.get("to", "")))
    if customer is None or not isinstance(data.get("text"), str):
        raise ValueError("'to' must be the key of a customer and 'text' a string.")
    message = simulator.business.echo(customer, data["text"])
    return answer({"id": message.id, "seq": message.seq})


async def list_sent(request: web.Request) -> web.Response:
    """All messages that were accepted from the business, in order."""
    world = request.app[SIMULATOR].world
    return answer({"messages": shown(after(world.sent, number_of(request, "after", 0)))})


async def list_calls(request: web.Request) -> web.Response:
    """All Graph calls, refused ones included."""
    seq = number_of(request, "after", 0)
    calls = [call.to_document() for call in request.app[SIMULATOR].world.calls if call.seq > seq]
    return answer({"requests": calls})


async def count_webhooks(request: web.Request) -> web.Response:
    world = request.app[SIMULATOR].world
    return answer(
        {
            "pending": len(world.pending),
            "delivered": world.counters.webhooks_delivered,
            "failed_attempts": world.counters.webhook_failed_attempts,
            "dropped": world.counters.webhooks_dropped,
        }
    )


async def verify(request: web.Request) -> web.Response:
    """Meta checks the webhook: the challenge, with the verify token that is set up or the one that is given."""
    simulator = request.app[SIMULATOR]
    token = (await object_of(request)).get("verify_token", simulator.settings.whatsapp.verify_token)
    return answer({"verified": await simulator.sender.verify(str(token))})


async def get_clock(request: web.Request) -> web.Response:
    world = request.app[SIMULATOR].world
    return answer({"now": world.now(), "offset": world.counters.clock_offset})


async def advance_clock(request: web.Request) -> web.Response:
    seconds = (await object_of(request)).get("advance")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds < 0:
        raise ValueError("'advance' must be a number of seconds, not below zero.")
    request.app[SIMULATOR].advance_clock(float(seconds))
    return await get_clock(request)


async def get_faults(request: web.Request) -> web.Response:
    return answer(request.app[SIMULATOR].world.faults.to_document())


async def put_faults(request: web.Request) -> web.Response:
    """Set all faults; what is left out is off."""
    request.app[SIMULATOR].change_faults(Faults.from_json(await object_of(request)))
    return await get_faults(request)


async def delete_faults(request: web.Request) -> web.Response:
    request.app[SIMULATOR].change_faults(Faults())
    return await get_faults(request)


async def get_settings(request: web.Request) -> web.Response:
    return answer(request.app[SIMULATOR].world.settings.to_document())


async def put_settings(request: web.Request) -> web.Response:
    """Set all settings; what is left out is as usual."""
    settings = read_into(Settings, await object_of(request), "settings")
    for name, choices in Settings.CHOICES.items():
        if getattr(settings, name) not in choices:
            raise ValueError(f"settings.{name} must be one of {', '.join(choices)}.")
    request.app[SIMULATOR].change_settings(settings)
    return await get_settings(request)


async def tell_error(request: web.Request) -> web.Response:
    """WhatsApp tells of a problem of the account or number: a webhook with ``errors`` and nothing else."""
    data = await object_of(request)
    code = data.get("code")
    if not isinstance(code, int) or code not in CODES:
        raise ValueError("'code' must be one of Meta's codes.")
    error = GraphError(code, str(data.get("details") or "Told by the control API."))
    request.app[SIMULATOR].teller.tell_account(ERRORS, error.as_status_error())
    return answer({"status": "ok"})


async def list_templates(request: web.Request) -> web.Response:
    return answer({"templates": [one.to_document() for one in request.app[SIMULATOR].templates]})


async def change_template(request: web.Request) -> web.Response:
    """Meta approves, rejects, pauses or disables a template; the business hears of it by webhook."""
    shelf = request.app[SIMULATOR].templates
    data = await object_of(request)
    name, language, status = request.match_info["name"], data.get("language"), data.get("status")
    found = [one for one in shelf.named(name) if language in (None, one.language)]
    if not found:
        raise ValueError(f"There is no template {name}" + (f" in {language}." if language else "."))
    if status not in STATUSES:
        raise ValueError(f"'status' must be one of {', '.join(STATUSES)}.")
    for template in found:
        shelf.change_status(template, status, str(data.get("reason") or "NONE"))
    return answer({"templates": [one.to_document() for one in found]})


async def reset(request: web.Request) -> web.Response:
    await request.app[SIMULATOR].reset()
    return answer({"status": "ok"})
