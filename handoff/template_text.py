"""The words of a template: its placeholders, and what may stand in them. The bridge and the desk fill templates alike,
so that an agent sees what the customer gets."""

from __future__ import annotations

import re
from typing import Mapping

BODY_LIMIT = 1024  # characters of a body, filled in
CUT = "…"

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")


def names_in(text: str) -> list[str]:
    """The placeholders of a text, each once, in their order: ``["1", "2"]`` or ``["order_number"]``."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(text)))


def legal(value: str) -> str:
    """A parameter as WhatsApp takes it: no line breaks, tabs or runs of spaces."""
    return " ".join(value.split())


def fitted(text: str, values: Mapping[str, str], limit: int = BODY_LIMIT) -> dict[str, str]:
    """The parameters for a text, made legal; the longest is cut, visibly, while the filled text is too long."""
    fit = {name: legal(values.get(name, "")) for name in names_in(text)}
    while fit and (excess := len(filled(text, fit)) - limit) > 0:
        name = max(fit, key=lambda each: len(fit[each]))
        kept = fit[name][: max(0, len(fit[name]) - excess - len(CUT))].rstrip()
        if fit[name] == kept + CUT:
            break  # the text itself is too long: nothing more can be taken away
        fit[name] = kept + CUT
    return fit


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its placeholders filled in; what has no value yet stays as it is."""
    return _PLACEHOLDER.sub(lambda found: values.get(found.group(1)) or found.group(), text)
