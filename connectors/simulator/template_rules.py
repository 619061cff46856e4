"""What Meta refuses in a new template: names, lengths, counts, variables without examples. Pure."""

from __future__ import annotations

import re
from typing import Any, Mapping

from connectors.simulator.errors import GraphError
from connectors.simulator.templates import AUTHENTICATION, CATEGORIES, FORMATS, NAMED, POSITIONAL, Template

MAX_BODY = 1024
MAX_SHORT = 60  # header and footer
MAX_BUTTONS = 10
MAX_LABEL = 25
HEADER_FORMATS = ("TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION")
BUTTON_TYPES = ("QUICK_REPLY", "URL", "PHONE_NUMBER", "COPY_CODE", "FLOW", "OTP", "REQUEST_CONTACT_INFO", "VOICE_CALL")

VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2,3})?")
_PARAMETER = re.compile(r"[a-z][a-z0-9_]*")

MISSING_EXAMPLE = 2388043
WRONG_VARIABLES = 2388299


def variables(text: str) -> list[str]:
    """The names (or numbers) of the variables in a text, each once, in their order."""
    return list(dict.fromkeys(VARIABLE.findall(text)))


def read_template(data: Any, template_id: str) -> Template:
    """A template from the body of a call that creates it.

    Raises:
        GraphError: 100, what is missing or wrong.
    """
    if not isinstance(data, dict):
        raise GraphError(100, "The body must be a JSON object.")
    name, language = str(data.get("name", "")), str(data.get("language", ""))
    category = str(data.get("category", "")).upper()
    if not _NAME.fullmatch(name):
        raise GraphError(100, "name must have 1 to 512 of a-z, 0-9 and _.")
    if not _LANGUAGE.fullmatch(language):
        raise GraphError(100, "language must be a code such as en or en_US.")
    if category not in CATEGORIES:
        raise GraphError(100, f"category must be one of {', '.join(CATEGORIES)}.")
    form = str(data.get("parameter_format") or POSITIONAL).upper()
    if form not in FORMATS:
        raise GraphError(100, f"parameter_format must be {' or '.join(FORMATS)}.")
    components = data.get("components")
    if not isinstance(components, list) or not all(isinstance(one, dict) for one in components):
        raise GraphError(100, "components must be a list of objects.")
    template = Template(template_id, name, language, category, components, parameter_format=form)
    check_components(template)
    return template


def check_components(template: Template) -> None:
    """Raises a GraphError when a component is none that Meta takes."""
    kinds = [str(one.get("type", "")).upper() for one in template.components]
    if len(set(kinds)) != len(kinds) or not set(kinds) <= {"HEADER", "BODY", "FOOTER", "BUTTONS"}:
        raise GraphError(100, "components has HEADER, BODY, FOOTER and BUTTONS, each at most once.")
    body = template.component("BODY")
    if body is None:
        raise GraphError(100, "A BODY is required.")
    if template.category == AUTHENTICATION:
        body["text"] = "*{{1}}* is your verification code."  # Meta's own words; the business does not choose them
        body.setdefault("example", {"body_text": [["123456"]]})
    _check_text(body, MAX_BODY, template)
    header = template.component("HEADER")
    if header is not None:
        _check_header(header, template)
    footer = template.component("FOOTER")
    if footer is not None and template.category != AUTHENTICATION:
        _check_length(footer, "text", MAX_SHORT)
    _check_buttons(template)


def _check_header(header: Mapping[str, Any], template: Template) -> None:
    form = str(header.get("format", "TEXT")).upper()
    if form not in HEADER_FORMATS:
        raise GraphError(100, f"The format of the header must be one of {', '.join(HEADER_FORMATS)}.")
    if form == "TEXT":
        _check_text(header, MAX_SHORT, template, most=1)
    elif form != "LOCATION" and not header.get("example"):
        raise GraphError(100, "A header with media needs an example: header_handle.", subcode=MISSING_EXAMPLE)


def _check_text(part: Mapping[str, Any], limit: int, template: Template, most: int = 100) -> None:
    text = _check_length(part, "text", limit)
    found = variables(text)
    if len(found) > most:
        raise GraphError(100, f"At most {most} variable is allowed here.", subcode=WRONG_VARIABLES)
    if template.parameter_format == NAMED:
        right = all(_PARAMETER.fullmatch(name) for name in found)
    else:
        right = sorted(found, key=lambda one: (len(one), one)) == [str(n + 1) for n in range(len(found))]
    if not right:
        raise GraphError(100, "Variables are {{1}}, {{2}} ... or, when named, a-z, 0-9 and _.", subcode=WRONG_VARIABLES)
    if found and not part.get("example"):
        raise GraphError(100, "A text with variables needs an example of each.", subcode=MISSING_EXAMPLE)
    edges = VARIABLE.match(text.strip()) or re.search(VARIABLE.pattern + r"$", text.strip())
    if found and edges and limit == MAX_BODY and template.category != AUTHENTICATION:
        raise GraphError(100, "The body must not begin or end with a variable.", subcode=WRONG_VARIABLES)


def _check_length(part: Mapping[str, Any], name: str, limit: int) -> str:
    text = part.get(name)
    if not isinstance(text, str) or not text.strip() or len(text) > limit:
        raise GraphError(100, f"{part.get('type')}.{name} must have 1 to {limit} characters.")
    return text


def _check_buttons(template: Template) -> None:
    buttons = (template.component("BUTTONS") or {}).get("buttons") or []
    if not isinstance(buttons, list) or not all(isinstance(button, dict) for button in buttons):
        raise GraphError(100, "buttons must be a list of objects.")
    if template.component("BUTTONS") is not None and not 1 <= len(buttons) <= MAX_BUTTONS:
        raise GraphError(100, f"BUTTONS has 1 to {MAX_BUTTONS} buttons.")
    for button in buttons:
        kind = str(button.get("type", "")).upper()
        if kind not in BUTTON_TYPES:
            raise GraphError(100, f"Buttons are of the types {', '.join(BUTTON_TYPES)}.")
        if kind in ("QUICK_REPLY", "URL", "PHONE_NUMBER"):
            _check_length(button, "text", MAX_LABEL)
        if kind == "URL" and variables(_check_length(button, "url", 2000)) and not button.get("example"):
            raise GraphError(100, "An address with a variable needs an example.", subcode=MISSING_EXAMPLE)
