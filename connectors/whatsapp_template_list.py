"""The account's approved message templates: fetched from the Graph API page by page, kept for some minutes."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any, Awaitable, Callable, Iterable, Mapping

import structlog

from connectors.whatsapp_fields import Json, object_in, text_of
from handoff.channel import DeliveryError
from handoff.template_text import names_in

log = structlog.get_logger()

KEPT_SECONDS = 300.0
MAX_PAGES = 50
FIELDS = "name,language,status,category,parameter_format,components"
APPROVED = "APPROVED"

Fetch = Callable[[Mapping[str, str]], Awaitable[Json]]  # from query parameters, one page


@dataclass(frozen=True)
class Field:
    """One thing to fill in. ``key`` is its name in a command's ``parameters``: a placeholder of the body, ``header``,
    or ``button.0``. ``kind``: text, image, video, document, location, url, code, payload."""

    key: str
    kind: str
    name: str
    example: str = ""


@dataclass(frozen=True)
class Template:
    """An approved template, as the bridge fills it and the desk shows it."""

    name: str
    language: str
    category: str
    named: bool
    header: str
    body: str
    footer: str
    buttons: tuple[Mapping[str, str], ...]
    fields: tuple[Field, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class TemplateList:
    """The templates of one business account. ``refresh`` belongs to one event loop; ``find`` may be called anywhere."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._fetched_at: float | None = None
        self._templates: tuple[Template, ...] = ()

    @property
    def known(self) -> bool:
        """Has the list been fetched, ever?"""
        return self._fetched_at is not None

    def all(self) -> tuple[Template, ...]:
        return self._templates

    def find(self, name: str, language: str) -> Template | None:
        """The approved template of this name in exactly this language."""
        return next((one for one in self._templates if (one.name, one.language) == (name, language)), None)

    async def refresh(self) -> None:
        """Fetch the list unless it is fresh. An old list is better than none.

        Raises:
            DeliveryError: it could not be fetched, and there is none.
        """
        if self._fetched_at is not None and self._clock() - self._fetched_at < KEPT_SECONDS:
            return
        try:
            self._templates = tuple(_approved(await self._pages()))
        except DeliveryError as error:
            log.warning("whatsapp.templates_not_fetched", code=error.code, reason=str(error))
            if self._fetched_at is None:
                raise
        self._fetched_at = self._clock()

    async def _pages(self) -> list[Json]:
        found: list[Json] = []
        query = {"fields": FIELDS, "limit": "100"}
        for _ in range(MAX_PAGES):
            page = await self._fetch(query)
            items = page.get("data")
            found += [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
            paging = object_in(page, "paging")
            after = text_of(object_in(paging, "cursors").get("after"))
            if after is None or not paging.get("next"):
                break
            query = {**query, "after": after}
        return found


def _approved(items: Iterable[Json]) -> Iterable[Template]:
    for item in items:
        name, language = text_of(item.get("name")), text_of(item.get("language"))
        if name and language and item.get("status") == APPROVED:
            yield read(item, name, language)


def read(item: Json, name: str, language: str) -> Template:
    """A template in the Graph API's shape."""
    parts: dict[str, Json] = {}
    for part in item.get("components") or []:
        if isinstance(part, Mapping):
            parts[str(part.get("type")).upper()] = part
    header, body = parts.get("HEADER", {}), text_of(parts.get("BODY", {}).get("text")) or ""
    buttons = [button for button in parts.get("BUTTONS", {}).get("buttons") or [] if isinstance(button, Mapping)]
    examples = object_in(parts.get("BODY", {}), "example")
    fields = [*_header_fields(header), *_body_fields(body, examples), *_button_fields(buttons)]
    return Template(
        name=name,
        language=language,
        category=str(item.get("category") or ""),
        named=str(item.get("parameter_format")).upper() == "NAMED",
        header=(text_of(header.get("text")) or "") if _format(header) == "TEXT" else f"[{_format(header).lower()}]",
        body=body,
        footer=text_of(parts.get("FOOTER", {}).get("text")) or "",
        buttons=tuple({"type": str(each.get("type")), "text": text_of(each.get("text")) or ""} for each in buttons),
        fields=tuple(fields),
    )


def _format(header: Json) -> str:
    return str(header.get("format") or "TEXT").upper()


def _header_fields(header: Json) -> Iterable[Field]:
    kind = _format(header).lower()
    if kind == "text":
        yield from (Field("header", "text", name) for name in names_in(text_of(header.get("text")) or ""))
    else:
        yield Field("header", kind, kind)


def _body_fields(body: str, examples: Json) -> Iterable[Field]:
    named = {
        str(each.get("param_name")): str(each.get("example") or "")
        for each in examples.get("body_text_named_params") or []
        if isinstance(each, Mapping)
    }
    first: Any = next(iter(examples.get("body_text") or []), [])
    placed = {str(place): str(each) for place, each in enumerate(first if isinstance(first, list) else [], start=1)}
    for name in names_in(body):
        yield Field(name, "text", name, named.get(name) or placed.get(name, ""))


def _button_fields(buttons: list[Json]) -> Iterable[Field]:
    for index, button in enumerate(buttons):
        kind, title = str(button.get("type")).upper(), text_of(button.get("text")) or ""
        if kind == "URL" and names_in(text_of(button.get("url")) or ""):
            yield Field(f"button.{index}", "url", title)
        elif kind == "COPY_CODE":
            yield Field(f"button.{index}", "code", title or "code")
