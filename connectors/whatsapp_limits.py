"""Whether WhatsApp would take a message: its first field that is missing, too long or wrong, by name.

For messages that somebody wrote out in the Cloud API's own shape. The limits are Meta's; where its pages and its
OpenAPI description differ, the stricter one counts. What is not known here (new interactive types, say) is let through.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator, Mapping

from connectors.whatsapp_fields import Json, object_in, text_of

TEXT_LIMIT = 4096
BODY_LIMIT = 1024
CAPTION_LIMIT = 1024
FRAME_LIMIT = 60  # a header's text and a footer
MAX_BUTTONS, BUTTON_TITLE_LIMIT, BUTTON_ID_LIMIT = 3, 20, 256
MAX_ROWS, ROW_TITLE_LIMIT, ROW_ID_LIMIT, ROW_DESCRIPTION_LIMIT = 10, 24, 200, 72
MAX_SECTIONS, SECTION_TITLE_LIMIT, LIST_BUTTON_LIMIT = 10, 24, 20
URL_TITLE_LIMIT, FLOW_TITLE_LIMIT = 20, 30
MAX_CARDS = 5

Check = Callable[[Any], Iterator[str]]


def wrong_field(payload: Json) -> str | None:
    """The first field that WhatsApp would refuse, such as ``interactive.action.buttons[0].reply.title``; None: none."""
    kind = payload.get("type")
    check = _CHECKS.get(str(kind))
    if check is None:
        return "type"
    part = payload.get(str(kind))
    if not isinstance(part, list if kind == "contacts" else Mapping):
        return str(kind)
    found = next(check(part), None)
    return None if found is None else f"{kind}.{found}" if not found.startswith("[") else f"{kind}{found}"


def _text(value: Any, limit: int) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= limit


def _check_text(part: Json) -> Iterator[str]:
    if not _text(part.get("body"), TEXT_LIMIT):
        yield "body"


def _media(captioned: bool, named: bool) -> Check:
    def check(part: Json) -> Iterator[str]:
        if (text_of(part.get("id")) is None) == (text_of(part.get("link")) is None):
            yield "link"
        if "caption" in part and not (captioned and _text(part["caption"], CAPTION_LIMIT)):
            yield "caption"
        if "filename" in part and not (named and _text(part["filename"], 240)):
            yield "filename"

    return check


def _check_location(part: Json) -> Iterator[str]:
    for name, most in (("latitude", 90), ("longitude", 180)):
        value = part.get(name)
        try:
            inside = not isinstance(value, bool) and -most <= float(str(value)) <= most
        except ValueError:
            inside = False
        if not inside:
            yield name
    for name in ("name", "address"):
        if name in part and not _text(part[name], 1000):
            yield name


def _check_contacts(cards: list[Any]) -> Iterator[str]:
    if not 1 <= len(cards) <= MAX_CARDS:
        yield "[]"
    for index, card in enumerate(cards):
        name = object_in(card, "name")
        others = ("first_name", "last_name", "middle_name", "suffix", "prefix")
        if text_of(name.get("formatted_name")) is None:
            yield f"[{index}].name.formatted_name"
        elif not any(text_of(name.get(each)) for each in others):
            yield f"[{index}].name.first_name"


def _check_reaction(part: Json) -> Iterator[str]:
    if text_of(part.get("message_id")) is None:
        yield "message_id"
    if not isinstance(part.get("emoji"), str):
        yield "emoji"


def _check_template(part: Json) -> Iterator[str]:
    if text_of(part.get("name")) is None:
        yield "name"
    if text_of(object_in(part, "language").get("code")) is None:
        yield "language.code"


def _check_interactive(part: Json) -> Iterator[str]:
    kind = part.get("type")
    if not isinstance(kind, str):
        yield "type"
    yield from _check_frame(part)
    yield from _INTERACTIVE.get(str(kind), _nothing)(object_in(part, "action"))


def _check_frame(part: Json) -> Iterator[str]:
    needed = part.get("type") in _INTERACTIVE
    if (needed or "body" in part) and not _text(object_in(part, "body").get("text"), BODY_LIMIT):
        yield "body.text"
    if "footer" in part and not _text(object_in(part, "footer").get("text"), FRAME_LIMIT):
        yield "footer.text"
    if "header" in part:
        header = object_in(part, "header")
        kind = str(header.get("type"))
        if kind == "text" and not _text(header.get("text"), FRAME_LIMIT):
            yield "header.text"
        elif kind != "text" and (part.get("type") == "list" or not object_in(header, kind)):
            yield "header.type"


def _check_buttons(action: Json) -> Iterator[str]:
    buttons = action.get("buttons")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= MAX_BUTTONS:
        yield "action.buttons"
        return
    replies = [object_in(button, "reply") for button in buttons]
    for index, reply in enumerate(replies):
        yield from _check_option(reply, f"action.buttons[{index}].reply.", BUTTON_TITLE_LIMIT, BUTTON_ID_LIMIT)
    yield from _check_distinct(replies, "action.buttons")


def _check_list(action: Json) -> Iterator[str]:
    if not _text(action.get("button"), LIST_BUTTON_LIMIT):
        yield "action.button"
    sections = action.get("sections")
    if not isinstance(sections, list) or not 1 <= len(sections) <= MAX_SECTIONS:
        yield "action.sections"
        return
    rows: list[Json] = []
    for index, section in enumerate(sections):
        where = f"action.sections[{index}]."
        title, mine = object_in({"s": section}, "s").get("title"), object_in({"s": section}, "s").get("rows")
        if not _text(title, SECTION_TITLE_LIMIT):
            yield where + "title"
        if not isinstance(mine, list) or not mine:
            yield where + "rows"
            continue
        for place, row in enumerate(mine):
            fields = row if isinstance(row, Mapping) else {}
            yield from _check_option(fields, f"{where}rows[{place}].", ROW_TITLE_LIMIT, ROW_ID_LIMIT)
            if "description" in fields and not _text(fields["description"], ROW_DESCRIPTION_LIMIT):
                yield f"{where}rows[{place}].description"
            rows.append(fields)
    if len(rows) > MAX_ROWS:
        yield "action.sections"
    yield from _check_distinct(rows, "action.sections", titles=False)


def _check_option(option: Json, where: str, title_limit: int, id_limit: int) -> Iterator[str]:
    if not _text(option.get("title"), title_limit):
        yield where + "title"
    name = option.get("id")
    if not _text(name, id_limit) or str(name) != str(name).strip():
        yield where + "id"


def _check_distinct(options: list[Json], where: str, titles: bool = True) -> Iterator[str]:
    for name in ("id", "title") if titles else ("id",):
        values = [str(option.get(name)) for option in options]
        if len(set(values)) != len(values):
            yield where


def _check_url(action: Json) -> Iterator[str]:
    parameters = object_in(action, "parameters")
    if not _text(parameters.get("display_text"), URL_TITLE_LIMIT):
        yield "action.parameters.display_text"
    if not str(parameters.get("url")).startswith(("https://", "http://")):
        yield "action.parameters.url"


def _check_flow(action: Json) -> Iterator[str]:
    parameters = object_in(action, "parameters")
    if not _text(parameters.get("flow_cta"), FLOW_TITLE_LIMIT):
        yield "action.parameters.flow_cta"
    if (text_of(parameters.get("flow_id")) is None) == (text_of(parameters.get("flow_name")) is None):
        yield "action.parameters.flow_id"


def _nothing(_action: Json) -> Iterator[str]:
    return iter(())


_INTERACTIVE: dict[str, Check] = {
    "button": _check_buttons,
    "list": _check_list,
    "cta_url": _check_url,
    "flow": _check_flow,
    "location_request_message": _nothing,
    "request_contact_info": _nothing,
}
_CHECKS: dict[str, Check] = {
    "text": _check_text,
    "image": _media(captioned=True, named=False),
    "video": _media(captioned=True, named=False),
    "audio": _media(captioned=False, named=False),
    "sticker": _media(captioned=False, named=False),
    "document": _media(captioned=True, named=True),
    "location": _check_location,
    "contacts": _check_contacts,
    "reaction": _check_reaction,
    "template": _check_template,
    "interactive": _check_interactive,
}
