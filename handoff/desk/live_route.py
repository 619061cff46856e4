"""Server-sent events: one stream per open page. It says what changed; the page fetches it anew."""

from __future__ import annotations

import asyncio

from sanic.request import Request

from handoff.desk.access import session_of, signed_in
from handoff.desk.desk import desk_of, presence_of
from handoff.desk.people import Session

HEARTBEAT_SECONDS = 15.0
RETRY_MILLISECONDS = 1000


@signed_in
async def live(request: Request, session: Session) -> None:
    """A new stream begins with ``hello``, upon which the page looks at everything: nothing is missed in between."""
    hub = desk_of(request).hub
    page = hub.open(session.agent.id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    response = await request.respond(content_type="text/event-stream", headers=headers)
    try:
        await response.send(f"retry: {RETRY_MILLISECONDS}\nevent: hello\ndata: \n\n")
        while not page.closed:
            try:
                changed = await asyncio.wait_for(page.changes.get(), HEARTBEAT_SECONDS)
            except asyncio.TimeoutError:
                if await session_of(request) is None:
                    await response.send("event: signed-out\ndata: \n\n")
                    break
                await presence_of(request).seen(session.agent.id)
                await response.send(": still here\n\n")
                continue
            event = "everything" if changed is None else "change"
            await response.send(f"event: {event}\ndata: {changed or ''}\n\n")
        await response.eof()
    finally:
        hub.close_page(page)
