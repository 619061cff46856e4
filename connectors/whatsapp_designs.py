"""What a designer writes under ``custom:`` in plain words, as the Cloud API's messages.

Each key has one builder. What a builder gives may still be too long or incomplete: it is checked like a message that
was written out, and its words are sent as text if WhatsApp would refuse it. See docs/whatsapp.md.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping, Sequence

from connectors.whatsapp_fields import Json, object_in, text_of
from connectors.whatsapp_payloads import Option

Payload = dict[str, Any]
_PHONE_KEYS = ("phone", "phones")


def design(key: str, value: Any) -> Payload | None:
    """The message for one key of ``custom:``; None when the key is none of ours."""
    build = _DESIGNS.get(key)
    if build is None:
        return None
    if isinstance(value, list) and key != "contacts":
        value = value[0] if value and isinstance(value[0], Mapping) else {}
    return build(value if isinstance(value, (Mapping, list)) else {"text": value})


def is_design(key: str) -> bool:
    return key in _DESIGNS


def list_options(value: Json) -> list[Option]:
    """The rows of ``custom: {list: {sections: [...]}}`` or ``{list: {rows: [...]}}``, each with its section's title."""
    sections = value.get("sections") if isinstance(value.get("sections"), list) else [value]
    found = []
    for section in sections or []:
        title = text_of(object_in({"s": section}, "s").get("title")) if section is not value else None
        rows = object_in({"s": section}, "s").get("rows")
        for row in rows if isinstance(rows, list) else []:
            fields = row if isinstance(row, Mapping) else {"title": row}
            words = _words(fields.get("title"))
            if words:
                payload = _words(fields.get("payload") or fields.get("id")) or words
                found.append(Option(words, payload, _words(fields.get("description")), title or ""))
    return found


def _location(value: Any) -> Payload:
    part = {key: value.get(key) for key in ("latitude", "longitude")}
    words = {key: _words(value.get(key)) for key in ("name", "address") if _words(value.get(key))}
    return {"type": "location", "location": {**part, **words}}


def _location_request(value: Any) -> Payload:
    return _interactive("location_request_message", value, {"name": "send_location"})


def _contact_request(value: Any) -> Payload:
    return _interactive("request_contact_info", value, {"name": "request_contact_info"})


def _url_button(value: Any) -> Payload:
    parameters = {"display_text": _words(value.get("title")), "url": _words(value.get("url"))}
    return _interactive("cta_url", value, {"name": "cta_url", "parameters": parameters})


def _flow(value: Any) -> Payload:
    parameters: Payload = {"flow_message_version": "3", "flow_cta": _words(value.get("button"))}
    for key in ("id", "name", "token", "mode"):
        if value.get(key) is not None:
            parameters[f"flow_{key}" if key != "mode" else key] = _words(value[key])
    parameters["flow_action"] = _words(value.get("action")) or "navigate"
    if value.get("screen"):
        data = object_in(value, "data")
        parameters["flow_action_payload"] = {"screen": _words(value["screen"]), **({"data": data} if data else {})}
    return _interactive("flow", value, {"name": "flow", "parameters": parameters})


def _reaction(value: Any) -> Payload:
    value = value if isinstance(value, Mapping) else {}
    emoji = value.get("emoji") if value.get("emoji") is not None else value.get("text")
    return {"type": "reaction", "reaction": {"message_id": _words(value.get("message_id")), "emoji": _words(emoji)}}


def _contacts(value: Any) -> Payload:
    return {"type": "contacts", "contacts": [_card(each) for each in (value if isinstance(value, list) else [value])]}


def _card(value: Any) -> Payload:
    """``name`` and ``phone`` (or ``phones``, ``email``, ``company``, ``url``); or the Cloud API's own card."""
    fields = value if isinstance(value, Mapping) else {"name": value}
    if isinstance(fields.get("name"), Mapping):
        return dict(fields)
    name = _words(fields.get("name"))
    card: Payload = {"name": {"formatted_name": name, "first_name": name.split(" ")[0]}}
    phones: Sequence[Any] = next((_several(fields[key]) for key in _PHONE_KEYS if fields.get(key)), [])
    lists = {
        "phones": [{"phone": _words(phone), "type": "WORK"} for phone in phones],
        "emails": [{"email": _words(each), "type": "WORK"} for each in _several(fields.get("email"))],
        "urls": [{"url": _words(each), "type": "WORK"} for each in _several(fields.get("url"))],
    }
    card |= {key: items for key, items in lists.items() if items}
    return {**card, "org": {"company": _words(fields["company"])}} if fields.get("company") else card


def _interactive(kind: str, value: Any, action: Payload) -> Payload:
    interactive: Payload = {"type": kind, "body": {"text": _words(value.get("text"))}, "action": action}
    if value.get("header"):
        interactive["header"] = {"type": "text", "text": _words(value["header"])}
    if value.get("footer"):
        interactive["footer"] = {"text": _words(value["footer"])}
    return {"type": "interactive", "interactive": interactive}


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _words(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""


_DESIGNS: Mapping[str, Callable[[Any], Payload]] = {
    "location": _location,
    "location_request": _location_request,
    "request_contact_info": _contact_request,
    "url_button": _url_button,
    "flow": _flow,
    "reaction": _reaction,
    "contacts": _contacts,
}
