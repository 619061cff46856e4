"""Where actions get what they work with: the one place that chooses the shop's implementation."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any, Callable, TypeVar

from actions.shop import Shop
from actions.shop_http import HttpShop
from actions.shop_sql import SqlShop
from handoff.handoff_file import HandoffFile, rules_of
from handoff.settings import Environment, handoff_file, shop_settings, var_folder

T = TypeVar("T")


@cache
def shop() -> Shop:
    """The shop that this process works with, opened when it is first asked for."""
    return shop_for(None)


def shop_for(environ: Environment | None) -> Shop:
    """The shop behind ``SHOP_API_URL``, else the demo's, in a file under ``BATON_VAR``.

    Raises:
        SettingsError: a setting is wrong.
    """
    settings = shop_settings(environ)
    if settings.api_url:
        return HttpShop(settings.api_url, settings.api_token)
    return SqlShop(var_folder(environ) / "shop.db")


@cache
def handoff_rules() -> HandoffFile:
    """What handoff.yml says about hours and waiting, read when it is first asked for."""
    return rules_of(handoff_file())


async def ask_shop(method: Callable[..., T], *arguments: Any) -> T:
    """Call a method of the shop, which blocks, aside from the event loop."""
    return await asyncio.to_thread(method, *arguments)
