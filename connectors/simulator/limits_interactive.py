"""The limits of interactive messages: reply buttons, lists, a link button, a request for a location."""

from __future__ import annotations

from typing import Any, Mapping
from urllib.parse import urlsplit

from connectors.simulator.errors import GraphError
from connectors.simulator.limits_reading import at_most, need_list, need_object, need_text, need_unique

MAX_BODY = 1024  # one page of Meta's allows 4096 for lists, its machine-readable description 1024
MAX_HEADER = 60
MAX_FOOTER = 60
MAX_BUTTONS = 3
MAX_BUTTON_ID = 256
MAX_BUTTON_TITLE = 20
MAX_SECTIONS = 10
MAX_ROWS = 10  # over all sections together
MAX_SECTION_TITLE = 24
MAX_ROW_ID = 200
MAX_ROW_TITLE = 24
MAX_ROW_DESCRIPTION = 72
MEDIA_HEADERS = ("image", "video", "document")


def check_interactive(interactive: Mapping[str, Any]) -> None:
    """Check an ``interactive`` object.

    Raises:
        GraphError: 131008, 131009, or 131051 for an interactive type that is not simulated.
    """
    kind = need_text(interactive, "type", "interactive")
    checks = {"button": _check_buttons, "list": _check_list, "cta_url": _check_link, "location_request_message": _free}
    if kind not in checks:
        raise GraphError(131051, f"Interactive messages of type '{kind}' are not simulated.")
    body = need_object(interactive, "body", "interactive")
    at_most(need_text(body, "text", "interactive.body"), MAX_BODY, "interactive.body.text")
    if interactive.get("footer") is not None:
        footer = need_object(interactive, "footer", "interactive")
        at_most(need_text(footer, "text", "interactive.footer"), MAX_FOOTER, "interactive.footer.text")
    if interactive.get("header") is not None:
        _check_header(need_object(interactive, "header", "interactive"), text_only=kind == "list")
    checks[kind](need_object(interactive, "action", "interactive"))


def _check_header(header: Mapping[str, Any], text_only: bool) -> None:
    where = "interactive.header"
    kind = need_text(header, "type", where)
    if kind == "text":
        at_most(need_text(header, "text", where), MAX_HEADER, f"{where}.text")
    elif text_only or kind not in MEDIA_HEADERS:
        raise GraphError(131009, f"{where}.type '{kind}' is not allowed with this message.")
    else:
        media = need_object(header, kind, where)
        need_text(media, "id" if media.get("id") is not None else "link", f"{where}.{kind}")


def _check_buttons(action: Mapping[str, Any]) -> None:
    where = "interactive.action.buttons"
    buttons = need_list(action, "buttons", "interactive.action")
    if not 1 <= len(buttons) <= MAX_BUTTONS:
        raise GraphError(131009, f"{where} has {len(buttons)} buttons; 1 to {MAX_BUTTONS} are allowed.")
    ids: list[str] = []
    titles: list[str] = []
    for button in buttons:
        if not isinstance(button, dict) or button.get("type") != "reply":
            raise GraphError(131009, f"{where}.type must be 'reply'.")
        reply = need_object(button, "reply", where)
        ids.append(_read_id(reply, f"{where}.reply", MAX_BUTTON_ID))
        titles.append(need_text(reply, "title", f"{where}.reply"))
        at_most(titles[-1], MAX_BUTTON_TITLE, f"{where}.reply.title")
    need_unique(ids, f"{where}.reply.id")
    need_unique(titles, f"{where}.reply.title")


def _check_list(action: Mapping[str, Any]) -> None:
    where = "interactive.action"
    at_most(need_text(action, "button", where), MAX_BUTTON_TITLE, f"{where}.button")
    sections = need_list(action, "sections", where)
    if not 1 <= len(sections) <= MAX_SECTIONS:
        raise GraphError(131009, f"{where}.sections has {len(sections)} sections; 1 to {MAX_SECTIONS} are allowed.")
    ids: list[str] = []
    for section in sections:
        if not isinstance(section, dict):
            raise GraphError(131009, f"{where}.sections must hold objects.")
        if len(sections) > 1 or section.get("title") is not None:
            at_most(need_text(section, "title", f"{where}.sections"), MAX_SECTION_TITLE, f"{where}.sections.title")
        rows = need_list(section, "rows", f"{where}.sections")
        if not rows:
            raise GraphError(131009, f"{where}.sections.rows must not be empty.")
        ids.extend(_check_row(row, f"{where}.sections.rows") for row in rows)
    if len(ids) > MAX_ROWS:
        raise GraphError(131009, f"A list has at most {MAX_ROWS} rows over all sections; this one has {len(ids)}.")
    need_unique(ids, f"{where}.sections.rows.id")


def _check_row(row: Any, where: str) -> str:
    if not isinstance(row, dict):
        raise GraphError(131009, f"{where} must hold objects.")
    at_most(need_text(row, "title", where), MAX_ROW_TITLE, f"{where}.title")
    description = row.get("description") or ""
    if not isinstance(description, str):
        raise GraphError(131009, f"{where}.description must be a string.")
    at_most(description, MAX_ROW_DESCRIPTION, f"{where}.description")
    return _read_id(row, where, MAX_ROW_ID)


def _read_id(parent: Mapping[str, Any], where: str, limit: int) -> str:
    value = need_text(parent, "id", where)
    at_most(value, limit, f"{where}.id")
    if value != value.strip():
        raise GraphError(131009, f"{where}.id must not start or end with a blank.")
    return value


def _check_link(action: Mapping[str, Any]) -> None:
    where = "interactive.action.parameters"
    if action.get("name") != "cta_url":
        raise GraphError(131009, "interactive.action.name must be 'cta_url'.")
    parameters = need_object(action, "parameters", "interactive.action")
    at_most(need_text(parameters, "display_text", where), MAX_BUTTON_TITLE, f"{where}.display_text")
    parts = urlsplit(need_text(parameters, "url", where))
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise GraphError(131009, f"{where}.url must be an http or https address.")


def _free(action: Mapping[str, Any]) -> None:
    """A request for a location has nothing to get wrong in its action."""
