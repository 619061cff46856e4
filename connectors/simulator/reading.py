"""How a message reads as plain text, for transcripts, lists and tests."""

from __future__ import annotations

from typing import Any, Iterator, Mapping


def plain_text(message: Mapping[str, Any]) -> str:
    """The words of a message object, from either side; in brackets where there are none."""
    kind = str(message.get("type", "text"))
    part = message.get(kind)
    if kind == "contacts" and isinstance(part, list):
        return "\n".join(_card(card) for card in part if isinstance(card, dict))
    if not isinstance(part, dict):
        return f"[{kind}]"
    if kind == "text":
        return str(part.get("body", ""))
    if kind == "interactive":
        return _interactive(part)
    if kind == "button":
        return str(part.get("text", ""))
    if kind == "reaction":
        return str(part.get("emoji", "")) or "[reaction removed]"
    if kind == "template":
        return f"[template {part.get('name', '')}]"
    if kind == "system":
        return str(part.get("body", ""))
    if kind == "edit":
        return plain_text(_object(part, "message"))
    if kind == "user_preferences":
        return f"[marketing: {part.get('value')}]"
    if kind == "call":
        return f"[call: {part.get('event')}]"
    if kind == "document" and part.get("filename"):
        return "\n".join(str(words) for words in (f"[{part['filename']}]", part.get("caption")) if words)
    return str(part.get("caption") or part.get("name") or f"[{kind}]")


def _card(card: Mapping[str, Any]) -> str:
    name = _object(card, "name")
    phones = [str(phone.get("phone", "")) for phone in _objects(card, "phones")]
    return " ".join(["[contact]", str(name.get("formatted_name") or name.get("first_name") or ""), *phones]).rstrip()


def offered_ids(message: Mapping[str, Any], shown: Mapping[str, Any] | None = None) -> list[str]:
    """The ids of the buttons and rows that a message offers; of a template (``shown``) the labels of quick replies."""
    ids = [str(choice.get("id", "")) for choice in _choices(_object(message, "interactive"))]
    return ids + [button["text"] for button in (shown or {}).get("buttons", ()) if button["type"] == "quick_reply"]


def _interactive(part: Mapping[str, Any]) -> str:
    for name in ("button_reply", "list_reply"):
        if isinstance(part.get(name), dict):
            return str(part[name].get("title", ""))
    if isinstance(part.get("nfm_reply"), dict):
        return f"[form: {part['nfm_reply'].get('response_json', '')}]"
    lines = [str(_object(part, name).get("text", "")) for name in ("header", "body", "footer")]
    lines += [f"[{choice.get('title', '')}]" for choice in _choices(part)]
    link = _object(_object(part, "action"), "parameters")
    if part.get("type") == "cta_url":
        lines.append(f"[{link.get('display_text', '')}: {link.get('url', '')}]")
    if part.get("type") == "flow":
        lines.append(f"[{link.get('flow_cta', '')}]")
    return "\n".join(line for line in lines if line) or "[interactive]"


def _choices(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    action = _object(part, "action")
    for button in _objects(action, "buttons"):
        if isinstance(button.get("reply"), dict):
            yield button["reply"]
    for section in _objects(action, "sections"):
        yield from _objects(section, "rows")


# What a customer sends as it is (`raw`) may have anything anywhere.


def _object(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def _objects(parent: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = parent.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
