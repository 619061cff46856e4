"""Template messages: what an agent or a designer fills in, as the Cloud API wants it, with its words for people.

``parameters`` is a list (the body's placeholders in order) or an object: placeholders of the body by number or name,
``header`` (text; or the address, or ``{"link"|"id": ...}``, of a picture, video or document; or a location), and
``button.<index>`` (what is put into a web address, the code to copy, or what a quick reply sends back). ``components``
instead is the Cloud API's own list, taken as it is.
"""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from connectors.whatsapp_fields import Json, object_in, text_of
from connectors.whatsapp_template_list import Template
from connectors.whatsapp_text import clean, clean_json
from handoff.channel import MARKETING, TEMPLATE, Rendered, TemplateProblem
from handoff.template_text import filled, fitted, legal, names_in

HEADER_LIMIT = 60
PAYLOAD_LIMIT = 128
MEDIA = ("image", "video", "document")


def template_message(spec: Json, known: Template | None) -> Rendered:
    """A filled template. ``spec``: name, language, and parameters or components; ``known`` is its definition, None when
    the list of templates could not be fetched.

    Raises:
        TemplateProblem: something is missing or wrong; the text is for whoever filled it in.
    """
    name, language = text_of(spec.get("name")), language_of(spec)
    if name is None or language is None:
        raise TemplateProblem("A template needs its name and its language.")
    components = spec.get("components")
    if components is not None:
        if not isinstance(components, list) or not all(isinstance(part, Mapping) for part in components):
            raise TemplateProblem("The template's components must be a list of objects.")
        components = clean_json(list(components))
    elif known is None:
        components = list(_unknown(_values(spec.get("parameters"), None)))
    else:
        components = list(_components(known, _values(spec.get("parameters"), known)))
    template: dict[str, Any] = {"name": name, "language": {"code": language}}
    if components:
        template["components"] = components
    kind = MARKETING if known is not None and known.category.upper() == "MARKETING" else TEMPLATE
    payload = {"type": "template", "template": template}
    return Rendered(payload, words_of(template, known), tuple(_payloads(components)), kind)


def language_of(spec: Json) -> str | None:
    """The language of a template, as a word or in the Cloud API's own shape."""
    return text_of(spec.get("language")) or text_of(object_in(spec, "language").get("code"))


def words_of(template: Json, known: Template | None) -> str:
    """How a filled template reads in a transcript."""
    if known is None:
        return f"[template {template['name']}]"
    texts: dict[str, list[str]] = {"header": [], "body": []}
    for part in template.get("components") or []:
        given = [each for each in part.get("parameters") or [] if isinstance(each, Mapping)]
        texts.setdefault(str(part.get("type")).lower(), []).extend(text_of(each.get("text")) or "" for each in given)
    parts = [_fill(known.header, texts["header"]), _fill(known.body, texts["body"]), known.footer]
    titles = " ".join(f"[{button['text']}]" for button in known.buttons if button["text"])
    return "\n".join(part for part in (*parts, titles) if part)


def _fill(text: str, values: list[str]) -> str:
    return filled(text, dict(zip(names_in(text), values)))  # noqa: B905 - too few values: the rest stays as it is


def _values(given: Any, known: Template | None) -> dict[str, Any]:
    if given is None:
        return {}
    if isinstance(given, list):
        names = names_in(known.body) if known else [str(place) for place in range(1, len(given) + 1)]
        if len(given) != len(names):
            raise TemplateProblem(f"This template has {len(names)} gaps, and {len(given)} were filled in.")
        return dict(zip(names, given, strict=True))
    if not isinstance(given, Mapping):
        raise TemplateProblem("The template's parameters must be a list or an object.")
    return {str(key): value for key, value in given.items()}


def _components(known: Template, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    missing = [field.name for field in known.fields if not _is_filled(values.get(field.key))]
    if missing:
        raise TemplateProblem(f"Fill in: {', '.join(missing)}.")
    header = next((field for field in known.fields if field.key == "header"), None)
    if header is not None:
        yield {"type": "header", "parameters": [_header(header.kind, header.name, values["header"], known.named)]}
    body = fitted(known.body, {name: _text(values.get(name)) for name in names_in(known.body)})
    if body:
        yield {"type": "body", "parameters": [_parameter(name, text, known.named) for name, text in body.items()]}
    yield from _buttons(known, values)


def _unknown(values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Without the definition only a body with texts can be made."""
    if values:
        named = not all(name.isdigit() for name in values)
        texts = [_parameter(name, legal(_text(value)), named) for name, value in values.items()]
        yield {"type": "body", "parameters": texts}


def _parameter(name: str, text: str, named: bool) -> dict[str, str]:
    return {"type": "text", **({"parameter_name": name} if named else {}), "text": text}


def _header(kind: str, name: str, value: Any, named: bool) -> dict[str, Any]:
    if kind == "text":
        return _parameter(name, legal(_text(value))[:HEADER_LIMIT], named)
    if kind == "location":
        if not isinstance(value, Mapping) or not {"latitude", "longitude"} <= set(value):
            raise TemplateProblem("The template's header needs a location with latitude and longitude.")
        return {"type": "location", "location": clean_json(dict(value))}
    source = dict(value) if isinstance(value, Mapping) else {"link": _text(value)}
    if kind not in MEDIA or not (text_of(source.get("link")) or text_of(source.get("id"))):
        raise TemplateProblem(f"The template's header needs the web address of a {kind}.")
    return {"type": kind, kind: clean_json(source)}


def _buttons(known: Template, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for index, button in enumerate(known.buttons):
        given = _text(values.get(f"button.{index}"))
        if not given:
            continue
        kind = button["type"].lower()
        makes = {
            "url": {"type": "text", "text": given},
            "copy_code": {"type": "coupon_code", "coupon_code": given},
            "quick_reply": {"type": "payload", "payload": given[:PAYLOAD_LIMIT]},
        }
        if kind in makes:
            yield {"type": "button", "sub_type": kind, "index": str(index), "parameters": [makes[kind]]}


def _payloads(components: list[Json] | None) -> Iterator[str]:
    for part in components or []:
        for parameter in part.get("parameters") or []:
            payload = text_of(parameter.get("payload")) if isinstance(parameter, Mapping) else None
            if payload:
                yield payload


def _text(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    return clean(value).strip() if isinstance(value, str) else ""


def _is_filled(value: Any) -> bool:
    return bool(value) if isinstance(value, Mapping) else bool(_text(value))
