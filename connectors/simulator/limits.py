"""What the Cloud API refuses: required parameters, lengths and counts of each message type.

Pure: a body goes in, a :class:`GraphError` comes out or nothing. Where Meta's own documents disagree, the
smaller limit holds, so that what passes here passes there.
"""

from __future__ import annotations

import re
from typing import Any, Callable, Mapping
from urllib.parse import urlsplit

from connectors.simulator.errors import GraphError
from connectors.simulator.limits_contacts import check_contacts
from connectors.simulator.limits_interactive import check_interactive
from connectors.simulator.limits_reading import at_most, need_object, need_text

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_FILENAME = 240
MAX_CALLBACK_DATA = 512
WITHOUT_CAPTION = ("audio", "sticker")

_PHONE = re.compile(r"\+?[0-9]{7,15}")


def check_envelope(body: Mapping[str, Any]) -> None:
    """Check what all messages share.

    Raises:
        GraphError: 100 or 131009.
    """
    if body.get("messaging_product") != "whatsapp":
        raise GraphError(100, "messaging_product must be given and be 'whatsapp'.")
    if body.get("recipient_type", "individual") != "individual":
        raise GraphError(100, "recipient_type must be 'individual'; groups are not simulated.")
    callback = body.get("biz_opaque_callback_data")
    if callback is not None and not isinstance(callback, str):
        raise GraphError(100, "biz_opaque_callback_data must be a string.")
    at_most(callback or "", MAX_CALLBACK_DATA, "biz_opaque_callback_data", code=100)
    context = body.get("context")
    if context is not None and not (isinstance(context, dict) and isinstance(context.get("message_id"), str)):
        raise GraphError(131009, "context.message_id must be the id of a message.")


def read_recipient(body: Mapping[str, Any], own_country: str = "") -> tuple[str | None, str | None]:
    """Who the message is for: (digits of the phone, business-scoped user id). One is set; ``to`` wins.

    ``own_country`` is put before a number that has neither a + nor that country code, as Meta may do.

    Raises:
        GraphError: 100 when there is none, 131009 when it is not an address.
    """
    to, recipient = body.get("to"), body.get("recipient")
    if to:
        digits = re.sub(r"[\s().-]", "", to) if isinstance(to, str) else ""
        if not _PHONE.fullmatch(digits):
            raise GraphError(131009, "to must be a phone number with its country code.")
        if digits.startswith(("+", own_country or "+")):
            own_country = ""
        return own_country + digits.lstrip("+"), None
    if recipient:
        if not isinstance(recipient, str) or "." not in recipient:
            raise GraphError(131009, "recipient must be a business-scoped user id.")
        return None, recipient
    raise GraphError(100, "A recipient is required: to (a phone number) or recipient (a user id).")


def check_message(body: Mapping[str, Any]) -> str:
    """Check the object of the message's type; returns the type.

    Raises:
        GraphError: 131051 for a type that cannot be sent, 131008 for what is missing, 100 or 131009 for what is
            wrong.
    """
    kind = body.get("type", "text")
    check = _CHECKS.get(kind) if isinstance(kind, str) else None
    if check is None:
        raise GraphError(131051, f"Messages of type '{kind}' cannot be sent.")
    if kind == "reaction" and body.get("context") is not None:
        raise GraphError(131009, "A reaction cannot quote a message: leave context out.")
    if kind == "contacts" and body.get("contacts") is not None:
        check_contacts(body["contacts"])
    else:
        check(need_object(body, kind, ""))
    return str(kind)


def _check_text(text: Mapping[str, Any]) -> None:
    at_most(need_text(text, "body", "text"), MAX_TEXT, "text.body", code=100)
    if not isinstance(text.get("preview_url", False), bool):
        raise GraphError(100, "text.preview_url must be true or false.")


def _check_media(kind: str) -> Callable[[Mapping[str, Any]], None]:
    def check(media: Mapping[str, Any]) -> None:
        if media.get("id") and media.get("link"):
            raise GraphError(100, f"{kind} must have either id or link, not both.")
        if media.get("id") is not None:
            need_text(media, "id", kind)  # whether it is known depends on what was uploaded
        else:
            _check_link(need_text(media, "link", kind), kind)
        if not isinstance(media.get("voice", False), bool) or ("voice" in media and kind != "audio"):
            raise GraphError(100, f"{kind}.voice is not allowed or not true or false.")
        filename = media.get("filename")
        if filename is not None and (kind != "document" or not isinstance(filename, str)):
            raise GraphError(100, f"{kind}.filename is not allowed or not a string.")
        at_most(filename or "", MAX_FILENAME, f"{kind}.filename", code=100)
        caption = media.get("caption")
        if caption is not None and (kind in WITHOUT_CAPTION or not isinstance(caption, str)):
            raise GraphError(100, f"{kind}.caption is not allowed or not a string.")
        at_most(caption or "", MAX_CAPTION, f"{kind}.caption", code=100)

    return check


def _check_link(link: str, kind: str) -> None:
    parts = urlsplit(link)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise GraphError(131009, f"{kind}.link must be an http or https address.")


def _check_reaction(reaction: Mapping[str, Any]) -> None:
    need_text(reaction, "message_id", "reaction")
    if not isinstance(reaction.get("emoji", ""), str):
        raise GraphError(131009, "reaction.emoji must be one emoji, or empty to take a reaction back.")


def _check_location(location: Mapping[str, Any]) -> None:
    for name, limit in (("latitude", 90), ("longitude", 180)):
        try:
            inside = abs(float(location[name])) <= limit
        except KeyError as error:
            raise GraphError(131008, f"location.{name} is required.") from error
        except (TypeError, ValueError) as error:
            raise GraphError(131009, f"location.{name} must be a number.") from error
        if not inside:
            raise GraphError(131009, f"location.{name} must be from -{limit} to {limit}.")


def _check_template(template: Mapping[str, Any]) -> None:
    need_text(template, "name", "template")
    need_text(need_object(template, "language", "template"), "code", "template.language")


_CHECKS: dict[str, Callable[[Mapping[str, Any]], None]] = {
    "text": _check_text,
    "interactive": check_interactive,
    "reaction": _check_reaction,
    "location": _check_location,
    "contacts": check_contacts,
    "template": _check_template,
    **{kind: _check_media(kind) for kind in ("image", "video", "audio", "document", "sticker")},
}
