"""Our numbers: one from the environment, and others from credentials.yml, each with settings of its own.

    connectors.whatsapp.WhatsAppInput:
      numbers:
        "100000000000002":                          # the number's id
          name: Marigold Ireland                    # for logs
          access_token: ${WHATSAPP_TOKEN_IE}        # all of these may be left out: the environment's count then
          business_account_id: "200000000000002"
          app_secret: ${WHATSAPP_APP_SECRET_IE}
          per_second: 80                            # messages; 20 for a number that is used on a phone as well
          list_button: Choose
          merge_texts: true

A number that is named in WHATSAPP_PHONE_NUMBER_ID may stand there, too, to be given a rate or words of its own.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Iterable, Mapping

from rasa.shared.exceptions import RasaException

from connectors.whatsapp_outbound import RenderOptions
from handoff.rates import DEFAULT_PER_SECOND
from handoff.settings import WhatsAppSettings

VARIABLE = "WHATSAPP_NUMBERS"  # how the dispatcher's process gets them; nobody else sets it
MOST_PER_SECOND = 1000.0

_TEXTS = ("name", "access_token", "business_account_id", "app_secret", "list_button")
_KNOWN_AT_TOP = frozenset({"list_button", "merge_texts", "numbers"})
_KNOWN = frozenset({*_TEXTS, "per_second", "merge_texts"})


@dataclass(frozen=True)
class Number:
    """One of our numbers. Numbers may share a token, an account and an app."""

    id: str
    access_token: str
    business_account_id: str
    app_secret: str
    name: str = ""
    per_second: float = DEFAULT_PER_SECOND
    options: RenderOptions = RenderOptions()  # noqa: RUF009 - frozen


Numbers = Mapping[str, Number]


def read_numbers(credentials: Mapping[str, Any], settings: WhatsAppSettings) -> dict[str, Number]:
    """All numbers, the environment's first.

    Raises:
        RasaException: one or more are wrong; the message names each.
    """
    problems: list[str] = []
    first = _first(settings, _options(credentials, "", problems, RenderOptions()))
    unknown = sorted(set(map(str, credentials)) - _KNOWN_AT_TOP)
    if unknown:
        problems.append(f"unknown WhatsApp setting '{unknown[0]}'; known: {', '.join(sorted(_KNOWN_AT_TOP))}")
    given = credentials.get("numbers") or {}
    if not isinstance(given, Mapping):
        problems.append("numbers must be a mapping of number ids to their settings")
        given = {}
    numbers = {first.id: first}
    for number_id, fields in given.items():
        number = replace(first, id=str(number_id), name="")
        numbers[str(number_id)] = _number(number, fields or {}, f"numbers.{number_id}.", problems)
    if problems:
        raise RasaException("credentials.yml: " + "; ".join(problems) + ".")
    return numbers


def only(settings: WhatsAppSettings, options: RenderOptions | None = None) -> dict[str, Number]:
    """The environment's number, alone."""
    first = _first(settings, options or RenderOptions())
    return {first.id: first}


def to_variable(numbers: Numbers) -> str:
    return json.dumps([asdict(number) for number in numbers.values()])


def from_variable(text: str, settings: WhatsAppSettings) -> dict[str, Number]:
    """What `to_variable` wrote; the environment's number when there is nothing."""
    if not text:
        return only(settings)
    made = [Number(**{**fields, "options": RenderOptions(**fields["options"])}) for fields in json.loads(text)]
    return {number.id: number for number in made}


def ids_signed_by(numbers: Numbers, secret: str) -> frozenset[str]:
    """The numbers of the app with this secret: it speaks for no others."""
    return frozenset(number.id for number in numbers.values() if number.app_secret == secret)


def secrets_of(numbers: Numbers) -> Iterable[str]:
    return dict.fromkeys(number.app_secret for number in numbers.values())


def _first(settings: WhatsAppSettings, options: RenderOptions) -> Number:
    return Number(
        settings.phone_number_id, settings.access_token, settings.business_account_id, settings.app_secret,
        options=options,
    )  # fmt: skip


def _number(start: Number, fields: Any, where: str, problems: list[str]) -> Number:
    if not start.id.isdigit():
        problems.append(f"{where.rstrip('.')} is not the id of a number: it has digits only")
    if not isinstance(fields, Mapping):
        problems.append(f"{where.rstrip('.')} must be a mapping of settings")
        return start
    unknown = sorted(set(map(str, fields)) - _KNOWN)
    if unknown:
        problems.append(f"{where}{unknown[0]} is not known; known are: {', '.join(sorted(_KNOWN))}")
    options = _options(fields, where, problems, start.options)
    given: dict[str, Any] = {}
    for name in _TEXTS[:-1]:
        if fields.get(name) is not None:
            given[name] = str(fields[name]).strip()
            if not given[name] or given[name].startswith("${"):
                problems.append(f"{where}{name} is empty")
    if fields.get("per_second") is not None:
        given["per_second"] = _rate(fields["per_second"], where, problems)
    return replace(start, options=options, **given)


def _rate(value: Any, where: str, problems: list[str]) -> float:
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and 1 <= value <= MOST_PER_SECOND
    if not usable:
        problems.append(f"{where}per_second must be a number from 1 to {MOST_PER_SECOND:.0f}")
    return float(value) if usable else DEFAULT_PER_SECOND


def _options(fields: Mapping[str, Any], where: str, problems: list[str], start: RenderOptions) -> RenderOptions:
    merge, button = fields.get("merge_texts", start.merge_texts), fields.get("list_button", start.list_button)
    if not isinstance(merge, bool) or not isinstance(button, str):
        problems.append(f"{where}merge_texts must be true or false, {where}list_button must be text")
        return start
    try:
        return RenderOptions(merge_texts=merge, list_button=button.strip())
    except ValueError as error:
        problems.append(f"{where}{error}")
        return start
