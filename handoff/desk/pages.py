"""Templates, and the one way to make a page of them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sanic.request import Request
from sanic.response import HTTPResponse, html

HERE = Path(__file__).parent
STATIC = HERE / "static"


class Pages:
    """Renders templates; static files carry their hash so that browsers may keep them for ever."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["static"] = self.static_address
        self._versions: dict[str, str] = {}

    def static_address(self, name: str) -> str:
        if name not in self._versions:
            self._versions[name] = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
        return f"/static/{name}?v={self._versions[name]}"

    def render(self, template: str, status: int = 200, **model: Any) -> HTTPResponse:
        return html(self._environment.get_template(template).render(**model), status=status)

    def error(self, status: int, message: str) -> HTTPResponse:
        return self.render("error.html", status, message=message, code=status)


def pages_of(request: Request) -> Pages:
    return cast(Pages, request.app.ctx.pages)
