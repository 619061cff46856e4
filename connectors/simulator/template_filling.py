"""Fills a template with the parameters of a message, as strictly as Meta does. Pure.

What the customer sees comes out: ``{"header", "body", "footer", "buttons"}``, kept with the message as ``shown``.
"""

from __future__ import annotations

import re
from typing import Any, Mapping

from connectors.simulator.errors import GraphError
from connectors.simulator.template_rules import MAX_BODY, MAX_SHORT, VARIABLE, variables
from connectors.simulator.templates import DISABLED, NAMED, PAUSED, Template

MEDIA_FORMATS = ("IMAGE", "VIDEO", "DOCUMENT")
_NOT_IN_PARAMETERS = re.compile(r"[\n\t]| {5}")

Shown = dict[str, Any]


def check_status(template: Template | None, name: str, language: str) -> Template:
    """The template, if it may be sent.

    Raises:
        GraphError: 132001 there is none or it is not approved, 132015 paused, 132016 disabled.
    """
    if template is not None and template.status == PAUSED:
        raise GraphError(132015, f"The template {name} is paused.")
    if template is not None and template.status == DISABLED:
        raise GraphError(132016, f"The template {name} is disabled.")
    if template is None or template.status != "APPROVED":
        raise GraphError(132001, f"template name ({name}) does not exist in {language}, or is not approved.")
    return template


def fill(template: Template, part: Mapping[str, Any]) -> Shown:
    """What the customer sees of the template with the parameters of ``part`` (a message's ``template`` object).

    Raises:
        GraphError: 131008 a parameter of a button is missing, 131009 the components are no such list, 132000 a wrong
            count, 132005 too long when filled, 132012 a wrong type or name, 132018 text that no parameter may have.
    """
    given = _components(part)
    body = template.component("BODY") or {}
    footer = template.component("FOOTER")
    text = _fill_text(template, str(body.get("text", "")), given.get("body", []), "body")
    if len(text) > MAX_BODY:
        raise GraphError(132005, f"body: the text has {len(text)} characters when filled; at most {MAX_BODY}.")
    return {
        "header": _header(template, given.get("header", [])),
        "body": text,
        "footer": footer.get("text") if footer else None,
        "buttons": _buttons(template, part),
    }


def header_media(template: Template, shown: Shown) -> tuple[str, Mapping[str, Any]] | None:
    """The kind and media object of the header, if it is a file."""
    header = shown["header"]
    return (header["type"], header["media"]) if header and "media" in header else None


def _components(part: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The parameters of header and body."""
    components = part.get("components") or []
    if not isinstance(components, list) or not all(isinstance(one, dict) for one in components):
        raise GraphError(131009, "template.components must be a list of objects.")
    found: dict[str, list[Any]] = {}
    for component in components:
        kind = str(component.get("type", "")).lower()
        parameters = component.get("parameters") or []
        if kind not in ("header", "body", "button"):
            raise GraphError(131009, f"template.components.type '{kind}' must be header, body or button.")
        if not isinstance(parameters, list) or not all(isinstance(one, dict) for one in parameters):
            raise GraphError(131009, f"template.components.parameters of the {kind} must be a list of objects.")
        if kind != "button" and kind in found:
            raise GraphError(131009, f"template.components has the {kind} twice.")
        found[kind] = parameters
    return found


def _fill_text(template: Template, text: str, parameters: list[Any], where: str) -> str:
    names = variables(text)
    if len(names) != len(parameters):
        count = f"number of localizable_params ({len(parameters)})"
        raise GraphError(132000, f"{where}: {count} does not match the expected number of params ({len(names)})")
    values: dict[str, str] = {}
    for position, parameter in enumerate(parameters, start=1):
        name = parameter.get("parameter_name")
        if template.parameter_format == NAMED and (name not in names or name in values):
            raise GraphError(132012, f"{where}: parameter_name must be one of {', '.join(names)}, each once.")
        if template.parameter_format != NAMED and name is not None:
            raise GraphError(132012, f"{where}: this template has no named parameters.")
        values[str(name if name is not None else position)] = _words(parameter, where)
    return VARIABLE.sub(lambda found: values[found.group(1)], text)


def _words(parameter: Mapping[str, Any], where: str) -> str:
    kind = parameter.get("type")
    part = parameter.get(str(kind))
    if kind in ("currency", "date_time") and isinstance(part, dict):
        part = part.get("fallback_value")
    elif kind != "text":
        raise GraphError(132012, f"{where}: a parameter of the type '{kind}' does not fit here.")
    if not isinstance(part, str) or not part.strip():
        raise GraphError(131008, f"{where}: a parameter of the type {kind} must have a text.")
    if _NOT_IN_PARAMETERS.search(part):
        raise GraphError(
            132018, f"{where}: a parameter must not have new lines, tabs or more than four spaces in a row."
        )
    return part


def _header(template: Template, parameters: list[Any]) -> dict[str, Any] | None:
    header = template.component("HEADER")
    if header is None:
        if parameters:
            raise GraphError(132000, "header: this template has none.")
        return None
    form = str(header.get("format", "TEXT")).upper()
    if form == "TEXT":
        text = _fill_text(template, str(header.get("text", "")), parameters, "header")
        if len(text) > MAX_SHORT:
            raise GraphError(132005, f"header: the text has {len(text)} characters when filled; at most {MAX_SHORT}.")
        return {"type": "text", "text": text}
    kind = form.lower()
    received = str(parameters[0].get("type", "unknown")) if parameters else "unknown"
    part = parameters[0].get(kind) if len(parameters) == 1 else None
    if received != kind or not isinstance(part, dict):
        raise GraphError(132012, f"header: Format mismatch, expected {form}, received {received.upper()}")
    return {"type": kind, "media" if form in MEDIA_FORMATS else kind: part}


def _buttons(template: Template, part: Mapping[str, Any]) -> list[dict[str, Any]]:
    given: dict[int, Mapping[str, Any]] = {}
    for component in part.get("components") or []:
        if str(component.get("type", "")).lower() == "button":
            index = str(component.get("index", ""))
            if not index.isdigit() or int(index) >= len(template.buttons) or int(index) in given:
                raise GraphError(131009, f"button: index '{index}' is none of the template's buttons.")
            given[int(index)] = component
    return [_button(button, given.get(index), index) for index, button in enumerate(template.buttons)]


# type of the template's button -> the sub_type of its component, and the type of its parameter
_BUTTONS = {
    "QUICK_REPLY": ("quick_reply", "payload"),
    "URL": ("url", "text"),
    "OTP": ("url", "text"),
    "COPY_CODE": ("copy_code", "coupon_code"),
    "FLOW": ("flow", "action"),
}


def _button(button: Mapping[str, Any], component: Mapping[str, Any] | None, index: int) -> dict[str, Any]:
    kind = str(button.get("type", "")).upper()
    sub_type, expected = _BUTTONS.get(kind, ("", ""))
    shown: dict[str, Any] = {"type": kind.lower(), "text": str(button.get("text") or kind.title().replace("_", " "))}
    value = None
    if component is not None:
        if str(component.get("sub_type", "")).lower() != sub_type:
            raise GraphError(132012, f"button: the one at index {index} is of the type {kind}.")
        value = _button_value(component, expected, index)
    needs = kind in ("OTP", "COPY_CODE") or (kind == "URL" and VARIABLE.search(str(button.get("url", ""))))
    if needs and value is None:
        raise GraphError(131008, f"buttons: Button at index {index} of type {kind.title()} requires a parameter")
    if kind == "QUICK_REPLY":
        shown["payload"] = value if value is not None else shown["text"]
    elif kind == "URL":
        shown["url"] = VARIABLE.sub(lambda _: str(value), str(button.get("url", "")))
    elif kind == "PHONE_NUMBER":
        shown["phone_number"] = str(button.get("phone_number", ""))
    elif kind in ("OTP", "COPY_CODE"):
        shown["code"] = value
    return shown


def _button_value(component: Mapping[str, Any], expected: str, index: int) -> Any:
    parameters = component.get("parameters") or []
    if not parameters:
        return None
    kind = parameters[0].get("type")
    if len(parameters) != 1 or kind != expected:
        raise GraphError(132012, f"button: the one at index {index} takes one parameter of the type {expected}.")
    value = parameters[0].get(expected)
    if expected != "action" and (not isinstance(value, str) or not value):
        raise GraphError(131008, f"button: the parameter at index {index} must have a {expected}.")
    return value
