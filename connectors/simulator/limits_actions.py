"""The limits of what an interactive message lets a customer do: buttons, rows, a link, a form, a place, products."""

from __future__ import annotations

from typing import Any, Callable, Mapping
from urllib.parse import urlsplit

from connectors.simulator.errors import GraphError
from connectors.simulator.limits_reading import at_most, need_list, need_object, need_text, need_unique

MAX_BUTTONS = 3
MAX_BUTTON_ID = 256
MAX_BUTTON_TITLE = 20
MAX_SECTIONS = 10
MAX_ROWS = 10  # over all sections together
MAX_SECTION_TITLE = 24
MAX_ROW_ID = 200
MAX_ROW_TITLE = 24
MAX_ROW_DESCRIPTION = 72
MAX_PRODUCTS = 30  # over all sections together
MAX_FLOW_LABEL = 30
FLOW_CHOICES = {"flow_action": ("navigate", "data_exchange"), "mode": ("draft", "published")}


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


def _check_named(name: str) -> Callable[[Mapping[str, Any]], None]:
    """An action that has only a name."""

    def check(action: Mapping[str, Any]) -> None:
        if action.get("name") != name:
            raise GraphError(131009, f"interactive.action.name must be '{name}'.")

    return check


def _check_flow(action: Mapping[str, Any]) -> None:
    where = "interactive.action.parameters"
    _check_named("flow")(action)
    parameters = need_object(action, "parameters", "interactive.action")
    if need_text(parameters, "flow_message_version", where) != "3":
        raise GraphError(131009, f"{where}.flow_message_version must be '3'.")
    if bool(parameters.get("flow_id")) == bool(parameters.get("flow_name")):
        raise GraphError(131009, f"{where} must have either flow_id or flow_name.")
    at_most(need_text(parameters, "flow_cta", where), MAX_FLOW_LABEL, f"{where}.flow_cta")
    for name, choices in FLOW_CHOICES.items():
        if parameters.get(name) is not None and parameters[name] not in choices:
            raise GraphError(131009, f"{where}.{name} must be {' or '.join(choices)}.")
    if parameters.get("flow_action_payload") is not None:
        payload = need_object(parameters, "flow_action_payload", where)
        need_text(payload, "screen", f"{where}.flow_action_payload")


def _check_product(action: Mapping[str, Any]) -> None:
    need_text(action, "catalog_id", "interactive.action")
    need_text(action, "product_retailer_id", "interactive.action")


def _check_products(action: Mapping[str, Any]) -> None:
    where = "interactive.action.sections"
    need_text(action, "catalog_id", "interactive.action")
    sections = need_list(action, "sections", "interactive.action")
    if not 1 <= len(sections) <= MAX_SECTIONS:
        raise GraphError(131009, f"{where} has {len(sections)} sections; 1 to {MAX_SECTIONS} are allowed.")
    items = 0
    for section in sections:
        if not isinstance(section, dict):
            raise GraphError(131009, f"{where} must hold objects.")
        at_most(need_text(section, "title", where), MAX_SECTION_TITLE, f"{where}.title")
        items += len(need_list(section, "product_items", where))
    if not 1 <= items <= MAX_PRODUCTS:
        raise GraphError(131009, f"{where} has {items} products; 1 to {MAX_PRODUCTS} are allowed.")


ACTIONS: dict[str, Callable[[Mapping[str, Any]], None]] = {
    "button": _check_buttons,
    "list": _check_list,
    "cta_url": _check_link,
    "flow": _check_flow,
    "location_request_message": _check_named("send_location"),
    "request_contact_info": _check_named("request_contact_info"),
    "product": _check_product,
    "product_list": _check_products,
    "catalog_message": _check_named("catalog_message"),
}
