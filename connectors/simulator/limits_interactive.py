"""The limits of interactive messages: header, body and footer. What each can do is in limits_actions.py."""

from __future__ import annotations

from typing import Any, Mapping

from connectors.simulator.errors import GraphError
from connectors.simulator.limits_actions import ACTIONS
from connectors.simulator.limits_reading import at_most, need_object, need_text

MAX_BODY = 1024  # one page of Meta's allows 4096 for lists, its machine-readable description 1024
MAX_HEADER = 60
MAX_FOOTER = 60
MEDIA_HEADERS = ("image", "video", "document")
TEXT_HEADERS = ("list", "product_list")
WITHOUT_HEADER = ("product", "catalog_message", "location_request_message", "request_contact_info")


def check_interactive(interactive: Mapping[str, Any]) -> None:
    """Check an ``interactive`` object.

    Raises:
        GraphError: 131008, 131009, or 131051 for an interactive type that is not simulated.
    """
    kind = need_text(interactive, "type", "interactive")
    if kind not in ACTIONS:
        raise GraphError(131051, f"Interactive messages of type '{kind}' are not simulated.")
    body = interactive.get("body")
    if kind != "product" or body is not None:
        body = need_object(interactive, "body", "interactive")
        at_most(need_text(body, "text", "interactive.body"), MAX_BODY, "interactive.body.text")
    if interactive.get("footer") is not None:
        footer = need_object(interactive, "footer", "interactive")
        at_most(need_text(footer, "text", "interactive.footer"), MAX_FOOTER, "interactive.footer.text")
    if interactive.get("header") is not None:
        _check_header(need_object(interactive, "header", "interactive"), kind)
    elif kind == "product_list":
        raise GraphError(131008, "interactive.header is required.")
    ACTIONS[kind](need_object(interactive, "action", "interactive"))


def _check_header(header: Mapping[str, Any], message: str) -> None:
    where = "interactive.header"
    text_only = message in TEXT_HEADERS
    if message in WITHOUT_HEADER:
        raise GraphError(131009, f"{where} is not allowed with this message.")
    kind = need_text(header, "type", where)
    if kind == "text":
        at_most(need_text(header, "text", where), MAX_HEADER, f"{where}.text")
    elif text_only or kind not in MEDIA_HEADERS:
        raise GraphError(131009, f"{where}.type '{kind}' is not allowed with this message.")
    else:
        media = need_object(header, kind, where)
        need_text(media, "id" if media.get("id") is not None else "link", f"{where}.{kind}")
